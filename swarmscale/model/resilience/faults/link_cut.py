"""A link carries nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ....arrays import Ints
from ..base import Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import ends, link_numbers, links


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkCut:
    """A link of the mesh carries nothing, for a time; what is on it is lost.

    Attributes:
        mtbf_s, law, shape, for_s, for_law, for_shape, deadline_s: see :class:`..base.Fault`.
    """

    layer: ClassVar[Layer] = "network"
    shared: ClassVar[bool] = True
    hits: ClassVar[Hit] = "link"
    at_once: ClassVar[bool] = False

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    for_s: float | None = 60.0
    for_law: Law = "lognormal"
    for_shape: float = 0.5
    deadline_s: float = 120.0

    def __post_init__(self) -> None:
        require_times("link-cut", self)

    def components(self, world: World) -> Ints:
        """Numbers of the links of the mesh."""
        return link_numbers(world)

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        return links(world, components)

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """They carry nothing."""
        world.cut_links(ends(world, components), incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """They carry again."""
        world.mend_links(ends(world, components), incident)
