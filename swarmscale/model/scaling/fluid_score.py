"""What a run of the fast fidelity is judged by, over a part of it."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np

from ...arrays import Bools, Floats
from .elasticity import Elasticity, episodes, mean_or_nan, per_day, times_to_scale
from .fluid import HIGH_BACKLOG_S, FluidRun
from .load import FluidFleet, Load
from .oracle import oracle

DEFINITIONS: dict[str, tuple[str, str]] = {
    "agent_seconds": ("agent-s", "agents ready or starting, summed over time"),
    "cost": (
        "agent-s",
        "price paid, in ready agent-seconds: ready, starting, warm and starts at their prices",
    ),
    "cost_per_oracle": ("", "cost / cost of perfect foresight without a violation and without a warm pool"),
    "violation": ("share", "work that arrived in steps with fewer agents ready than needed / work"),
    "high_backlog_share": (
        "share",
        f"work that arrived at a backlog / capacity of more than {HIGH_BACKLOG_S:g} s / work",
    ),
    "theta_under": ("share", "time mean of missing / needed agents, over steps with need"),
    "theta_over": ("share", "time mean of spare / needed agents, over steps with need"),
    "tau_under": ("share", "time with fewer agents ready than needed"),
    "tau_over": ("share", "time with more agents ready than needed"),
    "instability": ("share", "steps in which need and ready agents changed in different directions"),
    "actions_per_day": ("1/day", "decisions that changed the number of ready and starting agents"),
    "large_actions_per_day": ("1/day", "those that changed it by 2 % or more"),
    "started_per_day": ("1/day", "agents whose start began"),
    "episode_s": ("s", "mean length of an unbroken time with fewer agents ready than needed"),
    "scale_s": ("s", "mean time from need outgrowing the ready agents until as many are ready"),
    "utilization": ("share", "work done / agent-seconds ready"),
}
"""Unit and definition of each column."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FluidScore:
    """Figures of a part of a run; what each is, and in which unit, stands in :data:`DEFINITIONS`.

    NaN where there is nothing to take a mean of.
    """

    agent_seconds: float
    cost: float
    cost_per_oracle: float
    violation: float
    high_backlog_share: float
    theta_under: float
    theta_over: float
    tau_under: float
    tau_over: float
    instability: float
    actions_per_day: float
    large_actions_per_day: float
    started_per_day: float
    episode_s: float
    scale_s: float
    utilization: float


def score(run: FluidRun, part: slice, oracle_cost: float) -> FluidScore:
    """Judge the steps of a part; what was begun before it counts where it falls into it.

    Args:
        run: from ``run_fluid``.
        part: steps, such as ``load.window(0.6, 1.0)``.
        oracle_cost: of the same part, from :func:`oracle_cost`.
    """
    load, dt_s = run.load, run.fleet.dt_s
    ready, need, work = run.ready[part], load.need[part], load.demand[part]
    elasticity = Elasticity.of(need, ready)
    cost = float(run.cost[part].sum())
    seconds = len(ready) * dt_s
    changed = run.changed[part]
    before = ready + run.starting[part] - changed
    large = (changed != 0) & (np.abs(changed) >= 0.02 * before)
    return FluidScore(
        agent_seconds=float((ready + run.starting[part]).sum() * dt_s),
        cost=cost,
        cost_per_oracle=_over(cost, oracle_cost),
        violation=_over(float(work[run.short[part]].sum()), float(work.sum())),
        high_backlog_share=_over(float((work * _high_time(run)[part]).sum()), float(work.sum())),
        theta_under=elasticity.theta_under,
        theta_over=elasticity.theta_over,
        tau_under=elasticity.tau_under,
        tau_over=elasticity.tau_over,
        instability=elasticity.instability,
        actions_per_day=per_day(float(np.count_nonzero(changed)), seconds),
        large_actions_per_day=per_day(float(np.count_nonzero(large)), seconds),
        started_per_day=per_day(float(run.started[part].sum()), seconds),
        episode_s=mean_or_nan(episodes(run.short[part], dt_s)),
        scale_s=mean_or_nan(times_to_scale(need, ready, dt_s)),
        utilization=_over(float(run.served[part].sum()), float(ready.sum() * dt_s)),
    )


def oracle_cost(load: Load, part: slice, fleet: FluidFleet) -> float:
    """What perfect foresight pays in a part, without a violation and without a warm pool."""
    return oracle(load.need[part], dt_s=fleet.dt_s, startup_s=fleet.startup_s, prices=fleet.prices).cost


def _over(part: float, whole: float) -> float:
    return part / whole if whole > 0 else nan


def _high_time(run: FluidRun) -> Floats:
    """`[T]` share of each step in which the backlog is high; within a step it moves along a straight line."""
    dt_s = run.fleet.dt_s
    limit = HIGH_BACKLOG_S * run.ready * run.fleet.slo_utilization
    first, slope = run.backlog[:-1], run.load.demand - run.ready
    over: Bools = (first > limit) | ((first == limit) & (slope > 0))
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = np.where(slope == 0, np.inf, (limit - first) / slope)
    within = (crossing > 0) & (crossing < dt_s)
    share = np.where(within, np.where(over, crossing, dt_s - crossing), np.where(over, dt_s, 0.0)) / dt_s
    return np.asarray(share, np.float64)
