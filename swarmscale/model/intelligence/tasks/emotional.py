"""Emotional processing: moods that spread, shocks that must be calmed, and reading the room."""

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
class EmotionalProcessing:
    """Moods x <- (1 - r)(mixture of own and neighbors') + shocks + noise; r = .05 + .3 sigmoid(skill).

    An agent takes over its neighbors' mean mood by its contagion. Every tenth step a tenth of the agents is
    shocked. Members read the group's mood from what they hear of their neighbors. The score is half calm,
    the mean over four rungs of 1 / (1 + mean square mood / 2^l), l = -2 to 1, and half empathy, the mean over
    seven rungs of 1 / (1 + mean square misreading / 2^-l).

    Attributes:
        steps: steps, the first quarter not counted.
        noise: standard deviation of a mood's daily change, > 0.
        shock: size of a shock.

    Source:
        Variance of a mood with one r: s^2 / (1 - (1 - r)^2) (Lyapunov); contagion: Hill, Rand, Nowak &
        Christakis 2010.
    """

    function = "emotional-processing"
    pools = False
    steps: int = 80
    noise: float = 0.3
    shock: float = 2.0

    def __post_init__(self) -> None:
        require(self.steps >= 8, "steps", self.steps, "8 or more")
        require(self.noise > 0, "noise", self.noise, "above 0")
        require(self.shock >= 0, "shock", self.shock, "0 or more")

    def measure(self, group: Group, seed: int) -> Score:
        """See :class:`BatteryTask`."""
        n, c = len(group), group.channel
        runs = repeats(n, 8, least=2, full=250)
        calm = 0.05 + 0.3 / (1 + np.exp(-group.skill(9)))
        takes = np.asarray(group.people.contagion, np.float64)
        hears = np.asarray(c.listening, np.float64)
        scores = np.empty(runs)
        for r in range(runs):
            rng = streams.generator(seed, f"battery.emotional.{r}")
            noise = self.noise * rng.standard_normal((self.steps, n), dtype=np.float32)
            key = streams.key(seed, f"battery.emotional.{r}")
            square, misread = felt(noise, calm, takes, hears, self.shock, c.offsets, c.members, c.reach, key)
            ease = (1 / (1 + square / 2.0 ** np.arange(-2, 2))).mean()
            empathy = (1 / (1 + misread * 2.0 ** np.arange(7))).mean()
            scores[r] = 0.5 * ease + 0.5 * empathy
        score, se = mean_and_error(scores)
        return Score(score, 1.0, se)


@kernel
def felt(
    noise: Floats32,
    calm: Floats,
    takes: Floats,
    hears: Floats,
    shock: float,
    offsets: Ints32,
    members: Ints32,
    reach: Floats32,
    key: np.uint64,
) -> tuple[float, float]:
    """Mean square of moods, and of the difference between what members read and the group's mean mood.

    Args:
        noise: `[T, N]` what happens to each.
        calm: `[N]` r, part of a mood that is let go each step.
        takes: `[N]` weight of the neighbors' mean mood in the mixture.
        hears: `[N]` chance that it hears a neighbor's mood.
        shock: size of a shock.
        offsets: `[N + 1]` where each agent's links begin.
        members: `[M]` the neighbors.
        reach: `[M]` chance that a message over the link arrives.
        key: Philox key.
    """
    steps, n = noise.shape
    mood, after, read = np.zeros(n), np.zeros(n), np.zeros(n)
    square, misread, counted = 0.0, 0.0, 0
    for s in range(steps):
        for i in range(n):
            heard, number = 0.0, 0
            for e in range(offsets[i], offsets[i + 1]):
                if (e & 3) == 0 or e == offsets[i]:
                    words = draw(e, 2 * s, key)
                if unit32(words[e & 3]) < hears[i] * reach[e]:
                    heard += mood[members[e]]
                    number += 1
            around = heard / number if number > 0 else mood[i]
            read[i] = (mood[i] + heard) / (1 + number)
            after[i] = (1 - calm[i]) * ((1 - takes[i]) * mood[i] + takes[i] * around) + noise[s, i]
            if s % 10 == 0 and unit32(draw(i, 2 * s + 1, key)[0]) < 0.1:
                after[i] += shock
        if 4 * s >= steps:
            mean = mood.mean()
            counted += 1
            for i in range(n):
                square += mood[i] * mood[i]
                misread += (read[i] - mean) ** 2
        for i in range(n):
            mood[i] = after[i]
    return square / (counted * n), misread / (counted * n)
