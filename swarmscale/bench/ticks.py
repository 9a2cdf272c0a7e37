"""How much the length of a tick changes results where decisions look at the state of the last tick."""

from __future__ import annotations

from statistics import mean, stdev
from typing import Any

from ..model.config import Config
from ..model.flow.ledger import Count
from ..model.swarm import SwarmModel
from .report import Cell, Section

LENGTHS_S = (1.0, 0.5, 0.1)
SETTLE_S = 60.0
LOAD = 0.85
LOAD_WITH_CACHE = 0.93
CASES: dict[str, dict[str, Any]] = {
    "random (blind to the state)": {"dispatch.rule": "random"},
    "jsq": {"dispatch.rule": "jsq"},
    "least-work": {"dispatch.rule": "least-work"},
    "skill-match": {"dispatch.rule": "skill-match"},
    "contract-net": {"dispatch.rule": "contract-net"},
    "jsq, delegation on": {"dispatch.rule": "jsq", "delegation.on": True},
    "jsq, cache of 20 keys": {"dispatch.rule": "jsq", "cache.size": 20, "demand.load": LOAD_WITH_CACHE},
}


def loaded_config(dt: float, seconds: float) -> Config:
    """2,000 agents of two kinds under 4 nodes, loaded so that tasks wait."""
    return Config().changed(
        {
            "dt": dt,
            "seconds": seconds,
            "fleet.agents": 2000,
            "fleet.nodes": 4,
            "fleet.type_shares": (1.0, 1.0, 0.0, 0.0, 0.0, 0.0),
            "fleet.skill_other": (0.7, 0.9),
            "demand.load": LOAD,
            "demand.classes": [
                {"name": "count", "type": "analytical", "work_s": 3.5, "deadline_s": 20.0},
                {"name": "write", "type": "creative", "work_s": 3.5, "deadline_s": 20.0},
            ],
            "ingress.service_ms": 3.0,
            "dispatch.service_ms": 4.0,
        }
    )


def cluster_wait_ms(config: Config, seed: int) -> float:
    """Mean wait in clusters after the settling time, ms."""
    model = SwarmModel(config, rng=seed).run()
    raw = model.records.raw(round(SETTLE_S / config.dt))
    return float(1000 * raw.seconds(Count.CLUSTER_WAIT_T).sum() / raw.count(Count.STARTED).sum())


def ticks(quick: bool = False) -> Section:
    """Mean wait at three lengths of a tick, over the same seeds."""
    seconds, seeds = (180.0, range(2)) if quick else (420.0, range(3))
    rows: list[tuple[Cell, ...]] = []
    for name, changes in CASES.items():
        cells: list[Cell] = [name]
        for dt in LENGTHS_S:
            config = loaded_config(dt, seconds).changed(changes)
            found = [cluster_wait_ms(config, seed) for seed in seeds]
            cells.append(f"{mean(found):.4g} ± {stdev(found) / len(found) ** 0.5:.2g}")
        rows.append(tuple(cells))
    return Section(
        key="ticks",
        title="Mean wait in clusters, ms, by the length of a tick",
        columns=("rule", *(f"dt = {dt:g} s" for dt in LENGTHS_S)),
        rows=tuple(rows),
        notes=(
            f"2,000 agents of two kinds, 4 nodes, load {LOAD:g} "
            f"({LOAD_WITH_CACHE:g} with the cache, whose hits need no agent); "
            f"{seconds - SETTLE_S:g} s after {SETTLE_S:g} s; "
            f"mean and standard error over {len(seeds)} seeds, the same arrivals at each dt",
            "clusters serve event by event at any dt; only what a rule knows of their state is as old as the tick",
        ),
    )
