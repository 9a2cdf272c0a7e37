"""Forecasts that need no fitting: the last value, the value one season ago, and the last value with its trend."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import require
from .base import Target
from .recent import Recent, whole_seasons


@dataclass(frozen=True, slots=True, kw_only=True)
class Naive:
    """The last value again: what every other forecast is measured against.

    Source:
        Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed. (2021), section 5.2.
    """

    def start(self, target: Target) -> None:
        """See :class:`Forecaster`."""

    def step(self, value: float, memory: None) -> tuple[float, None]:
        """See :class:`Forecaster`."""
        return value, None


@dataclass(slots=True)
class Past:
    """What is remembered of the past: the target, and the last bins."""

    target: Target
    recent: Recent


@dataclass(frozen=True, slots=True, kw_only=True)
class SeasonalNaive:
    """The values of the same bins one season ago; naive with no period, or until a season has been seen.

    Where the horizon is longer than a season, it looks back by as many whole seasons as it takes.

    Source:
        Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed. (2021), section 5.2.
    """

    def start(self, target: Target) -> Past:
        """See :class:`Forecaster`."""
        return Past(target, Recent.of(max(1, whole_seasons(target, target.horizon))))

    def step(self, value: float, memory: Past) -> tuple[float, Past]:
        """See :class:`Forecaster`."""
        memory.recent.add(value)
        target = memory.target
        back = whole_seasons(target, target.horizon)
        if back == 0 or memory.recent.count < back:
            return value, memory
        first = target.horizon if target.kind == "value" else 1
        ahead = range(first, target.horizon + 1)
        return max(memory.recent.ago(back - bins) for bins in ahead), memory


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """The last value plus the mean change per bin over a window, times the horizon.

    It is here because it is what a "trend times five minutes" amounts to; on most demand it is worse than naive.

    Attributes:
        window: bins over which the change is taken, 1 or more; of those that there are, at the start.

    Source:
        Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed. (2021), section 5.2, with a
        window in place of the whole history.
    """

    window: int = 30

    def __post_init__(self) -> None:
        require(self.window >= 1, "window", self.window, "1 or more")

    def start(self, target: Target) -> Past:
        """See :class:`Forecaster`."""
        return Past(target, Recent.of(self.window + 1))

    def step(self, value: float, memory: Past) -> tuple[float, Past]:
        """See :class:`Forecaster`."""
        memory.recent.add(value)
        bins = min(self.window, memory.recent.count - 1)
        change = (value - memory.recent.ago(bins)) / max(bins, 1)
        ahead = memory.target.horizon
        if memory.target.kind == "max" and change < 0:
            ahead = 1
        return max(0.0, value + change * ahead), memory
