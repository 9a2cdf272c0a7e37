"""Tasks that a host sets a fleet: what they need, and what came of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import numpy as np

from ..arrays import Ints
from ..errors import UnknownChoiceError, require
from ..model.intelligence.decision import DEFAULT_FUNCTIONS, ROUNDS

FLAGS: dict[str, str] = {
    "analytical_reasoning": "reasoning",
    "pattern_detection": "pattern-recognition",
    "creative_solution": "creativity",
    "social_coordination": "social-cognition",
    "emotional_awareness": "emotional-processing",
    "memory_access": "memory",
    "planning_required": "planning",
    "optimization_needed": "optimization",
}
"""Flags of a task and the cognitive function that each of them asks for."""

TYPE_OF: dict[str, str] = {
    "reasoning": "analytical",
    "pattern-recognition": "analytical",
    "creativity": "creative",
    "social-cognition": "social",
    "emotional-processing": "emotional",
    "memory": "analytical",
    "planning": "practical",
    "optimization": "systems",
    "decision-making": "practical",
}
"""Intelligence type of the tasks into which a task is cut that goes through the queue; assumed, by profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSpec:
    """A task.

    Attributes:
        id: the host's name of it.
        description: for people; nothing is computed of it.
        agent_count: agents that work at it.
        use_intelligence: whether panels decide together; else its parts go through the queue as any task does.
        collaboration_level: ``low``, ``moderate`` or ``high``: how panels talk (not at all, by a lead, everybody with
            everybody) and in how many rounds.
        questions: questions that the same panels decide: more of them tell more of how good they are.
        rule: consensus rule; that of the config if empty.
        analytical_reasoning: whether reasoning is needed; so with the others. None given: reasoning and
            decision-making.
        pattern_detection: whether pattern-recognition is.
        creative_solution: whether creativity is.
        social_coordination: whether social-cognition is.
        emotional_awareness: whether emotional-processing is.
        memory_access: whether memory is.
        planning_required: whether planning is.
        optimization_needed: whether optimization is.
    """

    id: str
    description: str = ""
    agent_count: int = 100
    use_intelligence: bool = True
    collaboration_level: str = "moderate"
    questions: int = 1
    rule: str = ""
    analytical_reasoning: bool = False
    pattern_detection: bool = False
    creative_solution: bool = False
    social_coordination: bool = False
    emotional_awareness: bool = False
    memory_access: bool = False
    planning_required: bool = False
    optimization_needed: bool = False

    def __post_init__(self) -> None:
        for one in fields(self):
            value, wanted = getattr(self, one.name), {"str": str, "bool": bool, "int": int}[str(one.type)]
            fits = isinstance(value, wanted) and (wanted is not int or not isinstance(value, bool))
            kind = {str: "a text", bool: "True or False", int: "a whole number"}[wanted]
            require(fits, f"task.{one.name}", repr(value), kind)
        require(bool(self.id), "task.id", repr(self.id), "a name")
        require(self.agent_count >= 1, "task.agent_count", self.agent_count, "1 or more")
        require(self.questions >= 1, "task.questions", self.questions, "1 or more")
        if self.collaboration_level not in ROUNDS:
            raise UnknownChoiceError("level of collaboration", self.collaboration_level, ROUNDS)

    @classmethod
    def of(cls, given: TaskSpec | Mapping[str, Any]) -> TaskSpec:
        """A task from itself or from a mapping; names may be written in camelCase.

        Raises:
            UnknownChoiceError: if a name is not known; the nearest one is told.
            ConfigError: if a value cannot be used.
        """
        if isinstance(given, TaskSpec):
            return given
        known = [one.name for one in fields(cls)]
        values = {}
        for name, value in given.items():
            plain = snake(name)
            if plain not in known:
                raise UnknownChoiceError("field or flag of a task", name, known)
            values[plain] = value
        require("id" in values, "task.id", "nothing", "a name")
        return cls(**values)

    @property
    def functions(self) -> tuple[str, ...]:
        """The cognitive functions that it needs."""
        asked = tuple(name for flag, name in FLAGS.items() if getattr(self, flag))
        return asked or DEFAULT_FUNCTIONS


def snake(name: str) -> str:
    """A camelCase name as ours are written.

    >>> snake("agentCount"), snake("use_intelligence")
    ('agent_count', 'use_intelligence')
    """
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaskResult:
    """What came of a task.

    Attributes:
        id: the host's name of it.
        state: ``decided`` by panels; ``queued`` while parts of it wait or are worked at; ``answered`` when all parts
            are; ``failed`` if a part was dropped.
        functions: the cognitive functions that were needed.
        decision: the option that was chosen, of the first question; -1 if the rule abstained, or none decided.
        right: share of the questions that were decided rightly; NaN where nobody knows.
        confidence: mean chance that the rule gives its answers; NaN if none decided.
        agreement: mean chance-corrected agreement of the last panel; NaN if none decided.
        latency_ms: simulated time from question to answer, ms; of a queued task until its last part was answered; NaN
            until then.
        participants: `[n]` unique ids of the agents that decided; empty for a task of the queue.
        messages: that the decision took.
        parts: parts that went through the queue.
        answered: of these, answered so far.
        emergent: sentences of the emergence findings that hold now.
    """

    id: str
    state: Literal["decided", "queued", "answered", "failed"]
    functions: tuple[str, ...]
    decision: float = -1.0
    right: float = np.nan
    confidence: float = np.nan
    agreement: float = np.nan
    latency_ms: float = np.nan
    participants: Ints = field(default_factory=lambda: np.zeros(0, np.int64), repr=False)
    messages: int = 0
    parts: int = 0
    answered: int = 0
    emergent: tuple[str, ...] = ()
