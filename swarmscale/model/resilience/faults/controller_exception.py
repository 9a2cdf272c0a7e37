"""A controller throws."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ....arrays import Ints
from ....errors import require
from ..base import Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import listed, places


@dataclass(frozen=True, slots=True, kw_only=True)
class ControllerException:
    """A controller throws the next times that it would act.

    Attributes:
        mtbf_s, law, shape, deadline_s: see :class:`..base.Fault`.
        controller: its name; none given: any one.
        times: how often it throws.
    """

    layer: ClassVar[Layer] = "integration"
    shared: ClassVar[bool] = True
    hits: ClassVar[Hit] = "controller"
    at_once: ClassVar[bool] = False
    for_s: ClassVar[float | None] = None
    for_law: ClassVar[Law] = "exponential"
    for_shape: ClassVar[float] = 1.0

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    deadline_s: float = 300.0
    controller: str = ""
    times: int = 1

    def __post_init__(self) -> None:
        require_times("controller-exception", self)
        require(1 <= self.times <= 1000, "controller-exception.times", self.times, "from 1 to 1000")

    def components(self, world: World) -> Ints:
        """Places in the list of controllers: of all, or of the one that is named."""
        return places(world.controllers(), self.controller)

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        names = world.controllers()
        return listed("controller", "controllers", [names[i] for i in components.tolist()])

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """They will throw."""
        names = world.controllers()
        for i in components.tolist():
            world.break_controller(names[i], self.times, incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """It is over when it has thrown as often as it should."""
