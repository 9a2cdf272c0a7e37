"""How well a forecaster foretells a series: from every bin of its last part, having seen only what came before.

``benchmarks/forecasts.py`` prints the scores of all forecasters on the shipped traces.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...arrays import Floats
from ...errors import require
from ..flow.traces import DAY_S, Trace
from .base import Forecaster, Target
from .interval import ConformalInterval
from .simple import Naive

STRETCHES = 10  # of a series, for standard errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """How well a target was foretold.

    Attributes:
        points: targets scored.
        accuracy: 1 - sum of absolute errors / sum of the targets (1 - WAPE); say it only beside naive's.
        naive_accuracy: the same for the naive forecast of the same targets.
        relative: mean absolute error over naive's; below 1 is better than naive.
        relative_se: its standard error, by the jackknife over ten stretches of the series.
        levels: of the bounds; none without an interval.
        coverage: share of the targets at or below each upper bound.
        coverage_se: its standard errors, likewise.
        coverage_below: share of the targets at or above each lower bound.
        headroom: mean of each upper bound over the mean target, less 1.
    """

    points: int
    accuracy: float
    naive_accuracy: float
    relative: float
    relative_se: float
    levels: tuple[float, ...] = ()
    coverage: tuple[float, ...] = ()
    coverage_se: tuple[float, ...] = ()
    coverage_below: tuple[float, ...] = ()
    headroom: tuple[float, ...] = ()


def targets(demand: Floats, target: Target) -> Floats:
    """What was to be foretold after each bin but the last ``horizon``.

    Args:
        demand: `[B]` by bin, more bins than the horizon.
        target: its kind and horizon.

    Returns:
        `[B - horizon]`

    >>> targets(np.array([3.0, 1.0, 4.0, 1.0]), Target(horizon=2, kind="max"))
    array([4., 4.])
    """
    require(demand.size > target.horizon, "horizon", target.horizon, f"less than the {demand.size} bins")
    if target.kind == "value":
        return demand[target.horizon :]
    largest: Floats = np.lib.stride_tricks.sliding_window_view(demand, target.horizon)[1:].max(axis=1)
    return largest


def forecasts(forecaster: Forecaster[Any], demand: Floats, target: Target) -> Floats:
    """`[B]` what the forecaster says after each bin, in their order from a fresh start."""
    memory = forecaster.start(target)
    said = np.empty(demand.size)
    for n, value in enumerate(demand.tolist()):
        said[n], memory = forecaster.step(value, memory)
    return said


def bounds(
    interval: ConformalInterval, demand: Floats, said: Floats, target: Target
) -> tuple[Floats, Floats]:
    """`[B, L]` lower and upper bounds after each bin, for forecasts that were made bin by bin."""
    memory = interval.start(target)
    lower, upper = (np.empty((demand.size, len(interval.levels))) for _ in range(2))
    for n, (value, forecast) in enumerate(zip(demand.tolist(), said.tolist(), strict=True)):
        found, memory = interval.step(value, forecast, memory)
        lower[n], upper[n] = found.lower, found.upper
    return lower, upper


def score(
    forecaster: Forecaster[Any],
    demand: Floats,
    target: Target,
    *,
    warm_up: float = 0.6,
    interval: ConformalInterval | None = None,
) -> Score:
    """Score a forecaster from a rolling origin: it sees every bin, and what it says after the first part counts.

    Args:
        forecaster: which.
        demand: `[B]` by bin, >= 0.
        target: what is to be foretold.
        warm_up: share of the bins that it sees before its forecasts count, in [0, 1).
        interval: bounds to score as well.

    Raises:
        ConfigError: if nothing is left to score.

    Source:
        Rolling origin: Tashman (2000). Mean absolute error over naive's at the same horizon, on the same points:
        Hyndman & Koehler (2006), relative measures. Jackknife over stretches, since neighbors depend on each other:
        Künsch (1989).
    """
    require(0 <= warm_up < 1, "warm_up", warm_up, "in [0, 1)")
    came = targets(demand, target)
    first = round(warm_up * demand.size)
    require(first < came.size, "warm_up", warm_up, f"less than {came.size / demand.size:.3g} for this series")
    said = forecasts(forecaster, demand, target)
    naive = forecasts(Naive(), demand, target)
    scored = slice(first, came.size)
    error, naive_error = (np.abs(each[scored] - came[scored]) for each in (said, naive))
    total = float(came[scored].sum())
    limits: dict[str, tuple[float, ...]] = {}
    if interval is not None:
        lower, upper = (side[scored] for side in bounds(interval, demand, said, target))
        held = (came[scored, None] <= upper).astype(np.float64)
        limits = {
            "levels": interval.levels,
            "coverage": tuple(held.mean(axis=0).tolist()),
            "coverage_se": tuple(standard_error(column, np.ones(column.size)) for column in held.T),
            "coverage_below": tuple((came[scored, None] >= lower).mean(axis=0).tolist()),
            "headroom": tuple((_ratio(upper.sum(axis=0), total) - 1).tolist()),
        }
    return Score(
        points=came.size - first,
        accuracy=1 - float(_ratio(error.sum(), total)),
        naive_accuracy=1 - float(_ratio(naive_error.sum(), total)),
        relative=float(_ratio(error.sum(), naive_error.sum())),
        relative_se=standard_error(error, naive_error),
        **limits,
    )


def season(trace: Trace) -> int:
    """Bins in a day, or 0 for a trace of less than two days or whose bins do not fill a day."""
    bins = round(DAY_S / trace.step_s)
    fills = abs(bins * trace.step_s - DAY_S) < 1e-6 * DAY_S
    return bins if fills and trace.demand.size >= 2 * bins else 0


def ahead(trace: Trace, seconds: float) -> int:
    """Bins that reach some seconds ahead, at least one; a bin in which they end counts whole."""
    return max(1, math.ceil(seconds / trace.step_s - 1e-9))


def _ratio(over: Any, under: float) -> Any:
    """A ratio, or 1 where both are 0 and infinity where only the lower one is."""
    if under == 0:
        return np.where(np.asarray(over) == 0, 1.0, np.inf)
    return over / under


def standard_error(over: Floats, under: Floats) -> float:
    """Of the ratio of two sums, by leaving out each of ten stretches; NaN for less than ten points."""
    if over.size < STRETCHES:
        return math.nan
    parts = [(float(o.sum()), float(u.sum())) for o, u in zip(*map(_stretches, (over, under)), strict=True)]
    sums = np.sum(parts, axis=0)
    without = np.array([_ratio(*(sums - part)) for part in parts], float)
    return math.sqrt((STRETCHES - 1) / STRETCHES * float(((without - without.mean()) ** 2).sum()))


def _stretches(values: Floats) -> list[Floats]:
    return np.array_split(values, STRETCHES)
