"""Forecasts and savings on the shipped demand traces, each trace a draw."""

from __future__ import annotations

import math
from typing import Any

from ....model.flow.traces import shipped
from ....model.forecasting import FORECASTERS
from ....model.forecasting.base import Target
from ....model.forecasting.score import ahead, score, season
from ...course import course_trace
from ...race import race
from ...tables import DEFAULT
from ..size import Size
from .base import Draw, Figures, Study

HORIZON_S = 300.0
VIOLATION = 0.003
"""At which costs are compared: share of the work that may come while too few agents are ready."""


def all_traces() -> tuple[str, ...]:
    """The shipped traces of demand, those of single requests with a figure for each bin left out."""
    return tuple(info.name for info in shipped() if not info.requests)


def foretold(_: Size, draw: Draw) -> Figures:
    """How well the default forecaster foretells a trace 300 s ahead over its last 40 %."""
    trace = course_trace(str(draw))
    target = Target(horizon=ahead(trace, HORIZON_S), kind="value", period=season(trace))
    found = score(FORECASTERS.make("ensemble"), trace.demand, target)
    trend = score(FORECASTERS.make("drift"), trace.demand, target)
    return {
        "accuracy": found.accuracy,
        "naive_accuracy": found.naive_accuracy,
        "relative": found.relative,
        "trend_accuracy": trend.accuracy,
    }


def saved(size: Size, draw: Draw) -> Figures:
    """What the default policy saves against each of the others at equal violations on a trace's last 40 %."""
    done = race([str(draw)], [DEFAULT, *size.policies])
    rows: Any = done.savings[done.savings["violation"] == VIOLATION].set_index("baseline")["saving"]
    return {f"saving_{name}": float(rows.get(name, math.nan)) for name in size.policies}


FORECASTS = Study(
    name="forecasts",
    scenario="the default forecaster on the five shipped traces, rolling origin, 300 s ahead, the last 40 % of each "
    "(`python benchmarks/forecasts.py`)",
    measure=foretold,
    kind="traces",
)
SAVINGS = Study(
    name="savings",
    scenario="`swarmscale race --policies quantile,hpa,seed,static`: the five shipped traces, knobs swept, costs "
    "read at .3 % violations",
    measure=saved,
    kind="traces",
)
