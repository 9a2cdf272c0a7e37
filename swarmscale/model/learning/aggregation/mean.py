"""Federated averaging: the mean by what each estimate rests on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....arrays import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class FederatedMean:
    """Each counts by the data that it has: what one would have estimated from all data together.

    Source:
        ``w = sum n_k / n w_k``: McMahan, Moore, Ramage, Hampson & Arcas 2017, "Communication-efficient learning of
        deep networks from decentralized data", algorithm 1.

    >>> FederatedMean().combine(np.array([[1.0], [4.0]]), np.array([[2.0], [1.0]]))
    array([2.])
    """

    def combine(self, values: Floats, weights: Floats) -> Floats:
        """See :class:`AggregationRule`."""
        summed = np.where(weights > 0, weights * np.where(weights > 0, values, 0.0), 0.0).sum(axis=0)
        total = weights.sum(axis=0)
        return np.asarray(np.where(total > 0, summed / np.where(total > 0, total, 1.0), np.nan))
