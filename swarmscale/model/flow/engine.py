"""The task flow: one tick of ingress, mesh, dispatch and clusters, from buffers to ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from ...agents.fleet import BUSY, DRAINING, HELPING, IDLE, RECOVERING, RETIRED, Fleet
from ...agents.hierarchy import Hierarchy
from ...arrays import Bools, Floats, Ints, Ints32
from .border import Border, unpack
from .caching import go_out_of_date
from .delegation import hand_up, loads
from .demand import Demand
from .desk import Desk
from .dispatch import DispatchRule, DispatchView, in_proportion
from .hands import ClusterState, Hands, Rule
from .ledger import DROP, TICKS_PER_S, Count, Ledger, note, sampled, tell_all
from .lessons import Lessons, note_cuts
from .network import Network
from .stations import Servers, Station
from .stealing import steal
from .tasks import ATTEMPT_SHIFT, SENDING_SHIFT, Columns, Pool, Tasks, blank
from .travel import Cache, Homes, Mesh, remember_answers
from .way import enter_clusters, enter_dispatch, enter_homes, enter_stations

_NONE = np.empty(0)
_NO_HOMES = np.empty(0, np.int32)
CRIPPLED = 0.25
"""Share of a node's agents under repair from which it is sent no more than its ready agents can take."""
BOUNDLESS = np.int64(1) << 40
"""Room of a node that lets everything in."""
SHED = -2
"""In place of a cluster: the task is not let in."""


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
        lessons: counters of what there is to learn from; without rows where nobody learns.
        pace: `[Q, 6]` s that a cluster is thought to need for a second of work of each type, for rules that ask.
        trust: `[Q]` share of its tasks that it is thought to finish at the first attempt.
        told: `[5, K]` ready agents, members, tasks held, room and agents under repair of each node, as entry
            nodes know them: from the beginning of the last tick.
        border: what lies between this flow and nodes that are elsewhere; None if all are here.
        shut: `[Q]` clusters to which nothing new is sent.
        room: `[K]` tasks that each node may let into its clusters in a tick; others are dropped as shed.
        interrupted: `[Q]` tasks taken out of agents' hands so far.
        down: `[Q]` agents that failed or are under repair; empty where none is.
        turns_back: whether tasks whose home is held to be out of reach get another one.
        change_key: Philox key of the changes by which answers go out of date.
        change_per_s: times a second that the answer to a key goes out of date.
        steals: whether idle agents take tasks that wait elsewhere.
        steal_after_s: time that a task must have waited before, s.
        hop_s: time that each hop takes beyond the link's latency, s: transfer and compression.
        missed: tasks that did not get through in the last tick and are to be sent anew, and why: places in the counts.
        ready: idle and busy agents at the last tick's end.
        busy: agents with a task then.
        helping: agents at a part of another's task then.
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
    spare: tuple[Pool, Pool, Pool] = field(default_factory=lambda: (Pool(), Pool(), Pool()))
    ready: int = 0
    busy: int = 0
    helping: int = 0
    pointer: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    lessons: Lessons = field(default_factory=lambda: Lessons.empty(0, 1, 1))
    pace: Floats = field(default_factory=lambda: np.ones((0, 6)))
    trust: Floats = field(default_factory=lambda: np.ones(0))
    told: Ints = field(default_factory=lambda: np.zeros((5, 0), np.int64))
    border: Border | None = None
    shut: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    room: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    interrupted: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    down: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    turns_back: bool = False
    change_key: np.uint64 = field(default_factory=lambda: np.uint64(0))
    change_per_s: float = 0.0
    steals: bool = False
    steal_after_s: float = 0.0
    hop_s: float = 0.0
    missed: tuple[Tasks, Ints] = field(default_factory=lambda: (blank(0), np.empty(0, np.int64)))
    _shut: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    _missed: int = 0
    _begin: float = 0.0
    _span: float = 1.0
    _seen: tuple[int, int] = (-1, -1)
    _ready: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _by_node: tuple[Ints32, Ints32] = ()  # type: ignore[assignment]
    _draws: tuple[Ints32, Ints32] = ()  # type: ignore[assignment]
    _by_zone: tuple[Ints32, Ints32] = ()  # type: ignore[assignment]
    _offsets: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _desk: Desk = field(default_factory=Desk)
    _capability: Floats = field(default_factory=lambda: np.zeros((0, 6)))

    def tick(self, begin: float, end: float, probe: float) -> None:
        """Move all tasks from ``begin`` to ``end``; what happened stands in the ledger.

        Args:
            begin: s.
            end: s.
            probe: s, instant at which the numbers present are sampled; outside the tick if none.
        """
        self._begin, self._span = begin, end - begin
        self._refresh()
        if self.cache.size and self.change_per_s > 0:
            go_out_of_date(self, begin, end)
        if self.steals:
            steal(self, begin, ~self.shut if len(self.shut) else None)
        self.demand.draw_until(end, self.pools[0])
        rows = sum(pool.n for pool in self.pools)
        desk = self._desk
        answers = rows + len(self.fleet) if self.clusters.answers else 0
        desk.reserve(max(rows, self.fleet.clusters, self.network.nodes), answers)
        for spare in self.spare:
            spare.reserve(rows)
        n = self._to_dispatch(begin, end, probe)
        self._choose(n)
        self._let_in(n)
        self._serve(n, begin, end, probe)
        self.pools, self.spare = self.spare, self.pools
        missed = slice(0, self._missed)
        self.missed = (
            Tasks._make(column[missed] for column in cast(Columns, desk.missed)),
            desk.reasons[missed],
        )

    @property
    def resends(self) -> bool:
        """Whether tasks that do not get through are kept to be sent anew."""
        return self._desk.resends

    @resends.setter
    def resends(self, value: bool) -> None:
        self._desk.resends = value

    def _to_dispatch(self, begin: float, end: float, probe: float) -> int:
        """Ingress, the way over the mesh and dispatch; return how many tasks leave dispatch."""
        now = self.node_figures()
        if self.border is not None:
            return self._over_the_border(self.border, now, begin, end, probe)
        ingress, coming, _ = self.pools
        desk, rows = self._desk, self.demand.profile.rows
        n, self.spare[0].n, self.spare[1].n, self._missed = enter_dispatch(
            begin, end, probe, tuple(ingress.tasks), ingress.n, tuple(coming.tasks), coming.n,
            desk.blocks.plain(), tuple(self.spare[0].tasks), tuple(self.spare[1].tasks), tuple(self.ingress),
            tuple(self.ingress_servers), tuple(self.dispatch), tuple(self.dispatch_servers),
            rows.dispatch_s if rows is not None else _NONE, self.keys, tuple(self.demand.marks), tuple(self.mesh),
            tuple(self._homes()), tuple(self.cache), tuple(desk.rows), self._offsets, tuple(desk.seen),
            rows.cluster if rows is not None else _NO_HOMES, desk.choice, tuple(desk.missed), desk.reasons,
            tuple(self.ledger),
        )  # fmt: skip
        self.told = now
        return n

    def _over_the_border(self, border: Border, now: Ints, begin: float, end: float, probe: float) -> int:
        """The same where some nodes are elsewhere: tasks cross over between ingress and dispatch."""
        ingress, coming, waiting = self.pools
        desk, rows, nodes = self._desk, self.demand.profile.rows, self.network.nodes
        begins, ends = np.empty(nodes, np.int64), np.empty(nodes, np.int64)
        self.spare[0].n, self._missed = enter_homes(
            begin, end, probe, tuple(ingress.tasks), ingress.n, tuple(blank(1)), desk.blocks.plain(), begins, ends,
            tuple(self.spare[0].tasks), tuple(self.ingress), tuple(self.ingress_servers), self.keys,
            tuple(self.demand.marks), tuple(self.mesh), tuple(self._homes()), tuple(self.cache), tuple(desk.rows),
            tuple(desk.missed), desk.reasons, tuple(self.ledger),
        )  # fmt: skip
        tasks, counts, self.told = border.cross(desk.blocks, begins, ends, now)
        self.ledger.count[Count.SAMPLES] += border.first and begin <= probe < end
        total = len(tasks) + coming.n + waiting.n
        desk.reserve(total, total + len(self.fleet) if self.clusters.answers else 0)
        for spare in self.spare[1:]:
            spare.reserve(total)
        unpack(coming.tasks, coming.n, tasks, tasks.view(np.float64), counts, desk.blocks, begins, ends)
        n, self.spare[1].n = enter_stations(
            begin, end, probe, desk.blocks.plain(), begins, ends, tuple(self.spare[1].tasks), tuple(self.dispatch),
            tuple(self.dispatch_servers), rows.dispatch_s if rows is not None else _NONE, self.keys[1],
            tuple(self.demand.marks), tuple(desk.rows), self._offsets, tuple(desk.seen),
            rows.cluster if rows is not None else _NO_HOMES, desk.choice, tuple(self.ledger),
        )  # fmt: skip
        return n

    def node_figures(self) -> Ints:
        """`[5, K]` ready agents, members, tasks held, room, and agents under repair of each node, as they are now."""
        state, sums = self.state, self.hierarchy.node_sums
        out = np.empty((5, self.network.nodes), np.int64)
        out[0] = sums(state.ready)
        out[1] = sums(self.fleet.size)
        out[2] = sums(state.waiting + state.in_service)
        out[3] = self.room if len(self.room) else BOUNDLESS
        out[4] = sums(self.down) if len(self.down) else 0
        return out

    @property
    def crippled(self) -> Bools:
        """`[K]` nodes so many of whose agents are under repair that they cannot take what they take else."""
        _, members, _, _, down = self.told
        return np.asarray((down > CRIPPLED * members) & (members > 0), np.bool_)

    def _homes(self) -> Homes:
        """The rule for the home node, by what entry nodes were told of the others in the last tick."""
        rows, h, (ready, members, held, left, down) = self.demand.profile.rows, self.handing, self.told
        weight = (ready if ready.any() else members) * self.network.known
        share = np.cumsum(weight).astype(np.float64)
        share = share / share[-1] if share[-1] > 0 else np.arange(1, len(share) + 1) / len(share)
        admits = np.ones(len(ready))
        load = room = admits
        if h.on:  # else nobody asks how loaded nodes are
            room = 1.0 / np.maximum(ready, 0.5)
            load = np.where(ready > 0, held * room, np.inf)
        if self.turns_back and (ready.min() == 0 or left.min() < BOUNDLESS or down.any()):
            asked = np.maximum(self._asked(share), 1e-9)
            admits = np.minimum(admits, left / asked)
            fair = ready / max(int(ready.sum()), 1) / (asked / asked.sum())
            admits = np.where(ready == 0, 0.0, np.where(self.crippled, np.minimum(admits, fair), admits))
        return Homes(
            self.locality, share, load, room, h.node_load if h.on else np.inf, h.decision_s,
            rows.home if rows is not None else _NO_HOMES, admits, bool(0.0 < admits.max() > admits.min()),
        )  # fmt: skip

    def _asked(self, share: Floats) -> Floats:
        """`[K]` tasks of a tick that are expected to ask for each node as their home."""
        first = np.diff(np.concatenate([[0.0], self.demand.entry_share]))
        others = np.diff(np.concatenate([[0.0], share]))
        return np.asarray(
            self.demand.rate_at(self._begin)
            * self._span
            * (self.locality * first + (1.0 - self.locality) * others)
        )

    def _choose(self, n: int) -> None:
        """Let the rule choose a cluster for each of the tasks that leave dispatch."""
        desk, rows = self._desk, self.demand.profile.rows
        uid, kinds, work = desk.seen.uid[:n], desk.seen.type[:n], desk.seen.work[:n]
        choice, delay = desk.choice[:n], desk.delay[:n]
        delay[:] = 0.0
        if rows is not None and len(rows.cluster):
            return  # the list says them
        offsets, members = self._by_node
        view = DispatchView(
            uid, kinds, work, self._offsets, offsets, members, *self._draws,
            self.state.waiting + self.state.in_service, np.zeros(self.fleet.clusters, np.int64),
            self.state.ready, self.state.backlog_s.copy(), self._capability, self.pointer, self.keys[1],
            choice, delay, self.pace, self.trust,
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

    def _let_in(self, n: int) -> None:
        """Turn away what nodes have no room for, the last to come first; what is sent anew was let in once already."""
        if not len(self.room):
            return
        desk = self._desk
        for k in np.flatnonzero(np.diff(self._offsets) > self.room).tolist():
            first, end = int(self._offsets[k]), int(self._offsets[k + 1])
            sent = desk.blocks.uid[desk.rows.served[first:end]] >> SENDING_SHIFT
            new = first + np.flatnonzero(sent == 0)
            desk.choice[new[max(len(new) - (end - first - int(self.room[k])), 0) :]] = SHED

    def _serve(self, n: int, begin: float, end: float, probe: float) -> None:
        """Send the tasks to their clusters and serve these."""
        desk, waiting, rest, marks = self._desk, self.pools[2], self.spare[2], self.demand.marks
        rest.n, answered, self.ready = enter_clusters(
            begin, end, probe, desk.blocks.plain(), n, tuple(waiting.tasks), waiting.n, desk.choice, desk.delay,
            self.local_s, self.mesh.task_bytes, self.mesh.control_bytes, tuple(rest.tasks), tuple(self.fleet.rows),
            self.hands.plain(), tuple(self.state), tuple(self.clusters), tuple(marks), tuple(self.lessons),
            desk.answered_uid, desk.answered_meta, tuple(desk.rows), self.demand.bin_s, tuple(self.ledger),
        )  # fmt: skip
        self.busy = int(self.ledger.count[Count.IN_SERVICE])
        if self.helping != self.ledger.count[Count.HELPING]:
            self.helping = int(self.ledger.count[Count.HELPING])
            self.clusters = self.clusters._replace(helpers=int(self.helping > 0))
        if self.cache.size:
            self._remember(desk.answered_uid[:answered], desk.answered_meta[:answered])

    def _remember(self, uid: Ints, meta: Ints32) -> None:
        """Put answers into the caches of their entry nodes, in the order in which their tasks arrived."""
        if self.border is not None:
            uid, meta = self.border.answers(uid, meta)
        order = np.argsort(uid, kind="stable")
        remember_answers(uid[order], meta[order], len(uid), self.cache, self.demand.marks.key)

    def _refresh(self) -> None:
        """Rebuild what mirrors network, hierarchy, fleet and who is ready, where they changed."""
        self.network.refresh()
        seen = (self.network.version, self.fleet.version)
        if seen != self._seen:
            self._mirror()
        changed = seen != self._seen or not np.array_equal(self.shut, self._shut)
        if changed or not np.array_equal(self.state.ready, self._ready):
            self._share_out()
        self._seen = seen

    def _mirror(self) -> None:
        """Follow network, hierarchy and the fleet's members."""
        n = self.network
        next_hop, link_s = n.next_hop.copy(), n.link_s + self.hop_s
        next_hop[~n.known] = next_hop[:, ~n.known] = -1
        np.fill_diagonal(link_s, 0.0)
        self.mesh = self.mesh._replace(
            next_hop=next_hop, link_s=link_s, alive=n.alive, known=n.known, losses=n.losses,
            loss=float(n.losses.max()), whole=not self.turns_back or bool((next_hop >= 0).all()),
        )  # fmt: skip
        self._by_zone = self.hierarchy.clusters_of_zone()
        self._offsets = np.empty(n.nodes + 1, np.int64)
        more = self.fleet.clusters - len(self.trust)
        if more > 0:  # of whom nothing is known yet
            self.pace = np.concatenate([self.pace, np.ones((more, 6))])
            self.trust = np.concatenate([self.trust, np.ones(more)])

    def _share_out(self) -> None:
        """Which clusters may be chosen at each node, and what ready agents can do.

        Clusters where somebody is ready; at a node that has none, those that have members.
        """
        self._ready = self.state.ready.copy()
        size = self.fleet.size
        if len(self.shut):
            self._shut = self.shut.copy()
            size = np.where(self.shut, 0, size)
        ready = np.where(size > 0, self._ready, 0)
        offsets, members = self.hierarchy.clusters_of_node()
        nodes = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
        none = np.bincount(nodes, ready[members] > 0, len(offsets) - 1) == 0
        full = np.where(none[nodes], size[members] > 0, ready[members] > 0)
        kept = np.concatenate([[0], np.cumsum(full)])
        self._by_node = (kept[offsets].astype(np.int32), members[full])
        of_node = none[self.hierarchy.node_of_cluster]
        self._draws = in_proportion(*self._by_node, np.where(of_node, size, ready))
        rows = self.fleet.rows
        there = (rows.state == IDLE) | (rows.state == BUSY) | (rows.state == HELPING)
        speed = np.where(there, 1.0 / self.fleet.known_slowness(), 0.0)
        self._capability = np.einsum("qs,qks->qk", speed, rows.skill) / 255.0

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
        if self.helping:
            self._lose_helpers(rows, now)
        state = self.fleet.column("state")[rows]
        held = rows[(state == BUSY) | (state == DRAINING)]
        if not len(held):
            return 0
        h = self.hands
        again = Tasks(
            at=np.full(len(held), np.nextafter(now, -np.inf)),
            arrived=h.arrived.reshape(-1)[held],
            uid=h.uid.reshape(-1)[held],
            work=h.work.reshape(-1)[held],
            back=h.back.reshape(-1)[held],
            meta=h.meta.reshape(-1)[held] + np.int32(1 << ATTEMPT_SHIFT),
            place=(held // self.fleet.slots).astype(np.int32),
        )
        if self.lessons.on:
            before = h.meta.reshape(-1)[held]
            note_cuts(self.lessons, held, self.fleet.rows.uid, before, self.demand.marks.class_type)
        tried = (again.meta >> ATTEMPT_SHIFT) & 15
        keep = tried < self.attempts
        self.ledger.count[Count.INTERRUPTED] += len(held)
        if len(self.interrupted):
            self.interrupted += np.bincount(held // self.fleet.slots, minlength=len(self.interrupted))
        self.ledger.count[Count.DROPPED_ATTEMPTS] += int((~keep).sum())
        tell_all(self.ledger, again.uid[~keep], now, int(Count.DROPPED_ATTEMPTS))
        for uid in again.uid[~keep]:
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

    def helped_by(self, rows: Ints) -> Ints:
        """Rows of the agents who have the tasks that these agents work at parts of, ascending."""
        if not self.helping:
            return np.empty(0, np.int64)
        state, uid, slots = self.fleet.column("state"), self.hands.uid.reshape(-1), self.fleet.slots
        found: set[int] = set()
        for row in rows[state[rows] == HELPING].tolist():
            first = row // slots * slots
            mine = slice(first, first + slots)
            has = ((state[mine] == BUSY) | (state[mine] == DRAINING)) & (uid[mine] == uid[row])
            found.update((first + np.flatnonzero(has)).tolist())
        return np.array(sorted(found), np.int64)

    def _lose_helpers(self, rows: Ints, now: float) -> None:
        """The tasks that agents worked at parts of go back; those who had them are free."""
        others = np.setdiff1d(self.helped_by(rows), rows)
        if len(others):
            self.interrupt(others, now)
            state = self.fleet.column("state")
            state[others] = np.where(state[others] == DRAINING, RETIRED, IDLE)

    def take_out(self, rows: Ints, ready_s: float | Floats | None = None) -> None:
        """Take the tasks out of the hands of busy agents, for good.

        Args:
            rows: rows of the fleet.
            ready_s: `[n]` s, until when each is kept from other tasks, as if under repair; None: it is idle at once.
        """
        clusters, free_at = rows // self.fleet.slots, self.fleet.column("free_at")
        np.subtract.at(self.state.ends_t, clusters, np.asarray(free_at[rows] * TICKS_PER_S, np.int64))
        self.state.in_service[:] -= np.bincount(clusters, minlength=self.fleet.clusters)
        self.fleet.column("state")[rows] = IDLE if ready_s is None else RECOVERING
        if ready_s is not None:
            free_at[rows] = ready_s

    def put_off(self, rows: Ints, free_s: Floats) -> None:
        """Let the tasks in the hands of busy agents end at other times, s."""
        clusters, free_at = rows // self.fleet.slots, self.fleet.column("free_at")
        gain = np.asarray(free_s * TICKS_PER_S, np.int64) - np.asarray(free_at[rows] * TICKS_PER_S, np.int64)
        np.add.at(self.state.ends_t, clusters, gain)
        free_at[rows] = free_s

    def skills_changed(self) -> None:
        """Look anew at what agents can do before the next tick."""
        self._seen = (-1, -1)

    def grow(self) -> None:
        """Follow a fleet that got more clusters."""
        more = self.fleet.clusters - len(self.state.waiting)
        if more <= 0:
            return
        self.hands = self.hands.longer(more)
        self.state = ClusterState(*_longer(self.state, ClusterState.empty(more)))
        self.lessons = self.lessons.longer(more)
        for name in ("shut", "interrupted", "down"):
            mine = getattr(self, name)
            if len(mine):
                setattr(self, name, np.concatenate([mine, np.zeros(more, mine.dtype)]))


def _longer(old: Columns, more: Columns) -> list[np.ndarray[Any, Any]]:
    return [np.concatenate(pair) for pair in zip(old, more, strict=True)]
