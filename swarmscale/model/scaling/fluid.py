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

LARGEST = 200_000_000
"""Agents of the largest fleet, as in the full model; a forecast may ask for any number."""


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
    view, memory, triggers, rows = View(load, fleet), policy.start(), Counter[str](), []
    backlog = busy = held = arrived = late = price = 0.0
    for t, (demand, need) in enumerate(zip(load.demand.tolist(), load.need.tolist(), strict=True)):
        if t >= pipeline.due:
            pipeline.advance(t)
        changed = started = 0
        if t and t % stride == 0:
            now = view.at(t, pipeline, backlog, busy, held, arrived, late, price)
            decision, memory = policy.decide(now, memory)
            changed = pipeline.resize(min(decision.agents, LARGEST), t)
            if changed:
                triggers[decision.trigger] += 1
                started = pipeline.refill(t)
            busy = held = arrived = late = price = 0.0
        ready, paid, warm = pipeline.ready, pipeline.starting + pipeline.refilling, pipeline.warm
        rows.append((ready, paid, warm, started, changed, backlog))
        work, able = demand * dt_s, ready * dt_s
        waiting = backlog + work
        done = able if able < waiting else waiting
        backlog = waiting - done
        busy += done
        held += able
        arrived += work
        if ready < need:
            late += work
        price += dt_s * (p.ready * ready + p.starting * paid + p.warm * warm) + p.start * started
    return _run(fleet, load, rows, backlog, triggers)


class View:
    """What a policy sees of a fluid fleet: the period before, and forecasts of the whole bins before it."""

    def __init__(self, load: Load, fleet: FluidFleet) -> None:
        told = load.foretold
        self._fleet, self._lead_s, self._bin_steps = fleet, fleet.lead_s, load.bin_steps
        self._seconds = round(fleet.period_s / fleet.dt_s) * fleet.dt_s
        self._told = list(
            zip(told.forecast.tolist(), told.upper.tolist(), told.upper_later.tolist(), strict=True)
        )

    def at(
        self,
        t: int,
        agents: Pipeline,
        backlog: float,
        busy: float,
        held: float,
        arrived: float,
        late: float,
        price: float,
    ) -> Seen:
        """What is seen at the beginning of step t, nothing of which is seen.

        Args:
            t: step.
            agents: by state.
            backlog: waiting work, agent-seconds.
            busy: work done in the period that ends, agent-seconds.
            held: agent-seconds ready in it.
            arrived: work that arrived in it, agent-seconds.
            late: the part of that which arrived while too few agents were ready.
            price: paid in it.
        """
        fleet, bins = self._fleet, t // self._bin_steps
        demand = arrived / self._seconds
        told = self._told[bins - 1] if bins else (demand, demand, demand)
        ready = agents.ready
        capacity = ready * fleet.slo_utilization
        now = Seen.__new__(Seen)  # keywords would take three times as long, and a race sees millions
        now.time_s = t * fleet.dt_s
        now.period_s = fleet.period_s
        now.ready = ready
        now.starting = agents.starting
        now.draining = now.failed = 0
        now.warm = agents.warm
        now.utilization = busy / held if held else 0.0
        now.demand = demand
        now.backlog_s = backlog / capacity if capacity else inf if backlog else 0.0
        now.late_share = late / arrived if arrived else 0.0
        now.error_rate = 0.0
        now.cost_per_task = price / busy if busy else 0.0
        now.lead_s = self._lead_s
        now.slo_utilization = fleet.slo_utilization
        now.forecast, now.upper, now.upper_later = told
        return now


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
