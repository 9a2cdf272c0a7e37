"""REF-1 in SimPy: a process for each task, a resource for each node and cluster."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import numpy as np

from ..reference import CLUSTER_AGENTS, ReferenceTasks, Waits
from .base import Outcome


def run_simpy(tasks: ReferenceTasks) -> Outcome:
    """Replay the tasks."""
    import simpy

    env = simpy.Environment()
    nodes = [simpy.Resource(env, 1) for _ in range(tasks.nodes)]
    clusters = [simpy.Resource(env, CLUSTER_AGENTS) for _ in range(tasks.clusters)]
    entries, homes, places = tasks.entry.tolist(), tasks.home.tolist(), tasks.cluster.tolist()
    latency_s, dispatch_s, work_s = tasks.latency_s.tolist(), tasks.dispatch_s.tolist(), tasks.work_s.tolist()
    dispatch_wait, cluster_wait = [np.nan] * len(tasks), [np.nan] * len(tasks)

    def task(i: int) -> Generator[Any, Any, None]:
        home = homes[i]
        yield env.timeout(latency_s[entries[i]][home])
        at = env.now
        with nodes[home].request() as turn:
            yield turn
            dispatch_wait[i] = env.now - at
            yield env.timeout(dispatch_s[i])
        at = env.now
        with clusters[places[i]].request() as turn:
            yield turn
            cluster_wait[i] = env.now - at
            yield env.timeout(work_s[i])

    def source() -> Generator[Any, Any, None]:
        for i, at in enumerate(tasks.time_s.tolist()):
            yield env.timeout(at - env.now)
            env.process(task(i))

    env.process(source())
    start = time.process_time()
    env.run(until=float(tasks.seconds))
    used = time.process_time() - start
    return Outcome(Waits(np.array(dispatch_wait), np.array(cluster_wait)), used)
