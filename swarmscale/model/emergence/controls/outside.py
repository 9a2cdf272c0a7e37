"""Parts without links that look alike all the same: one driver moves them, or one beginning that they share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from ....errors import require
from ..base import Window
from .base import Extra, Generator, Plan, Switch, autoregressive, cut, one, recursion


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """Independent parts that follow one driver from outside, each with a gain of its own.

    Attributes:
        told: whether the driver is given as exogenous, as a fleet's demand is.
        gain: mean gain; the parts' own noise has variance 1, and gains spread by half the mean.
        memory: of the driver, in [0, 1).
        own_memory: of the parts' noise, in [0, 1); that of the driver if None.
    """

    told: bool = True
    gain: float = 1.0
    memory: float = 0.9
    own_memory: float | None = None

    def __post_init__(self) -> None:
        for name in ("memory", "own_memory"):
            value = getattr(self, name)
            require(value is None or 0 <= value < 1, name, value, "in [0, 1)")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        driver = autoregressive(plan.ticks, 1, self.memory, rng)
        own_memory = self.memory if self.own_memory is None else self.own_memory
        own = autoregressive(plan.ticks, plan.parts, own_memory, rng)
        gain = self.gain * rng.uniform(0.5, 1.5, plan.parts)
        return cut(own + gain * driver, plan, Extra(exogenous=driver if self.told else None))

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Transient:
    """Independent parts that all begin in the same state, far from where they will settle.

    Attributes:
        relaxation: time constant, samples, above 0.
        start: where they begin, in standard deviations of the settled state.
        burn_in: samples between the beginning and the first one, 0 or more; it is told as the window's age.
    """

    relaxation: float = 100.0
    start: float = 5.0
    burn_in: int = 50

    def __post_init__(self) -> None:
        require(self.relaxation > 0, "relaxation", self.relaxation, "above 0")
        require(self.burn_in >= 0, "burn_in", self.burn_in, "0 or more")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        memory = float(np.exp(-1 / self.relaxation))
        noise = np.sqrt(1 - memory**2) * rng.normal(size=(self.burn_in + plan.ticks, plan.parts))
        series = recursion(noise, np.full(plan.parts, memory), np.full(plan.parts, self.start))
        return cut(series[self.burn_in :], plan, Extra(age=self.burn_in))

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)
