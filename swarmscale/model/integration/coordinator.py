"""The coordinator's side of the bus: it tells who is there and how loaded nodes are, and does what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...arrays import Floats
from .bus import often_enough
from .events import Estimates, Limits, Membership, NodeLoad

if TYPE_CHECKING:
    from ..config import Config
    from ..swarm import SwarmModel

NOTABLE = 0.05
"""Share of the members that must be out, or back, before it is told."""


@dataclass(slots=True, kw_only=True)
class Coordinator:
    """The controller that speaks for clusters and nodes.

    Attributes:
        period_s: time between two looks, s.
        order: its place among controllers that are due together: after scaler and learner.
    """

    of_config: ClassVar[bool] = True
    title: ClassVar[str] = "coordinator"
    component: ClassVar[str] = "coordinator"
    period_s: float
    order: int = 25
    _out: int = 0
    _down: tuple[int, ...] = ()

    def act(self, model: SwarmModel) -> None:
        """Do what was told, and tell what has changed."""
        bus = model.bus
        assert bus is not None
        for event in bus.consume("coordinator"):
            if isinstance(event, Estimates):
                model.flow.pace = _as_long(event.pace, model.flow.pace)
                model.flow.trust = _as_long(event.trust, model.flow.trust)
            elif isinstance(event, Limits) and model.admission is not None:
                model.admission.enforce(event)
        self._tell_members(model)
        if bus.carries("coordinator", "optimizer"):
            bus.publish("coordinator", "optimizer", node_load(model))

    def _tell_members(self, model: SwarmModel) -> None:
        """Tell of nodes that went down or came back, and of many agents that did."""
        n = model.records.ticks
        last = model.records.raw(n - 1, n)
        out = int(last.state("failed")[-1] + last.state("recovering")[-1])
        down = tuple(np.flatnonzero(~model.network.known).tolist())
        if out == self._out and down == self._down:
            return
        members = model.crew.members()
        if down != self._down or abs(out - self._out) >= NOTABLE * max(members, 1):
            self._out, self._down = out, down
            model.bus.publish(  # type: ignore[union-attr]
                "coordinator", "intelligence", Membership(out=out, members=members, down=down)
            )

    def memory(self) -> dict[str, Any]:
        """What was told last, for a checkpoint."""
        return {"out": self._out, "down": self._down}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self._out, self._down = memory["out"], memory["down"]

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold: none."""
        return set()


def node_load(model: SwarmModel) -> NodeLoad:
    """How loaded the nodes are at the end of the last tick; shards look together."""
    state, node = model.flow.state, model.hierarchy_arrays.node_of_cluster
    nodes = model.network.nodes
    counts = np.stack([state.waiting, state.in_service, state.ready]).astype(np.int64)
    waiting, in_service, ready = (
        tuple(np.bincount(node, row, nodes).astype(np.int64).tolist())
        for row in model.crew.by_cluster(counts)
    )
    work_s = model.crew.by_cluster(state.backlog_s.view(np.int64)).view(np.float64)
    return NodeLoad(
        waiting=waiting,
        in_service=in_service,
        ready=ready,
        work_s=tuple(np.bincount(node, work_s, nodes).tolist()),
    )


def _as_long(told: Floats, now: Floats) -> Floats:
    """What was told of clusters; those that came since stay as they are."""
    return np.concatenate([told, now[len(told) :]]) if len(told) < len(now) else told


def build_coordinator(config: Config) -> Coordinator | None:
    """The coordinator; None where there is no bus."""
    c = config.resilience
    if not (c.on and c.health.on):
        return None
    learning = [config.learning.period_s] if config.learning.on else []
    admission = [c.admission.period_s] if c.admission.on else []
    return Coordinator(period_s=often_enough(config, c.health.period_s, *learning, *admission))
