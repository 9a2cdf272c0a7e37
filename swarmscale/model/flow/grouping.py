"""Bring tasks that reach a stage into the order in which it serves them."""

from __future__ import annotations

import numpy as np

from ...arrays import Floats, Indices, Ints, Ints32, kernel
from .tasks import Tasks, copy_task


@kernel
def line_up(
    at: Floats, place: Ints32, n: int, begin: float, end: float, offsets: Ints, bucket: Indices, order: Indices
) -> int:  # fmt: skip
    """List the tasks that are due before ``end`` by place and, at each place, by time.

    A counting sort by place; if that leaves a place out of time order, a bucket sort by time as well: up to
    two buckets for each task at a place, then insertion; linear for arrivals that are spread over the tick.
    Tasks at the same instant keep their order.

    Args:
        at: `[n]` s, when each task is at its place.
        place: `[n]` 0 up to the number of places.
        n: tasks.
        begin: s.
        end: s.
        offsets: `[places + 1]` out: where each place begins.
        bucket: `[max(2 n, places) + 1]` scratch.
        order: `[n]` out: numbers of the due tasks.

    Returns:
        Number of tasks due.
    """
    places = len(offsets) - 1
    for p in range(places + 1):
        offsets[p] = 0
    for i in range(n):
        offsets[np.uint32(place[i]) + np.uint32(1)] += at[i] < end
    latest = np.empty(places)
    longest = 0
    for p in range(places):
        longest = max(longest, offsets[p + 1])
        offsets[p + 1] += offsets[p]
        bucket[p] = offsets[p]
        latest[p] = -np.inf
    falls = 0
    for i in range(n):
        t = at[i]
        if t < end:
            q = np.uint32(place[i])
            order[bucket[q]] = i
            bucket[q] += np.uint32(1)
            falls += t < latest[q]
            latest[q] = t
    if falls > 0:
        rows, number, time, risen = room_to_sort(longest)
        for p in range(places):
            by_time(
                at, order[offsets[p] : offsets[p + 1]], begin, end, bucket, rows, number, time, risen
            )  # fmt: skip
    return int(offsets[places])


@kernel
def in_runs(at: Floats, place: Ints32, n: int, end: float, offsets: Ints, order: Indices) -> bool:
    """Do the work of :func:`line_up` for tasks in two runs by place and time: those that waited, then others.

    That is how most lie at ingress. Returns False, with nothing done, if they do not lie so or some come
    at ``end`` or later.
    """
    places = len(offsets) - 1
    late = unsorted = turns = turn = 0
    for i in range(n):
        late += at[i] >= end
    for i in range(1, n):
        before, here = place[i - 1], place[i]
        turns += here < before
        turn += i * (here < before)
        unsorted += (here == before) & (at[i] < at[i - 1])
    if late > 0 or unsorted > 0 or turns > 1:
        return False
    i, j, m = 0, turn, 0
    for p in range(places):
        offsets[p] = m
        while i < turn and place[i] == p:
            order[m] = i
            i += 1
            m += 1
        if i > 0 and j < n and place[i - 1] == p and place[j] == p and at[j] < at[i - 1]:
            return False
        while j < n and place[j] == p:
            order[m] = j
            j += 1
            m += 1
    offsets[places] = m
    return True


@kernel
def line_up_blocks(
    at: Floats, uid: Ints, begins: Ints, ends: Ints, begin: float, end: float, offsets: Ints, bucket: Indices,
    order: Indices,
) -> int:  # fmt: skip
    """Like :func:`line_up` for tasks that lie place by place already: place p's are ``begins[p]`` to ``ends[p]``.

    Tasks at the same instant stand by their keys, whichever way they came.
    """
    places = len(begins)
    longest = 0
    for p in range(places):
        longest = max(longest, ends[p] - begins[p])
    rows, number, time, risen = room_to_sort(longest)
    m = 0
    for p in range(places):
        offsets[p] = m
        n = 0
        for i in range(begins[p], ends[p]):
            t = at[i]
            rows[n] = i
            time[n] = t
            n += t < end
        sort(n, begin, end, order[m : m + n], bucket, rows, number, time, risen)
        by_key(uid, order[m : m + n], risen)
        m += n
    offsets[places] = m
    return m


@kernel
def by_key(uid: Ints, line: Indices, time: Floats) -> None:
    """Order those of a line in time order that stand at the same instant by their keys."""
    ties = 0
    for x in range(1, len(line)):
        ties += time[x] == time[x - 1]
    if ties == 0:
        return
    for x in range(1, len(line)):
        i = line[x]
        y = x
        while y > 0 and time[y - 1] == time[x] and uid[line[y - 1]] > uid[i]:
            line[y] = line[y - 1]
            y -= 1
        line[y] = i


@kernel
def room_to_sort(longest: int) -> tuple[Indices, Indices, Floats, Floats]:
    """Scratch for :func:`by_time`."""
    return (
        np.empty(longest + 1, np.uint32),
        np.empty(longest + 1, np.uint32),
        np.empty(longest + 1, np.float64),
        np.empty(longest + 1, np.float64),
    )


@kernel
def by_time(
    at: Floats, line: Indices, begin: float, end: float, bucket: Indices, rows: Indices, number: Indices,
    time: Floats, risen: Floats,
) -> None:  # fmt: skip
    """Put one place's line in time order: see :func:`line_up`; the last four are scratch."""
    for j in range(len(line)):
        rows[j] = line[j]
        time[j] = at[line[j]]
    sort(len(line), begin, end, line, bucket, rows, number, time, risen)


@kernel
def sort(
    m: int, begin: float, end: float, line: Indices, bucket: Indices, rows: Indices, number: Indices,
    time: Floats, risen: Floats,
) -> None:  # fmt: skip
    """Write ``m`` rows into the line by their times: two buckets for each, then insertion."""
    one = np.uint32(1)
    buckets = min(2 * m, len(bucket) - 1)  # the more there are, the less is left to insertion
    for x in range(buckets):
        bucket[x] = 0
    scale = buckets / (end - begin)
    highest = buckets - 1.0
    for j in range(m):
        number[j] = np.uint32(min(max(time[j] - begin, 0.0) * scale, highest))
    for j in range(m):
        bucket[number[j]] += one
    run = np.uint32(0)
    for x in range(buckets):
        run, bucket[x] = run + bucket[x], run
    for j in range(m):
        b = number[j]
        k = bucket[b]
        bucket[b] = k + one
        line[k] = rows[j]
        risen[k] = time[j]
    for j in range(1, m):
        t = risen[j]
        if risen[j - 1] <= t:
            continue
        i = line[j]
        k = j
        while k > 0 and risen[k - 1] > t:
            risen[k] = risen[k - 1]
            line[k] = line[k - 1]
            k -= 1
        risen[k] = t
        line[k] = i


@kernel
def list_later(at: Floats, first: int, last: int, end: float, line: Indices, m: int) -> int:
    """Add the rows from ``first`` to ``last`` that come at ``end`` or later behind ``m`` others; return the number."""
    for i in range(first, last):
        if at[i] >= end:
            line[m] = i
            m += 1
    return m


@kernel
def keep(source: Tasks, line: Indices, first: int, last: int, rest: Tasks, n_rest: int) -> int:
    """Add the tasks in line from ``first`` to ``last`` behind those in ``rest``; return the rows then."""
    for x in range(first, last):
        copy_task(source, line[x], rest, n_rest)
        n_rest += 1
    return n_rest
