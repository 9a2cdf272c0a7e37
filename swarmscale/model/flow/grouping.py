"""Bring tasks that reach a stage into the order in which it serves them."""

from __future__ import annotations

from ...arrays import Floats, Indices, Ints, Ints32, kernel
from .tasks import Tasks, copy_task


@kernel
def line_up(
    source: Tasks, n: int, begin: float, end: float, offsets: Ints, bucket: Indices, order: Indices
) -> int:
    """List the tasks that are due before ``end`` by place and, at each place, by time.

    A counting sort by place; if that leaves a place out of time order, a bucket sort by time as well: as many
    buckets as tasks at a place, then insertion; linear for arrivals that are spread over the tick. Tasks at the
    same instant keep their order.

    Args:
        source: tasks, the first ``n`` rows.
        n: rows in use.
        begin: s.
        end: s.
        offsets: `[places + 1]` out: where each place begins.
        bucket: `[max(n, places) + 1]` scratch.
        order: `[n]` out: rows of the due tasks.

    Returns:
        Number of tasks due.
    """
    places = len(offsets) - 1
    at, place = source.at, source.place
    for p in range(places + 1):
        offsets[p] = 0
    late = 0
    for i in range(n):
        late += at[i] >= end
    if late == 0:
        for i in range(n):
            offsets[place[i] + 1] += 1
    else:
        for i in range(n):
            offsets[place[i] + 1] += at[i] < end
    for p in range(places):
        offsets[p + 1] += offsets[p]
        bucket[p] = offsets[p]
    due = offsets[places]
    for i in range(n):
        if at[i] < end:
            p = place[i]
            order[bucket[p]] = i
            bucket[p] += 1
    falls = 0
    for p in range(places):
        for j in range(offsets[p] + 1, offsets[p + 1]):
            falls += at[order[j]] < at[order[j - 1]]
    if falls > 0:
        by_time(at, place, n, begin, end, offsets, bucket, order)
    return due


@kernel
def by_time(
    at: Floats,
    place: Ints32,
    n: int,
    begin: float,
    end: float,
    offsets: Ints,
    bucket: Indices,
    order: Indices,
) -> None:
    """The bucket sort of :func:`line_up`; ``offsets`` is given."""
    places = len(offsets) - 1
    due = offsets[places]
    for i in range(due + 1):
        bucket[i] = 0
    scale = 1.0 / (end - begin)
    for i in range(n):
        if at[i] < end:
            p = place[i]
            m = offsets[p + 1] - offsets[p]
            x = int(max(at[i] - begin, 0.0) * scale * m)
            bucket[offsets[p] + min(x, m - 1) + 1] += 1
    for i in range(due):
        bucket[i + 1] += bucket[i]
    for i in range(n):
        if at[i] < end:
            p = place[i]
            m = offsets[p + 1] - offsets[p]
            x = offsets[p] + min(int(max(at[i] - begin, 0.0) * scale * m), m - 1)
            order[bucket[x]] = i
            bucket[x] += 1
    for p in range(places):
        for j in range(offsets[p] + 1, offsets[p + 1]):
            i = order[j]
            t = at[i]
            k = j
            while k > offsets[p] and at[order[k - 1]] > t:
                order[k] = order[k - 1]
                k -= 1
            order[k] = i


@kernel
def keep_later(source: Tasks, n: int, end: float, rest: Tasks, n_rest: int) -> int:
    """Add the tasks that reach their place at ``end`` or later behind those that wait; returns the rows then."""
    at = source.at
    for i in range(n):
        if at[i] >= end:
            copy_task(source, i, rest, n_rest)
            n_rest += 1
    return n_rest
