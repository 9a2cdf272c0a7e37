"""Clusters: one FIFO queue and many unlike servers each, event by event within a tick."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...agents.fleet import BUSY, DRAINING, HELPING, IDLE, RETIRED, Rows
from ...arrays import Bytes, Floats, Indices, Ints, Ints32, kernel, merged
from ...rng import U
from .answers import Sums, count_answers, first_tokens, no_ends
from .arrivals import Marks
from .bits import bits_set, count_below, lowest_bit, sixteen_equal
from .choosing import AWAY, choose_of_few, choose_of_many, choose_of_one, hand_over, look
from .hands import ClusterState, Hands, Rule
from .ledger import Count, Ledger, bin_of, note, sampled, steps, tell
from .lessons import Lessons, note_ends
from .prefetch import prefetch
from .tasks import Blocks, Tasks, card_back, card_meta, is_hosted, take_card, task_class

_IDLE, _BUSY, _DRAINING, _RETIRED, _HELPING = IDLE, BUSY, DRAINING, RETIRED, HELPING
_COMPLETED, _LATE, _STARTED = int(Count.COMPLETED), int(Count.LATE), int(Count.STARTED)
_RESPONSE_T, _NETWORK_T, _WAIT_T = int(Count.RESPONSE_T), int(Count.NETWORK_T), int(Count.CLUSTER_WAIT_T)
_SERVICE_T, _USEFUL_T, _BUSY_T, _READY_T = (
    int(Count.SERVICE_T),
    int(Count.USEFUL_T),
    int(Count.BUSY_T),
    int(Count.READY_T),
)
_WORK_T, _MATCH = int(Count.WORK_STARTED_T), int(Count.MATCH_SUM)
_BLOCK = 8  # clusters whose tasks are fetched together
_LARGE = 150_000  # agents whose columns fill the caches: only these are asked for ahead of time
_AHEAD = 4  # how many clusters earlier
_STEP = 1.0 / 1048576.0
_TASKS_A_TYPE = 5  # up to so many a cluster, agents are compared for each task; more are worth sets of bits
_ENDS = 64
_FULL, _SAMPLED = int(Count.DROPPED_CLUSTER_FULL), int(Count.SAMPLED_CLUSTER)
_WAITING, _IN_SERVICE = int(Count.WAITING_CLUSTER), int(Count.IN_SERVICE)
_SPLIT, _HELPERS, _HELPED_T, _SPARED_T = (
    int(Count.SPLIT),
    int(Count.HELPING),
    int(Count.HELPED_T),
    int(Count.SPARED_T),
)


class Near(NamedTuple):
    """What a cluster's agents are chosen by, of the tasks of some clusters, within the nearest cache.

    Attributes:
        at: `[cap]` s, when the task reaches the cluster.
        work: `[cap]` s of a unit-speed agent.
        meta: `[cap]` class, entry node, attempts.
        card: `[cap]` number of the task's card.
    """

    at: Floats
    work: Floats
    meta: Ints
    card: Indices


@kernel
def room_for(capacity: int) -> Near:
    """Room for ``capacity`` tasks."""
    return Near(
        np.empty(capacity, np.float64),
        np.empty(capacity, np.float64),
        np.empty(capacity, np.int64),
        np.empty(capacity, np.uint32),
    )


@kernel
def fetch(blocks: Blocks, line: Indices, first: int, last: int, out: Near) -> None:
    """Copy of the tasks in line from ``first`` to ``last``: a loop that waits for many of them at a time."""
    at, real, whole = blocks.at, blocks.cards.real, blocks.cards.whole
    for x in range(last - first):
        i = line[U(first) + U(x)]
        out.card[x] = i
        out.at[x] = at[i]
        out.work[x] = real[i, 2]
        out.meta[x] = card_meta(whole[i, 3])


@merged
def by_time(times: Floats, who: Bytes, p: int, n: int, f: float, s: U) -> int:
    """Put slot ``s``, which ends at ``f``, among the ends from ``p`` on, by time, then slot; return one more than n."""
    i = n
    while i > p and (times[i - 1] > f or (times[i - 1] == f and who[i - 1] > s)):
        times[i] = times[i - 1]
        who[i] = who[i - 1]
        i -= 1
    times[i] = f
    who[i] = s
    return n + 1


@merged
def closed_up(times: Floats, who: Bytes, p: int, n: int) -> int:
    """Move the ends from ``p`` on to the front; return how many there are."""
    for i in range(p, n):
        times[i - p] = times[i]
        who[i - p] = who[i]
    return n - p


@kernel
def serve_clusters(
    begin: float,
    end: float,
    probe: float,
    blocks: Blocks,
    line: Indices,
    offsets: Ints,
    rest: Tasks,
    fleet: Rows,
    hands: Hands,
    state: ClusterState,
    rule: Rule,
    marks: Marks,
    lessons: Lessons,
    answered_uid: Ints,
    answered_meta: Ints32,
    queue: Indices,
    ledger: Ledger,
) -> tuple[int, int, int]:
    """Serve every cluster from ``begin`` to ``end``, exactly as if event by event.

    The agent that becomes free first takes the task at the head of the queue; a task that finds idle agents
    goes to the one that serves it fastest (speed x skill for its type). A task is bound to an agent only when
    it starts; what has not started waits.

    What an answer adds to the sums is known as soon as its end is, so it is counted then. A cluster where
    nobody can have to wait, because each arrival is sure to find someone idle, needs no line of events: an
    end only adds its agent to the idle ones before the first arrival that comes no earlier. Idle agents are
    bits by rank, so that the best one is the lowest bit.

    Args:
        begin: s, begin of the tick; tasks that came before it are in the queue already.
        end: s, end of the tick.
        probe: s, instant at which the number present is sampled.
        blocks: tasks.
        line: `[n]` rows of those that arrive before ``end`` or wait, by cluster, in the order of the queue.
        offsets: `[Q + 1]` where each cluster's tasks begin in ``line``.
        rest: out: tasks that still wait, by cluster in the order of the queue.
        fleet: the agents, changed in place.
        hands: their tasks, changed in place.
        state: figures of each cluster, changed in place.
        rule: bounds, coordination overhead.
        marks: laws of the tasks' classes.
        lessons: counters of what there is to learn from, changed in place.
        answered_uid: `[cap]` out: keys of completed tasks, if the rule wants them.
        answered_meta: `[cap]` out.
        queue: `[cap]` scratch, at least the length of the longest queue.
        ledger: counts.

    Returns:
        Rows in ``rest``, answered tasks noted, and ready agents.
    """
    slots = fleet.uid.shape[1]
    count, messages = ledger.count, ledger.messages
    response_hist, wait_hist, first_hist = ledger.hist[0], ledger.hist[2], ledger.hist[3]
    below = ledger.log_below[0]
    met, per_s = ledger.met, ledger.bins_per_s[0]
    most = 0  # tasks of any block
    for q in range(0, len(offsets) - 1, _BLOCK):
        most = max(most, offsets[min(q + _BLOCK, len(offsets) - 1)] - offsets[q])
    near = room_for(most + 8)
    at, work, meta, card = near.at, near.work, near.meta, near.card
    real, whole = blocks.cards.real, blocks.cards.whole
    room = _BLOCK * slots + most + 1
    ended = no_ends(room)
    sums = Sums(
        np.empty(room, np.float64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
        np.empty(room, np.int64),
    )
    ended_from = np.zeros(_BLOCK + 1, np.int64)  # where each cluster's tasks begin in ``ended``
    # flat arrays and unsigned rows: no index can be negative, so none is tested for it
    codes, ends, slow = fleet.state.reshape(-1), fleet.free_at.reshape(-1), fleet.slowness.reshape(-1)
    skills, rank = fleet.skill.reshape(-1), fleet.rank.reshape(-1)
    h_real, h_whole = hands.cards.real.reshape(-1, 4), hands.cards.whole.reshape(-1, 4)
    h_words, h_service = hands.cards.whole.reshape(-1), hands.service.reshape(-1)
    class_type, deadline_s, how = marks.class_type, marks.deadline_s, marks.how
    prompt, generated = marks.prompt, marks.generated
    prefill_s, key, bound, replayed = marks.prefill_s, marks.key, rule.bound, marks.replayed
    rule_overhead, rule_messages, answers = rule.overhead, rule.messages, rule.answers
    closed = rule.closed
    ways, from_s, join_s = rule.ways, rule.from_s, rule.join_s
    forks = ways > 1 or rule.helpers > 0
    s_waiting, s_in_service, s_ready, s_backlog = (
        state.waiting,
        state.in_service,
        state.ready,
        state.backlog_s,
    )
    s_response_t, s_useful_t = state.response_t, state.useful_t
    s_busy_t, s_ready_t, s_completed, s_ends_t = state.busy_t, state.ready_t, state.completed, state.ends_t
    times = np.empty(slots + 1, np.float64)
    who = np.empty(slots + 1, np.uint8)
    raw_times = np.zeros(slots + 8, np.float64)
    raw_who = np.empty(slots + 1, np.uint8)
    nobody = U(slots)
    finishes = np.empty(most + 1, np.float64)
    services = np.empty(most + 1, np.float32)
    chosen = np.empty(most + 1, np.uint32)
    hurried = np.empty(most + 1, np.uint32)
    before = np.empty(2 * slots + 72, np.uint64)
    leaving = np.empty(slots + 2, np.int64)
    types = np.unique(class_type)
    several = len(types) > 1
    few_tasks = _TASKS_A_TYPE * len(types)
    away = np.empty(slots, np.int64)
    words = (slots + 63) >> 6
    span = words << 6
    first_word = np.empty(len(how), np.uint64)
    first_skill = np.empty(len(how), np.uint64)
    for k in range(len(how)):
        first_word[k] = np.searchsorted(types, class_type[k]) * words
        first_skill[k] = class_type[k] * slots
    width = U(len(types) * words)
    sets = np.empty(4 * words, np.uint64)
    idle = np.zeros(len(types) * words, np.uint64)
    freed = np.zeros((slots + 1) * len(types) * words, np.uint64)
    there_is = np.empty(span, np.uint8)
    slot_at = np.empty(len(types) * span, np.uint8)
    one, none = U(1), U(0)
    t_begin, t_end = steps(begin), steps(end)
    probing = begin <= probe < end
    instant = probe if probing else -np.inf
    plain = below == none and answers == 0
    tokens = False
    for k in range(len(how)):
        tokens |= how[k] == 3
    learns = len(lessons.owner) > 0
    hosted = len(ledger.told_uid) > 0
    kept = tokens or learns or hosted
    large = fleet.uid.size > _LARGE
    n_rest = 0
    answered = 0
    started_all = 0
    completed_all = 0
    late_all = 0
    response_all = 0
    service_all = 0
    useful_all = 0
    spared_all = 0
    wait_all = 0
    work_all = 0
    match_all = 0
    busy_all = 0
    ready_all = 0
    ready_now = 0
    waiting_all = 0
    in_service_all = 0
    messages_all = 0
    seen = 0
    base = offsets[0]
    mine = 0
    for q in range(len(offsets) - 1):
        if q % _BLOCK == 0:
            base = offsets[q]
            fetch(blocks, line, base, offsets[min(q + _BLOCK, len(offsets) - 1)], near)
        j = offsets[q] - base
        last = offsets[q + 1] - base
        row0, skill0 = U(q * slots), U(q * 6 * slots)
        ahead = min(
            q + _AHEAD, len(offsets) - 2
        )  # its columns come, a few at a time, while this one is served
        row_ahead = U(ahead * slots)
        if large:
            for k in range(len(types)):
                ranks = U((ahead * 6 + types[k]) * slots)
                prefetch(rank, ranks, slots)
                prefetch(skills, ranks, slots)
            prefetch(codes, row_ahead, slots)
        look(codes, ends, row0, slots, end, sets)
        if large:
            prefetch(ends, row_ahead, slots)
            prefetch(slow, row_ahead, slots)
            prefetch(h_service, row_ahead, slots)
            prefetch(h_words, row_ahead * U(4), 2 * slots)
        free = busy = draining = n = 0
        for w in range(words):
            free += bits_set(sets[w])
            draining += bits_set(sets[2 * words + w])
            bits = sets[words + w] | sets[2 * words + w]
            busy += bits_set(bits)
            bits &= sets[3 * words + w]
            while bits != none:
                s = lowest_bit(bits) + U(w << 6)
                bits &= bits - one
                a = row0 + s
                t = ends[a]
                word = h_whole[a, 3]
                kind = task_class(card_meta(word))
                raw_who[n] = s
                raw_times[n] = t
                e = mine + n
                ended.at[e] = max(t, begin)
                ended.arrived[e] = h_real[a, 0]
                ended.back[e] = card_back(word)
                ended.service[e] = h_service[a]
                ended.useful[e] = h_real[a, 2] * slow[a]
                ended.limit[e] = deadline_s[kind]
                if kept:
                    ended.who[e] = a
                    ended.meta[e] = card_meta(word)
                    ended.uid[e] = h_whole[a, 1]
                    ended.work[e] = h_real[a, 2]
                n += 1
        done = mine + n
        ready = busy - draining + free
        busy_t = -busy * t_begin
        ready_t = -ready * t_begin
        ends_t = s_ends_t[q]
        overhead = rule_overhead[q] * 255.0
        gone = 0
        for x in range(n):
            gone += raw_times[x] <= instant
            busy_t += steps(ended.at[mine + x])
            ends_t -= steps(raw_times[x])
        if free + busy < slots:  # and those that become ready
            for w in range(words):
                bits = sets[3 * words + w] & ~(sets[w] | sets[words + w] | sets[2 * words + w])
                while bits != none:
                    s = lowest_bit(bits) + U(w << 6)
                    bits &= bits - one
                    raw_who[n] = s
                    raw_times[n] = ends[row0 + s]
                    ready += 1
                    ready_t -= steps(max(ends[row0 + s], begin))
                    n += 1
        helped_t = split = 0
        if forks:  # who works at a part of another's task is ready and busy, but holds no task
            for x in range(slots):
                a = row0 + U(x)
                if codes[a] == _HELPING:
                    t = ends[a]
                    if t < end:
                        free_t = steps(max(t, begin))
                        busy_t += free_t - t_begin
                        ready_t += free_t - t_begin
                    else:
                        ready += 1
                        ready_t -= t_begin
                        busy_t += t_end - t_begin
        if large:
            prefetch(h_words, row_ahead * U(4) + U(2 * slots), 2 * slots)
        started = 0
        m = last - j
        led = closed[q] == 0
        calm = plain and led and draining == 0 and m <= free + n and (m == 0 or at[U(j)] >= begin)
        if calm:
            first_in = U(j)
            count_below(at, first_in, m, raw_times, n, before)
            if free < m:  # will every arrival find someone idle?
                for x in range(m + 1):
                    leaving[x] = 0
                for x in range(n):
                    leaving[before[x]] += 1
                there = free
                for i in range(m):
                    there += leaving[i]
                    calm &= there > i
        if ways > 1:
            for x in range(m):
                calm &= work[U(j) + U(x)] < from_s
        few = calm and m <= few_tasks and n <= _ENDS
        if not few:
            for k in range(len(types)):
                ranked = skill0 + U(types[k] * slots)
                for x in range(span):
                    there_is[x] = 0
                for w in range(words):
                    bits = sets[w]
                    while bits != none:
                        s = lowest_bit(bits) + U(w << 6)
                        bits &= bits - one
                        r = U(rank[ranked + s])
                        there_is[r] = 1
                        slot_at[U(k * span) + r] = s
                for w in range(words):
                    bits = none
                    for x in range(0, 64, 16):
                        bits |= sixteen_equal(there_is, U((w << 6) + x), 1) << U(x)
                    idle[k * words + w] = bits
        head = 0
        tail = 0
        if calm:
            if few:
                for x in range(slots):
                    away[x] = AWAY if codes[row0 + U(x)] != _IDLE else 0
            for x in range(n):
                s = U(raw_who[x])
                codes[row0 + s] = _IDLE
            if not few:
                for k in range(len(types)):
                    ranked = skill0 + U(types[k] * slots)
                    for x in range(n):
                        s = U(raw_who[x])
                        r = U(rank[ranked + s])
                        slot_at[U(k * span) + r] = s
                        freed[before[x] * width + U(k * words) + (r >> U(6))] |= one << (r & U(63))
            seen += busy - gone if probing else 0
            busy -= done - mine
            if few:
                early = choose_of_few(
                    at, work, meta, first_in, m, end, overhead, row0, skill0, slots, slow, skills, rank, first_skill,
                    away, before, raw_who, n, chosen, finishes, services, hurried,
                )  # fmt: skip
            elif several or words > 2:
                early = choose_of_many(
                    at, work, meta, first_in, m, end, overhead, row0, skill0, slots, slow, skills, rank, types,
                    first_word, first_skill, idle, freed, slot_at, chosen, finishes, services, hurried,
                )  # fmt: skip
            else:
                early = choose_of_one(
                    at, work, first_in, m, end, overhead, row0, skill0 + first_skill[0], slow, skills, rank,
                    idle[0], idle[1] if words > 1 else none, U(words), freed, slot_at, chosen, finishes, services,
                    hurried,
                )  # fmt: skip
            if not few:
                for x in range((m + 1) * len(idle)):
                    freed[x] = none
            for x in range(m):
                a = U(chosen[x])
                hand_over(whole, card[first_in + U(x)], h_whole, a)
                h_service[a] = services[x]
                ends[a] = finishes[x]
                codes[a] = _BUSY if finishes[x] >= end else _IDLE
            for x in range(early):
                y = U(hurried[x])
                i = first_in + y  # type: ignore[assignment]
                kind = U(task_class(meta[i]))  # type: ignore[assignment]
                ended.at[done] = finishes[y]
                ended.arrived[done] = real[card[i], 0]
                ended.back[done] = card_back(whole[card[i], 3])
                ended.service[done] = services[y]
                ended.useful[done] = work[i] * slow[chosen[y]]
                ended.limit[done] = deadline_s[kind]
                busy_t += steps(finishes[y])
                if kept:
                    ended.who[done] = chosen[y]
                    ended.meta[done] = meta[i]
                    ended.uid[done] = whole[card[i], 1]
                    ended.work[done] = work[i]
                done += 1
            for x in range(m):
                kind = U(task_class(meta[first_in + U(x)]))  # type: ignore[assignment]
                s = U(chosen[x]) - row0
                match_all += np.int64(skills[skill0 + first_skill[kind] + s])  # type: ignore[assignment]
            for x in range(m):
                now = at[first_in + U(x)]
                f = finishes[x]
                stays = f >= end
                busy += stays
                ends_t += steps(f) if stays else 0
                busy_t -= steps(now)
                work_all += steps(work[first_in + U(x)])
                seen += (now <= instant) & (f > instant)
            wait_hist[0] += m
            started = m
        else:
            for x in range(n):  # ends by time, then slot
                t = raw_times[x]
                i = x
                while i > 0 and (times[i - 1] > t or (times[i - 1] == t and who[i - 1] > raw_who[x])):
                    times[i] = times[i - 1]
                    who[i] = who[i - 1]
                    i -= 1
                times[i] = t
                who[i] = raw_who[x]
            p = 0
            asked = probing
            while j < last and at[j] < begin:
                queue[tail] = j
                tail += 1
                j += 1
            while True:
                s = nobody
                if led and head < tail and free > 0:  # agents came while tasks waited
                    now = begin
                    i = queue[head]
                    head += 1
                else:
                    t_next = at[j] if j < last else np.inf
                    t_done = times[p] if p < n else np.inf
                    now = min(t_next, t_done)
                    if asked and now > probe:
                        seen += tail - head + busy
                        asked = False
                    if t_done <= t_next:
                        if p == n:
                            break
                        s = U(who[p])
                        a = row0 + s
                        p += 1
                        now = max(now, begin)
                        code = codes[a]
                        if code == _BUSY or code == _DRAINING:  # noqa: SIM109
                            if not plain:
                                if sampled(h_whole[a, 1], below):
                                    note(ledger, h_whole[a, 1], 8, now, np.int64(a))  # type: ignore[arg-type]
                                if answers:
                                    answered_uid[answered] = h_whole[a, 1]
                                    answered_meta[answered] = card_meta(h_whole[a, 3])
                                    answered += 1
                            busy -= 1
                            if code == _DRAINING:
                                codes[a] = _RETIRED
                                ends[a] = np.inf
                                continue
                        if head == tail or not led:
                            codes[a] = _IDLE
                            for k in range(len(types)):
                                r = U(rank[skill0 + U(types[k] * slots) + s])
                                slot_at[U(k * span) + r] = s
                                idle[U(k * words) + (r >> U(6))] |= one << (r & U(63))
                            free += 1
                            continue
                        i = queue[head]
                        head += 1
                    else:
                        i = j
                        j += 1
                        if free == 0 or not led:
                            if tail - head >= bound:
                                count[_FULL] += 1
                                tell(ledger, whole[card[i], 1], now, _FULL)
                                if sampled(whole[card[i], 1], below):
                                    note(ledger, whole[card[i], 1], 9, now, _FULL)
                            else:
                                queue[tail] = i
                                tail += 1
                            continue
                kind = U(task_class(meta[i]))  # type: ignore[assignment]
                skilled = skill0 + first_skill[kind]
                if s == nobody:  # among the idle ones the one that serves this type fastest
                    first = first_word[kind]
                    w = first
                    while idle[w] == none:
                        w += one
                    s = U(slot_at[(w << U(6)) + lowest_bit(idle[w])])
                    for k in range(len(types)):
                        r = U(rank[skill0 + U(types[k] * slots) + s])
                        idle[U(k * words) + (r >> U(6))] &= ~(one << (r & U(63)))
                    free -= 1
                a = row0 + s
                skill = skills[skilled + s]
                service = work[i] * np.float64(slow[a]) * (overhead / skill)
                if (
                    ways > 1 and work[i] >= from_s and free > 0
                ):  # split over idle agents, as far as there are any
                    parts = min(ways, free + 1)
                    longest = service = service / parts
                    split += 1
                    for _ in range(parts - 1):
                        w = first_word[kind]
                        while idle[w] == none:
                            w += one
                        other = U(slot_at[(w << U(6)) + lowest_bit(idle[w])])
                        for k in range(len(types)):
                            r = U(rank[skill0 + U(types[k] * slots) + other])
                            idle[U(k * words) + (r >> U(6))] &= ~(one << (r & U(63)))
                        free -= 1
                        helper = row0 + other
                        took = (
                            work[i] / parts * np.float64(slow[helper]) * (overhead / skills[skilled + other])
                        )
                        hand_over(whole, card[i], h_whole, helper)
                        h_service[helper] = took
                        ends[helper] = now + took
                        codes[helper] = _HELPING
                        longest = max(longest, took)
                        helped_t += steps(now + took) - steps(now)
                        busy_t += steps(min(now + took, end)) - steps(now)
                        if now + took < end:
                            n = by_time(times, who, p, n, now + took, other)
                            if n >= slots and p > 0:
                                n, p = closed_up(times, who, p, n), 0
                    service = longest + join_s
                f = now + service
                hand_over(whole, card[i], h_whole, a)
                h_service[a] = service
                ends[a] = f
                codes[a] = _BUSY
                busy += 1
                busy_t -= steps(now)
                started += 1
                wait_all += steps(now) - steps(at[i])
                work_all += steps(work[i])
                match_all += np.int64(skill)  # type: ignore[assignment]
                wait_hist[bin_of(now - at[i])] += 1
                if not plain and sampled(whole[card[i], 1], below):
                    note(ledger, whole[card[i], 1], 7, now, np.int64(a))  # type: ignore[arg-type]
                if f >= end:
                    ends_t += steps(f)
                else:
                    ended.at[done] = f
                    ended.arrived[done] = real[card[i], 0]
                    ended.back[done] = card_back(whole[card[i], 3])
                    ended.service[done] = service
                    ended.useful[done] = work[i] * slow[a]
                    ended.limit[done] = deadline_s[kind]
                    if kept:
                        ended.who[done] = a
                        ended.meta[done] = meta[i]
                        ended.uid[done] = whole[card[i], 1]
                        ended.work[done] = work[i]
                    done += 1
                    busy_t += steps(f)
                    n = by_time(times, who, p, n, f, s)
                    if n >= slots and p > 0:  # the finishes dealt with make room for the ones to come
                        n, p = closed_up(times, who, p, n), 0
            if asked:
                seen += tail - head + busy
        busy_t += busy * t_end
        ready_t += ready * t_end
        if forks:
            helping = 0
            for x in range(slots):
                helping += codes[row0 + U(x)] == _HELPING
            count[_SPLIT] += split
            count[_HELPERS] += helping
            count[_HELPED_T] += helped_t
        backlog = 0.0
        for x in range(head, tail):
            i = queue[x]
            backlog += work[i]
            take_card(blocks.cards, card[i], at[i], q, rest, n_rest)
            n_rest += 1
        s_waiting[q] = tail - head
        s_in_service[q] = busy
        s_ready[q] = ready
        ready_now += ready
        s_ends_t[q] = ends_t
        s_backlog[q] = backlog + (ends_t - busy * t_end) * _STEP
        s_busy_t[q] += busy_t
        s_ready_t[q] += ready_t
        s_completed[q] += done - mine
        busy_all += busy_t
        ready_all += ready_t
        waiting_all += tail - head
        in_service_all += busy
        messages_all += started * rule_messages[q]
        started_all += started
        completed_all += done - mine
        if learns:
            note_ends(
                lessons, q, mine, done, fleet.uid, ended.who, ended.meta, ended.service, ended.work, class_type,
                marks.mean_s, overhead, fleet.skill,
            )  # fmt: skip
        mine = done
        ended_from[q % _BLOCK + 1] = done
        if q % _BLOCK == _BLOCK - 1 or q == len(offsets) - 2:  # the last one of its block
            late, response, service_t, useful, spared = count_answers(
                ended, done, per_s, sums, response_hist, met
            )
            late_all += late
            response_all += response
            service_all += service_t
            useful_all += useful
            spared_all += spared
            for b in range(q % _BLOCK + 1):
                response = useful = 0
                for x in range(ended_from[b], ended_from[b + 1]):
                    response += sums.response[x]
                    useful += sums.useful[x]
                s_response_t[q - q % _BLOCK + b] += response
                s_useful_t[q - q % _BLOCK + b] += useful
            if tokens:
                for x in range(done):
                    if how[task_class(ended.meta[x])] == 3 and not is_hosted(ended.uid[x]):
                        first_tokens(
                            ended.uid[x], sums.took[x], np.float64(ended.service[x]), ended.work[x], prompt,
                            generated, prefill_s, replayed, key, count, first_hist,
                        )  # fmt: skip
            if hosted:
                for x in range(done):
                    tell(ledger, ended.uid[x], ended.at[x] + np.float64(ended.back[x]), _COMPLETED)
            mine = 0
    count[_BUSY_T] += busy_all
    count[_READY_T] += ready_all
    count[_WAITING] += waiting_all
    count[_IN_SERVICE] += in_service_all
    for column in range(4):
        messages[rule.channel, column] += messages_all
    messages[rule.channel, 4] += messages_all * rule.message_bytes
    count[_STARTED] += started_all
    count[_COMPLETED] += completed_all
    count[_LATE] += late_all
    count[_RESPONSE_T] += response_all
    count[_SERVICE_T] += service_all
    count[_USEFUL_T] += useful_all
    count[_SPARED_T] += spared_all
    count[_WAIT_T] += wait_all
    count[_WORK_T] += work_all
    count[_MATCH] += match_all
    count[_SAMPLED] += seen
    return n_rest, answered, ready_now
