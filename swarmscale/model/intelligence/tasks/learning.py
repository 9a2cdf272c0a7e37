"""Learning: which of twenty options pays best, from one's own trials and from neighbors'."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .... import rng as streams
from ....arrays import Floats, Floats32, Ints32, kernel
from ....errors import require
from ....rng import draw, unit32
from ..group import Group
from .base import Score, mean_and_error, repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """A Bernoulli bandit that all play at once for a number of rounds.

    An agent takes the option with the best mean that it knows, or explores with chance
    ``.05 + .35 (1 - sigmoid(skill)) (.5 + risk)``; each round it sees the option and payoff of one neighbor with
    chance ``.5 listening`` and the link's reach. The score is (mean payoff - mean option) / (best - mean option).

    Attributes:
        options: options, 2 or more.
        rounds: rounds.

    Source:
        Epsilon-greedy: Sutton & Barto 1998; learning from others' payoffs: Rendell et al. 2010.
    """

    function = "learning"
    pools = False
    options: int = 20
    rounds: int = 60

    def __post_init__(self) -> None:
        require(self.options >= 2, "options", self.options, "2 or more")
        require(self.rounds >= 1, "rounds", self.rounds, "1 or more")

    def measure(self, group: Group, seed: int) -> Score:
        """See :class:`BatteryTask`."""
        n, c = len(group), group.channel
        runs = repeats(n, 12, least=2, full=200)
        risk = np.asarray(group.people.risk, np.float64)
        able = 1 / (1 + np.exp(-group.skill(4)))
        explore = np.minimum(0.05 + 0.35 * (1 - able) * (0.5 + risk), 1.0)
        hears = 0.5 * np.asarray(c.listening, np.float64)
        scores = np.empty(runs)
        for r in range(runs):
            rng = streams.generator(seed, f"battery.learning.{r}")
            pays = 0.3 + 0.3 * rng.permutation(np.arange(self.options) / (self.options - 1))
            key = streams.key(seed, f"battery.learning.{r}")
            earned = played(pays, explore, hears, c.offsets, c.members, c.reach, self.rounds, key)
            scores[r] = (earned - pays.mean()) / (pays.max() - pays.mean())
        score, se = mean_and_error(scores)
        return Score(score, 1.0, se)


@kernel
def played(
    pays: Floats,
    explore: Floats,
    hears: Floats,
    offsets: Ints32,
    members: Ints32,
    reach: Floats32,
    rounds: int,
    key: np.uint64,
) -> float:
    """Mean chance of a payoff over agents and rounds.

    Args:
        pays: `[K]` chance that an option pays.
        explore: `[N]` chance that an agent takes any option.
        hears: `[N]` chance that it sees what a neighbor did in the round before.
        offsets: `[N + 1]` where each agent's links begin.
        members: `[M]` the neighbors.
        reach: `[M]` chance that a message over the link arrives.
        rounds: rounds.
        key: Philox key.
    """
    n, options = len(explore), len(pays)
    total, times = np.zeros((n, options)), np.zeros((n, options))
    did, paid = np.zeros(n, np.int64), np.zeros(n)
    mean = 0.0
    for r in range(rounds):
        for i in range(n):
            a, b, c, _d = draw(i, 2 * r, key)
            if unit32(a) < explore[i]:
                choice = int(unit32(b) * options)
            else:
                choice, best = 0, -1.0
                first = int(unit32(b) * options)  # ties go to a drawn one
                for k in range(options):
                    o = (first + k) % options
                    value = total[i, o] / times[i, o] if times[i, o] > 0 else 0.0
                    if value > best:
                        choice, best = o, value
            did[i] = choice
            paid[i] = 1.0 if unit32(c) < pays[choice] else 0.0
            total[i, choice] += paid[i]
            times[i, choice] += 1
            mean += pays[choice]
        for i in range(n):
            degree = offsets[i + 1] - offsets[i]
            a, b, _c, _d = draw(i, 2 * r + 1, key)
            if degree == 0:
                continue
            e = offsets[i] + int(unit32(b) * degree)
            if unit32(a) < hears[i] * reach[e]:
                j = members[e]
                total[i, did[j]] += paid[j]
                times[i, did[j]] += 1
    return mean / (n * rounds)
