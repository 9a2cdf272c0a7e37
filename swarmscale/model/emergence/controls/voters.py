"""Voters that copy one another: the voter model with noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from ....arrays import Bools, Floats, Ints, kernel
from ....errors import require
from ..base import Window
from .base import Extra, Generator, Plan, Switch, cut, one


@dataclass(frozen=True, slots=True, kw_only=True)
class Voters:
    """Voters of two opinions who now and then copy another one, or change their mind by themselves.

    Attributes:
        copying: chance that a voter copies a random one in a tick, in [0, 1]; who is not coupled copies itself.
        noise: chance that it takes a random opinion instead, in [0, 1].
        burn_in: ticks before the first sample, 0 or more.
        share: chance that a voter begins with opinion 1, in [0, 1].

    Source:
        Clifford & Sudbury 1973, Biometrika 60:581; with noise Kirman 1993, Q. J. Econ. 108:137.
    """

    copying: float = 0.2
    noise: float = 0.02
    burn_in: int = 250
    share: float = 0.5

    def __post_init__(self) -> None:
        for name in ("copying", "noise", "share"):
            require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "in [0, 1]")
        require(self.copying + self.noise <= 1, "copying + noise", self.copying + self.noise, "1 or less")
        require(self.burn_in >= 0, "burn_in", self.burn_in, "0 or more")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        ticks = self.burn_in + plan.ticks
        start = (rng.random(plan.parts) < self.share).astype(np.float64)
        luck = rng.random((ticks, plan.parts))
        whom = rng.integers(plan.parts, size=(ticks, plan.parts))
        series = _vote(start, luck, whom, plan.on(self.burn_in), self.copying, self.noise)
        return cut(series[self.burn_in :], plan, Extra(age=self.burn_in))

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


@kernel
def _vote(now: Floats, luck: Floats, whom: Ints, on: Bools, copying: float, noise: float) -> Floats:
    """`[T, N]` opinions 0 or 1; all change at once."""
    ticks, n = luck.shape
    out = np.empty((ticks, n))
    for t in range(ticks):
        for i in range(n):
            draw = luck[t, i]
            if draw < noise / 2:
                out[t, i] = 0.0
            elif draw < noise:
                out[t, i] = 1.0
            elif draw < noise + copying and on[t]:
                out[t, i] = now[whom[t, i]]
            else:
                out[t, i] = now[i]
        now = out[t].copy()
    return out
