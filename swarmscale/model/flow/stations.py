"""A node's ingress and dispatch stations: FIFO single servers that may serve in batches."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Floats, Indices, Ints, Words, kernel
from ...rng import unit
from .laws import sample
from .ledger import Count, Ledger, note, sampled, steps
from .tasks import Tasks, copy_task

WAIT_T = np.array([int(Count.INGRESS_WAIT_T), int(Count.DISPATCH_WAIT_T)])
BUSY_T = np.array([int(Count.INGRESS_BUSY_T), int(Count.DISPATCH_BUSY_T)])
DONE = np.array([int(Count.INGRESS_DONE), int(Count.DISPATCHED)])
FULL = np.array([int(Count.DROPPED_INGRESS_FULL), int(Count.DROPPED_DISPATCH_FULL)])
SAMPLED = np.array([int(Count.SAMPLED_INGRESS), int(Count.SAMPLED_DISPATCH)])
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
def service_times(station: Station, high: Words, low: Words, n: int, out: Floats) -> None:
    """Service times of ``n`` tasks from two random words each.

    Args:
        station: the law.
        high: `[n]` random words.
        low: `[n]` random words.
        n: tasks.
        out: `[n]` s.
    """
    how, mean, body, tail = station.how, station.service_s, station.body, station.tail
    for i in range(n):
        out[i] = unit(high[i], low[i])
    for i in range(n):
        out[i] = mean * sample(how, body, tail, out[i])
