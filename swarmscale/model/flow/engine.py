"""The task flow: one tick of ingress, mesh, dispatch and clusters, from buffers to ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from ...agents.fleet import BUSY, DRAINING, Fleet
from ...agents.hierarchy import Hierarchy
from ...arrays import Floats, Indices, Ints, Ints32, kernel
from .clusters import ClusterState, Hands, Rule, serve_clusters
from .delegation import hand_up, loads
from .demand import Demand
from .dispatch import DispatchRule, DispatchView
from .grouping import keep_later, line_up
from .ledger import DROP, TICKS_PER_S, Count, Ledger, bin_of, note, sampled, settle, steps
from .network import Network
from .stations import Servers, Station, run_stage
from .tasks import ATTEMPT_SHIFT, Columns, Pool, Tasks, copy_task, task_class
from .travel import Cache, Homes, Mesh, leave_entry, remember_answers

_NONE = np.empty(0)
_NO_HOMES = np.empty(0, np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Handing:
    """When tasks are handed up; see :class:`swarmscale.model.config.Delegation`.

    Attributes:
        on: whether anything is handed up.
        cluster_load: tasks per ready agent from which a cluster asks its zone.
        zone_load: the same for a zone.
        node_load: the same for a node.
        decision_s: delay of each step up, s.
    """

    on: bool = False
    cluster_load: float = 1.0
    zone_load: float = 1.0
    node_load: float = 0.95
    decision_s: float = 0.0


@dataclass(slots=True)
class Scratch:
    """Buffers that hold nothing between ticks."""

    service: Floats = field(default_factory=lambda: np.empty(0))
    bucket: Indices = field(default_factory=lambda: np.empty(0, np.uint32))
    order: Indices = field(default_factory=lambda: np.empty(0, np.uint32))
    answered_uid: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    answered_meta: Ints32 = field(default_factory=lambda: np.empty(0, np.int32))

    def reserve(self, rows: int, answers: int) -> None:
        """Room for ``rows`` tasks at a stage, and for ``answers`` completed ones."""
        if rows + 1 > len(self.bucket):
            size = rows * 3 // 2 + 64
            self.service = np.empty(size)
            self.bucket = np.empty(size, np.uint32)
            self.order = np.empty(size, np.uint32)
        if answers > len(self.answered_uid):
            self.answered_uid = np.empty(answers * 3 // 2, np.int64)
            self.answered_meta = np.empty(answers * 3 // 2, np.int32)


@dataclass(slots=True)
class TaskFlow:
    """All tasks that are on their way, and the stations that they pass.

    Attributes:
        demand: the stream of arrivals.
        fleet: the agents.
        hierarchy: which cluster is under which zone and node.
        network: the mesh.
        mesh: the mesh's parameters for kernels; its arrays follow the network.
        ingress: how ingress stations serve.
        dispatch: how dispatch stations serve.
        rule: how a cluster is chosen.
        handing: when tasks are handed up.
        clusters: rules of the clusters.
        cache: result caches.
        keys: Philox keys of the streams of network and dispatch.
        locality: share of tasks whose home is their entry node.
        local_s: latency between a node and its clusters, s.
        attempts: times that a task is begun at most.
        sample_key: Philox key of the instants at which numbers present are sampled.
        ledger: what happened in the tick.
        hands: the tasks in the agents' hands.
        state: figures of each cluster.
    """

    demand: Demand
    fleet: Fleet
    hierarchy: Hierarchy
    network: Network
    mesh: Mesh
    ingress: Station
    dispatch: Station
    rule: DispatchRule
    handing: Handing
    clusters: Rule
    cache: Cache
    keys: tuple[np.uint64, np.uint64]
    locality: float
    local_s: float
    attempts: int
    sample_key: np.uint64
    ledger: Ledger
    hands: Hands
    state: ClusterState
    ingress_servers: Servers
    dispatch_servers: Servers
    pools: tuple[Pool, Pool, Pool] = field(default_factory=lambda: (Pool(), Pool(), Pool()))
    spare: list[Pool] = field(default_factory=lambda: [Pool(), Pool(), Pool()])
    scratch: Scratch = field(default_factory=Scratch)
    pointer: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _seen: tuple[int, int] = (-1, -1)
    _by_node: tuple[Ints32, Ints32] = ()  # type: ignore[assignment]
    _by_zone: tuple[Ints32, Ints32] = ()  # type: ignore[assignment]
    _offsets: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _home_share: Floats = field(default_factory=lambda: np.zeros(0))
    _later: int = 0
    _capability: Floats = field(default_factory=lambda: np.zeros((0, 6)))

    def tick(self, begin: float, end: float, probe: float) -> None:
        """Move all tasks from ``begin`` to ``end``; what happened stands in the ledger.

        Args:
            begin: s.
            end: s.
            probe: s, instant at which the numbers present are sampled; outside the tick if none.
        """
        self._refresh()
        count = self.ledger.count
        self.demand.draw_until(end, self.pools[0])
        rows = sum(pool.n for pool in self.pools)
        self.scratch.reserve(rows, (rows + len(self.fleet)) * self.clusters.answers)
        for i in range(3):
            self.pools[i].reserve(rows)
            self.spare[i].reserve(rows)
        self._to_homes(self._station(0, begin, end, probe))
        self._to_clusters(self._station(1, begin, end, probe))
        self._serve(begin, end, probe)
        width = self.demand.bin_s
        settle(self.ledger, int(begin / width + 1e-9), int(end / width + 1e-9))
        count[Count.IN_TRANSIT] += self._later
        count[Count.SAMPLES] += begin <= probe < end

    def _station(self, stage: int, begin: float, end: float, probe: float) -> int:
        """Serve ingress (0) or dispatch (1); the tasks served stand behind those in the next pool."""
        s, pool, spare, target = self.scratch, self.pools[stage], self.spare[stage], self.pools[stage + 1]
        rows = self.demand.profile.rows
        n_done, n_rest, spare.n = run_stage(
            self.ingress if stage == 0 else self.dispatch,
            self.ingress_servers if stage == 0 else self.dispatch_servers,
            begin, end, probe, pool.tasks, pool.n,
            rows.dispatch_s if stage == 1 and rows is not None else _NONE,
            self.keys[stage], self.demand.marks.deadline_s, target.tasks, target.n, self._offsets,
            spare.tasks, (s.bucket, s.order, s.service), self.ledger,
        )  # fmt: skip
        if stage == 1:
            self._later = spare.n - n_rest
        self._swap(stage)
        return n_done

    def _swap(self, stage: int) -> None:
        pools = list(self.pools)
        pools[stage], self.spare[stage] = self.spare[stage], pools[stage]
        self.pools = (pools[0], pools[1], pools[2])

    def _to_homes(self, n: int) -> None:
        pool, marks = self.pools[1], self.demand.marks
        load, room = self._node_loads() if self.handing.on else (_NONE, _NONE)
        rows = self.demand.profile.rows
        homes = Homes(
            self.locality, self._home_share, load, room,
            self.handing.node_load if self.handing.on else np.inf, self.handing.decision_s,
            rows.home if rows is not None else _NO_HOMES,
        )  # fmt: skip
        pool.n += leave_entry(
            pool.tasks, pool.n, n, self.mesh, homes, self.cache, marks.key, self.keys[0], marks.deadline_s,
            self.ledger,
        )  # fmt: skip

    def _node_loads(self) -> tuple[Floats, Floats]:
        ready = np.maximum(self.hierarchy.node_sums(self.state.ready), 0.5)
        held = self.hierarchy.node_sums(self.state.waiting + self.state.in_service)
        return held / ready, 1.0 / ready

    def _to_clusters(self, n: int) -> None:
        pool = self.pools[2]
        choice, delay = np.empty(n, np.int32), np.zeros(n)
        rows = self.demand.profile.rows
        if rows is not None and len(rows.cluster):
            choice[:] = rows.cluster[pool.tasks.uid[pool.n : pool.n + n] & 0xFFFFFF]
        else:
            self._choose(n, choice, delay)
        pool.n += to_clusters(
            pool.tasks, pool.n, n, choice, delay, self.local_s, self.mesh.task_bytes, self.mesh.control_bytes,
            self.ledger,
        )  # fmt: skip

    def _choose(self, n: int, choice: Ints32, delay: Floats) -> None:
        pool = self.pools[2]
        done = Tasks._make(column[pool.n : pool.n + n] for column in pool.tasks)
        kinds = np.empty(n, np.int64)
        types_of(done.meta, n, self.demand.marks.class_type, kinds)
        offsets, members = self._by_node
        view = DispatchView(
            done.uid, kinds, done.work, self._offsets, offsets, members,
            self.state.waiting + self.state.in_service, np.zeros(self.fleet.clusters, np.int64),
            self.state.ready, self.state.backlog_s.copy(), self._capability, self.pointer, self.keys[1],
            choice, delay,
            self.ledger.messages, self.mesh.control_bytes, self.local_s,
        )  # fmt: skip
        self.rule.choose(view)
        if self.handing.on:
            load, room = np.empty(self.fleet.clusters), np.empty(self.fleet.clusters)
            loads(view, load, room)
            h, (zone_offsets, zone_members) = self.handing, self._by_zone
            hand_up(
                view, h.cluster_load, h.zone_load, h.decision_s, self.hierarchy.zone_of_cluster, zone_offsets,
                zone_members, load, room, self.ledger,
            )  # fmt: skip

    def _serve(self, begin: float, end: float, probe: float) -> None:
        s, pool, spare = self.scratch, self.pools[2], self.spare[2]
        offsets = np.empty(self.fleet.clusters + 1, np.int64)
        s.reserve(max(pool.n, self.fleet.clusters), 0)
        spare.reserve(pool.n)
        line_up(pool.tasks, pool.n, begin, end, offsets, s.bucket, s.order)
        n_rest, answered = serve_clusters(
            begin, end, probe, pool.tasks, s.order, offsets, spare.tasks, self.fleet.rows, self.hands,
            self.state, self.clusters, self.demand.marks, s.answered_uid, s.answered_meta, s.bucket,
            self.ledger,
        )  # fmt: skip
        spare.n = keep_later(pool.tasks, pool.n, end, spare.tasks, n_rest)
        self._later += spare.n - n_rest
        self._swap(2)
        if self.cache.size:
            remember_answers(s.answered_uid, s.answered_meta, answered, self.cache, self.demand.marks.key)

    def _refresh(self) -> None:
        """Rebuild what mirrors network, hierarchy and fleet, if they changed."""
        self.network.refresh()
        seen = (self.network.version, self.fleet.version)
        if seen == self._seen:
            return
        n = self.network
        next_hop, link_s = n.next_hop.copy(), n.link_s.copy()
        next_hop[~n.alive] = next_hop[:, ~n.alive] = -1
        np.fill_diagonal(link_s, 0.0)
        self.mesh = self.mesh._replace(next_hop=next_hop, link_s=link_s, alive=n.alive)
        offsets, members = self.hierarchy.clusters_of_node()
        full = self.fleet.size[members] > 0
        kept = np.concatenate([[0], np.cumsum(full)])
        self._by_node = (kept[offsets].astype(np.int32), members[full])
        self._by_zone = self.hierarchy.clusters_of_zone()
        self._offsets = np.empty(n.nodes + 1, np.int64)
        share = np.cumsum(self.hierarchy.node_sums(self.fleet.size) * n.alive).astype(np.float64)
        self._home_share = share / share[-1] if share[-1] > 0 else np.arange(1, len(share) + 1) / len(share)
        rows = self.fleet.rows
        present = (rows.uid > 0) & np.isfinite(rows.free_at)
        speed = np.where(present, 1.0 / rows.slowness, 0.0)
        self._capability = np.einsum("qs,qks->qk", speed, rows.skill) / 255.0
        self._seen = seen

    def interrupt(self, rows: Ints, now: float) -> int:
        """Take the tasks out of these agents' hands and put them back into their clusters' queues.

        They stand behind those that wait. A task that was begun as often as it may be is dropped with the
        reason ``attempts``.

        Args:
            rows: rows of the fleet.
            now: s, a tick's begin.

        Returns:
            Tasks interrupted.
        """
        state = self.fleet.column("state")[rows]
        held = rows[(state == BUSY) | (state == DRAINING)]
        if not len(held):
            return 0
        h = Hands(*(column.reshape(-1)[held] for column in self.hands))
        again = Tasks(
            at=np.full(len(held), np.nextafter(now, -np.inf)), arrived=h.arrived, uid=h.uid, work=h.work,
            back=h.back, meta=h.meta + np.int32(1 << ATTEMPT_SHIFT),
            place=(held // self.fleet.slots).astype(np.int32),
        )  # fmt: skip
        tried = (again.meta >> ATTEMPT_SHIFT) & 15
        keep = tried < self.attempts
        self.ledger.count[Count.INTERRUPTED] += len(held)
        self.ledger.count[Count.DROPPED_ATTEMPTS] += int((~keep).sum())
        for uid in h.uid[~keep]:
            if sampled(uid, self.ledger.log_below[0]):
                note(self.ledger, uid, DROP, now, int(Count.DROPPED_ATTEMPTS))
        pool, old = self.pools[2], self.pools[2].used()
        pool.replace(
            Tasks._make(
                np.concatenate([a[keep], b])
                for a, b in zip(cast(Columns, again), cast(Columns, old), strict=True)
            )
        )
        clusters = held // self.fleet.slots
        ends = np.asarray(self.fleet.column("free_at")[held] * TICKS_PER_S, np.int64)
        np.subtract.at(self.state.ends_t, clusters, ends)
        self.state.in_service[:] -= np.bincount(clusters, minlength=self.fleet.clusters)
        self.state.waiting[:] += np.bincount(clusters[keep], minlength=self.fleet.clusters)
        return len(held)

    def grow(self) -> None:
        """Follow a fleet that got more clusters."""
        more = self.fleet.clusters - len(self.state.waiting)
        if more <= 0:
            return
        self.hands = Hands(*_longer(self.hands, Hands.empty(more, self.fleet.slots)))
        self.state = ClusterState(*_longer(self.state, ClusterState.empty(more)))


def _longer(old: Columns, more: Columns) -> list[np.ndarray[Any, Any]]:
    return [np.concatenate(pair) for pair in zip(old, more, strict=True)]


@kernel
def types_of(meta: Ints32, n: int, class_type: Ints, out: Ints) -> None:
    """`[n]` intelligence type that each task asks for."""
    for i in range(n):
        out[i] = class_type[task_class(meta[i])]


@kernel
def to_clusters(
    tasks: Tasks,
    begins: int,
    n: int,
    choice: Ints32,
    delay: Floats,
    local_s: float,
    task_bytes: int,
    control_bytes: int,
    ledger: Ledger,
) -> int:
    """Send dispatched tasks, rows ``begins`` to ``begins + n``, to their clusters; return how many went.

    The network part of their latency is logged. Each costs two messages of the hierarchy: the assignment, and
    the report of its end.
    """
    count, hist = ledger.count, ledger.hist[1]
    below = ledger.log_below[0]
    at, arrived_at, uid = tasks.at[begins:], tasks.arrived[begins:], tasks.uid[begins:]
    back, place = tasks.back[begins:], tasks.place[begins:]
    m = 0
    network = 0
    for i in range(n):
        if choice[i] < 0:
            count[_UNREACHABLE] += 1
            if sampled(uid[i], below):
                note(ledger, uid[i], 9, at[i], _UNREACHABLE)
            continue
        if m != i:  # some had nowhere to go
            copy_task(tasks, begins + i, tasks, begins + m)
        t = at[m] + (local_s + delay[i])
        at[m] = t
        place[m] = choice[i]
        took = t - arrived_at[m] + np.float64(back[m])
        network += steps(took)
        hist[bin_of(took)] += 1
        if sampled(uid[m], below):
            note(ledger, uid[m], 6, t, choice[i])
        m += 1
    count[_NETWORK_T] += network
    messages = ledger.messages
    for column in range(4):
        messages[3, column] += 2 * m
    messages[3, 4] += m * (task_bytes + control_bytes)
    messages[3, 5] += 2 * m * steps(local_s)
    return m


_UNREACHABLE, _NETWORK_T = int(Count.DROPPED_UNREACHABLE), int(Count.NETWORK_T)
