"""Exponential smoothing with a season, additive or multiplicative (Holt-Winters)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ...arrays import Floats
from ...errors import require
from .base import Target

LEAST_INDEX = 0.05  # of a multiplicative season, so that an empty bin does not make the next day's level
LEAST_LEVEL = 0.2  # of the long-run mean, where a value is divided by the level, so that no index runs away


@dataclass(slots=True)
class Seasonal:
    """What Holt-Winters remembers.

    Attributes:
        target: what is foretold.
        season: `[period]` the first season as it came until it is full, then the index of each of its bins.
        count: bins seen.
        level: smoothed demand without its season.
        trend: smoothed change of the level per bin.
        mean: plain mean of all bins.
    """

    target: Target
    season: Floats
    count: int = 0
    level: float = 0.0
    trend: float = 0.0
    mean: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HoltWinters:
    """A smoothed level and trend, times (or plus) a smoothed index for each bin of the season.

    The first season gives the first indices: its bins over (or less) its mean. Until it is full, and with no
    period, the forecast is exponential smoothing with the same ``alpha``.

    Attributes:
        alpha: weight of the newest value in the level, in (0, 1].
        beta: weight of the newest change in the trend, in [0, 1]; 0 for no trend.
        gamma: weight of the newest value in the index of its bin, in [0, 1].
        seasonal: ``multiplicative`` where the season grows with the level, else ``additive``.

    Source:
        Winters (1960), in the component form of Hyndman & Athanasopoulos, *Forecasting: Principles and
        Practice*, 3rd ed. (2021), section 8.3. Two floors are ours: a multiplicative index is kept at 0.05 or
        more, and where a value is divided by the level, the level counts as 20 % of the long-run mean or more.
    """

    alpha: float = 0.6
    beta: float = 0.0
    gamma: float = 0.2
    seasonal: Literal["additive", "multiplicative"] = "multiplicative"

    def __post_init__(self) -> None:
        require(0 < self.alpha <= 1, "alpha", self.alpha, "in (0, 1]")
        require(0 <= self.beta <= 1, "beta", self.beta, "in [0, 1]")
        require(0 <= self.gamma <= 1, "gamma", self.gamma, "in [0, 1]")
        kinds = ("additive", "multiplicative")
        require(self.seasonal in kinds, "seasonal", self.seasonal, " or ".join(kinds))

    def start(self, target: Target) -> Seasonal:
        """See :class:`Forecaster`."""
        return Seasonal(target, np.zeros(target.period))

    def step(self, value: float, memory: Seasonal) -> tuple[float, Seasonal]:
        """See :class:`Forecaster`."""
        period = memory.target.period
        memory.count += 1
        memory.mean += (value - memory.mean) / memory.count
        if memory.count <= period or not period:
            first = memory.count == 1
            memory.level = value if first else memory.level + self.alpha * (value - memory.level)
            if period:
                memory.season[memory.count - 1] = value
            if memory.count == period:
                self._begin(memory)
            else:
                return memory.level, memory
        else:
            self._smooth(value, memory)
        target = memory.target
        ahead = range(target.horizon if target.kind == "value" else 1, target.horizon + 1)
        return max(0.0, *(self._at(memory, bins) for bins in ahead)), memory

    def _begin(self, memory: Seasonal) -> None:
        """Turn the first season into its mean and its indices."""
        memory.level = float(memory.season.mean())
        if self.seasonal == "additive":
            memory.season -= memory.level
        elif memory.level > 0:
            np.maximum(memory.season / memory.level, LEAST_INDEX, out=memory.season)
        else:
            memory.season[:] = 1.0

    def _smooth(self, value: float, memory: Seasonal) -> None:
        """Move level, trend and the index of this bin towards what the value says."""
        i = (memory.count - 1) % memory.target.period
        index, before = float(memory.season[i]), memory.level + memory.trend
        if self.seasonal == "additive":
            level = before + self.alpha * (value - index - before)
            memory.season[i] = index + self.gamma * (value - before - index)
        else:
            level = before + self.alpha * (value / index - before)
            divisor = max(before, LEAST_LEVEL * memory.mean)
            if divisor > 0:
                memory.season[i] = max(LEAST_INDEX, index + self.gamma * (value / divisor - index))
        memory.trend += self.beta * (level - memory.level - memory.trend)
        memory.level = level

    def _at(self, memory: Seasonal, bins: int) -> float:
        """What is foretold some bins ahead."""
        index = float(memory.season[(memory.count - 1 + bins) % memory.target.period])
        level = memory.level + bins * memory.trend
        return level + index if self.seasonal == "additive" else level * index
