"""The bus: components of a model tell each other what they know, over the 14 edges of the integration graph."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import ceil, gcd
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from .edges import EDGES, WAYS, Disturbance, Edge, How
from .events import Event
from .inspection import Finding

if TYPE_CHECKING:
    import networkx as nx

    from ..config import Config


@dataclass(slots=True, kw_only=True)
class Bus:
    """Edges with numbered events, each of which acts exactly once.

    An edge carries events where both of its components are there: a fleet of fixed size has no scaler.

    Attributes:
        period_s: time between two rounds, s: each edge carries at least one event in it.
        repairs: whether a faulty edge is subscribed anew and what is missing is replayed.
        now_s: simulated time, s; the dispatcher keeps it.
        edges: all 14, by sender and receiver.
        there: components that are there.
        findings: faulty edges that were named so far.
    """

    period_s: float
    repairs: bool = True
    now_s: float = 0.0
    edges: dict[tuple[str, str], Edge] = field(
        default_factory=lambda: {(a, b): Edge(sender=a, receiver=b) for a, b in EDGES}
    )
    there: frozenset[str] = frozenset()
    findings: list[Finding] = field(default_factory=list)
    _into: dict[str, tuple[Edge, ...]] = field(default_factory=dict, repr=False)

    @property
    def due_s(self) -> float:
        """Time within which an event must act to be in time: two periods, s."""
        return 2.0 * self.period_s

    def follow(self, controllers: Iterable[object]) -> None:
        """Note which components are there: those that a controller names as its ``component``.

        An edge whose second end has come carries what is sent from now on.
        """
        before = self.live()
        names = (getattr(c, "component", None) for c in controllers)
        self.there, self._into = frozenset(name for name in names if name is not None), {}
        for key in self.live():
            if key not in before:
                self.edges[key].begin(self.now_s)

    def carries(self, sender: str, receiver: str) -> bool:
        """Whether both ends of an edge are there."""
        return sender in self.there and receiver in self.there

    def live(self) -> list[tuple[str, str]]:
        """Edges of which both ends are there, in order."""
        return [edge for edge in EDGES if self.carries(*edge)]

    def publish(self, sender: str, receiver: str, event: Event) -> None:
        """Send an event; without effect where one of the two is not there.

        Raises:
            ConfigError: if there is no such edge.
        """
        edge = self._edge(sender, receiver)
        if self.carries(sender, receiver):
            edge.send(event, self.now_s)

    def consume(self, receiver: str) -> list[Event]:
        """Events that have come for a component and have not acted yet: by the time of sending, each exactly once."""
        out: list[tuple[float, Event]] = []
        for edge in self._edges_into(receiver):
            if edge.log:
                edge.receive(self.now_s, repairs=self.repairs)
                out += edge.consume(self.now_s, self.due_s)
        if len(out) > 1:
            out.sort(key=lambda pair: pair[0])
        return [event for _, event in out]

    def disturb(
        self,
        sender: str,
        receiver: str,
        how: How,
        until_s: float,
        incident: int = -1,
        delay_s: float | None = None,
    ) -> None:
        """Let an edge drop, delay or duplicate events until then, or until it is subscribed anew.

        Args:
            sender: component.
            receiver: component.
            how: "drop", "delay" or "duplicate".
            until_s: s.
            incident: number under which what follows is written down; -1 for none.
            delay_s: by which events are late, s; one and a half periods if None.

        Raises:
            ConfigError: if there is no such edge, or it cannot be faulty so.
        """
        if how not in WAYS:
            raise ConfigError(f"an edge cannot {how}; there are: {', '.join(WAYS)}")
        late_s = 1.5 * self.period_s if delay_s is None else delay_s
        fault = Disturbance(how=how, until_s=until_s, incident=incident, delay_s=late_s)
        self._edge(sender, receiver).faults.append(fault)

    def graph(self) -> nx.DiGraph[str]:
        """The integration graph: six components and 14 edges with their figures; see :mod:`.graph`."""
        from .graph import integration_graph

        return integration_graph(self)

    def health(self) -> float:
        """Integration health: share of the events of the last periods that acted within two periods."""
        pairs = [pair for key in self.live() for pair in self.edges[key].timely]
        good, bad = sum(pair[0] for pair in pairs), sum(pair[1] for pair in pairs)
        return good / (good + bad) if good + bad else 1.0

    def worst(self) -> tuple[str, float]:
        """The edge with the lowest health, as ``"scaler -> metrics"``, and that health; of equals the first."""
        found = min(
            ((self.edges[key].health(), i) for i, key in enumerate(EDGES) if self.carries(*key)), default=None
        )
        return ("", 1.0) if found is None else (" -> ".join(EDGES[found[1]]), found[0])

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {"edges": list(self.edges.values()), "findings": self.findings, "now_s": self.now_s}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self.edges = {(edge.sender, edge.receiver): edge for edge in memory["edges"]}
        self.findings, self.now_s, self._into = memory["findings"], memory["now_s"], {}

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        model = __name__.rpartition(".integration.")[0]
        families = tuple(f"{model}.{name}." for name in ("integration", "health", "resilience"))
        return {name for name in sys.modules if name.startswith(families)}

    def _edge(self, sender: str, receiver: str) -> Edge:
        edge = self.edges.get((sender, receiver))
        if edge is None:
            known = ", ".join(f"{a} -> {b}" for a, b in EDGES)
            raise ConfigError(f"there is no edge {sender} -> {receiver}; there are: {known}")
        return edge

    def _edges_into(self, receiver: str) -> tuple[Edge, ...]:
        if receiver not in self._into:
            self._into[receiver] = tuple(
                self.edges[key] for key in EDGES if key[1] == receiver and self.carries(*key)
            )
        return self._into[receiver]


def build_bus(config: Config) -> Bus | None:
    """The bus that a config asks for; None where resilience or its health monitor is off."""
    c = config.resilience
    if not (c.on and c.health.on):
        return None
    return Bus(period_s=ticks(c.health.period_s, config.dt) * config.dt, repairs=c.recovery.on)


def ticks(period_s: float, dt: float) -> int:
    """The smallest number of ticks that is not shorter than a period.

    >>> ticks(10.0, 1.0), ticks(10.0, 7.0), ticks(10.0, 60.0)
    (10, 2, 1)
    """
    return max(ceil(period_s / dt - 1e-9), 1)


def often_enough(config: Config, *periods_s: float) -> float:
    """The longest period, in whole ticks, that ends whenever one of several others ends, s."""
    return gcd(*(ticks(period_s, config.dt) for period_s in periods_s)) * config.dt
