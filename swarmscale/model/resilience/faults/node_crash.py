"""A coordination node stops, and boots again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ....arrays import Ints
from ..base import Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import numbered


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCrash:
    """A coordination node stops, with all that waits in it, and answers again when it has booted.

    Attributes:
        mtbf_s, law, shape, for_s, for_law, for_shape, deadline_s: see :class:`..base.Fault`.
    """

    layer: ClassVar[Layer] = "component"
    shared: ClassVar[bool] = False
    hits: ClassVar[Hit] = "node"
    at_once: ClassVar[bool] = False

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    for_s: float | None = 120.0
    for_law: Law = "lognormal"
    for_shape: float = 0.5
    deadline_s: float = 60.0

    def __post_init__(self) -> None:
        require_times("node-crash", self)

    def components(self, world: World) -> Ints:
        """Numbers of the nodes that are up."""
        return np.array(sorted(k for k, up in world.model.network.graph.nodes(data="up") if up), np.int64)

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        return numbered("node", "nodes", components)

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """They stop."""
        world.stop_nodes(components, incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """They have booted."""
        world.start_nodes(components, incident)
