"""Agents on a rugged landscape who copy each other or try a change of their own, over a network."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....arrays import Bools, Floats, Floats32, Ints, Ints32, kernel
from ....errors import require
from ....rng import U, draw

BEST, MAJORITY = 0, 1
"""Whom an agent looks to: the best of those it sees, or what most of them do."""


class Links(NamedTuple):
    """Who sees whom.

    Attributes:
        offsets: `[A + 1]` where each agent's neighbors begin.
        members: `[M]` the neighbors.
    """

    offsets: Ints32
    members: Ints32


def landscape(bits: int, others: int, random: np.random.Generator, power: float = 8.0) -> Floats32:
    """The worth of every solution of an NK problem, `[2 ** bits]` in (0, 1], the best one 1.

    Each bit contributes a uniform number that depends on itself and ``others`` bits drawn for it; the worth is
    the mean contribution over that of the best solution, to the given power.

    Args:
        bits: N, 1 to 24.
        others: K, 0 to N - 1.
        random: the source of the landscape.
        power: how much better the best is made to look.

    Source:
        Kauffman & Levin 1987; the scaling by the maximum and the eighth power: Lazer & Friedman 2007.
    """
    require(1 <= bits <= 24, "bits", bits, "from 1 to 24")
    require(0 <= others < bits, "others", others, f"from 0 to {bits - 1}")
    which = np.empty((bits, others + 1), np.int64)
    for bit in range(bits):
        rest = np.delete(np.arange(bits), bit)
        which[bit] = [bit, *random.choice(rest, others, replace=False)]
    worth = np.empty(2**bits, np.float32)
    add_up(which, random.random((bits, 2 ** (others + 1))), worth)
    return np.asarray((worth / worth.max()) ** np.float32(power), np.float32)


@kernel
def add_up(which: Ints, contribution: Floats, worth: Floats32) -> None:
    """Write the sum of the contributions of all bits for every solution, `[2 ** N]`."""
    bits, seen = which.shape
    for solution in range(len(worth)):
        total = 0.0
        for bit in range(bits):
            place = 0
            for j in range(seen):
                place = 2 * place + ((solution >> which[bit, j]) & 1)
            total += contribution[bit, place]
        worth[solution] = total


def search(
    worth: Floats32,
    links: Links,
    start: Ints,
    rounds: int,
    key: np.uint64,
    *,
    look: int = BEST,
    sees: int = 0,
) -> Floats:
    """Mean worth of the agents' solutions after each round, the start first, `[rounds + 1]`.

    In a round every agent looks at its neighbors, or at ``sees`` of them drawn anew, and takes over the best
    solution that it sees, or the commonest (one that it sees at least twice; of several equally common ones
    any), if that is better than its own; otherwise it turns one bit of its own and keeps the change if it is
    better. All move at once.

    Args:
        worth: `[2 ** N]` worth of every solution.
        links: who sees whom.
        start: `[A]` solutions at the start.
        rounds: number of rounds.
        key: Philox key of the run.
        look: ``BEST`` or ``MAJORITY``.
        sees: neighbors looked at in a round; 0 for all.

    Source:
        Lazer & Friedman 2007 (the best of all neighbors); Barkoczi & Galesic 2016 (samples, and the majority).
    """
    bits = len(worth).bit_length() - 1
    mean = np.empty(rounds + 1)
    go(worth, bits, links.offsets, links.members, start.astype(np.int64), key, look, sees, mean)
    return mean


@kernel
def go(
    worth: Floats32,
    bits: int,
    offsets: Ints32,
    members: Ints32,
    now: Ints,
    key: np.uint64,
    look: int,
    sees: int,
    mean: Floats,
) -> None:
    """Run :func:`search`; ``now`` is changed in place."""
    agents, after = len(now), now.copy()
    seen = np.empty(max(agents, 1), np.int64)
    for t in range(len(mean)):
        total = 0.0
        for a in range(agents):
            total += worth[now[a]]
        mean[t] = total / agents
        for a in range(agents):
            words = draw(a, 2 * t, key)
            count = _seen(a, t, offsets, members, now, key, sees, seen)
            own = now[a]
            other = own
            if count > 0:
                other = (
                    _best(worth, seen[:count]) if look == BEST else _commonest(seen[:count], own, words[1])
                )
            if worth[other] > worth[own]:
                after[a] = other
            else:
                tried = own ^ (1 << ((np.int64(words[0]) * bits) >> 32))
                after[a] = tried if worth[tried] > worth[own] else own
        now[:] = after


@kernel
def _seen(
    a: int, t: int, offsets: Ints32, members: Ints32, now: Ints, key: np.uint64, sees: int, out: Ints
) -> int:
    """The solutions that an agent sees: those of all neighbors, or of a few drawn without replacement."""
    first, degree = offsets[a], offsets[a + 1] - offsets[a]
    if sees == 0 or sees >= degree:
        for j in range(degree):
            out[j] = now[members[first + j]]
        return int(degree)
    taken = np.empty(sees, np.int64)
    count, tries = 0, 0
    while count < sees:
        words = draw(a + (tries << 20), 2 * t + 1, key)
        tries += 1
        place = (np.int64(words[0]) * degree) >> 32
        fresh = True
        for j in range(count):
            fresh = fresh and taken[j] != place
        if fresh:
            taken[count] = place
            out[count] = now[members[first + place]]
            count += 1
    return count


@kernel
def _best(worth: Floats32, seen: Ints) -> int:
    best = seen[0]
    for j in range(1, len(seen)):
        if worth[seen[j]] > worth[best]:
            best = seen[j]
    return int(best)


@kernel
def _commonest(seen: Ints, own: int, word: U) -> int:
    """The commonest solution, of several equally common ones any; one's own if all differ."""
    order = np.sort(seen)
    most, kinds, run = 0, 0, 0
    for j in range(len(order)):
        run = run + 1 if j > 0 and order[j] == order[j - 1] else 1
        if run > most:
            most, kinds = run, 1
        elif run == most:
            kinds += 1
    if most < 2:
        return own
    wanted = (np.int64(word) * kinds) >> 32
    run = 0
    for j in range(len(order)):
        run = run + 1 if j > 0 and order[j] == order[j - 1] else 1
        if run == most:
            if wanted == 0:
                return int(order[j])
            wanted -= 1
    return own


def line(agents: int) -> Links:
    """Each agent sees the one before and the one behind it."""
    return linked(np.abs(np.subtract.outer(np.arange(agents), np.arange(agents))) == 1)


def ring(agents: int, each_side: int = 1) -> Links:
    """Each agent sees its next neighbors on a circle."""
    apart = np.abs(np.subtract.outer(np.arange(agents), np.arange(agents)))
    apart = np.minimum(apart, agents - apart)
    return linked((apart > 0) & (apart <= each_side))


def full(agents: int) -> Links:
    """Everybody sees everybody."""
    return linked(~np.eye(agents, dtype=np.bool_))


def random_links(agents: int, chance: float, random: np.random.Generator) -> Links:
    """Each pair sees each other with the given chance (Erdos & Renyi 1959)."""
    upper = np.triu(random.random((agents, agents)) < chance, 1)
    return linked(upper | upper.T)


def linked(sees: Bools) -> Links:
    """Links from a table of who (row) sees whom (column)."""
    rows, columns = np.nonzero(sees)
    offsets = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=len(sees)))])
    return Links(offsets.astype(np.int32), columns.astype(np.int32))
