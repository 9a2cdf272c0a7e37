"""How long an EWMA control chart runs until it calls, in control and after a shift, by a Markov chain."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ...arrays import Floats
from ...errors import require

STATES = 201
"""States into which the space between the limits is cut; an odd number, so that one lies on the center."""
STEPS = 50
"""Steps of the secant at most; about five are needed."""
CLOSE = 1e-9
"""Relative error of the mean run length at which the secant ends."""


def run_length(weight: float, width: float, shift: float = 0.0, first: float | None = None) -> float:
    """Mean number of values until the average of independent normal ones, begun at the center, leaves its limits.

    The limits stay where they are for many values, ``width x sqrt(weight / (2 - weight))``.

    Args:
        weight: of the newest value, in (0, 1].
        width: standard deviations of the average from the center to a limit.
        shift: mean of the values, in their standard deviations from the center.
        first: mean of the first of them alone, if it is another one.

    Source:
        Brook & Evans (1972), *Biometrika* 59(3):539; of the EWMA chart Lucas & Saccucci (1990), *Technometrics*
        32(1), appendix, table 1: 500 at a weight of .2 and a width of 2.962.

    >>> round(run_length(1.0, 3.0), 1)  # Shewhart's chart: 1 / .0027
    370.4
    >>> abs(run_length(0.2, 2.962) / 500 - 1) < 0.002
    True
    """
    require(0 < weight <= 1, "weight", weight, "in (0, 1]")
    require(width > 0, "width", width, "above 0")
    half = width * np.sqrt(weight / (2 - weight))
    middles = half * (2 * np.arange(STATES) + 1 - STATES) / STATES
    stay = _moves(middles, middles, half, weight, shift)
    lengths = np.linalg.solve(np.eye(STATES) - stay, np.ones(STATES))
    begin = _moves(np.zeros(1), middles, half, weight, shift if first is None else first)
    return float(1.0 + (begin @ lengths)[0])


def _moves(now: Floats, middles: Floats, half: float, weight: float, mean: float) -> Floats:
    """`[A, S]` chance that the average goes from each place to each state with the next value."""
    from scipy.special import ndtr

    step = half / STATES
    to = middles[np.newaxis, :] - (1 - weight) * now[:, np.newaxis]
    upper, lower = (to + step) / weight - mean, (to - step) / weight - mean
    return np.asarray(ndtr(upper) - ndtr(lower), np.float64)


@lru_cache(maxsize=64)
def width_for(weight: float, length: float) -> float:
    """Width of the limits with which :func:`run_length` in control has a value.

    Args:
        weight: of the newest value, in (0, 1].
        length: wanted mean number of values until a false call, above 1.

    >>> round(width_for(1.0, 370.4), 3)
    3.0
    """
    require(length > 1, "length", length, "above 1")
    last, width, miss = 2.5, 3.0, np.log(run_length(weight, 2.5) / length)
    for _ in range(STEPS):
        now = np.log(run_length(weight, width) / length)
        if abs(now) < CLOSE:
            break
        last, width, miss = width, max(width - now * (width - last) / (now - miss), width / 2), now
    return float(width)
