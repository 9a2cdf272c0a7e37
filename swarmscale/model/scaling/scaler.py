"""The scaler: sees, asks its policy, and carries out what the fleet's limits and the pools allow."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field, fields, replace
from math import isnan
from typing import TYPE_CHECKING, Any, ClassVar

from ...agents.fleet import WARM
from ..columns import Raw, dropped
from ..flow.ledger import TICKS_PER_S, Count
from .advice import Advisor
from .base import Decision, ScalingPolicy, Seen
from .events import ScalingEvent
from .hearing import Heard, tell
from .outlook import Outlook
from .pools import Grant, Pools
from .prices import Prices
from .prospects import Past, Prospect, Prospects
from .saving import MOST, Saving, saving
from .seeing import agent_seconds_per_work, over, price_paid, standing

if TYPE_CHECKING:
    from ..swarm import SwarmModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a scaler keeps to, whatever its policy wants.

    Attributes:
        least: agents that are always kept.
        most: largest fleet.
        warm: agents kept in the warm pool.
        slo_utilization: utilization up to which an agent meets its objective.
        lead_s: p95 of the start-up time + the scaler's period, s.
    """

    least: int
    most: int
    warm: int
    slo_utilization: float
    lead_s: float


@dataclass(slots=True, kw_only=True)
class Scaler:
    """The controller that keeps the fleet at the size that its policy wants.

    Attributes:
        policy: says how many agents are wanted.
        name: the policy's name.
        period_s: time between two decisions, s.
        limits: what it keeps to.
        prices: what agents and actions cost.
        pools: what agents stand on.
        outlook: what is foretold of demand.
        order: its place among controllers that are due together.
        events: what was done so far.
        cost: price paid so far.
        answered: tasks completed so far.
        demands: demand between decisions, agents.
        prospects: what was expected of utilization, spending and pool need, and how it came out.
        advisor: recommends what the policy does not do.
        heard: what other components have told.
    """

    title: ClassVar[str] = "scaler"
    component: ClassVar[str] = "scaler"
    policy: ScalingPolicy[Any]
    name: str
    period_s: float
    limits: Limits
    prices: Prices
    pools: Pools
    outlook: Outlook
    order: int = 10
    events: list[ScalingEvent] = field(default_factory=list)
    cost: float = 0.0
    answered: int = 0
    demands: list[float] = field(default_factory=list)
    prospects: Prospects = field(default_factory=Prospects)
    advisor: Advisor = field(default_factory=Advisor)
    heard: Heard = field(default_factory=Heard)
    _memory: Any = None
    _saving: tuple[int, Saving] | None = None
    _ticks: int = 0
    _bin: tuple[float, float] = (0.0, 0.0)

    def __post_init__(self) -> None:
        self._memory = self.policy.start()

    @property
    def of_config(self) -> bool:
        """The model makes it from its config; a checkpoint keeps its memory alone."""
        return True

    def begin(self, ticks: int, standing: int) -> None:
        """Begin the accounts in the midst of a run.

        Args:
            ticks: rows of the records so far, which it did not see.
            standing: agents that stand on the pools.
        """
        self._ticks = ticks
        self.pools = self.pools.holding(standing)

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        own = {name for name in sys.modules if name.startswith(__name__.rpartition(".model.")[0] + ".model.")}
        return own | {type(self.policy).__module__, type(self.outlook.forecaster).__module__}

    def act(self, model: SwarmModel) -> None:
        """One decision, from what was recorded since the last one; none where nothing is known of that."""
        until = self.heard.listen(model)
        if until <= self._ticks:
            self.heard.held += 1
            return
        raw = model.records.raw(self._ticks, until)
        self._ticks = until
        now, spent = self.see(model, raw)
        self._settle(model, raw, now, spent)
        decision, self._memory = self.policy.decide(now, self._memory)
        self._carry_out(model, now, decision)
        self._refill(model)
        self.heard.shed = 0

    def see(self, model: SwarmModel, raw: Raw) -> tuple[Seen, float]:
        """What the policy sees, and the price paid since the last decision."""

        def total(which: Count) -> float:
            return float(raw.count(which).sum())

        seconds = len(raw) * raw.dt
        states = {
            name: int(raw.state(name)[-1])
            for name in ("idle", "busy", "helping", "starting", "draining", "warm")
        }
        failed = int(raw.state("failed")[-1] + raw.state("recovering")[-1])
        ready = states["idle"] + states["busy"] + states["helping"]
        per_work = agent_seconds_per_work(
            model, total(Count.SERVICE_T) + total(Count.HELPED_T), total(Count.USEFUL_T)
        )
        demand = total(Count.WORK_ARRIVED_T) / TICKS_PER_S * per_work / seconds
        self._fill_bin(demand, seconds, model.now_s)
        spent = price_paid(raw, self.prices)
        waiting = self.heard.shed + sum(
            float(raw.count(c)[-1])
            for c in (Count.WAITING_CLUSTER, Count.WAITING_DISPATCH, Count.WAITING_INGRESS)
        )
        capacity = max(ready * self.limits.slo_utilization, 1e-9)
        due, lost = total(Count.DUE), float(dropped(raw).sum())
        answered = total(Count.COMPLETED)
        known = self.outlook.forecast == self.outlook.forecast
        seen = Seen(
            time_s=model.now_s,
            period_s=self.period_s,
            ready=ready,
            starting=states["starting"],
            draining=states["draining"],
            failed=failed,
            warm=states["warm"],
            utilization=over(total(Count.BUSY_T), total(Count.READY_T)),
            demand=demand,
            backlog_s=waiting * model.flow.demand.mean_work_s * per_work / capacity,
            late_share=1.0 - total(Count.MET) / due if due > 0 else 0.0,
            error_rate=over(lost, total(Count.ARRIVED)),
            cost_per_task=over(spent, answered),
            lead_s=self.limits.lead_s,
            slo_utilization=self.limits.slo_utilization,
            forecast=self.outlook.forecast if known else demand,
            upper=self.outlook.upper if known else demand,
            upper_later=self.outlook.upper_later if known else demand,
        )
        return seen, spent

    def _fill_bin(self, demand: float, seconds: float, now_s: float) -> None:
        """Add to the forecaster's bin, and hand it over when it is full."""
        summed, so_far = self._bin[0] + demand * seconds, self._bin[1] + seconds
        if so_far >= self.outlook.bin_s - 1e-9:
            self.outlook.add(summed / so_far, now_s)
            summed, so_far = 0.0, 0.0
        self._bin = (summed, so_far)

    def _settle(self, model: SwarmModel, raw: Raw, now: Seen, spent: float) -> None:
        """Keep what came of the time since the last decision, and score what was expected 300 s ago."""
        self.cost += spent
        self.answered += int(raw.count(Count.COMPLETED).sum())
        self.demands.append(now.demand)
        del self.demands[:-MOST]
        busy, ready = (float(raw.seconds(c).sum()) for c in (Count.BUSY_T, Count.READY_T))
        past = Past(now.time_s, busy, ready, spent, standing(model), now.demand, now.ready)
        for then, window, came in self.prospects.settle(past):
            if then.event >= 0:
                self.events[then.event] = replace(self.events[then.event], came=came)
            if then.advice >= 0:
                self.advisor.settle(then.advice, window, came, self.limits.slo_utilization, self.prices)

    def _carry_out(self, model: SwarmModel, now: Seen, decision: Decision) -> None:
        """Change the fleet's size, as far as limits and pools allow, and write down why."""
        before, after, pool, ready_at = now.provisioned, now.provisioned, "", now.time_s
        wanted = self.heard.with_newcomers(before, decision.agents)
        wanted = min(max(wanted, self.limits.least), self.limits.most)
        if wanted > before:
            stand = standing(model)
            grant, self.pools = self.pools.grow(stand, stand + wanted - before, now.time_s)
            after, pool = before + grant.agents - stand, grant.pool
            ready_at = start(model, grant)
        elif wanted < before:
            model.drain_workers(model.crew.to_release(before - wanted))
            after = wanted
            self.pools = self.pools.shrink(standing(model), now.time_s)
        kind, expected = self.prospects.expect(now, after, self.prices)
        event = -1
        if after != before or pool:
            self.cost += self.prices.start * max(after - before, 0)
            event = len(self.events)
            self.events.append(
                ScalingEvent(
                    time_s=now.time_s,
                    policy=self.name,
                    trigger=decision.trigger,
                    reason=self._why(decision),
                    before=before,
                    wanted=decision.agents,
                    after=after,
                    pool=pool,
                    ready_at_s=ready_at,
                    demand=now.demand,
                    forecast=now.forecast,
                    upper=now.upper,
                    cost=self.cost,
                    utilization=expected[0],
                    spending=expected[1],
                    pool_need=expected[2],
                )
            )
        tell(model, before, after, ready_at)
        advice = self.advisor.advise(
            now,
            self.outlook.lower_later,
            agents=after,
            asked=decision.agents,
            most=self.limits.most,
            pool=pool,
            prices=self.prices,
            expected=expected,
        )
        self.prospects.waiting.append(Prospect(now.time_s, kind, expected, event, advice))

    def _why(self, decision: Decision) -> str:
        """The policy's reason, and what else is known."""
        shape = [f"demand so far: {self.outlook.shape}"] if self.outlook.shape else []
        return "; ".join([decision.reason, *shape, *self.heard.words()])

    def _refill(self, model: SwarmModel) -> None:
        """Fill the warm pool up to its size."""
        missing = self.limits.warm - model.crew.in_state(WARM) if self.limits.warm else 0
        if missing > 0:
            model.spawn(missing, warm=True)

    def saving(self) -> Saving:
        """What the policy saves against named baselines on the demand so far."""
        if self._saving is None or self._saving[0] != self._ticks:
            self._saving = (self._ticks, saving(self, self.demands))
        return self._saving[1]

    def lately_saved(self, ticks: int) -> tuple[int, Saving]:
        """The tick of the last saving told and that saving, told anew if it is so many ticks old.

        A long run is replayed in seconds.
        """
        kept = self._saving
        if kept is None or isnan(kept[1].cost) or self._ticks - kept[0] >= ticks:
            kept = self._saving = (self._ticks, saving(self, self.demands))
        return kept

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        kept = {f.name: getattr(self, f.name) for f in fields(self) if f.name in _CHANGES}
        return kept | {"outlook": self.outlook.memory()}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in _CHANGES:
            setattr(self, name, memory[name])
        self.outlook.remember(memory["outlook"])


_CHANGES = (
    "pools", "events", "cost", "answered", "demands", "prospects", "advisor", "heard", "_memory", "_ticks", "_bin",
)  # fmt: skip


def start(model: SwarmModel, grant: Grant) -> float:
    """Start what the pools granted, warm agents first; return when the last one is ready, s."""
    ready_at = model.now_s
    for wait_s, agents in grant.batches:
        warm = model.wake(agents) if wait_s == 0.0 else None
        ready_at = max(ready_at, warm.ready_at_s if warm else ready_at)
        ready_at = max(ready_at, model.join(agents - (warm.number if warm else 0), wait_s=wait_s).ready_at_s)
    return ready_at
