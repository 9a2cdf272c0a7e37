"""Latency optimization: look at more clusters before one is chosen; let waiting tasks be taken elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ....errors import require
from ...flow.dispatch import DISPATCH_RULES, JoinShortestQueue, RandomChoice, RoundRobin
from ..base import Bottleneck, Proposal
from .turning import turn_back, turn_settings

if TYPE_CHECKING:
    from ...swarm import SwarmModel

NAME = "latency-optimization"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyOptimization:
    """Join the shortest of more queues, twice as many each time; when that is done, hedge.

    Hedged dispatch lets a task that waits be taken by idle agents of another cluster: the waiting copy is withdrawn as
    soon as another one is begun, as in tied requests (Dean & Barroso 2013). At most the wait in clusters can be
    gained, which is what is expected.

    Attributes:
        most: clusters that are looked at, at most.
    """

    most: int = 8

    def __post_init__(self) -> None:
        require(1 <= self.most <= 16, "most", self.most, "from 1 to 16")

    def propose(self, model: SwarmModel, found: Bottleneck) -> Proposal | str:
        """See :class:`..base.Strategy`."""
        rule = model.config.dispatch.rule
        share = _wait_share(found)
        if isinstance(rule, (RandomChoice, RoundRobin)):
            return self._choices(2, f"{DISPATCH_RULES.name_of(rule)} to the shorter of 2 queues", share)
        if isinstance(rule, JoinShortestQueue) and rule.d < self.most:
            d = min(2 * rule.d, self.most)
            return self._choices(d, f"the shortest of {d} queues in place of {rule.d}", share)
        if not model.config.stealing.on:
            return Proposal(
                strategy=NAME,
                knob="stealing.on",
                words="tasks that wait may be taken by idle agents of other clusters (hedged dispatch)",
                metric="response_s",
                expected=-share,
                changes={"stealing.on": True},
            )
        return f"already the shortest of {self.most} queues or a rule that sees all of them, with hedged dispatch"

    def _choices(self, d: int, words: str, share: float) -> Proposal:
        return Proposal(
            strategy=NAME,
            knob="dispatch.rule",
            words=words,
            metric="response_s",
            expected=-share,
            changes={"dispatch.rule": "jsq", "dispatch.rule.d": d},
        )

    def turn(self, model: SwarmModel, proposal: Proposal) -> Any:
        """See :class:`..base.Strategy`."""
        return turn_settings(model, proposal.changes)

    def undo(self, model: SwarmModel, proposal: Proposal, kept: Any) -> None:
        """See :class:`..base.Strategy`."""
        turn_back(model, kept)


def _wait_share(found: Bottleneck) -> float:
    """Share of the response time that is waiting in clusters."""
    return found.station("clusters").wait_s / found.response_s if found.response_s > 0 else 0.0
