"""Control charts that set themselves up: each value is foretold from those before it, and what is left is averaged.

A chart needs no stretch by which it is set up once for all. The regression of each value on the one before it, an
autoregression of order 1, is kept up with every value in control. What the next value leaves over, in its own standard
error, has Student's law, and is taken over to the normal law. Such scores are nearly independent and standard normal,
whatever mean, deviation and correlation the series has, so that the average of them has the run length that was asked
for. For that the slope needs its correction: least squares make it too small in short series, and what is left over
is correlated then. While the average is out of its limits nothing is learned.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ...arrays import Bools, Floats, Ints
from ..health.charts import LEAST_SHARE, ewma

LEAST = 20
"""Pairs of values from which a chart judges."""
HELD = 1.5
"""Where an average is held, in limits: one wild value keeps it out for a while, not for ever."""
TINY = 1e-12
"""Least standard error of a value: where nothing ever varied, rounding raises no alarm."""
PARAMETERS = 2
"""That the regression of a value on the one before it takes."""


class Charts(NamedTuple):
    """What `[M]` charts have seen.

    Attributes:
        pairs: `[M]` pairs of a value and the one before it that were learned from.
        last: `[M]` the last value, NaN before the first.
        before: `[M]` mean of the first ones of the pairs.
        value: `[M]` mean of the second ones.
        before_squares: `[M]` squared deviations of the first ones, summed.
        products: `[M]` products of the deviations, summed.
        squares: `[M]` squared deviations of the second ones, summed.
        average: `[M]` exponentially weighted average of the scores, 0 at the center.
    """

    pairs: Ints
    last: Floats
    before: Floats
    value: Floats
    before_squares: Floats
    products: Floats
    squares: Floats
    average: Floats


class Foretold(NamedTuple):
    """What charts expect of the next values.

    Attributes:
        value: `[M]` expected; NaN before the second value.
        error: `[M]` its standard error, with that of the fit; NaN with two pairs or fewer.
        freedom: `[M]` degrees of freedom of the error.
    """

    value: Floats
    error: Floats
    freedom: Floats


def blank(charts: int) -> Charts:
    """So many charts that have seen nothing."""
    zero = np.zeros(charts)
    return Charts(np.zeros(charts, np.int64), np.full(charts, np.nan), *(zero.copy() for _ in range(6)))


def foretell(charts: Charts, least_error: Floats | float = 0.0) -> Foretold:
    """The next values, from the regression of each on the one before it.

    Args:
        charts: what was seen.
        least_error: `[M]` standard error of a value by sampling alone, below which none is believed.

    Source:
        Least squares and the error of a forecast: Draper & Smith, *Applied Regression Analysis*, 3rd ed. (1998),
        section 3.1; the slope is too small by (1 + 3 slope) / pairs: Marriott & Pope (1954), *Biometrika* 41:390.
    """
    n = charts.pairs.astype(np.float64)
    known = charts.before_squares > (LEAST_SHARE * charts.before) ** 2
    spread = np.where(known, charts.before_squares, np.inf)
    fitted = charts.products / spread
    mended = np.minimum(fitted + (1 + 3 * fitted) / np.maximum(n, 1), np.maximum(fitted, 1.0))
    slope = np.where(known, mended, 0.0)
    away = charts.last - charts.before
    freedom = n - PARAMETERS
    rest = charts.squares - slope * (2 * charts.products - slope * charts.before_squares)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt(np.maximum(rest, 0.0) / freedom * (1 + 1 / n + away**2 / spread))
    value = np.where(n > 0, charts.value + slope * away, np.nan)
    floor = np.maximum(least_error, LEAST_SHARE * np.abs(np.nan_to_num(value)) + TINY)
    return Foretold(value, np.where(freedom > 0, np.maximum(error, floor), np.nan), freedom)


def scores(values: Floats, foretold: Foretold) -> Floats:
    """`[M]` what the values leave over, taken to the standard normal law.

    Source:
        Quesenberry (1991), *Journal of Quality Technology* 23(3):213, Q charts of normal values, case UU; of residuals
        of an autoregression: Alwan & Roberts (1988), *Journal of Business & Economic Statistics* 6(1):87.
    """
    from scipy.special import ndtri, stdtr

    left = (values - foretold.value) / foretold.error
    return np.asarray(
        -np.sign(left) * ndtri(stdtr(np.maximum(foretold.freedom, 1), -np.abs(left))), np.float64
    )


def placed(score: Floats | float, foretold: Foretold) -> Floats:
    """`[M]` the value that a score stands for, beside what was foretold: what :func:`scores` undoes.

    Args:
        score: in standard deviations of the normal law.
        foretold: of the value.
    """
    from scipy.special import ndtr, stdtrit

    tail = np.maximum(ndtr(-np.abs(score)), np.finfo(float).tiny)
    left = -np.sign(score) * stdtrit(np.maximum(foretold.freedom, 1), tail)
    return np.asarray(foretold.value + left * foretold.error, np.float64)


def seen(
    charts: Charts, values: Floats, foretold: Foretold, weight: float, half: float, least: int = LEAST
) -> Charts:
    """The charts with one value more each; NaN where there is none, and then nothing changes.

    Args:
        charts: before.
        values: `[M]` values.
        foretold: what :func:`foretell` gave for them.
        weight: of the newest score in the average.
        half: from the center to a limit of the average.
        least: pairs from which a chart judges.
    """
    there = np.isfinite(values)
    judged = there & (charts.pairs >= least)
    with np.errstate(invalid="ignore"):
        score = np.where(judged, np.nan_to_num(scores(values, foretold)), 0.0)
    averaged = np.clip(ewma(charts.average, score, weight), -HELD * half, HELD * half)
    average = np.where(judged, averaged, charts.average)
    learns = there & np.isfinite(charts.last) & (np.abs(average) <= half)
    fitted = _learned(charts, values, learns)
    return fitted._replace(last=np.where(there, values, charts.last), average=average)


def _learned(charts: Charts, values: Floats, learns: Bools) -> Charts:
    """The charts with a pair more where they learn; means and squares by Welford's recursion.

    Source:
        Welford (1962), *Technometrics* 4(3):419.
    """
    pairs = charts.pairs + learns
    share = learns / np.maximum(pairs, 1)
    before = np.where(learns, charts.last, charts.before) - charts.before
    value = np.where(learns, values, charts.value) - charts.value
    rest = 1 - share
    return charts._replace(
        pairs=pairs,
        before=charts.before + share * before,
        value=charts.value + share * value,
        before_squares=charts.before_squares + rest * before * before,
        products=charts.products + rest * before * value,
        squares=charts.squares + rest * value * value,
    )
