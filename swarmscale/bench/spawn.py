"""How fast agents are made and let go, and the memory that they take."""

from __future__ import annotations

from functools import partial
from statistics import median

import numpy as np

from ..agents.fleet import Fleet
from ..model.build import build_makeup
from ..model.swarm import SwarmModel
from .clock import cpu_s
from .report import Gate, Section
from .scaling import full_config

AGENTS = 1_000_000
REPEATS = 7
SPAWN_PER_S = 10e6
BYTES = 80.0


def spawn(quick: bool = False) -> Section:
    """Spawn and retire a million agents; weigh a model."""
    config = full_config(AGENTS)
    makeup, key = build_makeup(full_config(100)), np.uint64(1)
    spawned, retired = [], []
    for _ in range(3 if quick else REPEATS):
        fleet = Fleet.empty(AGENTS // config.fleet.cluster_agents, config.fleet.cluster_agents, makeup, key)
        spawned.append(cpu_s(partial(fleet.spawn, AGENTS, 0.0)))
        half = fleet.live()[::2]
        retired.append(cpu_s(partial(fleet.retire, half)) * 2)
    model = SwarmModel(config, rng=1)
    heavy = {
        "agents' columns": model.fleet.nbytes(),
        "tasks in hands": model.flow.hands.nbytes,
        "figures of clusters": sum(column.nbytes for column in model.flow.state),
    }
    each = {name: total / AGENTS for name, total in heavy.items()}
    rate = AGENTS / median(spawned)
    return Section(
        key="spawn",
        title=f"{AGENTS:,} agents: made, let go, weighed",
        columns=("what", "figure"),
        rows=(
            ("spawned a CPU second (placed, traits drawn, ranked)", rate),
            ("retired a CPU second", AGENTS / median(retired)),
            *((f"bytes an agent: {name}", value) for name, value in each.items()),
        ),
        gates=(
            Gate(name="agents spawned a CPU second", value=rate, limit=SPAWN_PER_S),
            Gate(name="bytes an agent", value=sum(each.values()), limit=BYTES, at_least=False),
        ),
    )
