"""Many agents crash in one moment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ....arrays import Ints
from ....errors import require
from ..base import Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import agents


@dataclass(frozen=True, slots=True, kw_only=True)
class MassCrash:
    """A share of all agents crashes in one moment, wherever they are.

    Attributes:
        mtbf_s, law, shape, deadline_s: see :class:`..base.Fault`.
        share: of the agents that are up, in (0, 1]; which ones is drawn.
    """

    layer: ClassVar[Layer] = "system"
    shared: ClassVar[bool] = True
    hits: ClassVar[Hit] = "agent"
    at_once: ClassVar[bool] = True
    for_s: ClassVar[float | None] = None
    for_law: ClassVar[Law] = "exponential"
    for_shape: ClassVar[float] = 1.0

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    deadline_s: float = 300.0
    share: float = 0.3

    def __post_init__(self) -> None:
        require_times("mass-crash", self)
        require(0 < self.share <= 1, "mass-crash.share", self.share, "above 0, at most 1")

    @property
    def drawn(self) -> float:
        """Share of the agents that are hit."""
        return self.share

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
        """They stay down until they are begun again."""
