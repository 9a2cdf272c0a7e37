"""Which agent of a cluster takes a task: idle ones as bits, by slot and by rank."""

from __future__ import annotations

import numpy as np

from ...agents.fleet import BUSY, DRAINING, IDLE
from ...arrays import Bytes, Floats, Floats32, Indices, Ints, Words, kernel, merged
from ...rng import U
from .bits import bits_set, eight_below, lowest_bit, sixteen_equal
from .tasks import task_class

_IDLE, _BUSY, _DRAINING = IDLE, BUSY, DRAINING
AWAY = 1 << 20
"""What stands for a slot that is not idle: more than any rank and slot."""


@kernel
def look(codes: Bytes, ends: Floats, row0: U, slots: int, end: float, sets: Words) -> None:
    """Which slots of a cluster are idle, busy, draining, and free before ``end``: bits, a word for 64 slots.

    Args:
        codes: states of all agents.
        ends: s, when each is free.
        row0: the cluster's first row.
        slots: its slots.
        end: s.
        sets: `[4 x words]` out: the four sets one after the other.
    """
    words = (slots + 63) >> 6
    for w in range(words):
        first = row0 + U(w << 6)
        n = min(64, slots - (w << 6))
        idle = busy = draining = free = U(0)
        for x in range(0, n - 15, 16):
            idle |= sixteen_equal(codes, first + U(x), _IDLE) << U(x)
            busy |= sixteen_equal(codes, first + U(x), _BUSY) << U(x)
            draining |= sixteen_equal(codes, first + U(x), _DRAINING) << U(x)
            free |= eight_below(ends, first + U(x), end) << U(x)
            free |= eight_below(ends, first + U(x + 8), end) << U(x + 8)
        for x in range(n & ~15, n):
            code = codes[first + U(x)]
            idle |= U(code == _IDLE) << U(x)
            busy |= U(code == _BUSY) << U(x)
            draining |= U(code == _DRAINING) << U(x)
            free |= U(ends[first + U(x)] < end) << U(x)
        sets[w] = idle
        sets[words + w] = busy
        sets[2 * words + w] = draining
        sets[3 * words + w] = free


@kernel
def how_many_below(values: Floats, first: U, n: int, limit: float) -> U:
    """How many of the ``n`` values from ``first`` on are below the limit; eight more must be readable."""
    many = 0
    for x in range(0, n - 7, 8):
        many += bits_set(eight_below(values, first + U(x), limit))
    left = n & 7
    bits = eight_below(values, first + U(n - left), limit) & ((U(1) << U(left)) - U(1))
    return U(many + bits_set(bits))


@kernel
def hand_over(cards: Ints, i: int, hands: Ints, a: U) -> None:
    """Copy card i into an agent's hands."""
    arrived, uid, work, last = cards[i, 0], cards[i, 1], cards[i, 2], cards[i, 3]
    hands[a, 0] = arrived
    hands[a, 1] = uid
    hands[a, 2] = work
    hands[a, 3] = last


@merged
def choose_of_few(
    at: Floats, work: Floats, meta: Ints, first: U, m: int, end: float, overhead: float, row0: U, skill0: U,
    slots: int, slow: Floats32, skills: Bytes, rank: Bytes, first_skill: Words, away: Ints, before: Words,
    who: Bytes, n: int, chosen: Indices, finishes: Floats, services: Floats32, hurried: Indices,
) -> int:  # fmt: skip
    """The agent of each of a few tasks: all slots are compared for each, side by side.

    ``away`` is 0 for idle slots and ``AWAY`` for others; slot ``who[x]`` becomes idle before task ``before[x]``.
    """
    early = 0
    for x in range(m):
        for y in range(n):
            if before[y] == U(x):
                away[who[y]] = 0
        for y in range(early):
            if before[n + y] == U(x):
                away[chosen[hurried[y]] - row0] = 0
        i = first + U(x)
        skill = skill0 + first_skill[U(task_class(meta[i]))]
        best = np.int64(AWAY)
        for s in range(slots):
            best = min(best, (np.int64(rank[skill + U(s)]) << np.int64(8)) + np.int64(s) + away[s])
        slot = U(best & 255)
        away[slot] = AWAY
        a = row0 + slot
        service = work[i] * np.float64(slow[a]) * (overhead / skills[skill + slot])
        f = at[i] + service
        chosen[x] = a
        finishes[x] = f
        services[x] = service
        if f < end:
            hurried[early] = x
            before[n + early] = max(U(x + 1), how_many_below(at, first, m, f))
            early += 1
    return early


@merged
def choose_of_one(
    at: Floats, work: Floats, first: U, m: int, end: float, overhead: float, row0: U, ranked: U, slow: Floats32,
    skills: Bytes, rank: Bytes, low: U, high: U, words: U, freed: Words, slot_at: Bytes, chosen: Indices,
    finishes: Floats, services: Floats32, hurried: Indices,
) -> int:  # fmt: skip
    """The agent of each of ``m`` tasks where all ask for one type and a cluster has at most 128 slots."""
    none, one = U(0), U(1)
    early = 0
    for x in range(m):
        low |= freed[U(x) * words]
        if words > one:
            high |= freed[U(x) * words + one]
        of_low = low != none
        bits = low if of_low else high
        left = bits & (bits - one)
        s = U(slot_at[lowest_bit(bits) + (none if of_low else U(64))])
        low = left if of_low else low
        high = high if of_low else left
        i = first + U(x)
        a = row0 + s
        service = work[i] * np.float64(slow[a]) * (overhead / skills[ranked + s])
        f = at[i] + service
        chosen[x] = a
        finishes[x] = f
        services[x] = service
        if f < end:
            hurried[early] = x
            early += 1
            y = max(U(x + 1), how_many_below(at, first, m, f))
            r = U(rank[ranked + s])
            freed[y * words + (r >> U(6))] |= one << (r & U(63))
    return early


@merged
def choose_of_many(
    at: Floats, work: Floats, meta: Ints, first: U, m: int, end: float, overhead: float, row0: U, skill0: U,
    slots: int, slow: Floats32, skills: Bytes, rank: Bytes, types: Ints, first_word: Words, first_skill: Words,
    idle: Words, freed: Words, slot_at: Bytes, chosen: Indices, finishes: Floats, services: Floats32,
    hurried: Indices,
) -> int:  # fmt: skip
    """The agent of each of ``m`` tasks, whatever they ask for: the sets of idle agents by type stand in ``idle``."""
    none, one = U(0), U(1)
    width = U(len(idle))
    words = width // U(len(types))
    early = 0
    for x in range(m):
        for w in range(len(idle)):
            idle[w] |= freed[U(x) * width + U(w)]
        i = first + U(x)
        kind = U(task_class(meta[i]))
        w = first_word[kind]
        while idle[w] == none:
            w += one
        s = U(slot_at[(U(w) << U(6)) + lowest_bit(idle[w])])
        a = row0 + s
        for k in range(len(types)):
            r = U(rank[skill0 + U(types[k] * slots) + s])
            idle[U(k) * words + (r >> U(6))] &= ~(one << (r & U(63)))
        service = work[i] * np.float64(slow[a]) * (overhead / skills[skill0 + first_skill[kind] + s])
        f = at[i] + service
        chosen[x] = a
        finishes[x] = f
        services[x] = service
        if f < end:
            hurried[early] = x
            early += 1
            y = max(U(x + 1), how_many_below(at, first, m, f))
            for k in range(len(types)):
                r = U(rank[skill0 + U(types[k] * slots) + s])
                freed[y * width + U(k) * words + (r >> U(6))] |= one << (r & U(63))
    return early
