"""System metrics: health, performance, scaling and intelligence of a fleet, each measured and defined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING

from ..errors import UnknownChoiceError
from ..model.flow.ledger import Count
from ..model.metric import Metric
from ..model.scaling.prices import Prices
from ..model.scaling.seeing import price_paid
from ..model.summary import Measured

if TYPE_CHECKING:
    from ..model.summary import Summary
    from ..model.swarm import SwarmModel

GROUPS: dict[str, tuple[str, ...]] = {
    "performance": (
        "coordination_efficiency", "resource_efficiency", "network_mean_ms", "network_p95_ms", "network_p99_ms",
        "response_mean_s", "response_p95_s", "response_p99_s", "throughput_per_s", "error_rate", "late_share",
        "delivery_first", "delivery", "utilization", "balance_jain", "skill_match", "optimization_trials",
        "optimization_kept", "optimization_rolled_back", "optimization_gain",
    ),
    "scaling": (
        "forecast_accuracy", "naive_accuracy", "forecast_error", "cost_saving", "static_saving", "replay_violation",
    ),
    "intelligence": (
        "collective_iq", "collective_iq_absolute", "decision_ms", "decision_accuracy", "iq_velocity",
        "learning_velocity", "memory_efficiency", "stale_reads", "emergence_coordination", "emergence_innovation",
        "emergence_self_organization", "emergence_collective_intelligence",
    ),
    "health": (
        "availability_time", "availability_tasks", "recovery", "mttd_s", "mttr_s", "tasks_lost", "budget_spent",
    ),
}  # fmt: skip
"""Rows of the summary in each group; what only the orchestrator measures is added to them."""


class MetricGroup(Mapping[str, float]):
    """Figures of one kind by key: ``group["utilization"]`` is the value, ``group.measured(...)`` all about it."""

    def __init__(self, measured: Mapping[str, Measured]) -> None:
        self._measured = dict(measured)

    def measured(self, key: str) -> Measured:
        """A figure with its definition and interval.

        Raises:
            UnknownChoiceError: if there is none of this name.
        """
        if key not in self._measured:
            raise UnknownChoiceError("metric of this group", key, self._measured)
        return self._measured[key]

    def __getitem__(self, key: str) -> float:
        return self.measured(key).value

    def __contains__(self, key: object) -> bool:
        return key in self._measured

    def __iter__(self) -> Iterator[str]:
        return iter(self._measured)

    def __len__(self) -> int:
        return len(self._measured)

    def __repr__(self) -> str:
        return repr({key: one.value for key, one in self._measured.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemMetrics:
    """A fleet in figures, over its run so far.

    Attributes:
        time_s: s.
        health: shares of health at the last look, availability, faults, recovery, open alerts.
        performance: latency, throughput, utilization, errors, efficiencies, optimization.
        scaling: agents by state, changes of size, forecast, price.
        intelligence: collective IQ, decisions, learning, memory, emergence.
        cause: what makes the overall health so low, in words; empty where all is well.
    """

    time_s: float
    health: MetricGroup
    performance: MetricGroup
    scaling: MetricGroup
    intelligence: MetricGroup
    cause: str = ""


def system_metrics(
    model: SwarmModel, summary: Summary, *, premium: float, scalings: int, decisions: int
) -> SystemMetrics:
    """The figures of a model.

    Args:
        model: between two ticks.
        summary: its summary.
        premium: price of squads above that of standard agents so far.
        scalings: changes of the fleet's size that the host ordered.
        decisions: collective decisions that the host asked for.
    """
    found = {one.metric.key: one for one in summary.metrics}
    groups = {name: {key: found[key] for key in keys} for name, keys in GROUPS.items()}
    groups["health"] |= _health(model)
    groups["scaling"] |= _scaling(model, premium, scalings)
    groups["intelligence"] |= _table(
        (
            "decisions",
            "collective decisions",
            "",
            "collective decisions that the host asked for",
            float(decisions),
        )
    )
    last = model.health.series[-1] if model.health is not None and model.health.series else None
    return SystemMetrics(
        time_s=model.now_s,
        **{name: MetricGroup(values) for name, values in groups.items()},
        cause=last.cause if last is not None else "",
    )


def _health(model: SwarmModel) -> dict[str, Measured]:
    last = model.health.series[-1] if model.health is not None and model.health.series else None
    incidents = model.resilience.log.incidents if model.resilience is not None else []
    firing = sum(one.open for one in model.health.alerts) if model.health is not None else 0
    where = (
        ""
        if last is not None
        else "no look at health yet: resilience.health is off, or its period is not over"
    )

    def share(name: str) -> float:
        return nan if last is None else float(getattr(last, name))

    return _table(
        ("overall", "overall health", "share", "the lowest of component, integration and system", share("overall")),
        ("component", "component health", "share",
         "the lowest of: agents and nodes believed to be up, clusters with a ready agent, controllers' due runs done "
         "within period and budget", share("component")),
        ("integration", "integration health", "share",
         "the lowest share of an edge's events that acted within two periods", share("integration")),
        ("system", "system health", "share",
         "the lowest of: tasks due answered in time, answers in time, tasks not dropped, over the last minute",
         share("system")),
        ("open_incidents", "open incidents", "", "faults after which service is not whole",
         float(sum(not one.over for one in incidents))),
        ("incidents", "incidents", "", "faults so far", float(len(incidents))),
        ("alerts_firing", "alerts firing", "", "alerts that fired and are not over", float(firing)),
        where=where,
    )  # fmt: skip


def _scaling(model: SwarmModel, premium: float, scalings: int) -> dict[str, Measured]:
    raw, states = model.records.raw(), model.fleet.counts().tolist()
    scaler = model.scaler
    prices = scaler.prices if scaler is not None else _prices(model)
    starts = prices.start * sum(max(one.after - one.before, 0) for one in scaler.events) if scaler else 0.0
    cost = price_paid(raw, prices) + starts + premium
    return _table(
        ("members", "members", "", "agents of the fleet in any state", float(len(model.fleet))),
        ("ready", "ready agents", "", "idle, busy or helping", float(states[3] + states[4] + states[9])),
        ("starting", "starting agents", "", "on the way to ready", float(states[2])),
        ("warm", "warm agents", "", "in the warm pool", float(states[1])),
        ("scalings", "changes of size", "", "changes of the fleet's size by the policy",
         float(len(scaler.events)) if scaler is not None else 0.0),
        ("host_scalings", "changes of size by the host", "", "calls of scale_system that changed it",
         float(scalings)),
        ("price_paid", "price paid", "", "agent-seconds x price of their state and kind + price of starts, in "
         "that of a ready standard agent-second", cost),
        ("price_per_task", "price per task", "", "price paid / tasks completed",
         cost / max(float(raw.count(Count.COMPLETED).sum()), 1.0) if len(raw) else nan),
    )  # fmt: skip


def _prices(model: SwarmModel) -> Prices:
    s = model.config.scaler
    return Prices(ready=s.price, starting=s.price, warm=s.warm_price, start=s.start_price)


def _table(*rows: tuple[str, str, str, str, float], where: str = "") -> dict[str, Measured]:
    return {
        key: Measured(
            metric=Metric(key=key, title=title, unit=unit, text=text, value=None, where=where),
            value=value,
            note=where,
        )
        for key, title, unit, text, value in rows
    }
