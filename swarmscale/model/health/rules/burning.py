"""The error budget burns too fast."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan

from ....errors import require
from ..budget import burning, windows
from .base import Look, Reading, Severity

SPEEDS = ("fast", "medium", "slow")


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnRate:
    """The error budget burns above a rate over a long window and over a short one, so that it is bad, and still is.

    While incidents are open, or capacity that was called for is on its way, what burns is theirs, as the aggregator
    tells: the reading is held back and says why, but not for longer than ``patience_s``.

    Attributes:
        speed: which of the three pairs of windows: fast, medium or slow.
        least: missed tasks of the long window from which it can be said at all.
        patience_s: time for which it is held back at most, s (assumed).
        severity: see :class:`.base.AlertRule`.
        for_s: see there.
        title: see there.
        text: see there.

    Source:
        See :func:`swarmscale.model.health.budget.windows`.
    """

    speed: str = "fast"
    least: int = 10
    patience_s: float = 300.0
    severity: Severity = "critical"
    for_s: float = 10.0
    title: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        require(self.speed in SPEEDS, "speed", self.speed, f"one of {', '.join(SPEEDS)}")
        require(self.patience_s >= 0, "patience_s", self.patience_s, "0 or more")
        require(self.least >= 1, "least", self.least, "1 or more")
        require(self.for_s >= 0, "for_s", self.for_s, "0 or more")

    def start(self) -> float:
        """It does not burn."""
        return nan

    def judge(self, look: Look, memory: float) -> tuple[Sequence[Reading], float]:
        """See :class:`.base.AlertRule`; it remembers since when the budget burns."""
        pair = windows(look.run_s, look.period_s)[SPEEDS.index(self.speed)]
        long, short, missed = burning(look.stretches, pair, look.objective)
        out = missed >= self.least and min(long, short) > pair.rate
        since_s = (look.time_s if isnan(memory) else memory) if out else nan
        held = look.held if look.time_s - since_s <= self.patience_s else ""
        cause = f"budget burns x {long:.3g} over {pair.long_s:.4g} s, x {short:.3g} over {pair.short_s:.4g} s"
        return [Reading("", min(long, short), pair.rate, out, cause, held)], since_s
