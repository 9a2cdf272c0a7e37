"""Streams of solutions: exchangeable ones, in which nothing new comes of what was found, and injected novelties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Unpack

import numpy as np

from ....arrays import Bools, Floats, Ints, kernel
from ....errors import require
from ..base import Solutions, Window
from .base import Generator, Plan, Switch, cut, one


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchangeable:
    """Solutions that could have come in any order, with qualities that have nothing to do with it.

    Attributes:
        kind: "pitman-yor", "hoppe", "uniform" or "zipf".
        discount: of Pitman and Yor's law, in [0, 1).
        strength: of Pitman and Yor's and Hoppe's law, above 0.
        kinds: different solutions of "uniform", 1 or more.
        exponent: of "zipf", above 1.
        history: solutions before the first window, 1 or more.
        tries: solutions of a window, 1 or more.

    Source:
        Pitman & Yor 1997, Ann. Probab. 25:855; Hoppe 1984, J. Math. Biol. 20:91.
    """

    kind: str = "pitman-yor"
    discount: float = 0.5
    strength: float = 10.0
    kinds: int = 2000
    exponent: float = 1.3
    history: int = 3000
    tries: int = 1000

    def __post_init__(self) -> None:
        known = ("pitman-yor", "hoppe", "uniform", "zipf")
        require(self.kind in known, "kind", repr(self.kind), " or ".join(known))
        require(0 <= self.discount < 1, "discount", self.discount, "in [0, 1)")
        require(self.strength > 0, "strength", self.strength, "above 0")
        require(self.exponent > 1, "exponent", self.exponent, "above 1")
        for name in ("kinds", "history", "tries"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        total = self.history + plan.windows * self.tries
        drawn = [Solutions(self._signatures(total, rng), rng.normal(size=total)) for _ in range(2)]
        return told(plan, self.history, self.tries, drawn[0], drawn[1], rng)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)

    def _signatures(self, total: int, rng: Generator) -> Ints:
        if self.kind == "uniform":
            return rng.integers(self.kinds, size=total)
        if self.kind == "zipf":
            return rng.zipf(self.exponent, total)
        discount = self.discount if self.kind == "pitman-yor" else 0.0
        never = np.zeros(total, np.bool_)
        return seated(discount, self.strength, rng.random(total), rng.random(total), never)


@dataclass(frozen=True, slots=True, kw_only=True)
class Injected:
    """Exchangeable solutions among which, while coupled, some are new and as good as the best so far or better.

    Attributes:
        share: of the solutions that are injected, in [0, 1].
        gain: standard deviation of an injected one's quality about the best so far; qualities have 1; 0 or more.
        discount: see :class:`Exchangeable`.
        strength: see :class:`Exchangeable`.
        history: see :class:`Exchangeable`; nothing is injected into it.
        tries: see :class:`Exchangeable`.
    """

    share: float = 0.02
    gain: float = 0.5
    discount: float = 0.5
    strength: float = 10.0
    history: int = 3000
    tries: int = 1000

    def __post_init__(self) -> None:
        require(0 <= self.share <= 1, "share", self.share, "in [0, 1]")
        require(self.gain >= 0, "gain", self.gain, "0 or more")
        require(0 <= self.discount < 1, "discount", self.discount, "in [0, 1)")
        require(self.strength > 0, "strength", self.strength, "above 0")
        for name in ("history", "tries"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        total = self.history + plan.windows * self.tries
        luck = [rng.random(total) for _ in range(5)]
        quality, other = rng.normal(size=total), rng.normal(size=total)
        step = self.gain * rng.normal(size=total)
        there = (luck[0] < self.share) & by_try(plan, self.history, self.tries)
        never = np.zeros(total, np.bool_)
        for i in np.flatnonzero(there):
            quality[i] = quality[:i].max() + step[i]
        real = Solutions(seated(self.discount, self.strength, luck[1], luck[2], there), quality)
        nominal = Solutions(seated(self.discount, self.strength, luck[3], luck[4], never), other)
        return told(plan, self.history, self.tries, real, nominal, rng)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


def by_try(plan: Plan, history: int, tries: int) -> Bools:
    """`[history + windows * tries]` whether a solution is tried while parts are coupled; history never is."""
    sample = np.arange(plan.windows * tries) * plan.samples // tries
    return np.concatenate([np.zeros(history, np.bool_), plan.on()[sample]])


def told(
    plan: Plan, history: int, tries: int, real: Solutions, nominal: Solutions, rng: Generator
) -> list[Window]:
    """Windows with a stream of solutions, the history first; their series are white noise."""
    longer = Plan(plan.parts, plan.samples, plan.windows + 1)
    noise = rng.normal(size=(longer.ticks, plan.parts))
    bounds = [0, *(history + k * tries for k in range(plan.windows + 1))]
    fields = {"solutions": pieces(real, bounds), "nominal": pieces(nominal, bounds)}
    return cut(noise, longer, None, **fields)


def pieces(stream: Solutions, bounds: Sequence[int]) -> list[Solutions]:
    """A stream cut at given places."""
    return [Solutions(stream.signature[a:b], stream.quality[a:b]) for a, b in pairwise(bounds)]


@kernel
def seated(discount: float, strength: float, luck: Floats, whom: Floats, forced: Bools) -> Ints:
    """`[n]` kinds drawn from Pitman and Yor's law by the Chinese restaurant; some are forced to be new.

    Args:
        discount: d, in [0, 1).
        strength: theta, above 0: the next is new with the chance ``(theta + d k) / (theta + n)``.
        luck: `[n]` uniform draws that say whether it is new.
        whom: `[n]` uniform draws that say whom it repeats if it is not.
        forced: `[n]` whether it is new whatever the draw.

    Source:
        Pitman 2006, *Combinatorial Stochastic Processes*, section 3.2.
    """
    total = len(luck)
    kind, repeat = np.empty(total, np.int64), np.empty(total, np.int64)
    known, repeats = 0, 0
    for n in range(total):
        if forced[n] or luck[n] * (strength + n) < strength + discount * known:
            kind[n] = known
            known += 1
            continue
        # an old kind has the weight n_j - d: 1 - d for its first solution, and 1 for each of the others
        draw = whom[n] * (repeats + (1 - discount) * known)
        if draw < repeats:
            kind[n] = repeat[int(draw)]
        else:
            kind[n] = min(int((draw - repeats) / (1 - discount)), known - 1)
        repeat[repeats] = kind[n]
        repeats += 1
    return kind
