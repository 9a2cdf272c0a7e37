"""Many hypotheses in one window: one p-value for all of them, and which of them to reject."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import exp, lgamma, log, nan
from typing import NamedTuple

import numpy as np

from ...arrays import Floats
from ...errors import require
from .base import Test
from .estimators.multiple import benjamini_hochberg


class FalseDiscoveries(NamedTuple):
    """How many of many true nulls the Benjamini-Hochberg rule rejects.

    Attributes:
        low: 2.5 % point.
        mean: mean.
        high: 97.5 % point.
    """

    low: float
    mean: float
    high: float


def simes(p: Floats) -> float:
    """One p-value for the claim that none of many hypotheses holds: the smallest Benjamini-Hochberg adjusted one.

    Args:
        p: p-values of any shape; NaN where nothing was tested.

    Returns:
        ``min over k of n p_(k) / k``; NaN for none.

    Source:
        Simes (1986), *Biometrika* 73:751.

    >>> round(simes(np.array([0.01, 0.04, np.nan, 0.9])), 4)
    0.03
    """
    values = np.asarray(p, np.float64).ravel()
    values = values[~np.isnan(values)]
    count = len(values)
    if not count:
        return nan
    small = values[values <= 0.1]  # p_(k) n / k is above p_(k), so that large ones matter only if all are
    values = np.sort(small if len(small) else values)
    best = float((values * count / np.arange(1, len(values) + 1)).min())
    return min(best, 1.0)


def judged(tests: Sequence[Test], level: float) -> tuple[float, tuple[Test, ...]]:
    """Judge the statistics of one window together.

    Args:
        tests: each with its p; those that abstained do not count.
        level: of the detector, in (0, 1).

    Returns:
        Simes' p of all of them, NaN if all abstained, and the tests, rejected where Benjamini and Hochberg's rule at
        this level says so.
    """
    p = np.array([test.p for test in tests], np.float64)
    rejected = benjamini_hochberg(p, level)
    done = tuple(replace(test, rejected=bool(no)) for test, no in zip(tests, rejected, strict=True))
    return simes(p), done


def false_discoveries(q: float) -> FalseDiscoveries:
    """Rejections of the Benjamini-Hochberg rule where every one of many independent nulls is true.

    Args:
        q: its false discovery rate, in (0, 1).

    Returns:
        Two quantiles and the mean of ``P(k) = (1 - q) (k q)^k exp(-k q) / k!``, the law for a large family.

    Source:
        Finner and Roters (2002), *Annals of Statistics* 30:220; the mean is ``q / (1 - q)^2``.

    >>> false_discoveries(0.05).high, round(false_discoveries(0.05).mean, 4)
    (1.0, 0.0554)
    """
    require(0 < q < 1, "q", q, "in (0, 1)")
    quantiles = []
    for level in (0.025, 0.975):
        rejections, total = 0, 1.0 - q
        while total < level and rejections < 10_000:
            rejections += 1
            total += (1.0 - q) * exp(
                rejections * log(rejections * q) - rejections * q - lgamma(rejections + 1)
            )
        quantiles.append(float(rejections))
    return FalseDiscoveries(quantiles[0], q / (1.0 - q) ** 2, quantiles[1])
