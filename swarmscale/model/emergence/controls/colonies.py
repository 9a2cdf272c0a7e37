"""Colonies of ants that choose among sites by trails, which colonies may share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Unpack

import numpy as np

from ....arrays import Bools, Floats, Floats32, Ints, kernel, merged
from ....errors import require
from ..base import Window
from .base import Extra, Generator, Plan, Switch, cut, one


@dataclass(frozen=True, slots=True, kw_only=True)
class Colonies:
    """Colonies whose ants choose among sites by their trails. Series tell how far each colony has settled.

    In each tick one ant of each colony chooses a site with a chance that grows as the square of its trail, and lays
    on it. All colonies begin without trails, so that they settle at the same time: a transient that they share
    without any link. Coupled ones feel one another's trails and settle on the same site, which series do not show
    but shares do. A series is the chance that two ants choose the same site, ``sum(p ** 2)`` over the trails.

    Attributes:
        sites: A, 2 or more.
        evaporation: share of a trail that is lost in a tick, in (0, 1).
        mixing: share of the other colonies' mean trail in what an ant feels, in [0, 1].
        error: chance that an ant goes anywhere, in [0, 1].
        attraction: trail of an unmarked site, in ants, above 0.
        burn_in: ticks before the first sample, 0 or more.
        twins: replays without links whose shares are told, 0 or more.

    Source:
        Deneubourg, Aron, Goss & Pasteels 1990, J. Insect Behav. 3:159, with exponent 2.
    """

    sites: int = 4
    evaporation: float = 0.1
    mixing: float = 0.7
    error: float = 0.12
    attraction: float = 1.5
    burn_in: int = 400
    twins: int = 40

    def __post_init__(self) -> None:
        require(self.sites >= 2, "sites", self.sites, "2 or more")
        require(0 < self.evaporation < 1, "evaporation", self.evaporation, "in (0, 1)")
        require(0 <= self.mixing <= 1, "mixing", self.mixing, "in [0, 1]")
        require(0 <= self.error <= 1, "error", self.error, "in [0, 1]")
        require(self.attraction > 0, "attraction", self.attraction, "above 0")
        require(self.burn_in >= 0, "burn_in", self.burn_in, "0 or more")
        require(self.twins >= 0, "twins", self.twins, "0 or more")

    def run(self, plan: Plan, rng: Generator) -> list[Window]:
        """See :class:`~.base.Control`."""
        series, shares = self._settled(plan, rng, plan.on(self.burn_in))
        age = Extra(age=self.burn_in)
        if not self.twins:
            return cut(series, plan, age, shares=list(shares))
        apart = np.zeros(self.burn_in + plan.ticks, np.bool_)
        twins = np.array([self._settled(plan, rng, apart, seen=False)[1] for _ in range(self.twins)])
        return cut(series, plan, age, shares=list(shares), twin_shares=list(twins.transpose(1, 0, 2)))

    def make(self, parts: int, samples: int, rng: Generator, **switch: Unpack[Switch]) -> Window:
        """See :class:`~.base.Control`."""
        return one(self, parts, samples, rng, switch)

    def _settled(self, plan: Plan, rng: Generator, on: Bools, seen: bool = True) -> tuple[Floats, Floats]:
        """`[ticks, M]` how far each colony has settled, if seen; `[windows, A]` share that favors each site."""
        luck = rng.random((len(on), plan.parts), dtype=np.float32)
        law = np.array([self.evaporation, self.mixing, self.error, self.attraction])
        series = np.empty((plan.ticks if seen else 0, plan.parts))
        favorite = _forage(series, luck, on, self.sites, law, self.burn_in, plan.samples)
        counts = [np.bincount(row, minlength=self.sites) for row in favorite]
        return series, np.array(counts) / plan.parts


@kernel
def _forage(
    series: Floats, luck: Floats32, on: Bools, sites: int, law: Floats, burn_in: int, samples: int
) -> Ints:
    """`[windows, M]` the strongest trail at each window's end; fills series with sum(p ** 2) unless it is empty."""
    evaporation, mixing = law[0], law[1]
    ticks, colonies = luck.shape
    favorite = np.zeros(((ticks - burn_in) // samples, colonies), np.int64)
    trail, mean, summed = np.zeros((colonies, sites)), np.zeros(sites), np.zeros(sites)
    for t in range(ticks):
        share = mixing if on[t] else 0.0
        if share > 0:
            for a in range(sites):
                mean[a] = trail[:, a].mean()
        row = t - burn_in
        for i in range(colonies):
            choice = _choose(float(luck[t, i]), trail[i], mean, share, law, summed)
            total, squares = 1.0, 0.0
            for a in range(sites):
                trail[i, a] *= 1 - evaporation
                total += trail[i, a]
            trail[i, choice] += 1.0
            if row >= 0 and len(series) > 0:
                for a in range(sites):
                    squares += trail[i, a] * trail[i, a]
                series[row, i] = squares / (total * total)
        if row >= 0 and (row + 1) % samples == 0:
            for i in range(colonies):
                favorite[row // samples, i] = np.argmax(trail[i])
    return favorite


@merged
def _choose(draw: float, trail: Floats, mean: Floats, share: float, law: Floats, summed: Floats) -> int:
    """The site that an ant goes to: any one below ``error``, else by the squares of what it feels."""
    error, attraction = law[2], law[3]
    sites = len(trail)
    if draw < error:
        return min(int(draw / error * sites), sites - 1)
    total = 0.0
    for a in range(sites):
        felt = attraction + trail[a] + share * (mean[a] - trail[a])
        total += felt * felt
        summed[a] = total
    at = (draw - error) / (1 - error) * total
    choice = 0
    while choice < sites - 1 and at >= summed[choice]:
        choice += 1
    return choice
