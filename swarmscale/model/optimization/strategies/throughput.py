"""Throughput maximization: nodes serve messages in batches, which share the overhead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....errors import require
from ..base import Bottleneck, Proposal
from .turning import turn_back, turn_settings

if TYPE_CHECKING:
    from ...swarm import SwarmModel

NAME = "throughput-maximization"


@dataclass(frozen=True, slots=True, kw_only=True)
class ThroughputMaximization:
    """Larger batches at the station that is more at work, as long as there is overhead to share; else smaller ones.

    A batch takes overhead + its tasks' service, so a station can do 1 / (service + overhead / batch) a second; but each
    task waits for the end of its whole batch. Expected is the change of the station's busy share, of which its waiting
    follows.

    Attributes:
        factor: by which a batch grows.
        most: tasks in a batch at most.
    """

    factor: int = 8
    most: int = 512

    def __post_init__(self) -> None:
        require(self.factor >= 2, "factor", self.factor, "2 or more")
        require(self.most >= 2, "most", self.most, "2 or more")

    def propose(self, model: SwarmModel, found: Bottleneck) -> Proposal | str:
        """See :class:`..base.Strategy`."""
        config = model.config
        ways = []
        for name in ("ingress", "dispatch"):
            station, use = getattr(config, name), found.station(name)
            if station.overhead_ms > 0 and station.batch < self.most:
                batch = min(self.factor * station.batch, self.most)
                before = station.service_ms + station.overhead_ms / station.batch
                after = station.service_ms + station.overhead_ms / batch
                ways.append((use.busiest, name, batch, after / before - 1))
            elif station.overhead_ms == 0 and station.batch > 1:
                ways.append((0.0, name, 1, float("nan")))
        if not ways:
            return "no station has overhead that a larger batch could share"
        _, name, batch, expected = max(ways, key=lambda way: way[0])
        return Proposal(
            strategy=NAME,
            knob=f"{name}.batch",
            words=f"batches of {batch} at {name} in place of {getattr(config, name).batch}",
            metric="response_s" if found.station(name).wait_s > 0.1 * found.response_s else "network_s",
            expected=expected,
            changes={f"{name}.batch": batch},
        )

    def turn(self, model: SwarmModel, proposal: Proposal) -> Any:
        """See :class:`..base.Strategy`."""
        return turn_settings(model, proposal.changes)

    def undo(self, model: SwarmModel, proposal: Proposal, kept: Any) -> None:
        """See :class:`..base.Strategy`."""
        turn_back(model, kept)
