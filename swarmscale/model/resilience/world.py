"""The model as faults see it; see :class:`.base.World`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...arrays import Floats, Ints
from .base import Disturbance
from .incidents import IncidentLog

if TYPE_CHECKING:
    from ..swarm import SwarmModel
    from .engine import Resilience


@dataclass(slots=True)
class ModelWorld:
    """Hands what faults do on to the parts of the engine, the guard and the bus."""

    of: Resilience

    @property
    def model(self) -> SwarmModel:
        """The model."""
        return self.of.model

    @property
    def log(self) -> IncidentLog:
        """Incidents and suspicions so far."""
        return self.of.log

    @property
    def now_s(self) -> float:
        """Begin of the tick, s."""
        return self.of.now_s

    def agents_up(self) -> Ints:
        """See :class:`.base.World`."""
        return self.of.agents.up()

    def crash_agents(self, rows: Ints, incident: int) -> None:
        """See :class:`.base.World`."""
        self.of.agents.crash(rows, incident)

    def slow_agents(self, rows: Ints, factor: Floats, incident: int) -> None:
        """See :class:`.base.World`."""
        self.of.agents.slow_down(rows, factor, incident)

    def heal_agents(self, rows: Ints, incident: int) -> None:
        """See :class:`.base.World`."""
        self.of.agents.heal(rows, incident)

    def leads(self) -> Ints:
        """See :class:`.base.World`."""
        return self.of.leads.answering()

    def crash_leads(self, clusters: Ints, incident: int) -> None:
        """See :class:`.base.World`."""
        self.of.leads.crash(clusters, incident)

    def stop_nodes(self, nodes: Ints, incident: int) -> None:
        """See :class:`.base.World`."""
        self.of.routes.stop(nodes, incident)

    def start_nodes(self, nodes: Ints, incident: int) -> None:
        """See :class:`.base.World`."""
        self.of.routes.start(nodes, incident)

    def links(self) -> Ints:
        """See :class:`.base.World`."""
        return self.of.routes.links()

    def cut_links(self, links: Ints, incident: int) -> None:
        """See :class:`.base.World`."""
        self.of.routes.cut_links(links, incident)

    def mend_links(self, links: Ints, incident: int) -> None:
        """See :class:`.base.World`."""
        self.of.routes.mend_links(links, incident)

    def lose_on_links(self, links: Ints, loss: float | None, incident: int) -> None:
        """See :class:`.base.World`."""
        self.of.routes.lose_on_links(links, loss, incident)

    def slow_links(self, links: Ints, factor: float, incident: int) -> None:
        """See :class:`.base.World`."""
        self.of.routes.slow_links(links, factor, incident)

    def controllers(self) -> list[str]:
        """See :class:`.base.World`."""
        guard = self.model.guard
        return guard.names() if guard is not None else []

    def stall(self, controller: str, until_s: float, incident: int) -> None:
        """See :class:`.base.World`."""
        if self.model.guard is not None:
            self.model.guard.stall(controller, until_s, incident)

    def break_controller(self, controller: str, times: int, incident: int) -> None:
        """See :class:`.base.World`."""
        if self.model.guard is not None:
            self.model.guard.break_controller(controller, times, incident)

    def edges(self) -> list[tuple[str, str]]:
        """See :class:`.base.World`."""
        bus = self.model.bus
        return bus.live() if bus is not None else []

    def disturb(self, sender: str, receiver: str, how: Disturbance, until_s: float, incident: int) -> None:
        """See :class:`.base.World`."""
        if self.model.bus is not None:
            self.model.bus.disturb(sender, receiver, how, until_s, incident)
