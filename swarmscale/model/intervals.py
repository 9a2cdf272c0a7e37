"""Intervals of a chance and of a mean, from independent draws."""

from __future__ import annotations

import numpy as np

from ..arrays import Floats, Ints
from ..errors import require


def clopper_pearson(hits: Ints | int, runs: Ints | int, level: float = 0.95) -> tuple[Floats, Floats]:
    """Exact two-sided interval of a chance, from hits among independent runs.

    Args:
        hits: `[...]` from 0 to runs.
        runs: `[...]` 0 or more; the interval of no runs is [0, 1].
        level: coverage, in (0, 1); each side errs with half of the rest.

    Source:
        Clopper & Pearson (1934), *Biometrika* 26:404, by quantiles of the beta law.

    >>> low, high = clopper_pearson(5, 100)
    >>> round(float(low), 4), round(float(high), 4)
    (0.0164, 0.1128)
    """
    from scipy.special import betaincinv

    require(0 < level < 1, "level", level, "in (0, 1)")
    k, n = np.asarray(hits, np.float64), np.asarray(runs, np.float64)
    side = (1 - level) / 2
    low = np.where(k > 0, betaincinv(np.maximum(k, 1e-9), n - k + 1, side), 0.0)
    high = np.where(k < n, betaincinv(k + 1, np.maximum(n - k, 1e-9), 1 - side), 1.0)
    return np.asarray(low), np.asarray(high)


def student_ends(samples: Floats, level: float = 0.95) -> tuple[Floats, Floats]:
    """Ends of Student's interval of the mean of each row, NaN with fewer than two draws.

    Args:
        samples: `[G, n]` n independent draws in each row.
        level: nominal coverage, in (0, 1).

    Source:
        Student, *The probable error of a mean*, Biometrika 6 (1908).

    >>> low, high = student_ends(np.array([[1.0, 2.0, 3.0]]))
    >>> low.round(3), high.round(3)
    (array([-0.484]), array([4.484]))
    """
    from scipy.special import stdtrit

    rows, n = samples.shape
    if n < 2:
        return np.full(rows, np.nan), np.full(rows, np.nan)
    half = stdtrit(n - 1, 0.5 + level / 2) * samples.std(axis=1, ddof=1) / np.sqrt(n)
    mean = samples.mean(axis=1)
    return np.asarray(mean - half, np.float64), np.asarray(mean + half, np.float64)
