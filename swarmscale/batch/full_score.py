"""What a run in the full fidelity is judged by, after its warm-up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.columns import dropped, provisioned
from ..model.flow.ledger import Count
from ..model.metric import Stretch, over
from ..model.scaling.elasticity import per_day
from ..model.scaling.oracle import oracle
from ..model.scaling.outlook import Skill
from ..model.scaling.seeing import price_paid

if TYPE_CHECKING:
    from ..arrays import Ints
    from ..model.scaling.load import FluidFleet
    from ..model.swarm import SwarmModel

FULL_DEFINITIONS: dict[str, tuple[str, str]] = {
    "cost": (
        "agent-s",
        "price paid: agents ready, starting, draining or failed, warm ones at the pool's price",
    ),
    "cost_per_oracle": (
        "",
        "cost / what perfect foresight of the expected demand pays in the fast fidelity: a reference, no bound",
    ),
    "violation": ("share", "tasks that were dropped or not answered within their deadline / tasks due"),
    "dropped": ("share", "tasks dropped / tasks arrived"),
    "late": ("share", "answers after their deadline / answers"),
    "response_mean_s": ("s", "mean time from a task's arrival to its answer"),
    "response_p99_s": ("s", "99th percentile of it, from a histogram with bins 2.2 % wide"),
    "utilization": ("share", "busy / ready agent-seconds"),
    "agents": ("agents", "time mean of the agents ready, starting, draining or failed"),
    "actions_per_day": ("1/day", "decisions that changed the number of ready and starting agents"),
    "started_per_day": ("1/day", "agents whose start began"),
    "forecast_accuracy": ("share", "1 - WAPE of the forecasts 300 s ahead"),
    "naive_accuracy": ("share", "the same of repeating the last value, at the same bins"),
    "forecast_error": ("", "mean absolute error of these forecasts / that of repeating the last value"),
    "bound_coverage": ("share", "upper bounds of the largest demand within the lead time that held"),
    "tasks": ("tasks", "tasks that arrived; alike for all, since all draw the same random numbers"),
}
"""Unit and definition of each column."""


def full_figures(model: SwarmModel, need: Ints, fleet: FluidFleet, warm_up_s: float) -> dict[str, float]:
    """Figures of a run; each is defined in :data:`FULL_DEFINITIONS`, NaN where there is nothing to measure.

    Args:
        model: that has run.
        need: `[T]` agents that the expected demand needs in each step of the fluid fleet.
        fleet: the fluid fleet.
        warm_up_s: time at the beginning that is left out, s.
    """
    scaler = model.scaler
    part = Stretch(model.records, round(warm_up_s / model.config.dt), model.records.ticks)
    need = need[round(warm_up_s / fleet.dt_s) :]
    foreseen = oracle(need, dt_s=fleet.dt_s, startup_s=fleet.startup_s, prices=fleet.prices).cost
    events = [e for e in scaler.events if e.time_s > warm_up_s and e.after != e.before] if scaler else []
    started = sum(max(e.after - e.before, 0) for e in events)
    cost = price_paid(part.raw, fleet.prices) + fleet.prices.start * started
    skill, lead = (scaler.outlook.skill, scaler.outlook.lead_skill) if scaler else (Skill(), Skill())
    return {
        "cost": cost,
        "cost_per_oracle": over(cost, foreseen),
        "violation": 1 - over(part.count(Count.MET), part.count(Count.DUE)),
        "dropped": over(float(dropped(part.raw).sum()), part.count(Count.ARRIVED)),
        "late": over(part.count(Count.LATE), part.count(Count.COMPLETED)),
        "response_mean_s": over(part.time_s(Count.RESPONSE_T), part.count(Count.COMPLETED)),
        "response_p99_s": part.quantile("response", 0.99),
        "utilization": over(part.count(Count.BUSY_T), part.count(Count.READY_T)),
        "agents": float(provisioned(part.raw).sum()) / part.seconds,
        "actions_per_day": per_day(len(events), part.seconds),
        "started_per_day": per_day(started, part.seconds),
        "forecast_accuracy": skill.accuracy,
        "naive_accuracy": skill.naive_accuracy,
        "forecast_error": skill.relative_error,
        "bound_coverage": lead.coverage,
        "tasks": part.count(Count.ARRIVED),
    }
