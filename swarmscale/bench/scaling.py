"""CPU time a tick of the whole model, by the number of agents and by load."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import median
from typing import Any

from ..model.config import Config
from ..model.swarm import SwarmModel
from .clock import cpu_s
from .report import Cell, Gate, Section

SIZES = (1_000, 10_000, 50_000, 200_000, 1_000_000)
QUICK = (1_000, 10_000, 50_000)
NODES = 16
WORK_S = 3.5
STATION_LOAD = 0.65
SETTLE_S = 20
BLOCKS = 5


def full_config(agents: int, load: float = 0.7, **changes: Any) -> Config:
    """The whole model at a size: unlike agents, jitter and loss, JSQ, tree; every station loaded alike.

    Args:
        agents: at the start.
        load: offered work over the work that the agents can do.
        changes: dotted keys, ``__`` for the dot.
    """
    rate = load * agents / WORK_S
    service_ms = 1000 * STATION_LOAD * NODES / rate
    keys: dict[str, Any] = {
        "name": "scaling",
        "fleet.agents": agents,
        "fleet.nodes": NODES,
        "fleet.type_shares": (1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
        "demand.load": load,
        "demand.classes": [{"name": "task", "work_s": WORK_S, "law": "exponential", "deadline_s": 20.0}],
        "ingress.service_ms": service_ms,
        "dispatch.service_ms": service_ms,
    }
    return Config().changed(keys | {name.replace("__", "."): value for name, value in changes.items()})


def tick_s(config: Config, ticks: int) -> tuple[float, float]:
    """CPU seconds a tick once the fleet has settled (median over blocks of ticks), and tasks started a tick."""
    model = SwarmModel(config, rng=1)
    model.run(SETTLE_S)
    used = [cpu_s(lambda: model.run(ticks)) / ticks for _ in range(BLOCKS)]
    return median(used), float(model.records.column("started")[-BLOCKS * ticks :].mean())


def slope(agents: Sequence[int], seconds: Sequence[float]) -> float:
    """Slope of log time against log agents, by least squares.

    >>> round(slope([10, 100, 1000], [1.0, 10.0, 100.0]), 6)
    1.0
    """
    x, y = [math.log(n) for n in agents], [math.log(s) for s in seconds]
    mx, my = sum(x) / len(x), sum(y) / len(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y, strict=True)) / sum((a - mx) ** 2 for a in x)


def scaling(quick: bool = False) -> Section:
    """Sizes at load .7, then loads at 50,000 agents."""
    sizes = QUICK if quick else SIZES
    cases = [(n, 0.7) for n in sizes] + [(50_000, 0.9), (50_000, 0.95)]
    rows: list[tuple[Cell, ...]] = []
    found: dict[tuple[int, float], float] = {}
    for agents, load in cases:
        used, started = tick_s(full_config(agents, load), 10 if quick or agents > 100_000 else 30)
        found[agents, load] = used
        rows.append((f"{agents:,}", load, 1000 * used, 1e9 * used / started, started / used))
    gates = []
    if sizes[-1] == 1_000_000:
        large = [n for n in sizes if n >= 10_000]
        steepness = slope(large, [found[n, 0.7] for n in large])
        gates = [
            Gate(
                name="log-log slope of time against agents, 10,000 to 1,000,000",
                value=steepness,
                limit=1.05,
                at_least=False,
            )
        ]
    return Section(
        key="scaling",
        title="A tick (1 s) of the whole model with everything recorded, inside Mesa",
        columns=("agents", "load", "CPU ms/tick", "ns/task", "tasks per CPU s"),
        rows=tuple(rows),
        gates=tuple(gates),
        notes=(
            f"16 nodes, work {WORK_S:g} s exponential, ingress and dispatch at load {STATION_LOAD:g}; "
            f"{SETTLE_S} ticks to settle, then the median of {BLOCKS} blocks",
            "aims on a quiet core: 50,000 agents 0.5 ms, at most 1 ms; 1,000,000 agents 9 ms, at most 15 ms",
        ),
    )
