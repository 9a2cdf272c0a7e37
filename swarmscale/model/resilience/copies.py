"""Copies: tasks that are still being worked at out of sight, while their entry node has sent them anew.

Execution is at least once: a copy may end after, before or beside the task that was sent in its place. The account is
exactly once: the first answer that reaches the entry node counts, and the other one is refused by the task's key.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from ...arrays import Bools, Floats, Ints


@dataclass(slots=True)
class Copies:
    """Copies by column.

    Attributes:
        origin: `[n]` keys of the tasks as they arrived.
        row: `[n]` agent that works at each.
        cluster: `[n]` its cluster, by its place here.
        entry: `[n]` entry node that waits for the answer.
        done_s: `[n]` when the agent ends, s.
        arrived: `[n]` s.
        back: `[n]` s, latency of the answer.
        service: `[n]` s.
        useful: `[n]` s, pure service time.
        limit: `[n]` s, time within which the answer is wanted.
    """

    origin: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    row: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    cluster: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    entry: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    done_s: Floats = field(default_factory=lambda: np.zeros(0))
    arrived: Floats = field(default_factory=lambda: np.zeros(0))
    back: Floats = field(default_factory=lambda: np.zeros(0))
    service: Floats = field(default_factory=lambda: np.zeros(0))
    useful: Floats = field(default_factory=lambda: np.zeros(0))
    limit: Floats = field(default_factory=lambda: np.zeros(0))

    def __len__(self) -> int:
        return len(self.origin)

    def add(self, **columns: Any) -> None:
        """Add copies, given by column."""
        for one in fields(self):
            old = getattr(self, one.name)
            setattr(self, one.name, np.concatenate([old, np.asarray(columns[one.name], old.dtype)]))

    def take(self, which: Bools) -> Copies:
        """Take some out."""
        out = Copies(*(getattr(self, one.name)[which] for one in fields(self)))
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name)[~which])
        return out

    def memory(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name, value in memory.items():
            setattr(self, name, value)
