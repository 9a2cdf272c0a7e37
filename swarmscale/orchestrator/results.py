"""What the orchestrator's calls give back."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..arrays import Ints
from ..model.hosting import NO_FATES, Fates
from .events import Event


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpawnResult:
    """Agents that were made.

    Attributes:
        agents: how many.
        kind: standard or enhanced.
        intelligence: their intelligence type; empty where each has its own.
        capabilities: what they can do beside.
        functions: cognitive functions at which they work; empty where that is as their type says.
        skill: mean skill over them and the six types of tasks, in (0, 1].
        price: of an agent-second, in that of a standard agent.
        ready_at_s: when the last of them is ready, s.
        unique_ids: `[n]` their ids.
    """

    agents: int
    kind: str
    intelligence: str
    capabilities: tuple[str, ...]
    functions: tuple[str, ...]
    skill: float
    price: float
    ready_at_s: float
    unique_ids: Ints = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """What could be done.

    Attributes:
        source: ``scaling`` or ``optimization``.
        kind: what kind of change, or whose.
        text: in words, with the figures on which it rests.
        metric: what it would better.
        gain: by how much: agent-seconds or price within 300 s, or a relative fall of the metric.
        low: lower end of its 90 % interval.
        high: its upper end.
        wanted: agents that are recommended; -1 where that is not the question.
    """

    source: str
    kind: str
    text: str
    metric: str
    gain: float
    low: float
    high: float
    wanted: int = -1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Advanced:
    """What came while time advanced.

    Attributes:
        time_s: now, s.
        ticks: that were stepped.
        fates: of tasks that the host submitted, in the order in which they ended.
        events: that happened.
    """

    time_s: float
    ticks: int
    fates: Fates = field(default_factory=lambda: NO_FATES)
    events: tuple[Event, ...] = ()

    @property
    def token(self) -> Ints:
        """`[n]` the host's names of the tasks that ended."""
        return self.fates.token

    @property
    def completed(self) -> int:
        """Tasks of the host that were answered."""
        return int(np.count_nonzero(self.fates.completed))
