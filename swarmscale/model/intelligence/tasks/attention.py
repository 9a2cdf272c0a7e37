"""Attention: each agent watches one place, and all say where the signal is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.polynomial.hermite_e import hermegauss

from .... import rng as streams
from ....arrays import Floats
from ....errors import require
from ..group import Group
from ..pooling import declared, pool
from .base import Score, jackknifed, repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """A signal is in one of several places; agent i watches one of them with sensitivity d' of its own.

    Sensitivity is ``2^-l * top * exp(.4 skill)`` on rung l. Log likelihood ratios are pooled and the place with
    the largest sum is named; the score is the mean over rungs of (share right - 1/M) / (1 - 1/M). Rungs share
    their noise.

    Attributes:
        places: M, places that are watched, 2 or more.
        top: sensitivity of an agent of mean skill on the first rung.
        rungs: rungs, an octave apart.
        trials: searches on each rung in a group of up to 500.

    Source:
        Ideal group of observers: Sorkin, Hays & West 2001; M alternatives: Green & Swets 1966.
    """

    function = "attention"
    pools = True
    places: int = 8
    top: float = 2.0
    rungs: int = 8
    trials: int = 64

    def __post_init__(self) -> None:
        require(self.places >= 2, "places", self.places, "2 or more")
        require(self.top > 0, "top", self.top, "above 0")
        require(self.rungs >= 1, "rungs", self.rungs, "1 or more")
        require(self.trials >= 2, "trials", self.trials, "2 or more")

    def measure(self, group: Group, seed: int) -> Score:
        """See :class:`BatteryTask`."""
        rng = streams.generator(seed, "battery.attention")
        n, m, t = len(group), self.places, repeats(len(group), self.trials, least=32)
        able = np.exp(0.4 * group.skill(1))
        said = declared(group, able, rng)
        same = group.same_as
        focus = rng.permutation(np.arange(n) % m)[same]
        target = rng.integers(m, size=t)
        # a log ratio is d w noise + d^2 (w able [the signal is here] - w^2 / 2): pooled once, used on every rung
        values = np.zeros((n, t * m + 2 * m), np.float32)
        who = np.arange(n)
        noise = rng.standard_normal((n, t), dtype=np.float32)[same] * said[:, None].astype(np.float32)
        values[who[:, None], np.arange(t) * m + focus[:, None]] = noise
        values[who, t * m + focus] = said * able
        values[who, t * m + m + focus] = said**2 / 2
        held = pool(group.channel, values)
        noisy = held[:, : t * m].reshape(n, t, m)
        here, against = held[:, t * m : t * m + m], held[:, t * m + m :]
        right = np.empty((self.rungs, t))
        there = np.arange(m) == target[:, None]
        for rung, d in enumerate(self.sensitivities()):
            ratio = d * noisy + d * d * (there * here[:, None, :] - against[:, None, :])
            right[rung] = (ratio.argmax(axis=2) == target).mean(axis=0)

        def score(which: np.ndarray) -> float:
            return float(above_chance(right[:, which].mean(axis=1), m).mean())

        strength = np.sqrt((able[np.unique(same)] ** 2).sum() / m)
        best = above_chance(chance_right(self.sensitivities() * strength, m), m)
        return Score(score(np.arange(t)), float(best.mean()), jackknifed(score, t)[1])

    def sensitivities(self) -> Floats:
        """`[rungs]` d' of an agent of mean skill."""
        return np.asarray(self.top * 2.0 ** -np.arange(self.rungs), np.float64)


def above_chance(right: Floats, m: int) -> Floats:
    """(share right - 1/m) / (1 - 1/m)."""
    return np.asarray((right - 1 / m) / (1 - 1 / m), np.float64)


def chance_right(d: Floats, m: int) -> Floats:
    """Chance that an ideal observer names the right one of m places, sensitivity d.

    Source:
        integral of phi(z - d) Phi(z)^(m-1): Green & Swets 1966, by Gauss-Hermite quadrature.

    >>> chance_right(np.array([0.0]), 4).round(6).tolist()
    [0.25]
    """
    from scipy.special import ndtr

    nodes, weights = hermegauss(80)
    z = nodes[None, :] + np.asarray(d, np.float64)[:, None]
    return np.asarray((weights * ndtr(z) ** (m - 1)).sum(axis=1) / weights.sum(), np.float64)
