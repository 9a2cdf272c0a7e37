"""The full fidelity of a race: a policy sizes the fleet of the task-level model along a window of a trace."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from math import ceil, floor
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Floats, Ints
from ..errors import require
from ..model.config import Config
from ..model.files import write_whole
from ..model.flow.ledger import Count
from ..model.flow.sources import Profile
from ..model.flow.traces import Trace
from ..model.forecasting.base import Forecaster
from ..model.scaling.base import ScalingPolicy
from ..model.scaling.load import interpolated, needed, scaled
from ..model.scaling.outlook import Skill
from ..model.scaling.seeing import agent_seconds_per_work
from ..model.swarm import SwarmModel
from .course import Rules, cell_key, digest, source_digest, write_json
from .full_score import full_figures

FULL = ("batch/full.py", "batch/full_score.py", "batch/course.py", "model", "agents", "rng.py", "arrays.py")
"""Sources that a run in the full fidelity depends on."""

PRESET = "flash-crowd"
"""Whose stations, queue bounds and network hold."""

DT_S = 1.0
"""Length of a tick, s."""

PILOT_S = 300.0
"""Length of the run that measures how many agent-seconds a second of work takes, s."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FullRules:
    """What holds for everybody in a race of the task-level model.

    The window begins where the scored part of the fast fidelity begins, at ``rules.fit`` of a trace.

    Attributes:
        rules: those of the fast fidelity: fleet, forecaster, level, violations and seed.
        hours: length of the window, h; the rest of the trace if that is shorter.
        warm_up_s: time at the window's beginning that is not judged, s.
        history_s: time before the window that the forecaster has seen, s.
        work_s: mean work of a task, s.
        work_cv: coefficient of variation of the work (lognormal).
        deadline_s: time from a task's arrival to an answer in time, s. With the defaults work alone breaks it for
            one task in ten thousand; the rest of the violations is waiting.
    """

    rules: Rules = field(default_factory=Rules)
    hours: float = 2.0
    warm_up_s: float = 600.0
    history_s: float = 259_200.0
    work_s: float = 3.5
    work_cv: float = 0.5
    deadline_s: float = 20.0

    def __post_init__(self) -> None:
        require(self.warm_up_s >= 0, "warm_up_s", self.warm_up_s, "0 or more")
        require(self.hours * 3600 > self.warm_up_s, "hours", self.hours, "longer than the warm-up")
        require(self.history_s >= 0, "history_s", self.history_s, "0 or more")
        for name in ("work_s", "work_cv", "deadline_s"):
            require(getattr(self, name) > 0, name, getattr(self, name), "above 0")
        smooth = self.rules.fleet.arrivals == "smooth"
        require(smooth, "arrivals", self.rules.fleet.arrivals, "smooth: tasks arrive at random anyway")
        whole = self.rules.fleet.dt_s == round(self.rules.fleet.dt_s)
        require(whole, "fleet.dt_s", self.rules.fleet.dt_s, "whole seconds")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Window:
    """A window of a trace as all policies meet it.

    Attributes:
        name: the trace's.
        demand: `[T]` expected demand in each step of the fluid fleet, agents.
        need: `[T]` agents that serve it within the objective.
        history: `[B]` demand in the bins before, agents.
        bin_s: length of a bin, s.
        per_work: agent-seconds that a second of work takes, as measured.
        peak: largest need of the part of the trace before the window.
    """

    name: str
    demand: Floats
    need: Ints
    history: Floats
    bin_s: float
    per_work: float
    peak: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Steps:
    """A demand source: Poisson arrivals at a rate for each step.

    Attributes:
        name: what it is called.
        step_s: length of a step, s.
        rate_per_s: `[T]` arrivals per second.
    """

    name: str
    step_s: float
    rate_per_s: Floats

    def profile(self) -> Profile:
        """See :class:`DemandSource`."""
        return Profile(
            step_s=self.step_s, rate_per_s=self.rate_per_s, note=f"Poisson arrivals along {self.name}"
        )


def window_key(trace: Trace, full: FullRules) -> str:
    """Names a window: another trace, rule, version or source gives another name."""
    from .. import __version__

    shared = replace(full, rules=replace(full.rules, violations=(0.5,)))
    demand = digest(trace.name, trace.step_s, trace.demand.tolist())
    return digest(__version__, source_digest(FULL), demand, shared)


def full_cell_key(window: str, policy: ScalingPolicy[Any], forecaster: Forecaster[Any] | None) -> str:
    """Names a policy's run along a window."""
    return digest(cell_key(window, policy), forecaster)


def prepare_window(trace: Trace, full: FullRules, path: Path) -> None:
    """Cut a window out of a trace, measure in a short run what work takes, and write it all."""
    window = cut(trace, full)
    seconds = min(PILOT_S, len(window.demand) * full.rules.fleet.dt_s)
    model = window_model(window, full, None).run(seconds)
    raw = model.records.raw()
    service, helped, useful = (
        float(raw.count(c).sum()) for c in (Count.SERVICE_T, Count.HELPED_T, Count.USEFUL_T)
    )
    service += helped
    measured = replace(window, per_work=agent_seconds_per_work(model, service, useful))

    def write(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, allow_pickle=False, **asdict(measured))

    write_whole(path, write)


def opened_window(path: Path) -> Window:
    """A window from its file."""
    with np.load(path, allow_pickle=False) as held:
        return Window(
            name=str(held["name"]),
            demand=held["demand"],
            need=held["need"],
            history=held["history"],
            bin_s=float(held["bin_s"]),
            per_work=float(held["per_work"]),
            peak=int(held["peak"]),
        )


def cut(trace: Trace, full: FullRules) -> Window:
    """The window of a trace, with work that takes one agent-second a second.

    Raises:
        ConfigError: if the trace is too short for one.
    """
    rules, fleet = full.rules, full.rules.fleet
    bins, bin_steps = scaled(trace, fleet)
    bin_s = bin_steps * fleet.dt_s
    first = floor(rules.fit * len(bins) + 1e-9)
    count = min(ceil(full.hours * 3600 / bin_s - 1e-9), len(bins) - first)
    enough = first >= 1 and count * bin_s > full.warm_up_s
    require(enough, f"trace {trace.name}", f"{len(bins)} bins", "long enough for a window after its warm-up")
    demand = interpolated(bins, bin_steps)
    need = needed(demand, fleet.slo_utilization)
    here = slice(first * bin_steps, (first + count) * bin_steps)
    return Window(
        name=trace.name,
        demand=demand[here],
        need=need[here],
        history=bins[max(first - int(full.history_s / bin_s), 0) : first],
        bin_s=bin_s,
        per_work=1.0,
        peak=int(need[: here.start].max()),
    )


def window_model(
    window: Window,
    full: FullRules,
    policy: ScalingPolicy[Any] | None,
    forecaster: Forecaster[Any] | None = None,
) -> SwarmModel:
    """The task-level model along a window; its forecaster has seen the bins before.

    All agents are alike and skilled, so that an agent of the fluid fleet is an agent here; what is added to the fast
    fidelity is the noise of arrivals and of work, queues, deadlines, coordination, and agents that finish what they
    have in hand before they go.

    Args:
        window: the window.
        full: rules.
        policy: sizes the fleet; None keeps it as it is at first.
        forecaster: whose forecasts the policy sees; None for the rules'.
    """
    rules, fleet = full.rules, full.rules.fleet
    rate_per_s = window.demand / (window.per_work * full.work_s)
    source = Steps(name=window.name, step_s=fleet.dt_s, rate_per_s=rate_per_s)
    first = max(int(window.need[0]), 1)
    task = {"name": "task", "work_s": full.work_s, "law": "lognormal", "cv": full.work_cv}
    changes = {
        "dt": DT_S,
        "seconds": len(window.demand) * fleet.dt_s,
        "fleet.agents": first,
        "fleet.max_agents": max(10 * ceil(fleet.mean_agents), 3 * window.peak, first),
        "fleet.speed_cv": 0.0,
        "fleet.skill_own": (1.0, 1.0),
        "fleet.nodes": min(max(ceil(fleet.mean_agents / 100), 1), 16, first),
        "demand.source": source,
        "demand.classes": [task | {"deadline_s": full.deadline_s}],
        "demand.load": None,
        "intelligence.on": False,
        "emergence.on": False,
        "demand.scale": 1.0,
        "demand.at_end": "hold",
        "life.start_s": fleet.startup_s,
        "life.warm_start_s": fleet.activation_s,
        "scaler.period_s": fleet.period_s,
        "scaler.slo_utilization": fleet.slo_utilization,
        "scaler.warm_agents": fleet.warm_agents,
        "scaler.pools": "none",
        "scaler.forecaster": forecaster or rules.forecaster,
        "scaler.bin_s": window.bin_s,
        "scaler.level": rules.level,
        "scaler.price": fleet.prices.ready,
        "scaler.warm_price": fleet.prices.warm,
        "scaler.start_price": fleet.prices.start,
    }
    if policy is not None:
        changes["scaling"] = policy
    model = SwarmModel(Config.load(PRESET).changed(changes), rng=rules.seed)
    if model.scaler is not None:
        outlook = model.scaler.outlook
        for number, demand in enumerate(window.history.tolist(), 1 - len(window.history)):
            outlook.add(demand, number * outlook.bin_s)  # all before the run begins
        outlook.skill, outlook.lead_skill = Skill(), Skill()
    return model


def write_full_cell(
    path: Path, full: FullRules, policy: ScalingPolicy[Any], forecaster: Forecaster[Any] | None, to: Path
) -> None:
    """Run a policy along a window and write its figures."""
    window = opened_window(path)
    model = window_model(window, full, policy, forecaster).run()
    write_json(to, full_figures(model, window.need, full.rules.fleet, full.warm_up_s))
