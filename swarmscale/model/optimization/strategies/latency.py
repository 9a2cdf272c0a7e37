"""Latency optimization: look at more clusters before one is chosen; let waiting tasks be taken elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ....errors import require
from ...counting import bin_middles
from ...flow.dispatch import DISPATCH_RULES, JoinShortestQueue, RandomChoice, RoundRobin
from ...flow.ledger import quantiles
from ..base import Bottleneck, Proposal
from .turning import turn_back, turn_settings

if TYPE_CHECKING:
    from ...swarm import SwarmModel

NAME = "latency-optimization"


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyOptimization:
    """Join the shortest of more queues, twice as many each time; when that is done, hedge.

    Hedged dispatch lets a task that has waited longer than most be taken by idle agents of another cluster of its node:
    the waiting copy is withdrawn as soon as another one is begun, as in tied requests (Dean & Barroso 2013, who hedge
    after the 95th percentile of what is expected). If that was kept, any that waits may be taken. At most the wait in
    clusters can be gained, which is what is expected.

    Attributes:
        most: clusters that are looked at, at most.
        late: quantile of the wait in clusters after which a task may first be taken elsewhere.
        recent_s: stretch of time by which that is measured, s.
    """

    most: int = 8
    late: float = 0.95
    recent_s: float = 300.0

    def __post_init__(self) -> None:
        require(1 <= self.most <= 16, "most", self.most, "from 1 to 16")
        require(0 < self.late < 1, "late", self.late, "in (0, 1)")
        require(self.recent_s > 0, "recent_s", self.recent_s, "above 0")

    def propose(self, model: SwarmModel, found: Bottleneck) -> Proposal | str:
        """See :class:`..base.Strategy`."""
        rule = model.config.dispatch.rule
        share = _wait_share(found)
        if isinstance(rule, (RandomChoice, RoundRobin)):
            return self._choices(2, f"{DISPATCH_RULES.name_of(rule)} to the shorter of 2 queues", share)
        if isinstance(rule, JoinShortestQueue) and rule.d < self.most:
            d = min(2 * rule.d, self.most)
            return self._choices(d, f"the shortest of {d} queues in place of {rule.d}", share)
        stealing = model.config.stealing
        if not stealing.on:
            after_s = self._late_s(model)
            return self._hedge({"stealing.on": True, "stealing.after_s": after_s}, after_s, share)
        if stealing.after_s > 0:
            return self._hedge({"stealing.after_s": 0.0}, 0.0, share)
        return f"already the shortest of {self.most} queues or a rule that sees all of them, with hedged dispatch"

    def _late_s(self, model: SwarmModel) -> float:
        """The wait in clusters that so many tasks stayed below lately, to a millisecond, s; 0 if nobody waited."""
        records, wait_s = model.records, np.full(1, np.nan)
        hist = records.histogram("cluster_wait", max(model.now_s - self.recent_s, 0.0))
        hist = hist if hist.any() else records.histogram("cluster_wait")
        quantiles(hist.astype(np.int32), np.array([self.late]), bin_middles(), wait_s)
        return round(float(wait_s[0]), 3) if np.isfinite(wait_s[0]) else 0.0

    def _hedge(self, changes: dict[str, Any], after_s: float, share: float) -> Proposal:
        waited = f"have waited longer than {after_s:g} s" if after_s > 0 else "wait"
        return Proposal(
            strategy=NAME,
            knob="stealing.on" if "stealing.on" in changes else "stealing.after_s",
            words=f"tasks that {waited} may be taken by idle agents of other clusters (hedged dispatch)",
            metric="response_s",
            expected=-share,
            changes=changes,
        )

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
