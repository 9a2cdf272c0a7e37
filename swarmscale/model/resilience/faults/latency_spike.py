"""A link becomes slow."""

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
class LatencySpike:
    """A link takes a multiple of its latency, for a time.

    Attributes:
        mtbf_s, law, shape, for_s, for_law, for_shape, deadline_s: see :class:`..base.Fault`.
        factor: on its latency, above 1 (assumed).
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
    factor: float = 10.0

    def __post_init__(self) -> None:
        require_times("latency-spike", self)
        require(1 < self.factor <= 10_000, "latency-spike.factor", self.factor, "above 1, at most 10000")

    def components(self, world: World) -> Ints:
        """Numbers of the links of the mesh."""
        return link_numbers(world)

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        return links(world, components)

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """They are slow."""
        world.slow_links(ends(world, components), self.factor, incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """They are as fast again as they were made."""
        world.slow_links(ends(world, components), 1.0, incident)
