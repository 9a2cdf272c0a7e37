"""What is expected of the next 300 s at each decision, and the score of it when that time is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .base import Seen
from .expectation import GROWS, SHRINKS, STAYS, Expected, Track
from .outlook import LATER_S
from .prices import Prices
from .seeing import over

type Outcome = tuple[float, float, float]
"""Utilization, spending and pool need."""


@dataclass(frozen=True, slots=True)
class Past:
    """The time between two decisions.

    Attributes:
        time_s: its end, s.
        busy_s: agent-seconds busy.
        ready_s: agent-seconds ready.
        spent: price paid.
        standing: agents on the pools at its end.
        demand: agents.
        ready: agents ready at its end.
    """

    time_s: float
    busy_s: float
    ready_s: float
    spent: float
    standing: int
    demand: float
    ready: int


@dataclass(frozen=True, slots=True)
class Prospect:
    """What was expected at a decision.

    Attributes:
        time_s: of the decision, s.
        kind: whether the fleet grew, shrank or stayed.
        expected: utilization, spending and pool need of the next 300 s.
        event: its number among the scaling events; -1 for none.
        advice: its number among the recommendations; -1 for none.
    """

    time_s: float
    kind: int
    expected: tuple[Expected, Expected, Expected]
    event: int = -1
    advice: int = -1


@dataclass(slots=True)
class Prospects:
    """All that was expected, what has come, and how well the two agree.

    Attributes:
        tracks: how expectations of utilization, spending and pool need came out.
        waiting: those whose time is not over, by time.
        past: the times between decisions of the last 300 s.
    """

    tracks: tuple[Track, Track, Track] = field(default_factory=lambda: (Track(), Track(), Track()))
    waiting: list[Prospect] = field(default_factory=list)
    past: list[Past] = field(default_factory=list)

    def expect(
        self, now: Seen, agents: int, prices: Prices
    ) -> tuple[int, tuple[Expected, Expected, Expected]]:
        """Whether the fleet changes, and what to expect of the next 300 s if it then stays at so many agents."""
        before = now.provisioned
        kind = GROWS if agents > before else SHRINKS if agents < before else STAYS
        demand = (now.demand + now.forecast) / 2
        paid = agents + now.draining + now.failed
        spending = LATER_S * (paid * prices.ready + now.warm * prices.warm)
        a, b, c = self.tracks
        utilization = a.expect(min(demand / max(agents, 1), 1.0), kind)
        return kind, (utilization, b.expect(spending, kind), c.expect(float(paid), kind))

    def settle(self, past: Past) -> Iterator[tuple[Prospect, list[Past], Outcome]]:
        """Keep what has come, score what was expected 300 s ago, and tell of both."""
        self.past.append(past)
        while self.waiting and self.waiting[0].time_s <= past.time_s - LATER_S + 1e-9:
            then = self.waiting.pop(0)
            window = [p for p in self.past if then.time_s < p.time_s <= then.time_s + LATER_S + 1e-9]
            came = (
                over(sum(p.busy_s for p in window), sum(p.ready_s for p in window)),
                sum(p.spent for p in window),
                float(max(p.standing for p in window)),
            )
            for track, expected, value in zip(self.tracks, then.expected, came, strict=True):
                track.came(expected, value, then.kind)
            yield then, window, came
        first = self.waiting[0].time_s if self.waiting else past.time_s
        while self.past and self.past[0].time_s <= first - 1e-9:
            self.past.pop(0)
