"""Figures with their intervals: a chance, a mean, a rate, from independent draws or from several runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

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


class Figure(NamedTuple):
    """A figure with its 95 % interval.

    Attributes:
        value: NaN where there is nothing to measure.
        low: lower end of the interval, NaN if there is none.
        high: upper end.
        n: independent draws behind it.
    """

    value: float
    low: float = np.nan
    high: float = np.nan
    n: int = 0


def share(hits: int, trials: int) -> Figure:
    """A share with Clopper and Pearson's interval, which takes trials as independent; NaN without one."""
    if not trials:
        return Figure(np.nan)
    low, high = clopper_pearson(hits, trials)
    return Figure(hits / trials, float(low), float(high), trials)


def mean(values: Sequence[float] | Floats) -> Figure:
    """A mean with Student's interval, which takes values as independent; NaN without one."""
    x = np.asarray(values, np.float64)
    if not len(x):
        return Figure(np.nan)
    low, high = student_ends(x.reshape(1, -1))
    return Figure(float(x.mean()), float(low[0]), float(high[0]), len(x))


def mean_over_runs(values: Sequence[Sequence[float] | Floats]) -> Figure:
    """A mean of values from several runs, which may resemble each other within a run; of one run as :func:`mean`.

    Args:
        values: one list a run, runs without any included.

    Source:
        Ratio estimator, its variance over runs: Cochran, *Sampling Techniques*, 3rd ed. (1977), ch. 6.

    >>> mean_over_runs([[1.0, 3.0], [2.0], []]).value
    2.0
    """
    known = [np.asarray(one, np.float64) for one in values if len(one)]
    if len(known) < 2:
        return mean(known[0] if known else [])
    sums, counts = np.array([x.sum() for x in known]), np.array([float(len(x)) for x in known])
    return _ratio(sums, counts)


def share_over_runs(hits: Sequence[int], trials: Sequence[int]) -> Figure:
    """A share of trials from several runs: the wider of the exact interval and that over runs.

    The exact one takes all trials as independent, the other one says nothing where all runs are alike.
    """
    value, low, high, n = share(sum(hits), sum(trials))
    some = [i for i, number in enumerate(trials) if number]
    if len(some) > 1:
        wide = _ratio(np.array([float(hits[i]) for i in some]), np.array([float(trials[i]) for i in some]))
        low, high = max(min(low, wide.low), 0.0), min(max(high, wide.high), 1.0)
    return Figure(value, low, high, n)


def _ratio(sums: Floats, counts: Floats) -> Figure:
    """Sum over count with Student's interval over the runs that gave them."""
    from scipy.special import stdtrit

    n, value = len(sums), float(sums.sum() / counts.sum())
    spread = float(np.sqrt(n / (n - 1) * ((sums - value * counts) ** 2).sum())) / float(counts.sum())
    half = float(stdtrit(n - 1, 0.975)) * spread
    return Figure(value, value - half, value + half, int(counts.sum()))


def rate(events: int, exposure: float) -> Figure:
    """Events for each unit of exposure, with the exact interval of a Poisson mean.

    Source:
        Garwood (1936), *Biometrika* 28:437, by quantiles of the gamma law.

    >>> [round(x, 3) for x in rate(3, 10.0)[:3]]
    [0.3, 0.062, 0.877]
    """
    from scipy.special import gammaincinv

    if not exposure > 0:
        return Figure(np.nan)
    low = float(gammaincinv(events, 0.025)) if events else 0.0
    return Figure(events / exposure, low / exposure, float(gammaincinv(events + 1, 0.975)) / exposure, events)
