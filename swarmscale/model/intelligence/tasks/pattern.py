"""Pattern recognition: which of two patterns is it, by agents who see a few features each."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .... import rng as streams
from ....errors import require
from ..group import Group
from ..pooling import declared, pool
from .base import Score, jackknifed, repeats

SEEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternRecognition:
    """Two Gaussian classes at a distance; an agent sees four features through a noisy channel.

    It has learned the features' weights from ``16 exp(.8 skill)`` examples. On rung l the channel's noise has
    standard deviation 2^l. Agents pool what they conclude; the score is the mean over rungs of
    (share right - .5) / (ideal - .5), the ideal being that of an observer without channel noise. The
    bound is that of one who sees all that members see and knows the weights.

    Attributes:
        features: features of a pattern.
        distance: Mahalanobis distance of the classes.
        rungs: rungs, an octave apart.
        trials: patterns on each rung in a group of up to 500.

    Source:
        Bayes error of two Gaussians: Fukunaga 1990.
    """

    function = "pattern-recognition"
    pools = True
    features: int = 64
    distance: float = 3.0
    rungs: int = 8
    trials: int = 256

    def __post_init__(self) -> None:
        require(self.features >= SEEN, "features", self.features, f"{SEEN} or more")
        require(self.distance > 0, "distance", self.distance, "above 0")
        require(self.rungs >= 1, "rungs", self.rungs, "1 or more")
        require(self.trials >= 2, "trials", self.trials, "2 or more")

    def measure(self, group: Group, seed: int) -> Score:
        """See :class:`BatteryTask`."""
        from scipy.special import ndtr

        rng = streams.generator(seed, "battery.pattern")
        n, t = len(group), repeats(len(group), self.trials, least=48)
        mean = self.distance / (2 * np.sqrt(self.features))  # of every feature, in either direction
        side = np.where(rng.random(t) < 0.5, 1.0, -1.0)
        patterns = (side * mean)[:, None] + rng.standard_normal((t, self.features))
        same = group.same_as
        first = rng.integers(self.features, size=(n, 1))[same]
        sees = (first + np.arange(SEEN) * (self.features // SEEN)) % self.features
        examples = 16 * np.exp(0.8 * group.skill(10))
        weights = mean + rng.standard_normal((n, SEEN))[same] / np.sqrt(examples)[:, None]
        through = (weights[:, :, None] * patterns.T[sees]).sum(axis=1)
        length = np.sqrt((weights**2).sum(axis=1))[:, None]
        said = declared(group, 1 / (1 + 1 / examples), rng)
        levels = 2.0 ** np.arange(self.rungs)
        held = np.empty((n, self.rungs, t), np.float32)
        for rung, level in enumerate(levels):
            noise = rng.standard_normal((n, t), dtype=np.float32)[same] * length
            odds = 2 * (through + level * noise) / (1 + level**2)
            held[:, rung] = said[:, None] * np.tanh(odds / 2)
        right = (pool(group.channel, held.reshape(n, -1)).reshape(held.shape) * side > 0).mean(axis=0)
        ideal = float(ndtr(self.distance / 2)) - 0.5

        def score(which: np.ndarray) -> float:
            return float(((right[:, which].mean(axis=1) - 0.5) / ideal).mean())

        looks = np.bincount(sees[np.unique(same)].ravel(), minlength=self.features)
        seen = looks > 0
        clarity = [(mean**2 * seen / (1 + level**2 / np.maximum(looks, 1))).sum() for level in levels]
        bound = float(((ndtr(np.sqrt(clarity)) - 0.5) / ideal).mean())
        return Score(score(np.arange(t)), bound, jackknifed(score, t)[1])
