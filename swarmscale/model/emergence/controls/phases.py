"""Oscillators that pull one another: the Kuramoto model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from ....arrays import Bools, Floats, kernel
from ....errors import require
from ..base import Window
from .base import Extra, Generator, Plan, Switch, cut, one


@dataclass(frozen=True, slots=True, kw_only=True)
class Kuramoto:
    """Oscillators with Lorentzian frequencies that all pull one another. Series are phases.

    Attributes:
        coupling: K over its critical value ``Kc = 2 width``, 0 or more.
        width: half width of the frequencies' law, radians a sample, above 0.
        noise: standard deviation of the noise of a phase in a sample, radians, 0 or more.
        steps: Euler steps a sample, 1 or more.
        burn_in: samples before the first one, 0 or more.

    Source:
        Kuramoto 1975; Strogatz 2000, Physica D 143:1: ``r = sqrt(1 - Kc / K)``.
    """

    coupling: float = 1.2
    width: float = 0.1
    noise: float = 0.0
    steps: int = 2
    burn_in: int = 200

    def __post_init__(self) -> None:
        require(self.coupling >= 0, "coupling", self.coupling, "0 or more")
        require(self.width > 0, "width", self.width, "above 0")
        require(self.noise >= 0, "noise", self.noise, "0 or more")
        require(self.steps >= 1, "steps", self.steps, "1 or more")
        require(self.burn_in >= 0, "burn_in", self.burn_in, "0 or more")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        own = self.width * rng.standard_cauchy(plan.parts)
        start = rng.uniform(-np.pi, np.pi, plan.parts)
        jitter = self.noise * rng.normal(size=(self.burn_in + plan.ticks, plan.parts))
        pull = self.coupling * 2 * self.width
        phase = _rotate(start, own, jitter, plan.on(self.burn_in), pull, self.steps)
        return cut(phase[self.burn_in :], plan, Extra(angles=True, age=self.burn_in))

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


@kernel
def _rotate(phase: Floats, own: Floats, jitter: Floats, on: Bools, pull: float, steps: int) -> Floats:
    """`[T, N]` phases in [-pi, pi) under ``own + pull * r * sin(psi - phase)``."""
    ticks, n = jitter.shape
    out = np.empty((ticks, n))
    dt = 1.0 / steps
    for t in range(ticks):
        for _ in range(steps):
            strength = pull if on[t] else 0.0
            if strength > 0:
                sine, cosine = np.sin(phase), np.cos(phase)
                x, y = cosine.mean(), sine.mean()
                phase += dt * (own + strength * (y * cosine - x * sine))
            else:
                phase += dt * own
        for i in range(n):
            phase[i] = (phase[i] + jitter[t, i] + np.pi) % (2 * np.pi) - np.pi
            out[t, i] = phase[i]
    return out
