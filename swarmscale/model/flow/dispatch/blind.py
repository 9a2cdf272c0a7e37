"""Rules that look at no state: round-robin and random."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....arrays import kernel
from ....rng import draw
from .base import DispatchView


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundRobin:
    """Each node gives its tasks to its clusters in turn."""

    def choose(self, view: DispatchView) -> None:
        """See :class:`DispatchRule`."""
        round_robin(view)


@dataclass(frozen=True, slots=True, kw_only=True)
class RandomChoice:
    """Each task goes to a cluster of its node, drawn by ready agents; the draw belongs to the task."""

    def choose(self, view: DispatchView) -> None:
        """See :class:`DispatchRule`."""
        random_choice(view)


@kernel
def round_robin(view: DispatchView) -> None:
    """Write the choices of :class:`RoundRobin`."""
    for k in range(len(view.offsets) - 1):
        first = view.cluster_offsets[k]
        n = view.cluster_offsets[k + 1] - first
        for i in range(view.offsets[k], view.offsets[k + 1]):
            if n == 0:
                view.choice[i] = -1
                continue
            x = view.pointer[k] % n
            view.pointer[k] = x + 1
            view.choice[i] = view.clusters[first + x]


@kernel
def random_choice(view: DispatchView) -> None:
    """Write the choices of :class:`RandomChoice`."""
    for k in range(len(view.offsets) - 1):
        first = view.draw_offsets[k]
        n = view.draw_offsets[k + 1] - first
        for i in range(view.offsets[k], view.offsets[k + 1]):
            if n == 0:
                view.choice[i] = -1
                continue
            w = draw(view.uid[i], 4, view.key)[0]
            view.choice[i] = view.draws[first + np.int64((w * np.uint64(n)) >> np.uint64(32))]
