"""A link loses more messages than it should."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ....arrays import Ints
from ....errors import require
from ..base import Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import ends, link_numbers, links


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLoss:
    """A link loses each message with a chance, for a time.

    Attributes:
        mtbf_s, law, shape, for_s, for_law, for_shape, deadline_s: see :class:`..base.Fault`.
        loss: chance that a message is lost on it, in (0, 1) (assumed).
    """

    layer: ClassVar[Layer] = "network"
    shared: ClassVar[bool] = True
    hits: ClassVar[Hit] = "link"
    at_once: ClassVar[bool] = False

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    for_s: float | None = 30.0
    for_law: Law = "lognormal"
    for_shape: float = 0.5
    deadline_s: float = 120.0
    loss: float = 0.2

    def __post_init__(self) -> None:
        require_times("link-loss", self)
        require(0 < self.loss < 1, "link-loss.loss", self.loss, "above 0 and below 1")

    def components(self, world: World) -> Ints:
        """Numbers of the links of the mesh."""
        return link_numbers(world)

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        return links(world, components)

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """They lose messages."""
        world.lose_on_links(ends(world, components), self.loss, incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """They lose as few as configured again."""
        world.lose_on_links(ends(world, components), None, incident)
