"""Clusters: one FIFO queue and many unlike servers each, event by event within a tick."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...agents.fleet import BUSY, DRAINING, IDLE, RETIRED, Rows
from ...arrays import Floats, Floats32, Ints, Ints32, kernel
from .arrivals import Marks, token_row
from .ledger import Count, Ledger, bin_of, note, sampled, steps
from .tasks import Tasks, copy_task, task_class

_IDLE, _BUSY, _DRAINING, _RETIRED = IDLE, BUSY, DRAINING, RETIRED
_COMPLETED, _LATE, _STARTED = int(Count.COMPLETED), int(Count.LATE), int(Count.STARTED)
_RESPONSE_T, _NETWORK_T, _WAIT_T = int(Count.RESPONSE_T), int(Count.NETWORK_T), int(Count.CLUSTER_WAIT_T)
_SERVICE_T, _USEFUL_T, _BUSY_T, _READY_T = (
    int(Count.SERVICE_T),
    int(Count.USEFUL_T),
    int(Count.BUSY_T),
    int(Count.READY_T),
)
_WORK_T, _MATCH = int(Count.WORK_STARTED_T), int(Count.MATCH_SUM)
_PROMPT, _GENERATED, _FIRST_T = (
    int(Count.PROMPT_TOKENS),
    int(Count.GENERATED_TOKENS),
    int(Count.FIRST_TOKEN_T),
)
_STEP = 1.0 / 1048576.0
_FULL, _SAMPLED = int(Count.DROPPED_CLUSTER_FULL), int(Count.SAMPLED_CLUSTER)
_WAITING, _IN_SERVICE = int(Count.WAITING_CLUSTER), int(Count.IN_SERVICE)


class Hands(NamedTuple):
    """The task in each agent's hands; meaningful where the agent is busy or draining.

    Attributes:
        uid: `[Q, S]` the task's key.
        arrived: `[Q, S]` s.
        work: `[Q, S]` s of a unit-speed agent.
        service: `[Q, S]` s that the agent needs.
        back: `[Q, S]` s, latency of the answer.
        meta: `[Q, S]` class, entry node, attempts.
    """

    uid: Ints
    arrived: Floats
    work: Floats
    service: Floats32
    back: Floats32
    meta: Ints32

    @classmethod
    def empty(cls, clusters: int, slots: int) -> Hands:
        """Empty hands."""
        shape = (clusters, slots)
        return cls(
            np.zeros(shape, np.int64),
            np.zeros(shape),
            np.zeros(shape),
            np.zeros(shape, np.float32),
            np.zeros(shape, np.float32),
            np.zeros(shape, np.int32),
        )


class ClusterState(NamedTuple):
    """What is known of each cluster at a tick's end.

    Attributes:
        waiting: `[Q]` tasks in the queue.
        in_service: `[Q]` tasks in agents' hands.
        ready: `[Q]` idle and busy agents.
        backlog_s: `[Q]` s of unit-speed work waiting plus agent-seconds left in hands.
        busy_t: `[Q]` agent time in service so far, in 2**-20 s.
        ready_t: `[Q]` agent time ready so far, in 2**-20 s.
        completed: `[Q]` tasks completed so far.
        ends_t: `[Q]` summed ends of the tasks in hands, in 2**-20 s.
    """

    waiting: Ints
    in_service: Ints
    ready: Ints
    backlog_s: Floats
    busy_t: Ints
    ready_t: Ints
    completed: Ints
    ends_t: Ints

    @classmethod
    def empty(cls, clusters: int) -> ClusterState:
        """Nothing known yet."""
        return cls(*(np.zeros(clusters, np.float64 if i == 3 else np.int64) for i in range(8)))


class Rule(NamedTuple):
    """What rules hold in the clusters.

    Attributes:
        bound: tasks that may wait in a cluster; more are dropped.
        overhead: `[Q]` factor of coordination on every service time, >= 1.
        messages: `[Q]` messages that coordination costs a task.
        channel: the channel in which they are counted.
        message_bytes: bytes of each.
        answers: 1 if the keys of answered tasks are wanted for the caches.
    """

    bound: int
    overhead: Floats
    messages: Ints
    channel: int
    message_bytes: int
    answers: int


@kernel
def serve_clusters(
    begin: float,
    end: float,
    probe: float,
    due: Tasks,
    offsets: Ints,
    rest: Tasks,
    fleet: Rows,
    hands: Hands,
    state: ClusterState,
    rule: Rule,
    marks: Marks,
    answered_uid: Ints,
    answered_meta: Ints32,
    queue: Ints,
    ledger: Ledger,
) -> tuple[int, int]:
    """Serve every cluster from ``begin`` to ``end``, exactly and in the order of events.

    The agent that becomes free first takes the task at the head of the queue; a task that finds idle agents
    goes to the one that serves it fastest (speed x skill for its type). A task is bound to an agent only when
    it starts; what has not started waits.

    Args:
        begin: s, begin of the tick; tasks that came before it are in the queue already.
        end: s, end of the tick.
        probe: s, instant at which the number present is sampled.
        due: tasks that arrive before ``end`` or wait, by cluster and in the order of the queue.
        offsets: `[Q + 1]` where each cluster's tasks begin.
        rest: out: tasks that still wait, by cluster in the order of the queue.
        fleet: the agents, changed in place.
        hands: their tasks, changed in place.
        state: figures of each cluster, changed in place.
        rule: bounds, coordination overhead.
        marks: laws of the tasks' classes.
        answered_uid: `[cap]` out: keys of completed tasks, if the rule wants them.
        answered_meta: `[cap]` out.
        queue: `[cap]` scratch, at least the length of the longest queue.
        ledger: counts.

    Returns:
        Rows in ``rest``, and answered tasks noted.
    """
    slots = fleet.uid.shape[1]
    count = ledger.count
    response_hist, wait_hist, first_hist = ledger.hist[0], ledger.hist[2], ledger.hist[3]
    below = ledger.log_below[0]
    at, arrived, uid, work, back, meta = due.at, due.arrived, due.uid, due.work, due.back, due.meta
    code_of, free_at, slowness, skills, order = (
        fleet.state,
        fleet.free_at,
        fleet.slowness,
        fleet.skill,
        fleet.order,
    )
    h_uid, h_arrived, h_work = hands.uid, hands.arrived, hands.work
    h_service, h_back, h_meta = hands.service, hands.back, hands.meta
    class_type, deadline_s, how = marks.class_type, marks.deadline_s, marks.how
    prompt, generated = marks.prompt, marks.generated
    prefill_s, key, bound = marks.prefill_s, marks.key, rule.bound
    times = np.empty(slots + 1, np.float64)
    who = np.empty(slots + 1, np.int64)
    idle = np.empty(slots, np.uint8)
    t_begin, t_end = steps(begin), steps(end)
    n_rest = 0
    answered = 0
    started_all = 0
    completed_all = 0
    late_all = 0
    response_all = 0
    service_all = 0
    useful_all = 0
    wait_all = 0
    work_all = 0
    match_all = 0
    seen = 0
    for q in range(len(offsets) - 1):
        j = offsets[q]
        last = offsets[q + 1]
        n = 0
        free = 0
        busy = 0
        busy_t = 0
        ready_t = 0
        ready = 0
        codes, ends = code_of[q], free_at[q]
        for s in range(slots):  # without a branch: idle slots, and slots whose end falls in the tick
            is_idle = codes[s] == _IDLE
            idle[s] = is_idle
            free += is_idle
            busy += (codes[s] == _BUSY) | (codes[s] == _DRAINING)
            ready += codes[s] == _BUSY
            who[n] = s
            n += (ends[s] < end) & (not is_idle)
        for x in range(n):
            s = who[x]
            t = ends[s]
            i = x
            while i > 0 and times[i - 1] > t:
                times[i] = times[i - 1]
                who[i] = who[i - 1]
                i -= 1
            times[i] = t
            who[i] = s
        ready += free
        busy_t -= busy * t_begin
        ready_t -= ready * t_begin
        overhead = rule.overhead[q] * 255.0
        ends_t = state.ends_t[q]
        done = 0
        started = 0
        p = 0
        head = 0
        tail = 0
        probing = begin <= probe < end
        while j < last and at[j] < begin:
            queue[tail] = j
            tail += 1
            j += 1
        while True:
            s = -1
            if head < tail and free > 0:  # agents came while tasks waited
                now = begin
                i = queue[head]
                head += 1
            else:
                t_next = at[j] if j < last else np.inf
                t_done = times[p] if p < n else np.inf
                now = min(t_next, t_done)
                if probing and now > probe:
                    seen += tail - head + busy
                    probing = False
                if t_done <= t_next:
                    if p == n:
                        break
                    s = who[p]
                    p += 1
                    now = max(now, begin)
                    code = code_of[q, s]
                    if code == _BUSY or code == _DRAINING:
                        took = now + h_back[q, s] - h_arrived[q, s]
                        took_service = np.float64(h_service[q, s])
                        response_all += steps(took)
                        service_all += steps(took_service)
                        useful_all += steps(h_work[q, s] * slowness[q, s])
                        response_hist[bin_of(took)] += 1
                        kind = task_class(h_meta[q, s])
                        late_all += 1 if took > deadline_s[kind] else 0
                        if how[kind] == 3:
                            row = token_row(h_uid[q, s], len(prompt), key)
                            count[_PROMPT] += prompt[row]
                            count[_GENERATED] += generated[row]
                            first = (
                                took - took_service + prefill_s * prompt[row] / h_work[q, s] * took_service
                            )
                            count[_FIRST_T] += steps(first)
                            first_hist[bin_of(first)] += 1
                        if sampled(h_uid[q, s], below):
                            note(ledger, h_uid[q, s], 8, now, q * slots + s)
                        if rule.answers:
                            answered_uid[answered] = h_uid[q, s]
                            answered_meta[answered] = h_meta[q, s]
                            answered += 1
                        done += 1
                        busy -= 1
                        busy_t += steps(now)
                        ends_t -= steps(free_at[q, s])
                        if code == _DRAINING:
                            code_of[q, s] = _RETIRED
                            free_at[q, s] = np.inf
                            continue
                    else:
                        ready += 1
                        ready_t -= steps(now)
                    if head == tail:
                        code_of[q, s] = _IDLE
                        idle[s] = 1
                        free += 1
                        continue
                    i = queue[head]
                    head += 1
                else:
                    i = j
                    j += 1
                    if free == 0:
                        if tail - head >= bound:
                            count[_FULL] += 1
                            if sampled(uid[i], below):
                                note(ledger, uid[i], 9, now, _FULL)
                        else:
                            queue[tail] = i
                            tail += 1
                        continue
            kind = class_type[task_class(meta[i])]
            if s < 0:  # among the idle ones the one that serves this type fastest
                r = 0
                while not idle[order[q, kind, r]]:
                    r += 1
                s = np.int64(order[q, kind, r])
                idle[s] = 0
                free -= 1
            skill = skills[q, kind, s]
            service = work[i] * np.float64(slowness[q, s]) * (overhead / skill)
            f = now + service
            h_uid[q, s] = uid[i]
            h_arrived[q, s] = arrived[i]
            h_work[q, s] = work[i]
            h_service[q, s] = service
            h_back[q, s] = back[i]
            h_meta[q, s] = meta[i]
            free_at[q, s] = f
            code_of[q, s] = _BUSY
            busy += 1
            busy_t -= steps(now)
            ends_t += steps(f)
            started += 1
            wait_all += steps(now) - steps(at[i])
            work_all += steps(work[i])
            match_all += skill
            wait_hist[bin_of(now - at[i])] += 1
            if sampled(uid[i], below):
                note(ledger, uid[i], 7, now, q * slots + s)
            if f < end:
                i = n
                while i > p and (times[i - 1] > f or (times[i - 1] == f and who[i - 1] > s)):
                    times[i] = times[i - 1]
                    who[i] = who[i - 1]
                    i -= 1
                times[i] = f
                who[i] = s
                n += 1
                if n == slots and p > 0:  # the finishes dealt with make room for the ones to come
                    for i in range(p, n):
                        times[i - p] = times[i]
                        who[i - p] = who[i]
                    n -= p
                    p = 0
        if probing:
            seen += tail - head + busy
        busy_t += busy * t_end
        ready_t += ready * t_end
        backlog = 0.0
        for i in range(head, tail):
            backlog += work[queue[i]]
            copy_task(due, queue[i], rest, n_rest)
            n_rest += 1
        state.waiting[q] = tail - head
        state.in_service[q] = busy
        state.ready[q] = ready
        state.ends_t[q] = ends_t
        state.backlog_s[q] = backlog + (ends_t - busy * t_end) * _STEP
        state.busy_t[q] += busy_t
        state.ready_t[q] += ready_t
        state.completed[q] += done
        count[_BUSY_T] += busy_t
        count[_READY_T] += ready_t
        count[_WAITING] += tail - head
        count[_IN_SERVICE] += busy
        number = started * rule.messages[q]
        m = ledger.messages
        for column in range(4):
            m[rule.channel, column] += number
        m[rule.channel, 4] += number * rule.message_bytes
        started_all += started
        completed_all += done
    count[_STARTED] += started_all
    count[_COMPLETED] += completed_all
    count[_LATE] += late_all
    count[_RESPONSE_T] += response_all
    count[_SERVICE_T] += service_all
    count[_USEFUL_T] += useful_all
    count[_WAIT_T] += wait_all
    count[_WORK_T] += work_all
    count[_MATCH] += match_all
    count[_SAMPLED] += seen
    return n_rest, answered
