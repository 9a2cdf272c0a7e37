"""REF-1 in plain Mesa: every agent, cluster and node an object that is stepped each tick."""

from __future__ import annotations

import heapq
import time
from bisect import bisect_left

import mesa
import numpy as np

from ..reference import CLUSTER_AGENTS, ReferenceTasks, Waits
from .base import Outcome


class Worker(mesa.Agent):  # type: ignore[misc]
    """An agent: knows when it is free, and how long it was busy."""

    def __init__(self, model: Swarm) -> None:
        super().__init__(model)
        self.free_at = 0.0
        self.busy_s = 0.0

    def step(self) -> None:
        """Count the busy part of the tick."""
        left = self.free_at - self.model.begin
        if left > 0.0:
            self.busy_s += left if left < 1.0 else 1.0


class Station(mesa.Agent):  # type: ignore[misc]
    """What nodes and clusters share: tasks to come, by time."""

    def __init__(self, model: Swarm) -> None:
        super().__init__(model)
        self.coming: list[tuple[float, int]] = []


class Node(Station):
    """A coordination node: one server, first come first served."""

    def __init__(self, model: Swarm) -> None:
        super().__init__(model)
        self.free_at = 0.0

    def step(self) -> None:
        """Dispatch what arrives in the tick."""
        m, coming = self.model, self.coming
        end = m.begin + 1.0
        while coming and coming[0][0] < end:
            at, i = heapq.heappop(coming)
            start = max(at, self.free_at)
            self.free_at = start + m.dispatch_s[i]
            m.dispatch_wait[i] = start - at
            heapq.heappush(m.clusters[m.cluster[i]].coming, (self.free_at, i))


class Cluster(Station):
    """A cluster: a queue before its agents."""

    def __init__(self, model: Swarm) -> None:
        super().__init__(model)
        self.workers = list(Worker.create_agents(model, CLUSTER_AGENTS))
        self.free = [(0.0, w) for w in range(CLUSTER_AGENTS)]

    def step(self) -> None:
        """Hand what arrives in the tick to the agents that are free first."""
        m, coming, free = self.model, self.coming, self.free
        end = m.begin + 1.0
        while coming and coming[0][0] < end:
            at, i = heapq.heappop(coming)
            free_at, w = free[0]
            start = max(at, free_at)
            done = start + m.work_s[i]
            heapq.heapreplace(free, (done, w))
            self.workers[w].free_at = done
            m.cluster_wait[i] = start - at
            m.responses.append(done - m.time_s[i])


class Swarm(mesa.Model):  # type: ignore[misc]
    """The whole system, stepped by the second."""

    def __init__(self, tasks: ReferenceTasks) -> None:
        super().__init__(rng=1)
        self.begin = 0.0
        self.sent = 0
        self.time_s, self.entry, self.home = tasks.time_s.tolist(), tasks.entry.tolist(), tasks.home.tolist()
        self.cluster, self.latency_s = tasks.cluster.tolist(), tasks.latency_s.tolist()
        self.dispatch_s, self.work_s = tasks.dispatch_s.tolist(), tasks.work_s.tolist()
        self.dispatch_wait = [np.nan] * len(tasks)
        self.cluster_wait = [np.nan] * len(tasks)
        self.responses: list[float] = []
        self.nodes = list(Node.create_agents(self, tasks.nodes))
        self.clusters = list(Cluster.create_agents(self, tasks.clusters))
        self.groups = [self.agents_by_type[kind] for kind in (Node, Cluster, Worker)]
        self.datacollector = mesa.DataCollector({"started": lambda m: len(m.responses), "p95": _p95})

    def step(self) -> None:
        """One second."""
        self.begin = self.time - 1.0
        last = bisect_left(self.time_s, self.begin + 1.0)
        for i in range(self.sent, last):
            home = self.home[i]
            at = self.time_s[i] + self.latency_s[self.entry[i]][home]
            heapq.heappush(self.nodes[home].coming, (at, i))
        self.sent = last
        self.responses.clear()
        for group in self.groups:
            group.do("step")
        self.datacollector.collect(self)


def _p95(model: Swarm) -> float:
    return float(np.percentile(model.responses, 95)) if model.responses else 0.0


def run_mesa(tasks: ReferenceTasks) -> Outcome:
    """Replay the tasks."""
    model = Swarm(tasks)
    start = time.process_time()
    for _ in range(tasks.seconds):
        model.step()
    used = time.process_time() - start
    return Outcome(Waits(np.array(model.dispatch_wait), np.array(model.cluster_wait)), used)
