"""From the entry node to the home node: cache lookup, choice of the home, hops over the mesh."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Bools, Floats, Floats32, Indices, Ints, Ints32, Words, kernel
from ...rng import draw, ln, unit32
from .arrivals import words_of
from .ledger import Count, Ledger, bin_of, message, note, sampled, steps, tell
from .tasks import Blocks, Tasks, copy_task, origin, task_class, task_entry, write_card

_COMPLETED, _HITS, _LOOKUPS = int(Count.COMPLETED), int(Count.CACHE_HITS), int(Count.CACHE_LOOKUPS)
_LOST, _UNREACHABLE = int(Count.DROPPED_LOST), int(Count.DROPPED_UNREACHABLE)
_LATE, _HOPS, _LOCAL, _ESCALATED = (
    int(Count.LATE),
    int(Count.HOPS),
    int(Count.LOCAL),
    int(Count.ESCALATED_NODE),
)
_RESPONSE_T, _NETWORK_T = int(Count.RESPONSE_T), int(Count.NETWORK_T)
_BLOCK = 1024


class Mesh(NamedTuple):
    """The mesh as kernels see it.

    Attributes:
        next_hop: `[K, K]` next node on the shortest path that is held to be live, -1 if there is none; itself on the
            diagonal.
        link_s: `[K, K]` mean latency of a link that carries, s; infinity if it does not, 0 on the diagonal.
        alive: `[K]` whether a node answers.
        known: `[K]` whether a node is held to answer.
        whole: whether every node is held to be reachable from every other one.
        losses: `[K, K]` chance that a message is lost on a hop over each link.
        jitter: coefficient of variation of a hop's latency, in [0, 1].
        loss: largest of the chances that a message is lost on a hop.
        retries: times that a lost message is sent again at most.
        timeout_s: wait before it is sent again, s.
        task_bytes: size of a task's message.
        control_bytes: size of any other message.
    """

    next_hop: Ints32
    link_s: Floats
    alive: Bools
    known: Bools
    whole: bool
    losses: Floats
    jitter: float
    loss: float
    retries: int
    timeout_s: float
    task_bytes: int
    control_bytes: int


class Homes(NamedTuple):
    """How a task's home node is chosen.

    Attributes:
        locality: share of tasks whose home is their entry node.
        share: `[K]` cumulative share of the others' homes.
        load: `[K]` tasks in the node's clusters / ready agents, as entry nodes were last told; infinity where nobody is
            ready.
        room: `[K]` 1 / ready agents of the node, as they were told.
        threshold: load from which a node hands a task on; infinity for never.
        decision_s: delay of handing on, s.
        fixed: `[R]` home of each replayed row, or empty.
        admits: `[K]` share of the tasks that ask for each node as their home that it has room for.
        bare: whether there are homes that have nobody ready or no room for all, and others that will do.
    """

    locality: float
    share: Floats
    load: Floats
    room: Floats
    threshold: float
    decision_s: float
    fixed: Ints32
    admits: Floats
    bare: bool


class Cache(NamedTuple):
    """Result caches of the entry nodes: least recently used keys go first.

    A list of keys by recency for each node: ``after[k, x]`` and ``before[k, x]`` link key x to its neighbors,
    slot V is the list's end. Not in the cache: ``after`` is -1.

    Attributes:
        after: `[K, V + 1]` next older key.
        before: `[K, V + 1]` next newer key.
        used: `[K]` keys held.
        size: keys that a node may hold.
        rank: `[V]` cumulative share of the keys (Zipf).
        lookup_s: time that looking up takes, s.
    """

    after: Ints32
    before: Ints32
    used: Ints
    size: int
    rank: Floats
    lookup_s: float


@kernel
def key_of(uid: int, rank: Floats, key: np.uint64) -> int:
    """Key that a task asks for: a function of the task alone."""
    u = unit32(draw(origin(uid), 5, key)[0])
    return min(int(np.searchsorted(rank, u)), len(rank) - 1)


@kernel
def cache_touch(cache: Cache, k: int, x: int) -> None:
    """Make key x of node k the most recent one; put it in, and the oldest out, if it was not there."""
    after, before = cache.after[k], cache.before[k]
    end = len(cache.rank)
    if after[x] >= 0:
        after[before[x]] = after[x]
        before[after[x]] = before[x]
    else:
        if cache.used[k] == cache.size:
            old = before[end]
            before[end] = before[old]
            after[before[old]] = end
            after[old] = -1
        else:
            cache.used[k] += 1
    after[x] = after[end]
    before[x] = end
    before[after[end]] = x
    after[end] = x


@kernel
def guide(share: Floats) -> Ints32:
    """`[1025]` for each 1024th of [0, 1] the first index whose cumulative share reaches it."""
    out = np.empty(1025, np.int32)
    x = 0
    for i in range(1025):
        while x < len(share) - 1 and share[x] < i / 1024.0:
            x += 1
        out[i] = x
    return out


@kernel
def spread_of(words: Words, n: int, jitter: float, out: Floats) -> None:
    """`[n]` factor on a hop's mean latency from one random word each: 1 - jitter + jitter x Exp(1)."""
    if jitter == 0.0:
        out[:n] = 1.0
        return
    for i in range(n):
        out[i] = 1.0 - jitter - jitter * ln(unit32(words[i]))


@kernel
def homes_drawn(
    back: Floats32, entry: Ints32, n: int, locality: float, share: Floats, first_of: Ints32, most: int,
    v: Floats, out: Indices,
) -> None:  # fmt: skip
    """`[n]` home nodes from the draws that tasks carry in ``back``: the entry node below ``locality``.

    Arithmetic stands in place of branches that could not be foretold; ``most`` is the longest step of the guide
    ``first_of``, ``v`` is scratch.
    """
    spread = 1.0 / (1.0 - locality) if locality < 1.0 else 0.0
    for i in range(n):
        u = np.float64(back[i])
        v[i] = np.float64(u >= locality) * ((u - locality) * spread)
        out[i] = first_of[np.int64(v[i] * 1024.0)]
    for _ in range(most):
        for i in range(n):
            out[i] += np.uint32(share[out[i]] < v[i])
    for i in range(n):
        k = np.uint32(entry[i])
        out[i] = k + np.uint32(np.float64(back[i]) >= locality) * (out[i] - k)


@kernel
def hand_on(
    tasks: Tasks,
    rows: Indices,
    n: int,
    mesh: Mesh,
    homes: Homes,
    key: np.uint64,
    home: Indices,
    ledger: Ledger,
) -> None:
    """Let loaded or dead homes ask two other nodes each; the least loaded of the three takes the task.

    An entry node knows of the loads what it was last told, and its own assignments of this tick.
    """
    alive = mesh.known
    nodes = np.uint64(len(homes.load))
    known = np.empty((len(homes.load), len(homes.load)))
    known[:] = homes.load
    for x in range(n):
        best = home[x]
        load = known[tasks.place[rows[x]]]
        if load[best] >= homes.threshold or not alive[best]:
            i = rows[x]
            w = draw(tasks.uid[i], 6, key)
            for word in (w[0], w[1]):
                other = np.uint32((word * nodes) >> np.uint64(32))
                if alive[other] and (load[other] < load[best] or not alive[best]):
                    best = other
            ledger.count[_ESCALATED] += 1
            message(ledger, 3, 4, mesh.control_bytes, homes.decision_s)
            tasks.at[i] += homes.decision_s
            home[x] = best
        load[best] += homes.room[best]


@kernel
def turn_back(
    tasks: Tasks, rows: Indices, n: int, mesh: Mesh, homes: Homes, key: np.uint64, home: Indices
) -> None:
    """Give tasks whose home is held to be out of reach, to have nobody ready, or no room for them, another one.

    Eight nodes are drawn by their shares; the first that has room for all is taken, else the entry node itself.
    """
    admits = homes.admits
    for x in range(n):
        i = rows[x]
        entry = np.uint32(tasks.place[i])
        share = admits[home[x]]
        full = homes.bare and share < 1.0 and unit32(draw(tasks.uid[i], 10, key)[0]) >= share
        if mesh.next_hop[entry, home[x]] >= 0 and not full:
            continue
        best = entry
        for number in range(2):
            w = draw(tasks.uid[i], 8 + number, key)
            for word in (w[0], w[1], w[2], w[3]):
                other = np.uint32(min(int(np.searchsorted(homes.share, unit32(word))), len(homes.share) - 1))
                good = mesh.next_hop[entry, other] >= 0 and not (homes.bare and admits[other] < 1.0)
                if best == entry and good:
                    best = other
        home[x] = best


@kernel
def choose_homes(
    tasks: Tasks,
    rows: Indices,
    n: int,
    mesh: Mesh,
    homes: Homes,
    key: np.uint64,
    home: Indices,
    ledger: Ledger,
) -> None:
    """`[n]` home node of each task in the list, by the rule of :class:`Homes`."""
    uid, back, place = tasks.uid, tasks.back, tasks.place
    if len(homes.fixed) > 0:
        for x in range(n):
            home[x] = homes.fixed[uid[rows[x]] & 0xFFFFFF]
        return
    first_of = guide(homes.share)
    most = 0
    for i in range(1024):
        most = max(most, first_of[i + 1] - first_of[i])
    u, v, entry = np.empty(_BLOCK, np.float32), np.empty(_BLOCK), np.empty(_BLOCK, np.int32)
    for first in range(0, n, _BLOCK):
        m = min(_BLOCK, n - first)
        mine = rows[first : first + m]
        for x in range(m):
            u[x] = back[mine[x]]
            entry[x] = place[mine[x]]
        homes_drawn(u, entry, m, homes.locality, homes.share, first_of, most, v, home[first:])
    if homes.threshold < np.inf:
        hand_on(tasks, rows, n, mesh, homes, key, home, ledger)
    if homes.bare or not mesh.whole:
        turn_back(tasks, rows, n, mesh, homes, key, home)


@kernel
def leave_entry(
    tasks: Tasks, rows: Indices, n: int, mesh: Mesh, homes: Homes, cache: Cache, key: np.uint64,
    network_key: np.uint64, deadline_s: Floats, home: Indices, coming: Tasks, n_coming: int, out: Blocks,
    begins: Ints, ends: Ints, missed: Tasks, reasons: Ints, ledger: Ledger,
) -> int:  # fmt: skip
    """Send tasks that left ingress on their way: answered from the cache, or over the mesh to their home.

    On each hop a message is lost with a fixed chance, found missing after a timeout and sent again, at most
    so many times; then the task is dropped as lost, or kept by its sender to be sent anew. A hop takes
    base x (1 - jitter + jitter x Exp(1)). A loaded home asks two other nodes and gives the task to the lesser of
    the three (two choices: Mitzenmacher 2001).

    Args:
        tasks: tasks, ``at`` being when they leave ingress.
        rows: `[n]` rows of those that leave, by entry node in time order; overwritten.
        n: how many they are.
        mesh: live shortest paths.
        homes: rule for the home node.
        cache: result caches, changed in place.
        key: Philox key of the demand's stream (draws of keys, of later hops, of nodes asked).
        network_key: Philox key of the network's stream (draws of the first hop).
        deadline_s: `[C]` s.
        home: `[n]` scratch.
        coming: tasks that wait at a home or are on their way to one, the first ``n_coming`` rows.
        n_coming: rows in use.
        out: out: those tasks and behind them the new ones, home by home, ``at`` being their arrival there.
        begins: `[K]` out: where each home's tasks begin.
        ends: `[K]` out: one behind the last.
        missed: out: tasks that did not get through, ``at`` being when that was clear; no rows if they are dropped.
        reasons: `[cap]` out: why, a place in the counts.
        ledger: counts.

    Returns:
        Rows in ``missed``.
    """
    n_missed = 0
    if cache.size > 0:
        n = answer(tasks, rows, n, cache, key, deadline_s, ledger)
    choose_homes(tasks, rows, n, mesh, homes, key, home, ledger)
    for k in range(len(begins)):
        begins[k] = ends[k] = 0
    for i in range(n_coming):
        ends[np.uint32(coming.place[i])] += 1
    for x in range(n):
        ends[home[x]] += 1
    room = 0
    for k in range(len(begins)):
        begins[k] = room
        room += ends[k]
        ends[k] = begins[k]
    for i in range(n_coming):
        h = np.uint32(coming.place[i])
        r = ends[h]
        ends[h] += 1
        out.at[r] = coming.at[i]
        out.uid[r] = coming.uid[i]
        write_card(
            out.cards, r, coming.arrived[i], coming.uid[i], coming.work[i], coming.back[i], coming.meta[i]
        )  # fmt: skip
    a, b, c, d = four_words(_BLOCK)
    at, back = np.empty(_BLOCK), np.empty(_BLOCK, np.float32)
    entry, uid = np.empty(_BLOCK, np.int32), np.empty(_BLOCK, np.int64)
    there_by, back_by = np.empty(_BLOCK), np.empty(_BLOCK)
    rest, spot, gone = np.empty(_BLOCK, np.uint32), np.empty(_BLOCK, np.uint32), np.zeros(_BLOCK, np.bool_)
    below = ledger.log_below[0]
    t_at, t_place, t_uid = tasks.at, tasks.place, tasks.uid
    t_arrived, t_work, t_meta = tasks.arrived, tasks.work, tasks.meta
    o_at, o_uid, o_cards = out.at, out.uid, out.cards
    for first in range(0, n, _BLOCK):  # block by block, in plain loops, within the nearest cache
        m = min(_BLOCK, n - first)
        mine, to = rows[first : first + m], home[first : first + m]
        for x in range(m):
            i = mine[x]
            at[x] = t_at[i]
            entry[x] = t_place[i]
            uid[x] = t_uid[i]
        if mesh.jitter > 0.0 or mesh.loss > 0.0:
            words_of(uid, m, 3, network_key, a, b, c, d)
        spread_of(b, m, mesh.jitter, there_by)
        spread_of(c, m, mesh.jitter, back_by)
        n_rest = one_hop(at, back, entry, m, mesh, a, there_by, back_by, to, rest, ledger)
        dropped = 0
        for y in range(n_rest):
            x = rest[y]
            reason, at[x], back[x] = walk(
                uid[x], int(np.int64(entry[x])), int(np.int64(to[x])), at[x], mesh, key, a[x], there_by[x], back_by[x],
                ledger,
            )  # fmt: skip
            gone[x] = reason != 0
            dropped += reason != 0
            if reason != 0 and len(missed.at) > 0:
                copy_task(tasks, mine[x], missed, n_missed)
                missed.at[n_missed] = at[x]
                reasons[n_missed] = reason
                n_missed += 1
            elif reason != 0:
                ledger.count[reason] += 1
                tell(ledger, uid[x], at[x], reason)
                if sampled(uid[x], below):
                    note(ledger, uid[x], 9, at[x], reason)
        if dropped:
            m = close_up(mine, to, at, uid, back, gone, m)
        for x in range(m):
            r = np.uint32(ends[to[x]])
            spot[x] = r
            ends[to[x]] = r + np.uint32(1)
        for x in range(m):
            i, r = mine[x], spot[x]
            o_at[r] = at[x]
            o_uid[r] = uid[x]
            write_card(o_cards, r, t_arrived[i], uid[x], t_work[i], back[x], t_meta[i])
        if below != np.uint64(0):
            for x in range(m):
                if sampled(uid[x], below):
                    note(ledger, uid[x], 3, at[x], int(to[x]))
    return n_missed


@kernel
def close_up(rows: Indices, home: Indices, at: Floats, uid: Ints, back: Floats32, gone: Bools, m: int) -> int:
    """Close the gaps that dropped tasks leave in a block; return how many stay."""
    left = 0
    for x in range(m):
        if gone[x]:
            gone[x] = False
            continue
        rows[left], home[left], at[left], uid[left], back[left] = rows[x], home[x], at[x], uid[x], back[x]
        left += 1
    return left


@kernel
def four_words(n: int) -> tuple[Words, Words, Words, Words]:
    """Scratch for the words of ``n`` draws."""
    return np.empty(n, np.uint64), np.empty(n, np.uint64), np.empty(n, np.uint64), np.empty(n, np.uint64)


@kernel
def one_hop(
    at: Floats, back_s: Floats32, entry: Ints32, n: int, mesh: Mesh, words: Words, there_by: Floats,
    back_by: Floats, home: Indices, rest: Indices, ledger: Ledger,
) -> int:  # fmt: skip
    """Send the tasks whose home is their entry node or one sure hop away, without a branch on which it is.

    Args:
        at: `[n]` s, when they leave; when they arrive after it.
        back_s: `[n]` out: s, latency of the way back.
        entry: `[n]` entry node.
        n: tasks.
        mesh: live shortest paths.
        words: `[n]` random word of each for loss.
        there_by: `[n]` factor on the mean latency there.
        back_by: `[n]` factor on the mean latency back.
        home: `[n]` home node.
        rest: `[n]` out: the others, which are left as they are.
        ledger: counts.

    Returns:
        How many others there are.
    """
    next_hop, link_s, losses = mesh.next_hop.reshape(-1), mesh.link_s.reshape(-1), mesh.losses.reshape(-1)
    nodes, alive = np.uint32(len(mesh.alive)), mesh.alive
    sent = 0
    stayed = 0
    latency = 0
    n_rest = 0
    for x in range(n):
        k, h = np.uint32(entry[x]), home[x]
        away = int(h != k)
        way = k * nodes + h
        lost = away & int(unit32(words[x]) < losses[way])
        if next_hop[way] != h or lost or link_s[way] == np.inf or not alive[k]:
            rest[n_rest] = x
            n_rest += 1
            continue
        base = link_s[way]
        there = base * there_by[x]
        at[x] += there
        back_s[x] = np.float32(base * back_by[x])
        sent += away
        stayed += 1 - away
        latency += steps(there)
    ledger.count[_HOPS] += sent
    ledger.count[_LOCAL] += stayed
    m = ledger.messages
    for column in range(4):
        m[3, column] += sent
    m[3, 4] += sent * mesh.task_bytes
    m[3, 5] += latency
    return n_rest


@kernel
def walk(
    uid: int, entry: int, home: int, t: float, mesh: Mesh, key: np.uint64, word: np.uint64, there_by: float,
    back_by: float, ledger: Ledger,
) -> tuple[int, float, float]:  # fmt: skip
    """Send a task hop by hop, with losses.

    Args:
        uid: the task's key.
        entry: node that it leaves.
        home: node that it wants to reach.
        t: s, when it leaves.
        mesh: live shortest paths.
        key: Philox key of the demand's stream.
        word: random word of the first hop, for loss.
        there_by: factor on the mean latency of the first hop.
        back_by: the same for its way back.
        ledger: counts.

    Returns:
        Why it was dropped (a place in the counts) or 0, when it arrives in s, and the latency of the way back.
    """
    jitter, retries = mesh.jitter, mesh.retries
    node = entry
    hops, tries, first, through, latency, reason = 0, 0, 0, 0, 0, 0
    back = 0.0
    if not mesh.alive[entry]:
        reason = _UNREACHABLE
    while node != home and reason == 0:
        nxt = int(mesh.next_hop[node, home])
        if nxt < 0:
            reason = _UNREACHABLE
            break
        if hops > 0:
            w = draw(uid, 16 + hops, key)
            word = w[0]
            there_by = 1.0 - jitter - jitter * ln(unit32(w[1]))
            back_by = 1.0 - jitter - jitter * ln(unit32(w[2]))
        base, loss = mesh.link_s[node, nxt], mesh.losses[node, nxt]
        lost = 0
        if base == np.inf:  # it carries nothing, and that is not known yet
            lost = retries + 1
        elif loss > 0.0:
            u = unit32(word)
            if u < loss:
                lost = int(ln(u) / ln(loss))
        tries += min(lost, retries) + 1
        hops += 1
        if lost > retries:
            reason = _LOST
            t += lost * mesh.timeout_s
            break
        there = base * there_by if jitter > 0.0 else base
        back += base * back_by if jitter > 0.0 else base
        if lost > 0:
            there += lost * mesh.timeout_s
        else:
            first += 1
        through += 1
        latency += steps(there)
        t += there
        node = nxt
    m = ledger.messages
    ledger.count[_HOPS] += hops
    m[3, 0] += hops
    m[3, 1] += tries
    m[3, 2] += first
    m[3, 3] += through
    m[3, 4] += tries * mesh.task_bytes
    m[3, 5] += latency
    return reason, t, back


@kernel
def answer(
    tasks: Tasks, rows: Indices, n: int, cache: Cache, key: np.uint64, deadline_s: Floats, ledger: Ledger
) -> int:
    """Answer the tasks in the list whose keys their entry nodes' caches hold; return how many are left in it."""
    left = 0
    for x in range(n):
        i = rows[x]
        tasks.at[i] += cache.lookup_s
        if not answer_from_cache(cache, key, tasks, i, deadline_s, ledger):
            rows[left] = i
            left += 1
    return left


@kernel
def answer_from_cache(
    cache: Cache, key: np.uint64, done: Tasks, i: int, deadline_s: Floats, ledger: Ledger
) -> bool:
    """Answer a task at its entry node if its key is in the cache there."""
    count = ledger.count
    entry, uid, t = done.place[i], done.uid[i], done.at[i]
    count[_LOOKUPS] += 1
    x = key_of(uid, cache.rank, key)
    if cache.after[entry, x] < 0:
        return False
    cache_touch(cache, entry, x)
    took = t - done.arrived[i]
    count[_HITS] += 1
    count[_COMPLETED] += 1
    count[_RESPONSE_T] += steps(took)
    count[_NETWORK_T] += steps(took)
    ledger.hist[0, bin_of(took)] += 1
    ledger.hist[1, bin_of(took)] += 1
    deadline = deadline_s[task_class(done.meta[i])]
    if took > deadline:
        count[_LATE] += 1
    else:
        ledger.met[int((done.arrived[i] + deadline) * ledger.bins_per_s[0]) & (len(ledger.met) - 1)] += 1
    tell(ledger, uid, t, _COMPLETED)
    if sampled(uid, ledger.log_below[0]):
        note(ledger, uid, 8, t, -1)
    return True


@kernel
def forget_keys(cache: Cache, keys: Ints) -> int:
    """Take keys whose answers are out of date out of all nodes' caches; return how many copies were taken out."""
    gone = 0
    for k in range(len(cache.used)):
        after, before = cache.after[k], cache.before[k]
        for x in keys:
            if after[x] >= 0:
                after[before[x]] = after[x]
                before[after[x]] = before[x]
                after[x] = -1
                cache.used[k] -= 1
                gone += 1
    return gone


@kernel
def remember_answers(uids: Ints, metas: Ints32, n: int, cache: Cache, key: np.uint64) -> None:
    """Put the keys of tasks answered in a tick into their entry nodes' caches, for the next tick."""
    for i in range(n):
        cache_touch(cache, task_entry(metas[i]), key_of(uids[i], cache.rank, key))
