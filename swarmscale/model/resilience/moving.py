"""Rebalancing: tasks do not wait in clusters where nobody is ready, while others of the same node have ready agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Floats, Ints, kernel
from ..flow.ledger import HIERARCHY, Count, message
from . import astray

if TYPE_CHECKING:
    from .engine import Resilience


def move_waiting(of: Resilience) -> None:
    """Move the queues of clusters without a ready agent to their siblings, the least loaded first.

    Task by task, as the node has them, each goes to the cluster of the node with the fewest tasks a ready agent.
    What a crippled node cannot take goes back to the entry nodes, which send it anew.
    """
    _give_back(of)
    flow = of.flow
    state = flow.state
    bare = (state.ready == 0) & (state.waiting > 0)
    if not bare.any():
        return
    used = flow.pools[2].used()
    waits = np.flatnonzero(bare[used.place] & (used.at < of.now_s))
    node_of = flow.hierarchy.node_of_cluster
    usable = (state.ready > 0) & ~flow.shut
    held = (state.waiting + state.in_service).astype(np.float64)
    moved = 0
    for k in np.unique(node_of[used.place[waits]]).tolist():
        siblings = np.flatnonzero(usable & (node_of == k))
        if not len(siblings):
            continue
        mine = waits[node_of[used.place[waits]] == k]
        ready = state.ready[siblings].astype(np.float64)
        to = siblings[_fill(held[siblings], ready, len(mine))]
        state.waiting[:] -= np.bincount(used.place[mine], minlength=len(state.waiting))
        state.waiting[:] += np.bincount(to, minlength=len(state.waiting))
        used.place[mine] = to.astype(np.int32)
        moved += len(mine)
    of.moved += moved
    if moved:
        message(flow.ledger, HIERARCHY, 2 * moved, flow.mesh.task_bytes, flow.local_s)


def _give_back(of: Resilience) -> None:
    """Send queues of crippled nodes back to the entry nodes: what is longer than their ready agents are many.

    Only while others are not as busy. All shards decide it alike.
    """
    flow = of.flow
    ready, held, down = flow.told[0], flow.told[2], flow.told[4]
    if not down.any():
        return
    short = flow.crippled & (held > 2 * ready)
    if not flow.resends or not short.any() or held.sum() > 2 * ready.sum():
        return
    pool = flow.pools[2]
    used = pool.used()
    order = np.lexsort((used.at, used.place))
    place = used.place[order]
    turn = np.arange(len(place)) - np.searchsorted(place, place)
    long = np.zeros(len(place), np.bool_)
    long[order] = turn >= flow.state.ready[place]
    which = short[flow.hierarchy.node_of_cluster[used.place]] & long & (used.at < of.now_s)
    lost = astray.take_from(pool, which)
    flow.state.waiting[:] -= np.bincount(lost.place, minlength=len(flow.state.waiting))
    lost.at[:] = of.now_s
    back = astray.to_entries(of, lost)
    if len(back.uid):
        of.fates.send_anew(back, np.full(len(back.uid), int(Count.DROPPED_RETRIES)), -1)


@kernel
def _fill(held: Floats, ready: Floats, n: int) -> Ints:
    """`[n]` places, each time the one with the fewest tasks a ready agent."""
    out = np.empty(n, np.int64)
    load = held.copy()
    for i in range(n):
        best = 0
        for x in range(1, len(load)):
            if load[x] * ready[best] < load[best] * ready[x]:
                best = x
        out[i] = best
        load[best] += 1.0
    return out
