"""Registers on a quorum: the messages of reads and writes, one after the other in simulated time.

Each cell is a register that its source alone writes. A write sends the version to all nodes and is done when W have
stored it. A read asks all nodes, takes the latest of the first R answers, and, unless W of these already hold it,
has W nodes store it before it gives it away, so that no later read can give an older one.

Source:
    Attiya, Bar-Noy & Dolev (1995), "Sharing memory robustly in message-passing systems", section 3; quorums of any
    sizes with R + W > n in place of majorities: Gifford (1979), "Weighted voting for replicated data".
"""

from __future__ import annotations

import heapq

import numpy as np

from ...arrays import Bools, Bytes, Floats, Ints, Ints32, kernel

START, STORE, STORED, ASK, ANSWER, GIVE_UP = range(6)
KIND, NODE, PHASE, COUNT, STATUS, STALE, FIRST, CELLS = range(8)
"""Columns of an operation: kind, node, 1 asking or 2 having it stored, answers or acknowledgements so far, status,
whether it was stale, first row and number of cells. A read has 1 + K blocks of rows: the result and K answers."""
SENT, DELIVERED, BYTES, NEXT = range(4)
type Event = tuple[float, int, int, int, int]
type Held = tuple[Floats, Floats, Ints32, Floats, Floats]
type Operations = tuple[Ints, Floats, Bytes]
type Carried = tuple[Ints, Floats, Floats, Ints32, Floats]
type Rules = tuple[int, int, float, int, int]
OPEN, DONE, REFUSED, GAVE_UP, ABSENT = 0, 1, 2, 3, 4


@kernel
def advance(
    end_s: float,
    latency: Floats,
    alive: Bools,
    rules: Rules,
    held: Held,
    operations: Operations,
    carried: Carried,
    event_s: Floats,
    event: Ints,
    counted: Ints,
    latency_sum: Floats,
) -> tuple[Floats, Ints, Floats]:
    """Work off all events before ``end_s`` in order of time.

    Args:
        end_s: s.
        latency: `[K, K]` s; inf where there is no path.
        alive: `[K]` nodes that are up.
        rules: R, W, the time after which an operation is given up in s, bytes of a message's header, of a cell.
        held: the replicas' versions in s, log-odds and observations `[K, M]`; `[M]` the latest version of each cell
            whose write is complete; `[K, K]` the latest of each source that a node has stored; all written.
        operations: `[n, 8]` operations, `[n]` when each ended in s, `[n, K]` whose answer has come; all written.
        carried: `[rows]` places of cells, versions in s, log-odds, observations, and the version that a read must
            give at least not to be stale; all but the places written.
        event_s: `[e]` s, events that wait.
        event: `[e, 4]` number, what, operation, node.
        counted: `[4]` messages sent, delivered, bytes sent, number of the last event; written.
        latency_sum: `[1]` s, written.

    Returns:
        Events that wait still, as ``event_s`` and ``event``, and arrivals `[a, 4]`: time, node, source, version.
    """
    heap = [(0.0, 0, 0, 0, 0) for _ in range(0)]
    for i in range(len(event_s)):
        heapq.heappush(heap, (event_s[i], event[i, 0], event[i, 1], event[i, 2], event[i, 3]))
    arrivals = [(0.0, 0, 0, 0.0) for _ in range(0)]
    ops, done_s, _ = operations
    while len(heap) > 0 and heap[0][0] < end_s:
        now, _, what, o, j = heapq.heappop(heap)
        op = ops[o]
        node = op[NODE]
        if what == START:
            begin(heap, counted, now, o, op, latency, alive, rules, held[3], carried, done_s)
        elif what == GIVE_UP:
            if op[STATUS] == OPEN:
                op[STATUS], done_s[o] = GAVE_UP, now
        elif alive[j if what in (STORE, ASK) else node] and latency[node, j] < np.inf:
            if j != node:
                counted[DELIVERED] += 1
                latency_sum[0] += latency[node, j]
            if what == STORE:
                stored_at(now, j, op, held, carried, arrivals)
                send(heap, counted, now + latency[j, node], STORED, o, j, node, rules[3])
            elif what == STORED:
                acknowledged(now, o, op, rules[1], done_s, held[3], carried)
            elif what == ASK:
                answer(j, op, held, carried)
                size = rules[3] + op[CELLS] * rules[4]
                send(heap, counted, now + latency[j, node], ANSWER, o, j, node, size)
            else:
                heard(heap, counted, now, o, j, op, latency, rules, held[3], operations, carried)
    return left_over(heap, arrivals)


@kernel
def left_over(
    heap: list[Event], arrivals: list[tuple[float, int, int, float]]
) -> tuple[Floats, Ints, Floats]:
    """Lists as arrays."""
    left_s, left = np.empty(len(heap)), np.empty((len(heap), 4), np.int64)
    for i in range(len(heap)):
        left_s[i], left[i, 0], left[i, 1], left[i, 2], left[i, 3] = heap[i]
    came = np.empty((len(arrivals), 4))
    for i in range(len(arrivals)):
        came[i, 0], came[i, 1], came[i, 2], came[i, 3] = arrivals[i]
    return left_s, left, came


@kernel
def send(
    heap: list[Event], counted: Ints, due_s: float, what: int, o: int, j: int, node: int, size: int
) -> None:
    """Put a message between an operation's node and node j on its way; what a node tells itself costs nothing."""
    counted[NEXT] += 1
    if j != node:
        counted[SENT] += 1
        counted[BYTES] += size
    heapq.heappush(heap, (due_s, counted[NEXT], what, o, j))


@kernel
def send_all(
    heap: list[Event], counted: Ints, now: float, what: int, o: int, node: int, latency: Floats, size: int
) -> None:
    """Send a message to every node that can be reached, the asking one included."""
    for k in range(len(latency)):
        if latency[node, k] < np.inf:
            send(heap, counted, now + latency[node, k], what, o, k, node, size)


@kernel
def begin(
    heap: list[Event],
    counted: Ints,
    now: float,
    o: int,
    op: Ints,
    latency: Floats,
    alive: Bools,
    rules: Rules,
    newest: Floats,
    carried: Carried,
    done_s: Floats,
) -> None:
    """Begin an operation, or refuse it at once, with nothing sent, where too few nodes can be reached."""
    node, first, cells = op[NODE], op[FIRST], op[CELLS]
    done_s[o] = now
    if not alive[node]:
        op[STATUS] = ABSENT
        return
    reached = 0
    for k in range(len(alive)):
        if latency[node, k] < np.inf:
            reached += 1
    if reached < (rules[1] if op[KIND] == 0 else max(rules[0], rules[1])):
        op[STATUS] = REFUSED
        return
    if op[KIND] == 0:
        op[PHASE] = 2
        send_all(heap, counted, now, STORE, o, node, latency, rules[3] + cells * rules[4])
    else:
        op[PHASE] = 1
        for i in range(first, first + cells):
            carried[4][i] = newest[carried[0][i]]
        send_all(heap, counted, now, ASK, o, node, latency, rules[3])
    counted[NEXT] += 1
    heapq.heappush(heap, (now + rules[2], counted[NEXT], GIVE_UP, o, node))


@kernel
def stored_at(
    now: float, j: int, op: Ints, held: Held, carried: Carried, arrivals: list[tuple[float, int, int, float]]
) -> None:
    """Node j stores what an operation carries, each cell unless it holds a later version."""
    cell, at, odds, n_obs, _ = carried
    node, first = op[NODE], op[FIRST]
    for i in range(first, first + op[CELLS]):
        c = cell[i]
        if at[i] > held[0][j, c]:
            held[0][j, c], held[1][j, c], held[2][j, c] = at[i], odds[i], n_obs[i]
    if op[KIND] == 0 and at[first] > held[4][j, node]:
        held[4][j, node] = at[first]
        arrivals.append((now, j, node, at[first]))


@kernel
def acknowledged(
    now: float, o: int, op: Ints, quorum: int, done_s: Floats, newest: Floats, carried: Carried
) -> None:
    """Count an acknowledgement; with the W-th one the operation is done."""
    if op[STATUS] == OPEN and op[PHASE] == 2:
        op[COUNT] += 1
        if op[COUNT] == quorum:
            finish(now, o, op, done_s, newest, carried)


@kernel
def answer(j: int, op: Ints, held: Held, carried: Carried) -> None:
    """Put what node j holds of the cells asked for into the read's block of that node."""
    cell, at, odds, n_obs, _ = carried
    first, cells = op[FIRST], op[CELLS]
    for i in range(cells):
        a, c = first + (1 + j) * cells + i, cell[first + i]
        at[a], odds[a], n_obs[a] = held[0][j, c], held[1][j, c], held[2][j, c]


@kernel
def heard(
    heap: list[Event],
    counted: Ints,
    now: float,
    o: int,
    j: int,
    op: Ints,
    latency: Floats,
    rules: Rules,
    newest: Floats,
    operations: Operations,
    carried: Carried,
) -> None:
    """Count an answer; with the R-th one give the latest version away, or first have it stored by a quorum."""
    got = operations[2]
    if op[STATUS] != OPEN or op[PHASE] != 1:
        return
    got[o, j] = 1
    op[COUNT] += 1
    if op[COUNT] < rules[0]:
        return
    if latest(got[o], op[FIRST], op[CELLS], carried) >= rules[1]:
        finish(now, o, op, operations[1], newest, carried)
        return
    op[PHASE], op[COUNT] = 2, 0
    send_all(heap, counted, now, STORE, o, op[NODE], latency, rules[3] + op[CELLS] * rules[4])


@kernel
def latest(got: Bytes, first: int, cells: int, carried: Carried) -> int:
    """Take the latest version of each cell among the answers; return how many hold it, the least over cells."""
    _, at, odds, n_obs, _ = carried
    least = len(got)
    for i in range(cells):
        best, held = -1, 0
        for k in range(len(got)):
            if got[k] == 0:
                continue
            a = first + (1 + k) * cells + i
            if best < 0 or at[a] > at[best]:
                best, held = a, 1
            elif at[a] == at[best]:
                held += 1
        at[first + i], odds[first + i], n_obs[first + i] = at[best], odds[best], n_obs[best]
        if at[best] > -np.inf and held < least:
            least = held
    return least


@kernel
def finish(now: float, o: int, op: Ints, done_s: Floats, newest: Floats, carried: Carried) -> None:
    """End an operation well."""
    cell, at, _, _, want = carried
    op[STATUS], done_s[o] = DONE, now
    for i in range(op[FIRST], op[FIRST] + op[CELLS]):
        if op[KIND] == 0:
            newest[cell[i]] = max(newest[cell[i]], at[i])
        elif at[i] < min(want[i], newest[cell[i]]):  # unless it was dropped meanwhile
            op[STALE] = 1


def blank_events() -> tuple[Floats, Ints]:
    """No event."""
    return np.zeros(0), np.zeros((0, 4), np.int64)
