"""What a dispatch rule is, and how to add one.

A rule picks the cluster for each task that leaves a node's dispatch station. It is a frozen keyword-only
dataclass with one method, ``choose``, which is called once a tick with all tasks of all nodes and writes
``view.choice``. Rules may be plain numpy or, as here, call a compiled kernel. To add one, write a file with the
class and one line in this folder's ``__init__``; from outside, put ``@swarmscale.register("dispatch rule",
"my-rule")`` above the class.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from ....arrays import Floats, Ints, Ints32


class DispatchView(NamedTuple):
    """Tasks that leave dispatch in this tick, and what is known of the clusters.

    Figures of the clusters are those of the tick's start; ``assigned`` and ``backlog_s`` are for the rule to
    raise with its own assignments of this tick.

    Attributes:
        uid: `[n]` keys of the tasks, by node and in time order.
        type: `[n]` intelligence type that each asks for.
        work: `[n]` s of a unit-speed agent.
        offsets: `[K + 1]` where each node's tasks begin.
        cluster_offsets: `[K + 1]` where each node's clusters begin in ``clusters``.
        clusters: `[M]` clusters that have ready agents, node by node; where a node has none, those with members.
        draw_offsets: `[K + 1]` where each node's clusters begin in ``draws``.
        draws: `[D]` the same clusters, each as often as it has sixteenths of the node's largest one's ready agents
            (in lowest terms, so once where all are alike): for rules that draw, so that small ones are drawn seldom.
        in_system: `[Q]` tasks waiting or in service.
        assigned: `[Q]` tasks given to each cluster so far in this tick.
        ready: `[Q]` idle and busy agents.
        backlog_s: `[Q]` s of work waiting and in hands.
        capability: `[Q, 6]` summed speed x skill of a cluster's ready agents for each type.
        pointer: `[K]` kept from tick to tick for rules that go round.
        key: Philox key of the stream of this stage.
        choice: `[n]` out: the cluster, or -1 to drop.
        delay_s: `[n]` out: time that choosing took, added to the task's way.
        pace: `[Q, 6]` s that a cluster is thought to need for a second of work of each type; 1 where nobody learns.
        trust: `[Q]` share of its tasks that a cluster is thought to finish at the first attempt; 1 where nobody learns.
        messages: `[6, 6]` message counts, see ``ledger``; for rules that talk.
        control_bytes: bytes of a control message.
        local_s: latency between a node and its clusters, s.
    """

    uid: Ints
    type: Ints
    work: Floats
    offsets: Ints
    cluster_offsets: Ints32
    clusters: Ints32
    draw_offsets: Ints32
    draws: Ints32
    in_system: Ints
    assigned: Ints
    ready: Ints
    backlog_s: Floats
    capability: Floats
    pointer: Ints
    key: np.uint64
    choice: Ints32
    delay_s: Floats
    pace: Floats
    trust: Floats
    messages: Ints
    control_bytes: int
    local_s: float


PARTS = 16
"""Steps in which a cluster's share of its node's draws is told."""


def in_proportion(offsets: Ints32, clusters: Ints32, ready: Ints) -> tuple[Ints32, Ints32]:
    """Lists of clusters by node to draw from evenly: each stands there in proportion to its ready agents.

    Args:
        offsets: `[K + 1]` where each node's clusters begin in ``clusters``.
        clusters: `[M]` clusters, node by node.
        ready: `[Q]` ready agents.

    Returns:
        ``draw_offsets`` and ``draws`` of :class:`DispatchView`.

    >>> in_proportion(np.array([0, 2, 4]), np.array([0, 1, 2, 3]), np.array([50, 50, 80, 20]))[1]
    array([0, 1, 2, 2, 2, 2, 3], dtype=int32)
    """
    if not len(clusters):
        return offsets, clusters
    nodes = np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))
    have = np.nonzero(np.diff(offsets))[0]
    starts = offsets[have]
    most = np.zeros(len(offsets) - 1)
    most[have] = np.maximum.reduceat(ready[clusters], starts)
    parts = np.rint(PARTS * ready[clusters] / np.maximum(most[nodes], 1)).astype(np.int64).clip(1)
    lowest = np.ones(len(offsets) - 1, np.int64)
    lowest[have] = np.gcd.reduceat(parts, starts)
    parts //= lowest[nodes]
    ends = np.concatenate([[0], np.cumsum(parts)])
    return ends[offsets].astype(np.int32), np.repeat(clusters, parts).astype(np.int32)


class DispatchRule(Protocol):
    """Picks a cluster for each task."""

    def choose(self, view: DispatchView) -> None:
        """Write ``view.choice`` for every task."""
        ...
