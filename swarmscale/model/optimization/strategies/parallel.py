"""Parallel processing: large tasks are split over idle agents of their cluster."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....errors import require
from ..base import Bottleneck, Proposal
from .turning import turn_back, turn_settings

if TYPE_CHECKING:
    from ...swarm import SwarmModel

NAME = "parallel-processing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelProcessing:
    """Fork-join over as many agents as are mostly idle, for tasks above the mean work.

    Parts are equal, so that on p agents of one speed a task takes its p-th part, and the time of joining. Expected is
    that for tasks of exponential work: above the mean lie 1/e of them with 2/e of the work.

    Attributes:
        most: agents that share a task at most.
    """

    most: int = 8

    def __post_init__(self) -> None:
        require(2 <= self.most <= 64, "most", self.most, "from 2 to 64")

    def propose(self, model: SwarmModel, found: Bottleneck) -> Proposal | str:
        """See :class:`..base.Strategy`."""
        c = model.config
        if c.learning.on or c.resilience.pace.on:
            return "who shares a task cannot be judged by how long it took, and learning or pace judges"
        now = c.parallel.ways
        if now >= self.most:
            return f"large tasks are split over {now} agents already"
        ways = min(max(2 * now, 4), self.most)
        service_s = found.station("agents").service_s
        from_s = c.parallel.from_s if now > 1 else max(model.flow.demand.mean_work_s, 1e-3)
        large_s = 0.735 * service_s  # 2/e of it, in exponential work
        gained = large_s * (1 / now - 1 / ways) - 0.368 * c.parallel.join_ms / 1000
        return Proposal(
            strategy=NAME,
            knob="parallel.ways",
            words=f"tasks of {from_s:.3g} s of work or more are split over up to {ways} idle agents, not {now}",
            metric="response_s",
            expected=-gained / found.response_s if found.response_s > 0 else float("nan"),
            changes={"parallel.ways": ways, "parallel.from_s": from_s},
        )

    def turn(self, model: SwarmModel, proposal: Proposal) -> Any:
        """See :class:`..base.Strategy`."""
        return turn_settings(model, proposal.changes)

    def undo(self, model: SwarmModel, proposal: Proposal, kept: Any) -> None:
        """See :class:`..base.Strategy`."""
        turn_back(model, kept)
