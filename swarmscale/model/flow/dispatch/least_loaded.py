"""Rules that look for the least loaded cluster: join the shortest of d queues, and least work left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....arrays import kernel
from ....errors import require
from ....rng import philox
from ..arrivals import words_of
from .base import DispatchView


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinShortestQueue:
    """Of d clusters drawn for the task, the one with the fewest tasks per ready agent.

    The power of d choices: Vvedenskaya, Dobrushin & Karpelevich 1996; Mitzenmacher 2001.

    Attributes:
        d: clusters looked at, 1 to 16; 1 is random choice.
    """

    d: int = 2

    def __post_init__(self) -> None:
        require(1 <= self.d <= 16, "dispatch.rule.d", self.d, "from 1 to 16")

    def choose(self, view: DispatchView) -> None:
        """See :class:`DispatchRule`."""
        shortest_of(view, self.d)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastWork:
    """The cluster of the node with the least work left per ready agent, over all of them."""

    def choose(self, view: DispatchView) -> None:
        """See :class:`DispatchRule`."""
        least_work(view)


@kernel
def pick(uid: int, j: int, n: int, key: np.uint64) -> int:
    """The j-th draw of a task among n: word j % 4 of block j // 4."""
    t = np.uint64(uid)
    w = philox(t & np.uint64(0xFFFFFFFF), t >> np.uint64(32), np.uint64(4), np.uint64(j // 4), key)
    word = w[0]
    if j % 4 == 1:
        word = w[1]
    elif j % 4 == 2:
        word = w[2]
    elif j % 4 == 3:
        word = w[3]
    return int(np.int64((word * np.uint64(n)) >> np.uint64(32)))


@kernel
def shortest_of(view: DispatchView, d: int) -> None:
    """Write the choices of :class:`JoinShortestQueue`."""
    uid, offsets, cluster_offsets, clusters = view.uid, view.offsets, view.cluster_offsets, view.clusters
    assigned, choice, key = view.assigned, view.choice, view.key
    half = np.uint64(32)
    block = 1024  # tasks whose words are drawn at once, so that the compiler can vectorize it
    w0, w1, w2, w3 = (
        np.empty(block, np.uint64),
        np.empty(block, np.uint64),
        np.empty(block, np.uint64),
        np.empty(block, np.uint64),
    )
    room = 1.0 / np.maximum(view.ready, 0.5)
    load = (view.in_system + 1) * room
    for k in range(len(offsets) - 1):
        first = cluster_offsets[k]
        n = np.uint64(cluster_offsets[k + 1] - first)
        if n == np.uint64(0):
            choice[offsets[k] : offsets[k + 1]] = -1
            continue
        near = clusters[first : cluster_offsets[k + 1]]
        for begins in range(offsets[k], offsets[k + 1], block):
            m = min(block, offsets[k + 1] - begins)
            words_of(uid[begins:], m, 4, key, w0, w1, w2, w3)
            out = choice[begins:]
            for x in range(m):
                q = np.uint32(near[(w0[x] * n) >> half])
                if d > 1:
                    other = np.uint32(near[(w1[x] * n) >> half])
                    q = other if load[other] < load[q] else q
                for j in range(2, d):
                    other = np.uint32(near[pick(uid[begins + x], j, int(np.int64(n)), key)])
                    q = other if load[other] < load[q] else q
                load[q] += room[q]
                assigned[q] += 1
                out[x] = q


@kernel
def least_work(view: DispatchView) -> None:
    """Write the choices of :class:`LeastWork`."""
    room = 1.0 / np.maximum(view.ready, 0.5)
    load = view.backlog_s * room
    for k in range(len(view.offsets) - 1):
        first = view.cluster_offsets[k]
        last = view.cluster_offsets[k + 1]
        for i in range(view.offsets[k], view.offsets[k + 1]):
            if first == last:
                view.choice[i] = -1
                continue
            q = view.clusters[first]
            for x in range(first + 1, last):
                other = view.clusters[x]
                q = other if load[other] < load[q] else q
            load[q] += view.work[i] * room[q]
            view.assigned[q] += 1
            view.choice[i] = q
