"""The fleet's capacity by its size: the most that it answers in time, and the law by which that grows."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from math import sqrt
from typing import Any, NamedTuple

import numpy as np

from ....model.columns import dropped
from ....model.flow.ledger import Count
from ....model.metric import over
from ....model.summary import stretch_of
from ....model.swarm import SwarmModel
from ..size import UNWATCHED, Size
from ..usl import fit
from .base import Draw, Figures, Study

ERRORS = 0.001
"""Share of the tasks due that may be dropped or late, as the origin claims."""
CHANCE = 3.0
"""Standard deviations by which the tasks under way may grow while a probe counts. With deadlines that are long beside
a probe, a fleet that is asked too much would be late only after it."""
LOADS = 0.05, 1.25
"""Between these offered loads the search looks; the lower one is taken to be borne."""
STATIONS = ("agents", "dispatch", "ingress")
"""What may bind, by the name of its busy share."""


class Probe(NamedTuple):
    """What a fleet did under an offered load.

    Attributes:
        errors: share of the tasks due that were dropped or late.
        piles_up: whether more tasks were under way at the end than at the beginning, by more than chance and the errors
            allowed.
        rate: tasks answered in time, 1/s.
        busy: busy share of the agents, and of the nodes' dispatch and ingress stations on average.
        efficiency: resource efficiency.
    """

    errors: float
    piles_up: bool
    rate: float
    busy: tuple[float, float, float]
    efficiency: float


def probed(config: Any, load: float, seed: Draw) -> Probe:
    """One run at an offered load."""
    model = SwarmModel(config.changed({"demand.load": load}), rng=seed).run()
    whole = stretch_of(model)
    arrived = whole.count(Count.ARRIVED)
    more = arrived - whole.count(Count.COMPLETED) - float(dropped(whole.raw).sum())
    chance = CHANCE * sqrt(2.0 * config.fleet.agents)  # of a Poisson number of agents at work, at two moments
    station = model.network.nodes * whole.seconds
    return Probe(
        errors=1.0 - over(whole.count(Count.MET), whole.count(Count.DUE)),
        piles_up=more > ERRORS * arrived + chance,
        rate=whole.count(Count.MET) / whole.seconds,
        busy=(
            over(whole.count(Count.BUSY_T), whole.count(Count.READY_T)),
            whole.time_s(Count.DISPATCH_BUSY_T) / station,
            whole.time_s(Count.INGRESS_BUSY_T) / station,
        ),
        efficiency=over(whole.count(Count.USEFUL_T), whole.count(Count.READY_T)),
    )


def capacity(config: Any, seed: Draw, steps: int) -> Probe | None:
    """The most that a fleet answers with few errors, by bisection of the logarithm of the offered load.

    Args:
        config: of the fleet; its demand is steady.
        seed: of all runs of the search.
        steps: halvings.

    Returns:
        The run at the largest load that was borne; None if none was.
    """
    low, high = LOADS
    best = None
    for _ in range(steps):
        load = sqrt(low * high)
        probe = probed(config, load, seed)
        if probe.errors <= ERRORS and not probe.piles_up:
            low, best = load, probe
        else:
            high = load
    return best


def grown(size: Size, draw: Draw, *, work_s: float, deadline_s: float, hurry: float) -> Figures:
    """The capacity of fleets of all sizes, and the law through it.

    Args:
        size: which fleets, and how the search is made.
        draw: root seed of all runs.
        work_s: mean work of a task, s.
        deadline_s: time in which it is due, s.
        hurry: the times of a probe are divided by it.
    """
    settle_s, span_s = (round(x / hurry) for x in size.search)
    keys: dict[str, Any] = UNWATCHED | {
        "fleet.type_shares": [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
        "demand.source": "poisson",
        "demand.classes": [
            {"name": "task", "work_s": work_s, "law": "lognormal", "cv": 0.5, "deadline_s": deadline_s}
        ],
        "seconds": float(settle_s + span_s),
        "records.warm_up_s": float(settle_s),
    }
    config = size.config("llm-fleet").changed(keys)
    out: Figures = {}
    for agents in size.fleets:
        best = capacity(config.changed({"fleet.agents": agents}), draw, size.steps)
        if best is None:
            return out | {f"rate_{agents}": 0.0}
        out[f"rate_{agents}"] = best.rate
        out |= {f"{name}_{agents}": busy for name, busy in zip(STATIONS, best.busy, strict=True)}
        out[f"efficiency_{agents}"] = best.efficiency
    return out | _law(out, size.fleets)


def _law(found: Figures, fleets: tuple[int, ...]) -> Figures:
    """The Universal Scalability Law in units of the smallest fleet, and what the largest one does."""
    rates = np.array([found[f"rate_{n}"] for n in fleets])
    law = fit(np.array(fleets) / fleets[0], rates)
    first, last = fleets[0], fleets[-1]
    return {
        "contention": law.contention,
        "coherency": law.coherency,
        "proportion": float(rates[-1] / last / (rates[0] / first)),
        "most_per_s": float(rates[-1]),
        "most_efficiency": found[f"efficiency_{last}"],
        "most_utilization": found[f"agents_{last}"],
    }


def binding(found: Mapping[str, float]) -> str:
    """Which station binds at each size: the one that is busiest there."""
    sizes = sorted(int(name.removeprefix("rate_")) for name in found if name.startswith("rate_"))
    told = []
    for n in sizes:
        busy = {name: found.get(f"{name}_{n}", 0.0) for name in STATIONS}
        name = max(busy, key=lambda one: busy[one])
        told.append(f"{n:,} agents {found[f'rate_{n}']:,.0f}/s ({name} busy {busy[name]:.0%})")
    return "; ".join(told)


GROWTH = Study(
    name="growth",
    scenario="llm-fleet's 16 nodes and clusters, steady tasks of 3.5 s due within 20 s; the largest offered load "
    "with at most .1 % errors, by bisection",
    measure=partial(grown, work_s=3.5, deadline_s=20.0, hurry=1.0),
    words=binding,
)
GROWTH_SHORT = Study(
    name="growth-short",
    scenario="the same with tasks of .35 s due within 2 s: ten times as many tasks for each agent "
    "and the same 16 nodes",
    measure=partial(grown, work_s=0.35, deadline_s=2.0, hurry=2.0),
    words=binding,
)
