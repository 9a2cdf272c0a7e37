"""What the guard keeps of each controller."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isnan, nan

WINDOWS = 6
"""Windows over which a component's health is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stall:
    """A fault that lets a controller hang.

    Attributes:
        until_s: s.
        incident: number in the log; -1 for none.
    """

    until_s: float
    incident: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Thrown:
    """Something that went wrong in a controller.

    Attributes:
        time_s: when it was noticed, s.
        controller: its name.
        text: what, in a line.
        trace: the traceback, if it threw.
        put_back: whether it was put back to the state it had before.
    """

    time_s: float
    controller: str
    text: str
    trace: str = ""
    put_back: bool = False


@dataclass(slots=True, kw_only=True)
class WallClock:
    """How long a controller took in wall-clock; kept apart from results, none of which depends on it.

    Attributes:
        runs: that were measured.
        total_s: s of wall-clock.
        longest_s: the longest run, s of wall-clock.
        over: runs that took longer than their period, so that it could not keep up with simulated time.
    """

    runs: int = 0
    total_s: float = 0.0
    longest_s: float = 0.0
    over: int = 0


@dataclass(slots=True, kw_only=True)
class Watched:
    """One controller.

    Attributes:
        due: runs that were due.
        done: of these, those that were done within the controller's period.
        owed_s: when the run was due that it has not done yet, s; NaN if it owes none.
        hung_s: since when a run hangs, s; NaN if none does.
        noticed: whether that was noticed.
        again_s: when it is begun again, s; 0 if it is not set aside.
        wake_s: when it is to be looked at though it may not be due, s.
        failures: times in a row that it was set aside.
        wait_s: the last wait, s.
        well_s: when it first acted well after that, s; NaN if it has not.
        stalls: faults that let it hang.
        breaks: incidents for which it throws, one for each time.
        open: incidents that are over when it next acts well.
        timely: due runs of the last windows, and how many of them were done in time.
        last: whether the last due run was.
    """

    due: int = 0
    done: int = 0
    owed_s: float = nan
    hung_s: float = nan
    noticed: bool = False
    again_s: float = 0.0
    wake_s: float = inf
    failures: int = 0
    wait_s: float = 0.0
    well_s: float = nan
    stalls: list[Stall] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    open: list[int] = field(default_factory=list)
    timely: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])
    last: bool = True

    def was_due(self, now_s: float) -> None:
        """A period has ended."""
        self.due += 1
        self.owed_s, self.last = now_s, False
        due, done = self.timely[-1]
        self.timely[-1] = (due + 1, done)

    def ran_well(self, now_s: float, period_s: float) -> None:
        """It acted to the end; after having acted well for as long as it last waited, it counts as new."""
        if now_s - self.owed_s < period_s - 1e-9:
            self.done += 1
            self.last = True
            due, done = self.timely[-1]
            self.timely[-1] = (due, done + 1)
        self.owed_s = nan
        if not self.failures:
            return
        if isnan(self.well_s):
            self.well_s = now_s
        if now_s - self.well_s >= self.wait_s:
            self.failures, self.wait_s, self.well_s = 0, 0.0, nan

    def close_window(self) -> None:
        """Begin another window."""
        self.timely = [*self.timely[-WINDOWS:], (0, 0)]

    def health(self) -> float:
        """Share of the due runs of the last windows that were done in time."""
        due, done = sum(pair[0] for pair in self.timely), sum(pair[1] for pair in self.timely)
        return min(done / due, 1.0) if due else float(self.last)
