"""Tasks that faults led astray: lost in stopped nodes, cut off from their entry node, past their deadline."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING, cast

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ...agents.fleet import BUSY
from ...arrays import Bools, Ints, Ints32
from ..flow.ledger import FINISH, RESPONSE, Count, bin_of, note, sampled, steps, tell
from ..flow.stations import arrived
from ..flow.tasks import ENTRY_SHIFT, MAX_NODES, Columns, Pool, Tasks
from ..sharding.parcels import packed, unpacked
from .copies import Copies
from .sending import joined, origins, units_of, with_entry

if TYPE_CHECKING:
    from .engine import Resilience


def entries(meta: Ints32) -> Ints:
    """`[n]` entry nodes of tasks."""
    return ((meta >> ENTRY_SHIFT) & (MAX_NODES - 1)).astype(np.int64)


def take_from(pool: Pool, which: Bools) -> Tasks:
    """Take rows out of a buffer of tasks; the others keep their order."""
    used = pool.used()
    out = Tasks._make(column[which].copy() for column in cast(Columns, used))
    pool.replace(Tasks._make(column[~which].copy() for column in cast(Columns, used)))
    return out


def from_stopped_nodes(of: Resilience, begin: float, end: float) -> None:
    """Let entry nodes send anew what waits in stopped nodes or comes to them in this tick.

    What comes to a node that is known to be dead enters at another one at once.
    """
    stopped = ~np.array(
        [of.flow.network.graph.nodes[k]["up"] for k in range(of.flow.network.nodes)], np.bool_
    )
    if not stopped.any():
        return
    of.flow.network.refresh()
    _divert(of, stopped & ~of.flow.network.known, begin, end)
    for number in (0, 1):
        pool = of.flow.pools[number]
        used = pool.used()
        which = stopped[used.place] & (used.at < end)
        if not which.any():
            continue
        lost = take_from(pool, which)
        new = lost.at >= begin
        if number == 0 and new.any():  # they arrive, though nobody takes them in
            count_arrivals(of, Tasks._make(column[new] for column in cast(Columns, lost)), begin)
        lost.at[:] = np.maximum(lost.at, begin)
        for k in np.unique(lost.place).tolist():
            mine = Tasks._make(column[lost.place == k] for column in cast(Columns, lost))
            incident = min(of.routes.stopped.get(k, {-1: 0.0}))
            of.fates.send_anew(mine, np.full(len(mine.uid), int(Count.DROPPED_RETRIES)), incident)


def _divert(of: Resilience, dead: Bools, begin: float, end: float) -> None:
    """Let tasks that come to nodes known to be dead enter at others, drawn by their keys."""
    live = np.flatnonzero(of.flow.network.known)
    used = of.flow.pools[0].used()
    rows = np.flatnonzero(dead[used.place] & (used.at >= begin) & (used.at < end))
    if not len(rows) or not len(live):
        return
    drawn = np.empty(len(rows))
    units_of(used.uid[rows], of.sending.key ^ np.uint64(2), drawn)
    place = live[(drawn * len(live)).astype(np.int64)].astype(np.int32)
    used.place[rows] = place
    used.meta[rows] = with_entry(used.meta[rows], place)


def count_arrivals(of: Resilience, tasks: Tasks, begin: float) -> None:
    """Count tasks as arrived that no ingress station takes in; those sent anew were counted before."""
    first = tasks.uid == origins(tasks.uid)
    mine = Tasks._make(np.ascontiguousarray(column[first]) for column in cast(Columns, tasks))
    line = np.arange(len(mine.uid), dtype=np.uint32)
    arrived(mine, line, len(line), begin, of.flow.demand.marks.deadline_s, of.flow.ledger)


def components(of: Resilience) -> Ints:
    """`[K]` which part of the mesh each node is in, over links that carry; -1 for stopped nodes."""
    graph = of.flow.network.graph
    nodes = of.flow.network.nodes
    up = np.array([graph.nodes[k]["up"] for k in range(nodes)], np.bool_)
    live = [(a, b) for a, b, link in graph.edges(data=True) if link["up"] and up[a] and up[b]]
    ends = np.array(live, np.int64).reshape(-1, 2)
    matrix = csr_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(nodes, nodes))
    _, labels = connected_components(matrix, directed=False)
    return np.where(up, labels, -1).astype(np.int64)


def cut_off(of: Resilience, part: Ints) -> None:
    """Deal with tasks whose answers cannot reach their entry node, since the mesh fell into parts.

    What agents have in hands goes on as a copy out of sight; what waits is not begun there. Their entry nodes send
    all of them anew.
    """
    flow, fleet = of.flow, of.fleet
    node_of = flow.hierarchy.node_of_cluster.astype(np.int64)
    state = fleet.column("state")
    rows = np.flatnonzero(state == BUSY)
    if of.agents.silent:
        rows = np.setdiff1d(rows, np.fromiter(of.agents.silent, np.int64))
    meta = flow.hands.meta.reshape(-1)
    rows = rows[apart(part, node_of[rows // fleet.slots], entries(meta[rows]))]
    lots = [_from_hands(of, rows)]
    _copy(of, rows)
    flow.take_out(rows, fleet.column("free_at")[rows].copy())
    for number in (1, 2):
        pool = flow.pools[number]
        used = pool.used()
        node = used.place.astype(np.int64) if number == 1 else node_of[used.place]
        which = apart(part, node, entries(used.meta))
        if which.any():
            lost = take_from(pool, which)
            if number == 2:
                flow.state.waiting[:] -= np.bincount(lost.place, minlength=fleet.clusters)
            lost.at[:] = np.maximum(lost.at, of.now_s)
            lots.append(lost)
    back = to_entries(of, reduce(joined, lots))
    if len(back.uid):
        of.fates.send_anew(back, np.full(len(back.uid), int(Count.DROPPED_RETRIES)), of.fates.blamed_now())


def to_entries(of: Resilience, tasks: Tasks) -> Tasks:
    """Bring tasks to the shards of their entry nodes; all shards call it together. By their keys."""
    territory = of.territory
    if not territory.alone:
        owner = np.searchsorted(territory.bounds, entries(tasks.meta), side="right") - 1
        parcels = [
            packed({name: column[owner == rank] for name, column in tasks._asdict().items()})
            for rank in range(territory.size)
        ]
        tasks = reduce(joined, [Tasks(**unpacked(part)) for part in of.model.shard.exchange.trade(parcels)])
    order = np.argsort(tasks.uid, kind="stable")
    return Tasks._make(column[order] for column in cast(Columns, tasks))


def apart(part: Ints, node: Ints, entry: Ints) -> Bools:
    """`[n]` whether two nodes that answer are in different parts of the mesh."""
    return np.asarray((part[node] >= 0) & (part[entry] >= 0) & (part[node] != part[entry]), np.bool_)


def _from_hands(of: Resilience, rows: Ints) -> Tasks:
    h = of.flow.hands
    return Tasks(
        at=np.full(len(rows), of.now_s),
        arrived=h.arrived.reshape(-1)[rows],
        uid=h.uid.reshape(-1)[rows],
        work=h.work.reshape(-1)[rows],
        back=h.back.reshape(-1)[rows],
        meta=h.meta.reshape(-1)[rows],
        place=(rows // of.fleet.slots).astype(np.int32),
    )


def _copy(of: Resilience, rows: Ints) -> None:
    h, fleet, marks = of.flow.hands, of.fleet, of.flow.demand.marks
    meta = h.meta.reshape(-1)[rows]
    of.copies.add(
        origin=origins(h.uid.reshape(-1)[rows]),
        row=rows,
        cluster=rows // fleet.slots,
        entry=entries(meta),
        done_s=fleet.column("free_at")[rows],
        arrived=h.arrived.reshape(-1)[rows],
        back=h.back.reshape(-1)[rows],
        service=h.service.reshape(-1)[rows],
        useful=h.work.reshape(-1)[rows] * of.agents.made(rows),
        limit=marks.deadline_s[meta & 15],
    )


def deliver(of: Resilience, part: Ints) -> bool:
    """Let the answers of copies through whose entry node can be reached again; each task counts once.

    All shards call it together. Returns whether there are still copies in any of them.
    """
    copies, exchange = of.copies, of.model.shard.exchange
    node = of.flow.hierarchy.node_of_cluster.astype(np.int64)[copies.cluster]
    ready = (copies.done_s <= of.now_s) & ~apart(part, node, copies.entry) & (part[copies.entry] >= 0)
    come = copies.take(ready)
    parts = exchange.gather(come.origin)
    everyone = np.concatenate(parts)
    if len(everyone):
        found = np.sum(exchange.gather(withdraw(of, everyone).astype(np.int64)), axis=0) > 0
        first = sum(len(lot) for lot in parts[: exchange.rank])
        there = found[first : first + len(come)]
        of.flow.ledger.count[Count.DUPLICATES] += int((~there).sum())
        for i in np.flatnonzero(there).tolist():
            _count_answer(of, come, i)
    return of.model.crew.total(len(copies)) > 0


def withdraw(of: Resilience, origin: Ints) -> Bools:
    """Withdraw tasks wherever they wait or are worked at; whether each was still there."""
    found = np.zeros(len(origin), np.bool_)
    lots: list[Ints] = []
    if len(of.sending):
        which = np.isin(origins(of.sending.tasks.uid), origin)
        lots.append(origins(of.sending.take(which).uid))
    for number, pool in enumerate(of.flow.pools):
        which = np.isin(origins(pool.used().uid), origin)
        if which.any():
            out = take_from(pool, which)
            lots.append(origins(out.uid))
            if number == 2:
                of.flow.state.waiting[:] -= np.bincount(out.place, minlength=of.fleet.clusters)
    state, uid = of.fleet.column("state"), of.flow.hands.uid.reshape(-1)
    rows = np.flatnonzero(state == BUSY)
    rows = rows[np.isin(origins(uid[rows]), origin)]
    if len(rows):
        lots.append(origins(uid[rows]))
        of.cancel(rows)
    for lot in lots:
        found |= np.isin(origin, lot)
    return found


def _count_answer(of: Resilience, come: Copies, i: int) -> None:
    """Count the answer of a copy as that of its task."""
    ledger, state = of.flow.ledger, of.flow.state
    took = max(float(come.done_s[i]), of.now_s) + float(come.back[i]) - float(come.arrived[i])
    useful = steps(float(come.useful[i]))
    for which, value in (
        (Count.COMPLETED, 1),
        (Count.RESPONSE_T, steps(took)),
        (Count.SERVICE_T, steps(float(come.service[i]))),
        (Count.USEFUL_T, useful),
        (Count.LATE, int(took > come.limit[i])),
    ):
        ledger.count[which] += value
    ledger.hist[RESPONSE, bin_of(took)] += 1
    tell(ledger, int(come.origin[i]), float(come.arrived[i]) + took, int(Count.COMPLETED))
    if sampled(int(come.origin[i]), ledger.log_below[0]):
        at = max(float(come.done_s[i]), of.now_s)
        note(ledger, int(come.origin[i]), FINISH, at, int(come.row[i]))
    if took <= come.limit[i]:
        due = int((come.arrived[i] + come.limit[i]) * ledger.bins_per_s[0])
        ledger.met[due & (len(ledger.met) - 1)] += 1
    q = int(come.cluster[i])
    state.completed[q] += 1
    state.response_t[q] += steps(took)
    state.useful_t[q] += useful


def expire(of: Resilience, now: float) -> None:
    """Cancel tasks past the deadline of their class where they wait, at nodes, in clusters, and to be sent anew."""
    limit = of.flow.demand.marks.deadline_s

    def late(tasks: Tasks) -> Bools:
        return np.asarray((tasks.arrived + limit[tasks.meta & 15] < now) & (tasks.at < now), np.bool_)

    for number, pool in enumerate(of.flow.pools):
        which = late(pool.used())
        if which.any():
            out = take_from(pool, which)
            if number == 2:
                of.flow.state.waiting[:] -= np.bincount(out.place, minlength=of.fleet.clusters)
            of.fates.drop(out.uid, Count.DROPPED_EXPIRED, now)
    waiting = of.sending.tasks
    which = np.asarray(waiting.arrived + limit[waiting.meta & 15] < now, np.bool_)
    if which.any():
        of.fates.drop(of.sending.take(which).uid, Count.DROPPED_EXPIRED, now)
    rows = np.flatnonzero(of.fleet.column("state") == BUSY)
    h = of.flow.hands
    over = h.arrived.reshape(-1)[rows] + limit[h.meta.reshape(-1)[rows] & 15] < now
    if over.any():
        rows = rows[over]
        of.fates.drop(h.uid.reshape(-1)[rows], Count.DROPPED_EXPIRED, now)
        of.cancel(rows)
