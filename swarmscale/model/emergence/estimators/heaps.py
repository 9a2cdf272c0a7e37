"""Heaps' law: how the number of different kinds grows with the number of tokens."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ....arrays import Ints
from ....errors import ConfigError, require
from .novelty import first_seen

EARLY = 40
"""By default the first 1/40 of a sequence is left out: the law holds after a beginning."""


class HeapsExponent(NamedTuple):
    """Exponent b of ``D(t) ~ t**b``.

    Attributes:
        slope: b; 1 is linear growth, 0 a vocabulary that is complete.
        se: its standard error.
    """

    slope: float
    se: float


def heaps_exponent(signature: Ints, first: int | None = None) -> HeapsExponent:
    """Exponent with which the number of different kinds grows, by maximum likelihood.

    The places of novelties after ``first`` are taken as a Poisson process of rate proportional to ``t**(b - 1)``. The
    usual line through the logarithms gives a like value, but no standard error: its points depend on each other.

    Args:
        signature: `[n]` kind of each token.
        first: tokens that are left out at the start; n / 40 by default.

    Returns:
        The exponent and its standard error, from the observed information.

    Raises:
        ConfigError: if fewer than two novelties follow ``first``.

    Source:
        Heaps (1978), *Information Retrieval*; power-law Poisson processes: Crow (1974), in *Reliability and Biometry*;
        novelties: Tria, Loreto, Servedio and Strogatz (2014), *Scientific Reports* 4:5890.
    """
    n = len(signature)
    start = max(n // EARLY, 1) if first is None else first
    require(1 <= start < n, "first", start, f"from 1 to {n - 1}")
    places = np.nonzero(first_seen(signature))[0] + 1
    depth = np.log(n / places[places > start])  # 0 at the end
    if len(depth) < 2:
        raise ConfigError(f"{len(depth)} novelties after place {start}, but 2 are needed for an exponent")
    span, mean = float(np.log(n / start)), float(depth.mean())
    low, high = -50.0 / span, 50.0 / span
    for _ in range(100):  # the mean falls with the exponent, so halving finds it
        middle = 0.5 * (low + high)
        low, high = (middle, high) if _mean_depth(middle * span) * span > mean else (low, middle)
    slope = 0.5 * (low + high)
    information = len(depth) * _variance(slope * span) * span**2
    return HeapsExponent(slope, float(information**-0.5))


def _mean_depth(x: float) -> float:
    """Mean of the density ``exp(-x u)`` on [0, 1]."""
    return 0.5 - x / 12.0 if abs(x) < 1e-4 else float(1.0 / x - 1.0 / np.expm1(x))


def _variance(x: float) -> float:
    """Variance of the density ``exp(-x u)`` on [0, 1]."""
    return 1.0 / 12.0 if abs(x) < 1e-2 else float(1.0 / x**2 - 0.25 / np.sinh(0.5 * x) ** 2)
