"""Control charts with fixed limits: Shewhart's for single values, and the exponentially weighted moving average."""

from __future__ import annotations

import numpy as np

from ...arrays import Floats

RANGE = 1.128
"""Mean range of two values from a normal law, in standard deviations (d2 for n = 2)."""
LEAST_SHARE = 1e-9
"""Least standard deviation, as a share of the center: rounding alone raises no alarm."""


def learned(values: Floats) -> tuple[float, float]:
    """Center and standard deviation of values that are taken to be in control.

    The deviation follows from the mean moving range, which a drift of the center hardly widens.

    Args:
        values: `[n]`, 2 or more.

    Source:
        Montgomery, *Introduction to Statistical Quality Control*, 7th ed. (2013), section 6.4.

    >>> learned(np.array([10.0, 12.0, 10.0, 12.0]))[0]
    11.0
    """
    center = float(np.mean(values))
    sigma = float(np.abs(np.diff(values)).mean()) / RANGE
    return center, max(sigma, LEAST_SHARE * abs(center))


def shewhart(center: float, sigma: float, sigmas: float) -> tuple[float, float]:
    """Lower and upper limit of single values.

    Source:
        Shewhart, *Economic Control of Quality of Manufactured Product* (1931); limits of individuals: Montgomery
        (2013), section 6.4.

    >>> shewhart(10.0, 2.0, 3.0)
    (4.0, 16.0)
    """
    return center - sigmas * sigma, center + sigmas * sigma


def ewma[T: (float, Floats)](last: T, value: T, weight: float) -> T:
    """The exponentially weighted moving average with one value more.

    >>> ewma(10.0, 20.0, 0.2)
    12.0
    """
    return weight * value + (1 - weight) * last


def ewma_limits(center: float, sigma: float, weight: float, width: float, values: int) -> tuple[float, float]:
    """Lower and upper limit of that average after so many values.

    Args:
        center: of the values in control, where the average begins.
        sigma: their standard deviation.
        weight: of the newest value.
        width: standard deviations of the average from the center to a limit.
        values: how many were averaged, 1 or more.

    Source:
        Roberts (1959), *Technometrics* 1(3); limits that widen with the number of values, and pairs of weight and
        width for an average run length of 500: Lucas & Saccucci (1990), *Technometrics* 32(1), table 1.

    >>> round(ewma_limits(0.0, 1.0, 0.2, 3.0, 1)[1], 6)  # the first average is 0.2 x the first value
    0.6
    """
    half = width * sigma * np.sqrt(weight / (2 - weight) * (1 - (1 - weight) ** (2 * values)))
    return center - float(half), center + float(half)
