"""REF-1 in AMBER: the agents as columns of a Polars table, the queues in numpy.

The framework has no queues, so those are numpy's: sums and running maxima at the nodes, whose rounding differs
from the recursion's in the last bits, and in the clusters tasks paired with agents by their order.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from ...arrays import Floats, Ints
from ..reference import CLUSTER_AGENTS, ReferenceTasks, Waits
from .base import Outcome


def run_amber(tasks: ReferenceTasks) -> Outcome:
    """Replay the tasks."""
    import ambr

    at_home = tasks.at_home_s
    left = np.full(len(tasks), np.nan)
    waits = Waits(np.full(len(tasks), np.nan), np.full(len(tasks), np.nan))
    begun: list[float] = []

    class Swarm(ambr.Model):  # type: ignore[misc]
        def setup(self) -> None:
            self.add_agents(tasks.agents, free_at=0.0, busy_s=0.0)
            self.node_free = np.zeros(tasks.nodes)
            self.traveling = self.dispatched = np.empty(0, np.int64)
            self.bounds = np.searchsorted(tasks.time_s, np.arange(tasks.seconds + 1))
            begun.append(time.process_time())

        def step(self) -> None:
            second = self.t
            fresh = np.arange(int(self.bounds[second]), int(self.bounds[second + 1]))
            here, self.traveling = _due(np.concatenate([self.traveling, fresh]), at_home, second + 1.0)
            here = here[np.lexsort((at_home[here], tasks.home[here]))]
            _dispatch(tasks, here, at_home, self.node_free, left, waits.dispatch_s)
            here, self.dispatched = _due(np.concatenate([self.dispatched, here]), left, second + 1.0)
            here = here[np.lexsort((left[here], tasks.cluster[here]))]
            free, busy = self.agents.numpy("free_at", "busy_s")
            free = free.reshape(-1, CLUSTER_AGENTS).copy()
            _serve(tasks, here, left, free, waits.cluster_s)
            flat = free.reshape(-1)
            self.agents.set(free_at=flat, busy_s=busy + np.clip(flat - second, 0.0, 1.0))
            done = left[here] + waits.cluster_s[here] + tasks.work_s[here] - tasks.time_s[here]
            self.record_model("p95", float(np.percentile(done, 95)) if len(done) else 0.0)

    model: Any = Swarm({"steps": tasks.seconds, "seed": 1, "show_progress": False})
    model.run()
    return Outcome(waits, time.process_time() - begun[0])


def _due(rows: Ints, at: Floats, end: float) -> tuple[Ints, Ints]:
    now = at[rows] < end
    return rows[now], rows[~now]


def _dispatch(
    tasks: ReferenceTasks, rows: Ints, at_home: Floats, free: Floats, left: Floats, wait: Floats
) -> None:
    """End_j = S_j + max(free, max over i <= j of (a_i - S_(i-1))), S being the running sum of services."""
    bounds = np.searchsorted(tasks.home[rows], np.arange(tasks.nodes + 1))
    for k in range(tasks.nodes):
        mine = rows[bounds[k] : bounds[k + 1]]
        if len(mine):
            service = tasks.dispatch_s[mine]
            total = np.cumsum(service)
            latest = np.maximum.accumulate(np.maximum(at_home[mine] - (total - service), free[k]))
            left[mine] = total + latest
            free[k] = left[mine[-1]]
            wait[mine] = np.maximum(left[mine] - service - at_home[mine], 0.0)


def _serve(tasks: ReferenceTasks, rows: Ints, at: Floats, free: Floats, wait: Floats) -> None:
    """Pair the next tasks of each cluster with its agents by the order in which those are free.

    A pairing stands as long as no agent of an earlier pair would be free before the one that was paired; the rest
    goes into the next round.
    """
    counts = np.bincount(tasks.cluster[rows], minlength=len(free))
    first = np.cumsum(counts) - counts
    taken = np.zeros(len(free), np.int64)
    open_ = np.flatnonzero(counts)
    while len(open_):
        width = min(int((counts[open_] - taken[open_]).max()), CLUSTER_AGENTS)
        agents = np.sort(free[open_], axis=1)
        place = taken[open_][:, None] + np.arange(width)
        there = place < counts[open_][:, None]
        row = rows[np.where(there, first[open_][:, None] + place, 0)]
        come = np.where(there, at[row], np.inf)
        start = np.maximum(come, agents[:, :width])
        end = start + tasks.work_s[row]
        soonest = np.minimum.accumulate(end, axis=1)
        there[:, 1:] &= agents[:, 1:width] <= np.maximum(come[:, 1:], soonest[:, :-1])
        stands = np.logical_and.accumulate(there, axis=1)
        wait[row[stands]] = start[stands] - come[stands]
        agents[:, :width][stands] = end[stands]
        free[open_] = agents
        taken[open_] += stands.sum(axis=1)
        open_ = open_[taken[open_] < counts[open_]]
