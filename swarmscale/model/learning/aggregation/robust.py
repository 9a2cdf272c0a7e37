"""Rules that a minority of wrong estimates cannot carry away: coordinate median and trimmed mean."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....arrays import Floats, Ints
from ....errors import require


@dataclass(frozen=True, slots=True, kw_only=True)
class CoordinateMedian:
    """The median of each coordinate over all that have any weight.

    Source:
        Yin, Chen, Ramchandran & Bartlett 2018, "Byzantine-robust distributed learning", option I.

    >>> CoordinateMedian().combine(np.array([[1.0], [2.0], [900.0]]), np.ones((3, 1)))
    array([2.])
    """

    def combine(self, values: Floats, weights: Floats) -> Floats:
        """See :class:`AggregationRule`."""
        ordered, count = _ordered(values, weights)
        return _between(ordered, (count - 1) // 2, count // 2, count)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrimmedMean:
    """The mean of each coordinate without its largest and smallest values.

    Source:
        Yin, Chen, Ramchandran & Bartlett 2018, option II.

    Attributes:
        share: share of the values that is left out on either side, at least .01 and below .5.
    """

    share: float = 0.2

    def __post_init__(self) -> None:
        require(0.01 <= self.share < 0.5, "learning.aggregation.share", self.share, "at least .01, below .5")

    def combine(self, values: Floats, weights: Floats) -> Floats:
        """See :class:`AggregationRule`."""
        ordered, count = _ordered(values, weights)
        cut = np.minimum(np.ceil(self.share * count), (count - 1) // 2).astype(np.int64)
        place = np.arange(len(ordered))[:, None]
        kept = (place >= cut) & (place < count - cut)
        summed = np.where(kept, ordered, 0.0).sum(axis=0)
        return np.asarray(np.where(count > 0, summed / np.maximum(kept.sum(axis=0), 1), np.nan))


def _ordered(values: Floats, weights: Floats) -> tuple[Floats, Ints]:
    """The values of each coordinate that count by size, the others behind them, and how many count."""
    there = weights > 0
    return np.sort(np.where(there, values, np.inf), axis=0), np.asarray(there.sum(axis=0), np.int64)


def _between(ordered: Floats, low: Ints, high: Ints, count: Ints) -> Floats:
    """Middle of the values at two places; NaN where there is none."""
    column = np.arange(ordered.shape[1])
    some = count > 0
    a = ordered[np.where(some, low, 0).astype(np.int64), column]
    b = ordered[np.where(some, high, 0).astype(np.int64), column]
    return np.asarray(np.where(some, (np.where(some, a, 0.0) + np.where(some, b, 0.0)) / 2, np.nan))
