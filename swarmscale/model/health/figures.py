"""Figures of a stretch of a run, from its complete records."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import numpy as np

from ..columns import Raw
from ..flow.ledger import DROPS, Count

REASONS = tuple(count.name.lower().removeprefix("dropped_") for count in DROPS)
"""Why tasks are dropped, in the order of the ledger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """What happened in some ticks, one after the other. It is the same in all shards of a model.

    Attributes:
        end_s: end of the last tick, s.
        seconds: length, s.
        arrived: tasks that arrived.
        completed: tasks answered.
        late: of them after their deadline.
        due: tasks whose deadline fell into the stretch.
        met: of them answered within it.
        dropped: tasks dropped by reason, in the order of ``REASONS``.
        interrupted: tasks taken out of agents' hands.
        response_s: summed response times of the answered tasks, s.
        busy_s: agent-seconds in service.
        ready_s: agent-seconds ready.
    """

    end_s: float
    seconds: float
    arrived: int
    completed: int
    late: int
    due: int
    met: int
    dropped: tuple[int, ...]
    interrupted: int
    response_s: float
    busy_s: float
    ready_s: float

    @property
    def missed(self) -> int:
        """Tasks due that were not answered in time: late, dropped, or still waiting."""
        return self.due - self.met

    @property
    def drops(self) -> int:
        """Tasks dropped, for all reasons."""
        return sum(self.dropped)

    @property
    def shed(self) -> int:
        """Tasks refused at the door."""
        return self.dropped[REASONS.index("shed")]

    @property
    def availability(self) -> float:
        """Share of the tasks due that were answered in time; 1 where none was due."""
        return self.met / self.due if self.due else 1.0

    @property
    def late_share(self) -> float:
        """Share of the answers that came late; 0 where there was none."""
        return self.late / self.completed if self.completed else 0.0

    @property
    def error_rate(self) -> float:
        """Tasks dropped / tasks arrived; 0 where none arrived."""
        return self.drops / self.arrived if self.arrived else 0.0

    @property
    def shed_share(self) -> float:
        """Tasks refused at the door / tasks arrived; 0 where none arrived."""
        return self.shed / self.arrived if self.arrived else 0.0

    @property
    def response_mean_s(self) -> float:
        """Mean response time, s; NaN where nothing was answered."""
        return self.response_s / self.completed if self.completed else float("nan")

    @property
    def throughput_per_s(self) -> float:
        """Tasks answered / s."""
        return self.completed / self.seconds if self.seconds else 0.0

    @property
    def utilization(self) -> float:
        """Busy / ready agent-seconds; 0 where nobody was ready."""
        return self.busy_s / self.ready_s if self.ready_s else 0.0


_SUMMED = (
    "seconds", "arrived", "completed", "late", "due", "met", "interrupted", "response_s", "busy_s", "ready_s",
)  # fmt: skip


_FIGURES = attrgetter(*_SUMMED)


def stretch(raw: Raw, end_s: float) -> Stretch:
    """The figures of rows of records that end at a time, in s."""

    def total(which: Count) -> int:
        return round(float(raw.count(which).sum()))

    def seconds(which: Count) -> float:
        return float(raw.seconds(which).sum())

    return Stretch(
        end_s=end_s,
        seconds=len(raw) * raw.dt,
        arrived=total(Count.ARRIVED),
        completed=total(Count.COMPLETED),
        late=total(Count.LATE),
        due=total(Count.DUE),
        met=total(Count.MET),
        dropped=tuple(total(which) for which in DROPS),
        interrupted=total(Count.INTERRUPTED),
        response_s=seconds(Count.RESPONSE_T),
        busy_s=seconds(Count.BUSY_T),
        ready_s=seconds(Count.READY_T),
    )


def last(stretches: Sequence[Stretch], seconds: float) -> Stretch | None:
    """The last so many seconds together, by whole stretches, at least one; None if there is none."""
    first, length = len(stretches), 0.0
    while first and (first == len(stretches) or length + stretches[first - 1].seconds <= seconds + 1e-9):
        first -= 1
        length += stretches[first].seconds
    taken = stretches[first:]
    if len(taken) < 2:
        return taken[0] if taken else None
    sums = {
        name: sum(column)
        for name, column in zip(_SUMMED, zip(*map(_FIGURES, taken), strict=True), strict=True)
    }
    dropped = tuple(map(sum, zip(*(one.dropped for one in taken), strict=True)))
    return Stretch(end_s=taken[-1].end_s, dropped=dropped, **sums)


def series(stretches: Sequence[Stretch], name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """`[n]` one figure of each stretch."""
    return np.array([getattr(one, name) for one in stretches], np.float64)
