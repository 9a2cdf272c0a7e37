"""Memory: who knows it? Members ask members, who ask members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .... import rng as streams
from ....arrays import Floats, Floats32, Ints, Ints32, kernel
from ....errors import require
from ....rng import draw, unit32
from ..group import Group
from .base import Score, mean_and_error, repeats

FAN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Agent i knows item l with chance ``known * exp(.6 skill) * rarity_l``; some are asked for all items.

    Who is asked also asks four neighbors, and these four of theirs: an answer from h links away arrives with the
    chance that all on its way listen and the links hold. The score is the mean share of items recalled.

    Attributes:
        known: chance that an agent of mean skill knows the commonest item, in (0, 1).
        items: items, their rarity in even steps of its logarithm from 1 to 10^-1.5.
        asked: members who are asked.
        hops: links that a question goes.

    Source:
        Transactive memory: Wegner 1987; loss against the nominal group: Weldon & Bellinger 1997.
    """

    function = "memory"
    pools = False
    known: float = 0.05
    items: int = 200
    asked: int = 128
    hops: int = 2

    def __post_init__(self) -> None:
        require(0 < self.known < 1, "known", self.known, "in (0, 1)")
        require(self.items >= 2, "items", self.items, "2 or more")
        require(self.asked >= 1, "asked", self.asked, "1 or more")
        require(0 <= self.hops <= 4, "hops", self.hops, "from 0 to 4")

    def measure(self, group: Group, seed: int) -> Score:
        """See :class:`BatteryTask`."""
        n = len(group)
        rounds = repeats(n, 4, most=1)
        p = np.minimum(self.known * np.exp(0.6 * group.skill(2)), 0.95)
        same = group.same_as
        rarity = 10.0 ** np.linspace(0, -1.5, self.items)
        c = group.channel
        got = np.empty(rounds)
        for r in range(rounds):
            key = streams.key(seed, f"battery.memory.{r}")
            who = streams.generator(seed, f"battery.memory.{r}").integers(n, size=self.asked)
            got[r] = recalled(
                who, same, p, rarity, c.offsets, c.members, c.reach, c.listening, self.hops, key
            )
        bound = float(1 - np.exp(np.log1p(-p[np.unique(same), None] * rarity).sum(axis=0)).mean())
        score, se = mean_and_error(got)
        return Score(score, bound, se)


@kernel
def recalled(
    asked: Ints,
    same: Ints,
    p: Floats,
    rarity: Floats,
    offsets: Ints32,
    members: Ints32,
    reach: Floats32,
    listening: Floats32,
    hops: int,
    key: np.uint64,
) -> float:
    """Share of the items that those who are asked recall with the help of agents up to ``hops`` links away.

    Args:
        asked: `[A]` agents.
        same: `[N]` whose knowledge an agent has: its own, but for copies.
        p: `[N]` chance that an agent knows the commonest item.
        rarity: `[L]` factor on that chance.
        offsets: `[N + 1]` where each agent's links begin.
        members: `[M]` the neighbors.
        reach: `[M]` chance that a message over the link arrives.
        listening: `[N]` chance that an agent passes on what it hears.
        hops: links that a question goes, up to 4.
        key: Philox key.
    """
    items = len(rarity)
    most = 1
    for _ in range(hops):
        most *= 4
    found = 0
    front, path = np.empty(most, np.int64), np.empty(most, np.float64)
    later, later_path = np.empty(most, np.int64), np.empty(most, np.float64)
    got = np.empty(items, np.bool_)
    for a in range(len(asked)):
        got[:] = False
        front[0], path[0] = asked[a], 1.0
        width = 1
        for h in range(hops + 1):
            for f in range(width):
                j = front[f]
                for item in range(items):
                    if not got[item]:
                        # what an agent knows is the same whoever asks; whether it arrives is not
                        knows = unit32(draw(same[j] * items + item, 0, key)[0]) < p[j] * rarity[item]
                        if knows:
                            arrives = unit32(draw(a * items + item, 16 + h * most + f, key)[1])
                            got[item] = arrives < path[f]
            if h == hops:
                break
            wide = 0
            for f in range(width):
                j = front[f]
                degree = offsets[j + 1] - offsets[j]
                if degree == 0:
                    continue
                words = draw(a * most + f, 8 + h, key)
                for k in range(4):
                    e = offsets[j] + int(unit32(words[k]) * degree)
                    later[wide] = members[e]
                    later_path[wide] = path[f] * listening[j] * reach[e]
                    wide += 1
            width = wide
            for f in range(width):
                front[f], path[f] = later[f], later_path[f]
        for item in range(items):
            found += got[item]
    return found / (len(asked) * items)
