"""Adaptive limits of a figure: a control chart whose center follows it, and what is out of its limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import Bools, Floats, Ints, kernel

SIGMAS = 3.0
WARM_UP = 20
"""Values from which the first limits are taken."""
DEVIATION_WEIGHT = 0.05
"""Weight of the newest error in the mean absolute one."""
SIGMA_PER_DEVIATION = 1.25
"""Standard deviation over mean absolute deviation of a normal error, sqrt(pi / 2)."""
WEIGHTS = tuple(w / 20 for w in range(1, 20))
"""Weights of the newest value in the center, among which the best one is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """A series with its limits, where it is known.

    Attributes:
        row: `[n]` number of each value in the series.
        values: `[n]` the values.
        center: `[n]` what the values before it foretell of each.
        half: `[n]` from the center to a limit; NaN for the first 20, which have none.
        weight: of the newest value in the center.
    """

    row: Ints
    values: Floats
    center: Floats
    half: Floats
    weight: float

    @property
    def out(self) -> Bools:
        """`[n]` whether a value lies beyond its limits."""
        away = np.abs(self.values - self.center)
        return np.asarray(away > self.half + 1e-9 * np.abs(self.center), np.bool_)


def limits(series: Floats) -> Limits:
    """Limits of each value from those before it: a moving center and three standard deviations of its errors.

    The center is the exponentially weighted mean that foretells the next value with the least squared error; the
    deviation follows from the smoothed absolute error. So a drift or a correlated course raises no alarm, a jump
    does.

    Args:
        series: `[T]` values, NaN where there are none; those are left out.

    Source:
        Montgomery & Mastrangelo 1991, "Some statistical process control methods for autocorrelated data":
        EWMA chart with a moving center line, standard deviation = 1.25 x smoothed mean absolute deviation.
    """
    row = np.flatnonzero(np.isfinite(series))
    values = np.asarray(series[row], np.float64)
    if len(values) <= WARM_UP:
        none = np.full(len(values), np.nan)
        return Limits(row=row, values=values, center=none, half=none, weight=float("nan"))
    centers = [_centers(values, weight) for weight in WEIGHTS]
    best = int(np.argmin([np.square(values - center).sum() for center in centers]))
    center = centers[best]
    error = np.abs(values - center)
    start = float(error[1 : WARM_UP + 1].mean())
    deviation = np.full(len(values), np.nan)
    deviation[WARM_UP] = start
    deviation[WARM_UP + 1 :] = smoothed(error[WARM_UP:-1], DEVIATION_WEIGHT, start)
    half = SIGMAS * SIGMA_PER_DEVIATION * deviation
    return Limits(row=row, values=values, center=center, half=half, weight=WEIGHTS[best])


def _centers(values: Floats, weight: float) -> Floats:
    """`[n]` the weighted mean of the values before each; the first one foretells itself."""
    out = np.empty_like(values)
    out[0] = values[0]
    out[1:] = smoothed(values[:-1], weight, float(values[0]))
    return out


@kernel
def smoothed(values: Floats, weight: float, start: float) -> Floats:
    """`[n]` the exponentially weighted mean after each value, from a mean before the first.

    >>> smoothed(np.array([1.0, 1.0]), 0.5, 0.0)
    array([0.5 , 0.75])
    """
    out = np.empty(len(values))
    mean = start
    for i in range(len(values)):
        mean = weight * values[i] + (1.0 - weight) * mean
        out[i] = mean
    return out


@dataclass(frozen=True, slots=True, kw_only=True)
class Excursion:
    """A stretch of values beyond their limits, one after the other.

    Attributes:
        first: row of its first value.
        last: row of its last one.
        value: the last one.
        center: what was foretold of it.
        limit: the limit that it passed.
        sigmas: how many standard deviations it lies away from the center; infinite where nothing had varied.
    """

    first: int
    last: int
    value: float
    center: float
    limit: float
    sigmas: float


def newest_excursion(chart: Limits, least: int = 1) -> Excursion | None:
    """The newest stretch beyond the limits; None if there was none.

    Args:
        chart: values with their limits.
        least: values that a stretch must have to count, unless it lasts: of values that vary by chance alone one in
            370 is beyond its limits.
    """
    turns = np.flatnonzero(np.diff(chart.out.astype(np.int8), prepend=0, append=0))
    stretches = turns.reshape(-1, 2)
    count = (stretches[:, 1] - stretches[:, 0] >= least) | (stretches[:, 1] == len(chart.values))
    if not count.any():
        return None
    first, end = (int(at) for at in stretches[count][-1])
    last = end - 1
    value, center, half = (float(a[last]) for a in (chart.values, chart.center, chart.half))
    away = value - center
    return Excursion(
        first=int(chart.row[first]),
        last=int(chart.row[last]),
        value=value,
        center=center,
        limit=center + half if away > 0 else center - half,
        sigmas=abs(away) / (half / SIGMAS) if half > 0 else float("inf"),
    )
