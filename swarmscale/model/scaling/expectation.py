"""What is expected of the next 300 s, with an interval, and whether it came so."""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass, field
from math import ceil, isnan, nan

FEW = 20
"""Below so many scored expectations no interval is stated; below so many of a kind, those of all kinds count."""
STAYS, GROWS, SHRINKS = 0, 1, 2
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Expected:
    """A figure that is expected, and its interval.

    Attributes:
        value: what is expected.
        low: lower end of the 90 % interval; NaN while too few were scored.
        high: upper end.
        raw: what was computed, before the median of the past residuals was added.
    """

    value: float
    low: float
    high: float
    raw: float = nan


@dataclass(slots=True)
class Group:
    """Residuals of expectations of one kind.

    Attributes:
        recent: relative residuals, the newest last.
        ordered: the same, ascending.
    """

    recent: list[float] = field(default_factory=list)
    ordered: list[float] = field(default_factory=list)

    def add(self, residual: float, window: int) -> None:
        """Take in a residual, and forget the oldest beyond the window."""
        self.recent.append(residual)
        insort(self.ordered, residual)
        if len(self.recent) > window:
            self.ordered.pop(bisect_left(self.ordered, self.recent.pop(0)))


@dataclass(slots=True)
class Track:
    """The expectations of one figure and how they came out.

    The interval is a rolling split conformal one (Vovk, Gammerman & Shafer 2005) on residuals relative to what was
    expected, with half the error on either side, or all of it on one where nothing ever came beyond the other (a fleet
    of many agents that cannot need fewer than it has); decisions of different kinds (the fleet grows, shrinks or stays)
    have residuals of their own (Mondrian conformal prediction, section 4.5 of the same), and share all while there are
    few of their kind.

    Attributes:
        share: of the cases in which the figure is to lie in the interval.
        window: residuals that are looked back on, of each kind.
        groups: residuals by kind.
        scored: expectations with an interval that have come due.
        covered: those of them that held.
    """

    share: float = 0.9
    window: int = 2000
    groups: tuple[Group, Group, Group] = field(default_factory=lambda: (Group(), Group(), Group()))
    scored: int = 0
    covered: int = 0

    def expect(self, value: float, kind: int) -> Expected:
        """The figure with its interval as of now, moved by the median of the past residuals.

        Args:
            value: what is computed.
            kind: :data:`STAYS`, :data:`GROWS` or :data:`SHRINKS`.
        """
        ordered = self.groups[kind].ordered
        if len(ordered) < FEW:
            ordered = sorted(residual for group in self.groups for residual in group.ordered)
        n = len(ordered)
        if n < FEW:
            return Expected(value, nan, nan, value)
        rank = min(ceil((n + 1) * (1 + self.share) / 2), n) - 1
        whole = min(ceil((n + 1) * self.share), n) - 1
        low, high = ordered[n - 1 - rank], ordered[rank]
        if low == ordered[0]:
            high = ordered[whole]
        elif high == ordered[-1]:
            low = ordered[n - 1 - whole]
        unit = max(abs(value), _LEAST)
        middle = (ordered[(n - 1) // 2] + ordered[n // 2]) / 2
        return Expected(value + unit * middle, value + unit * low, value + unit * high, value)

    def came(self, expected: Expected, value: float, kind: int) -> None:
        """Score an expectation."""
        if not isnan(expected.low):
            self.scored += 1
            self.covered += expected.low <= value <= expected.high
        self.groups[kind].add((value - expected.raw) / max(abs(expected.raw), _LEAST), self.window)

    @property
    def coverage(self) -> float:
        """Share of the intervals that held; NaN while none came due."""
        return self.covered / self.scored if self.scored else nan
