"""What is expected of the next 300 s, with an interval, and whether it came so."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil

import numpy as np

from ...arrays import Floats

FEW = 20
"""Below so many scored expectations no interval is stated."""


@dataclass(frozen=True, slots=True)
class Expected:
    """A figure that is expected, and its interval.

    Attributes:
        value: what is expected.
        low: lower end of the 90 % interval; NaN while too few were scored.
        high: upper end.
    """

    value: float
    low: float
    high: float


@dataclass(slots=True)
class Track:
    """The expectations of one figure and how they came out.

    The interval is a rolling split conformal one (Vovk, Gammerman & Shafer 2005) on residuals relative to what was
    expected, with half the error on either side.

    Attributes:
        share: of the cases in which the figure is to lie in the interval.
        window: residuals that are looked back on.
        residuals: relative residuals, the newest last.
        scored: expectations with an interval that have come due.
        covered: those of them that held.
    """

    share: float = 0.9
    window: int = 2000
    residuals: list[float] = field(default_factory=list)
    scored: int = 0
    covered: int = 0

    def expect(self, value: float) -> Expected:
        """The figure with its interval as of now."""
        n = len(self.residuals)
        if n < FEW:
            return Expected(value, float("nan"), float("nan"))
        rank = min(ceil((n + 1) * (1 + self.share) / 2), n) - 1
        ordered: Floats = np.sort(np.asarray(self.residuals))
        unit = max(abs(value), 1e-9)
        return Expected(
            value, value + unit * float(ordered[n - 1 - rank]), value + unit * float(ordered[rank])
        )

    def came(self, expected: Expected, value: float) -> None:
        """Score an expectation."""
        if expected.low == expected.low:
            self.scored += 1
            self.covered += expected.low <= value <= expected.high
        self.residuals.append((value - expected.value) / max(abs(expected.value), 1e-9))
        del self.residuals[: -self.window]

    @property
    def coverage(self) -> float:
        """Share of the intervals that held; NaN while none came due."""
        return self.covered / self.scored if self.scored else float("nan")
