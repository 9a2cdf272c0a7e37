"""Work stealing: idle agents take tasks that wait in other clusters of their node."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Bools, Ints
from .ledger import HIERARCHY, Count, message

if TYPE_CHECKING:
    from .engine import TaskFlow


def thieves(idle: Ints, node_of_cluster: Ints, node_of_task: Ints) -> Ints:
    """`[n]` the cluster that takes each task, -1 for none: as many at each node as it has idle agents.

    Args:
        idle: `[Q]` idle agents.
        node_of_cluster: `[Q]` the node that each is under.
        node_of_task: `[n]` where each waits, the tasks at a node being in the order in which they are to be taken.

    >>> thieves(np.array([0, 2, 1]), np.array([0, 0, 1]), np.array([0, 0, 0, 1])).tolist()
    [1, 1, -1, 2]
    """
    order = np.argsort(node_of_cluster, kind="stable")
    seats = np.repeat(order, idle[order])
    nodes = int(max(node_of_cluster.max(initial=0), node_of_task.max(initial=0))) + 1
    held = np.bincount(node_of_cluster, idle, nodes).astype(np.int64)
    first = np.cumsum(held) - held
    line = np.argsort(node_of_task, kind="stable")
    sizes = np.bincount(node_of_task, minlength=nodes)
    turn = np.arange(len(line)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    node = node_of_task[line]
    taken = turn < held[node]
    out = np.full(len(line), -1, np.int64)
    out[line[taken]] = seats[first[node[taken]] + turn[taken]]
    return out


def steal(flow: TaskFlow, begin: float, may: Bools | None) -> None:
    """Let idle agents take tasks that wait elsewhere under their node, those that wait longest first.

    What is idle and what waits is so at the tick's begin. Each task taken costs a request and the task's message.

    Args:
        flow: the task flow, changed in place.
        begin: s.
        may: `[Q]` clusters that may take any; all if None.

    Source:
        Work stealing: Blumofe & Leiserson (1999), *Journal of the ACM* 46(5). That a waiting copy elsewhere is
        withdrawn as soon as one is begun makes it the tied request of Dean & Barroso (2013), *CACM* 56(2).
    """
    state = flow.state
    idle = np.maximum(state.ready - state.in_service, 0)
    idle = np.where((state.waiting == 0) & (flow.clusters.closed == 0), idle, 0)
    if may is not None and len(may):
        idle = np.where(may, idle, 0)
    if not state.waiting.any() or not idle.any():
        return
    used = flow.pools[2].used()
    waits = np.flatnonzero((used.at < begin) & (begin - used.at >= flow.steal_after_s))
    waits = waits[np.lexsort((used.uid[waits], used.at[waits]))]
    node_of = np.asarray(flow.hierarchy.node_of_cluster, np.int64)
    to = thieves(idle, node_of, node_of[used.place[waits]])
    waits, to = waits[to >= 0], to[to >= 0]
    if not len(waits):
        return
    state.waiting[:] -= np.bincount(used.place[waits], minlength=len(state.waiting))
    state.waiting[:] += np.bincount(to, minlength=len(state.waiting))
    used.place[waits] = to.astype(np.int32)
    flow.ledger.count[Count.STOLEN] += len(waits)
    message(flow.ledger, HIERARCHY, len(waits), flow.mesh.control_bytes, flow.local_s)
    message(flow.ledger, HIERARCHY, len(waits), flow.mesh.task_bytes, flow.local_s)
