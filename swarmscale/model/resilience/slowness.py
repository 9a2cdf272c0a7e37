"""How a lead tells an agent that became slow from one that was given long tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

import numpy as np

from ...arrays import Floats, Ints

BINS, FINEST, RATIO = 2048, 0.01, 0.02
"""Bins of evidence: about 0, ``FINEST`` x ``RATIO`` wide, and ever wider outward by about ``RATIO``."""
SUMS = 4
LEAST_CV2 = 0.01
"""Least squared coefficient of variation of tasks that is believed."""
LEAST_PERIODS = 2000
"""Periods of single agents, with tasks ended in them, before anybody is judged."""
PARTS = 3
"""Periods at least in which an agent must have been slow."""
_UNIT = 4096.0  # sums are whole numbers of 1 / 4096, so that they do not depend on the order of shards


def evidence(ends: Ints, took: Floats, slower: float) -> Floats:
    """`[...]` log-likelihood ratio of an agent that is slower by a factor to a sound one, times the law's cv squared.

    Args:
        ends: `[...]` tasks that it ended.
        took: `[...]` their service times, each over its mean for a sound agent.
        slower: the factor, above 1.

    Source:
        Likelihoods of gamma laws of one shape k = 1 / cv**2, whose means are 1 and ``slower``: k times
        (1 - 1 / slower) x - log(slower) for a task of length x.

    >>> evidence(np.array([1, 1]), np.array([1.0, 4.0]), 2.0).round(3)
    array([-0.193,  1.307])
    """
    return np.asarray(took * (1.0 - 1.0 / slower) - ends * log(slower), np.float64)


def accumulated(before: Floats, now: Floats) -> Floats:
    """`[...]` evidence since it last was for a sound agent: the cumulative sum of Page 1954."""
    return np.maximum(before + now, 0.0)


@dataclass(slots=True, kw_only=True)
class Fleetwide:
    """What the whole fleet's tasks say of how much evidence comes about by chance.

    Attributes:
        counts: `[2048]` periods of single agents by their evidence.
        sums: `[4]` tasks, and squared tasks, tasks x took and squared took, in units of 1 / 4096 and its square.
    """

    counts: Ints = field(default_factory=lambda: np.zeros(BINS, np.int64))
    sums: Ints = field(default_factory=lambda: np.zeros(SUMS, np.int64))

    @property
    def periods(self) -> int:
        """Periods of single agents so far."""
        return int(self.counts.sum())

    @property
    def cv2(self) -> float:
        """Squared coefficient of variation of a task's time: the variance about the number of tasks, per task."""
        tasks, squares, both, took = (int(s) for s in self.sums)
        if not tasks:
            return 1.0
        return max((took / _UNIT**2 - 2.0 * both / _UNIT + squares) / tasks, LEAST_CV2)

    def threshold(self, periods: float, chance: float) -> tuple[float, float]:
        """Evidence that a sound agent reaches within so many periods with at most this chance, and its cap a period.

        A sum of independent steps that begins in a given period ever reaches h with chance exp(-r h) at most, where
        r > 0 solves E exp(r step) = 1, and it may begin in each period; so h = log(periods / chance) / r. For a gamma
        law r is 1 / cv**2. Here it is the smaller of that and the root for the steps that the fleet's agents made,
        where a step is at most a third of what it would take in a gamma law: the heavier tail of another law cannot
        make an agent slow by one task.

        Source:
            Lundberg's inequality (Asmussen & Albrecher, *Ruin Probabilities*, 2nd ed. (2010), IV.5); over all begins
            as in Lorden 1971, "Procedures for reacting to a change in distribution".
        """
        wanted, cv2 = log(periods / chance), self.cv2
        cap = wanted * cv2 / PARTS
        root = adjustment(np.minimum(upper_edges(), cap), self.counts, 1.0 / cv2)
        return wanted / root, cap


def tally(ends: Ints, took: Floats, steps: Floats) -> Ints:
    """`[2052]` counts and sums of some agents' periods, as :class:`Fleetwide` holds them one after the other."""
    place = np.arcsinh(steps / FINEST) / RATIO + BINS // 2
    counts = np.bincount(np.clip(place, 0, BINS - 1).astype(np.int64), minlength=BINS)
    whole = np.rint(took * _UNIT).astype(np.int64)
    sums = [ends.sum(), (ends * ends).sum(), (ends * whole).sum(), (whole * whole).sum()]
    return np.concatenate([counts, np.array(sums, np.int64)])


def upper_edges() -> Floats:
    """`[2048]` the most evidence in each bin."""
    return FINEST * np.sinh((np.arange(BINS) + 1 - BINS // 2) * RATIO)


def adjustment(steps: Floats, counts: Ints, most: float) -> float:
    """The root r in (0, most] of mean exp(r step) = 1, ``most`` if there is none there; next to 0 if the mean rises.

    Args:
        steps: `[B]` values.
        counts: `[B]` how often each came.
        most: upper bound.
    """
    some = counts > 0
    values, weights = steps[some], counts[some] / counts.sum()
    low, high = 0.0, most
    if float(weights @ np.exp(np.minimum(most * values, 700.0))) <= 1.0:
        return most
    for _ in range(60):
        middle = (low + high) / 2
        if float(weights @ np.exp(np.minimum(middle * values, 700.0))) > 1.0:
            high = middle
        else:
            low = middle
    return max(low, 1e-6 * most)
