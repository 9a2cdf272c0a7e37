"""The way of a tick's tasks through all stages: up to the choice of a cluster, and from it on."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...agents.fleet import Rows
from ...arrays import Floats, Ints, Ints32, kernel
from .arrivals import Marks
from .clusters import serve_clusters
from .grouping import line_up
from .hands import ClusterState, Hands, Rule
from .ledger import Count, Ledger, bin_of, note, sampled, settle, steps, tell
from .lessons import Lessons
from .stations import Scratch, Servers, Station, run_dispatch, run_ingress
from .tasks import Blocks, Cards, Tasks, card_back, card_meta, take_card, task_class, write_card
from .travel import Cache, Homes, Mesh, leave_entry

type Plain = tuple[Any, ...]

_UNREACHABLE, _NETWORK_T = int(Count.DROPPED_UNREACHABLE), int(Count.NETWORK_T)
_IN_TRANSIT, _SAMPLES, _SHED = int(Count.IN_TRANSIT), int(Count.SAMPLES), int(Count.DROPPED_SHED)


class Seen(NamedTuple):
    """What dispatch rules see of the tasks that leave dispatch, by node and in time order.

    Attributes:
        uid: `[cap]` keys.
        type: `[cap]` intelligence type that each asks for.
        work: `[cap]` s of a unit-speed agent.
    """

    uid: Ints
    type: Ints
    work: Floats


def seen_of(rows: int) -> Seen:
    """Room for so many tasks."""
    return Seen(np.empty(rows, np.int64), np.empty(rows, np.int64), np.empty(rows))


@kernel
def to_dispatch(
    begin: float, end: float, probe: float, arriving: Tasks, n_arriving: int, coming: Tasks, n_coming: int,
    blocks: Blocks, arriving_rest: Tasks, coming_rest: Tasks, ingress: Station, ingress_servers: Servers,
    dispatch: Station, dispatch_servers: Servers, given_s: Floats, keys: tuple[np.uint64, np.uint64],
    marks: Marks, mesh: Mesh, homes: Homes, cache: Cache, scratch: Scratch, offsets: Ints, seen: Seen,
    given_cluster: Ints32, choice: Ints32, missed: Tasks, reasons: Ints, ledger: Ledger,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Take tasks through ingress, over the mesh and through dispatch.

    Args:
        begin: s.
        end: s.
        probe: s, instant at which the numbers present are sampled; outside the tick if none.
        arriving: tasks at ingress or still to arrive.
        n_arriving: rows in use.
        coming: tasks that wait at dispatch or are on their way to it.
        n_coming: rows in use.
        blocks: out: those and the ones that leave ingress, node by node.
        arriving_rest: out: tasks that stay at ingress or come later.
        coming_rest: out: tasks that stay at dispatch or come later.
        ingress: how ingress stations serve.
        ingress_servers: what they remember.
        dispatch: how dispatch stations serve.
        dispatch_servers: what they remember.
        given_s: `[R]` s, dispatch time of each row of a replayed list, or empty.
        keys: Philox keys of the streams of network and dispatch.
        marks: laws of what arrivals carry.
        mesh: live shortest paths.
        homes: rule for the home node.
        cache: result caches.
        scratch: buffers; the rows of the tasks that leave dispatch stand in ``served`` afterwards.
        offsets: `[K + 1]` out: where each node's tasks begin there.
        seen: out: what rules see of them.
        given_cluster: `[R]` cluster of each row of a replayed list, or empty.
        choice: out: the clusters, if the list says them; no rule is asked then, nor shown anything.
        missed: out: tasks that did not get through and are to be sent anew; no rows if they are dropped.
        reasons: out: why.
        ledger: counts.

    Returns:
        Tasks that leave dispatch, rows in ``arriving_rest``, rows in ``coming_rest`` and rows in ``missed``.
    """
    served, deadline_s = scratch.served, marks.deadline_s
    n, n_rest = run_ingress(
        ingress, ingress_servers, begin, end, probe, arriving, n_arriving, keys[0], deadline_s, served,
        arriving_rest, scratch, ledger,
    )  # fmt: skip
    begins, ends = np.empty(len(offsets) - 1, np.int64), np.empty(len(offsets) - 1, np.int64)
    n_missed = leave_entry(
        arriving, served, n, mesh, homes, cache, marks.key, keys[0], deadline_s, scratch.home, coming, n_coming,
        blocks, begins, ends, missed, reasons, ledger,
    )  # fmt: skip
    ledger.count[_SAMPLES] += begin <= probe < end
    n, n_later = at_homes(
        begin, end, probe, blocks, begins, ends, coming_rest, dispatch, dispatch_servers, given_s, keys[1], marks,
        scratch, offsets, seen, given_cluster, choice, ledger,
    )  # fmt: skip
    return n, n_rest, n_later, n_missed


@kernel
def to_homes(
    begin: float, end: float, probe: float, arriving: Tasks, n_arriving: int, none: Tasks, blocks: Blocks,
    begins: Ints, ends: Ints, arriving_rest: Tasks, ingress: Station, ingress_servers: Servers,
    keys: tuple[np.uint64, np.uint64], marks: Marks, mesh: Mesh, homes: Homes, cache: Cache, scratch: Scratch,
    missed: Tasks, reasons: Ints, ledger: Ledger,
) -> tuple[int, int]:  # fmt: skip
    """The first half of :func:`to_dispatch`, where homes may be elsewhere: through ingress and over the mesh.

    Args:
        begin: s.
        end: s.
        probe: s.
        arriving: tasks at ingress or still to arrive.
        n_arriving: rows in use.
        none: no tasks.
        blocks: out: those that leave ingress, home by home.
        begins: `[K]` out: where each home's tasks begin.
        ends: `[K]` out: one behind the last.
        arriving_rest: out: tasks that stay at ingress or come later.
        ingress: how ingress stations serve.
        ingress_servers: what they remember.
        keys: Philox keys of the streams of network and dispatch.
        marks: laws of what arrivals carry.
        mesh: live shortest paths.
        homes: rule for the home node.
        cache: result caches.
        scratch: buffers.
        missed: out: tasks that did not get through and are to be sent anew.
        reasons: out: why.
        ledger: counts.

    Returns:
        Rows in ``arriving_rest`` and in ``missed``.
    """
    n, n_rest = run_ingress(
        ingress, ingress_servers, begin, end, probe, arriving, n_arriving, keys[0], marks.deadline_s,
        scratch.served, arriving_rest, scratch, ledger,
    )  # fmt: skip
    n_missed = leave_entry(
        arriving, scratch.served, n, mesh, homes, cache, marks.key, keys[0], marks.deadline_s, scratch.home, none, 0,
        blocks, begins, ends, missed, reasons, ledger,
    )  # fmt: skip
    return n_rest, n_missed


@kernel
def at_homes(
    begin: float, end: float, probe: float, blocks: Blocks, begins: Ints, ends: Ints, coming_rest: Tasks,
    dispatch: Station, dispatch_servers: Servers, given_s: Floats, key: np.uint64, marks: Marks, scratch: Scratch,
    offsets: Ints, seen: Seen, given_cluster: Ints32, choice: Ints32, ledger: Ledger,
) -> tuple[int, int]:  # fmt: skip
    """The second half of :func:`to_dispatch`: through dispatch, and what rules are shown; see there.

    Returns:
        Tasks that leave dispatch, and rows in ``coming_rest``.
    """
    served = scratch.served
    n, waiting, n_later = run_dispatch(
        dispatch, dispatch_servers, begin, end, probe, blocks, begins, ends, given_s, key, served, offsets,
        coming_rest, scratch, ledger,
    )  # fmt: skip
    ledger.count[_IN_TRANSIT] += n_later - waiting
    real, whole, class_type = blocks.cards.real, blocks.cards.whole, marks.class_type
    if len(given_cluster) > 0:
        for x in range(n):
            choice[x] = given_cluster[blocks.uid[served[x]] & 0xFFFFFF]
        return n, n_later
    for x in range(n):
        i = served[x]
        seen.uid[x] = whole[i, 1]
        seen.work[x] = real[i, 2]
        seen.type[x] = class_type[task_class(card_meta(whole[i, 3]))]
    return n, n_later


@kernel
def to_clusters(
    begin: float, end: float, probe: float, blocks: Blocks, n: int, waiting: Tasks, n_waiting: int, choice: Ints32,
    delay: Floats, local_s: float, task_bytes: int, control_bytes: int, rest: Tasks, fleet: Rows, hands: Hands,
    state: ClusterState, rule: Rule, marks: Marks, lessons: Lessons, answered_uid: Ints, answered_meta: Ints32,
    scratch: Scratch, bin_s: float, ledger: Ledger,
) -> tuple[int, int, int]:  # fmt: skip
    """Send dispatched tasks to their clusters and serve these; settle the deadlines that have passed.

    Args:
        begin: s.
        end: s.
        probe: s, instant at which the numbers present are sampled.
        blocks: tasks; those dispatched are the rows in ``scratch.served``, by node and in time order.
        n: how many are dispatched.
        waiting: tasks that wait in clusters or are on their way to one, by cluster and in time order.
        n_waiting: rows in use.
        choice: `[n]` cluster of each dispatched task, -1 for none, -2 if it is not let in.
        delay: `[n]` s, time that choosing took.
        local_s: latency between a node and its clusters, s.
        task_bytes: size of a task's message.
        control_bytes: size of any other message.
        rest: out: tasks that still wait in clusters, then those that reach one later.
        fleet: the agents.
        hands: their tasks.
        state: figures of each cluster.
        rule: rules of the clusters.
        marks: laws of the tasks' classes.
        lessons: counters of what there is to learn from, changed in place.
        answered_uid: `[cap]` out: keys of completed tasks, if the rule wants them.
        answered_meta: `[cap]` out.
        scratch: buffers.
        bin_s: width of the bins in which deadlines are counted, s.
        ledger: counts.

    Returns:
        Rows in ``rest``, answered tasks noted, and ready agents.
    """
    rows, time, cluster = scratch.row, scratch.time, scratch.cluster
    highest = np.int64(-1)
    for x in range(n):
        highest = max(highest, np.int64(scratch.served[x]))
    room = int(highest) + 1
    for i in range(n_waiting):
        write_card(
            blocks.cards, room + i, waiting.arrived[i], waiting.uid[i], waiting.work[i], waiting.back[i],
            waiting.meta[i],
        )  # fmt: skip
        blocks.at[room + i] = waiting.at[i]
        rows[i] = room + i
        time[i] = waiting.at[i]
        cluster[i] = waiting.place[i]
    n = n_waiting + send(
        blocks, n, choice, delay, local_s, task_bytes, control_bytes, n_waiting, scratch, ledger
    )  # fmt: skip
    offsets = np.empty(fleet.uid.shape[0] + 1, np.int64)
    line = scratch.line
    due = line_up(time, cluster, n, begin, end, offsets, scratch.bucket, line)
    for x in range(due):
        line[x] = rows[line[x]]
    n_rest, answered, ready = serve_clusters(
        begin, end, probe, blocks, line, offsets, rest, fleet, hands, state, rule, marks, lessons,
        answered_uid, answered_meta, scratch.bucket, ledger,
    )  # fmt: skip
    if due < n:
        for x in range(n):
            if time[x] >= end:
                take_card(blocks.cards, rows[x], time[x], cluster[x], rest, n_rest)
                n_rest += 1
        ledger.count[_IN_TRANSIT] += n - due
    settle(ledger, int(begin / bin_s + 1e-9), int(end / bin_s + 1e-9))
    return n_rest, answered, ready


@kernel
def send(
    blocks: Blocks, n: int, choice: Ints32, delay: Floats, local_s: float, task_bytes: int, control_bytes: int,
    first: int, scratch: Scratch, ledger: Ledger,
) -> int:  # fmt: skip
    """Send dispatched tasks to their clusters: rows, times and clusters stand in ``scratch`` from ``first`` on.

    Returns how many went.
    The network part of their latency is logged. Each costs two messages of the hierarchy: the assignment, and
    the report of its end.
    """
    count, hist = ledger.count, ledger.hist[1]
    below = ledger.log_below[0]
    at, uid, real, whole = blocks.at, blocks.uid, blocks.cards.real, blocks.cards.whole
    served, row, time, cluster = (
        scratch.served,
        scratch.row[first:],
        scratch.time[first:],
        scratch.cluster[first:],
    )
    m = 0
    for x in range(n):
        row[m] = served[x]
        cluster[m] = choice[x]
        delay[m] = delay[x]
        m += choice[x] >= 0
    if m < n:
        for x in range(n):
            i = served[x]
            if choice[x] < 0:
                reason = _UNREACHABLE if choice[x] == -1 else _SHED
                count[reason] += 1
                tell(ledger, uid[i], at[i], reason)
                if sampled(uid[i], below):
                    note(ledger, uid[i], 9, at[i], reason)
    took, network = scratch.service, 0
    for x in range(m):
        i = row[x]
        t = at[i] + (local_s + delay[x])
        at[i] = t
        time[x] = t
        took[x] = t - real[i, 0] + card_back(whole[i, 3])
    for x in range(m):
        network += steps(took[x])
        scratch.home[x] = bin_of(took[x])
    for x in range(m):
        hist[scratch.home[x]] += 1
    if below != np.uint64(0):
        for x in range(m):
            if sampled(uid[row[x]], below):
                note(ledger, uid[row[x]], 6, time[x], cluster[x])
    count[_NETWORK_T] += network
    messages = ledger.messages
    for column in range(4):
        messages[3, column] += 2 * m
    messages[3, 4] += m * (task_bytes + control_bytes)
    messages[3, 5] += 2 * m * steps(local_s)
    return m


@kernel
def enter_dispatch(
    begin: float, end: float, probe: float, arriving: Plain, n_arriving: int, coming: Plain, n_coming: int,
    blocks: Plain, arriving_rest: Plain, coming_rest: Plain, ingress: Plain, ingress_servers: Plain,
    dispatch: Plain, dispatch_servers: Plain, given_s: Floats, keys: tuple[np.uint64, np.uint64], marks: Plain,
    mesh: Plain, homes: Plain, cache: Plain, scratch: Plain, offsets: Ints, seen: Plain,
    given_cluster: Ints32, choice: Ints32, missed: Plain, reasons: Ints, ledger: Plain,
) -> tuple[int, int, int, int]:  # fmt: skip
    """:func:`to_dispatch` as Python calls it: a plain tuple crosses over in half the time of one with names."""
    return to_dispatch(
        begin, end, probe, Tasks(*arriving), n_arriving, Tasks(*coming), n_coming,
        Blocks(blocks[0], blocks[1], Cards(*blocks[2])), Tasks(*arriving_rest), Tasks(*coming_rest),
        Station(*ingress), Servers(*ingress_servers), Station(*dispatch), Servers(*dispatch_servers), given_s, keys,
        Marks(*marks), Mesh(*mesh), Homes(*homes), Cache(*cache), Scratch(*scratch), offsets, Seen(*seen),
        given_cluster, choice, Tasks(*missed), reasons, Ledger(*ledger),
    )  # fmt: skip


@kernel
def enter_homes(
    begin: float, end: float, probe: float, arriving: Plain, n_arriving: int, none: Plain, blocks: Plain,
    begins: Ints, ends: Ints, arriving_rest: Plain, ingress: Plain, ingress_servers: Plain,
    keys: tuple[np.uint64, np.uint64], marks: Plain, mesh: Plain, homes: Plain, cache: Plain, scratch: Plain,
    missed: Plain, reasons: Ints, ledger: Plain,
) -> tuple[int, int]:  # fmt: skip
    """:func:`to_homes` as Python calls it."""
    return to_homes(
        begin, end, probe, Tasks(*arriving), n_arriving, Tasks(*none),
        Blocks(blocks[0], blocks[1], Cards(*blocks[2])), begins, ends, Tasks(*arriving_rest), Station(*ingress),
        Servers(*ingress_servers), keys, Marks(*marks), Mesh(*mesh), Homes(*homes), Cache(*cache),
        Scratch(*scratch), Tasks(*missed), reasons, Ledger(*ledger),
    )  # fmt: skip


@kernel
def enter_stations(
    begin: float, end: float, probe: float, blocks: Plain, begins: Ints, ends: Ints, coming_rest: Plain,
    dispatch: Plain, dispatch_servers: Plain, given_s: Floats, key: np.uint64, marks: Plain, scratch: Plain,
    offsets: Ints, seen: Plain, given_cluster: Ints32, choice: Ints32, ledger: Plain,
) -> tuple[int, int]:  # fmt: skip
    """:func:`at_homes` as Python calls it."""
    return at_homes(
        begin, end, probe, Blocks(blocks[0], blocks[1], Cards(*blocks[2])), begins, ends, Tasks(*coming_rest),
        Station(*dispatch), Servers(*dispatch_servers), given_s, key, Marks(*marks), Scratch(*scratch), offsets,
        Seen(*seen), given_cluster, choice, Ledger(*ledger),
    )  # fmt: skip


@kernel
def enter_clusters(
    begin: float, end: float, probe: float, blocks: Plain, n: int, waiting: Plain, n_waiting: int, choice: Ints32,
    delay: Floats, local_s: float, task_bytes: int, control_bytes: int, rest: Plain, fleet: Plain, hands: Plain,
    state: Plain, rule: Plain, marks: Plain, lessons: Plain, answered_uid: Ints, answered_meta: Ints32, scratch: Plain,
    bin_s: float, ledger: Plain,
) -> tuple[int, int, int]:  # fmt: skip
    """:func:`to_clusters` as Python calls it."""
    return to_clusters(
        begin, end, probe, Blocks(blocks[0], blocks[1], Cards(*blocks[2])), n, Tasks(*waiting), n_waiting, choice,
        delay, local_s, task_bytes, control_bytes, Tasks(*rest), Rows(*fleet), Hands(Cards(*hands[0]), hands[1]),
        ClusterState(*state), Rule(*rule), Marks(*marks), Lessons(*lessons), answered_uid, answered_meta,
        Scratch(*scratch), bin_s, Ledger(*ledger),
    )  # fmt: skip
