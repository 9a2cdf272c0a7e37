"""The default forecast: six others, each weighted by how well it has lately foretold the same target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ...arrays import Floats
from ...errors import require
from .autoregression import Autoregression, SeasonalAutoregression
from .base import Forecaster, Target
from .holt_winters import HoltWinters
from .recent import Recent
from .simple import Naive
from .smoothing import DampedHolt, ExponentialSmoothing

MEMBERS: tuple[Forecaster[Any], ...] = (
    Naive(),
    ExponentialSmoothing(alpha=0.5),
    DampedHolt(alpha=0.6, beta=0.1, phi=0.9),
    HoltWinters(alpha=0.6, gamma=0.2, seasonal="multiplicative"),
    SeasonalAutoregression(),
    Autoregression(),
)


@dataclass(slots=True)
class Weighted:
    """What the ensemble remembers.

    Attributes:
        target: what is foretold.
        recent: the bins of the newest target.
        memories: what each member remembers.
        said: `[horizon, member]` the forecasts whose targets have not been seen yet, a ring by bin.
        errors: `[member]` exponentially weighted mean of the squared errors.
        learned: targets seen.
    """

    target: Target
    recent: Recent
    memories: tuple[Any, ...]
    said: Floats
    errors: Floats
    learned: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ensemble:
    """Mean of six forecasts (naive, exponential smoothing, damped Holt, Holt-Winters, seasonal AR and AR).

    Each is weighted by the inverse square of its mean squared error; all alike until a target has been seen. Squares,
    and a memory of several hundred bins, let one that sees a daily jump coming outweigh five that are good between
    jumps.

    Attributes:
        memory: weight that an error keeps from one bin to the next, in [0, 1).
        power: how much a smaller error counts: weights go with the mean squared error ** -power, 0 or more.

    Source:
        Inverse mean square errors, without their correlations: Bates & Granger (1969), Newbold & Granger (1974);
        higher powers of them: Stock & Watson (1999).
    """

    memory: float = 0.998
    power: float = 2.0

    def __post_init__(self) -> None:
        require(0 <= self.memory < 1, "memory", self.memory, "in [0, 1)")
        require(self.power >= 0, "power", self.power, "0 or more")

    def start(self, target: Target) -> Weighted:
        """See :class:`Forecaster`."""
        return Weighted(
            target,
            Recent.of(target.horizon),
            tuple(member.start(target) for member in MEMBERS),
            np.zeros((target.horizon, len(MEMBERS))),
            np.zeros(len(MEMBERS)),
        )

    def step(self, value: float, memory: Weighted) -> tuple[float, Weighted]:
        """See :class:`Forecaster`."""
        row = memory.recent.count % memory.target.horizon
        memory.recent.add(value)
        if memory.recent.count > memory.target.horizon:
            self._learn(memory, (memory.said[row] - memory.recent.came(memory.target)) ** 2)
        steps = [m.step(value, known) for m, known in zip(MEMBERS, memory.memories, strict=True)]
        memory.memories = tuple(known for _, known in steps)
        memory.said[row] = [said for said, _ in steps]
        weights = self._weights(memory.errors)
        return max(0.0, float(weights @ memory.said[row] / weights.sum())), memory

    def _learn(self, memory: Weighted, errors: Floats) -> None:
        """Take in the members' squared errors at one target; the first ones count as plain means."""
        memory.learned += 1
        share = max(1.0 - self.memory, 1.0 / memory.learned)
        memory.errors += share * (errors - memory.errors)

    def _weights(self, errors: Floats) -> Floats:
        """`[member]` weights, 1 for the best member."""
        worst = float(errors.max())
        if worst == 0:
            return np.ones(errors.size)
        kept = np.maximum(errors, 1e-9 * worst)
        weights: Floats = (kept.min() / kept) ** self.power
        return weights
