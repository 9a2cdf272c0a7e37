"""Overall health: the lowest of the healths of components and of integration, with its cause."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from ..swarm import SwarmModel


class Overall(NamedTuple):
    """Health of a whole model.

    Attributes:
        share: the lowest of all healths, in [0, 1].
        cause: what has it, in words; empty where nothing is wrong.
    """

    share: float
    cause: str


def overall_health(model: SwarmModel) -> Overall:
    """The lowest of component and integration healths.

    Component health is the share of a controller's due runs of the last six health periods that were done within
    its period; integration health the share of the events of these periods that acted within two. Where neither
    guard nor bus is there, nothing is known to be wrong.
    """
    found = [Overall(1.0, "")]
    if model.guard is not None:
        found += [
            Overall(share, f"{name} did {share:.0%} of its due runs in time")
            for name, share in model.guard.component_health().items()
        ]
    if model.bus is not None:
        share, (edge, worst) = model.bus.health(), model.bus.worst()
        found.append(Overall(share, f"{share:.1%} of all events acted in time, {worst:.1%} of those {edge}"))
    return min(found, key=lambda one: one.share)
