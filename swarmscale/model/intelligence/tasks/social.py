"""Social cognition: a group agrees on a name by talking in pairs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .... import rng as streams
from ....arrays import Floats, Floats32, Ints32, kernel
from ....errors import require
from ....rng import draw, unit32
from ..group import Group
from .base import Score, mean_and_error, repeats

type Small = NDArray[np.int16]


@dataclass(frozen=True, slots=True, kw_only=True)
class SocialCognition:
    """The minimal naming game over the links; everybody begins with one of some names.

    A speaker says one of its names. If the hearer has it, both keep that one alone, unless the hearer fails to
    see that they agree; else the hearer adds it. It sees with chance ``sigmoid(skill + .5) * listening`` and the
    link's reach. The score is the mean over budgets of 10, 20, ... up to 10 sqrt(N) talks an agent, and over two
    distances, of log(V p) / log V: p the chance that two agents, linked ones or any two, would say the same
    name, V the number of names.

    Attributes:
        names: V, names at the start, from 2 to 1,000.

    Source:
        Naming game: Baronchelli, Felici, Loreto, Caglioti & Steels 2006.
    """

    function = "social-cognition"
    pools = False
    names: int = 64

    def __post_init__(self) -> None:
        require(2 <= self.names <= 1000, "names", self.names, "from 2 to 1,000")

    def measure(self, group: Group, seed: int) -> Score:
        """See :class:`BatteryTask`."""
        n, c = len(group), group.channel
        runs = repeats(n, 6, least=2, full=500)
        sees = np.asarray(c.listening, np.float64) / (1 + np.exp(-(group.skill(8) + 0.5)))
        talks = budgets(n)
        scores = np.empty((runs, len(talks)))
        for r in range(runs):
            rng = streams.generator(seed, f"battery.social.{r}")
            has = np.full(
                (n, min(self.names, 48)), -1, np.int16
            )  # small, so that a large group fits the caches
            has[:, 0] = rng.integers(self.names, size=n)
            count = np.ones(n, np.int16)
            key = streams.key(seed, f"battery.social.{r}")
            done = 0
            for k, talk in enumerate(talks):
                # a talk an agent: half as many pairs as agents
                talked(has, count, sees, c.offsets, c.members, c.reach, done, talk * n // 2, key)
                done = talk * n // 2
                near = neighbors_agree(has, count, c.offsets, c.members)
                scores[r, k] = (agreement(has, count, self.names) + above_even(near, self.names)) / 2
        score, se = mean_and_error(scores.mean(axis=1))
        return Score(score, 1.0, se)


def budgets(n: int) -> list[int]:
    """Talks an agent after which agreement is read: 10, 20, 40, ... up to 10 sqrt(n).

    >>> budgets(100), budgets(4)
    ([10, 20, 40, 80], [10, 20])
    """
    return [10 * 2**k for k in range(max(int(np.log2(max(n, 1)) / 2), 0) + 1)]


@kernel
def talked(
    has: Small,
    count: Small,
    sees: Floats,
    offsets: Ints32,
    members: Ints32,
    reach: Floats32,
    first: int,
    last: int,
    key: np.uint64,
) -> None:
    """Let pairs talk, one after the other: a drawn speaker and one of its neighbors.

    Args:
        has: `[N, cap]` names of each agent, the first ``count`` of each row; changed in place.
        count: `[N]` how many; changed in place.
        sees: `[N]` chance that an agent sees that it has the name it hears.
        offsets: `[N + 1]` where each agent's links begin.
        members: `[M]` the neighbors.
        reach: `[M]` chance that a message over the link arrives.
        first: number of the first pair.
        last: number after the last.
        key: Philox key.
    """
    n, cap = has.shape
    for s in range(first, last):
        a, b, c, d = draw(s, 0, key)
        i = int(unit32(a) * n)
        degree = offsets[i + 1] - offsets[i]
        if degree == 0:
            continue
        e = offsets[i] + int(unit32(b) * degree)
        j = members[e]
        word = has[i, int(unit32(c) * count[i])]
        u = unit32(d)
        if u >= reach[e]:
            continue
        hit = False
        for k in range(count[j]):
            hit |= has[j, k] == word
        if hit:
            if u < reach[e] * sees[j]:
                has[i, 0] = has[j, 0] = word
                count[i] = count[j] = 1
        elif count[j] < cap:
            has[j, count[j]] = word
            count[j] += 1
        else:  # full: the oldest is forgotten
            for k in range(cap - 1):
                has[j, k] = has[j, k + 1]
            has[j, cap - 1] = word


def agreement(has: Small, count: Small, names: int) -> float:
    """log(V p) / log V, p the chance that two different agents say the same: 0 if all are said alike, 1 if one is."""
    n, cap = has.shape
    if n < 2:
        return 0.0
    there = np.arange(cap) < count[:, None]
    weight = np.repeat(1.0 / count, count)
    said = np.bincount(has[there], weight, names)
    with_itself = (1.0 / count).sum()
    return above_even(float(((said**2).sum() - with_itself) / (n * (n - 1))), names)


def above_even(same: float, names: int) -> float:
    """log(V p) / log V for the chance p that two say the same of V names; 0 below 1/V."""
    return float(np.log(max(names * same, 1.0)) / np.log(names))


@kernel
def neighbors_agree(has: Small, count: Small, offsets: Ints32, members: Ints32) -> float:
    """Chance that the two ends of a link would say the same name; 0 where there is no link."""
    total = 0.0
    for i in range(len(count)):
        for e in range(offsets[i], offsets[i + 1]):
            j = members[e]
            both = 0
            for a in range(count[i]):
                for b in range(count[j]):
                    both += has[i, a] == has[j, b]
            total += both / (count[i] * count[j])
    return total / len(members) if len(members) > 0 else 0.0


@kernel
def consensus_time(offsets: Ints32, members: Ints32, most: int, key: np.uint64) -> tuple[int, int, int]:
    """Pairs that talk until all share one name; until most names are held, and how many those are.

    The published game, with perfect listeners, everybody beginning without a name and inventing one when first to
    speak: a check of the literature's exponents, not part of the battery.

    Args:
        offsets: `[N + 1]` where each agent's links begin.
        members: `[M]` the neighbors.
        most: pairs after which it is given up, -1 then.
        key: Philox key.
    """
    n = len(offsets) - 1
    has = np.empty((n, n), np.int32)
    count = np.zeros(n, np.int64)
    holders = np.zeros(n, np.int64)  # of each name
    invented, held, alive, peak, peak_at = 0, 0, 0, 0, 0
    for s in range(most):
        a, b, c, _d = draw(s, 0, key)
        i = int(unit32(a) * n)
        degree = offsets[i + 1] - offsets[i]
        j = np.int64(members[offsets[i] + int(unit32(b) * degree)])
        if count[i] == 0:
            has[i, 0], count[i] = invented, 1
            holders[invented] = 1
            invented += 1
            held += 1
            alive += 1
        word = has[i, int(unit32(c) * count[i])]
        hit = False
        for k in range(count[j]):
            hit |= has[j, k] == word
        if hit:
            for x in (i, j):
                for k in range(count[x]):
                    if has[x, k] != word:
                        holders[has[x, k]] -= 1
                        held -= 1
                        alive -= holders[has[x, k]] == 0
                has[x, 0], count[x] = word, 1
            if alive == 1 and held == n:
                return s + 1, peak_at, peak
        else:
            has[j, count[j]] = word
            count[j] += 1
            holders[word] += 1
            held += 1
        if held > peak:
            peak, peak_at = held, s + 1
    return -1, peak_at, peak
