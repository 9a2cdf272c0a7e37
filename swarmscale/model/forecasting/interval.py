"""How far the target may lie from its forecast: bounds that held for the wanted share of the recent past."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ...arrays import Floats
from ...errors import require
from .base import Target
from .recent import Recent

FLOOR = (
    0.05  # of the long-run mean: what a forecast counts as at least, where residuals are taken relative to it
)

START = (
    5.0  # weight of the n-th residual is START / (n + START - 1) at first: a wild beginning is soon forgotten
)
SLOW = 0.001  # weight of a residual in what is typical
LEAST_VOLATILITY = (
    0.1  # of what is typical, so that a calm does not make the next residual a score without end
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """One-sided bounds on the target, one pair for each level.

    Attributes:
        lower: `[L]` exceeded by the target with the level's probability, >= 0.
        upper: `[L]` not exceeded by the target with the level's probability, >= 0.
    """

    lower: Floats
    upper: Floats


@dataclass(slots=True)
class Residuals:
    """What the interval remembers.

    Attributes:
        target: what is foretold.
        recent: the bins of the newest target.
        mean: plain mean of all bins.
        said: `[horizon, 3]` forecast, unit and volatility of the targets not seen yet, a ring by bin.
        scores: `[window]` scores by target, a ring.
        ordered: `[window]` the same scores, ascending; the first of them as many as there are.
        scored: scores so far, those that have left the window too.
        learned: targets seen.
        volatility: exponentially weighted mean of the absolute residuals in units of ``max(forecast, floor)``.
        typical: the same with a longer memory.
    """

    target: Target
    recent: Recent
    said: Floats
    scores: Floats
    ordered: Floats
    mean: float = 0.0
    scored: int = 0
    learned: int = 0
    volatility: float = 0.0
    typical: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConformalInterval:
    """Bounds from the quantiles of past residuals, each divided by what was then the expected size of a residual.

    The score of a target is ``(target - forecast) / (volatility x max(forecast, 5 % of the long-run mean))``, the
    volatility being an exponentially weighted mean of relative residuals as known when the forecast was made (and
    no less than a tenth of its own slow mean). The upper bound is the forecast plus the ``ceil((n + 1) level)``-th
    smallest of the last n scores times the present divisor, the lower one likewise; where there are not enough
    scores for a level, the most extreme one stands in, and the forecast itself while there is none. The divisor's
    floor keeps an empty bin from making bounds without end. A score counts once its target has been seen.

    Attributes:
        levels: probability of each pair of bounds, in (0, 1).
        window: targets that are looked back on; 0 for two seasons, or 2,880 with no period.
        memory: weight that a residual keeps in the volatility from one bin to the next, in [0, 1).

    Source:
        Split conformal prediction: Vovk, Gammerman & Shafer, *Algorithmic Learning in a Random World* (2005),
        chapter 4; residuals normalized by their expected size: Lei et al. (2018), section 5.2. Adaptive conformal
        inference (Gibbs & Candes, 2021), which moves the level instead of the window, was not chosen: it asked for
        half as much headroom again at a level of 0.99.
    """

    levels: tuple[float, ...] = (0.9, 0.95, 0.99)
    window: int = 0
    memory: float = 0.98

    def __post_init__(self) -> None:
        fits = len(self.levels) > 0 and all(0 < level < 1 for level in self.levels)
        require(fits, "levels", self.levels, "one or more numbers between 0 and 1")
        require(self.window >= 0, "window", self.window, "0 or more")
        require(0 <= self.memory < 1, "memory", self.memory, "in [0, 1)")

    def start(self, target: Target) -> Residuals:
        """What is remembered before the first bin."""
        window = self.window or 2 * target.period or 2880
        return Residuals(
            target,
            Recent.of(target.horizon),
            np.zeros((target.horizon, 3)),
            np.zeros(window),
            np.zeros(window),
        )

    def step(self, value: float, forecast: float, memory: Residuals) -> tuple[Bounds, Residuals]:
        """Take in the bin that has just ended, and bound the target that is foretold from its end.

        Args:
            value: demand in the bin, 0 or more, finite.
            forecast: what a forecaster said of the target after this bin.
            memory: what ``start`` or the last ``step`` gave; it may be changed in place and is not used again.
        """
        row = memory.recent.count % memory.target.horizon
        memory.recent.add(value)
        memory.mean += (value - memory.mean) / memory.recent.count
        if memory.recent.count > memory.target.horizon:
            self._learn(memory, memory.recent.came(memory.target), *memory.said[row].tolist())
        unit = max(forecast, FLOOR * memory.mean)
        volatility = max(memory.volatility, LEAST_VOLATILITY * memory.typical)
        memory.said[row] = forecast, unit, volatility
        return self._bounds(forecast, unit * volatility, memory), memory

    def _learn(self, memory: Residuals, came: float, forecast: float, unit: float, volatility: float) -> None:
        """Take in how far a target came from its forecast."""
        residual = (came - forecast) / unit if unit > 0 else 0.0
        if volatility > 0:
            _keep(memory, residual / volatility)
        memory.learned += 1
        at_first = START / (memory.learned + START - 1)
        memory.volatility += max(1.0 - self.memory, at_first) * (abs(residual) - memory.volatility)
        memory.typical += max(SLOW, at_first) * (abs(residual) - memory.typical)

    def _bounds(self, forecast: float, divisor: float, memory: Residuals) -> Bounds:
        """Bounds for each level, in units of demand."""
        n = min(memory.scored, memory.scores.size)
        if n == 0:
            same = np.full(len(self.levels), forecast)
            return Bounds(same, same.copy())
        above = [min(math.ceil((n + 1) * level), n) - 1 for level in self.levels]
        below = [n - 1 - rank for rank in above]
        lower = forecast + divisor * memory.ordered[below]
        upper = forecast + divisor * memory.ordered[above]
        return Bounds(np.maximum(lower, 0.0), np.maximum(upper, 0.0))


def _keep(memory: Residuals, score: float) -> None:
    """Put a score into the window, in the place of the oldest one if the window is full."""
    scores, ordered, window = memory.scores, memory.ordered, memory.scores.size
    place, last = memory.scored % window, min(memory.scored, window - 1)
    if memory.scored >= window:
        gone = int(np.searchsorted(ordered, scores[place]))
        ordered[gone:-1] = ordered[gone + 1 :].copy()
    comes = int(np.searchsorted(ordered[:last], score))
    ordered[comes + 1 : last + 1] = ordered[comes:last].copy()
    ordered[comes] = scores[place] = score
    memory.scored += 1
