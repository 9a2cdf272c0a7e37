"""The border between the nodes of one flow and those that are elsewhere: what crosses it in a tick."""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from ...arrays import Floats, Ints, Ints32, kernel
from .tasks import Blocks, Tasks, card_back, card_meta, write_card

WORDS = 5
"""Words of 8 bytes that a task takes when it crosses: when it is there, and its card."""


class Crossed(NamedTuple):
    """What came over the border in a tick.

    Attributes:
        tasks: `[n, 5]` tasks for the homes here, sender by sender and, of each, home by home.
        counts: `[S, K]` how many of them each sender sent to each home.
        told: `[5, K]` figures of all nodes; see :meth:`.engine.TaskFlow.node_figures`.
    """

    tasks: Ints
    counts: Ints
    told: Ints


class Border(Protocol):
    """What lies between the nodes of one flow and those that are elsewhere."""

    @property
    def first(self) -> bool:
        """Whether this flow is the first of all, which counts what is to be counted once."""
        ...

    def cross(self, blocks: Blocks, begins: Ints, ends: Ints, now: Ints) -> Crossed:
        """Send tasks to the homes that are elsewhere, and take in those that come from there.

        Args:
            blocks: tasks that leave ingress here, home by home; free to be overwritten afterwards.
            begins: `[K]` where each home's tasks begin.
            ends: `[K]` one behind the last.
            now: `[5, K]` figures of the nodes here, 0 for those elsewhere.

        Returns:
            The tasks for the homes here, those from here included, and the figures of all nodes.
        """
        ...

    def answers(self, uid: Ints, meta: Ints32) -> tuple[Ints, Ints32]:
        """Send answers to the entry nodes that are elsewhere, and take in those for the entry nodes here.

        Called once a tick where nodes keep results.

        Args:
            uid: `[n]` keys of the tasks answered here.
            meta: `[n]` class, entry node and attempts of each.

        Returns:
            The same of the tasks that entered here, wherever they were answered.
        """
        ...


def parcel(blocks: Blocks, begins: Ints, ends: Ints) -> Ints:
    """`[n, 5]` the tasks of some homes that stand side by side, as they cross."""
    counts = ends - begins
    total = int(counts.sum())
    rows: slice | Ints = slice(int(begins[0]), int(begins[0]) + total)
    if ends[-1] - begins[0] != total:  # tasks that were dropped on the way left gaps between homes
        rows = np.repeat(ends - np.cumsum(counts), counts) + np.arange(total)
    out = np.empty((total, WORDS), np.int64)
    out[:, 0] = blocks.at.view(np.int64)[rows]
    out[:, 1:] = blocks.cards.whole[rows]
    return out


@kernel
def unpack(
    coming: Tasks, n_coming: int, tasks: Ints, times: Floats, counts: Ints, out: Blocks, begins: Ints, ends: Ints
) -> None:  # fmt: skip
    """Lay out the tasks that wait at homes or are on their way there, and behind them those that crossed.

    Home by home, what crossed stands by sender, and of each sender in the order in which it was sent: as if all
    nodes had been in one flow.

    Args:
        coming: tasks that wait or are on their way.
        n_coming: rows in use.
        tasks: `[n, 5]` tasks that crossed.
        times: the same memory as floats.
        counts: `[S, K]` how many each sender sent to each home.
        out: out: all of them.
        begins: `[K]` out: where each home's tasks begin.
        ends: `[K]` out: one behind the last.
    """
    nodes = len(begins)
    for k in range(nodes):
        ends[k] = 0
        for s in range(len(counts)):
            ends[k] += counts[s, k]
    for i in range(n_coming):
        ends[coming.place[i]] += 1
    room = 0
    for k in range(nodes):
        begins[k] = room
        room += ends[k]
        ends[k] = begins[k]
    for i in range(n_coming):
        k = coming.place[i]
        r = ends[k]
        ends[k] += 1
        out.at[r] = coming.at[i]
        out.uid[r] = coming.uid[i]
        write_card(
            out.cards, r, coming.arrived[i], coming.uid[i], coming.work[i], coming.back[i], coming.meta[i]
        )  # fmt: skip
    i = 0
    for s in range(len(counts)):
        for k in range(nodes):
            for _ in range(counts[s, k]):
                r = ends[k]
                ends[k] += 1
                out.at[r] = times[i, 0]
                out.uid[r] = tasks[i, 2]
                word = tasks[i, 4]
                write_card(
                    out.cards, r, times[i, 1], tasks[i, 2], times[i, 3], card_back(word), card_meta(word)
                )  # fmt: skip
                i += 1
