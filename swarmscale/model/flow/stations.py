"""A node's ingress and dispatch stations: FIFO single servers that may serve in batches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Floats, Indices, Ints, Ints32, kernel
from ...rng import unit
from .arrivals import words_of
from .grouping import in_runs, keep, line_up, line_up_blocks, list_later
from .laws import sample
from .ledger import Count, Ledger, note, sampled, steps, tell
from .tasks import Blocks, Tasks, sendings, take_card, task_class

WAIT_T = np.array([int(Count.INGRESS_WAIT_T), int(Count.DISPATCH_WAIT_T)])
BUSY_T = np.array([int(Count.INGRESS_BUSY_T), int(Count.DISPATCH_BUSY_T)])
DONE = np.array([int(Count.INGRESS_DONE), int(Count.DISPATCHED)])
FULL = np.array([int(Count.DROPPED_INGRESS_FULL), int(Count.DROPPED_DISPATCH_FULL)])
SAMPLED = np.array([int(Count.SAMPLED_INGRESS), int(Count.SAMPLED_DISPATCH)])
_ARRIVED, _WORK_T = int(Count.ARRIVED), int(Count.WORK_ARRIVED_T)
_BLOCK = 1024
WAITING = np.array([int(Count.WAITING_INGRESS), int(Count.WAITING_DISPATCH)])


class Station(NamedTuple):
    """How the stations of one stage serve.

    Attributes:
        stage: 0 for ingress, 1 for dispatch.
        service_s: mean service time of a task, s.
        overhead_s: added once for each batch, s.
        how: law of the service time, see :mod:`laws`.
        body: `[4097]` its table.
        tail: `[4097]` its table's last cell.
        batch: tasks served together at most.
        bound: tasks that may wait; more are dropped.
    """

    stage: int
    service_s: float
    overhead_s: float
    how: int
    body: Floats
    tail: Floats
    batch: int
    bound: int


class Servers(NamedTuple):
    """What the stations of one stage remember.

    Attributes:
        free_at: `[K]` s, end of the batch served last.
        in_service: `[K]` tasks in that batch.
        busy_t: `[K]` time in service begun so far, in 2**-20 s.
    """

    free_at: Floats
    in_service: Ints
    busy_t: Ints


class Scratch(NamedTuple):
    """Buffers that hold nothing between ticks, `[rows]` each.

    Attributes:
        line: rows of tasks in the order in which a stage serves them.
        served: rows of tasks that a stage has served.
        row: rows of the tasks that go to clusters.
        home: home nodes.
        cluster: clusters.
        bucket: `[2 rows + 1]` for sorting.
        service: s.
        time: s, when tasks are at their clusters.
    """

    line: Indices
    served: Indices
    row: Indices
    home: Indices
    cluster: Ints32
    bucket: Indices
    service: Floats
    time: Floats


def scratch_of(rows: int) -> Scratch:
    """Buffers for so many tasks."""
    return Scratch(
        np.empty(rows, np.uint32),
        np.empty(rows, np.uint32),
        np.empty(rows, np.uint32),
        np.empty(rows, np.uint32),
        np.empty(rows, np.int32),
        np.empty(2 * rows + 1, np.uint32),
        np.empty(rows),
        np.empty(rows),
    )


@kernel
def run_ingress(
    station: Station, servers: Servers, begin: float, end: float, probe: float, tasks: Tasks, n: int,
    key: np.uint64, deadline_s: Floats, served: Indices, rest: Tasks, scratch: Scratch, ledger: Ledger,
) -> tuple[int, int]:  # fmt: skip
    """One tick of ingress: line up its tasks, count those that arrive, serve them, keep the others.

    Args:
        station: how its stations serve.
        servers: what they remember, changed in place.
        begin: s.
        end: s.
        probe: s, instant at which the number present is sampled; outside the tick if none.
        tasks: tasks at ingress, the first ``n`` rows; ``at`` of those served becomes the end of their service.
        n: rows in use.
        key: Philox key of the stage's stream.
        deadline_s: `[C]` s.
        served: `[n]` out: rows of the tasks served, by node and in time order.
        rest: out: tasks that still wait, then those that come later.
        scratch: buffers.
        ledger: counts, sampled log.

    Returns:
        Tasks served, and rows in ``rest``.
    """
    if passes_through(station, servers, tasks, n, end, ledger):
        for i in range(n):
            served[i] = i
        arrived(tasks, served, n, begin, deadline_s, ledger)
        hand_through(station, servers, begin, end, probe, tasks, n, ledger)
        return n, 0
    line = scratch.line
    offsets = np.empty(len(servers.free_at) + 1, np.int64)
    due = n
    if not in_runs(tasks.at, tasks.place, n, end, offsets, line):
        due = line_up(tasks.at, tasks.place, n, begin, end, offsets, scratch.bucket, line)
    arrived(tasks, line, due, begin, deadline_s, ledger)
    known = due if due == n else list_later(tasks.at, 0, n, end, line, due)
    service_times(station, tasks.uid, n, key, scratch.service)
    n_served, waiting = serve_stations(
        station, servers, begin, end, probe, tasks.at, tasks.uid, line, offsets, scratch.service, served,
        offsets.copy(), ledger,
    )  # fmt: skip
    kept = keep(tasks, line, 0, waiting, rest, 0)
    return n_served, keep(tasks, line, due, known, rest, kept)


@kernel
def run_dispatch(
    station: Station, servers: Servers, begin: float, end: float, probe: float, blocks: Blocks, begins: Ints,
    ends: Ints, given_s: Floats, key: np.uint64, served: Indices, served_offsets: Ints, rest: Tasks,
    scratch: Scratch, ledger: Ledger,
) -> tuple[int, int, int]:  # fmt: skip
    """One tick of dispatch, whose tasks lie node by node; see :func:`run_ingress`.

    Args:
        station: how its stations serve.
        servers: what they remember, changed in place.
        begin: s.
        end: s.
        probe: s, instant at which the number present is sampled; outside the tick if none.
        blocks: tasks at dispatch or on their way to it.
        begins: `[K]` first row of each node's tasks.
        ends: `[K]` one behind the last.
        given_s: `[R]` s, service time of each row of a replayed list, or empty.
        key: Philox key of the stage's stream.
        served: out: rows of the tasks served, by node and in time order.
        served_offsets: `[K + 1]` out: where each node's begin.
        rest: out: tasks that still wait, then those that come later.
        scratch: buffers.
        ledger: counts, sampled log.

    Returns:
        Tasks served, tasks that wait, and rows in ``rest``.
    """
    line, service, at, uid = scratch.line, scratch.service, blocks.at, blocks.uid
    nodes = len(begins)
    offsets = np.empty(nodes + 1, np.int64)
    due = line_up_blocks(at, uid, begins, ends, begin, end, offsets, scratch.bucket, line)
    known = due
    for k in range(nodes):
        first, last = begins[k], ends[k]
        known = list_later(at, first, last, end, line, known)
        if len(given_s) > 0:
            for i in range(first, last):
                service[i] = given_s[uid[i] & 0xFFFFFF]
        else:
            service_times(station, uid[first:last], last - first, key, service[first:last])
    n_served, waiting = serve_stations(
        station, servers, begin, end, probe, at, uid, line, offsets, service, served, served_offsets, ledger
    )
    kept = keep_cards(blocks, line, 0, waiting, begins, rest, 0)
    return n_served, waiting, keep_cards(blocks, line, due, known, begins, rest, kept)


@kernel
def keep_cards(
    blocks: Blocks, line: Indices, first: int, last: int, begins: Ints, rest: Tasks, n_rest: int
) -> int:
    """Like :func:`keep` for tasks that lie node by node: their place is the block in which they lie."""
    for x in range(first, last):
        i = line[x]
        k = len(begins) - 1
        while begins[k] > i:
            k -= 1
        take_card(blocks.cards, i, blocks.at[i], k, rest, n_rest)
        n_rest += 1
    return n_rest


@kernel
def arrived(tasks: Tasks, line: Indices, n: int, begin: float, deadline_s: Floats, ledger: Ledger) -> None:
    """Count the tasks in line that arrived in this tick, their work, and when they are due; not those sent anew."""
    count, due = ledger.count, ledger.due
    per_s, ring = ledger.bins_per_s[0], len(ledger.due) - 1
    came, meta = tasks.arrived, tasks.meta
    below = ledger.log_below[0]
    at, works, uid, place = tasks.at, tasks.work, tasks.uid, tasks.place
    number = 0
    work = 0
    for j in range(n):
        i = line[j]
        new = int(at[i] >= begin) & int(sendings(uid[i]) == 0)
        number += new
        work += new * steps(works[i])
    room = np.empty(_BLOCK, np.int64)
    last, many = 0, 0  # most fall into the bin of the one before
    for first in range(0, n, _BLOCK):
        m = min(_BLOCK, n - first)
        mine = line[first : first + m]
        for x in range(m):
            i = mine[x]
            b = int((came[i] + deadline_s[task_class(meta[i])]) * per_s) & ring
            room[x] = b if at[i] >= begin and sendings(uid[i]) == 0 else -1
        for x in range(m):
            b = room[x]
            if b != last and b >= 0:
                due[last] += many
                last, many = b, 0
            many += b >= 0
    due[last] += many
    if below != np.uint64(0):
        for j in range(n):
            i = line[j]
            if at[i] >= begin and sendings(uid[i]) == 0 and sampled(uid[i], below):
                note(ledger, uid[i], 0, at[i], place[i])
    count[_ARRIVED] += number
    count[_WORK_T] += work


@kernel
def passes_through(
    station: Station, servers: Servers, tasks: Tasks, n: int, end: float, ledger: Ledger
) -> bool:
    """Whether a stage that takes no time has just to hand on its tasks as they lie.

    They must all be due, in time order at each node, and not be logged one by one.
    """
    if station.service_s > 0.0 or station.overhead_s > 0.0 or station.stage != 0:
        return False
    if station.batch > 1 or n > station.bound or ledger.log_below[0] != np.uint64(0):
        return False
    at, place = tasks.at, tasks.place
    falls = 0
    for i in range(1, n):
        falls += at[i] < at[i - 1]
    if falls == 0 and n > 0 and at[0] >= servers.free_at.max() and at[n - 1] < end:
        return True  # they are in order even all together
    latest = servers.free_at.copy()
    for i in range(n):
        p = np.uint32(place[i])
        t = at[i]
        if t >= end or t < latest[p]:
            return False
        latest[p] = t
    return True


@kernel
def hand_through(
    station: Station, servers: Servers, begin: float, end: float, probe: float, tasks: Tasks, n: int,
    ledger: Ledger,
) -> None:  # fmt: skip
    """Hand on the tasks of a stage that takes no time: what :func:`serve_stations` comes to then."""
    free_at, in_service = servers.free_at, servers.in_service
    if begin <= probe < end:
        for k in range(len(free_at)):
            ledger.count[SAMPLED[station.stage]] += in_service[k] * (probe < free_at[k])
    at, place = tasks.at, tasks.place
    for i in range(n):
        p = np.uint32(place[i])
        free_at[p] = at[i]
        in_service[p] = 1
    ledger.count[DONE[station.stage]] += n


@kernel
def serve_stations(
    station: Station,
    servers: Servers,
    begin: float,
    end: float,
    probe: float,
    at: Floats,
    uid: Ints,
    line: Indices,
    offsets: Ints,
    service: Floats,
    served: Indices,
    served_offsets: Ints,
    ledger: Ledger,
) -> tuple[int, int]:
    """Serve the tasks that reached each node's station before ``end``, first come first served.

    A service begins when the server is free and a task is there; it takes all that wait then, up to the
    batch size. Services that would begin at ``end`` or later are left to the next tick, so the result does
    not depend on where ticks end. Where tasks are served singly, none can be dropped and none is logged, the
    ends are Lindley's recursion and nothing else.

    Args:
        station: how they serve.
        servers: what they remember, changed in place.
        begin: s, begin of the tick; tasks that came before it were let in already.
        end: s, end of the tick.
        probe: s, instant at which the number present is sampled; outside the tick if none.
        at: `[rows]` s, when tasks are there; of those served it becomes the end of their service.
        uid: `[rows]` their keys.
        line: `[n]` rows of those that arrive before ``end``, by node and in time order; afterwards it begins with
            the rows of those that still wait.
        offsets: `[K + 1]` where each node's tasks begin in ``line``.
        service: `[rows]` service time of each task in s.
        served: out: rows of the tasks served, by node and in time order.
        served_offsets: `[K + 1]` out: where each node's begin.
        ledger: counts, sampled log.

    Returns:
        Tasks served, and tasks that wait.
    """
    n_served = 0
    n_rest = 0
    stage = station.stage
    batch, bound, overhead = station.batch, station.bound, station.overhead_s
    server_free, in_service, server_busy = servers.free_at, servers.in_service, servers.busy_t
    busy_all = 0
    wait_all = 0
    seen = 0
    count = ledger.count
    below = ledger.log_below[0]
    probing = begin <= probe < end
    instant = probe if probing else -np.inf
    for k in range(len(offsets) - 1):
        head = offsets[k]
        tail = head
        last = offsets[k + 1]
        served_offsets[k] = n_served
        free = server_free[k]
        if probing and probe < free:
            seen += in_service[k]
        if batch == 1 and below == np.uint64(0) and last - head <= bound:
            tail = last
            busy_t = 0
            mine, done = line[head:last], served[n_served:]
            for x in range(len(mine)):
                i = mine[x]
                t = at[i]
                start = max(free, t)
                if start >= end:
                    break
                free = start + (overhead + service[i])
                s0 = steps(start)
                busy_t += steps(free) - s0
                wait_all += s0 - steps(t)
                seen += (t <= instant) & (instant < free)
                at[i] = free
                done[x] = i
                head += 1
            if head > offsets[k]:
                in_service[k] = 1
            n_served += head - offsets[k]
            server_busy[k] += busy_t
            busy_all += busy_t
        else:
            for j in range(head, last + 1):
                now = at[line[j]] if j < last else end
                while head < tail:
                    start = max(free, at[line[head]])
                    if start >= now:
                        break
                    m = 0
                    span = overhead
                    while head + m < tail and m < batch and at[line[head + m]] <= start:
                        span += service[line[head + m]]
                        m += 1
                    free = start + span
                    s0 = steps(start)
                    server_busy[k] += steps(free) - s0
                    busy_all += steps(free) - s0
                    in_service[k] = m
                    for x in range(head, head + m):
                        i = line[x]
                        wait_all += s0 - steps(at[i])
                        seen += (at[i] <= instant) & (instant < free)
                        if sampled(uid[i], below):
                            note(ledger, uid[i], 1 + 3 * stage, start, k)
                            note(ledger, uid[i], 2 + 3 * stage, free, k)
                        at[i] = free
                        served[n_served] = i
                        n_served += 1
                    head += m
                if j < last:
                    i = line[j]
                    if tail - head >= bound and now >= begin and (tail > head or free > now):
                        count[FULL[stage]] += 1
                        tell(ledger, uid[i], now, FULL[stage])
                        if sampled(uid[i], below):
                            note(ledger, uid[i], 9, now, FULL[stage])
                    else:
                        line[tail] = i
                        tail += 1
        count[WAITING[stage]] += tail - head
        for x in range(head, tail):
            seen += at[line[x]] <= instant
            line[n_rest] = line[x]
            n_rest += 1
        server_free[k] = free
    served_offsets[len(offsets) - 1] = n_served
    count[DONE[stage]] += n_served
    count[BUSY_T[stage]] += busy_all
    count[WAIT_T[stage]] += wait_all
    count[SAMPLED[stage]] += seen
    return n_served, n_rest


@kernel
def service_times(station: Station, uids: Ints, n: int, key: np.uint64, out: Floats) -> None:
    """Service times of ``n`` tasks, drawn for each in blocks that stay in the nearest cache.

    Args:
        station: the law.
        uids: `[n]` keys of the tasks.
        n: tasks.
        key: Philox key of the stage's stream.
        out: `[n]` s.
    """
    how, mean, body, tail = station.how, station.service_s, station.body, station.tail
    if how == 0 or mean == 0.0:
        out[:n] = mean
        return
    a, b, c, d = (
        np.empty(_BLOCK, np.uint64),
        np.empty(_BLOCK, np.uint64),
        np.empty(_BLOCK, np.uint64),
        np.empty(_BLOCK, np.uint64),
    )
    for first in range(0, n, _BLOCK):
        m = min(_BLOCK, n - first)
        mine = out[first : first + m]
        words_of(uids[first:], m, 2, key, a, b, c, d)
        for i in range(m):
            mine[i] = unit(a[i], b[i])
        for i in range(m):
            mine[i] = mean * sample(how, body, tail, mine[i])
