"""Urns in which one novelty makes room for others: innovations that trigger innovations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from ....arrays import Floats, Ints, kernel
from ....errors import require
from ..base import Solutions, Window
from .base import Generator, Plan, Switch, one
from .solutions import by_try, told


@dataclass(frozen=True, slots=True, kw_only=True)
class Urn:
    """Draws from an urn that gets copies of each color drawn, and new colors with each color drawn for the first time.

    Attributes:
        copies: rho, copies of the color that is put back, 1 or more.
        novel: nu; ``nu + 1`` new colors come with each first draw, 0 or more.
        burst: nu while coupled; the same as ``novel`` for a steady urn.
        colors: colors at the beginning, 1 or more.
        history: draws before the first window, 1 or more; they are made with ``novel``.
        tries: draws of a window, 1 or more.

    Source:
        Tria, Loreto, Servedio & Strogatz 2014, Sci. Rep. 4:5890: ``D(t) ~ t ** (nu / rho)`` kinds if nu < rho, else t.
    """

    copies: int = 4
    novel: int = 2
    burst: int = 8
    colors: int = 5
    history: int = 3000
    tries: int = 1000

    def __post_init__(self) -> None:
        for name in ("copies", "colors", "history", "tries"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        for name in ("novel", "burst"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        on = by_try(plan, self.history, self.tries)
        room = np.where(on, self.burst, self.novel)
        same = np.full(len(on), self.novel)
        luck, other = rng.random(len(on)), rng.random(len(on))
        real = Solutions(drawn(luck, room, self.copies, self.colors), rng.normal(size=len(on)))
        nominal = Solutions(drawn(other, same, self.copies, self.colors), rng.normal(size=len(on)))
        return told(plan, self.history, self.tries, real, nominal, rng)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


@kernel
def drawn(luck: Floats, novel: Ints, copies: int, colors: int) -> Ints:
    """`[t]` colors drawn from an urn with triggering.

    Args:
        luck: `[t]` uniform draws.
        novel: `[t]` nu at each draw.
        copies: rho.
        colors: colors at the beginning.
    """
    steps = len(luck)
    urn = np.empty(colors + steps * (copies + 1) + novel.sum(), np.int64)
    for c in range(colors):
        urn[c] = c
    size, known = colors, colors
    seen = np.zeros(len(urn), np.bool_)
    out = np.empty(steps, np.int64)
    for t in range(steps):
        color = urn[min(int(luck[t] * size), size - 1)]
        out[t] = color
        urn[size : size + copies] = color
        size += copies
        if not seen[color]:
            seen[color] = True
            for _ in range(novel[t] + 1):
                urn[size] = known
                size += 1
                known += 1
    return out


def mean_kinds(steps: int, copies: int, novel: int, colors: int) -> Floats:
    """`[steps + 1]` expected number of kinds after each number of draws, exactly.

    The number of kinds is a Markov chain: with D kinds after t draws the next one is new with the chance
    ``(colors + nu D) / (colors + rho t + (nu + 1) D)``.

    >>> mean_kinds(2, 4, 2, 5).round(4)
    array([0.    , 1.    , 1.5833])
    """
    chance = np.zeros(steps + 1)
    chance[0] = 1.0
    kinds = np.arange(steps + 1)
    out = np.zeros(steps + 1)
    for t in range(steps):
        new = (colors + novel * kinds) / (colors + copies * t + (novel + 1) * kinds)
        moved = chance * np.minimum(new, 1.0)
        chance = chance - moved
        chance[1:] += moved[:-1]
        out[t + 1] = chance @ kinds
    return out
