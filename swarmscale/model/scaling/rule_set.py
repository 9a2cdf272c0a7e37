"""The origin's five rules together: which one has the word when several fire."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import require
from .base import Decision, Seen
from .holding import SLACK
from .runs import NO_RUN, Run, act, check
from .triggers import NO_LIMIT, Limit, followed, high_demand, low_demand, overload, surge_ahead, too_dear

NAMES = ("emergency", "high demand", "predictive", "low demand", "cost")
"""The rules in the order in which they are asked."""

CALM = (
    "utilization {:.3f}, upper quantile at 300 s {:.1f} of capacity {:.1f}, cost per task {:.4g}: "
    "no rule fires, {} stay"
)

UPS = 3
"""How many of them scale up; they stand first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """What ``seed`` remembers.

    Attributes:
        runs: the run of actions of each rule, in the order of the names.
        limit: the control limit of the cost per task.
    """

    runs: tuple[Run, ...] = (NO_RUN,) * len(NAMES)
    limit: Limit = NO_LIMIT


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """All five rules, asked in order: emergency, high demand, predictive, low demand, cost.

    One rule acts at a decision: the first whose trigger is on and that its cooldown and limit let act. Scale-ups
    stand before scale-downs, and while the trigger of a scale-up is on, be it in its cooldown or at its limit, no
    scale-down is made; nor is one that would itself set off the predictive rule. Each rule has a run of its own.

    Attributes:
        k: the knob between cost and violations, above 0: utilizations at which rules fire are divided by it, the
            forecast is multiplied.
        high_utilization: high demand fires above it, in (0, 1].
        high_backlog_s: high demand fires above it, s.
        low_utilization: low demand fires below it, in (0, 1].
        late_share: emergency fires above this share of late work, in [0, 1).
        error_rate: emergency fires above this share of dropped tasks, in [0, 1).
        cost_memory_s: time that the limit of the cost per task looks back, s.
        cost_width: standard deviations from the usual cost to its limit, 0 or more.
        factors: of the five rules in the order above.
        limits: of the five rules, relative to the fleet when a run began.
        cooldowns_s: of the five rules, s.
    """

    k: float = 1.0
    high_utilization: float = 0.8
    high_backlog_s: float = 5.0
    low_utilization: float = 0.3
    late_share: float = 0.01
    error_rate: float = 0.0015
    cost_memory_s: float = 3600.0
    cost_width: float = 1.0
    factors: tuple[float, ...] = (2.0, 1.5, 1.3, 0.8, 0.9)
    limits: tuple[float, ...] = (3.0, 2.0, 1.8, 0.5, 0.7)
    cooldowns_s: tuple[float, ...] = (10.0, 60.0, 30.0, 180.0, 120.0)

    def __post_init__(self) -> None:
        require(self.k > 0, "scaling.k", self.k, "above 0")
        for name in ("high_utilization", "low_utilization"):
            require(0 < getattr(self, name) <= 1, f"scaling.{name}", getattr(self, name), "in (0, 1]")
        for name in ("late_share", "error_rate"):
            require(0 <= getattr(self, name) < 1, f"scaling.{name}", getattr(self, name), "in [0, 1)")
        require(self.high_backlog_s >= 0, "scaling.high_backlog_s", self.high_backlog_s, "0 or more")
        require(self.cost_memory_s > 0, "scaling.cost_memory_s", self.cost_memory_s, "above 0")
        require(self.cost_width >= 0, "scaling.cost_width", self.cost_width, "0 or more")
        for name in ("factors", "limits", "cooldowns_s"):
            values = tuple(float(x) for x in getattr(self, name))
            require(
                len(values) == len(NAMES),
                f"scaling.{name}",
                values,
                f"one number each for {', '.join(NAMES)}",
            )
            object.__setattr__(self, name, values)
        for i, name in enumerate(NAMES):
            check(self.factors[i], self.limits[i], self.cooldowns_s[i], i < UPS, f"scaling, {name}")

    def start(self) -> Runs:
        """No run of actions is under way, and no cost is known."""
        return Runs()

    def decide(self, now: Seen, memory: Runs) -> tuple[Decision, Runs]:
        """See :class:`ScalingPolicy`."""
        bound, limit = followed(now, memory.limit, self.cost_memory_s, self.cost_width)
        on = self._on(now, bound)
        have, said = now.provisioned, []
        for i, why in enumerate(on):
            if not why or (i >= UPS and any(on[:UPS])):
                continue
            move = act(now, memory.runs[i], self.factors[i], self.limits[i], self.cooldowns_s[i])
            if i >= UPS and self.k * now.upper_later > move.agents * now.slo_utilization + SLACK:
                said.append(
                    f"{NAMES[i]}, {why}: the forecast {now.upper_later:.1f} needs the {have} there are"
                )
                continue
            said.append(f"{NAMES[i]}, {why}: {move.done}")
            if move.agents != now.provisioned:
                runs = (*memory.runs[:i], move.run, *memory.runs[i + 1 :])
                return Decision(move.agents, "; ".join(said), NAMES[i]), Runs(runs=runs, limit=limit)
        if said:
            return Decision(have, "; ".join(said)), Runs(runs=memory.runs, limit=limit)
        figures = (now.utilization, now.upper_later, now.capacity, now.cost_per_task, have)
        return Decision(have, (CALM, *figures)), Runs(runs=memory.runs, limit=limit)

    def _on(self, now: Seen, bound: float) -> tuple[str, ...]:
        """Why each rule fires, or an empty text."""
        return (
            overload(now, self.late_share, self.error_rate),
            high_demand(now, self.high_utilization / self.k, self.high_backlog_s),
            surge_ahead(now, self.k),
            low_demand(now, self.low_utilization / self.k),
            too_dear(now, bound),
        )
