"""An edge of the integration graph loses, delays or doubles events."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, get_args

import numpy as np

from ....arrays import Ints
from ....errors import UnknownChoiceError
from ..base import Disturbance, Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import listed

HOW: tuple[str, ...] = get_args(Disturbance.__value__)


@dataclass(frozen=True, slots=True, kw_only=True)
class EdgeFault:
    """Events between two components of the model are dropped, delayed or delivered twice.

    Attributes:
        mtbf_s, law, shape, for_s, for_law, for_shape, deadline_s: see :class:`..base.Fault`.
        how: drop, delay or duplicate.
        sender: name of the component that sends; none given: any one.
        receiver: name of the one that receives; none given: any one.
    """

    layer: ClassVar[Layer] = "integration"
    shared: ClassVar[bool] = True
    hits: ClassVar[Hit] = "edge"
    at_once: ClassVar[bool] = False

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    for_s: float | None = 300.0
    for_law: Law = "lognormal"
    for_shape: float = 0.5
    deadline_s: float = 300.0
    how: Disturbance = "drop"
    sender: str = ""
    receiver: str = ""

    def __post_init__(self) -> None:
        require_times("edge-fault", self)
        if self.how not in HOW:
            raise UnknownChoiceError("disturbance for edge-fault.how", self.how, HOW)

    def components(self, world: World) -> Ints:
        """Places in the list of edges: of all, or of those between the components that are named."""
        fits = [self.sender in ("", a) and self.receiver in ("", b) for a, b in world.edges()]
        return np.flatnonzero(np.array(fits, np.bool_))

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        edges = world.edges()
        return listed("edge", "edges", [" -> ".join(edges[i]) for i in components.tolist()])

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """They are disturbed until then, or until they are repaired."""
        edges = world.edges()
        for i in components.tolist():
            sender, receiver = edges[i]
            world.disturb(sender, receiver, self.how, ends_s, incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """The disturbance has its end in itself."""
