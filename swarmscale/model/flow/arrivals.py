"""Arrivals: times and marks of tasks, functions of (seed, entry node, time bin, number in the bin) alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Floats, Ints, Ints32, Words, kernel
from ...rng import U, draw, ln, philox, unit, unit32
from .laws import sample
from .tasks import Tasks, pack

GAP_AND_WORK, MARKS, SERVICE, NETWORK, CHOICE, KEY, DELEGATE = range(7)
LATER_HOPS = 16


class Marks(NamedTuple):
    """The laws of what an arrival carries.

    Attributes:
        key: Philox key of the demand's stream.
        class_share: `[C]` cumulative share of the classes.
        class_type: `[C]` intelligence type that a class asks for.
        deadline_s: `[C]` s from arrival to answer.
        how: `[C]` law of the work: see :mod:`laws`; 3 = from the tokens of a traced request.
        mean_s: `[C]` s of a unit-speed agent.
        body: `[C, 4097]` and ``tail``: tables of the law.
        tail: see ``body``.
        prompt: `[R]` prompt tokens of the traced requests.
        generated: `[R]` generated tokens.
        prefill_s: s for a prompt token of a unit-speed agent.
        decode_s: s for a generated token.
        replayed: 1 if arrivals are the traced requests themselves.
    """

    key: np.uint64
    class_share: Floats
    class_type: Ints
    deadline_s: Floats
    how: Ints
    mean_s: Floats
    body: Floats
    tail: Floats
    prompt: Ints32
    generated: Ints32
    prefill_s: float
    decode_s: float
    replayed: int


@kernel
def words_of(
    uids: Ints, n: int, purpose: int, key: np.uint64, a: Words, b: Words, c: Words, d: Words
) -> None:
    """The four random words of ``n`` tasks for one purpose; plain enough for the compiler to vectorize."""
    low = U(0xFFFFFFFF)
    p = U(purpose)
    for i in range(n):
        t = U(uids[i])
        a[i], b[i], c[i], d[i] = philox(t & low, t >> U(32), p, U(0), key)


@kernel
def token_row(uid: int, rows: int, replayed: int, key: np.uint64) -> int:
    """The traced request whose tokens a task carries: its own if it is replayed, else one drawn for it."""
    if replayed:
        return uid & 0xFFFFFF
    w = draw(uid & 0x3FFFFFFFFFFFFFF, 1, key)  # the task as it arrived
    return int(np.int64((w[3] * U(rows)) >> U(32)))


@kernel
def work_of(marks: Marks, kind: int, u: float, row_word: np.uint64) -> float:
    """Work of a task in seconds of a unit-speed agent."""
    if marks.how[kind] == 3:
        row = np.int64((row_word * U(len(marks.prompt))) >> U(32))
        return float(marks.prefill_s * marks.prompt[row] + marks.decode_s * marks.generated[row])
    return float(marks.mean_s[kind]) * sample(marks.how[kind], marks.body[kind], marks.tail[kind], u)


@kernel
def poisson_bin(
    number: int, start_s: float, width_s: float, rate: Floats, marks: Marks, out: Tasks, n: int,
    scratch: Floats, a: Words, b: Words, c: Words, d: Words, uids: Ints,
) -> int:  # fmt: skip
    """Poisson arrivals of one time bin at every entry node, in time order for each.

    Gaps are exponential and start anew in each bin, which is exact since the law has no memory.

    Args:
        number: the bin's number, counted from time 0.
        start_s: s.
        width_s: s.
        rate: `[K]` arrivals per second at each entry node.
        marks: what arrivals carry.
        out: tasks are added behind the first ``n`` rows.
        n: rows in use.
        scratch: `[cap]` for gaps.
        a: `[cap]` scratch, as are the others.
        b: see ``a``.
        c: see ``a``.
        d: see ``a``.
        uids: see ``a``.

    Returns:
        Rows then in use, or -1 if a buffer is too short and nothing more was written.
    """
    class_share, how, mean_s = marks.class_share, marks.how[0], marks.mean_s[0]
    for e in range(len(rate)):
        if rate[e] <= 0.0:
            continue
        base = (np.int64(number) << 32) | (np.int64(e) << 20)
        scale = 1.0 / rate[e]
        t = 0.0
        first = 0
        ask = int(rate[e] * width_s + 6.0 * np.sqrt(rate[e] * width_s)) + 16
        while True:
            ask = min(ask, len(uids))
            for i in range(ask):
                uids[i] = base | (first + i)
            words_of(uids, ask, 0, marks.key, a, b, c, d)
            for i in range(ask):
                scratch[i] = -ln(unit(a[i], b[i])) * scale
            m = 0
            while m < ask:
                t += scratch[m]
                if t >= width_s:
                    break
                scratch[m] = t
                m += 1
            if n + m > len(out.at):
                return -1
            at, arrived, uid, work = out.at[n:], out.arrived[n:], out.uid[n:], out.work[n:]
            back, meta, place = out.back[n:], out.meta[n:], out.place[n:]
            for i in range(m):
                work[i] = unit(c[i], d[i])
            words_of(uids, m, 1, marks.key, a, b, c, d)
            if len(class_share) == 1:
                meta[:m] = pack(0, e)
            else:
                for i in range(m):
                    u = unit32(a[i])
                    kind = np.uint32(0)
                    while u > class_share[kind]:
                        kind += np.uint32(1)
                    meta[i] = pack(int(np.int64(kind)), e)
            if len(class_share) == 1 and how == 1:
                for i in range(m):
                    work[i] = mean_s * -ln(work[i])
            else:
                for i in range(m):
                    work[i] = work_of(marks, meta[i] & 15, work[i], d[i])
            for i in range(m):
                at[i] = start_s + scratch[i]
                arrived[i] = start_s + scratch[i]
            for i in range(m):
                uid[i] = uids[i]
                back[i] = np.float32(unit32(b[i]) * 0.9999999)
            place[:m] = e
            n += m
            first += m
            if m < ask:
                break
    return n


@kernel
def copy_rows(
    times: Floats, entry: Ints32, kind: Ints32, work: Floats, first: int, last: int, shift_s: float,
    begin_s: float, base: int, out: Tasks, n: int,
) -> None:  # fmt: skip
    """The work of :func:`replay_rows` for rows that say everything, column by column."""
    m = last - first
    time, where, what, needs = times[first:last], entry[first:last], kind[first:last], work[first:last]
    at, arrived, uid, works = out.at[n:], out.arrived[n:], out.uid[n:], out.work[n:]
    back, meta, place = out.back[n:], out.meta[n:], out.place[n:]
    for i in range(m):
        at[i] = max(time[i] + shift_s, begin_s)
    for i in range(m):
        arrived[i] = at[i]
    for i in range(m):
        uid[i] = base + first + i
    for i in range(m):
        works[i] = needs[i]
    for i in range(m):
        meta[i] = what[i] | (where[i] << np.int32(4))
    for i in range(m):
        place[i] = where[i]
    for i in range(m):
        back[i] = np.float32(0.0)


@kernel
def replay_rows(
    times: Floats, entry: Ints32, kind: Ints32, work: Floats, first: int, last: int, shift_s: float,
    begin_s: float, base: int, entry_share: Floats, home_given: bool, complete: bool, marks: Marks, out: Tasks, n: int,
) -> int:  # fmt: skip
    """Replay rows of a list of requests; a negative entry or class, or a NaN work, is drawn.

    Args:
        times: `[R]` s, ascending.
        entry: `[R]` entry node or -1.
        kind: `[R]` class or -1.
        work: `[R]` s of a unit-speed agent or NaN.
        first: first row to replay.
        last: one behind the last row.
        shift_s: s added to the times.
        begin_s: s, no arrival is before it (a sum may be rounded below its own bin).
        base: key of row 0; rows count up from it.
        entry_share: `[K]` cumulative share of arrivals.
        home_given: whether the list says every task's home node.
        complete: whether the rows say everything.
        marks: laws of what is drawn.
        out: tasks are added behind the first ``n`` rows.
        n: rows in use.

    Returns:
        Rows then in use.
    """
    at, arrived, uids, works = out.at, out.arrived, out.uid, out.work
    back, meta, place = out.back, out.meta, out.place
    if complete:
        copy_rows(times, entry, kind, work, first, last, shift_s, begin_s, base, out, n)
        return n + last - first
    for r in range(first, last):
        uid = base + r
        t = max(times[r] + shift_s, begin_s)
        e, k, w, u_home = int(entry[r]), int(kind[r]), work[r], 0.0
        if e < 0 or k < 0 or np.isnan(w) or not home_given:
            a, b, c, _ = draw(uid, 1, marks.key)
            u_home = unit32(b) * 0.9999999
            if e < 0:
                e = 0
                while unit32(c) > entry_share[e]:
                    e += 1
            if k < 0:
                k = 0
                while unit32(a) > marks.class_share[k]:
                    k += 1
            if np.isnan(w) and marks.how[k] == 3:
                w = marks.prefill_s * marks.prompt[r] + marks.decode_s * marks.generated[r]
            elif np.isnan(w):
                gap = draw(uid, 0, marks.key)
                w = marks.mean_s[k] * sample(marks.how[k], marks.body[k], marks.tail[k], unit(gap[2], gap[3]))
        at[n] = t
        arrived[n] = t
        uids[n] = uid
        works[n] = w
        back[n] = u_home
        meta[n] = pack(k, e)
        place[n] = e
        n += 1
    return n
