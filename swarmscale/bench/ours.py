"""REF-1 in Swarmscale: replayed through the whole model, with everything recorded."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ConfigError
from ..model.config import Config
from ..model.flow.ledger import Ledger
from ..model.flow.sources.base import Rows
from ..model.flow.sources.replay import ReplayRows
from ..model.swarm import SwarmModel
from .reference import CLUSTER_AGENTS, ReferenceTasks, Waits


def build(tasks: ReferenceTasks, *, dt: float = 1.0, log: bool = False) -> SwarmModel:
    """A model at time 0 that will serve these tasks.

    Args:
        tasks: the list.
        dt: length of a tick, s.
        log: whether every task's way is logged.
    """
    rows = Rows(
        time_s=tasks.time_s,
        entry=tasks.entry,
        kind=np.zeros(len(tasks), np.int32),
        work_s=tasks.work_s,
        home=tasks.home,
        cluster=tasks.cluster,
        dispatch_s=tasks.dispatch_s,
    )
    alike = (1.0, 1.0)
    tree: dict[str, Any] = {
        "name": "reference",
        "dt": dt,
        "seconds": float(tasks.seconds),
        "fleet": {
            "agents": tasks.agents,
            "nodes": tasks.nodes,
            "cluster_agents": CLUSTER_AGENTS,
            "speed_cv": 0.0,
            "skill_own": alike,
            "skill_other": alike,
            "communication": "none",
        },
        "demand": {
            "source": ReplayRows(rows=rows, seconds=float(tasks.seconds)),
            "scale": 1.0,
            "at_end": "stop",
        },
        "intelligence": {"on": False},
        "resilience": {"on": False},  # the others watch no heartbeats either
        "network": {"jitter": 0.0, "loss": 0.0, "local_ms": 0.0},
        "records": {"trace_tasks": 1.0 if log else 0.0},
    }
    model = SwarmModel(Config.load(tree), rng=tasks.seed)
    if log:
        busiest = int(np.bincount((tasks.time_s / dt).astype(np.int64)).max())
        model.flow.ledger = _roomy(model.flow.ledger, 20 * busiest + 4096)
    return model


def run(model: SwarmModel) -> SwarmModel:
    """Step a model to its end."""
    return model.run()


def waits(tasks: ReferenceTasks, *, dt: float = 1.0) -> tuple[Waits, SwarmModel]:
    """The waits of all tasks, from the task log, and the model that ran.

    Raises:
        ConfigError: if the log lacks lines.
    """
    model = run(build(tasks, dt=dt, log=True))
    if model.records.log_missed:
        raise ConfigError(f"the task log lacks {model.records.log_missed} lines, so waits cannot be compared")
    log = model.records.task_log()
    row = log["uid"].to_numpy() & 0xFFFFFF
    found = Waits(np.full(len(tasks), np.nan), np.full(len(tasks), np.nan))
    found.dispatch_s[row] = (log["dispatch_start"] - log["at_home"]).to_numpy()
    found.cluster_s[row] = (log["start"] - log["at_cluster"]).to_numpy()
    return found, model


def same_records(a: SwarmModel, b: SwarmModel) -> bool:
    """Whether two runs left the same table, every figure of every tick."""
    return a.records.frame().equals(b.records.frame())


def _roomy(ledger: Ledger, lines: int) -> Ledger:
    return ledger._replace(
        log_uid=np.zeros(lines, np.int64),
        log_stage=np.zeros(lines, np.uint8),
        log_time=np.zeros(lines),
        log_place=np.zeros(lines, np.int32),
    )
