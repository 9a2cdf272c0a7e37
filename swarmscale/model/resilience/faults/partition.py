"""The mesh falls apart in two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ....arrays import Ints
from ....errors import require
from ..base import Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import numbered, whole_numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A share of the nodes is cut from all others, for a time: every link between the two sides carries nothing.

    Attributes:
        mtbf_s, law, shape, for_s, for_law, for_shape, deadline_s: see :class:`..base.Fault`.
        share: of the nodes, that is cut off, in (0, 1); which ones is drawn.
        nodes: numbers of the nodes that are cut off, in place of a share.
    """

    layer: ClassVar[Layer] = "network"
    shared: ClassVar[bool] = True
    hits: ClassVar[Hit] = "node"
    at_once: ClassVar[bool] = True

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    for_s: float | None = 30.0
    for_law: Law = "lognormal"
    for_shape: float = 0.5
    deadline_s: float = 120.0
    share: float = 0.25
    nodes: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        require_times("partition", self)
        object.__setattr__(self, "nodes", whole_numbers("partition.nodes", self.nodes))
        require(0 < self.share < 1, "partition.share", self.share, "above 0 and below 1")

    @property
    def drawn(self) -> float:
        """Share of its components that are hit: named nodes all."""
        return 1.0 if self.nodes else self.share

    def components(self, world: World) -> Ints:
        """Numbers of all nodes, or of those that are named."""
        everything = np.arange(world.model.hierarchy_arrays.nodes)
        return np.array(sorted(set(self.nodes)), np.int64) if self.nodes else everything

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        return f"{numbered('node', 'nodes', components)} cut from the rest"

    def parts(self, world: World, components: Ints) -> int:
        """Links that join the two sides."""
        return len(_between(world, components))

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """The links between the two sides carry nothing."""
        world.cut_links(_between(world, components), incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """They carry again."""
        world.mend_links(_between(world, components), incident)


def _between(world: World, nodes: Ints) -> Ints:
    """`[n, 2]` links that join one of these nodes to one of the others."""
    links = world.links()
    inside = np.isin(links, nodes)
    return np.asarray(links[inside[:, 0] != inside[:, 1]], np.int64)
