"""Where the tasks of a tick lie while they are worked on."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ...arrays import Floats, Ints, Ints32
from .stations import Scratch, scratch_of
from .tasks import Blocks, Tasks, blank, blank_blocks
from .way import Seen, seen_of


@dataclass(slots=True)
class Desk:
    """Buffers of one tick; nothing is kept there between ticks.

    Attributes:
        blocks: the tasks from their way to dispatch on, node by node.
        rows: buffers of one place a task.
        seen: `[cap]` key, type and work of the tasks that leave dispatch: what rules see.
        choice: `[cap]` cluster chosen for each.
        delay: `[cap]` s, time that choosing took.
        answered_uid: `[cap]` keys of answered tasks, where caches want them.
        answered_meta: `[cap]` their class, entry node and attempts.
        missed: tasks that did not get through and are to be sent anew, ``at`` being when that was clear; without
            rows where such tasks are dropped.
        reasons: `[cap]` why, a place in the counts.
        resends: whether tasks are sent anew.
    """

    blocks: Blocks = field(default_factory=lambda: blank_blocks(1024))
    rows: Scratch = field(default_factory=lambda: scratch_of(1024))
    seen: Seen = field(default_factory=lambda: seen_of(1024))
    choice: Ints32 = field(default_factory=lambda: np.empty(1024, np.int32))
    delay: Floats = field(default_factory=lambda: np.zeros(1024))
    answered_uid: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    answered_meta: Ints32 = field(default_factory=lambda: np.empty(0, np.int32))
    missed: Tasks = field(default_factory=lambda: blank(0))
    reasons: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    resends: bool = False

    def reserve(self, rows: int, answers: int) -> None:
        """Room for ``rows`` tasks, and for ``answers`` completed ones."""
        if rows > len(self.choice):
            size = rows * 3 // 2
            self.rows, self.seen = scratch_of(size), seen_of(size)
            self.choice, self.delay = np.empty(size, np.int32), np.zeros(size)
            self.blocks = blank_blocks(size)
        if self.resends and rows > len(self.reasons):
            self.missed, self.reasons = blank(rows * 3 // 2), np.empty(rows * 3 // 2, np.int64)
        if answers > len(self.answered_uid):
            self.answered_uid = np.empty(answers * 3 // 2, np.int64)
            self.answered_meta = np.empty(answers * 3 // 2, np.int32)
