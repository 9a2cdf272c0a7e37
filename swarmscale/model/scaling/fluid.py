"""The fast fidelity: a policy drives a fluid fleet along a trace, in seconds for days of demand."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np

from ...arrays import Bools, Floats, Ints
from .base import ScalingPolicy, Seen
from .load import FluidFleet, Load
from .oracle import whole_steps
from .pipeline import Pipeline

HIGH_BACKLOG_S = 5.0
"""A wait longer than this counts as a high backlog, s."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FluidRun:
    """What a policy did along a load.

    Attributes:
        fleet: its settings.
        load: what was to be served.
        ready: `[T]` agents ready in each step.
        starting: `[T]` agents that are paid as starting: on the way to ready, or to the warm pool.
        warm: `[T]` agents in the warm pool.
        started: `[T]` agents whose start began with the step.
        changed: `[T]` change of ready and starting agents that the decision of the step made.
        backlog: `[T + 1]` waiting work at the beginning of each step and at the end, agent-seconds.
        triggers: how often each of the policy's triggers changed the fleet.
    """

    fleet: FluidFleet
    load: Load
    ready: Ints
    starting: Ints
    warm: Ints
    started: Ints
    changed: Ints
    backlog: Floats
    triggers: dict[str, int]

    @property
    def short(self) -> Bools:
        """`[T]` whether a step had fewer agents than needed; the work that arrived in it was violated."""
        return np.asarray(self.ready < self.load.need)

    @property
    def served(self) -> Floats:
        """`[T]` work done in each step, agent-seconds."""
        return np.asarray(self.load.demand * self.fleet.dt_s - np.diff(self.backlog), np.float64)

    @property
    def cost(self) -> Floats:
        """`[T]` price of each step, in ready agent-seconds."""
        p = self.fleet.prices
        held = p.ready * self.ready + p.starting * self.starting + p.warm * self.warm
        return np.asarray(self.fleet.dt_s * held + p.start * self.started, np.float64)


@dataclass(slots=True)
class _Period:
    """What has been seen since the last decision, all summed over steps."""

    busy: float = 0.0
    ready: float = 0.0
    work: float = 0.0
    late: float = 0.0
    price: float = 0.0
    steps: int = 0


def run_fluid(policy: ScalingPolicy[Any], load: Load, fleet: FluidFleet) -> FluidRun:
    """Let a policy drive a fleet along a load.

    In each step agents whose start is over become ready first; then, once a period, the policy decides on what was
    seen in the steps before, and its decision is carried out at once: more agents begin to start (out of the warm
    pool as far as it goes), or starting ones are canceled, the last ones first, and then ready ones go. Then the
    step's work arrives. The first decision comes after the first period, for nothing is seen before.

    Args:
        policy: decides.
        load: from :meth:`Load.of`, made with the same fleet.
        fleet: settings.
    """
    pipeline = Pipeline(
        ready=fleet.first_agents or int(load.need[0]),
        startup=whole_steps(fleet.startup_s, fleet.dt_s, "startup_s"),
        activation=whole_steps(fleet.activation_s, fleet.dt_s, "activation_s"),
        pool=fleet.warm_agents,
    )
    stride, dt_s, p = round(fleet.period_s / fleet.dt_s), fleet.dt_s, fleet.prices
    memory, seen, backlog = policy.start(), _Period(), 0.0
    triggers, rows = Counter[str](), []
    for t, (demand, need) in enumerate(zip(load.demand.tolist(), load.need.tolist(), strict=True)):
        pipeline.advance(t)
        changed = 0
        if t and t % stride == 0:
            decision, memory = policy.decide(_seen(t, pipeline, seen, backlog, load, fleet), memory)
            changed = pipeline.resize(decision.agents, t)
            triggers[decision.trigger] += bool(changed)
            seen = _Period()
        started = pipeline.refill(t)
        ready, paid, warm = pipeline.ready, pipeline.starting + pipeline.refilling, pipeline.warm
        rows.append((ready, paid, warm, started, changed, backlog))
        work = demand * dt_s
        busy = min(ready * dt_s, backlog + work)
        backlog = max(backlog + work - busy, 0.0)
        seen.busy += busy
        seen.ready += ready * dt_s
        seen.work += work
        seen.late += work if ready < need else 0.0
        seen.price += dt_s * (p.ready * ready + p.starting * paid + p.warm * warm) + p.start * started
        seen.steps += 1
    return _run(fleet, load, rows, backlog, +triggers)


def _run(
    fleet: FluidFleet,
    load: Load,
    rows: list[tuple[int, int, int, int, int, float]],
    left: float,
    triggers: Counter[str],
) -> FluidRun:
    *counts, backlog = zip(*rows, strict=True)
    ready, starting, warm, started, changed = (np.array(column, np.int64) for column in counts)
    return FluidRun(
        fleet=fleet,
        load=load,
        ready=ready,
        starting=starting,
        warm=warm,
        started=started,
        changed=changed,
        backlog=np.array((*backlog, left)),
        triggers=dict(triggers),
    )


def _seen(t: int, agents: Pipeline, seen: _Period, backlog: float, load: Load, fleet: FluidFleet) -> Seen:
    """What the policy sees at the beginning of step t: nothing of it, and forecasts of whole bins before it."""
    demand = seen.work / (seen.steps * fleet.dt_s)
    bins = t // load.bin_steps
    capacity = agents.ready * fleet.slo_utilization
    told = load.foretold
    return Seen(
        time_s=t * fleet.dt_s,
        period_s=fleet.period_s,
        ready=agents.ready,
        starting=agents.starting,
        warm=agents.warm,
        utilization=seen.busy / seen.ready if seen.ready else 0.0,
        demand=demand,
        backlog_s=backlog / capacity if capacity else inf if backlog else 0.0,
        late_share=seen.late / seen.work if seen.work else 0.0,
        cost_per_task=seen.price / seen.busy if seen.busy else 0.0,
        lead_s=fleet.lead_s,
        slo_utilization=fleet.slo_utilization,
        forecast=float(told.forecast[bins - 1]) if bins else demand,
        upper=float(told.upper[bins - 1]) if bins else demand,
        upper_later=float(told.upper_later[bins - 1]) if bins else demand,
    )
