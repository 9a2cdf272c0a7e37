"""A cluster's lead falls silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ....arrays import Ints
from ..base import Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import numbered


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadCrash:
    """The lead of a cluster crashes: nothing is begun there until its members have elected another.

    Attributes:
        mtbf_s, law, shape, deadline_s: see :class:`..base.Fault`.
    """

    layer: ClassVar[Layer] = "component"
    shared: ClassVar[bool] = True
    hits: ClassVar[Hit] = "lead"
    at_once: ClassVar[bool] = False
    for_s: ClassVar[float | None] = None
    for_law: ClassVar[Law] = "exponential"
    for_shape: ClassVar[float] = 1.0

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    deadline_s: float = 60.0

    def __post_init__(self) -> None:
        require_times("lead-crash", self)

    def components(self, world: World) -> Ints:
        """Numbers of the clusters whose lead answers."""
        return world.leads()

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        return numbered("lead of cluster", "leads of clusters", components)

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """They fall silent."""
        world.crash_leads(components, incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """It stays down until another lead is elected: a crash is not over by itself."""
