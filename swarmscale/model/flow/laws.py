"""Laws of times and speeds, as numbers that kernels can draw from."""

from __future__ import annotations

import math
from typing import Literal, NamedTuple

import numpy as np

from ...arrays import Floats, kernel
from ...errors import require
from ...rng import ln

type LawName = Literal["deterministic", "exponential", "lognormal", "gamma", "weibull", "uniform"]
LAW_NAMES: tuple[LawName, ...] = ("deterministic", "exponential", "lognormal", "gamma", "weibull", "uniform")
CELLS = 4096
DETERMINISTIC, EXPONENTIAL, TABLE, TOKENS = range(4)


class Law(NamedTuple):
    """A law with mean 1 for kernels: how to draw, and its quantiles where a table is needed.

    Attributes:
        how: ``DETERMINISTIC``, ``EXPONENTIAL`` (exact, by logarithm) or ``TABLE``.
        body: `[4097]` quantiles at even steps of probability.
        tail: `[4097]` quantiles of the last step of ``body``, again at even steps.
    """

    how: int
    body: Floats
    tail: Floats


@kernel
def sample(how: int, body: Floats, tail: Floats, u: float) -> float:
    """A draw with mean 1 from a uniform in (0, 1), linear between tabled quantiles."""
    if how == 0:
        return 1.0
    if how == 1:
        return -ln(u)
    x = u * 4096.0
    i = int(x)
    if i < 4095:
        return float(body[i] + (x - i) * (body[i + 1] - body[i]))
    y = (x - i) * 4096.0
    j = int(y)
    return float(tail[j] + (y - j) * (tail[j + 1] - tail[j]))


def law(name: LawName, cv: float) -> Law:
    """A law by name with mean 1 and the given coefficient of variation.

    The quantiles stand in two tables of 4,096 cells, the second one for the last cell of the first, and are
    scaled so that the mean of what kernels draw is exactly 1; without the second table a lognormal of cv 1.5
    loses 2 % of its second moment.

    Args:
        name: one of ``LAW_NAMES``; ``deterministic`` and ``exponential`` carry their own cv (0 and 1).
        cv: coefficient of variation, > 0; for ``uniform`` at most 1/sqrt(3).

    Raises:
        ConfigError: if the name or the cv is not fit for use.
    """
    none = np.zeros(CELLS + 1)
    if name == "deterministic" or cv == 0:
        return Law(DETERMINISTIC, none, none)
    if name == "exponential":
        return Law(EXPONENTIAL, none, none)
    p = np.arange(CELLS + 1) / CELLS
    body = _quantile(name, cv, np.where(p < 1, np.maximum(p, 0.25 / CELLS), 1 - 0.25 / CELLS))
    q = 1 - (1 - p) / CELLS
    q[-1] = 1 - 0.25 / CELLS**2
    tail = _quantile(name, cv, q)
    mean = (body[:-2] + body[1:-1]).sum() / 2 / CELLS + (tail[:-1] + tail[1:]).sum() / 2 / CELLS**2
    return Law(TABLE, body / mean, tail / mean)


def second_moment(of: Law) -> float:
    """E[X^2] of what kernels draw from a law, exactly: what theory should be fed with."""
    if of.how == DETERMINISTIC:
        return 1.0
    if of.how == EXPONENTIAL:
        return 2.0

    def part(t: Floats) -> float:
        a, b = t[:-1], t[1:]
        return float((a * a + a * b + b * b).sum() / 3)

    return part(of.body[:-1]) / CELLS + part(of.tail) / CELLS**2


def _quantile(name: LawName, cv: float, p: Floats) -> Floats:
    from scipy.special import gammaincinv, ndtri  # scipy.stats would take half a second to load

    if name == "lognormal":
        s = math.sqrt(math.log1p(cv * cv))
        return np.asarray(np.exp(s * ndtri(p) - s * s / 2), np.float64)
    if name == "gamma":
        shape = 1 / (cv * cv)
        return np.asarray(gammaincinv(shape, p) / shape, np.float64)
    if name == "weibull":
        shape = weibull_shape(cv)
        return np.asarray((-np.log1p(-p)) ** (1 / shape) / math.gamma(1 + 1 / shape), np.float64)
    require(name == "uniform", "law", name, "one of " + ", ".join(LAW_NAMES))
    half = cv * math.sqrt(3)
    require(half <= 1, "cv", cv, "at most 0.577 for a uniform law, so that no draw is negative")
    return np.asarray(1 - half + 2 * half * p, np.float64)


def weibull_shape(cv: float) -> float:
    """Shape of the Weibull law with a given coefficient of variation, by root finding."""
    from scipy.optimize import brentq

    def gap(k: float) -> float:
        return math.exp(math.lgamma(1 + 2 / k) - 2 * math.lgamma(1 + 1 / k)) - 1 - cv * cv

    return float(brentq(gap, 0.15, 50.0))


def speed_quantiles(cv: float) -> Floats:
    """`[1025]` quantiles of a lognormal speed with mean 1 and the given cv, at even steps."""
    if cv == 0:
        return np.ones(1025)
    p = np.clip(np.arange(1025) / 1024, 0.25 / 1024, 1 - 0.25 / 1024)
    q = _quantile("lognormal", cv, p)
    return np.asarray(q / ((q[:-1] + q[1:]).mean() / 2), np.float64)
