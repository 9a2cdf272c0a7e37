"""One function's part in a collective decision: who is asked, what they answer, what the rule makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ... import rng as streams
from ...agents.cognition import FUNCTIONS
from ...agents.consensus import Ballots, ConsensusRule, History, Verdicts
from ...agents.consensus.measures import error_correlation
from ...arrays import Bools, Floats, Ints
from ..flow.ledger import BYTES, DELIVERED, FIRST, LATENCY_T, MESSAGES, SENT, SHARING, TICKS_PER_S
from .battery import mixed
from .group import Group, group_of
from .networks import unique
from .panels import panel_links, ready_slots
from .problems import Answers, OwnProblem, Panel, Problem, right
from .routes import Route, ask, exchange_ms

if TYPE_CHECKING:
    from ..swarm import SwarmModel

LOWEST = -1.645  # standard deviations: the lowest twentieth of agents


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Stage:
    """One function's part in a decision.

    Attributes:
        function: its name.
        rows: `[n]` rows of the agents asked.
        verdicts: what the rule made of their answers.
        right: `[T]` whether the verdicts were right; None where nobody knows the truth.
        alone: share of single answers that were right; NaN where nobody knows.
        error_correlation: intra-class correlation of the agents' errors.
        latency_ms: time of this stage alone, ms.
        heard: share of the agents whose answer came.
        messages: messages that it took.
    """

    function: str
    rows: Ints
    verdicts: Verdicts
    right: Bools | None
    alone: float
    error_correlation: float
    latency_ms: float
    heard: float
    messages: int


class Work(NamedTuple):
    """What a stage is given.

    Attributes:
        function: name of the function.
        rows: `[n]` rows of the panel.
        group: the panel with its links.
        clarity: `[T]` how clearly the questions can be seen.
        rounds: rounds of sharing.
        root: the node that asks.
    """

    function: str
    rows: Ints
    group: Group
    clarity: Floats
    rounds: int
    root: int


def work_through(
    model: SwarmModel, work: Work, problem: Problem, rule: ConsensusRule[Any], rng: np.random.Generator
) -> tuple[Stage, Answers]:
    """Ask the panel, let the rule decide, and count what it took."""
    settings = model.config.intelligence.decisions
    people = work.group.people
    panel = Panel(
        people,
        FUNCTIONS.index(work.function),
        work.rows // model.fleet.slots,
        work.group.channel,
        work.rounds,
    )
    past = 0 if isinstance(problem, OwnProblem) else settings.history
    given = problem.put(panel, np.concatenate([np.ones(past), work.clarity]), rng)
    slowness = model.fleet.column("slowness")[work.rows].astype(np.float64)
    route = ask(model, work.rows, work.root, settings.answer_ms * slowness, rng)
    now, history = _ballots(given, past, route.heard, work.group), _history(given, past)
    verdicts = rule.decide(now, rule.start(history))
    talks = work.rounds + max(int(verdicts.rounds.max(initial=1)) - 1, 0)
    spent = route.time_ms + exchange_ms(model, work.rows, talks)
    shared = 2 * talks * (len(work.group.channel.members) // 2)
    count_messages(model, route, shared)
    truth = None if given.truth is None else given.truth[past:]
    tolerance = float(getattr(problem, "tolerance", 0.5))
    is_right = None if truth is None else right(verdicts.answer, truth, tolerance)
    stage = Stage(
        function=work.function,
        rows=work.rows,
        verdicts=verdicts,
        right=is_right,
        alone=_alone(now.answers, truth, tolerance),
        error_correlation=_correlation(given),
        latency_ms=spent,
        heard=float(route.heard.mean()),
        messages=route.messages + shared,
    )
    return stage, given._replace(answers=now.answers, truth=truth)


def _ballots(given: Answers, past: int, heard: Bools, group: Group) -> Ballots:
    """The answers that came to the questions at hand."""
    answers = given.answers[past:].copy()
    answers[:, ~heard] = -1 if given.options else np.nan
    conformity = np.asarray(group.people.conformity, np.float64)
    neighbors = (group.channel.offsets, group.channel.members)
    return Ballots(answers, given.confidence[past:], given.options, neighbors, conformity)


def _history(given: Answers, past: int) -> History | None:
    """The past questions, if there are any with a known truth."""
    if not past or given.truth is None:
        return None
    return History(given.answers[:past], given.confidence[:past], given.truth[:past], given.options)


def _alone(answers: Ints | Floats, truth: Ints | Floats | None, tolerance: float) -> float:
    """Share of single answers that were right."""
    if truth is None:
        return float("nan")
    if answers.ndim == 2:
        given = answers >= 0
        return float((answers == truth[:, None])[given].mean()) if given.any() else float("nan")
    far = np.sqrt(((answers - truth[:, None]) ** 2).sum(axis=2))
    known = ~np.isnan(far)
    return float((far[known] <= tolerance).mean()) if known.any() else float("nan")


def _correlation(given: Answers) -> float:
    if given.truth is None or len(given.answers) < 2:
        return float("nan")
    return error_correlation(given.answers, given.truth, given.options)


def clarity_after(before: Sequence[Stage], questions: int, fog: float) -> Floats:
    """`[T]` clarity of questions: 1 where all functions before were right, ``fog`` where all were wrong."""
    known = [s.right for s in before if s.right is not None]
    if not known:
        return np.ones(questions)
    return np.asarray(fog + (1 - fog) * np.mean(known, axis=0), np.float64)


def choose_panels(model: SwarmModel, functions: Sequence[str], sizes: Sequence[int], seed: int) -> list[Ints]:
    """`[n]` ascending rows of each function's panel: ready agents that are assigned to it, each asked once.

    Agents of clusters that finish more tasks at the first attempt are drawn more often. Where fewer are assigned
    than wanted, the panel is filled from the others.
    """
    ready = np.flatnonzero(ready_slots(model).reshape(-1))
    model.assignment.update(model.fleet)
    function = model.assignment.function[ready]
    cluster = ready // model.fleet.slots
    reliable = getattr(model.learner, "reliability", None)
    weight = np.ones(len(ready)) if reliable is None else np.maximum(reliable()[cluster], 1e-6)
    rng = streams.generator(seed, "decision.panels")
    # a weighted draw without replacement: the largest of u^(1/w) (Efraimidis & Spirakis 2006)
    ticket = np.log(rng.random(len(ready))) / weight
    free = np.ones(len(ready), np.bool_)
    panels = []
    for name, size in zip(functions, sizes, strict=True):
        fits = function == FUNCTIONS.index(name)
        order = np.lexsort((-ticket, ~fits, ~free))[:size]
        free[order] = False
        panels.append(np.sort(ready[order]))
    return panels


def panel_group(model: SwarmModel, rows: Ints, level: str, seed: int) -> Group:
    """A panel with the links over which it shares: none, by the clusters' leads, or all that are alive."""
    people = model.people(rows)
    if level == "low" or len(rows) < 2:
        return group_of(people, np.empty((0, 2), np.int64))
    if level == "moderate":
        _, first, at = np.unique(rows // model.fleet.slots, return_index=True, return_inverse=True)
        return group_of(people, unique(np.stack([np.arange(len(rows)), first[at]], axis=1)))
    links, reach = panel_links(model, rows, mixed(seed, "links"))
    return group_of(people, links, reach)


def with_weak(group: Group, function: int) -> Group:
    """The group with everybody at the skill of the lowest twentieth in one function."""
    skill = group.people.skill.copy()
    skill[:, function] = LOWEST
    return Group(group.people._replace(skill=skill), group.channel)


def count_messages(model: SwarmModel, route: Route, shared: int) -> None:
    """Add a stage's messages to those of the tick, in the channel intelligence-sharing."""
    row = model.flow.ledger.messages[SHARING]
    row[MESSAGES] += route.messages + shared
    row[SENT] += route.sent + shared
    row[FIRST] += route.first_attempt + shared
    row[DELIVERED] += route.delivered + shared
    row[BYTES] += (route.sent + shared) * model.config.network.control_bytes
    local_s = shared * model.config.network.local_ms / 1000
    row[LATENCY_T] += round((route.summed_ms / 1000 + local_s) * TICKS_PER_S)
