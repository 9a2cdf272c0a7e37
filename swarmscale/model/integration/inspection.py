"""Rounds over the edges: a beat where nothing was sent, a look at what the receiver's end saw, and repair.

What is named is inferred from numbers of events and times alone, never from what was done to an edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from ..resilience.incidents import IncidentLog
from .edges import Edge, How
from .events import Beat

if TYPE_CHECKING:
    from ..swarm import SwarmModel
    from .bus import Bus

QUIET_ROUNDS = 3
"""Rounds after a disturbance has ended by itself, after which it is held to have done no harm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A faulty edge was named.

    Attributes:
        time_s: when, s.
        sender: component.
        receiver: component.
        how: what it is held to do: drop, delay or duplicate.
        sign: what was seen, in words.
        incidents: numbers of the incidents behind it; none: it was named wrongly.
        replayed: events that were replayed; -1 where nothing is repaired.
    """

    time_s: float
    sender: str
    receiver: str
    how: How
    sign: str
    incidents: tuple[int, ...] = ()
    replayed: int = -1


def diagnosis(edge: Edge, now_s: float, period_s: float) -> tuple[How, str] | None:
    """How an edge is faulty, and by what sign; None where it looks sound.

    Events take no time on a sound edge, each comes once, and one comes at least in every period. So a copy of one
    that had come is a duplicate; one that took longer than half a period is delayed; where one is missing for a
    period though a later one has come, or none has come for more than two periods, they are dropped.

    Args:
        edge: at a round, after all that has come was received.
        now_s: s.
        period_s: time between two rounds, s.
    """
    seen = edge.window
    if seen.doubles:
        return "duplicate", f"{seen.doubles} of {seen.arrivals} events came twice"
    if seen.late_s > period_s / 2:
        return "delay", f"an event came {seen.late_s:g} s after it was sent"
    if now_s - edge.gap_since_s >= period_s - 1e-9:
        return "drop", f"event {edge.received + 1} is missing since {now_s - edge.gap_since_s:g} s"
    if now_s - edge.heard_s > 2 * period_s + 1e-9:
        return "drop", f"nothing came for {now_s - edge.heard_s:g} s"
    return None


@dataclass(slots=True, kw_only=True)
class Rounds:
    """The controller that looks after the edges once a period, when all others have acted; windows of health end here.

    Attributes:
        bus: whose edges.
        period_s: s.
        order: its place among controllers that are due together: the last.
    """

    of_config: ClassVar[bool] = True
    title: ClassVar[str] = "integration"
    bus: Bus
    period_s: float
    order: int = 99

    def act(self, model: SwarmModel) -> None:
        """One round."""
        world = getattr(model, "resilience", None)
        go_round(self.bus, None if world is None else world.log)
        if model.guard is not None:
            model.guard.close_window()

    def memory(self) -> None:
        """Nothing: the bus keeps all."""

    def remember(self, memory: Any) -> None:
        """Nothing."""

    def modules(self) -> set[str]:
        """None."""
        return set()


def go_round(bus: Bus, log: IncidentLog | None) -> None:
    """Beats, then receipt, diagnosis and repair of each edge whose ends are there."""
    for key in bus.live():
        edge = bus.edges[key]
        if not edge.window.sent:
            edge.send(Beat(), bus.now_s)
        edge.receive(bus.now_s, repairs=bus.repairs)
        named = diagnosis(edge, bus.now_s, bus.period_s)
        if named is not None:
            _name(bus, edge, *named, log)
        elif edge.faults:
            _forget(bus, edge, log)
        edge.close_window(bus.now_s, bus.due_s)


def _name(bus: Bus, edge: Edge, how: How, sign: str, log: IncidentLog | None) -> None:
    """Write down that an edge is faulty, and repair it."""
    behind = tuple(fault.incident for fault in edge.faults if fault.incident >= 0)
    known = not bus.repairs and any(
        (f.sender, f.receiver) == (edge.sender, edge.receiver) and bus.now_s - f.time_s <= bus.due_s
        for f in bus.findings[-len(bus.edges) * 2 :]
    )
    replayed = edge.subscribe_anew(bus.now_s) if bus.repairs else -1
    edge.receive(bus.now_s, repairs=bus.repairs)
    if not known:
        bus.findings.append(
            Finding(
                time_s=bus.now_s,
                sender=edge.sender,
                receiver=edge.receiver,
                how=how,
                sign=sign,
                incidents=behind,
                replayed=replayed,
            )
        )
    for number in behind if log is not None else ():
        assert log is not None
        log.find(number, bus.now_s, f"{edge.sender} -> {edge.receiver} seems to {how}: {sign}")
        if bus.repairs:
            log.recover(
                number, bus.now_s, f"subscribed anew, {replayed} event{'s' * (replayed != 1)} replayed"
            )


def _forget(bus: Bus, edge: Edge, log: IncidentLog | None) -> None:
    """Let go of disturbances that ended by themselves, once nothing is left of them."""
    wait_s = QUIET_ROUNDS * bus.period_s if bus.repairs else 0.0
    if edge.early:
        return
    over = [fault for fault in edge.faults if fault.until_s + wait_s <= bus.now_s]
    if not over:
        return
    edge.faults = [fault for fault in edge.faults if fault not in over]
    for fault in over if log is not None else ():
        assert log is not None
        log.recover(fault.incident, bus.now_s, "over by itself")


def build_rounds(bus: Bus | None) -> Rounds | None:
    """The controller that looks after a bus; None where there is none."""
    return None if bus is None else Rounds(bus=bus, period_s=bus.period_s)
