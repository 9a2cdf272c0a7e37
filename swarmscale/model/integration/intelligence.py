"""The intelligence engine's side of the bus: what it is told makes it probe at once, or trust old evidence less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from .bus import often_enough
from .events import Membership, Resized

if TYPE_CHECKING:
    from ..config import Config
    from ..swarm import SwarmModel


@dataclass(slots=True, kw_only=True)
class Intelligence:
    """The controller that listens for prober and learner.

    Attributes:
        period_s: time between two looks, s.
        order: its place among controllers that are due together: before the prober.
    """

    of_config: ClassVar[bool] = True
    title: ClassVar[str] = "intelligence"
    component: ClassVar[str] = "intelligence"
    period_s: float
    order: int = 89

    def act(self, model: SwarmModel) -> None:
        """Do what was told."""
        assert model.bus is not None
        changed = False
        for event in model.bus.consume("intelligence"):
            if isinstance(event, Membership):
                changed = True
            elif isinstance(event, Resized) and model.learner is not None:
                model.learner.resized(event.before, event.after, event.ready_at_s)
        if changed and model.prober is not None:
            model.dispatcher.ask(model.prober, model)

    def memory(self) -> None:
        """Nothing."""

    def remember(self, memory: Any) -> None:
        """Nothing."""

    def modules(self) -> set[str]:
        """None."""
        return set()


def build_intelligence(config: Config) -> Intelligence | None:
    """The intelligence engine's side; None where there is no bus, or neither prober nor learner."""
    c = config.resilience
    if not (c.on and c.health.on) or not (config.learning.on or config.intelligence.on):
        return None
    learning = [config.learning.period_s] if config.learning.on else []
    return Intelligence(period_s=often_enough(config, c.health.period_s, *learning))
