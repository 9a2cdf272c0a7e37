"""How a lead tells an agent that became slow from one that was given long tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import log

import numpy as np
from scipy.special import gammaincc

from ...arrays import Floats, Ints

BINS, FINEST, RATIO = 2048, 0.01, 0.02
"""Bins of evidence: about 0 they are ``FINEST`` x ``RATIO`` wide, and outward ever wider, by about ``RATIO``."""
LEAST_CV2 = 0.01
"""Least squared coefficient of variation of tasks that is believed."""
LEAST_PERIODS = 2000
"""Periods of single agents, with tasks ended in them, before anybody is judged."""
PARTS = 3
"""Periods at least in which an agent must have been slow."""
STATES = 80
"""Levels of evidence by which run lengths are worked out."""
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


def evidence_of_open(lasts: Floats, cv2: float, slower: float) -> Floats:
    """`[...]` the same for a task that has lasted so long and is not ended: the ratio of the laws' upper tails.

    Args:
        lasts: `[...]` time so far over its mean for a sound agent.
        cv2: squared coefficient of variation of the law.
        slower: the factor.

    >>> evidence_of_open(np.array([0.0, 4.0]), 1.0, 2.0)
    array([0., 2.])
    """
    k = 1.0 / cv2
    ratio = np.maximum(gammaincc(k, k * lasts / slower), 1e-300) / np.maximum(gammaincc(k, k * lasts), 1e-300)
    return np.asarray(cv2 * np.log(np.maximum(ratio, 1.0)), np.float64)


def accumulated(before: Floats, now: Floats) -> Floats:
    """`[...]` evidence since it last was for a sound agent: the cumulative sum of Page 1954."""
    return np.maximum(before + now, 0.0)


@dataclass(slots=True, kw_only=True)
class Fleetwide:
    """What the whole fleet's tasks say of how much evidence comes about by chance.

    Attributes:
        counts: `[2048]` periods of single agents, with tasks ended in them, by their evidence.
        sums: `[5]` tasks; squared tasks, tasks x took and squared took, in units of 1 / 4096 and its square, each of
            an agent's period; and periods of single agents, with or without such tasks.
        threshold: evidence from which an agent is held to be slow; infinity while too little is known.
        cap: most evidence of one period.
    """

    counts: Ints = field(default_factory=lambda: np.zeros(BINS, np.int64))
    sums: Ints = field(default_factory=lambda: np.zeros(5, np.int64))
    threshold: float = np.inf
    cap: float = np.inf
    _looked: int = 0

    @property
    def periods(self) -> int:
        """Periods of single agents with tasks so far."""
        return int(self.counts.sum())

    @property
    def cv2(self) -> float:
        """Squared coefficient of variation of a task's time: the variance about the number of tasks, per task."""
        tasks, squares, both, took = (int(s) for s in self.sums[:4])
        if not tasks:
            return 1.0
        return max((took / _UNIT**2 - 2.0 * both / _UNIT + squares) / tasks, LEAST_CV2)

    def learn(self, told: Ints, hour: float, chance: float) -> None:
        """Add what agents' periods were like; the threshold is set anew whenever a quarter more is known.

        Args:
            told: `[2053]` see :func:`tally`.
            hour: periods in an hour.
            chance: of a sound agent to reach the threshold within an hour. Half of it is for tasks that have ended;
                the other half is left to open ones, of which nothing is counted here (measured: about as much).
        """
        self.counts += told[:BINS]
        self.sums += told[BINS:]
        if self.periods < max(LEAST_PERIODS, 1.25 * self._looked):
            return
        self._looked = self.periods
        # with a third of what it would take in a gamma law no task, however long, makes an agent slow by itself
        chance, cv2 = chance / 2.0, self.cv2
        wanted = log(hour / chance)
        self.cap = wanted * cv2 / PARTS
        steps, some = np.minimum(upper_edges(), self.cap), self.counts > 0
        highest = wanted / adjustment(steps[some], self.counts[some], 1.0 / cv2)
        rest = max(int(self.sums[4]) - self.periods, 0)
        steps, weights = (
            np.append(steps[some], 0.0),
            np.append(self.counts[some], rest) / (self.periods + rest),
        )
        self.threshold = lowest_threshold(steps, weights, round(hour), chance, highest)


def tally(ends: Ints, took: Floats, steps: Floats, agents: int) -> Ints:
    """`[2053]` counts and sums of a period, as :class:`Fleetwide` holds them one after the other.

    Args:
        ends: `[n]` tasks that agents ended, 1 or more.
        took: `[n]` see :func:`evidence`.
        steps: `[n]` evidence.
        agents: agents that were there.
    """
    place = np.arcsinh(steps / FINEST) / RATIO + BINS // 2
    counts = np.bincount(np.clip(place, 0, BINS - 1).astype(np.int64), minlength=BINS)
    whole = np.rint(took * _UNIT).astype(np.int64)
    sums = [ends.sum(), (ends * ends).sum(), (ends * whole).sum(), (whole * whole).sum(), agents]
    return np.concatenate([counts, np.array(sums, np.int64)])


def upper_edges() -> Floats:
    """`[2048]` the most evidence in each bin."""
    return FINEST * np.sinh((np.arange(BINS) + 1 - BINS // 2) * RATIO)


def adjustment(steps: Floats, counts: Ints, most: float) -> float:
    """The root r in (0, most] of mean exp(r step) = 1; ``most`` if there is none.

    A sum of such steps ever reaches h with chance exp(-r h) at most. For evidence in a gamma law r is 1 / cv**2.

    Args:
        steps: `[B]` values.
        counts: `[B]` how often each came, above 0.
        most: upper bound.

    Source:
        Lundberg's inequality: Asmussen & Albrecher, *Ruin Probabilities*, 2nd ed. (2010), IV.5.
    """
    weights = counts / counts.sum()

    def above(r: float) -> bool:
        return float(weights @ np.exp(np.minimum(r * steps, 700.0))) > 1.0

    low, high = 0.0, most
    if not above(most):
        return most
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if above(middle) else (middle, high)
    return max(low, 1e-6 * most)


def lowest_threshold(steps: Floats, weights: Floats, periods: int, chance: float, highest: float) -> float:
    """The threshold that accumulated evidence reaches within so many periods with at most a chance.

    Args:
        steps: `[B]` evidence of a period.
        weights: `[B]` its probabilities.
        periods: see there.
        chance: see there.
        highest: a threshold that is high enough.
    """
    low, high = 0.1 * highest, highest
    for _ in range(12):
        middle = (low + high) / 2
        if reaches(steps, weights, periods, middle) > chance:
            low = middle
        else:
            high = middle
    return high


def reaches(steps: Floats, weights: Floats, periods: int, threshold: float) -> float:
    """Chance that accumulated evidence reaches a threshold within so many periods.

    Source:
        Brook & Evans 1972, "An approach to the probability distribution of cusum run length": a Markov chain over
        levels of evidence; a step that ends between two levels is shared out to both so that the mean stays.
    """
    level = np.arange(STATES) * (threshold / STATES)
    at = np.maximum(level[:, None] + steps, 0.0) * (STATES / threshold)
    lower = np.minimum(at.astype(np.int64), STATES)
    part = np.where(lower < STATES, at - lower, 0.0)
    moves = np.zeros((STATES + 1, STATES + 2))
    row = np.arange(STATES)[:, None]
    np.add.at(moves, (row, lower), weights * (1.0 - part))
    np.add.at(moves, (row, lower + 1), weights * part)
    moves = moves[:, : STATES + 1]
    moves[STATES] = 0.0
    moves[STATES, STATES] = 1.0
    here = np.zeros(STATES + 1)
    here[0] = 1.0
    for _ in range(periods):
        here = here @ moves
    return float(here[STATES])
