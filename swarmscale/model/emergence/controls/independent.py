"""Parts that have nothing to do with one another: autoregressive series, heavy tails, oscillators."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from ....arrays import Floats, kernel
from ....errors import require
from ..base import Window
from .base import Generator, Plan, Switch, autoregressive, cut, one, recursion


@dataclass(frozen=True, slots=True, kw_only=True)
class Autoregressive:
    """Independent AR(1) series; a memory of 1 makes random walks.

    Attributes:
        memory: autocorrelation at lag 1, in [0, 1].
    """

    memory: float = 0.9

    def __post_init__(self) -> None:
        require(0 <= self.memory <= 1, "memory", self.memory, "in [0, 1]")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        return cut(autoregressive(plan.ticks, plan.parts, self.memory, rng), plan)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


@dataclass(frozen=True, slots=True, kw_only=True)
class HeavyTails:
    """Independent series whose innovations are Student's t: now and then one jumps far.

    Attributes:
        freedom: degrees of freedom of t, above 1; the variance is infinite up to 2.
        memory: autocorrelation at lag 1, in [0, 1).
    """

    freedom: float = 2.0
    memory: float = 0.0

    def __post_init__(self) -> None:
        require(self.freedom > 1, "freedom", self.freedom, "above 1")
        require(0 <= self.memory < 1, "memory", self.memory, "in [0, 1)")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        settle = 100
        noise = rng.standard_t(self.freedom, size=(settle + plan.ticks, plan.parts))
        memory = np.full(plan.parts, self.memory)
        return cut(recursion(noise, memory, np.zeros(plan.parts))[settle:], plan)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Oscillators:
    """Independent oscillators: each swings by itself, with a period of its own or all with the same one.

    Attributes:
        kind: "resonant": AR(2), noise that rings at the part's own period; "periods": sine waves of the part's own
            period; "phase": sine waves of one period and random phases.
        shortest: shortest period, samples, above 2.
        longest: longest period, samples; the one period of "phase" is drawn between the two as well.
        damping: modulus of the roots of "resonant", in (0, 1).
        jitter: standard deviation of a step of a sine wave's phase, radians, 0 or more.
    """

    kind: str = "resonant"
    shortest: float = 8.0
    longest: float = 60.0
    damping: float = 0.97
    jitter: float = 0.1

    def __post_init__(self) -> None:
        kinds = ("resonant", "periods", "phase")
        require(self.kind in kinds, "kind", repr(self.kind), " or ".join(kinds))
        require(self.shortest > 2, "shortest", self.shortest, "above 2")
        require(self.longest >= self.shortest, "longest", self.longest, f"{self.shortest:g} or more")
        require(0 < self.damping < 1, "damping", self.damping, "in (0, 1)")
        require(self.jitter >= 0, "jitter", self.jitter, "0 or more")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        own = self.kind != "phase"
        period = rng.uniform(self.shortest, self.longest, plan.parts if own else 1) * np.ones(plan.parts)
        if self.kind == "resonant":
            settle = int(10 / (1 - self.damping))
            noise = rng.normal(size=(settle + plan.ticks, plan.parts))
            first = 2 * self.damping * np.cos(2 * np.pi / period)
            return cut(_ringing(noise, first, -(self.damping**2))[settle:], plan)
        steps = self.jitter * rng.normal(size=(plan.ticks, plan.parts)) + 2 * np.pi / period
        phase = rng.uniform(0, 2 * np.pi, plan.parts) + np.cumsum(steps, axis=0)
        return cut(np.sin(phase), plan)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


@kernel
def _ringing(noise: Floats, first: Floats, second: float) -> Floats:
    """`[T, M]` AR(2) series ``x[t] = first * x[t - 1] + second * x[t - 2] + noise[t]``, from rest."""
    out = noise.copy()
    for t in range(noise.shape[0]):
        for i in range(noise.shape[1]):
            if t > 0:
                out[t, i] += first[i] * out[t - 1, i]
            if t > 1:
                out[t, i] += second * out[t - 2, i]
    return out
