"""Load distribution: clusters are put under other nodes, agents into other clusters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ....agents.fleet import IDLE, STARTING
from ....arrays import Floats, Ints
from ....errors import ConfigError, require
from ...flow.ledger import HIERARCHY, Count, message
from ...scaling.staffing import waiting_chance
from ..base import Bottleneck, Proposal

if TYPE_CHECKING:
    from ...swarm import SwarmModel

NAME = "load-distribution"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadDistribution:
    """Even out load: first between nodes, by clusters put under other nodes; then within them, by agents who move.

    A cluster that is re-homed takes its agents and its queue along; each of its agents and waiting tasks costs a
    message over the mesh. An agent who moves is away for as long as a warm one takes to start, keeps its unique id, and
    needs a free slot in the other cluster. What re-homing is expected to do is worked out for the nodes as pools of
    agents with the demand that has each as its home. A model that is shared out over shards refuses it, since clusters
    cannot change shards.

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
        if not model.shard.territory.alone:
            return "clusters cannot change shards"
        if not (model.network.alive.all() and model.network.known.all()):
            return "nodes are down: clusters stay where they are until they are back"
        state, fleet = model.flow.state, model.fleet
        held, ready = state.waiting + state.in_service, state.ready
        node = np.asarray(model.hierarchy_arrays.node_of_cluster, np.int64)
        count = model.network.nodes
        load, there = (np.bincount(node, values, count).astype(np.float64) for values in (held, ready))
        homes = rehomed(node, held, ready, load, there, self.share)
        later = _after(homes, held, ready, load, there, node)
        before, after = _spread(load, there), _spread(*later)
        if homes and before - after > self.uneven:
            told = [foretold_s(model, found, *pair) for pair in ((load, there), later)]
            expected = told[1] / told[0] - 1 if told[0] > 0 else float("nan")
            return self._homes(homes, state.waiting + ready, (before, after), expected)
        idle = (fleet.rows.state == IDLE).sum(axis=1)
        moves = moved(node, held, ready, self.share, idle, fleet.slots - fleet.size)
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
        uneven = f"tasks a ready agent differ by {before:.2f} between nodes"
        if spread > self.uneven:
            return f"{uneven}, and no cluster with a free slot is fuller than one with idle agents"
        return f"load is even: {uneven}"

    def _homes(
        self,
        homes: list[tuple[int, int]],
        told: Ints,
        spread: tuple[float, float],
        expected: float,
    ) -> Proposal:
        return Proposal(
            strategy=NAME,
            knob="homes",
            words=(
                f"{len(homes)} clusters come under fuller nodes: tasks a ready agent differ by {spread[0]:.2f} between "
                f"nodes, by {spread[1]:.2f} then"
            ),
            metric="response_s",
            expected=expected,
            moves=tuple(homes),
            messages=int(sum(told[q] for q, _ in homes)),
        )

    def turn(self, model: SwarmModel, proposal: Proposal) -> Any:
        """See :class:`..base.Strategy`."""
        if proposal.knob == "homes":
            h = model.hierarchy_arrays
            before = tuple(
                (q, int(h.node_of_cluster[q]), int(h.zone_of_cluster[q])) for q, _ in proposal.moves
            )
            if not _served(model, [to for _, to in proposal.moves]):
                raise ConfigError("nodes that clusters were to come under are down now")
            put_under(model, proposal.moves)
            return before
        done = tuple((b, a, number) for a, b, most in proposal.moves if (number := _move(model, a, b, most)))
        if not done:
            raise ConfigError("the agents that were to move are busy now")
        return done

    def undo(self, model: SwarmModel, proposal: Proposal, kept: Any) -> None:
        """See :class:`..base.Strategy`: agents that are idle go back; others stay where they are at work.

        Clusters do not go back under a node that is down.
        """
        if proposal.knob == "homes":
            hierarchy = model.hierarchy_arrays
            back = [(q, node, zone) for q, node, zone in kept if _served(model, [node])]
            put_under(model, tuple((q, node) for q, node, _ in back))
            for q, node, zone in back:  # the zone that it was in, if that is where it was
                if hierarchy.node_of_zone[zone] == node:
                    hierarchy.zone_of_cluster[q] = zone
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


def moved(
    node: Ints, held: Ints, ready: Ints, share: float, idle: Ints, room: Ints
) -> list[tuple[int, int, int]]:
    """From, to, how many: agents who go from the emptiest cluster of a node to its fullest, to halve the difference.

    Args:
        node: `[Q]` node of each cluster.
        held: `[Q]` tasks in each.
        ready: `[Q]` agents.
        share: of a cluster's agents that may go.
        idle: `[Q]` agents without a task.
        room: `[Q]` free slots.

    Returns:
        At most one move for each node.
    """
    out = []
    for k in np.unique(node).tolist():
        mine = np.flatnonzero((node == k) & (ready > 0))
        giving, taking = mine[idle[mine] > 0], mine[room[mine] > 0]
        if not len(giving) or not len(taking):
            continue
        a = int(giving[(held[giving] / ready[giving]).argmin()])
        b = int(taking[(held[taking] / ready[taking]).argmax()])
        number = int((held[b] * ready[a] - held[a] * ready[b]) / max(held[a] + held[b], 1))
        number = min(number, int(share * ready[a]), int(idle[a]), int(room[b]))
        if number >= 1:
            out.append((a, b, number))
    return out


def foretold_s(model: SwarmModel, found: Bottleneck, load: Floats, there: Floats) -> float:
    """Mean time in clusters and hands over the next trial window with so many tasks and ready agents at each node, s.

    A node is one pool of agents with one queue. To it come the tasks whose home it is, by what entry nodes know of the
    others; what it cannot do piles up (a fluid), and what it can do waits as in a large pool.

    Args:
        model: says where tasks come from.
        found: says how many come and how long they are in hands.
        load: `[K]` tasks under each node now.
        there: `[K]` ready agents.

    Source:
        Chance of a wait: Halfin & Whitt (1981), *Operations Research* 29(3), eq. 2.3.
    """
    s, flow, service_s = model.config.optimization, model.flow, found.station("agents").service_s
    if not service_s > 0 or not there.any():
        return float("nan")
    first, last = round(found.from_s / model.config.dt), round(found.until_s / model.config.dt)
    came = float(model.records.raw(first, last).count(Count.ARRIVED).sum()) / (found.until_s - found.from_s)
    entry = np.diff(flow.demand.entry_share, prepend=0.0)
    rate = came * (flow.locality * entry + (1 - flow.locality) * there / there.sum())
    times_s = np.linspace(0.0, s.settle_s + s.window_s, 16)
    agents = np.maximum(there, 0.5)
    too_many = (rate - agents / service_s)[:, None] * times_s + (load - agents)[:, None]
    piled_s = np.maximum(too_many, 0.0).mean(axis=1) * service_s / agents
    offered = rate * service_s
    spare = np.maximum(agents - offered, 0.0)
    chance = np.array([waiting_chance(x) for x in (spare / np.sqrt(np.maximum(offered, 1e-9))).tolist()])
    waits_s = np.divide(chance * service_s, spare, out=np.zeros(len(spare)), where=spare > 0)
    return float((rate * (service_s + piled_s + waits_s)).sum() / rate.sum())


def _served(model: SwarmModel, nodes: list[int]) -> bool:
    """Whether all of these nodes are there, and known to be."""
    network = model.network
    return bool(network.alive[nodes].all() and network.known[nodes].all())


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


def _move(model: SwarmModel, from_: int, to: int, number: int) -> int:
    """Let so many idle agents go from one cluster to another, as far as there is room; how many did."""
    fleet, slots = model.fleet, model.fleet.slots
    rows = from_ * slots + np.flatnonzero(fleet.rows.state[from_] == IDLE)
    if model.resilience is not None:
        rows = np.setdiff1d(rows, np.fromiter(model.resilience.agents.silent, np.int64))
    rows = rows[: max(min(number, slots - int(fleet.size[to])), 0)]
    if not len(rows):
        return 0
    uids = fleet.column("uid")[rows].copy()
    fleet.retire(rows)
    shares = np.zeros(fleet.clusters, np.int64)
    shares[to] = len(rows)
    fleet.join(shares, uids, model.now_s + model.config.life.warm_start_s, state=STARTING)
    model._sizes_changed()
    message(model.flow.ledger, HIERARCHY, 2 * len(rows), model.flow.mesh.control_bytes, model.flow.local_s)
    return len(rows)
