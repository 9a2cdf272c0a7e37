"""The desk at which a host's tasks are set: decided by panels, or cut into parts that go through the queue."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import nan
from typing import TYPE_CHECKING, Any

import numpy as np

from ..agents.skills import TYPES
from ..arrays import Floats, Ints
from ..errors import ConfigError, UnknownChoiceError
from ..model.hosting import COMPLETED, Fates, Receipt
from .events import DecisionMade, Event
from .tasks import TYPE_OF, TaskResult, TaskSpec

if TYPE_CHECKING:
    from ..model.swarm import SwarmModel

OWN = -(1 << 62)
"""Tokens from here to 2**61 above it name the parts of queued tasks; a host's are above."""
_LAST = OWN + (1 << 61)


@dataclass(slots=True)
class Desk:
    """The tasks of a host.

    Attributes:
        model: the fleet.
        results: what came of each, by id.
        decisions: that panels made.
        parts_open: parts of queued tasks that are under way.
    """

    model: SwarmModel
    results: dict[str, TaskResult] = field(default_factory=dict)
    decisions: int = 0
    parts_open: int = 0
    _parts: int = 0
    _whose: dict[int, str] = field(default_factory=dict)
    _first: list[int] = field(default_factory=list)
    _began: dict[str, float] = field(default_factory=dict)
    _tokens: int = 0

    def submit(
        self,
        model: SwarmModel,
        kind: Any,
        work_s: Any,
        token: Ints | None,
        at_s: float | Floats | None,
        entry: Any,
    ) -> Receipt:
        """Give a host's own tasks to the fleet, numbered apart from parts of queued tasks."""
        given = token
        if token is None:  # numbered by the desk, so that parts of queued tasks leave no holes
            n = max((_many(one) for one in (kind, work_s, at_s, entry)), default=1) or 1
            given = self._tokens + np.arange(n, dtype=np.int64)
        elif (np.asarray(token) < _LAST).any():
            raise ConfigError(f"token = {np.min(token)}, but it must be {_LAST} or more: others are taken")
        receipt = model.submit(kind, work_s, given, at_s, entry)
        if token is None:
            self._tokens += len(receipt.tokens)
        return receipt

    def set(self, model: SwarmModel, spec: TaskSpec) -> TaskResult:
        """Decide a task, or let its parts queue."""
        if spec.id in self.results and self.results[spec.id].state == "queued":
            raise ConfigError(f"task.id = {spec.id!r}, but it must be another name: that task is under way")
        result = self._decide(model, spec) if spec.use_intelligence else self._queue(model, spec)
        self.results[spec.id] = result
        return result

    def result(self, name: str) -> TaskResult:
        """How far a task is."""
        if name not in self.results:
            raise UnknownChoiceError("task", name, self.results)
        return self.results[name]

    def _decide(self, model: SwarmModel, spec: TaskSpec) -> TaskResult:
        told = model.decide(
            spec.functions, agents=spec.agent_count, questions=spec.questions, rule=spec.rule or None,
            collaboration=spec.collaboration_level, seed=None,
        )  # fmt: skip
        self.decisions += 1
        first = np.ravel(told.answer[:1])
        return TaskResult(
            id=spec.id, state="decided", functions=tuple(one.function for one in told.stages),
            decision=float(first[0]), right=told.accuracy, confidence=float(np.mean(told.confidence)),
            agreement=float(np.mean(told.agreement)), latency_ms=told.latency_ms, participants=told.participants,
            messages=told.messages, emergent=emergent(model),
        )  # fmt: skip

    def _queue(self, model: SwarmModel, spec: TaskSpec) -> TaskResult:
        """A part for each agent, of the classes whose types suit the functions, of their mean work."""
        kinds = classes_for(model, spec.functions)
        which = kinds[np.arange(spec.agent_count) % len(kinds)]
        first, self._parts = self._parts, self._parts + spec.agent_count
        tokens = OWN + np.arange(first, self._parts, dtype=np.int64)
        model.submit(which, model.flow.demand.marks.mean_s[which], tokens)
        self._first.append(first)
        self._whose[first] = spec.id
        self._began[spec.id] = model.now_s
        self.parts_open += spec.agent_count
        return TaskResult(
            id=spec.id,
            state="queued",
            functions=spec.functions,
            parts=spec.agent_count,
            emergent=emergent(model),
        )

    def take(self, fates: Fates) -> tuple[list[Event], Fates]:
        """Take what belongs to queued tasks out of fates; tell which tasks are over, and hand back the others."""
        own = fates.token < _LAST
        if not own.any():
            return [], fates
        mine, events = fates.take(own), list[Event]()
        self.parts_open -= len(mine.token)
        number = mine.token - OWN
        whose = np.searchsorted(np.array(self._first), number, side="right") - 1
        for k in np.unique(whose).tolist():
            these = mine.take(whose == k)
            name = self._whose[self._first[k]]
            events += self._answered(name, these)
        return events, fates.take(~own)

    def _answered(self, name: str, these: Fates) -> Sequence[Event]:
        one = self.results[name]
        lost = bool((these.outcome != COMPLETED).any()) or one.state == "failed"
        answered = one.answered + int((these.outcome == COMPLETED).sum())
        over = answered == one.parts
        took = 1000 * (float(these.finish_s.max()) - self._began[name])
        self.results[name] = replace(
            one, answered=answered, state="failed" if lost else "answered" if over else "queued",
            latency_ms=took if over else nan, emergent=emergent(self.model),
        )  # fmt: skip
        if not over:
            return []
        return [DecisionMade(time_s=self.model.now_s, task=name, confidence=nan, latency_ms=took)]


def classes_for(model: SwarmModel, functions: Sequence[str]) -> Ints:
    """`[n]` classes of tasks whose types suit functions; all classes if none does."""
    wanted = {TYPES.index(TYPE_OF.get(name, "analytical")) for name in functions}
    types = model.flow.demand.marks.class_type
    found = np.flatnonzero(np.isin(types, sorted(wanted)))
    return found if len(found) else np.arange(len(types))


def emergent(model: SwarmModel) -> tuple[str, ...]:
    """Sentences of the emergence findings that hold now."""
    if model.emergence is None:
        return ()
    return tuple(one.sentence for one in model.emergence.findings if np.isnan(one.until_s))


def _many(given: Any) -> int:
    """Values of a column that has several; 0 of one that has not."""
    return len(given) if given is not None and not isinstance(given, str) and np.ndim(given) == 1 else 0
