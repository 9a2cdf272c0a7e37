"""Throughput maximization: nodes serve messages in batches, which share the overhead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ....errors import require
from ..base import Bottleneck, Proposal, StationUse
from ..theory.batches import mean_sojourn
from .turning import turn_back, turn_settings

if TYPE_CHECKING:
    from ...config import Station
    from ...swarm import SwarmModel

NAME = "throughput-maximization"
SLOW = 0.1
"""Share of the response time that waiting at a station must be before the response is what is judged (assumed)."""


class Way(NamedTuple):
    """Another size of the batches at one kind of station.

    Attributes:
        busiest: busy share of the busiest of these stations.
        name: "ingress" or "dispatch".
        batch: tasks at most.
        gained_s: time at the station that a task spares, s; NaN if theory says nothing.
    """

    busiest: float
    name: str
    batch: int
    gained_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ThroughputMaximization:
    """Larger batches at the station that is more at work, as long as there is overhead to share; else smaller ones.

    A batch takes overhead + its tasks' service, so a station can do 1 / (service + overhead / batch) a second; but each
    task waits for the end of its whole batch. Expected is the change of a task's time at the station by the theory of
    bulk queues; where that says that smaller batches than now are better than both these and larger ones, they are
    proposed.

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
        ways = [
            way
            for name in ("ingress", "dispatch")
            if (way := self._way(getattr(config, name), name, found)) is not None
        ]
        if not ways:
            return "no station has overhead that a larger batch could share"
        _, name, batch, gained_s = max(ways, key=lambda way: way.busiest)
        slow = found.station(name).wait_s > SLOW * found.response_s
        whole_s = found.response_s if slow else _network_s(found)
        return Proposal(
            strategy=NAME,
            knob=f"{name}.batch",
            words=f"batches of {batch} at {name} in place of {getattr(config, name).batch}",
            metric="response_s" if slow else "network_s",
            expected=max(-gained_s / whole_s, -1.0) if whole_s > 0 else float("nan"),
            changes={f"{name}.batch": batch},
        )

    def _way(self, station: Station, name: str, found: Bottleneck) -> Way | None:
        """The other size that would be tried at a station; None where there is nothing to share."""
        use = found.station(name)
        if station.overhead_ms == 0 and station.batch == 1:
            return None
        now_s = use.wait_s + use.service_s  # where the queue only grows, what was measured
        if use.visits > 0 and (told := self._told_s(station, use, found, station.batch)) < float("inf"):
            now_s = told
        larger, smaller = min(self.factor * station.batch, self.most), max(station.batch // self.factor, 1)
        sizes = [larger] if station.overhead_ms > 0 and larger > station.batch else []
        after = {
            size: self._told_s(station, use, found, size) for size in {*sizes, smaller} - {station.batch}
        }
        if smaller in after and after[smaller] < min([now_s, *(after[size] for size in sizes)]):
            return Way(use.busiest, name, smaller, use.visits * (now_s - after[smaller]))
        if not sizes:
            return None
        return Way(use.busiest, name, larger, use.visits * (now_s - after[larger]))

    @staticmethod
    def _told_s(station: Station, use: StationUse, found: Bottleneck, batch: int) -> float:
        """Mean time at the station with such batches by theory, s; NaN where nothing was served."""
        rate = found.throughput_per_s * use.visits / use.servers
        if rate <= 0:
            return float("nan")
        if station.service_ms == station.overhead_ms == 0:
            return 0.0
        return mean_sojourn(rate, station.service_ms / 1000, station.overhead_ms / 1000, batch)

    def turn(self, model: SwarmModel, proposal: Proposal) -> Any:
        """See :class:`..base.Strategy`."""
        return turn_settings(model, proposal.changes)

    def undo(self, model: SwarmModel, proposal: Proposal, kept: Any) -> None:
        """See :class:`..base.Strategy`."""
        turn_back(model, kept)


def _network_s(found: Bottleneck) -> float:
    """The network part of the response time, s."""
    parts = [found.station(name) for name in ("ingress", "links", "dispatch")]
    return sum(one.demand_s + one.wait_s for one in parts)
