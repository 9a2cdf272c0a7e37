"""What is to happen to single agents, clusters, nodes and links: moments in time, in their order."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Due(NamedTuple):
    """Something that happens at a time.

    Attributes:
        time_s: s.
        what: which of the engine's steps.
        target: whom it is about.
        since: what must still be so for it to happen: the time at which the fault began, s, or an incident.
    """

    time_s: float
    what: str
    target: tuple[int, ...]
    since: float


@dataclass(slots=True)
class Agenda:
    """Moments to come; those of one time go by name and target, so that their order depends on nothing else."""

    entries: list[Due] = field(default_factory=list)

    def add(self, time_s: float, what: str, target: tuple[int, ...], since: float = 0.0) -> None:
        """Add a moment; one that never comes is left out."""
        if time_s < float("inf"):
            heapq.heappush(self.entries, Due(time_s, what, target, since))

    def due(self, now_s: float) -> Iterator[Due]:
        """Take out what has come, what is added meanwhile included."""
        while self.entries and self.entries[0].time_s <= now_s:
            yield heapq.heappop(self.entries)

    def memory(self) -> list[Any]:
        """All of it, for a checkpoint."""
        return [tuple(entry) for entry in self.entries]

    def remember(self, memory: list[Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self.entries = [Due(*entry) for entry in memory]
