"""Intervals of a statistic over independent draws, by the bootstrap."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, Literal

import numpy as np

from ...arrays import Floats
from ...errors import require

type Statistic = Literal["mean", "median"] | float

FEWEST = 8
"""Draws below which a bootstrap interval of a mean is told to be too narrow."""

RESAMPLES = 1999
SEED = 7
CHUNK = 4_000_000
"""Numbers that are resampled at a time."""

ALIKE = 1e-12
"""Relative difference up to which draws are taken as alike."""

CONSTANT, BCA, PERCENTILE, NONE = "all alike", "BCa", "percentile", ""


def statistic_function(statistic: Statistic) -> Callable[..., Any]:
    """What computes a statistic along an axis.

    Raises:
        ConfigError: if it is neither ``mean``, ``median`` nor a share in (0, 1).
    """
    if statistic == "mean":
        return np.mean
    share = 0.5 if statistic == "median" else statistic
    fits = isinstance(share, float) and 0 < share < 1
    require(fits, "statistic", statistic, "'mean', 'median' or a share in (0, 1) for a quantile")

    def quantile(x: Floats, axis: int = -1) -> Any:
        return np.quantile(x, share, axis=axis)

    return quantile


def bootstrap_ends(
    samples: Floats,
    statistic: Statistic = "mean",
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> tuple[Floats, Floats, list[str]]:
    """Ends of a bootstrap interval of each row.

    The bias-corrected and accelerated one (BCa) for a mean. For a median or another quantile the percentile one:
    the acceleration is a jackknife's, which is not consistent for statistics that are not smooth. Rows in which
    all draws are alike have no width; where BCa has no answer the percentile one stands.

    Args:
        samples: `[G, n]` n independent draws in each row; all finite.
        statistic: ``mean``, ``median`` or the share of a quantile.
        level: nominal coverage, in (0, 1).
        resamples: number of resamples.
        seed: of the resamples; all rows share them.

    Returns:
        `[G]` lower ends, `[G]` upper ends, NaN with fewer than two draws, and how each was made.

    Source:
        Efron, *Better bootstrap confidence intervals*, JASA 82 (1987); Efron & Tibshirani, *An Introduction to the
        Bootstrap* (1993), ch. 13, 14 and 14.2.

    >>> low, high, how = bootstrap_ends(np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0]]))
    >>> bool(low[0] < 4.5 < high[0]), how
    (True, ['BCa'])
    """
    require(0 < level < 1, "level", level, "in (0, 1)")
    require(resamples >= 100, "resamples", resamples, "100 or more")
    rows, n = samples.shape
    low, high, how = np.full(rows, np.nan), np.full(rows, np.nan), [NONE] * rows
    compute = statistic_function(statistic)
    if n < 2:
        return low, high, how
    # sums of powers of differences that are rounding errors alone tell nothing
    alike = np.ptp(samples, axis=1) <= ALIKE * np.abs(samples).max(axis=1)
    low[alike] = high[alike] = samples[alike].mean(axis=1)
    method = BCA if statistic == "mean" else PERCENTILE
    varied = np.flatnonzero(~alike)
    step = max(1, CHUNK // (n * resamples))
    for rows_now in (varied[i : i + step] for i in range(0, len(varied), step)):
        low[rows_now], high[rows_now] = _ends(samples[rows_now], compute, method, level, resamples, seed)
    how = [CONSTANT if same else method for same in alike]
    for i in np.flatnonzero(np.isnan(low)):
        low[i : i + 1], high[i : i + 1] = _ends(
            samples[i : i + 1], compute, PERCENTILE, level, resamples, seed
        )
        how[i] = PERCENTILE
    return low, high, how


def _ends(
    samples: Floats, compute: Callable[..., Any], method: str, level: float, resamples: int, seed: int
) -> tuple[Floats, Floats]:
    from scipy.stats import DegenerateDataWarning, bootstrap

    with warnings.catch_warnings():
        # a row without a BCa interval is answered by NaN as well, and gets the percentile one
        warnings.simplefilter("ignore", DegenerateDataWarning)
        found = bootstrap(
            (samples,),
            compute,
            n_resamples=resamples,
            vectorized=True,
            axis=-1,
            confidence_level=level,
            method="BCa" if method == BCA else "percentile",
            random_state=np.random.default_rng(seed),
        )
    ends = found.confidence_interval
    return np.asarray(ends.low, np.float64), np.asarray(ends.high, np.float64)
