"""What a scaling policy is, what it sees and says, and how to add one.

A policy is a pure function from what is seen, and what it remembers, to a wanted number of agents with a reason.
It is a frozen keyword-only dataclass; its fields are its settings. What it must remember (a frozen dataclass or a
tuple of numbers, strings and arrays) goes out of ``start`` and comes back into ``decide``, so that one object
serves every model and every worker. Limits of the fleet, pools and start-up times are the scaler's business, not
the policy's. To add one, write a file with the class and one line in this folder's ``__init__``; from outside, put
``@swarmscale.register("scaling policy", "my-policy")`` above the class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(slots=True, kw_only=True)
class Seen:
    """What a policy sees at a decision, figures being those of the time since the last one.

    Each decision gets one of its own. Like :class:`Decision` it is not frozen, since a race makes millions of them
    and freezing would take longer than most policies do.

    Words as in docs/scaling.md: ready = idle + busy; demand = work that arrived per second, in agents, uncapped;
    capacity = ready x ``slo_utilization``.

    Attributes:
        time_s: s.
        period_s: time between two decisions, s.
        ready: agents that are idle or busy.
        starting: agents on their way to ready, paid already.
        draining: agents finishing their last task.
        failed: agents failed or under repair.
        warm: agents in the warm pool.
        utilization: busy / ready agent-seconds; 0 if none was ready.
        demand: agents.
        backlog_s: waiting work / capacity, s.
        late_share: share of the work or the tasks due that missed its deadline or was dropped.
        error_rate: tasks dropped / tasks arrived; 0 if none arrived.
        cost_per_task: price paid / tasks answered; 0 if none was answered.
        lead_s: p95 of the start-up time + ``period_s``, s.
        slo_utilization: utilization up to which an agent meets its objective, in (0, 1].
        forecast: point forecast of demand 300 s ahead, agents; the present demand while nothing is forecast.
        upper: upper forecast quantile of the largest demand within ``lead_s``, agents; the present demand while
            nothing is forecast.
        upper_later: the same for the demand 300 s ahead.
    """

    time_s: float
    period_s: float
    ready: int
    starting: int = 0
    draining: int = 0
    failed: int = 0
    warm: int = 0
    utilization: float = 0.0
    demand: float = 0.0
    backlog_s: float = 0.0
    late_share: float = 0.0
    error_rate: float = 0.0
    cost_per_task: float = 0.0
    lead_s: float = 60.0
    slo_utilization: float = 0.9
    forecast: float = 0.0
    upper: float = 0.0
    upper_later: float = 0.0

    @property
    def provisioned(self) -> int:
        """Agents that are ready or starting: what a wanted number is compared with."""
        return self.ready + self.starting

    @property
    def capacity(self) -> float:
        """Demand that the ready agents can serve within the objective, agents."""
        return self.ready * self.slo_utilization


@dataclass(slots=True)
class Decision:
    """What a policy wants.

    Attributes:
        agents: wanted number of ready and starting agents, 0 or more.
        said: why, in words, with the figures that decided; which term won. Or a template and its figures, which
            are put together only where somebody reads the :attr:`reason`: in a race nobody does.
        trigger: short name of the term that won, for counting.
    """

    agents: int
    said: str | tuple[Any, ...]
    trigger: str = ""

    @property
    def reason(self) -> str:
        """Why, in words.

        >>> Decision(5, ("{:.1f} of {} agents are busy", 3.14159, 4)).reason
        '3.1 of 4 agents are busy'
        """
        if isinstance(self.said, str):
            return self.said
        template, *figures = self.said
        return str(template).format(*figures)


class ScalingPolicy[M](Protocol):
    """Says how many agents are wanted; M is what it remembers."""

    def start(self) -> M:
        """What is remembered before the first decision."""
        ...

    def decide(self, now: Seen, memory: M) -> tuple[Decision, M]:
        """The wanted number of agents, and the memory for the next decision."""
        ...
