"""Series made ready to be compared: checked, standardized, or replaced by normal scores of their ranks."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtri

from ....arrays import Floats
from ....errors import ConfigError

FLAT = 1e-12
"""Standard deviation over the largest absolute value below which a series counts as constant."""


def as_columns(series: Floats, fewest: int = 2) -> Floats:
    """Series as `[T, M]` float64, one column each.

    Args:
        series: `[T]` or `[T, M]`.
        fewest: samples that there must be.

    Raises:
        ConfigError: if it has another shape, too few samples, or numbers that are not finite.
    """
    columns = np.asarray(series, np.float64)
    columns = columns[:, None] if columns.ndim == 1 else columns
    if columns.ndim != 2 or columns.shape[1] < 1:
        raise ConfigError(f"series has shape {columns.shape}, but it must be [T, M], samples by series")
    if len(columns) < fewest:
        raise ConfigError(f"series has {len(columns)} samples, but {fewest} are needed")
    if not np.isfinite(columns).all():
        row, column = np.argwhere(~np.isfinite(columns))[0]
        raise ConfigError(
            f"series {column} is {columns[row, column]} at sample {row}, but all numbers must be finite"
        )
    return columns


def standardized(series: Floats, fewest: int = 2) -> Floats:
    """Series with mean 0 and variance 1, the variance taken over T.

    Args:
        series: `[T, M]`.
        fewest: samples that there must be.

    Returns:
        `[T, M]` scores.

    Raises:
        ConfigError: if a series is constant.

    >>> standardized(np.array([[1.0], [3.0]])).tolist()
    [[-1.0], [1.0]]
    """
    columns = as_columns(series, fewest)
    centered = columns - columns.mean(axis=0)
    spread = np.sqrt(np.einsum("tm,tm->m", centered, centered) / len(columns))
    flat = spread <= FLAT * np.abs(columns).max(axis=0)
    if flat.any():
        at = int(np.argmax(flat))
        raise ConfigError(f"series {at} is constant at {columns[0, at]:g}, but it must vary")
    return np.asarray(centered / spread)


def rank_normal(series: Floats) -> Floats:
    """Normal scores of the ranks in each series: its Gaussian copula, whatever its own distribution.

    Args:
        series: `[T, M]`, any unit.

    Returns:
        `[T, M]` quantiles of the standard normal at ``rank / (T + 1)``; ties share their average rank.

    Source:
        van der Waerden's scores; as copula for information: Ince et al. (2017), *Human Brain Mapping* 38:1541.

    >>> rank_normal(np.array([[5.0], [1.0], [900.0]])).round(4).ravel().tolist()
    [0.0, -0.6745, 0.6745]
    """
    rows = np.ascontiguousarray(as_columns(series, 1).T)
    parts, samples = rows.shape
    order = np.argsort(rows, axis=1, kind="stable")
    ordered = np.take_along_axis(rows, order, axis=1)
    place = np.broadcast_to(np.arange(samples), rows.shape)
    begins = np.ones(rows.shape, bool)
    begins[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.maximum.accumulate(np.where(begins, place, 0), axis=1)
    ends = np.ones(rows.shape, bool)
    ends[:, :-1] = begins[:, 1:]
    last = np.minimum.accumulate(np.where(ends, place, samples)[:, ::-1], axis=1)[:, ::-1]
    table = ndtri((0.5 * np.arange(2 * samples) + 1.0) / (samples + 1.0))  # by first + last, twice the rank
    table[samples - 1] = 0.0
    scores = np.empty((parts, samples))
    np.put_along_axis(scores, order, table[first + last], axis=1)
    return np.ascontiguousarray(scores.T)
