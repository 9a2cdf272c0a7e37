"""Parts that push one another along links: sparse vector autoregressions, with and without modules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from ....arrays import Bools, Floats, Ints, kernel
from ....errors import require
from ..base import Window
from .base import Generator, Plan, Switch, cut, labels, one


@dataclass(frozen=True, slots=True, kw_only=True)
class SparseNetwork:
    """Each part follows a few others a sample later: ``x[t] = memory x[t - 1] + strength * their mean + noise``.

    Attributes:
        links: others that each part follows, 1 or more.
        strength: sum of the weights of these links, in [0, 1); with ``memory`` below 1.
        memory: weight of its own past, in [0, 1).

    Source:
        Lütkepohl, *New Introduction to Multiple Time Series Analysis* (2005), ch. 2, at order 1.
    """

    links: int = 2
    strength: float = 0.6
    memory: float = 0.2

    def __post_init__(self) -> None:
        _check(self.links, self.strength, self.memory)

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        return _pushed(self, np.zeros(plan.parts, np.int64), 0.0, plan, rng)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Modules:
    """A sparse network whose links stay, but for a few, within modules: planted self-organization.

    Attributes:
        size: parts of a module, about; 10 or more.
        links: see :class:`SparseNetwork`.
        strength: see :class:`SparseNetwork`.
        memory: see :class:`SparseNetwork`.
        outside: chance that a link leads out of the module, in [0, 1].
    """

    size: int = 50
    links: int = 2
    strength: float = 0.6
    memory: float = 0.2
    outside: float = 0.05

    def __post_init__(self) -> None:
        _check(self.links, self.strength, self.memory)
        require(self.size >= 3, "size", self.size, "3 or more")
        require(0 <= self.outside <= 1, "outside", self.outside, "in [0, 1]")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        network = SparseNetwork(links=self.links, strength=self.strength, memory=self.memory)
        groups = max(2, round(plan.parts / self.size))
        return _pushed(network, labels(plan.parts, groups), self.outside, plan, rng)

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)


def _check(links: int, strength: float, memory: float) -> None:
    require(links >= 1, "links", links, "1 or more")
    require(0 <= memory < 1, "memory", memory, "in [0, 1)")
    require(
        0 <= strength < 1 - memory, "strength", strength, f"in [0, {1 - memory:g}), else the system runs away"
    )


def _pushed(network: SparseNetwork, module: Ints, outside: float, plan: Plan, rng: Generator) -> list[Window]:
    """Windows of a network's series, settled before the first sample."""
    settle = 100
    source = sources(module, network.links, outside, rng)
    noise = rng.normal(size=(settle + plan.ticks, plan.parts))
    weight = network.strength / network.links
    return cut(_push(noise, source, plan.on(settle), network.memory, weight)[settle:], plan)


def sources(module: Ints, links: int, outside: float, rng: Generator) -> Ints:
    """`[M, links]` whom each part follows: others of its module, or with the chance ``outside`` anybody else.

    Args:
        module: `[M]` each part's module.
        links: for each part; somebody may be drawn twice.
        outside: chance that a link leads anywhere.
        rng: generator.
    """
    parts = len(module)
    out = np.empty((parts, links), np.int64)
    for i in range(parts):
        own = np.flatnonzero(module == module[i])
        own = own[own != i]
        anywhere = rng.integers(parts - 1, size=links)
        anywhere += anywhere >= i
        inside = own[rng.integers(len(own), size=links)] if len(own) else anywhere
        out[i] = np.where(rng.random(links) < outside, anywhere, inside)
    return out


@kernel
def _push(noise: Floats, source: Ints, on: Bools, memory: float, weight: float) -> Floats:
    """`[T, M]` series of a sparse vector autoregression."""
    ticks, parts = noise.shape
    out = noise.copy()
    for t in range(1, ticks):
        for i in range(parts):
            value = memory * out[t - 1, i]
            if on[t]:
                for k in range(source.shape[1]):
                    value += weight * out[t - 1, source[i, k]]
            out[t, i] += value
    return out
