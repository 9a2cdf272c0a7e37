"""The origin's five rules, each as a policy of its own; see :mod:`.runs` for limits and :mod:`.triggers`.

Source:
    The origin's table of scaling policies (factor, limit, cooldown); the triggers are those of ``docs/scaling.md``.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import require
from .base import Decision, Seen
from .runs import NO_RUN, Run, act, check
from .triggers import NO_LIMIT, Limit, followed, high_demand, low_demand, overload, surge_ahead, too_dear


@dataclass(frozen=True, slots=True, kw_only=True)
class HighDemandReactive:
    """Half as many agents again while utilization or the backlog is high.

    Attributes:
        utilization: fires above it, in (0, 1].
        backlog_s: fires above it, s.
        factor: the fleet is multiplied by it.
        limit: at most this many times the fleet when the run began.
        cooldown_s: least time between two actions, s.
    """

    utilization: float = 0.8
    backlog_s: float = 5.0
    factor: float = 1.5
    limit: float = 2.0
    cooldown_s: float = 60.0

    def __post_init__(self) -> None:
        require(0 < self.utilization <= 1, "scaling.utilization", self.utilization, "in (0, 1]")
        require(self.backlog_s >= 0, "scaling.backlog_s", self.backlog_s, "0 or more")
        check(self.factor, self.limit, self.cooldown_s, up=True)

    def start(self) -> Run:
        """No run of actions is under way."""
        return NO_RUN

    def decide(self, now: Seen, memory: Run) -> tuple[Decision, Run]:
        """See :class:`ScalingPolicy`."""
        why = high_demand(now, self.utilization, self.backlog_s)
        if not why:
            calm = f"utilization {now.utilization:.3f} and backlog {now.backlog_s:.1f} s are not high"
            return quiet(now, calm), memory
        return moved(self, "high demand", why, now, memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class LowDemandReactive:
    """A fifth fewer agents while utilization is low and nothing waits.

    Attributes:
        utilization: fires below it, in (0, 1].
        factor: the fleet is multiplied by it.
        limit: at least this many times the fleet when the run began.
        cooldown_s: least time between two actions, s.
    """

    utilization: float = 0.3
    factor: float = 0.8
    limit: float = 0.5
    cooldown_s: float = 180.0

    def __post_init__(self) -> None:
        require(0 < self.utilization <= 1, "scaling.utilization", self.utilization, "in (0, 1]")
        check(self.factor, self.limit, self.cooldown_s, up=False)

    def start(self) -> Run:
        """No run of actions is under way."""
        return NO_RUN

    def decide(self, now: Seen, memory: Run) -> tuple[Decision, Run]:
        """See :class:`ScalingPolicy`."""
        why = low_demand(now, self.utilization)
        if not why:
            calm = f"utilization {now.utilization:.3f} is not low, or {now.backlog_s:.1f} s of work wait"
            return quiet(now, calm), memory
        return moved(self, "low demand", why, now, memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictiveScaleUp:
    """Three tenths more agents while the forecast's upper quantile at 300 s exceeds the capacity.

    Attributes:
        factor: the fleet is multiplied by it.
        limit: at most this many times the fleet when the run began.
        cooldown_s: least time between two actions, s.
    """

    factor: float = 1.3
    limit: float = 1.8
    cooldown_s: float = 30.0

    def __post_init__(self) -> None:
        check(self.factor, self.limit, self.cooldown_s, up=True)

    def start(self) -> Run:
        """No run of actions is under way."""
        return NO_RUN

    def decide(self, now: Seen, memory: Run) -> tuple[Decision, Run]:
        """See :class:`ScalingPolicy`."""
        why = surge_ahead(now)
        if not why:
            calm = f"upper quantile at 300 s {now.upper_later:.1f} is within capacity {now.capacity:.1f}"
            return quiet(now, calm), memory
        return moved(self, "predictive", why, now, memory)


@dataclass(frozen=True, slots=True, kw_only=True)
class CostOptimization:
    """A tenth fewer agents while the cost per task lies above its adaptive limit.

    Attributes:
        memory_s: time that the limit looks back, s; see :func:`.triggers.followed`.
        width: standard deviations from the usual cost to the limit, 0 or more.
        factor: the fleet is multiplied by it.
        limit: at least this many times the fleet when the run began.
        cooldown_s: least time between two actions, s.
    """

    memory_s: float = 3600.0
    width: float = 1.0
    factor: float = 0.9
    limit: float = 0.7
    cooldown_s: float = 120.0

    def __post_init__(self) -> None:
        require(self.memory_s > 0, "scaling.memory_s", self.memory_s, "above 0")
        require(self.width >= 0, "scaling.width", self.width, "0 or more")
        check(self.factor, self.limit, self.cooldown_s, up=False)

    def start(self) -> tuple[Run, Limit]:
        """No run of actions is under way, and no cost is known."""
        return NO_RUN, NO_LIMIT

    def decide(self, now: Seen, memory: tuple[Run, Limit]) -> tuple[Decision, tuple[Run, Limit]]:
        """See :class:`ScalingPolicy`."""
        run, limit = memory
        bound, limit = followed(now, limit, self.memory_s, self.width)
        why = too_dear(now, bound)
        if not why:
            calm = f"cost per task {now.cost_per_task:.4g} is within its limit {bound:.4g}"
            return quiet(now, calm), (run, limit)
        decision, run = moved(self, "cost", why, now, run)
        return decision, (run, limit)


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergencyScaling:
    """Twice as many agents, soon and again, while deadlines are missed or tasks dropped.

    Attributes:
        late_share: fires above this share of late work, in [0, 1).
        error_rate: fires above this share of dropped tasks, in [0, 1).
        factor: the fleet is multiplied by it.
        limit: at most this many times the fleet when the run began.
        cooldown_s: least time between two actions, s.
    """

    late_share: float = 0.01
    error_rate: float = 0.0015
    factor: float = 2.0
    limit: float = 3.0
    cooldown_s: float = 10.0

    def __post_init__(self) -> None:
        require(0 <= self.late_share < 1, "scaling.late_share", self.late_share, "in [0, 1)")
        require(0 <= self.error_rate < 1, "scaling.error_rate", self.error_rate, "in [0, 1)")
        check(self.factor, self.limit, self.cooldown_s, up=True)

    def start(self) -> Run:
        """No run of actions is under way."""
        return NO_RUN

    def decide(self, now: Seen, memory: Run) -> tuple[Decision, Run]:
        """See :class:`ScalingPolicy`."""
        why = overload(now, self.late_share, self.error_rate)
        if not why:
            calm = f"share of late work {now.late_share:.4f} and error rate {now.error_rate:.4f} are not high"
            return quiet(now, calm), memory
        return moved(self, "emergency", why, now, memory)


type Rule = HighDemandReactive | LowDemandReactive | PredictiveScaleUp | CostOptimization | EmergencyScaling


def quiet(now: Seen, calm: str) -> Decision:
    """The decision of a rule whose trigger is off."""
    return Decision(now.provisioned, f"{calm}: {now.provisioned} stay")


def moved(rule: Rule, name: str, why: str, now: Seen, run: Run) -> tuple[Decision, Run]:
    """The decision of a rule whose trigger is on, and its run."""
    move = act(now, run, rule.factor, rule.limit, rule.cooldown_s)
    acted = move.agents != now.provisioned
    return Decision(move.agents, f"{why}: {move.done}", name if acted else ""), move.run
