"""Who drives whom: the network of transfer entropies between all pairs of series, with a calibrated null."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import erfc

from ....arrays import Bools, Floats
from ....errors import require
from .gaussian import from_correlation, whitened
from .multiple import benjamini_hochberg
from .scores import as_columns, rank_normal


class TeNetwork(NamedTuple):
    """Transfer entropies between all pairs of series.

    Attributes:
        te: `[M, M]` nats from row to column; 0 on the diagonal.
        p: `[M, M]` chance of as much between independent series; NaN on the diagonal.
        edge: `[M, M]` whether it holds after the Benjamini-Hochberg rule over all pairs.
        pairs: how many ordered pairs were looked at.
    """

    te: Floats
    p: Floats
    edge: Bools
    pairs: int


def te_network(series: Floats, *, order: int = 4, q: float = 0.05) -> TeNetwork:
    """Transfer entropy of every ordered pair of series, blind to their own memory and marginal distribution.

    Ranks become normal scores, each series loses what its own past foretells, ranks become normal scores again, and
    the correlation of one series' innovation with another's next one is tested.

    Args:
        series: `[T, M]`, M of 2 or more.
        order: of the autoregression that is taken out of each series.
        q: false discovery rate over all ordered pairs.

    Returns:
        The network. With n pairs of samples, ``(2 n - 5) TE`` is chi-squared with one degree of freedom.

    Raises:
        ConfigError: if there are fewer than two series or too few samples.

    Source:
        Barnett, Barrett and Seth (2009), *Physical Review Letters* 103:238701 (Gaussian transfer entropy is Granger
        causality, 2 T TE chi-squared); Haugh (1976), *JASA* 71:378 (innovations); for n - 5/2 in place of n, Bartlett
        (1938), *Proceedings of the Cambridge Philosophical Society* 34:33.
    """
    columns = as_columns(series, 2 * order + 6)
    parts = columns.shape[1]
    require(parts >= 2, "number of series", parts, "2 or more")
    news = rank_normal(whitened(rank_normal(columns), order))
    te = from_correlation(lagged_correlation(news))
    np.fill_diagonal(te, 0.0)
    statistic = (2.0 * (len(news) - 1) - 5.0) * te
    p = np.asarray(erfc(np.sqrt(0.5 * statistic)))
    np.fill_diagonal(p, np.nan)
    return TeNetwork(te, p, benjamini_hochberg(p, q), parts * (parts - 1))


def lagged_correlation(series: Floats) -> Floats:
    """`[M, M]` correlation of each series (row) with each other's next value (column); 0 where one is constant."""
    past, future = series[:-1] - series[:-1].mean(axis=0), series[1:] - series[1:].mean(axis=0)
    spread = np.sqrt(
        np.einsum("tm,tm->m", past, past)[:, None] * np.einsum("tm,tm->m", future, future)[None, :]
    )
    return np.asarray(np.divide(past.T @ future, spread, out=np.zeros_like(spread), where=spread > 0))
