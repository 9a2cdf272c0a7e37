"""Rules that look for the least loaded cluster: join the shortest of d queues, and least work left."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....arrays import Ints, Ints32, kernel
from ....errors import require
from ....rng import philox
from ..arrivals import words_of
from .base import DispatchView


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinShortestQueue:
    """Of d clusters drawn for the task, the one with the fewest tasks per ready agent.

    Clusters are drawn in proportion to their ready agents, or small ones would be given more than they can do.
    The power of d choices: Vvedenskaya, Dobrushin & Karpelevich 1996; Mitzenmacher 2001; with servers that differ:
    Mukhopadhyay & Mazumdar 2016.

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
    """Write the choices of :class:`JoinShortestQueue`.

    The nodes take turns: a choice looks at the loads that its node's last one raised, and a processor that has
    to wait for these can go on with other nodes.
    """
    uid, offsets, draw_offsets, draws = view.uid, view.offsets, view.draw_offsets, view.draws
    assigned, choice, key = view.assigned, view.choice, view.key
    other = np.empty(len(choice), np.int32)
    longest = drawn_pairs(uid, offsets, draw_offsets, draws, key, choice, other)
    room = 1.0 / np.maximum(view.ready, 0.5)
    load = (view.in_system + 1) * room
    bits = load.view(np.int64)  # of floats that are not negative: their order is that of the floats
    pair = np.empty(2, np.uint32)
    for x in range(longest):
        for k in range(len(offsets) - 1):
            i = offsets[k] + x
            if i >= offsets[k + 1] or choice[i] < 0:
                continue
            pair[0] = choice[i]
            if d > 1:
                pair[1] = other[i]
                q = pair[
                    np.uint64(bits[pair[1]] - bits[pair[0]]) >> np.uint64(63)
                ]  # nobody could foretell a branch
            else:
                q = pair[0]
            for j in range(2, d):
                first, n = draw_offsets[k], draw_offsets[k + 1] - draw_offsets[k]
                second = np.uint32(draws[first + pick(uid[i], j, n, key)])
                q = second if load[second] < load[q] else q
            load[q] += room[q]
            assigned[q] += 1
            choice[i] = q


@kernel
def drawn_pairs(
    uid: Ints,
    offsets: Ints,
    draw_offsets: Ints32,
    draws: Ints32,
    key: np.uint64,
    one: Ints32,
    two: Ints32,
) -> int:
    """Write two clusters drawn for each task, or -1 at a node without clusters; return the longest node's tasks."""
    half = np.uint64(32)
    block = 1024  # tasks whose words are drawn at once, so that the compiler can vectorize it
    w0, w1, w2, w3 = (
        np.empty(block, np.uint64),
        np.empty(block, np.uint64),
        np.empty(block, np.uint64),
        np.empty(block, np.uint64),
    )
    longest = 0
    for k in range(len(offsets) - 1):
        longest = max(longest, offsets[k + 1] - offsets[k])
        first = draw_offsets[k]
        n = np.uint64(draw_offsets[k + 1] - first)
        if n == np.uint64(0):
            one[offsets[k] : offsets[k + 1]] = -1
            continue
        near = draws[first : draw_offsets[k + 1]]
        for begins in range(offsets[k], offsets[k + 1], block):
            m = min(block, offsets[k + 1] - begins)
            words_of(uid[begins:], m, 4, key, w0, w1, w2, w3)
            for x in range(m):
                one[begins + x] = near[(w0[x] * n) >> half]
                two[begins + x] = near[(w1[x] * n) >> half]
    return longest


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
