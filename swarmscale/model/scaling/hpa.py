"""Kubernetes' Horizontal Pod Autoscaler (v2) on a fleet: agents are pods, those starting are not ready."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import require
from .base import Decision, Seen
from .behavior import (
    DOWN_RATES,
    UP_RATES,
    Past,
    Rate,
    down_limit,
    highest,
    limited,
    plain_ceiling,
    recent,
    stabilized,
    undominated,
    up_limit,
)
from .replicas import Groups, Tolerance, pods_replicas, resource_replicas

WHY = "{} {:.3f} per ready agent, target {:g}: {} proposed, {} stabilized, {} within rates; {} are there"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """What ``hpa`` remembers.

    Attributes:
        past: recommendations before they were stabilized, as far back as a window reaches; without ``behavior``
            those that may still be the highest.
        events: changes that it asked for, as far back as a rate's period reaches.
    """

    past: Past = ()
    events: Past = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class KubernetesHpa:
    """``ceil(ready * metric / target)`` within tolerance, stabilization and rates, as Kubernetes v2 does it.

    It acts at every decision, so the decisions' period stands for the controller's sync period (15 s there). One
    thing differs: Kubernetes takes a target of 0 replicas for switched off, here ``min_agents`` are asked for.

    Source:
        kubernetes/kubernetes, ``pkg/controller/podautoscaler``; see :mod:`.replicas` and :mod:`.behavior`.

    Attributes:
        target: wanted metric per ready agent, above 0.
        metric: "demand" is a pods metric, arrived work per ready agent in whole thousandths, which may exceed 1;
            "utilization" is a resource metric, in whole percent, which cannot: one scale-up then grows the fleet by
            1 / target at most.
        tolerance: how far metric / target may lie from 1 with nothing done, in [0, 1).
        up_tolerance: the same for scale-ups alone (KEP-4951); below 0 it is ``tolerance``.
        down_tolerance: the same for scale-downs alone.
        min_agents: fewest agents.
        max_agents: most agents.
        downscale_stabilization_s: without ``behavior``, the highest recommendation of this time counts, s.
        behavior: whether windows and rates below apply; without, a scale-up at most doubles the fleet or reaches 4.
        up_window_s: a scale-up goes to the lowest recommendation of this time, s.
        down_window_s: a scale-down goes to the highest recommendation of this time, s.
        up_rates: rates of scale-ups: ("Pods" or "Percent", largest change, period in s).
        down_rates: rates of scale-downs.
        up_select: "Max" takes the rate that allows most, "Min" the one that allows least, "Disabled" forbids.
        down_select: the same for scale-downs.
    """

    target: float = 0.7
    metric: str = "demand"
    tolerance: float = 0.1
    up_tolerance: float = -1.0
    down_tolerance: float = -1.0
    min_agents: int = 1
    max_agents: int = 2**31 - 1
    downscale_stabilization_s: float = 300.0
    behavior: bool = False
    up_window_s: float = 0.0
    down_window_s: float = 300.0
    up_rates: tuple[Rate, ...] = UP_RATES
    down_rates: tuple[Rate, ...] = DOWN_RATES
    up_select: str = "Max"
    down_select: str = "Max"

    def __post_init__(self) -> None:
        require(self.target >= 0.01, "scaling.target", self.target, "0.01 or more")
        require(
            self.metric in ("demand", "utilization"),
            "scaling.metric",
            self.metric,
            '"demand" or "utilization"',
        )
        require(0 <= self.tolerance < 1, "scaling.tolerance", self.tolerance, "in [0, 1)")
        require(self.up_tolerance < 1, "scaling.up_tolerance", self.up_tolerance, "below 1")
        require(self.down_tolerance < 1, "scaling.down_tolerance", self.down_tolerance, "below 1")
        require(self.min_agents >= 0, "scaling.min_agents", self.min_agents, "0 or more")
        require(
            self.max_agents >= self.min_agents, "scaling.max_agents", self.max_agents, "at least min_agents"
        )
        for name in ("downscale_stabilization_s", "up_window_s", "down_window_s"):
            require(getattr(self, name) >= 0, f"scaling.{name}", getattr(self, name), "0 or more")
        for name in ("up_select", "down_select"):
            known = getattr(self, name) in ("Max", "Min", "Disabled")
            require(known, f"scaling.{name}", getattr(self, name), '"Max", "Min" or "Disabled"')
        for name in ("up_rates", "down_rates"):
            object.__setattr__(self, name, _checked(f"scaling.{name}", getattr(self, name)))

    def start(self) -> Recommended:
        """No recommendation yet; the first decision records the fleet's size as one, as the controller does."""
        return Recommended()

    def decide(self, now: Seen, memory: Recommended) -> tuple[Decision, Recommended]:
        """See :class:`ScalingPolicy`."""
        current = now.provisioned
        past = memory.past or ((now.time_s, current),)
        if not self.min_agents <= current <= self.max_agents:
            agents, term = (self.min_agents, "min") if current < self.min_agents else (self.max_agents, "max")
            why = f"{current} agents are outside {self.min_agents} to {self.max_agents}"
            return Decision(agents, why, term), self._recorded(now, past, memory.events, current, agents)
        proposed, measured = self._proposed(now)
        if proposed is None:
            why = f"no metric: {now.ready} agents are ready, {now.starting} starting; {current} stay"
            return Decision(current, why, "no metric"), Recommended(past=past, events=memory.events)
        desired = min(proposed, 2**31 - 1)
        steady, floor, ceiling = self._bounds(now, desired, past, memory.events)
        agents = limited(current, steady, floor, ceiling, self.min_agents, self.max_agents)
        term = "tolerance" if desired == current else "metric"
        term = "stabilization" if steady != desired else term
        term = "rate limit" if agents != steady else term
        figures = (self.metric, measured, self.target, desired, steady, agents, current)
        past = (*(past if self.behavior else undominated(past, desired)), (now.time_s, desired))
        return Decision(agents, (WHY, *figures), term), self._recorded(
            now, past, memory.events, current, agents
        )

    def _proposed(self, now: Seen) -> tuple[int | None, float]:
        """The calculator's proposal and the metric per ready agent."""
        up = self.up_tolerance if self.up_tolerance >= 0 else self.tolerance
        down = self.down_tolerance if self.down_tolerance >= 0 else self.tolerance
        tolerance, ready, starting = Tolerance(down, up), now.ready, now.starting
        per_agent = now.utilization if self.metric == "utilization" else now.demand / max(ready, 1)
        pods = Groups(ready, round(per_agent * ready * 1000), ready * 1000, starting, starting * 1000)
        if self.metric == "utilization":
            target = round(self.target * 100)
            return resource_replicas(now.provisioned, pods, target, tolerance), per_agent
        return pods_replicas(now.provisioned, pods, round(self.target * 1000), tolerance), per_agent

    def _bounds(self, now: Seen, desired: int, past: Past, events: Past) -> tuple[int, int, int]:
        """The stabilized recommendation, and the fewest and most agents that the rates allow."""
        current, time_s = now.provisioned, now.time_s
        if not self.behavior:
            high = max(highest(desired, past, time_s, self.downscale_stabilization_s), desired)
            return high, 0, plain_ceiling(current)
        steady = stabilized(current, desired, past, time_s, self.up_window_s, self.down_window_s)
        floor = down_limit(current, self.down_rates, self.down_select, events, time_s)
        return steady, floor, up_limit(current, self.up_rates, self.up_select, events, time_s)

    def _recorded(self, now: Seen, past: Past, events: Past, current: int, agents: int) -> Recommended:
        """The memory with what is still needed of the past."""
        if not self.behavior:
            return Recommended(past=recent(past, now.time_s, self.downscale_stabilization_s))
        window_s = max(self.up_window_s, self.down_window_s)
        period_s = max(period for _, _, period in (*self.up_rates, *self.down_rates))
        events = (*events, (now.time_s, agents - current)) if agents != current else events
        return Recommended(
            past=recent(past, now.time_s, window_s),
            events=tuple(e for e in events if now.time_s - e[0] < period_s),
        )


def _checked(name: str, rates: tuple[Rate, ...]) -> tuple[Rate, ...]:
    """Rates as tuples, also where a file gave lists.

    Raises:
        ConfigError: if there is none, or one is not (kind, change, period).
    """
    rule = 'a list of ("Pods" or "Percent", change above 0, period above 0)'
    require(len(rates) > 0 and all(len(rate) == 3 for rate in rates), name, rates, rule)
    for kind, value, period_s in rates:
        require(kind in ("Pods", "Percent") and value > 0 and period_s > 0, name, rates, rule)
    return tuple((str(kind), float(value), float(period_s)) for kind, value, period_s in rates)
