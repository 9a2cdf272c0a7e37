"""Mutual information and transfer entropy of Gaussian series, in nats, and the innovations of autoregressions."""

from __future__ import annotations

import numpy as np

from ....arrays import Floats
from ....errors import ConfigError, require
from .scores import as_columns, rank_normal, standardized

__all__ = ["copula_mutual_information", "mutual_information", "rank_normal", "transfer_entropy", "whitened"]

RIDGE = 1e-10
"""Added to the diagonal of normal equations, over their own size, so that collinear lags can be solved."""
SINGULAR = 1e-12
"""Share of a variance that rounding may leave of nothing."""


def mutual_information(x: Floats, y: Floats) -> float:
    """Mutual information of two groups of Gaussian series.

    Args:
        x: `[T, a]` or `[T]`.
        y: `[T, b]` or `[T]`.

    Returns:
        ``(ln|R_x| + ln|R_y| - ln|R_xy|) / 2`` in nats; infinite where one group fixes a mixture of the other.

    Raises:
        ConfigError: if a series is constant, if those of a group depend linearly on each other, if T differs or is
            not above a + b.

    Source:
        Cover and Thomas (2006), *Elements of Information Theory*, ch. 8.

    >>> t = np.arange(8.0)
    >>> round(mutual_information(t % 2, np.floor(t / 2) % 2), 12) + 0.0
    0.0
    """
    one, other = as_columns(x), as_columns(y)
    require(len(one) == len(other), "samples of x and y", (len(one), len(other)), "the same number")
    a, b = one.shape[1], other.shape[1]
    both = standardized(np.hstack([one, other]), a + b + 1)
    correlation = both.T @ both / len(both)
    own = log_determinant(correlation[:a, :a], "x") + log_determinant(correlation[a:, a:], "y")
    sign, joint = np.linalg.slogdet(correlation)
    if sign <= 0 or joint - own < np.log(SINGULAR):
        return float("inf")
    return float(max(0.5 * (own - joint), 0.0))


def log_determinant(correlation: Floats, name: str) -> float:
    """Logarithm of the determinant of a matrix of correlations.

    Raises:
        ConfigError: if it is singular.
    """
    sign, log = np.linalg.slogdet(correlation)
    if sign <= 0 or log < np.log(SINGULAR):
        raise ConfigError(f"series of {name} depend linearly on each other; leave out those that others give")
    return float(log)


def copula_mutual_information(x: Floats, y: Floats) -> float:
    """Mutual information of the normal scores of ranks: a lower bound whatever the marginal distributions.

    Where little noise is left it comes out too small in short series: the transform bends what was a line.

    Args:
        x: `[T, a]` or `[T]`.
        y: `[T, b]` or `[T]`.

    Returns:
        Nats.

    Source:
        Ince et al. (2017), *Human Brain Mapping* 38:1541.
    """
    return mutual_information(rank_normal(x), rank_normal(y))


def transfer_entropy(series: Floats, *, lag: int = 1) -> Floats:
    """Transfer entropy between all pairs of Gaussian series, each with one value of its own past.

    Args:
        series: `[T, M]`.
        lag: samples from the source's value to the target's.

    Returns:
        `[M, M]` nats, from row to column: ``-ln(1 - r**2) / 2`` with r the partial correlation of the target with
        the source ``lag`` samples earlier, given the target one sample earlier; 0 on the diagonal.

    Raises:
        ConfigError: if a series is constant or T is not above ``lag + 3``.

    Source:
        Schreiber (2000), *Physical Review Letters* 85:461; half the Granger causality for Gaussian series: Barnett,
        Barrett and Seth (2009), *Physical Review Letters* 103:238701.
    """
    require(lag >= 1, "lag", lag, "1 or more")
    columns = as_columns(series, lag + 4)
    future, past = standardized(columns[lag:]), standardized(columns[lag - 1 : -1])
    source = past if lag == 1 else standardized(columns[:-lag])
    samples = len(future)
    own = np.einsum("tm,tm->m", future, past) / samples
    cross = source.T @ future / samples
    between = source.T @ past / samples
    room = (1.0 - own**2) * (1.0 - between**2)
    partial = np.divide(
        cross - own * between, np.sqrt(np.maximum(room, 0.0)), where=room > SINGULAR, out=room * 0
    )
    np.fill_diagonal(partial, 0.0)
    return from_correlation(partial)


def from_correlation(r: Floats) -> Floats:
    """Information that a correlation between two Gaussian quantities stands for, ``-ln(1 - r**2) / 2`` nats.

    >>> from_correlation(np.array([0.0, 0.6])).round(4).tolist()
    [0.0, 0.2231]
    """
    return np.asarray(-0.5 * np.log1p(-np.minimum(np.square(r), 1.0 - 1e-15)) + 0.0)


def whitened(series: Floats, order: int = 4) -> Floats:
    """What is new in each sample of a series: errors of its own autoregression, fitted by least squares.

    Args:
        series: `[T, M]`.
        order: how many of its last values predict the next one.

    Returns:
        `[T - order, M]` errors; zeros for a constant series, which never says anything new.

    Raises:
        ConfigError: if T is not above ``2 * order + 1``.

    Source:
        Box and Jenkins (1970), *Time Series Analysis*, ch. 3; before cross-correlations: Haugh (1976), *JASA* 71:378.
    """
    require(order >= 1, "order", order, "1 or more")
    columns = as_columns(series, 2 * order + 2)
    samples = len(columns) - order
    lagged = [columns[order - k : len(columns) - k] for k in range(order + 1)]
    lagged = [column - column.mean(axis=0) for column in lagged]
    products = np.empty((columns.shape[1], order + 1, order + 1))
    for i in range(order + 1):
        for j in range(i, order + 1):
            products[:, i, j] = products[:, j, i] = np.einsum("tm,tm->m", lagged[i], lagged[j]) / samples
    normal = products[:, 1:, 1:].copy()
    diagonal = np.arange(order)
    size = np.einsum("mii->m", normal)[:, None]
    normal[:, diagonal, diagonal] += RIDGE * size + (size <= 0)
    weights = np.linalg.solve(normal, products[:, 1:, :1])[:, :, 0]
    errors = lagged[0]
    for k in range(order):
        errors = errors - lagged[k + 1] * weights[:, k]
    return np.asarray(errors)
