"""How well a forecaster foretells a series: from every bin of its last part, having seen only what came before.

As a command it prints the tables of docs/forecasting.md: ``python -m swarmscale.model.forecasting.score [TRACE...]``.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ...arrays import Floats
from ...errors import ConfigError, require
from ..flow.traces import DAY_S, Trace, load_trace, shipped
from . import FORECASTERS
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Print how well each forecaster does on some traces; 2 for input that cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m swarmscale.model.forecasting.score", description=main.__doc__
    )
    names = [info.name for info in shipped() if not info.requests]
    parser.add_argument(
        "trace", nargs="*", default=names, help="shipped traces or CSV files; all shipped if none"
    )
    parser.add_argument("--ahead-s", type=float, default=300.0, help="how far ahead the value is foretold, s")
    parser.add_argument("--lead-s", type=float, default=120.0, help="time whose maximum is bounded, s")
    parser.add_argument("--warm-up", type=float, default=0.6, help="share that is seen before scoring begins")
    chosen = parser.parse_args(arguments)
    try:
        traces = [load_trace(name) for name in chosen.trace]
        require(chosen.ahead_s > 0, "--ahead-s", chosen.ahead_s, "above 0")
        require(chosen.lead_s > 0, "--lead-s", chosen.lead_s, "above 0")
        for line in _accuracies(traces, chosen.ahead_s, chosen.warm_up):
            print(line)
        print()
        for line in _coverages(traces, chosen.lead_s, chosen.warm_up):
            print(line)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def _accuracies(traces: Sequence[Trace], seconds: float, warm_up: float) -> list[str]:
    """Error over naive's of every forecaster on every trace, and the accuracy of naive and of the default."""
    aims = [Target(horizon=ahead(trace, seconds), period=season(trace)) for trace in traces]
    lines = [
        _row(f"value {seconds:g} s ahead", *(trace.name for trace in traces)),
        "|---" * (len(traces) + 1) + "|",
    ]
    bins = (f"{t.step_s:g} s / {a.horizon} / {a.period or 'none'}" for t, a in zip(traces, aims, strict=True))
    lines.append(_row("bin / horizon / season, bins", *bins))
    for name in FORECASTERS:
        try:
            forecaster = FORECASTERS.make(name)
            found = [
                score(forecaster, t.demand, a, warm_up=warm_up) for t, a in zip(traces, aims, strict=True)
            ]
        except ConfigError as error:
            if not isinstance(error.__cause__, ImportError):
                raise
            lines.append(_row(f"{name}: not installed", *["-"] * len(traces)))
            continue
        if name == "ensemble":
            lines.insert(3, _row("points scored", *(f"{s.points:,}" for s in found)))
            lines.insert(4, _row("accuracy (1 - WAPE), naive", *(f"{s.naive_accuracy:.3f}" for s in found)))
            lines.insert(5, _row("accuracy (1 - WAPE), ensemble", *(f"{s.accuracy:.3f}" for s in found)))
        lines.append(
            _row(f"{name}: MAE / naive's", *(f"{s.relative:.3f} ± {s.relative_se:.3f}" for s in found))
        )
    return lines


def _coverages(traces: Sequence[Trace], seconds: float, warm_up: float) -> list[str]:
    """Share of the largest demands of the lead time at or below their bounds, and the headroom that this took."""
    interval = ConformalInterval()
    levels = (f"{level:g}: coverage / headroom" for level in interval.levels)
    lines = [_row(f"largest of {seconds:g} s", "forecaster", "points", *levels)]
    lines.append("|---" * (3 + len(interval.levels)) + "|")
    for trace in traces:
        aim = Target(horizon=ahead(trace, seconds), kind="max", period=season(trace))
        for name in ("ensemble", "naive"):
            s = score(FORECASTERS.make(name), trace.demand, aim, warm_up=warm_up, interval=interval)
            found = zip(s.coverage, s.coverage_se, s.headroom, strict=True)
            cells = (f"{share:.3f} ± {se:.3f} / {room:.1%}" for share, se, room in found)
            lines.append(_row(trace.name, name, f"{s.points:,}", *cells))
    return lines


def _row(*cells: str) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
