"""Runs behind benchmarks/structure.py, what they came to, and what queueing theory says beside it."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, lgamma, log
from typing import Any, NamedTuple

import numpy as np

from swarmscale import SwarmModel
from swarmscale.model.flow.ledger import Count
from swarmscale.model.intervals import student_ends

WORK_S = 3.5
PLAIN: dict[str, Any] = {
    "intelligence.on": False, "emergence.on": False, "resilience.on": False, "fleet.speed_cv": 0.0,
    "fleet.skill_own": [1.0, 1.0], "fleet.skill_other": [1.0, 1.0], "network.jitter": 0.0, "network.loss": 0.0,
}  # fmt: skip
TOLD = ("agent_to_agent_messages", "cluster_internal_messages", "hierarchical_coordination_messages")


class Run(NamedTuple):
    """What a run came to, its first third left out.

    Attributes:
        response_s: mean response time, s.
        p95_s: mean of the 95th percentiles of its windows, s.
        wait_s: mean wait in the cluster, s.
        efficiency: coordination efficiency, useful work over response time.
        network_ms: mean time of a task on the way to its cluster, waits at the nodes' stations included, ms.
        dispatch: busy share of the nodes' dispatch stations.
        dropped: tasks dropped over arrived.
        messages: of coordination and hierarchy, for each task completed.
    """

    response_s: float
    p95_s: float
    wait_s: float
    efficiency: float
    network_ms: float
    dispatch: float
    dropped: float
    messages: float


def work(mean_s: float = WORK_S) -> list[dict[str, Any]]:
    """One class of tasks with exponential work."""
    return [{"name": "task", "work_s": mean_s, "law": "exponential", "deadline_s": 60.0}]


def run(changes: dict[str, Any], seed: int, seconds: float) -> Run:
    """One run of ``seconds``; the first third warms it up."""
    model = SwarmModel("tiny", rng=seed, **(PLAIN | changes | {"seconds": seconds})).run(seconds)
    first = round(seconds / model.config.dt / 3)
    raw, column = model.records.raw(first), model.records.column
    done = max(raw.count(Count.COMPLETED).sum(), 1)

    def each(which: Count, number: float = done) -> float:
        return float(raw.seconds(which).sum() / max(number, 1))

    return Run(
        response_s=each(Count.RESPONSE_T),
        p95_s=float(np.nanmean(raw.quantile("response", 1))),
        wait_s=each(Count.CLUSTER_WAIT_T, raw.count(Count.STARTED).sum()),
        efficiency=each(Count.USEFUL_T) / max(each(Count.RESPONSE_T), 1e-9),
        network_ms=1000 * each(Count.NETWORK_T),
        dispatch=each(Count.DISPATCH_BUSY_T, model.network.nodes * len(raw) * raw.dt),
        dropped=float(column("dropped")[first:].sum() / max(column("arrived")[first:].sum(), 1)),
        messages=float(sum(column(name)[first:].sum() for name in TOLD) / done),
    )


def runs(changes: dict[str, Any], seeds: int, seconds: float) -> list[Run]:
    """Runs of seeds 1, 2, ...: the same ones in each setting, so that settings can be compared in pairs."""
    return [run(changes, seed, seconds) for seed in range(1, seeds + 1)]


def values(told: Sequence[Run], name: str) -> np.ndarray:
    """`[n]` one figure of each run."""
    return np.array([getattr(one, name) for one in told])


def cell(numbers: np.ndarray, spec: str = ".2f") -> str:
    """Mean and Student's 95 % interval over runs."""
    low, high = student_ends(numbers.reshape(1, -1))
    return f"{numbers.mean():{spec}} [{low[0]:{spec}}, {high[0]:{spec}}]"


def erlang_c(servers: int, load: float) -> float:
    """Chance that a task must wait in an M/M/c queue (Erlang 1917), ``load`` being that of each server.

    >>> round(erlang_c(3, 2 / 3), 4)
    0.4444
    """
    a = servers * load
    terms = [exp(k * log(a) - lgamma(k + 1) - a) for k in range(servers)]
    top = exp(servers * log(a) - lgamma(servers + 1) - a) / (1 - load)
    return top / (sum(terms) + top)


def wait_s(servers: int, load: float, service_s: float = WORK_S) -> float:
    """Mean wait of an M/M/c queue, s; infinite from a load of 1."""
    return erlang_c(servers, load) * service_s / (servers * (1 - load)) if load < 1 else float("inf")
