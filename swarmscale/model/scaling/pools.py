"""Resource pools: what agents stand on, and how soon more of it can be had.

Four pools (compute, memory, network, coordination) hold units; an agent needs a share of a unit in each. Units that
are there already let an agent start at its own pace; more units are ordered in whole scale units and take the
pool's warm-up time first; beyond a pool's largest size nothing starts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil

from ...errors import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """One pool's kind and its present units.

    Attributes:
        name: what refusals and events call it.
        first: units that are always kept.
        largest: units at most.
        step: units ordered and given back at a time.
        warm_up_s: time until ordered units can be used, s.
        agents_per_unit: agents that one unit carries.
        units: units in use or ready to be used.
        ordered: ``(ready_at, units)`` of those that are warming up, by time, s.
    """

    name: str
    first: int
    largest: int
    step: int
    warm_up_s: float
    agents_per_unit: int
    units: int = -1
    ordered: tuple[tuple[float, int], ...] = ()

    def __post_init__(self) -> None:
        require(0 <= self.first <= self.largest, f"pools.{self.name}.first", self.first, "from 0 to largest")
        require(self.step >= 1, f"pools.{self.name}.step", self.step, "1 or more")
        require(self.warm_up_s >= 0, f"pools.{self.name}.warm_up_s", self.warm_up_s, "0 or more")
        require(
            self.agents_per_unit >= 1, f"pools.{self.name}.agents_per_unit", self.agents_per_unit, "1 or more"
        )
        if self.units < 0:
            object.__setattr__(self, "units", self.first)
        require(
            self.units + self.coming <= self.largest,
            f"pools.{self.name}.units",
            self.units + self.coming,
            f"at most largest = {self.largest}",
        )

    @property
    def coming(self) -> int:
        """Units that are warming up."""
        return sum(units for _, units in self.ordered)

    @property
    def room(self) -> int:
        """Agents that the units which are there can carry."""
        return self.units * self.agents_per_unit

    @property
    def most(self) -> int:
        """Agents that the pool can ever carry."""
        return self.largest * self.agents_per_unit

    def at(self, now_s: float) -> Pool:
        """The pool at a time: units that have warmed up are there."""
        done = sum(units for ready_at, units in self.ordered if ready_at <= now_s)
        left = tuple(pair for pair in self.ordered if pair[0] > now_s)
        return replace(self, units=self.units + done, ordered=left) if done else self

    def sized_for(self, agents: int, now_s: float) -> Pool:
        """The pool with units ordered, or given back, so that it will carry so many agents.

        Orders come in whole steps; the last one is cut at the largest size. Units are given back in whole steps,
        never below ``first`` nor below what the agents need; units that are warming up are given back first.
        """
        need = ceil(agents / self.agents_per_unit)
        have = self.units + self.coming
        if need > have:
            more = min(ceil((need - have) / self.step) * self.step, self.largest - have)
            if more <= 0:
                return self
            return replace(self, ordered=(*self.ordered, (now_s + self.warm_up_s, more)))
        spare = have - max(need, self.first)
        back = spare // self.step * self.step
        if back <= 0:
            return self
        ordered = list(self.ordered)
        while back and ordered:
            ready_at, units = ordered.pop()
            kept = max(units - back, 0)
            back -= units - kept
            if kept:
                ordered.append((ready_at, kept))
        return replace(self, units=self.units - back, ordered=tuple(ordered))

    def wait_s(self, agents: int, now_s: float) -> float:
        """Time until the pool can carry so many agents with what is there and ordered, s; infinity if never."""
        room, waited = self.room, 0.0
        for ready_at, units in self.ordered:
            if room >= agents:
                break
            room += units * self.agents_per_unit
            waited = max(ready_at - now_s, 0.0)
        return waited if room >= agents else float("inf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """How much of a wanted size the pools let start, and when.

    Attributes:
        agents: agents in all that may be ready or starting, at most what was wanted.
        batches: ``(wait_s, agents)``: how many more may begin to count as started after which wait, s; a wait of 0
            is at once.
        pool: the pool that stopped the rest, or an empty text.
    """

    agents: int
    batches: tuple[tuple[float, int], ...]
    pool: str


@dataclass(frozen=True, slots=True)
class Pools:
    """All pools together."""

    pools: tuple[Pool, ...]

    def at(self, now_s: float) -> Pools:
        """The pools at a time."""
        return Pools(tuple(pool.at(now_s) for pool in self.pools))

    def holding(self, agents: int) -> Pools:
        """The pools with units enough for so many agents there already, as at a run's start."""
        return Pools(tuple(pool.sized_for(agents, 0.0).at(float("inf")) for pool in self.pools))

    @property
    def room(self) -> int:
        """Agents that the units which are there can carry, in the scarcest pool."""
        return min((pool.room for pool in self.pools), default=2**62)

    def grow(self, present: int, wanted: int, now_s: float) -> tuple[Grant, Pools]:
        """Make room for more agents.

        Args:
            present: agents that stand on the pools now.
            wanted: agents wanted in all, more than ``present``.
            now_s: s.

        Returns:
            What is granted, and the pools with what was ordered for it.
        """
        here = self.at(now_s)
        stopper = min(here.pools, key=lambda pool: pool.most, default=None)
        agents, name = wanted, ""
        if stopper is not None and stopper.most < wanted:
            agents, name = max(stopper.most, present), stopper.name
        after = Pools(tuple(pool.sized_for(agents, now_s) for pool in here.pools))
        waits = sorted({0.0, *(t - now_s for pool in after.pools for t, _ in pool.ordered)})
        batches: list[tuple[float, int]] = []
        so_far = present
        for wait_s in waits:
            carried = min(
                (
                    pool.room + sum(u for t, u in pool.ordered if t - now_s <= wait_s) * pool.agents_per_unit
                    for pool in after.pools
                ),
                default=agents,
            )
            more = min(carried, agents) - so_far
            if more > 0:
                batches.append((wait_s, more))
                so_far += more
        return Grant(agents=so_far, batches=tuple(batches), pool=name), after

    def shrink(self, agents: int, now_s: float) -> Pools:
        """The pools after a scale-down to so many agents: what they no longer need comes back."""
        return Pools(tuple(pool.at(now_s).sized_for(agents, now_s) for pool in self.pools))


SEED_AGENTS = 10_000
"""Largest fleet for which the origin's sizes were meant."""


def seed_pools(max_agents: int) -> Pools:
    """The origin's four pools (DESIGN 4), scaled in proportion to the largest fleet.

    At 10,000 agents they are the origin's own sizes, of which compute lets no more than 10,000 agents start.
    """
    factor = max(max_agents / SEED_AGENTS, 1.0)

    def pool(name: str, first: int, largest: int, step: int, warm_up_s: float, agents: int) -> Pool:
        return Pool(
            name=name,
            first=ceil(first * factor),
            largest=ceil(largest * factor),
            step=max(round(step * factor), 1),
            warm_up_s=warm_up_s,
            agents_per_unit=agents,
        )

    return Pools(
        (
            pool("compute", 50, 500, 10, 5.0, 20),
            pool("memory", 100, 1000, 20, 2.0, 15),
            pool("network", 30, 300, 5, 3.0, 50),
            pool("coordination", 20, 200, 4, 8.0, 100),
        )
    )
