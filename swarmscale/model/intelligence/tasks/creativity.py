"""Creativity: a rugged landscape of ideas is searched by change and by imitation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .... import rng as streams
from ....arrays import Floats, Floats32, Ints, Ints32, Words, kernel
from ....errors import require
from ....rng import U, draw, unit32
from ..group import Group
from .base import Score, mean_and_error, repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Creativity:
    """An NK landscape: ideas of ``bits`` bits, each bit's worth depending on ``ruggedness`` others.

    Each step an agent looks at three neighbors: if the best of them is better than itself it copies that idea
    with chance ``.6 listening conformity + .05`` and the link's reach; else it changes one bit with chance
    ``(.3 + .7 sigmoid(skill)) (.5 + risk)`` and keeps what is better. The score is the mean worth above .5 in
    units of 8 standard deviations of a random idea.

    Attributes:
        bits: n, from 8 to 64.
        ruggedness: K, from 0 to 12.
        steps: steps.

    Source:
        NK landscapes: Kauffman & Levin 1987; search in networks: Lazer & Friedman 2007.
    """

    function = "creativity"
    pools = False
    bits: int = 60
    ruggedness: int = 8
    steps: int = 60

    def __post_init__(self) -> None:
        require(8 <= self.bits <= 64, "bits", self.bits, "from 8 to 64")
        require(0 <= self.ruggedness <= 12, "ruggedness", self.ruggedness, "from 0 to 12")
        require(self.steps >= 1, "steps", self.steps, "1 or more")

    def measure(self, group: Group, seed: int) -> Score:
        """See :class:`BatteryTask`."""
        n, c = len(group), group.channel
        runs = repeats(n, 8, least=2, full=250)
        people = group.people
        able = 1 / (1 + np.exp(-group.skill(7)))
        change = np.minimum((0.3 + 0.7 * able) * (0.5 + np.asarray(people.risk, np.float64)), 1.0)
        copy = 0.6 * np.asarray(c.listening, np.float64) * np.asarray(people.conformity, np.float64) + 0.05
        scores = np.empty(runs)
        for r in range(runs):
            rng = streams.generator(seed, f"battery.creativity.{r}")
            worth = rng.random((self.bits, 2 ** (self.ruggedness + 1)))
            linked = np.array([
                np.concatenate([[b], rng.choice(np.delete(np.arange(self.bits), b), self.ruggedness, False)])
                for b in range(self.bits)
            ])  # fmt: skip
            ideas = rng.integers(2**64, size=n, dtype=np.uint64)
            key = streams.key(seed, f"battery.creativity.{r}")
            mean = searched(
                ideas, worth, linked, change, copy, c.offsets, c.members, c.reach, self.steps, key
            )
            scores[r] = (mean - 0.5) * np.sqrt(12 * self.bits) / 8
        score, se = mean_and_error(scores)
        return Score(score, 1.0, se)


@kernel
def idea_worth(idea: U, worth: Floats, linked: Ints) -> float:
    """Mean worth of an idea's bits, each by its own state and that of the bits it is linked with."""
    total = 0.0
    for b in range(worth.shape[0]):
        state = 0
        for k in range(linked.shape[1]):
            state = 2 * state + int((idea >> U(linked[b, k])) & U(1))
        total += worth[b, state]
    return float(total / worth.shape[0])


@kernel
def searched(
    ideas: Words,
    worth: Floats,
    linked: Ints,
    change: Floats,
    copy: Floats,
    offsets: Ints32,
    members: Ints32,
    reach: Floats32,
    steps: int,
    key: np.uint64,
) -> float:
    """Mean worth of the agents' ideas in the end; all act at once, on what stood at the step's begin.

    Args:
        ideas: `[N]` ideas as bits, changed in place.
        worth: `[n, 2^(K+1)]` worth of each bit in each state.
        linked: `[n, K+1]` each bit and those that it depends on.
        change: `[N]` chance that an agent tries a change.
        copy: `[N]` chance that it copies a better neighbor.
        offsets: `[N + 1]` where each agent's links begin.
        members: `[M]` the neighbors.
        reach: `[M]` chance that a message over the link arrives.
        steps: steps.
        key: Philox key.
    """
    n, bits = len(ideas), worth.shape[0]
    value = np.empty(n)
    for i in range(n):
        value[i] = idea_worth(ideas[i], worth, linked)
    after, after_value = ideas.copy(), value.copy()
    for s in range(steps):
        for i in range(n):
            a, b, c, d = draw(i, 2 * s, key)
            degree = offsets[i + 1] - offsets[i]
            best, arrives = i, 1.0
            if degree > 0:
                for word in (a, b, c):
                    e = offsets[i] + int(unit32(word) * degree)
                    if value[members[e]] > value[best]:
                        best, arrives = members[e], reach[e]
            after[i], after_value[i] = ideas[i], value[i]
            if best != i and unit32(d) < copy[i] * arrives:
                after[i], after_value[i] = ideas[best], value[best]
                continue
            a, b, c, d = draw(i, 2 * s + 1, key)
            if unit32(a) < change[i]:
                tried = ideas[i] ^ (U(1) << U(unit32(b) * bits))
                got = idea_worth(tried, worth, linked)
                if got > value[i]:
                    after[i], after_value[i] = tried, got
        for i in range(n):
            ideas[i], value[i] = after[i], after_value[i]
    return value.mean()
