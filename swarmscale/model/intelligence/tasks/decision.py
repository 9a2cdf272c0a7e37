"""Decision: a yes or no by votes that are weighted by what voters think of themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .... import rng as streams
from ....arrays import Floats
from ....errors import require
from ..group import Group
from ..pooling import declared, pool
from .base import Score, jackknifed, repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Agent i is right with chance .5 + min(2^-l * top * exp(.4 skill), .45) on rung l.

    Votes are pooled with declared log odds; every member takes the sign of what it holds. The score is the mean
    over rungs of (share right - .5) / .5.

    Attributes:
        top: competence above one half of an agent of mean skill on the first rung.
        rungs: rungs, an octave apart.
        trials: votes on each rung in a group of up to 500.

    Source:
        Condorcet 1785; weights: Nitzan & Paroush 1982.
    """

    function = "decision-making"
    pools = True
    top: float = 0.175
    rungs: int = 10
    trials: int = 96

    def __post_init__(self) -> None:
        require(0 < self.top <= 0.45, "top", self.top, "in (0, .45]")
        require(self.rungs >= 1, "rungs", self.rungs, "1 or more")
        require(self.trials >= 2, "trials", self.trials, "2 or more")

    def measure(self, group: Group, seed: int) -> Score:
        """See :class:`BatteryTask`."""
        rng = streams.generator(seed, "battery.decision")
        n, t = len(group), repeats(len(group), self.trials, least=24)
        x = self.competence(group)
        weight = declared(group, np.log((0.5 + x) / (0.5 - x)), rng)
        same = group.same_as
        chance = rng.random((n, self.rungs, t), dtype=np.float32)[same]
        votes = np.where(chance < (0.5 + x)[:, :, None], 1.0, -1.0) * weight[:, :, None]
        held = pool(group.channel, votes.reshape(n, -1).astype(np.float32)).reshape(n, self.rungs, t)
        right = (held > 0).mean(axis=0)

        def score(which: np.ndarray) -> float:
            return float((2 * right[:, which].mean(axis=1) - 1).mean())

        return Score(score(np.arange(t)), self.bound(x[np.unique(same)]), jackknifed(score, t)[1])

    def competence(self, group: Group) -> Floats:
        """`[N, rungs]` chance of being right above one half."""
        able = np.exp(0.4 * group.skill(6))
        return np.asarray(
            np.minimum(self.top * 2.0 ** -np.arange(self.rungs) * able[:, None], 0.45), np.float64
        )

    def bound(self, x: Floats) -> float:
        """The same with the true log odds of all, by the normal approximation of Nitzan & Paroush's rule."""
        from scipy.special import ndtr

        odds = np.log((0.5 + x) / (0.5 - x))
        mean, variance = (2 * x * odds).sum(axis=0), ((1 - 4 * x * x) * odds * odds).sum(axis=0)
        return float((2 * ndtr(mean / np.sqrt(variance)) - 1).mean())
