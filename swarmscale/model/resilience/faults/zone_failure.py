"""Everything in a zone fails together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ....arrays import Bools, Ints, Ints32
from ..base import Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import numbered


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneFailure:
    """All agents of a zone crash in one moment, and the leads of its clusters with them: a correlated failure.

    Attributes:
        mtbf_s, law, shape, deadline_s: see :class:`..base.Fault`.
    """

    layer: ClassVar[Layer] = "system"
    shared: ClassVar[bool] = True
    hits: ClassVar[Hit] = "zone"
    at_once: ClassVar[bool] = False
    for_s: ClassVar[float | None] = None
    for_law: ClassVar[Law] = "exponential"
    for_shape: ClassVar[float] = 1.0

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    deadline_s: float = 120.0

    def __post_init__(self) -> None:
        require_times("zone-failure", self)

    def components(self, world: World) -> Ints:
        """Numbers of the zones that have clusters here."""
        return np.unique(_zones(world)).astype(np.int64)

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        return numbered("zone", "zones", components)

    def parts(self, world: World, components: Ints) -> int:
        """Its agents and leads."""
        return sum(map(len, _inside(world, components)))

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """They fall silent."""
        rows, clusters = _inside(world, components)
        world.crash_agents(rows, incident)
        world.crash_leads(clusters, incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """They stay down until they are begun again."""


def _zones(world: World) -> Ints32:
    """`[Q here]` zone of each cluster here."""
    model = world.model
    zones: Ints32 = model.hierarchy_arrays.zone_of_cluster[model.shard.territory.clusters]
    return zones


def _inside(world: World, zones: Ints) -> tuple[Ints, Ints]:
    """Rows of the agents that are up in these zones, and numbers of the clusters there whose lead answers."""
    hit: Bools = np.isin(_zones(world), zones)
    rows, leads = world.agents_up(), world.leads()
    clusters = world.model.shard.territory.clusters[hit]
    return rows[hit[rows // world.model.fleet.slots]], leads[np.isin(leads, clusters)]
