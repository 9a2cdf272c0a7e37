"""A thousand more agents: how long that takes from the decision on, with warm agents and without."""

from __future__ import annotations

from typing import Any

from ....model.swarm import SwarmModel
from ..size import UNWATCHED, Size
from .base import Draw, Figures, Study

MORE = 1_000
"""Agents that are added."""
SHARE = MORE / 50_000
"""Of the fleet to which they are added, where that is cut."""
DT_S, BEFORE_S, LONGEST_S = 0.1, 20.0, 120.0
CASES: dict[str, dict[str, Any]] = {
    "warm": {"scaler.warm_agents": MORE, "scaler.pools": "none"},
    "pooled": {"scaler.warm_agents": MORE},
    "cold": {"scaler.pools": "none"},
}
"""A warm pool with room to stand on; one with the origin's resource pools, which order what they lack; none."""


def added_s(size: Size, draw: Draw, changes: dict[str, Any]) -> float:
    """Simulated time from the decision until so many more agents are ready, s; NaN if they are not in time.

    It takes in whole ticks of .1 s. The decision is that of the policy at its next turn, so the wait for the turn is
    not counted.
    """
    base = size.config("llm-fleet", UNWATCHED | {"dt": DT_S, "scaling": "static"})
    now = base.fleet.agents
    more = max(1, round(SHARE * now)) if size.agents else MORE
    keys = {"scaling.agents": now, **changes}
    if "scaler.warm_agents" in keys:
        keys["scaler.warm_agents"] = more
    model = SwarmModel(base.changed(keys), rng=draw).run(BEFORE_S)
    model.switch({"scaling.agents": now + more})
    assert model.scaler is not None
    while model.now_s < BEFORE_S + LONGEST_S:
        model.step()
        last = model.records.raw(model.records.ticks - 1)
        if float(last.state("idle")[-1] + last.state("busy")[-1]) >= now + more:
            return model.now_s - model.scaler.events[-1].time_s
    return float("nan")


def measure(size: Size, draw: Draw) -> Figures:
    """See :class:`.base.Study`."""
    return {f"{name}_s": added_s(size, draw, changes) for name, changes in CASES.items()}


SCALE_UP = Study(
    name="scale-up",
    scenario="llm-fleet, 50,000 agents at work; the wanted size is raised by 1,000 (ticks of .1 s; start-up times are "
    "assumed: 1 s warm, 30 s cold)",
    measure=measure,
)
