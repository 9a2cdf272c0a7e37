"""From the entry node to the home node: cache lookup, choice of the home, hops over the mesh."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Bools, Floats, Floats32, Indices, Ints, Ints32, Words, kernel
from ...rng import draw, ln, unit32
from .arrivals import words_of
from .ledger import Count, Ledger, bin_of, message, note, sampled, steps
from .tasks import Tasks, copy_task, task_class, task_entry

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
        next_hop: `[K, K]` next node on the shortest live path, -1 if there is none.
        link_s: `[K, K]` mean latency of a live link, s.
        alive: `[K]` whether a node answers.
        jitter: coefficient of variation of a hop's latency, in [0, 1].
        loss: chance that a message is lost on a hop.
        retries: times that a lost message is sent again at most.
        timeout_s: wait before it is sent again, s.
        task_bytes: size of a task's message.
        control_bytes: size of any other message.
    """

    next_hop: Ints32
    link_s: Floats
    alive: Bools
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
        load: `[K]` tasks in the node's clusters / ready agents, at the tick's start.
        room: `[K]` 1 / ready agents of the node.
        threshold: load from which a node hands a task on; infinity for never.
        decision_s: delay of handing on, s.
        fixed: `[R]` home of each replayed row, or empty.
    """

    locality: float
    share: Floats
    load: Floats
    room: Floats
    threshold: float
    decision_s: float
    fixed: Ints32


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
    """

    after: Ints32
    before: Ints32
    used: Ints
    size: int
    rank: Floats


@kernel
def key_of(uid: int, rank: Floats, key: np.uint64) -> int:
    """Key that a task asks for: a function of the task alone."""
    u = unit32(draw(uid, 5, key)[0])
    return min(np.searchsorted(rank, u), len(rank) - 1)


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
    for i in range(n):
        out[i] = 1.0 - jitter - jitter * ln(unit32(words[i]))


@kernel
def homes_of(
    back: Floats32, entry: Ints32, n: int, locality: float, spread: float, share: Floats, first_of: Ints32,
    out: Indices,
) -> None:  # fmt: skip
    """`[n]` home nodes from the draws that tasks carry in ``back``: the entry node below ``locality``."""
    last = np.uint32(len(share) - 1)
    for i in range(n):
        u = np.float64(back[i])
        v = max(u - locality, 0.0) * spread
        home = np.uint32(first_of[np.uint32(v * 1024.0)])
        while home < last and share[home] < v:
            home += np.uint32(1)
        out[i] = home if u >= locality else np.uint32(entry[i])


@kernel
def leave_entry(
    tasks: Tasks, begins: int, n: int, mesh: Mesh, homes: Homes, cache: Cache, key: np.uint64,
    network_key: np.uint64, deadline_s: Floats, ledger: Ledger,
) -> int:  # fmt: skip
    """Send tasks that left ingress on their way: answered from the cache, or over the mesh to their home.

    On each hop a message is lost with a fixed chance, found missing after a timeout and sent again, at most
    so many times; then the task is dropped as lost. A hop takes base x (1 - jitter + jitter x Exp(1)). A
    loaded home asks two other nodes and gives the task to the lesser of the three (two choices: Mitzenmacher 2001).

    Args:
        tasks: behind the first rows, the tasks that left ingress, by entry node in time order; after it,
            those on their way, ``at`` being their arrival at home.
        begins: the first of these rows.
        n: how many they are.
        mesh: live shortest paths.
        homes: rule for the home node; its load counts this tick's own assignments.
        cache: result caches, changed in place.
        key: Philox key of the demand's stream (draws of keys, of later hops, of nodes asked).
        network_key: Philox key of the network's stream (draws of the first hop).
        deadline_s: `[C]` s.
        ledger: counts.

    Returns:
        Tasks on their way.
    """
    count = ledger.count
    below = ledger.log_below[0]
    at, uid = tasks.at[begins:], tasks.uid[begins:]
    back_s, place = tasks.back[begins:], tasks.place[begins:]
    next_hop, link_s, alive = mesh.next_hop, mesh.link_s, mesh.alive
    jitter, loss, retries, timeout_s = mesh.jitter, mesh.loss, mesh.retries, mesh.timeout_s
    share, load, room, fixed = homes.share, homes.load, homes.room, homes.fixed
    locality, threshold = homes.locality, homes.threshold
    first_of = guide(share)
    nodes = len(share)
    ln_loss = ln(loss) if loss > 0.0 else -1.0
    spread = 1.0 / (1.0 - locality) if locality < 1.0 else 0.0
    replayed = len(fixed) > 0
    caching = cache.size > 0
    choosy = threshold < np.inf
    quiet = below == np.uint64(0)
    a, b, c, d = (
        np.empty(_BLOCK, np.uint64),
        np.empty(_BLOCK, np.uint64),
        np.empty(_BLOCK, np.uint64),
        np.empty(_BLOCK, np.uint64),
    )
    there_of, back_of = np.ones(_BLOCK), np.ones(_BLOCK)
    home_of = np.empty(_BLOCK, np.uint32)
    hops_all = 0
    local_all = 0
    tries_all = 0
    first_all = 0
    through_all = 0
    latency_all = 0
    m = 0
    for i in range(n):
        x = np.uint32(i) & np.uint32(_BLOCK - 1)
        if x == 0:  # draw for a block of tasks at once, in loops that the compiler can vectorize
            size = min(_BLOCK, n - i)
            if jitter > 0.0 or loss > 0.0:
                words_of(uid[i:], size, 3, network_key, a, b, c, d)
            if jitter > 0.0:
                spread_of(b, size, jitter, there_of)
                spread_of(c, size, jitter, back_of)
            if replayed:
                for y in range(size):
                    home_of[y] = fixed[uid[i + y] & 0xFFFFFF]
            else:
                homes_of(back_s[i:], place[i:], size, locality, spread, share, first_of, home_of)
        entry = np.uint32(place[i])
        t = at[i]
        if caching and answer_from_cache(cache, key, tasks, begins + i, deadline_s, ledger):
            continue
        home = home_of[x]
        if choosy and not replayed:
            if load[home] >= threshold or not alive[home]:
                w = draw(uid[i], 6, key)
                best = home
                for j in range(2):
                    other = np.uint32(((w[0] if j == 0 else w[1]) * np.uint64(nodes)) >> np.uint64(32))
                    if alive[other] and (load[other] < load[best] or not alive[best]):
                        best = other
                count[_ESCALATED] += 1
                message(ledger, 3, 4, mesh.control_bytes, homes.decision_s)
                t += homes.decision_s
                home = best
            load[home] += room[home]
        back = 0.0
        reason = 0
        if not (alive[home] and alive[entry]):
            reason = _UNREACHABLE
        elif home == entry or (next_hop[entry, home] == home and (loss == 0.0 or unit32(a[x]) >= loss)):
            # the common case, without a branch on whether it stays: no hop, or one that loses nothing
            away = home != entry
            base = link_s[entry, home] if away else 0.0
            there = base * there_of[x]
            back = base * back_of[x]
            local_all += not away
            hops_all += away
            tries_all += away
            first_all += away
            through_all += away
            latency_all += steps(there)
            t += there
        else:
            w0 = a[x]
            there_by, back_by = there_of[x], back_of[x]
            node = entry
            hops = 0
            while node != home:
                if next_hop[node, home] < 0:
                    reason = _UNREACHABLE
                    break
                nxt = np.uint32(next_hop[node, home])
                if hops > 0:
                    w = draw(uid[i], 16 + hops, key)
                    w0 = w[0]
                    there_by = 1.0 - jitter - jitter * ln(unit32(w[1]))
                    back_by = 1.0 - jitter - jitter * ln(unit32(w[2]))
                base = link_s[node, nxt]
                lost = 0
                if loss > 0.0:
                    u = unit32(w0)
                    if u < loss:
                        lost = int(ln(u) / ln_loss)
                tries_all += min(lost, retries) + 1
                hops += 1
                if lost > retries:
                    reason = _LOST
                    break
                there = base
                if jitter > 0.0:
                    there = base * there_by
                    back += base * back_by
                else:
                    back += base
                if lost > 0:
                    there += lost * timeout_s
                else:
                    first_all += 1
                through_all += 1
                latency_all += steps(there)
                t += there
                node = nxt
            hops_all += hops
        if reason:
            count[reason] += 1
            if not quiet and sampled(uid[i], below):
                note(ledger, uid[i], 9, t, reason)
            continue
        if m != i:  # some were answered or dropped
            copy_task(tasks, begins + i, tasks, begins + m)
        at[m] = t
        back_s[m] = np.float32(back)
        place[m] = home
        if not quiet and sampled(uid[m], below):
            note(ledger, uid[m], 3, t, home)
        m += 1
    count[_HOPS] += hops_all
    count[_LOCAL] += local_all
    messages = ledger.messages
    messages[3, 0] += hops_all
    messages[3, 1] += tries_all
    messages[3, 2] += first_all
    messages[3, 3] += through_all
    messages[3, 4] += tries_all * mesh.task_bytes
    messages[3, 5] += latency_all
    return m


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
    if sampled(uid, ledger.log_below[0]):
        note(ledger, uid, 8, t, -1)
    return True


@kernel
def remember_answers(uids: Ints, metas: Ints32, n: int, cache: Cache, key: np.uint64) -> None:
    """Put the keys of tasks answered in a tick into their entry nodes' caches, for the next tick."""
    for i in range(n):
        cache_touch(cache, task_entry(metas[i]), key_of(uids[i], cache.rank, key))
