"""A node's ingress and dispatch stations: FIFO single servers that may serve in batches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Floats, Indices, Ints, kernel
from ...rng import unit
from .arrivals import words_of
from .grouping import keep_later, line_up
from .laws import sample
from .ledger import Count, Ledger, note, sampled, steps
from .tasks import Tasks, copy_task, task_class

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


@kernel
def run_stage(
    station: Station, servers: Servers, begin: float, end: float, probe: float, tasks: Tasks, n: int,
    given_s: Floats, key: np.uint64, deadline_s: Floats, done: Tasks, n_done: int, done_offsets: Ints,
    rest: Tasks, scratch: tuple[Indices, Indices, Floats], ledger: Ledger,
) -> tuple[int, int, int]:  # fmt: skip
    """One tick of a stage: line up its tasks, draw their service times, serve them, keep the others.

    Args:
        station: how its stations serve.
        servers: what they remember, changed in place.
        begin: s.
        end: s.
        probe: s, instant at which the number present is sampled; outside the tick if none.
        tasks: tasks at the stage or on their way to it, the first ``n`` rows.
        n: rows in use.
        given_s: `[R]` s, service time of each row of a replayed list, or empty.
        key: Philox key of the stage's stream.
        deadline_s: `[C]` s.
        done: out: served tasks, behind the rows in use.
        n_done: rows in use in ``done``.
        done_offsets: `[K + 1]` out: where each node's served tasks begin, counted from there.
        rest: out: tasks that still wait, then those that come later.
        scratch: `[max(n, K) + 1]` each.
        ledger: counts, sampled log.

    Returns:
        Tasks served, tasks that wait, and rows in ``rest``.
    """
    bucket, order, service = scratch
    if passes_through(station, servers, tasks, n, end, ledger):
        if station.stage == 0:
            for i in range(n):
                order[i] = i
            arrived(tasks, order, n, begin, deadline_s, ledger)
        hand_through(station, servers, begin, end, probe, tasks, n, done, n_done, ledger)
        return n, 0, 0
    offsets = np.empty(len(servers.free_at) + 1, np.int64)
    due = line_up(tasks, n, begin, end, offsets, bucket, order)
    if station.stage == 0:
        arrived(tasks, order, due, begin, deadline_s, ledger)
    if len(given_s) > 0:
        uid = tasks.uid
        for i in range(n):
            service[i] = given_s[uid[i] & 0xFFFFFF]
    else:
        service_times(station, tasks.uid, n, key, service)
    served, waiting = serve_stations(
        station, servers, begin, end, probe, tasks, order, offsets, service, done, n_done, done_offsets, rest,
        ledger,
    )  # fmt: skip
    kept = waiting if due == n else keep_later(tasks, n, end, rest, waiting)
    return served, waiting, kept


@kernel
def arrived(tasks: Tasks, line: Indices, n: int, begin: float, deadline_s: Floats, ledger: Ledger) -> None:
    """Count the tasks in line that arrived in this tick, their work, and when they are due."""
    count, due = ledger.count, ledger.due
    per_s, ring = ledger.bins_per_s[0], len(ledger.due) - 1
    came, meta = tasks.arrived, tasks.meta
    below = ledger.log_below[0]
    at, works, uid, place = tasks.at, tasks.work, tasks.uid, tasks.place
    number = 0
    work = 0
    last, many = 0, 0  # most fall into the bin of the one before
    for j in range(n):
        i = line[j]
        if at[i] >= begin:
            number += 1
            work += steps(works[i])
            b = int((came[i] + deadline_s[task_class(meta[i])]) * per_s) & ring
            if b != last:
                due[last] += many
                last, many = b, 0
            many += 1
            if sampled(uid[i], below):
                note(ledger, uid[i], 0, at[i], place[i])
    due[last] += many
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
    latest = servers.free_at.copy()
    at, place = tasks.at, tasks.place
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
    done: Tasks, n_done: int, ledger: Ledger,
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
    done.at[n_done : n_done + n] = tasks.at[:n]
    done.arrived[n_done : n_done + n] = tasks.arrived[:n]
    done.uid[n_done : n_done + n] = tasks.uid[:n]
    done.work[n_done : n_done + n] = tasks.work[:n]
    done.back[n_done : n_done + n] = tasks.back[:n]
    done.meta[n_done : n_done + n] = tasks.meta[:n]
    done.place[n_done : n_done + n] = tasks.place[:n]
    ledger.count[DONE[station.stage]] += n


@kernel
def serve_stations(
    station: Station,
    servers: Servers,
    begin: float,
    end: float,
    probe: float,
    due: Tasks,
    line: Indices,
    offsets: Ints,
    service: Floats,
    done: Tasks,
    n_done: int,
    done_offsets: Ints,
    rest: Tasks,
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
        due: tasks.
        line: `[n]` rows of ``due`` that arrive before ``end``, by node and in time order; overwritten.
        offsets: `[K + 1]` where each node's tasks begin in ``line``.
        service: `[rows]` service time of each task of ``due`` in s.
        done: out: served tasks by node, behind the rows in use, ``at`` being the end of their service.
        n_done: rows in use in ``done``.
        done_offsets: `[K + 1]` out: where each node's served tasks begin, counted from there.
        rest: out: tasks that still wait, by node and in time order.
        ledger: counts, sampled log.

    Returns:
        Tasks served, and rows in ``rest``.
    """
    first_done = n_done
    n_rest = 0
    stage = station.stage
    batch, bound, overhead = station.batch, station.bound, station.overhead_s
    at, arrived, uid, work, back, meta = due.at, due.arrived, due.uid, due.work, due.back, due.meta
    d_at, d_arrived, d_uid, d_work, d_back = done.at, done.arrived, done.uid, done.work, done.back
    d_meta, d_place = done.meta, done.place
    server_free, in_service, server_busy = servers.free_at, servers.in_service, servers.busy_t
    busy_all = 0
    wait_all = 0
    seen = 0
    count = ledger.count
    below = ledger.log_below[0]
    probing = begin <= probe < end
    instant = probe if probing else -np.inf
    for k in range(len(offsets) - 1):
        done_offsets[k] = n_done - first_done
        free = server_free[k]
        if probing and probe < free:
            seen += in_service[k]
        head = offsets[k]
        tail = head
        last = offsets[k + 1]
        if batch == 1 and below == np.uint64(0) and last - head <= bound:
            tail = last
            busy_t = 0
            before = head
            mine = line[head:last]
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
                row = np.uint64(n_done + x)
                d_at[row] = free
                d_arrived[row] = arrived[i]
                d_uid[row] = uid[i]
                d_work[row] = work[i]
                d_back[row] = back[i]
                d_meta[row] = meta[i]
                d_place[row] = k
                head += 1
            n_done += head - before
            if head > before:
                in_service[k] = 1
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
                        d_at[n_done] = free
                        d_arrived[n_done] = arrived[i]
                        d_uid[n_done] = uid[i]
                        d_work[n_done] = work[i]
                        d_back[n_done] = back[i]
                        d_meta[n_done] = meta[i]
                        d_place[n_done] = k
                        n_done += 1
                    head += m
                if j < last:
                    i = line[j]
                    if tail - head >= bound and now >= begin and (tail > head or free > now):
                        count[FULL[stage]] += 1
                        if sampled(uid[i], below):
                            note(ledger, uid[i], 9, now, FULL[stage])
                    else:
                        line[tail] = i
                        tail += 1
        count[WAITING[stage]] += tail - head
        for x in range(head, tail):
            seen += at[line[x]] <= instant
            copy_task(due, line[x], rest, n_rest)
            n_rest += 1
        server_free[k] = free
    n_done -= first_done
    done_offsets[len(offsets) - 1] = n_done
    count[DONE[stage]] += n_done
    count[BUSY_T[stage]] += busy_all
    count[WAIT_T[stage]] += wait_all
    count[SAMPLED[stage]] += seen
    return n_done, n_rest


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
