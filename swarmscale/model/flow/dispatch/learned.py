"""Learned: the cluster that is expected to finish a task first, by what was learned of clusters so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....arrays import kernel
from ....errors import require
from .base import DispatchView
from .least_loaded import pick


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Of d clusters drawn for the task, the one with the least expected time until it is done.

    A task needs its work times the cluster's learned pace for its type. Where more tasks are there than ready
    agents it waits until so many of them are done as must be; what is there is worked off at the same pace. An
    attempt that fails is made again, so both times are divided by the learned reliability. It knows no agent's
    speed or skill. Where nobody learns, every pace and reliability is 1.

    Attributes:
        d: clusters looked at, 1 to 16.
    """

    d: int = 8

    def __post_init__(self) -> None:
        require(1 <= self.d <= 16, "dispatch.rule.d", self.d, "from 1 to 16")

    def choose(self, view: DispatchView) -> None:
        """See :class:`DispatchRule`."""
        soonest_done(view, self.d)


@kernel
def soonest_done(view: DispatchView, d: int) -> None:
    """Write the choices of :class:`Learned`."""
    for k in range(len(view.offsets) - 1):
        first = view.draw_offsets[k]
        n = view.draw_offsets[k + 1] - first
        for i in range(view.offsets[k], view.offsets[k + 1]):
            best = -1
            least = np.inf
            for j in range(d if n > 0 else 0):
                q = view.draws[first + pick(view.uid[i], j, n, view.key)]
                there = view.in_system[q] + view.assigned[q]
                before = max(there + 1 - view.ready[q], 0)  # tasks that must be done first
                share = before / (max(there, 1) * max(view.ready[q], 1))
                work = view.work[i] + share * view.backlog_s[q]
                time = work * view.pace[q, view.type[i]] / view.trust[q]
                if time < least:
                    least = time
                    best = q
            if best >= 0:
                view.assigned[best] += 1
                view.backlog_s[best] += view.work[i]
            view.choice[i] = best
