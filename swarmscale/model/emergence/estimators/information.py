"""Information among many variables: total and dual total correlation, O-information, and discrete plug-in forms."""

from __future__ import annotations

import numpy as np

from ....arrays import Floats, Ints
from ....errors import require
from .gaussian import log_determinant
from .scores import standardized


def _log_determinant_and_precision(series: Floats) -> tuple[float, Floats]:
    """Logarithm of the determinant of the correlations, and `[m]` the diagonal of their inverse."""
    scores = standardized(series)
    samples, parts = scores.shape
    require(samples > parts + 1, "samples", samples, f"above {parts + 1} for {parts} series")
    correlation = scores.T @ scores / samples
    return log_determinant(correlation, "the system"), np.diag(np.linalg.inv(correlation))


def total_correlation(series: Floats) -> float:
    """How far Gaussian series are from independence: the sum of their entropies less that of all together.

    Args:
        series: `[T, m]`, T above m + 1 and better far above.

    Returns:
        ``-ln|R| / 2`` nats.

    Raises:
        ConfigError: if a series is constant or others give it.

    Source:
        Watanabe (1960), *IBM Journal of Research and Development* 4:66.
    """
    return -0.5 * _log_determinant_and_precision(series)[0]


def dual_total_correlation(series: Floats) -> float:
    """What Gaussian series share with the rest: the entropy of all less what each has for itself alone.

    Args:
        series: `[T, m]`.

    Returns:
        Nats.

    Raises:
        ConfigError: if a series is constant or others give it.

    Source:
        Han (1975), *Information and Control* 29:337.
    """
    log, precision = _log_determinant_and_precision(series)
    return float(0.5 * log + 0.5 * np.log(precision).sum())


def o_information(series: Floats) -> float:
    """Total less dual total correlation: above 0 the system is mostly redundant, below 0 mostly synergistic.

    Args:
        series: `[T, m]`; with T = 300, 16 series at most.

    Returns:
        Nats.

    Raises:
        ConfigError: if a series is constant or others give it.

    Source:
        Rosas, Mediano, Gastpar and Jensen (2019), *Physical Review E* 100:032305.
    """
    log, precision = _log_determinant_and_precision(series)
    return float(-log - 0.5 * np.log(precision).sum())


def discrete_entropy(values: Ints) -> float:
    """Entropy of the observed shares of values or of rows, nats.

    Args:
        values: `[T]` or `[T, m]` whole numbers; a row is one outcome.

    Returns:
        Plug-in entropy; too small by about (outcomes - 1) / (2 T) (Miller 1955).

    >>> round(discrete_entropy(np.array([0, 1, 0, 1])), 4)
    0.6931
    """
    _, counts = np.unique(np.asarray(values), axis=0, return_counts=True)
    share = counts / counts.sum()
    return float(-(share * np.log(share)).sum() + 0.0)


def discrete_mutual_information(x: Ints, y: Ints) -> float:
    """Mutual information of the observed shares of two series of whole numbers, nats.

    Args:
        x: `[T]`.
        y: `[T]`.

    >>> round(discrete_mutual_information(np.array([0, 1, 0, 1]), np.array([1, 0, 1, 0])), 4)
    0.6931
    """
    require(len(x) == len(y), "samples of x and y", (len(x), len(y)), "the same number")
    _, one = np.unique(x, return_inverse=True)
    _, other = np.unique(y, return_inverse=True)
    table = np.bincount(one * (int(other.max()) + 1) + other, minlength=0).astype(np.float64)
    joint = table[table > 0] / len(one)
    first, second = np.bincount(one) / len(one), np.bincount(other) / len(one)
    return float(
        (joint * np.log(joint)).sum() - (first * np.log(first)).sum() - (second * np.log(second)).sum()
    )
