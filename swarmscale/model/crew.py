"""Who joins the fleet and who leaves it, decided over the whole fleet whatever part of it is here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..agents.fleet import BUSY, IDLE, STARTING, WARM, Fleet, Makeup, lowest_shares
from ..agents.nodes import Cluster
from ..arrays import Floats, Ints
from .scaling.actions import pick_ready, shares_to_release

if TYPE_CHECKING:
    from .sharding.exchange import Exchange
    from .sharding.territory import Territory
    from .swarm import SwarmModel


class Joined(NamedTuple):
    """Agents that join.

    Attributes:
        rows: `[n]` their rows in the part of the fleet that is here.
        number: of them in the whole fleet.
        ready_at_s: when the last of them is ready, s; -infinity if nobody joins.
    """

    rows: Ints
    number: int
    ready_at_s: float


@dataclass(slots=True)
class Crew:
    """Joining and leaving, the same for every number of shards.

    What is asked of all clusters is gathered from the shards that hold them, so every method is called by all
    shards of a model together.

    Attributes:
        model: whose fleet.
        territory: the part of it that is here.
        exchange: where shards meet.
    """

    model: SwarmModel
    territory: Territory
    exchange: Exchange
    _slowness: tuple[int, float] = field(default=(-1, 1.0))

    @property
    def fleet(self) -> Fleet:
        """The agents here."""
        return self.model.fleet

    def by_cluster(self, values: Ints) -> Ints:
        """`[..., Q]` figures of all clusters from `[..., Q here]`."""
        flat = values.reshape(-1)
        shape = (*values.shape[:-1], -1)
        return self.territory.spread([part.reshape(shape) for part in self.exchange.gather(flat)])

    def total(self, value: int) -> int:
        """Sum of a number over the shards."""
        return int(sum(int(part[0]) for part in self.exchange.gather(np.array([value], np.int64))))

    def latest(self, time_s: float) -> float:
        """The latest of a time over the shards, s."""
        parts = self.exchange.gather(np.array([time_s]).view(np.int64))
        return max(float(part.view(np.float64)[0]) for part in parts)

    def in_state(self, code: int) -> int:
        """Agents in a state."""
        return self.total(int((self.fleet.column("state") == code).sum()))

    def members(self) -> int:
        """Agents in the fleet."""
        return self.total(len(self.fleet))

    def work_held_s(self) -> float:
        """Seconds of unit-speed work waiting and in hands."""
        return float(self.by_cluster(self.model.flow.state.backlog_s.view(np.int64)).view(np.float64).sum())

    def mean_slowness(self) -> float:
        """Mean of 1 / speed over all agents, 1 if there are none."""
        version = self.total(self.fleet.version)
        if self._slowness[0] != version:
            rows = self.fleet.rows
            sums = np.where(rows.uid > 0, self.fleet.known_slowness(), np.float32(0)).sum(
                axis=1, dtype=np.float64
            )
            whole = self.by_cluster(sums.view(np.int64)).view(np.float64)
            count = self.members()
            self._slowness = (version, float(whole.sum()) / count if count else 1.0)
        return self._slowness[1]

    def spawn(
        self,
        count: int,
        state: int,
        starts: Callable[[Ints], Floats | float],
        makeup: Makeup | None = None,
    ) -> Joined:
        """Make agents; clusters are added at the nodes with the fewest where all are full.

        Args:
            count: number of agents.
            state: ``STARTING`` or ``WARM``.
            starts: from `[n]` unique ids to when they are ready, s.
            makeup: how they are made; as all others if None.
        """
        slots = self.fleet.slots
        sizes = self.by_cluster(self.fleet.size)
        self._add_clusters(-(-(count - (len(sizes) * slots - int(sizes.sum()))) // slots))
        sizes = np.concatenate([sizes, np.zeros(len(self.territory.owner) - len(sizes), np.int64)])
        shares = np.empty(len(sizes), np.int64)
        lowest_shares(sizes, slots, count, shares)
        first = self.model.fleet.next_uid
        self.fleet.next_uid += count
        mine, uids = uids_of(self.territory, shares, first)
        ready_at = starts(uids)
        rows = self.fleet.join(mine, uids, ready_at, state=state, makeup=makeup)
        last = float(np.max(ready_at)) if len(rows) else -np.inf
        return Joined(rows, count, last if self.territory.alone else self.latest(last))

    def activate(self, count: int, starts: Callable[[Ints], Floats]) -> Joined:
        """Start up to so many warm agents, cluster by cluster."""
        fleet = self.fleet
        warm = (fleet.rows.state == WARM).sum(axis=1)
        whole = self.by_cluster(warm)
        before = np.cumsum(whole) - whole
        take = np.clip(count - before, 0, whole)[self.territory.clusters]
        rows = np.flatnonzero(fleet.column("state") == WARM)
        rank = np.arange(len(rows)) - np.repeat(np.cumsum(warm) - warm, warm)
        rows = rows[rank < np.repeat(take, warm)]
        times = starts(fleet.column("uid")[rows])
        fleet.activate(rows, times)
        last = float(np.max(times)) if len(rows) else -np.inf
        return Joined(rows, min(count, int(whole.sum())), last if self.territory.alone else self.latest(last))

    def to_release(self, count: int) -> Ints:
        """Rows here of the agents that go when so many are too many in the whole fleet.

        First those that are starting, the last ones to be ready first, since nothing is lost with them. Then ready
        ones of the largest clusters, so that clusters stay alike; in each the idle before the busy.

        Args:
            count: agents to let go, at most the ready and starting ones.
        """
        fleet, slots = self.fleet, self.fleet.slots
        rows = np.flatnonzero(fleet.column("state") == STARTING)
        told = np.stack(
            [fleet.column("free_at")[rows].view(np.int64), self.territory.rows_of_all(rows, slots)]
        )
        starting = np.concatenate(
            [part.reshape(2, -1) for part in self.exchange.gather(told.reshape(-1))], axis=1
        )
        starting = starting[:, np.argsort(starting[1], kind="stable")]
        order = np.argsort(-starting[0].view(np.float64), kind="stable")[:count]
        chosen = self.territory.rows_here(starting[1][order], slots)
        left = count - len(order)
        if left <= 0:
            return chosen
        ready = self.by_cluster(((fleet.rows.state == IDLE) | (fleet.rows.state == BUSY)).sum(axis=1))
        take = shares_to_release(ready, min(left, int(ready.sum())))[self.territory.clusters]
        others = np.empty(int(take.sum()), np.int64)
        n = pick_ready(fleet.rows.state, take, others)
        return np.concatenate([chosen, others[:n]])

    def _add_clusters(self, count: int) -> None:
        """Add clusters, each at the node that has the fewest then."""
        if count <= 0:
            return
        model, whole = self.model, self.model.hierarchy_arrays
        per_node = np.bincount(whole.node_of_cluster, minlength=whole.nodes)
        before = whole.clusters
        for _ in range(count):
            node = int(per_node.argmin())
            per_node[node] += 1
            whole.add_cluster(node)
        self.territory.follow(whole)
        model.flow.hierarchy = self.territory.part(whole)
        here = len(self.territory.clusters) - self.fleet.clusters
        if here:
            self.fleet.add_clusters(here)
            model.flow.grow()
        for number in range(before, whole.clusters):
            if self.territory.owner[number] == self.territory.rank:
                Cluster(model, number)
            else:
                model.agent_id_counter += 1  # the id is that of a cluster elsewhere


def uids_of(territory: Territory, shares: Ints, first: int) -> tuple[Ints, Ints]:
    """Of agents who join all clusters: how many join each cluster here, and their unique ids.

    Args:
        territory: what is here.
        shares: `[Q]` agents for each cluster of the whole fleet.
        first: the first unique id.
    """
    if territory.alone:
        return shares, np.arange(first, first + int(shares.sum()))
    begins = (first + np.cumsum(shares) - shares)[territory.clusters]
    mine = shares[territory.clusters]
    return mine, np.repeat(begins - (np.cumsum(mine) - mine), mine) + np.arange(int(mine.sum()))
