"""A controller does not act for a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ....arrays import Ints
from ..base import Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import listed, places


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerStall:
    """A controller hangs: it does not act until the stall is over or it is begun again.

    Attributes:
        mtbf_s, law, shape, for_s, for_law, for_shape, deadline_s: see :class:`..base.Fault`.
        controller: its name; none given: any one.
    """

    layer: ClassVar[Layer] = "integration"
    shared: ClassVar[bool] = True
    hits: ClassVar[Hit] = "controller"
    at_once: ClassVar[bool] = False

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    for_s: float | None = 60.0
    for_law: Law = "lognormal"
    for_shape: float = 0.5
    deadline_s: float = 300.0
    controller: str = ""

    def __post_init__(self) -> None:
        require_times("controller-stall", self)

    def components(self, world: World) -> Ints:
        """Places in the list of controllers: of all, or of the one that is named."""
        return places(world.controllers(), self.controller)

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        names = world.controllers()
        return listed("controller", "controllers", [names[i] for i in components.tolist()])

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """They hang until then."""
        names = world.controllers()
        for i in components.tolist():
            world.stall(names[i], ends_s, incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """The stall has its end in itself."""
