"""Skill match: the cluster whose agents can do this type of task soonest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....arrays import kernel
from ....errors import require
from .base import DispatchView
from .least_loaded import pick


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillMatch:
    """Of d clusters drawn for the task, the one with the fewest tasks per unit of skill for its type.

    Attributes:
        d: clusters looked at, 1 to 16.
    """

    d: int = 4

    def __post_init__(self) -> None:
        require(1 <= self.d <= 16, "dispatch.rule.d", self.d, "from 1 to 16")

    def choose(self, view: DispatchView) -> None:
        """See :class:`DispatchRule`."""
        match_skill(view, self.d)


@kernel
def match_skill(view: DispatchView, d: int) -> None:
    """Write the choices of :class:`SkillMatch`."""
    for k in range(len(view.offsets) - 1):
        first = view.draw_offsets[k]
        n = view.draw_offsets[k + 1] - first
        for i in range(view.offsets[k], view.offsets[k + 1]):
            best = -1
            least = np.inf
            for j in range(d if n > 0 else 0):
                q = view.draws[first + pick(view.uid[i], j, n, view.key)]
                able = max(view.capability[q, view.type[i]], 1e-9)
                load = (view.in_system[q] + view.assigned[q] + 1) / able
                if load < least:
                    least = load
                    best = q
            if best >= 0:
                view.assigned[best] += 1
            view.choice[i] = best
