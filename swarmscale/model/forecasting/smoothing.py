"""Exponential smoothing of the level, alone and with a damped trend."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import require
from .base import Target


@dataclass(slots=True)
class Smoothed:
    """What smoothing remembers.

    Attributes:
        target: what is foretold.
        level: smoothed demand.
        trend: smoothed change per bin.
        seen: whether a bin has been seen; the first one is the first level.
    """

    target: Target
    level: float = 0.0
    trend: float = 0.0
    seen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExponentialSmoothing:
    """The exponentially weighted mean of all values so far, the same for every horizon.

    Attributes:
        alpha: weight of the newest value, in (0, 1].

    Source:
        Brown (1959); in the form of Hyndman & Athanasopoulos, *Forecasting: Principles and Practice*, 3rd ed.
        (2021), section 8.1.
    """

    alpha: float = 0.5

    def __post_init__(self) -> None:
        require(0 < self.alpha <= 1, "alpha", self.alpha, "in (0, 1]")

    def start(self, target: Target) -> Smoothed:
        """See :class:`Forecaster`."""
        return Smoothed(target)

    def step(self, value: float, memory: Smoothed) -> tuple[float, Smoothed]:
        """See :class:`Forecaster`."""
        memory.level = memory.level + self.alpha * (value - memory.level) if memory.seen else value
        memory.seen = True
        return memory.level, memory


@dataclass(frozen=True, slots=True, kw_only=True)
class DampedHolt:
    """A smoothed level and a smoothed trend that fades with the horizon.

    Attributes:
        alpha: weight of the newest value in the level, in (0, 1].
        beta: weight of the newest change in the trend, in [0, 1].
        phi: share of the trend that is left one bin later, in (0, 1].

    Source:
        Gardner & McKenzie (1985), in the form of Hyndman & Athanasopoulos, *Forecasting: Principles and
        Practice*, 3rd ed. (2021), section 8.2.
    """

    alpha: float = 0.6
    beta: float = 0.1
    phi: float = 0.9

    def __post_init__(self) -> None:
        require(0 < self.alpha <= 1, "alpha", self.alpha, "in (0, 1]")
        require(0 <= self.beta <= 1, "beta", self.beta, "in [0, 1]")
        require(0 < self.phi <= 1, "phi", self.phi, "in (0, 1]")

    def start(self, target: Target) -> Smoothed:
        """See :class:`Forecaster`."""
        return Smoothed(target)

    def step(self, value: float, memory: Smoothed) -> tuple[float, Smoothed]:
        """See :class:`Forecaster`."""
        if memory.seen:
            faded = self.phi * memory.trend
            level = memory.level + faded + self.alpha * (value - memory.level - faded)
            memory.trend = faded + self.beta * (level - memory.level - faded)
            memory.level = level
        else:
            memory.level, memory.seen = value, True
        ahead = memory.target.horizon
        if memory.target.kind == "max" and memory.trend < 0:
            ahead = 1
        return max(0.0, memory.level + memory.trend * self._steps(ahead)), memory

    def _steps(self, ahead: int) -> float:
        """Sum of phi, phi^2, ... over the bins ahead."""
        if self.phi == 1:
            return float(ahead)
        return self.phi * (1 - self.phi**ahead) / (1 - self.phi)
