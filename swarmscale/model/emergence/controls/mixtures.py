"""Parts that share something: a small common part of their noise, or a slow mode that none of them shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from ....errors import require
from ..base import Window
from .base import Generator, Plan, Switch, autoregressive, cut, one


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonShare:
    """AR(1) series of which a share of the variance is common to all: the weakest coordination there is.

    Attributes:
        share: of the variance, in [0, 1]; it is the correlation of two parts.
        memory: autocorrelation at lag 1, in [0, 1).
    """

    share: float = 0.1
    memory: float = 0.9

    def __post_init__(self) -> None:
        require(0 <= self.share <= 1, "share", self.share, "in [0, 1]")
        require(0 <= self.memory < 1, "memory", self.memory, "in [0, 1)")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        common = autoregressive(plan.ticks, 1, self.memory, rng)
        own = autoregressive(plan.ticks, plan.parts, self.memory, rng)
        together = np.sqrt(1 - self.share) * own + np.sqrt(self.share) * common
        return cut(np.where(plan.on()[:, None], together, own), plan)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenMode:
    """Parts that are almost white noise and whose mean is a slow mode: the whole foretells what no part does.

    White noise has its mean over the parts taken out and a slow mode of the same variance put in its place, so that
    the variance of the mean is that of independent parts.

    Attributes:
        memory: of the slow mode, in [0, 1).
        size: variance of the slow mode over that of the mean of independent parts, above 0.

    Source:
        A system with Psi > 0 in the sense of Rosas et al. 2020, PLoS Comput. Biol. 16:e1008289.
    """

    memory: float = 0.95
    size: float = 1.0

    def __post_init__(self) -> None:
        require(0 <= self.memory < 1, "memory", self.memory, "in [0, 1)")
        require(self.size > 0, "size", self.size, "above 0")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        own = rng.normal(size=(plan.ticks, plan.parts))
        slow = np.sqrt(self.size / plan.parts) * autoregressive(plan.ticks, 1, self.memory, rng)
        hidden = own - own.mean(axis=1, keepdims=True) + slow
        return cut(np.where(plan.on()[:, None], hidden, own), plan)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)
