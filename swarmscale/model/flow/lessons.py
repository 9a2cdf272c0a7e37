"""What there is to learn from: tasks that ended, counted by agent and type and by cluster and class."""

from __future__ import annotations

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ...agents.skills import TYPES
from ...arrays import Bytes, Floats, Floats32, Indices, Ints, Ints32, kernel
from .ledger import steps
from .tasks import ATTEMPT_SHIFT, Columns, task_class

type Tallies = NDArray[np.uint16]
MOST = 65_535
"""Where counters of practice stop: beyond it practice adds nothing that a stored skill could show."""


class Lessons(NamedTuple):
    """Counters that exist only where somebody learns from them; without rows nothing is counted.

    Attributes:
        owner: `[Q, S]` unique id of the agent whose counters stand there; a new agent begins with none.
        practice: `[Q, 6, S]` tasks of each type that this agent finished or was torn away from.
        done: `[Q, S]` tasks that it finished since the counter was last emptied.
        effort: `[Q, S]` their work, each over the mean of its class.
        ends: `[Q, S]` tasks that it finished since this counter was last emptied.
        took: `[Q, S]` their service times, each over the mean work of its class x overhead / skill: on average
            1 / speed each.
        sums: `[Q, C, 3]` finished tasks of each class so far, their service and their work in 2**-20 s.
        first: `[Q, 2]` first attempts at a task that ended well, and that were interrupted.
    """

    owner: Ints
    practice: Tallies
    done: Tallies
    effort: Floats32
    ends: Tallies
    took: Floats32
    sums: Ints
    first: Ints

    @classmethod
    def empty(cls, clusters: int, slots: int, classes: int) -> Lessons:
        """Nothing counted yet."""
        return cls(
            np.zeros((clusters, slots), np.int64),
            np.zeros((clusters, len(TYPES), slots), np.uint16),
            np.zeros((clusters, slots), np.uint16),
            np.zeros((clusters, slots), np.float32),
            np.zeros((clusters, slots), np.uint16),
            np.zeros((clusters, slots), np.float32),
            np.zeros((clusters, classes, 3), np.int64),
            np.zeros((clusters, 2), np.int64),
        )

    @property
    def on(self) -> bool:
        """Whether anything is counted."""
        return len(self.owner) > 0

    def longer(self, clusters: int) -> Lessons:
        """These counters and empty ones of so many more clusters; none if nothing is counted."""
        if not self.on:
            return self
        more = Lessons.empty(clusters, self.owner.shape[1], self.sums.shape[1])
        pairs = zip(cast(Columns, self), cast(Columns, more), strict=True)
        return Lessons._make(np.concatenate(pair) for pair in pairs)


@kernel
def note_ends(
    lessons: Lessons, q: int, first: int, last: int, uid: Ints, who: Indices, meta: Ints32, service: Floats32,
    work: Floats, class_type: Ints, mean_s: Floats, overhead: float, skill: Bytes,
) -> None:  # fmt: skip
    """Count the tasks from ``first`` to ``last`` that ended in cluster ``q``.

    Args:
        lessons: counters, changed in place.
        q: the cluster.
        first: first of its tasks in the arrays.
        last: one beyond the last of them.
        uid: `[Q, S]` unique ids of the agents.
        who: row of the agent that had each task.
        meta: its class and attempts.
        service: its service time, s.
        work: its work, s of a unit-speed agent.
        class_type: `[C]` type that tasks of each class ask for.
        mean_s: `[C]` mean work of each class, s.
        overhead: factor of coordination on service times in the cluster, x 255.
        skill: `[Q, 6, S]` skill of the agents, in 1/255.
    """
    slots = uid.shape[1]
    for x in range(first, last):
        s = np.int64(who[x]) - q * slots
        _claim(lessons, q, s, uid[q, s])
        kind = task_class(meta[x])
        k = class_type[kind]
        lessons.practice[q, k, s] += lessons.practice[q, k, s] < MOST
        lessons.done[q, s] += lessons.done[q, s] < MOST
        lessons.effort[q, s] += np.float32(work[x] / mean_s[kind])
        lessons.ends[q, s] += lessons.ends[q, s] < MOST
        lessons.took[q, s] += np.float32(np.float64(service[x]) * skill[q, k, s] / (mean_s[kind] * overhead))
        lessons.sums[q, kind, 0] += 1
        lessons.sums[q, kind, 1] += steps(np.float64(service[x]))
        lessons.sums[q, kind, 2] += steps(work[x])
        lessons.first[q, 0] += (meta[x] >> ATTEMPT_SHIFT) & 15 == 0


@kernel
def note_cuts(lessons: Lessons, rows: Ints, uid: Ints, meta: Ints32, class_type: Ints) -> None:
    """Count the tasks that were taken out of the hands of the agents in these rows, before they lose their ids."""
    slots = uid.shape[1]
    for x in range(len(rows)):
        q, s = rows[x] // slots, rows[x] % slots
        _claim(lessons, q, s, uid[q, s])
        k = class_type[task_class(meta[x])]
        lessons.practice[q, k, s] += lessons.practice[q, k, s] < MOST
        lessons.first[q, 1] += (meta[x] >> ATTEMPT_SHIFT) & 15 == 0


@kernel
def claim_all(lessons: Lessons, uid: Ints) -> None:
    """Empty the counters of all rows that hold another agent than the one that they count."""
    for q in range(uid.shape[0]):
        for s in range(uid.shape[1]):
            _claim(lessons, q, s, uid[q, s])


@kernel
def _claim(lessons: Lessons, q: int, s: int, uid: int) -> None:
    if lessons.owner[q, s] != uid:
        lessons.owner[q, s] = uid
        lessons.practice[q, :, s] = 0
        lessons.done[q, s] = 0
        lessons.effort[q, s] = 0.0
        lessons.ends[q, s] = 0
        lessons.took[q, s] = 0.0
