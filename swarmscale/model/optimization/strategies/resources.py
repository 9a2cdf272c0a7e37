"""Resource efficiency: whole clusters that are little used are drained; the warm pool is made to fit."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt
from typing import TYPE_CHECKING, Any

import numpy as np

from ....agents.fleet import BUSY, IDLE, WARM
from ....arrays import Ints
from ....errors import ConfigError, require
from ..base import Bottleneck, Proposal
from ..what_if import Change, what_if
from .turning import turn_back, turn_settings

if TYPE_CHECKING:
    from ...swarm import SwarmModel

NAME = "resource-efficiency"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceEfficiency:
    """Pack: drain the least used clusters, so that the others are used as wanted.

    Kept are a / wanted utilization agents for a busy ones, and at least a + beta sqrt(a) (square-root staffing:
    Halfin & Whitt 1981). Where a scaler owns the fleet's size, only the warm pool is made smaller: those who were never
    called for lately are let go, half of the pool at once.

    Attributes:
        beta: spare agents in units of the square root of the busy ones.
        share: of the agents let go at once, at most.
        recent_s: stretch of time over which warm agents must have been there to be too many, s.
    """

    beta: float = 2.0
    share: float = 0.25
    recent_s: float = 600.0

    def __post_init__(self) -> None:
        require(self.beta >= 0, "beta", self.beta, "0 or more")
        require(0 < self.share <= 0.9, "share", self.share, "in (0, .9]")
        require(self.recent_s > 0, "recent_s", self.recent_s, "above 0")

    def propose(self, model: SwarmModel, found: Bottleneck) -> Proposal | str:
        """See :class:`..base.Strategy`."""
        if model.scaler is not None:
            return self._warm(model)
        if found.kind != "waste":
            return f"agents are not what there is too much of: {found.kind}"
        agents = found.station("agents")
        ready = agents.servers
        busy = agents.utilization * ready
        if not ready:
            return "nobody is ready"
        need = max(
            ceil(busy / model.config.optimization.utilization), ceil(busy + self.beta * sqrt(max(busy, 0.0)))
        )
        spare = min(int(ready) - need, int(self.share * ready))
        clusters = _least_used(model, spare)
        if not clusters:
            return f"{need:,} of {ready:,.0f} ready agents are needed: less than a cluster is to spare"
        count = sum(size for _, size in clusters)
        change = Change(agents=1 - count / ready)
        then = (
            what_if(found, change)
            if model.optimizer is None
            else model.optimizer.foresight.what_if(found, change)
        )
        return Proposal(
            strategy=NAME,
            knob="size",
            words=(
                f"{len(clusters)} little used clusters with {count:,} agents are drained; with the demand foretold of "
                f"the next 300 s the response then changes by {100 * then.relative:+.1f} %"
            ),
            metric="agent_s_per_task",
            expected=-count / ready,
            moves=tuple(q for q, _ in clusters),
        )

    def _warm(self, model: SwarmModel) -> Proposal | str:
        warm = model.config.scaler.warm_agents
        raw = model.records.raw(max(model.records.ticks - round(self.recent_s / model.config.dt), 0))
        there = raw.state("warm") if len(raw) else np.zeros(1)
        least = min(int(there.min()), ceil(warm / 2))
        if least < 1:
            return "the scaler owns the fleet's size, and the warm pool is in use or empty"
        return Proposal(
            strategy=NAME,
            knob="scaler.warm_agents",
            words=(
                f"{least:,} of {warm:,} warm agents, that were never called for in the last "
                f"{len(raw) * model.config.dt:g} s, are let go"
            ),
            metric="warm_s_per_task",
            expected=-least / float(there.mean()),
            changes={"scaler.warm_agents": warm - least},
            moves=(least,),
        )

    def turn(self, model: SwarmModel, proposal: Proposal) -> Any:
        """See :class:`..base.Strategy`."""
        if proposal.changes:
            kept = turn_settings(model, proposal.changes)
            model.drain_workers(_warm_rows(model, int(proposal.moves[0])))
            return kept
        here = model.shard.territory.place(np.array(proposal.moves, np.int64))
        state = model.fleet.rows.state
        rows = np.concatenate(
            [np.zeros(0, np.int64)]
            + [
                q * model.fleet.slots + np.flatnonzero((state[q] == IDLE) | (state[q] == BUSY))
                for q in here[here >= 0].tolist()
            ]
        )
        count = model.crew.total(len(rows))
        if not count:
            raise ConfigError("the clusters to be drained have no ready agents any more")
        model.drain_workers(rows)
        return count

    def undo(self, model: SwarmModel, proposal: Proposal, kept: Any) -> None:
        """See :class:`..base.Strategy`: as many agents start again, which takes their start-up time.

        The scaler fills its warm pool itself.
        """
        if proposal.changes:
            turn_back(model, kept)
        else:
            model.spawn(int(kept))


def _warm_rows(model: SwarmModel, count: int) -> Ints:
    """Rows here of so many warm agents of the whole fleet, cluster by cluster."""
    territory = model.shard.territory
    warm = (model.fleet.rows.state == WARM).sum(axis=1)
    whole = model.crew.by_cluster(warm)
    take = np.clip(count - (np.cumsum(whole) - whole), 0, whole)[territory.clusters]
    rows = np.flatnonzero(model.fleet.column("state") == WARM)
    rank = np.arange(len(rows)) - np.repeat(np.cumsum(warm) - warm, warm)
    return np.asarray(rows[rank < np.repeat(take, warm)], np.int64)


def _least_used(model: SwarmModel, spare: int) -> list[tuple[int, int]]:
    """Clusters and their ready agents, the least used first, as many as have no more agents than are to spare.

    No node is left with less than half of its ready agents.
    """
    state, node = model.flow.state, model.hierarchy_arrays.node_of_cluster
    ready, held, busy_t, ready_t = model.crew.by_cluster(
        np.stack([state.ready, state.waiting + state.in_service, state.busy_t, state.ready_t])
    )
    used = np.divide(busy_t, ready_t, out=np.zeros(len(ready)), where=ready_t > 0)
    left = np.bincount(node, ready, model.network.nodes)
    least, out = left / 2, []
    for q in np.lexsort((np.arange(len(ready)), used, held / np.maximum(ready, 1))).tolist():
        size = int(ready[q])
        if 0 < size <= spare and left[node[q]] - size >= least[node[q]]:
            out.append((q, size))
            spare -= size
            left[node[q]] -= size
    return out
