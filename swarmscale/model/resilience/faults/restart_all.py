"""All nodes are restarted together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ....arrays import Floats, Ints
from ....errors import require
from ..base import Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import numbered


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartAll:
    """All coordination nodes stop in one moment; each boots again after a drawn time of its own.

    Attributes:
        mtbf_s, law, shape, deadline_s: see :class:`..base.Fault`.
        spread_s: time within which all have booted, s; each node's is uniform in it.
    """

    layer: ClassVar[Layer] = "system"
    shared: ClassVar[bool] = False
    hits: ClassVar[Hit] = "node"
    at_once: ClassVar[bool] = True

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    deadline_s: float = 120.0
    spread_s: float = 10.0

    def __post_init__(self) -> None:
        require_times("restart-all", self)
        require(self.spread_s > 0, "restart-all.spread_s", self.spread_s, "above 0")

    @property
    def for_s(self) -> float | None:
        """Time until the last node has booted, s."""
        return self.spread_s

    @property
    def for_law(self) -> Law:
        """Law of that time: with a coefficient of variation of 0 it is always the same."""
        return "lognormal"

    @property
    def for_shape(self) -> float:
        """Shape of that law."""
        return 0.0

    @property
    def drawn(self) -> float:
        """Share of the nodes that are hit: all."""
        return 1.0

    def components(self, world: World) -> Ints:
        """Numbers of the nodes that are up."""
        return np.array(sorted(k for k, up in world.model.network.graph.nodes(data="up") if up), np.int64)

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        return numbered("node", "nodes", components)

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """All stop."""
        world.stop_nodes(components, incident)

    def stages(self, draws: Floats, lasts_s: float) -> Floats:
        """When each node has booted."""
        return draws * lasts_s

    def go_on(self, world: World, components: Ints, stage: int, incident: int) -> None:
        """One node has booted."""
        world.start_nodes(components[stage : stage + 1], incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """The last node has booted before."""
