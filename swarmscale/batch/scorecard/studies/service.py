"""Fleets at work on the presets' demand: what they answer, how fast, and what agents it takes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import isnan, nan
from typing import Any

import numpy as np

from ....model.columns import dropped
from ....model.flow.ledger import Count
from ....model.metric import jain
from ....model.scaling.events import ScalingEvent
from ....model.scaling.load import needed
from ....model.summary import stretch_of
from ....model.swarm import SwarmModel
from ...outcomes import measure as outcomes
from ..size import UNWATCHED, Size
from .base import Draw, Figures, Study

SERVED = (
    "coordination_efficiency", "coordination_efficiency_p5", "coordination_efficiency_worst", "resource_efficiency",
    "utilization", "network_mean_ms", "network_p95_ms", "network_p99_ms", "response_mean_s", "response_p99_s",
    "throughput_per_s", "error_rate", "late_share", "delivery_hops", "link_ms", "availability_time",
    "availability_tasks", "balance_jain", "balance_cv",
)  # fmt: skip
"""Outcomes of every run."""
SCALED = (
    "forecast_accuracy", "naive_accuracy", "forecast_error", "cost_saving", "static_saving", "replay_violation",
)  # fmt: skip
"""Outcomes of runs with a scaling policy."""
MARKET_PER_S = 110_000.0
"""Offered to the market's fleet, 1/s: a tenth more than is claimed, or what is asked would bound what is answered."""


def served(
    size: Size,
    draw: Draw,
    *,
    preset: str,
    changes: dict[str, Any],
    seconds: float | None = None,
    more: tuple[str, ...] = (),
) -> Figures:
    """The outcomes of one run of a preset."""
    config = size.config(preset, UNWATCHED | changes, seconds)
    model = SwarmModel(config, rng=draw).run()
    return told(model, (*SERVED, *more))


def told(model: SwarmModel, keys: tuple[str, ...]) -> Figures:
    """Outcomes of a run, what the nodes share, and what was offered."""
    whole = stretch_of(model)
    arrived = whole.count(Count.ARRIVED)
    return (
        outcomes(model, keys)
        | _kept_up(model)
        | {
            "nodes_jain": jain(whole.stations("dispatch_busy")),
            "offered_per_s": arrived / whole.seconds,
            "in_time_per_s": whole.count(Count.MET) / whole.seconds,
            "dropped": float(dropped(whole.raw).sum()),
        }
    )


def _kept_up(model: SwarmModel) -> Figures:
    """Of a run with a scaling policy: how needed and ready agents covered each other; how often events came true."""
    scaler = model.scaler
    if scaler is None or not scaler.demands:
        return {}
    periods, steps = len(scaler.demands), round(scaler.period_s / model.config.dt)
    ready_s = (
        model.records.raw().seconds(Count.READY_T)[: periods * steps].reshape(periods, steps).sum(axis=1)
    )
    ready = ready_s / scaler.period_s
    need = needed(np.array(scaler.demands), scaler.limits.slo_utilization)
    return {
        "scaling_efficiency": float(np.minimum(need, ready).sum() / np.maximum(need, ready).sum()),
        **kept_word(scaler.events),
    }


def kept_word(events: Sequence[ScalingEvent]) -> Figures:
    """Of the scaling events that stated an interval and whose time is over: those whose utilization came in it."""
    stated = [e for e in events if e.came is not None and not isnan(e.utilization.low)]
    met = sum(e.utilization.low <= e.came[0] <= e.utilization.high for e in stated if e.came is not None)
    return {"events_stated": float(len(stated)), "events_met": met / len(stated) if stated else nan}


LLM_FLEET = Study(
    name="llm-fleet",
    scenario="`swarmscale run llm-fleet`: an hour of LLM calls, 50,000 agents",
    measure=partial(served, preset="llm-fleet", changes={}),
)
SCALED_FLEET = Study(
    name="llm-fleet-scaled",
    scenario="`swarmscale run llm-fleet --set scaling=quantile`: the same hour, the fleet sized by forecasts",
    measure=partial(served, preset="llm-fleet", changes={"scaling": "quantile"}, more=SCALED),
)
FLASH_CROWD = Study(
    name="flash-crowd",
    scenario="`swarmscale run flash-crowd --set scaling=quantile`: demand trebles within an hour, "
    "10,000 agents at first",
    measure=partial(served, preset="flash-crowd", changes={"scaling": "quantile"}, more=SCALED),
)
MARKET_DAY = Study(
    name="market-day",
    scenario="`swarmscale run market-day --seconds 300 --set demand.mean_rate_per_s=110000`: small transactions, "
    "50,000 agents",
    measure=partial(
        served, preset="market-day", changes={"demand.mean_rate_per_s": MARKET_PER_S}, seconds=300.0
    ),
)
