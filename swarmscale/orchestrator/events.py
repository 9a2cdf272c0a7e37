"""Events that a host can listen to: what happened in a fleet, typed, tick by tick."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened.

    Attributes:
        time_s: when it was noticed, s: the end of a tick, or of an operation between two.
    """

    name: ClassVar[str] = ""
    time_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSpawned(Event):
    """Agents joined the fleet, whoever asked for them.

    Attributes:
        agents: how many.
        members: members of the fleet then.
    """

    name: ClassVar[str] = "agent-spawned"
    agents: int
    members: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterRebalanced(Event):
    """Clusters were added, came under other nodes, or waiting tasks were moved out of clusters that lost all agents.

    Attributes:
        added: clusters that are new.
        rehomed: clusters that are under another node now.
        tasks: waiting tasks that were moved to other clusters.
    """

    name: ClassVar[str] = "cluster-rebalanced"
    added: int
    rehomed: int
    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingStarted(Event):
    """It was decided that the fleet gets another size.

    Attributes:
        before: ready and starting agents then.
        after: ready and starting agents that were decided on.
        reason: why, in words.
        ready_at_s: when the last new agent is ready, s.
    """

    name: ClassVar[str] = "scaling-started"
    before: int
    after: int
    reason: str
    ready_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingCompleted(Event):
    """The last new agent of a change of size is ready, or was to be.

    Attributes:
        after: ready and starting agents that were decided on.
        ready: ready agents now.
        decided_s: when that was decided, s.
    """

    name: ClassVar[str] = "scaling-completed"
    after: int
    ready: int
    decided_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultStruck(Event):
    """A fault struck.

    Attributes:
        fault: its registered name.
        layer: component, integration, system or network.
        target: what was hit, in words.
        incident: its number.
    """

    name: ClassVar[str] = "fault"
    fault: str
    layer: str
    target: str
    incident: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered(Event):
    """Service is whole again after a fault.

    Attributes:
        fault: its registered name.
        incident: its number.
        took_s: since it began, s.
        lost: tasks that were dropped for it.
    """

    name: ClassVar[str] = "recovered"
    fault: str
    incident: int
    took_s: float
    lost: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionMade(Event):
    """Panels of agents decided, or all parts of a task that went through the queue were answered.

    Attributes:
        task: the task's id.
        confidence: chance that the rule gives its answer; NaN for a task of the queue.
        latency_ms: simulated time from question to answer, ms.
    """

    name: ClassVar[str] = "decision"
    task: str
    confidence: float
    latency_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EmergenceFound(Event):
    """A detector found something that persisted.

    Attributes:
        detector: its name.
        sentence: what it found.
        p: p-value of the last window that showed it.
    """

    name: ClassVar[str] = "emergence"
    detector: str
    sentence: str
    p: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertChanged(Event):
    """An alert began to fire, or was resolved.

    Attributes:
        key: its name.
        state: the new state.
        severity: info, warning or critical.
        text: what it means.
    """

    name: ClassVar[str] = "alert"
    key: str
    state: str
    severity: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizationKept(Event):
    """A change of the optimizer was kept.

    Attributes:
        strategy: whose change.
        words: what was done.
        metric: by which it was judged.
        change: relative change of it.
    """

    name: ClassVar[str] = "optimization-kept"
    strategy: str
    words: str
    metric: str
    change: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OptimizationRolledBack(Event):
    """A change of the optimizer was undone.

    Attributes:
        strategy: whose change.
        words: what was done.
        metric: by which it was judged.
        change: relative change of it; NaN if it was not judged.
        reason: why it was undone.
    """

    name: ClassVar[str] = "optimization-rolled-back"
    strategy: str
    words: str
    metric: str
    change: float
    reason: str


EVENTS: dict[str, type[Event]] = {
    kind.name: kind
    for kind in (
        AgentSpawned, ClusterRebalanced, ScalingStarted, ScalingCompleted, FaultStruck, Recovered, DecisionMade,
        EmergenceFound, AlertChanged, OptimizationKept, OptimizationRolledBack,
    )
}  # fmt: skip
"""Events by the name to listen to."""
