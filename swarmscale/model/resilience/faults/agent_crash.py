"""An agent falls silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ....arrays import Ints
from ..base import Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import agents


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentCrash:
    """An agent crashes, with the task in its hands; nobody knows until its heartbeats are missed.

    Attributes:
        mtbf_s, law, shape, deadline_s: see :class:`..base.Fault`.
    """

    layer: ClassVar[Layer] = "component"
    shared: ClassVar[bool] = True
    hits: ClassVar[Hit] = "agent"
    at_once: ClassVar[bool] = False
    for_s: ClassVar[float | None] = None
    for_law: ClassVar[Law] = "exponential"
    for_shape: ClassVar[float] = 1.0

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    deadline_s: float = 60.0

    def __post_init__(self) -> None:
        require_times("agent-crash", self)

    def components(self, world: World) -> Ints:
        """Rows of all agents that are up."""
        return world.agents_up()

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        return agents(world, components)

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """They fall silent."""
        world.crash_agents(components, incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """They stay down until they are begun again: a crash is not over by itself."""
