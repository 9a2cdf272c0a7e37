"""Forecasts along a series of demand, bin by bin: made once for a trace and shared by all policies and knobs."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol

import numpy as np

from ...arrays import Floats
from ...errors import require
from ..forecasting.base import Forecaster, Target

LATER_S = 300.0
"""How far ahead the point forecast looks, s."""
DAY_S = 86_400.0


class Interval(Protocol):
    """Bounds a target around its forecast; ``ConformalInterval`` is one."""

    def start(self, target: Target) -> Any:
        """What is remembered before the first bin."""
        ...

    def step(self, value: float, forecast: float, memory: Any) -> tuple[Any, Any]:
        """Take in a bin; give bounds with an array ``upper`` for the target that is foretold from its end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Foretold:
    """What was foretold at the end of each bin, in the series' unit; row b knows the bins 0 to b and no more.

    Attributes:
        forecast: `[B]` demand 300 s ahead.
        upper: `[B]` upper quantile of the largest demand within the lead time.
        upper_later: `[B]` upper quantile of the demand 300 s ahead.
    """

    forecast: Floats
    upper: Floats
    upper_later: Floats


def foretell(
    bins: Floats, bin_s: float, lead_s: float, forecaster: Forecaster[Any], interval: Interval
) -> Foretold:
    """Run a forecaster and its interval along a series.

    Args:
        bins: `[B]` mean demand in each bin, >= 0.
        bin_s: length of a bin, s.
        lead_s: time within which the largest demand is bounded, s; whole bins are taken, rounded up.
        forecaster: foretells both targets, each with a memory of its own.
        interval: bounds them; its first level counts.
    """
    require(bin_s > 0, "bin_s", bin_s, "above 0")
    period = round(DAY_S / bin_s)
    later = Target(horizon=max(ceil(LATER_S / bin_s - 1e-9), 1), kind="value", period=period)
    soon = Target(horizon=max(ceil(lead_s / bin_s - 1e-9), 1), kind="max", period=period)
    forecast, upper_later = _along(bins, later, forecaster, interval)
    _, upper = _along(bins, soon, forecaster, interval)
    return Foretold(forecast=forecast, upper=upper, upper_later=upper_later)


def _along(
    bins: Floats, target: Target, forecaster: Forecaster[Any], interval: Interval
) -> tuple[Floats, Floats]:
    """`[B]` forecasts of a target, and upper bounds."""
    memory, kept = forecaster.start(target), interval.start(target)
    forecasts, uppers = np.empty(len(bins)), np.empty(len(bins))
    for b, value in enumerate(bins.tolist()):
        forecast, memory = forecaster.step(value, memory)
        bounds, kept = interval.step(value, forecast, kept)
        forecasts[b], uppers[b] = forecast, bounds.upper[0]
    return forecasts, uppers
