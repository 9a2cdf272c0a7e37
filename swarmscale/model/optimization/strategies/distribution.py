"""Load distribution: clusters are put under other nodes, agents into other clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ....agents.fleet import IDLE, STARTING
from ....arrays import Floats, Ints
from ....errors import ConfigError, require
from ...flow.ledger import HIERARCHY, message
from ..base import Bottleneck, Proposal

if TYPE_CHECKING:
    from ...swarm import SwarmModel

NAME = "load-distribution"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadDistribution:
    """Even out load: first between nodes, by clusters put under other nodes; then within them, by agents who move.

    A cluster that is re-homed takes its agents and its queue along; each of its agents and waiting tasks costs a
    message over the mesh. An agent who moves is away for as long as a warm one takes to start. A model that is shared
    out over shards refuses it, since clusters cannot change shards.

    Attributes:
        uneven: difference of utilization between the fullest and the emptiest that is worth the trouble.
        share: of the agents or clusters moved at once, at most.
    """

    uneven: float = 0.15
    share: float = 0.25

    def __post_init__(self) -> None:
        require(0 < self.uneven < 1, "uneven", self.uneven, "in (0, 1)")
        require(0 < self.share <= 1, "share", self.share, "in (0, 1]")

    def propose(self, model: SwarmModel, found: Bottleneck) -> Proposal | str:
        """See :class:`..base.Strategy`."""
        state = model.flow.state
        held, ready = model.crew.by_cluster(np.stack([state.waiting + state.in_service, state.ready]))
        node = np.asarray(model.hierarchy_arrays.node_of_cluster, np.int64)
        count = model.network.nodes
        load, there = (np.bincount(node, values, count).astype(np.float64) for values in (held, ready))
        homes = rehomed(node, held, ready, load, there, self.share)
        before, after = _spread(load, there), _spread(*_after(homes, held, ready, load, there, node))
        if homes and before - after > self.uneven:
            return self._homes(model, homes, held, ready, before, after)
        moves = moved(node, held, ready, self.share)
        spread = float(np.ptp(held[ready > 0] / ready[ready > 0])) if (ready > 0).any() else 0.0
        if moves and spread > self.uneven:
            agents = sum(move[2] for move in moves)
            return Proposal(
                strategy=NAME,
                knob="members",
                words=f"{agents:,} idle agents move to fuller clusters of their nodes",
                metric="response_s",
                expected=-found.station("clusters").wait_s / max(found.response_s, 1e-9),
                moves=tuple(moves),
                cost_s=agents * model.config.life.warm_start_s,
                messages=2 * agents,
            )
        return f"load is even: tasks a ready agent differ by {_spread(load, there):.2f} between nodes"

    def _homes(
        self,
        model: SwarmModel,
        homes: list[tuple[int, int]],
        held: Ints,
        ready: Ints,
        before: float,
        after: float,
    ) -> Proposal:
        told = int(sum(held[q] + ready[q] for q, _ in homes))
        return Proposal(
            strategy=NAME,
            knob="homes",
            words=(
                f"{len(homes)} clusters come under fuller nodes: tasks a ready agent differ by {before:.2f} between "
                f"nodes, by {after:.2f} then"
            ),
            metric="response_s",
            expected=float("nan"),
            moves=tuple(homes),
            messages=told,
        )

    def turn(self, model: SwarmModel, proposal: Proposal) -> Any:
        """See :class:`..base.Strategy`."""
        if proposal.knob == "homes":
            before = tuple((q, int(model.hierarchy_arrays.node_of_cluster[q])) for q, _ in proposal.moves)
            put_under(model, proposal.moves)
            return before
        done = tuple(move for move in proposal.moves if _move(model, *move))
        if not model.crew.total(len(done)):
            raise ConfigError("the agents that were to move are busy now")
        return tuple((b, a, number) for a, b, number in proposal.moves)

    def undo(self, model: SwarmModel, proposal: Proposal, kept: Any) -> None:
        """See :class:`..base.Strategy`: those that are idle go back; others stay where they are at work."""
        if proposal.knob == "homes":
            put_under(model, kept)
        else:
            for move in kept:
                _move(model, *move)


def rehomed(
    node: Ints, held: Ints, ready: Ints, load: Floats, there: Floats, share: float
) -> list[tuple[int, int]]:
    """Clusters and the nodes that they come under: one after the other from the emptiest node to the fullest.

    A cluster brings its agents; those of the emptiest node with the least to do go first. It ends when no step makes
    the fullest node less full without making the other one fuller than that.

    Args:
        node: `[Q]` node of each cluster.
        held: `[Q]` tasks in each.
        ready: `[Q]` agents.
        load: `[K]` tasks under each node.
        there: `[K]` ready agents.
        share: of the clusters that may move.
    """
    node, load, there = node.copy(), load.copy(), there.copy()
    out: list[tuple[int, int]] = []
    for _ in range(int(share * len(node))):
        full = load / np.maximum(there, 0.5)
        to, from_ = int(full.argmax()), int(full.argmin())
        mine = np.flatnonzero((node == from_) & (ready > 0))
        if len(mine) < 2 or to == from_:
            break
        q = int(mine[np.lexsort((mine, held[mine]))[0]])
        left = (load[from_] - held[q]) / max(there[from_] - ready[q], 0.5)
        if left >= full[to] or (load[to] + held[q]) / (there[to] + ready[q]) >= full[to]:
            break
        node[q] = to
        for values, amount in ((load, held[q]), (there, ready[q])):
            values[from_] -= amount
            values[to] += amount
        out.append((q, to))
    return out


def _after(
    homes: list[tuple[int, int]], held: Ints, ready: Ints, load: Floats, there: Floats, node: Ints
) -> tuple[Floats, Floats]:
    load, there = load.copy(), there.copy()
    for q, to in homes:
        for values, amount in ((load, held[q]), (there, ready[q])):
            values[node[q]] -= amount
            values[to] += amount
    return load, there


def _spread(load: Floats, there: Floats) -> float:
    """Largest minus least number of tasks a ready agent, over nodes that have any."""
    full = load[there > 0] / there[there > 0]
    return float(np.ptp(full)) if len(full) else 0.0


def moved(node: Ints, held: Ints, ready: Ints, share: float) -> list[tuple[int, int, int]]:
    """From, to, how many: agents who go from the emptiest cluster of a node to its fullest, to halve the difference."""
    out = []
    for k in np.unique(node).tolist():
        mine = np.flatnonzero((node == k) & (ready > 0))
        if len(mine) < 2:
            continue
        full = held[mine] / ready[mine]
        a, b = int(mine[full.argmin()]), int(mine[full.argmax()])
        number = min(
            int((held[b] * ready[a] - held[a] * ready[b]) / max(held[a] + held[b], 1)), int(share * ready[a])
        )
        if number >= 1:
            out.append((a, b, number))
    return out


def put_under(model: SwarmModel, homes: tuple[tuple[int, int], ...]) -> None:
    """Put clusters under nodes; each agent and each waiting task costs a message over the mesh."""
    hierarchy, flow = model.hierarchy_arrays, model.flow
    for q, to in homes:
        from_ = int(hierarchy.node_of_cluster[q])
        way = float(model.network.latency_s[from_, to])
        hierarchy.put_cluster(int(q), int(to))
        told = int(flow.state.ready[q] + flow.state.waiting[q])
        message(flow.ledger, HIERARCHY, told, flow.mesh.control_bytes, way if np.isfinite(way) else 0.0)
    flow.skills_changed()


def _move(model: SwarmModel, from_: int, to: int, number: int) -> bool:
    """Let so many idle agents go from one cluster to another, as far as they are idle and there is room."""
    fleet, slots = model.fleet, model.fleet.slots
    a, b = model.shard.territory.place(np.array([from_, to])).tolist()
    if a < 0 or b < 0:
        return False
    rows = a * slots + np.flatnonzero(fleet.rows.state[a] == IDLE)
    if model.resilience is not None:
        rows = np.setdiff1d(rows, np.fromiter(model.resilience.agents.silent, np.int64))
    rows = rows[: min(number, slots - int(fleet.size[b]))]
    if not len(rows):
        return False
    uids = fleet.column("uid")[rows].copy()
    fleet.retire(rows)
    shares = np.zeros(fleet.clusters, np.int64)
    shares[b] = len(rows)
    fleet.join(shares, uids, model.now_s + model.config.life.warm_start_s, state=STARTING)
    model._sizes_changed()
    message(model.flow.ledger, HIERARCHY, 2 * len(rows), model.flow.mesh.control_bytes, model.flow.local_s)
    return True
