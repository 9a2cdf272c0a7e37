"""Rows of the scorecard that only a run with a scaling policy can fill."""

from __future__ import annotations

from functools import partial

from .metric import Metric, over

_scaled = partial(Metric, value=None, where="a run with a scaling policy")

SCALING_METRICS: tuple[Metric, ...] = (
    _scaled(
        key="forecast_accuracy",
        title="forecast accuracy",
        unit="share",
        text="1 - WAPE at a 300 s horizon over the bins that came due; worth nothing without the rows below",
        claim="85 %",
        bound=0.85,
        scaled=lambda scaler: scaler.outlook.skill.accuracy,
    ),
    _scaled(
        key="naive_accuracy",
        title="forecast accuracy of repeating the last value",
        unit="share",
        text="the same of the naive forecast, at the same bins",
        scaled=lambda scaler: scaler.outlook.skill.naive_accuracy,
    ),
    _scaled(
        key="forecast_error",
        title="forecast error relative to naive",
        unit="",
        text="mean absolute error / the naive forecast's at a 300 s horizon; below 1 is better than naive",
        scaled=lambda scaler: scaler.outlook.skill.relative_error,
    ),
    _scaled(
        key="bound_coverage",
        title="upper bounds of demand that held",
        unit="share",
        text="share of the bounds on the largest demand within the lead time that held; scaler.level is nominal",
        scaled=lambda scaler: scaler.outlook.lead_skill.coverage,
    ),
    _scaled(
        key="price_paid",
        title="price paid",
        unit="",
        text="agent-seconds x price, warm ones at the pool's price, and starts; of the whole run",
        scaled=lambda scaler: scaler.cost,
    ),
    _scaled(
        key="price_per_task",
        title="price per task",
        unit="",
        text="price paid / tasks completed",
        scaled=lambda scaler: over(scaler.cost, scaler.answered),
    ),
    _scaled(
        key="cost_saving",
        title="cost saving against hpa",
        unit="share",
        text="1 - cost / that of hpa at its cheapest target with an equal violation rate, the run's demand replayed to "
        "the fluid fleet; the saving that a policy can claim",
        claim="25 %",
        bound=0.25,
        scaled=lambda scaler: scaler.saving().of_hpa,
    ),
    _scaled(
        key="static_saving",
        title="cost saving against static peak",
        unit="share",
        text="the same against the smallest fixed fleet with an equal violation rate: nearly any policy saves that",
        scaled=lambda scaler: scaler.saving().of_static,
    ),
    _scaled(
        key="replay_violation",
        title="violations at which savings are compared",
        unit="share",
        text="work that came while fewer agents were ready than needed, in the replay to the fluid fleet",
        scaled=lambda scaler: scaler.saving().violation,
    ),
)
