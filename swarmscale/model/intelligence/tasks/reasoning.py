"""Reasoning: hypotheses are ruled out by clues that no agent has all of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .... import rng as streams
from ....arrays import Floats, Floats32, Ints, Ints32, kernel
from ....errors import require
from ....rng import draw, unit32
from ..group import Group
from ..pooling import declared, spread
from .base import Score, jackknifed, repeats

FEATURES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reasoning:
    """Eight hypotheses differ in three features; an agent sees one feature anew each round, unreliably.

    On rung l an observation is right with chance .5 + min(2^-l * top * exp(.4 skill), .45). Beliefs are pooled
    while observations come in; a member is right if all three features are, and guesses where it
    knows nothing. The score is the mean over rungs of
    (share right - 1/8) / (7/8).

    Attributes:
        top: reliability above one half of an agent of mean skill on the first rung.
        rungs: rungs, an octave apart.
        trials: cases on each rung in a group of up to 500.

    Source:
        Log-linear learning: Jadbabaie, Molavi, Sandroni & Tahbaz-Salehi 2012; Lalitha, Javidi & Sarwate 2018.
    """

    function = "reasoning"
    pools = True
    top: float = 0.2
    rungs: int = 10
    trials: int = 64

    def __post_init__(self) -> None:
        require(0 < self.top <= 0.45, "top", self.top, "in (0, .45]")
        require(self.rungs >= 1, "rungs", self.rungs, "1 or more")
        require(self.trials >= 2, "trials", self.trials, "2 or more")

    def measure(self, group: Group, seed: int) -> Score:
        """See :class:`BatteryTask`."""
        rng = streams.generator(seed, "battery.reasoning")
        n, t, channel = len(group), repeats(len(group), self.trials, least=12, most=2), group.channel
        able = np.exp(0.4 * group.skill(3))
        x = np.minimum(self.top * 2.0 ** -np.arange(self.rungs) * able[:, None], 0.45)
        weight = declared(group, np.log((0.5 + x) / (0.5 - x)), rng)
        same = group.same_as
        own = np.unique(same)
        feature = rng.permutation(np.arange(n) % FEATURES)[same]
        held = np.zeros((2, n, self.rungs * t * FEATURES), np.float32)
        now = 0
        key = streams.key(seed, "battery.reasoning.clues")
        for r in range(channel.rounds):
            observe(r, key, same, x, weight, feature, t, held[now])
            spread(held[now], channel.offsets, channel.members, channel.share, channel.keep, held[1 - now])
            now = 1 - now
        belief = held[now].reshape(n, self.rungs, t, FEATURES)
        # nothing heard of a feature, or as much for it as against it: a guess
        right = np.where(belief == 0, np.float32(0.5), belief > 0).prod(axis=3).mean(axis=0, dtype=np.float64)

        def score(which: np.ndarray) -> float:
            return float(((right[:, which].mean(axis=1) - 1 / 8) / (7 / 8)).mean())

        return Score(
            score(np.arange(t)), self.bound(x[own], feature[own], channel.rounds), jackknifed(score, t)[1]
        )

    def bound(self, x: Floats, feature: Ints32 | Ints, rounds: int) -> float:
        """The same with all observations pooled by the true log odds, by the normal approximation."""
        from scipy.special import ndtr

        odds = np.log((0.5 + x) / (0.5 - x))
        right = np.ones(x.shape[1])
        for f in range(FEATURES):
            seen = feature == f
            mean = rounds * (2 * x[seen] * odds[seen]).sum(axis=0)
            spread_ = rounds * ((1 - 4 * x[seen] ** 2) * odds[seen] ** 2).sum(axis=0)
            right *= ndtr(np.where(spread_ > 0, mean / np.sqrt(np.maximum(spread_, 1e-300)), 0.0))
        return float(((right - 1 / 8) / (7 / 8)).mean())


@kernel
def observe(
    turn: int,
    key: np.uint64,
    same: Ints,
    x: Floats,
    weight: Floats,
    feature: Ints,
    trials: int,
    held: Floats32,
) -> None:
    """Add one round of observations to what agents hold.

    Args:
        turn: number of the round.
        key: Philox key of the observations.
        same: `[N]` whose observations an agent makes: its own, but for copies.
        x: `[N, rungs]` reliability above one half.
        weight: `[N, rungs]` log odds that the agent gives an observation.
        feature: `[N]` the feature that it sees.
        trials: cases on each rung.
        held: `[N, rungs x trials x 3]` changed in place.
    """
    n, rungs = x.shape
    for i in range(n):
        for rung in range(rungs):
            p, w = 0.5 + x[i, rung], np.float32(weight[i, rung])
            for t in range(0, trials, 4):
                words = draw(turn * n + same[i], rung * trials + t, key)
                for k in range(min(4, trials - t)):
                    c = (rung * trials + t + k) * 3 + feature[i]
                    held[i, c] += w if unit32(words[k]) < p else -w
