"""What outcomes mean: title, unit, definition, which way is better, and which ones to look at first."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...model.emergence_metrics import EMERGENCE_METRICS
from ...model.metrics import METRICS
from ...model.optimization.base import KINDS
from ..outcomes import OUTCOMES
from .pareto import Direction
from .tidy import measured, outcomes_of

if TYPE_CHECKING:
    import pandas as pd

LESS_IS_BETTER = frozenset(
    [
        "network_mean_ms",
        "network_p95_ms",
        "network_p99_ms",
        "response_mean_s",
        "response_p95_s",
        "response_p99_s",
        "cluster_wait_mean_s",
        "error_rate",
        "late_share",
        "ingress_busy",
        "dispatch_busy",
        "dispatch_busy_p95",
        "dispatch_busy_max",
        "balance_cv",
        "first_token_p95_s",
        "scale_up_s",
        "forecast_error",
        "price_paid",
        "price_per_task",
        "replay_violation",
        "decision_ms",
        "learning_velocity",
        "stale_reads",
        "convergence_s",
        "refused_operations",
        "cost",
        "agents_mean",
        "violation",
        "scaling_actions",
        "link_ms",
        "budget_spent",
        "tasks_lost",
        "mttd_s",
        "mttr_s",
        "false_suspicions_per_h",
    ]
)
MORE_IS_BETTER = frozenset(
    [
        "coordination_efficiency",
        "coordination_efficiency_p5",
        "coordination_efficiency_worst",
        "resource_efficiency",
        "throughput_per_s",
        "delivery_first",
        "delivery",
        "delivery_hops",
        "availability_time",
        "availability_tasks",
        "balance_jain",
        "skill_match",
        "skill_match_of_best",
        "spawn_rate",
        "recovery",
        "forecast_accuracy",
        "bound_coverage",
        "cost_saving",
        "static_saving",
        "collective_iq",
        "collective_iq_absolute",
        "decision_accuracy",
        "iq_velocity",
        "memory_efficiency",
        "optimization_gain",
        "limited_by_none",
    ]
)
NEITHER = frozenset(
    [
        "utilization",
        "generated_tokens_per_s",
        "naive_accuracy",
        *(metric.key for metric in EMERGENCE_METRICS),
        "optimization_trials",
        "optimization_kept",
        "optimization_rolled_back",
        *(f"limited_by_{kind}" for kind in KINDS if kind != "none"),
    ]
)
"""Of these more is neither better nor worse in itself."""

FIRST = (
    *("cost", "violation", "response_p95_s", "utilization", "collective_iq", "resource_efficiency"),
    *("error_rate", "throughput_per_s", "coordination_efficiency", "agents_mean"),
)
"""Outcomes that people look for first."""

OBJECTIVES = (
    ("cost", "price_paid", "price_per_task", "agents_mean"),
    ("response_p95_s", "violation", "late_share", "response_mean_s", "availability_tasks", "error_rate"),
    ("collective_iq", "collective_iq_absolute", "decision_accuracy"),
)
"""Of each line the first outcome that there is: what it costs, how well it serves, how clever it is."""

_UNITS = {"agents_mean": "agents", "violation": "share"}
_METRICS = {metric.key: metric for metric in METRICS}


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an outcome is.

    Attributes:
        key: its column.
        title: for people.
        unit: ``share``, ``s``, ``ms``, ``1/s``, ... or empty.
        text: its definition.
        better: ``min`` or ``max``, None if neither is better in itself or nobody said.
    """

    key: str
    title: str
    unit: str
    text: str
    better: Direction | None


def meaning(outcome: str) -> Meaning:
    """What an outcome is: a metric of the scorecard, one of the table, or a name of which nothing is known.

    >>> meaning("cost").better, meaning("response_p95_s").unit
    ('min', 's')
    """
    better: Direction | None = (
        "min" if outcome in LESS_IS_BETTER else "max" if outcome in MORE_IS_BETTER else None
    )
    if outcome in _METRICS:
        metric = _METRICS[outcome]
        return Meaning(outcome, metric.title, metric.unit, metric.text, better)
    text = ""
    if outcome in list(OUTCOMES):
        text = (inspect.getdoc(OUTCOMES[outcome]) or "").split("\n")[0]
    return Meaning(outcome, outcome.replace("_", " "), _UNITS.get(outcome, ""), text, better)


def shown_first(frame: pd.DataFrame, asked: Iterable[str] = (), most: int = 6) -> list[str]:
    """Outcomes to draw: those asked for, else those that people look for first; none that was never measured.

    Args:
        frame: the final table of a sweep.
        asked: outcomes of the plan.
        most: how many at most.
    """
    known = [name for name in outcomes_of(frame) if len(measured(frame, name))]
    wanted = [name for name in asked if name in known]
    if not wanted:
        wanted = [name for name in FIRST if name in known and _varies(frame, name)]
        wanted += [name for name in known if name not in wanted and _varies(frame, name)]
    return (wanted or known)[:most]


def objectives_of(frame: pd.DataFrame, asked: Iterable[str] = ()) -> dict[str, Direction]:
    """Objectives for a Pareto front with their directions: cost, service and collective IQ, as far as they are there.

    Args:
        frame: the final table of a sweep.
        asked: outcomes to choose from first.
    """
    known = [name for name in outcomes_of(frame) if len(measured(frame, name)) and _varies(frame, name)]
    out: dict[str, Direction] = {}
    for line in OBJECTIVES:
        mine = [name for name in line if name in known]
        preferred = [name for name in mine if name in set(asked)] or mine
        better = meaning(preferred[0]).better if preferred else None
        if better is not None:
            out[preferred[0]] = better
    if len(out) < 2:
        for name in [*asked, *known]:
            better = meaning(name).better
            if name in known and better is not None and len(out) < 2:
                out[name] = better
    return out


def _varies(frame: pd.DataFrame, outcome: str) -> bool:
    values = measured(frame, outcome)[outcome].to_numpy(np.float64)
    return bool(np.ptp(values) > 0) if len(values) else False
