"""A collective decision: panels for the functions that it needs, one answer from each, and what it cost."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from ... import rng as streams
from ...agents.cognition import FUNCTIONS, cognition_graph
from ...agents.consensus import CONSENSUS, ConsensusRule
from ...agents.consensus.measures import brier, calibration_error
from ...arrays import Bools, Floats, Ints
from ...errors import ConfigError, UnknownChoiceError, require
from .battery import mixed
from .panels import ready_slots
from .problems import PROBLEMS, Answers, Problem, own_problem
from .stages import Stage, Work, choose_panels, clarity_after, panel_group, with_weak, work_through

if TYPE_CHECKING:
    from ..swarm import SwarmModel

ROUNDS = {"low": 0, "moderate": 1, "high": 3}
"""Rounds in which a panel shares what it sees, by how closely it works together."""

DEFAULT_FUNCTIONS = ("reasoning", "decision-making")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CollectiveDecision:
    """What a fleet decided on T questions.

    Attributes:
        stages: the functions in the order in which they were worked through.
        answer: `[T]` options, -1 where the rule abstained; or `[T, d]` points.
        truth: the same as known; None where nobody knows.
        right: `[T]` whether the answer was right; None where nobody knows.
        confidence: `[T]` chance that the rule gives its answer.
        agreement: `[T]` chance-corrected agreement of the agents of the last stage.
        latency_ms: simulated time from question to consensus, along the slowest way through the functions, ms.
        messages: messages that it took.
        participants: `[n]` unique ids of all who were asked.
    """

    stages: tuple[Stage, ...]
    answer: Ints | Floats
    truth: Ints | Floats | None
    right: Bools | None
    confidence: Floats
    agreement: Floats
    latency_ms: float
    messages: int
    participants: Ints

    @property
    def accuracy(self) -> float:
        """Share of questions decided rightly, abstentions counted as wrong; NaN where nobody knows the truth."""
        return float("nan") if self.right is None else float(self.right.mean())

    @property
    def abstained(self) -> float:
        """Share of questions on which the rule abstained."""
        none = self.answer < 0 if self.answer.ndim == 1 else np.isnan(self.answer).any(axis=1)
        return float(none.mean())

    @property
    def brier(self) -> float:
        """Brier score of the confidence; NaN where nobody knows the truth."""
        return float("nan") if self.right is None else brier(self.confidence, self.right.astype(np.float64))

    @property
    def calibration_error(self) -> float:
        """Expected calibration error of the confidence; NaN where nobody knows the truth."""
        known = None if self.right is None else self.right.astype(np.float64)
        return float("nan") if known is None else calibration_error(self.confidence, known)

    @property
    def error_correlation(self) -> float:
        """Intra-class correlation of the errors in the last stage."""
        return self.stages[-1].error_correlation


def decide(
    model: SwarmModel,
    functions: Sequence[str] = DEFAULT_FUNCTIONS,
    *,
    agents: int | None = None,
    questions: int = 1,
    rule: str | ConsensusRule[Any] | None = None,
    problem: str | Problem | Callable[..., object] | None = None,
    options: int = 0,
    collaboration: str | None = None,
    root: int | None = None,
    seed: int | None = None,
    weakened: Sequence[str] = (),
) -> CollectiveDecision:
    """Let panels of a fleet decide; nothing in the model changes but the count of messages.

    The functions are worked through along the cognitive graph. Each has a panel of ready agents that are assigned
    to it, drawn with preference for clusters that were reliable. Where a function before was wrong, the next sees
    less clearly. A rule learns its weights from ``intelligence.decisions.history`` past questions to the same
    panel, never from those that it decides.

    Args:
        model: between two ticks.
        functions: names of cognitive functions.
        agents: agents of all panels together; ``intelligence.decisions.agents`` if None.
        questions: T, questions decided by the same panels.
        rule: a consensus rule or its name; that of the config if None.
        problem: a problem, its name, or a host's own function, see :func:`.problems.own_problem`.
        options: options of the host's own function; 0 if it gives points.
        collaboration: ``low``, ``moderate`` or ``high``; that of the config if None.
        root: the coordination node that asks; the first one that is up if None.
        seed: determines panels and questions; that of the model and its time if None.
        weakened: functions whose panels get the skill of their lowest twentieth: for asking what depends on them.

    Raises:
        ConfigError: if more agents are asked for than are ready, or a host's function fails.
        UnknownChoiceError: if a name is not known.
    """
    c = model.config.intelligence.decisions
    ordered = in_order(functions)
    count = c.agents if agents is None else agents
    ready = int(ready_slots(model).sum())
    if agents is None:
        count = min(count, ready)
    if not len(ordered) <= count <= ready:
        raise ConfigError(
            f"agents of a decision = {count}, but it must be from {len(ordered)}, one for each function, "
            f"to {ready}, the agents that are ready"
        )
    require(questions >= 1, "questions", questions, "1 or more")
    asker = first_up(model) if root is None else root
    require(0 <= asker < model.network.nodes, "root", root, f"from 0 to {model.network.nodes - 1}")
    level = c.collaboration if collaboration is None else collaboration
    if level not in ROUNDS:
        raise UnknownChoiceError("level of collaboration", level, ROUNDS)
    chosen = c.rule if rule is None else CONSENSUS.make(rule) if isinstance(rule, str) else rule
    asked = _problem(c.problem if problem is None else problem, options)
    key = mixed(model.root_seed, "decision", round(model.time)) if seed is None else seed
    shares = np.array_split(np.arange(count), len(ordered))
    panels = choose_panels(model, ordered, [len(s) for s in shares], key)

    stages: list[Stage] = []
    ends: dict[str, float] = {}
    answers: Answers | None = None
    graph = cognition_graph()
    for number, (name, rows) in enumerate(zip(ordered, panels, strict=True)):
        before = [s for s in stages if graph.has_edge(s.function, name)]
        group = panel_group(model, rows, level, mixed(key, "links", number))
        if name in weakened:
            group = with_weak(group, FUNCTIONS.index(name))
        work = Work(name, rows, group, clarity_after(before, questions, c.fog), ROUNDS[level], asker)
        stage, answers = work_through(model, work, asked, chosen, streams.generator(key, f"decision.{name}"))
        stages.append(stage)
        ends[name] = max((ends[s.function] for s in before), default=0.0) + stage.latency_ms
    last = stages[-1]
    assert answers is not None
    return CollectiveDecision(
        stages=tuple(stages),
        answer=last.verdicts.answer,
        truth=answers.truth,
        right=last.right,
        confidence=last.verdicts.confidence,
        agreement=last.verdicts.agreement,
        latency_ms=ends[last.function],
        messages=sum(s.messages for s in stages),
        participants=model.fleet.column("uid")[np.concatenate(panels)].astype(np.int64),
    )


def first_up(model: SwarmModel) -> int:
    """The first coordination node that is up; the first of all if none is."""
    model.network.refresh()
    return int(model.network.alive.argmax())


def in_order(functions: Sequence[str]) -> list[str]:
    """Functions, each once, in an order in which they can be worked through.

    Raises:
        ConfigError: if there is none.
        UnknownChoiceError: if one is not known.

    >>> in_order(["decision-making", "reasoning"])
    ['reasoning', 'decision-making']
    """
    require(len(functions) > 0, "functions", "none", "1 or more")
    for name in functions:
        if name not in FUNCTIONS:
            raise UnknownChoiceError("cognitive function", name, FUNCTIONS)
    order = nx.lexicographical_topological_sort(cognition_graph(), key=FUNCTIONS.index)
    return [name for name in order if name in set(functions)]


def _problem(given: str | Problem | Callable[..., object], options: int) -> Problem:
    """A problem by name, as it is, or made of a host's own function."""
    if isinstance(given, str):
        return PROBLEMS.make(given)
    return given if hasattr(given, "put") else own_problem(given, options)
