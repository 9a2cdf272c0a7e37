"""Intervals about forecasts that hold by how wrong the forecasts were lately."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, isfinite, log, nan

import numpy as np

LEVEL = 0.9
"""Of the intervals."""
LEAST, KEPT = 10, 200
"""Errors that must be known before there is an interval, and errors that are kept."""
RATE = 0.03
"""Step by which the level is moved after each miss (adaptive conformal inference)."""


@dataclass(slots=True, kw_only=True)
class Band:
    """An interval about a forecast, by how wrong it was lately: quantiles of log(came / foretold).

    Attributes:
        errors: the last ones.
        miss: share of misses that is aimed at now.

    Source:
        Adaptive conformal inference: Gibbs & Candes (2021), NeurIPS 34.
    """

    errors: list[float] = field(default_factory=list)
    miss: float = 1 - LEVEL

    def about(self, value: float) -> tuple[float, float]:
        """Ends of the interval; NaN before enough is known."""
        if len(self.errors) < LEAST or not value > 0:
            return nan, nan
        side = min(max(self.miss / 2, 0.0), 0.5)
        if side < 1 / (len(self.errors) + 1):  # wider than all that was seen
            worst = 1.5 * max(abs(x) for x in self.errors)
            return value * exp(-worst), value * exp(worst)
        low, high = np.quantile(self.errors, [side, 1 - side])
        return value * exp(float(low)), value * exp(float(high))

    def came(self, told: float, low: float, high: float, value: float) -> None:
        """Learn from what came."""
        if isfinite(low):
            self.miss += RATE * ((1 - LEVEL) - (not low <= value <= high))
        if told > 0 and value > 0:
            self.errors.append(log(value / told))
            del self.errors[:-KEPT]
