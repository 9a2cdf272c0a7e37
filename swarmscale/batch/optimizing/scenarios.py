"""Sixteen small fleets: for each strategy of optimization one in which it is the right answer, and one in which not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ...model.config import Config

QUIET = {"intelligence.on": False, "emergence.on": False, "resilience.on": False}
"""What these fleets do without, so that many of them can be run."""
PLAIN = {
    "fleet.agents": 600, "fleet.nodes": 4, "fleet.cluster_agents": 25, "demand.load": 0.65, "demand.keys": 1_000_000,
    "demand.zipf": 0.0, "cache.lookup_ms": 2.0, "parallel.join_ms": 3000.0, "seconds": 14_400.0,
}  # fmt: skip
"""A fleet in which nothing is amiss: even load, hardly a key that is asked for twice, tasks that are hard to split."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One fleet.

    Attributes:
        name: in words.
        strategy: that it is about.
        right: whether that is the right answer; else its change hurts, or brings nothing at a cost.
        why: in words.
        changes: dotted keys on top of :data:`PLAIN`.
        aside: whether it is one of the eight that a change of the prior must not be fitted to.
    """

    name: str
    strategy: str
    right: bool
    why: str
    changes: Mapping[str, Any] = field(default_factory=dict)
    aside: bool = False
    harms: str = ""
    by_hand: Mapping[str, Any] = field(default_factory=dict)

    def config(self) -> Config:
        """Its settings, on top of the preset ``tiny``."""
        return Config.load("tiny").changed({**QUIET, **PLAIN, **self.changes})


def _short(work_s: float, **more: Any) -> list[dict[str, Any]]:
    return [{"name": "task", "work_s": work_s, "deadline_s": 60.0, **more}]


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        name="blind dispatch",
        strategy="latency-optimization",
        right=True,
        why="small clusters are chosen by chance, so tasks wait while agents elsewhere are idle",
        changes={"dispatch.rule": "random", "fleet.cluster_agents": 5, "fleet.agents": 1000},
    ),
    Scenario(
        name="turns are fair",
        strategy="latency-optimization",
        right=False,
        harms="response_s",
        why="clusters all alike in turn get arrivals more even than the shorter of two drawn ones",
        changes={
            "dispatch.rule": "round-robin",
            "fleet.cluster_agents": 5,
            "fleet.speed_cv": 0.0,
            "demand.load": 0.85,
            "fleet.skill_own": [1.0, 1.0],
            "fleet.skill_other": [1.0, 1.0],
            "demand.classes": _short(2.0, law="deterministic"),
            "fleet.communication": "none",
        },
    ),
    Scenario(
        name="overhead of messages",
        strategy="throughput-maximization",
        right=True,
        why="nodes spend 30 ms on each message and .2 ms on the task in it",
        changes={
            "ingress.service_ms": 0.2,
            "ingress.overhead_ms": 30.0,
            "demand.load": None,
            "demand.mean_rate_per_s": 120.0,
            "demand.classes": _short(0.5),
            "fleet.agents": 100,
        },
        aside=True,
    ),
    Scenario(
        name="long service at the door",
        strategy="throughput-maximization",
        right=False,
        harms="network_s",
        why="nodes work 25 ms on each task, so a batch only makes each wait for all",
        changes={
            "ingress.service_ms": 25.0,
            "ingress.overhead_ms": 0.5,
            "demand.load": None,
            "demand.mean_rate_per_s": 120.0,
            "demand.classes": _short(0.5),
            "fleet.agents": 100,
        },
        aside=True,
    ),
    Scenario(
        name="too many agents",
        strategy="resource-efficiency",
        right=True,
        why="agents are busy for a third of their time",
        changes={"demand.load": 0.35, "fleet.agents": 1000},
    ),
    Scenario(
        name="no room to wait",
        strategy="resource-efficiency",
        right=False,
        harms="error_rate",
        why="tasks that find nobody idle in their cluster are lost, so spare agents are no waste",
        changes={
            "demand.load": 0.5,
            "fleet.cluster_agents": 10,
            "cluster.queue": 0,
            "dispatch.rule.d": 8,
        },
    ),
    Scenario(
        name="crowded door",
        strategy="load-distribution",
        right=True,
        why="six of ten tasks come to one of four nodes and stay there",
        changes={"demand.entry_skew": 1.5, "demand.locality": 1.0, "demand.load": 0.34},
        aside=True,
    ),
    Scenario(
        name="even by law",
        strategy="load-distribution",
        right=False,
        harms="response_s",
        why="nodes differ by chance alone, and moving clusters after chance brings nothing",
        changes={"demand.load": 0.65, "fleet.agents": 400, "fleet.nodes": 8},
        aside=True,
    ),
    Scenario(
        name="the same questions",
        strategy="caching-optimization",
        right=True,
        why="a few hundred keys are asked for all the time, and their answers seldom change",
        changes={"demand.keys": 2000, "demand.zipf": 1.1, "cache.change_per_s": 0.0002, "demand.load": 0.8},
    ),
    Scenario(
        name="always new questions",
        strategy="caching-optimization",
        right=False,
        harms="response_s",
        by_hand={"cache.size": 20_000},
        why="a hundred thousand keys alike, answers that change, and a slow lookup",
        changes={"demand.keys": 100_000, "cache.change_per_s": 0.01, "cache.lookup_ms": 200.0},
    ),
    Scenario(
        name="long tasks and idle hands",
        strategy="parallel-processing",
        right=True,
        why="nothing waits, tasks take long, and a third of the agents is idle",
        changes={
            "demand.classes": _short(6.0, law="exponential"),
            "fleet.agents": 1000,
            "demand.load": 0.62,
            "parallel.join_ms": 5.0,
        },
        aside=True,
    ),
    Scenario(
        name="long tasks and none idle",
        strategy="parallel-processing",
        right=False,
        harms="response_s",
        why="agents differ in speed, and joining parts takes two and a half seconds",
        changes={
            "demand.classes": _short(3.0, law="exponential"),
            "demand.load": 0.7,
            "parallel.join_ms": 2500.0,
            "fleet.speed_cv": 0.5,
        },
        aside=True,
    ),
    Scenario(
        name="memory that nobody asks",
        strategy="memory-optimization",
        right=True,
        why="facts that nobody looks up are kept until they are observed again",
        changes={
            "collective_memory.on": True,
            "collective_memory.period_s": 20.0,
            "collective_memory.retention_s": 30.0,
            "collective_memory.reads": 0,
            "fleet.nodes": 8,
        },
    ),
    Scenario(
        name="memory in use",
        strategy="memory-optimization",
        right=False,
        harms="recalled",
        why="what is held is what is looked up",
        changes={
            "collective_memory.on": True,
            "collective_memory.period_s": 20.0,
            "collective_memory.retention_s": 30.0,
            "collective_memory.reads": 50,
            "fleet.nodes": 8,
        },
    ),
    Scenario(
        name="long ways",
        strategy="network-optimization",
        right=True,
        why="sixteen nodes on a torus laid without regard to distance, and short tasks from everywhere to everywhere",
        changes={
            "fleet.nodes": 16,
            "network.topology": "torus",
            "network.latency_ms": [5.0, 60.0],
            "demand.locality": 0.0,
            "demand.classes": _short(0.1),
            "demand.load": 0.4,
            "fleet.agents": 128,
            "fleet.cluster_agents": 8,
        },
        aside=True,
    ),
    Scenario(
        name="everybody stays at home",
        strategy="network-optimization",
        right=False,
        why="hardly a task crosses the mesh, so other links bring nothing and cost messages",
        changes={
            "fleet.nodes": 16,
            "network.topology": "torus",
            "network.latency_ms": [5.0, 60.0],
            "demand.locality": 0.999,
            "ingress.service_ms": 8.0,
            "demand.classes": _short(1.0),
            "fleet.agents": 320,
            "fleet.cluster_agents": 20,
        },
        aside=True,
    ),
)
"""For each strategy the right one first; four strategies' pairs are kept from any fitting of the prior."""


def scenario(name: str) -> Scenario:
    """A scenario by its name.

    Raises:
        UnknownChoiceError: if there is none.
    """
    from ...errors import UnknownChoiceError

    found = next((one for one in SCENARIOS if one.name == name), None)
    if found is None:
        raise UnknownChoiceError("scenario", name, [one.name for one in SCENARIOS])
    return found
