"""From scores to a collective IQ: 100 is the mean of the norm's groups of the same size, 15 their deviation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...agents.cognition import FUNCTIONS
from ...arrays import Floats
from ...errors import require
from .battery import Result
from .norm import Norm, fits, shipped_norm

MOST = 46.0
"""How far from 100 an IQ is shown: 1,000 groups reach no further."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectiveIQ:
    """The collective IQ of a group, or of a fleet by panels.

    Attributes:
        iq: size-normed IQ; NaN where the norm holds no groups of this size.
        low: lower end of its 95 % interval.
        high: upper end.
        absolute: IQ without regard to size.
        percentile: share of the norm's groups below it, 0 to 100; NaN as above.
        second: score on the second component, in standard deviations.
        z: `[F]` size-normed scores.
        panels: groups that it is the mean of.
        agents: mean size of a group.
        norm: digest of the norm.
    """

    iq: float
    low: float
    high: float
    absolute: float
    percentile: float
    second: float
    z: Floats
    panels: int
    agents: float
    norm: str

    def text(self) -> str:
        """The IQ with its interval, in words; beyond what the norm can tell only that it is beyond.

        >>> from swarmscale.model.intelligence.iq import shown
        >>> shown(103.2), shown(151.0), shown(float("nan"))
        ('103.2', '>146', '-')
        """
        if np.isnan(self.iq):
            return "-"
        return f"{shown(self.iq)} ({shown(self.low)} to {shown(self.high)})"


def shown(iq: float) -> str:
    """An IQ as it is shown."""
    if np.isnan(iq):
        return "-"
    if abs(iq - 100) > MOST:
        return f">{100 + MOST:.0f}" if iq > 100 else f"<{100 - MOST:.0f}"
    return f"{iq:.1f}"


def iq_of(results: Sequence[Result], norm: Norm | None = None) -> CollectiveIQ:
    """The IQ of one group, or the mean over the panels of a fleet, with its 95 % interval.

    The interval of one group holds its measurement (15 sqrt(1 - retest)) and the norm's own sampling; that of
    several panels the spread among them (Student's t) and the norm's sampling.

    Args:
        results: all twelve functions of each group.
        norm: the shipped one if None.

    Raises:
        ConfigError: if there is no group, or one was not asked for all functions.
    """
    held = norm or shipped_norm()
    require(len(results) > 0, "groups", len(results), "1 or more")
    for r in results:
        require(r.functions == FUNCTIONS, "functions of a battery", len(r.functions), f"all {len(FUNCTIONS)}")
    score = np.array([r.score for r in results])
    sizes = np.array([r.agents for r in results])
    normed = all(fits(int(n)) for n in sizes)
    z = np.array([held.z(s, n) for s, n in zip(score, sizes, strict=True)])
    each = 100 + 15 * (z.mean(axis=1) - held.center[0]) / held.scale[0]
    flat = np.array([held.z_absolute(s) for s in score]).mean(axis=1)
    absolute = 100 + 15 * (flat - held.center[1]) / held.scale[1]
    iq = float(each.mean())
    half = _half_width(each, held)
    composite = float(z.mean())
    return CollectiveIQ(
        iq=iq if normed else np.nan,
        low=iq - half if normed else np.nan,
        high=iq + half if normed else np.nan,
        absolute=float(absolute.mean()),
        percentile=float(np.interp(composite, held.ranks, np.arange(101.0))) if normed else np.nan,
        second=held.second(z.mean(axis=0)),
        z=z.mean(axis=0),
        panels=len(results),
        agents=float(sizes.mean()),
        norm=held.digest,
    )


def _half_width(each: Floats, norm: Norm) -> float:
    """Half of the 95 % interval, in IQ points."""
    from scipy.special import stdtrit

    far = (float(each.mean()) - 100) / 15
    of_norm = 15**2 * (1 + far**2 / 2) / norm.groups
    if len(each) == 1:
        return float(1.96 * np.sqrt(norm.sem**2 + of_norm))
    spread = each.std(ddof=1) / np.sqrt(len(each))
    return float(np.hypot(float(stdtrit(len(each) - 1, 0.975)) * spread, 1.96 * np.sqrt(of_norm)))
