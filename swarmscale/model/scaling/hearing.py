"""What other components have told the scaler."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from ..integration.events import Figures, Practice, Resized, Shed

if TYPE_CHECKING:
    from ..swarm import SwarmModel


@dataclass(slots=True, kw_only=True)
class Heard:
    """What other components have told the scaler.

    Attributes:
        until_tick: tick up to which the fleet's figures are known.
        newcomer: agent-seconds that an agent without practice takes for work, over those that the fleet takes.
        shed: tasks refused at the door since the last decision; they would wait otherwise.
        held: decisions that were not taken, since nothing was known of the time since the last one.
    """

    until_tick: int = 0
    newcomer: float = 1.0
    shed: int = 0
    held: int = 0

    def listen(self, model: SwarmModel) -> int:
        """Hear what others tell; return the tick up to which the fleet's figures are known."""
        if model.bus is None:
            return model.records.ticks
        for event in model.bus.consume("scaler"):
            if isinstance(event, Figures):
                self.until_tick = event.until_tick
            elif isinstance(event, Practice):
                self.newcomer = event.newcomer
            elif isinstance(event, Shed):
                self.shed += event.tasks
        return self.until_tick if model.bus.carries("metrics", "scaler") else model.records.ticks

    def with_newcomers(self, before: int, wanted: int) -> int:
        """Agents to have where so many practiced ones are wanted: those that are added are newcomers."""
        if wanted <= before:
            return wanted
        return before + ceil((wanted - before) * self.newcomer - 1e-9)

    def words(self) -> list[str]:
        """What it has changed, in words."""
        known = []
        if self.newcomer != 1.0:
            known.append(f"a newcomer takes {self.newcomer:.2f} of the fleet's time")
        if self.shed:
            known.append(f"{self.shed} tasks were shed")
        return known


def tell(model: SwarmModel, before: int, after: int, ready_at_s: float) -> None:
    """Tell the others that the fleet gets another size."""
    if model.bus is None or after == before:
        return
    for receiver in ("intelligence", "optimizer", "metrics"):
        model.bus.publish("scaler", receiver, Resized(before=before, after=after, ready_at_s=ready_at_s))
