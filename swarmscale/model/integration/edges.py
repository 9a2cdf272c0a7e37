"""An edge of the integration graph: the sender's log, what is on its way, and the receiver's end."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

from .events import Beat, Event

COMPONENTS = ("coordinator", "intelligence", "optimizer", "scaler", "health", "metrics")
"""Components of the seed's integration architecture; its performance engine is the optimizer."""

LINKS = (
    ("coordinator", "intelligence"),
    ("coordinator", "optimizer"),
    ("intelligence", "scaler"),
    ("optimizer", "scaler"),
    ("optimizer", "health"),
    ("scaler", "metrics"),
    ("health", "metrics"),
)

EDGES = tuple(edge for a, b in LINKS for edge in ((a, b), (b, a)))
"""Both directions of each link of the seed."""

type How = str
WAYS: tuple[How, ...] = ("drop", "delay", "duplicate")
WINDOWS = 6
"""Periods over which an edge's health is told."""


@dataclass(slots=True, kw_only=True)
class Disturbance:
    """Something that is wrong with a subscription. Nobody but the edge itself looks at it to carry events.

    Attributes:
        how: drop, delay or duplicate.
        until_s: s.
        incident: number in the log of incidents.
        delay_s: by which events are late, s.
    """

    how: How
    until_s: float
    incident: int = -1
    delay_s: float = 0.0


@dataclass(slots=True, kw_only=True)
class Edge:
    """One direction of a link.

    Attributes:
        sender: component.
        receiver: component.
        sent: number of the last event sent; the first one has number 1.
        log: events that are not consumed yet: number, when sent in s, event.
        way: copies on their way: arrival in s, when sent in s, number, subscription.
        faults: what is wrong with the present subscription.
        subscription: number of the present one.
        received: number up to which all have come, none of them missing.
        early: numbers of events that came though one before them is missing.
        consumed: number of the last event that acted.
        duplicates: copies refused, since their event had come before.
        gaps: times that an event came though one before it was missing.
        lost: events that never acted: passed over where nothing is repaired.
        resubscriptions: times that it was repaired.
        lag_s: time from sending to acting of the last event that acted, s.
        heard_s: when a copy of the present subscription came last, s; before the first, when the edge began.
        gap_since_s: when the last one before a gap came, s; infinity if there is no gap.
        window: what the receiver's end saw since the last round.
        timely: events that acted within two periods, and those that did not, in this window and some before.
        overdue: number up to which events not consumed in time are counted.
    """

    sender: str
    receiver: str
    sent: int = 0
    log: list[tuple[int, float, Event]] = field(default_factory=list)
    way: list[tuple[float, float, int, int]] = field(default_factory=list)
    faults: list[Disturbance] = field(default_factory=list)
    subscription: int = 0
    received: int = 0
    early: list[int] = field(default_factory=list)
    consumed: int = 0
    duplicates: int = 0
    gaps: int = 0
    lost: int = 0
    resubscriptions: int = 0
    lag_s: float = 0.0
    heard_s: float = 0.0
    gap_since_s: float = inf
    window: Window = field(default_factory=lambda: Window())
    timely: list[tuple[int, int]] = field(default_factory=lambda: [(0, 0)])
    overdue: int = 0

    def begin(self, now_s: float) -> None:
        """Both ends are there: what was sent before is nobody's."""
        self.log, self.way, self.faults = [], [], []
        self.received = self.consumed = self.sent
        self.early, self.gap_since_s, self.heard_s = [], inf, now_s
        self.window, self.timely, self.overdue = Window(), [(0, 0)], self.sent

    # -- the sender's end -------------------------------------------------------------------------------------

    def send(self, event: Event, now_s: float) -> None:
        """Write an event down and put it on its way."""
        self.sent += 1
        self.log.append((self.sent, now_s, event))
        self.window.sent += 1
        self._carry(self.sent, now_s, now_s)

    def _carry(self, number: int, sent_s: float, now_s: float) -> None:
        """Put a copy on its way, as the subscription is."""
        arrives_s, copies = now_s, 1
        for fault in self.faults:
            if fault.until_s <= now_s:
                continue
            if fault.how == "drop":
                return
            if fault.how == "delay":
                arrives_s = max(arrives_s, now_s + fault.delay_s)
            else:
                copies = 2
        self.way += [(arrives_s, sent_s, number, self.subscription)] * copies

    def subscribe_anew(self, now_s: float) -> int:
        """Put a new subscription in place of the old one and replay from the last consumed event.

        What is still on its way by the old one comes all the same, and is refused.

        Returns:
            How many events were replayed.
        """
        self.subscription += 1
        self.resubscriptions += 1
        self.faults = []
        self.received, self.early, self.gap_since_s = self.consumed, [], inf
        replayed = [entry for entry in self.log if entry[0] > self.consumed]
        self.way += [(now_s, now_s, number, self.subscription) for number, _, _ in replayed]
        return len(replayed)

    # -- the receiver's end -----------------------------------------------------------------------------------

    def receive(self, now_s: float, *, repairs: bool) -> None:
        """Take in what has come, in order of arrival; refuse what came before.

        Args:
            now_s: s.
            repairs: whether a missing event is waited for, since it will be replayed, or passed over.
        """
        if not self.way:
            return
        come = sorted(copy for copy in self.way if copy[0] <= now_s)
        if not come:
            return
        self.way = [copy for copy in self.way if copy[0] > now_s]
        for arrives_s, sent_s, number, subscription in come:
            present = subscription == self.subscription
            again = number <= self.received or number in self.early
            self.duplicates += again
            if present:
                self.window.see(arrives_s - sent_s, again=again)
            if not again:
                self._keep(number, repairs=repairs)
            if present:
                self.heard_s = arrives_s

    def _keep(self, number: int, *, repairs: bool) -> None:
        """A new event has come: next in order, or with others missing that were sent after the last one came."""
        if number > self.received + 1:
            self.gaps += 1
            self.window.gaps += 1
            if not repairs:
                self.lost += number - self.received - 1
                self.log = [e for e in self.log if e[0] <= self.received or e[0] >= number]
                self.received = number
                return
            self.early.append(number)
            self.gap_since_s = min(self.gap_since_s, self.heard_s)
            return
        self.received = number
        while self.received + 1 in self.early:
            self.received += 1
            self.early.remove(self.received)
        if not self.early:
            self.gap_since_s = inf

    def consume(self, now_s: float, due_s: float) -> list[tuple[float, Event]]:
        """Events that act now, with the time at which each was sent; beats are consumed and not handed on.

        Args:
            now_s: s.
            due_s: lag up to which an event is in time, s.
        """
        out: list[tuple[float, Event]] = []
        taken = 0
        good, bad = self.timely[-1]
        for number, sent_s, event in self.log:
            if number > self.received:
                break
            taken += 1
            self.consumed, self.lag_s = number, now_s - sent_s
            if number > self.overdue:
                in_time = self.lag_s <= due_s + 1e-9
                good, bad = good + in_time, bad + (not in_time)
            if type(event) is not Beat:
                out.append((sent_s, event))
        if taken:
            del self.log[:taken]
            self.timely[-1] = (good, bad)
        return out

    # -- figures ----------------------------------------------------------------------------------------------

    def close_window(self, now_s: float, due_s: float) -> None:
        """Begin another window; events that wait too long count as not in time, once."""
        late = [number for number, sent_s, _ in self.log if number > self.overdue and now_s - sent_s > due_s]
        if late:
            good, bad = self.timely[-1]
            self.timely[-1] = (good, bad + len(late))
            self.overdue = late[-1]
        self.timely = [*self.timely[-WINDOWS:], (0, 0)]
        self.window = Window()

    def health(self) -> float:
        """Share of the events of the last windows that acted within two periods; 1 if there were none."""
        good = sum(pair[0] for pair in self.timely)
        bad = sum(pair[1] for pair in self.timely)
        return good / (good + bad) if good + bad else 1.0

    def waits_s(self, now_s: float) -> float:
        """How long the oldest event that has not acted waits, s."""
        return now_s - self.log[0][1] if self.log else 0.0


@dataclass(slots=True, kw_only=True)
class Window:
    """What was seen of an edge since the last round.

    Attributes:
        sent: events, at the sender's end.
        arrivals: copies of the present subscription that came.
        doubles: of these, copies of events that had come before.
        late_s: longest way of these, s.
        gaps: times that one came though one before it was missing.
    """

    sent: int = 0
    arrivals: int = 0
    doubles: int = 0
    late_s: float = 0.0
    gaps: int = 0

    def see(self, took_s: float, *, again: bool) -> None:
        """A copy came."""
        self.arrivals += 1
        self.doubles += again
        self.late_s = max(self.late_s, took_s)
