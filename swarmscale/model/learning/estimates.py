"""What clusters estimate of themselves: the pace of their work by class, and how reliable they are."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Floats, Ints
from ..flow.ledger import TICKS_PER_S

TASKS, SERVICE, WORK = range(3)


class Evidence(NamedTuple):
    """What clusters have observed, older observations discounted.

    Attributes:
        sums: `[Q, C, 3]` tasks finished, their service in s, their work in s.
        first: `[Q, 2]` first attempts that ended well, and that were interrupted.
    """

    sums: Floats
    first: Floats

    @classmethod
    def none(cls, clusters: int, classes: int) -> Evidence:
        """Nothing observed."""
        return cls(np.zeros((clusters, classes, 3)), np.zeros((clusters, 2)))

    def longer(self, clusters: int) -> Evidence:
        """The same for a fleet that has got so many more clusters."""
        more = Evidence.none(clusters, self.sums.shape[1])
        return Evidence(np.concatenate([self.sums, more.sums]), np.concatenate([self.first, more.first]))

    def after(self, sums: Floats, first: Floats, kept: float) -> Evidence:
        """This evidence, of which the share ``kept`` counts, and what has come since."""
        return Evidence(self.sums * kept + sums, self.first * kept + first)

    def pace(self) -> Floats:
        """`[Q, C]` s that a cluster took for a second of work; 1 where it has done none."""
        return ratio(self.sums[..., SERVICE], self.sums[..., WORK], 1.0)

    def reliability(self) -> Floats:
        """`[Q]` share of first attempts that end well, in (0, 1).

        The fleet's share is Laplace's rule of succession; that of each cluster is drawn toward it by two attempts.

        >>> Evidence(np.zeros((2, 1, 3)), np.array([[7.0, 1.0], [0.0, 0.0]])).reliability()
        array([0.86, 0.8 ])
        """
        well, cut = self.first.sum(axis=0)
        fleet = (well + 1.0) / (well + cut + 2.0)
        return np.asarray((self.first[:, 0] + 2.0 * fleet) / (self.first.sum(axis=1) + 2.0), np.float64)


def in_seconds(counted: Ints) -> Floats:
    """`[Q, C, 3]` tasks, service and work in s, from counts in 2**-20 s."""
    return np.asarray(counted / np.array([1.0, TICKS_PER_S, TICKS_PER_S]), np.float64)


def shrunk(evidence: Evidence, prior: Floats, weight_s: Floats) -> Floats:
    """`[Q, C]` pace of each cluster: its own, drawn toward what is told by so many seconds of work.

    Args:
        evidence: what clusters have observed.
        prior: `[Q, C]` pace that others tell of; NaN where nobody does, which counts as 1.
        weight_s: `[C]` work for which that counts, s.
    """
    told = np.where(np.isnan(prior), 1.0, prior)
    own = evidence.sums
    return np.asarray((own[..., SERVICE] + weight_s * told) / (own[..., WORK] + weight_s), np.float64)


def by_type(pace: Floats, class_type: Ints, work_s: Floats, types: int = 6) -> Floats:
    """`[Q, 6]` pace by the type that classes ask for, classes weighted by their work; 1 for types that none asks for.

    Args:
        pace: `[Q, C]` pace by class.
        class_type: `[C]` type of each class.
        work_s: `[C]` mean work of a task times the class's share.
        types: number of types.
    """
    one = np.zeros((len(class_type), types))
    one[np.arange(len(class_type)), class_type] = work_s
    total = one.sum(axis=0)
    return np.asarray(np.where(total > 0, pace @ one / np.where(total > 0, total, 1.0), 1.0), np.float64)


def ratio(above: Floats, below: Floats, instead: float) -> Floats:
    """One array over another, ``instead`` where the second is 0."""
    some = below > 0
    return np.asarray(np.where(some, above / np.where(some, below, 1.0), instead), np.float64)
