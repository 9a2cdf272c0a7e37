"""Questions to a group of the fleet, alone and together, and its collective IQ beside a twin without links."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import rng as streams
from ...agents.cognition import FUNCTIONS
from ...agents.consensus import Ballots, History
from ...arrays import Ints
from ..intelligence.battery import Result, mixed
from ..intelligence.decision import ROUNDS
from ..intelligence.group import Group, group_of
from ..intelligence.iq import iq_of
from ..intelligence.panels import panel_rows, ready_slots
from ..intelligence.probe import Probe, probe, put_to
from ..intelligence.problems import Answers, Choice, Panel
from ..intelligence.stages import panel_group
from .base import Opinions

if TYPE_CHECKING:
    from ..swarm import SwarmModel

AIM = 0.75
"""Wanted share of right answers of a plurality of members who do not speak: neither at the ceiling nor at chance."""
LADDER = tuple(0.05 * 2 ** (k / 2) for k in range(12))
"""Sensitivities of an agent, in standard deviations of the noise, among which the questions' is chosen."""
PILOT = 200
"""Questions by which it is chosen; they are not those that are asked."""
FUNCTION = "decision-making"


def opinions(model: SwarmModel, *, questions: int, members: int, seed: int) -> Opinions | None:
    """What some agents of a drawn cluster answer alone, and what they answer together; nothing in the model changes.

    The same questions are put twice, with the same evidence and noise in every agent: once nobody speaks, once they
    share what they see over their links, as closely as ``intelligence.decisions.collaboration`` says, and the rule of
    ``intelligence.decisions.rule`` makes one answer. The rule learns its weights from half as many past questions, as
    the nominal group does that it is compared with. All questions are of one difficulty, chosen on others so that the
    members' plurality is right on about three in four.

    Args:
        model: between two ticks.
        questions: asked.
        members: agents at most; from several clusters if one has fewer ready.
        seed: determines who is asked what.

    Returns:
        None where fewer than two agents are ready.
    """
    settings = model.config.intelligence.decisions
    rows = panel_rows(model, 1, members, mixed(seed, "group"))[0]
    if len(rows) < 2:
        return None
    given = settings.problem if isinstance(settings.problem, Choice) else Choice()
    problem = _of_fit_difficulty(model, rows, given, seed)
    past = questions // 2
    level = settings.collaboration
    asked = [
        _answers(model, rows, problem, past + questions, how, mixed(seed, "questions"))
        for how in ("low", level)
    ]
    alone, together = asked[0], asked[1]
    assert alone.truth is not None
    assert together.truth is not None
    group = panel_group(model, rows, level, mixed(seed, "links"))
    ballots = Ballots(
        together.answers[past:],
        together.confidence[past:],
        problem.options,
        (group.channel.offsets, group.channel.members),
        np.asarray(group.people.conformity, np.float64),
    )
    history = History(
        together.answers[:past], together.confidence[:past], together.truth[:past], problem.options
    )
    rule: Any = settings.rule
    verdicts = rule.decide(ballots, rule.start(history))
    return Opinions(
        alone=np.asarray(alone.answers[past:], np.int64),
        group=np.asarray(verdicts.answer, np.int64),
        truth=np.asarray(alone.truth[past:], np.int64),
        options=problem.options,
    )


def _answers(
    model: SwarmModel, rows: Ints, problem: Choice, questions: int, level: str, seed: int
) -> Answers:
    """What a group answers, sharing as closely as a level says; questions and noise depend on the seed alone."""
    group: Group = panel_group(model, rows, level, mixed(seed, "links"))
    place = rows // model.fleet.slots
    panel = Panel(group.people, FUNCTIONS.index(FUNCTION), place, group.channel, ROUNDS[level])
    return problem.put(panel, np.ones(questions), streams.generator(seed, "emergence.questions"))


def _of_fit_difficulty(model: SwarmModel, rows: Ints, given: Choice, seed: int) -> Choice:
    """The problem with the sensitivity at which a plurality of silent members is right on about three in four."""
    best, far = given, np.inf
    for sensitivity in LADDER:
        problem = replace(given, sensitivity=sensitivity, rungs=1)
        pilot = _answers(model, rows, problem, PILOT, "low", mixed(seed, "pilot"))
        votes = (pilot.answers[:, :, None] == np.arange(given.options)).sum(axis=1)
        right = float((votes.argmax(axis=1) == pilot.truth).mean())
        if abs(right - AIM) < far:
            best, far = problem, abs(right - AIM)
    return best


def gain_z(model: SwarmModel, found: Probe | None) -> float:
    """Collective IQ above that of the same panels without links, over its standard error.

    Each panel is its own twin: the same agents, tasks and noise, and nobody hears anybody. The differences' t value
    is given as the normal deviate of the same tail.

    Args:
        model: between two ticks.
        found: the probe of this very moment, if one was made.

    Returns:
        NaN with fewer than two panels, or where all differences are the same.
    """
    from scipy.special import ndtri, stdtr

    linked = found if found is not None and found.time_s == model.now_s else probe(model)
    if len(linked.panels) < 2:
        return float("nan")
    silent = _silent(model, len(linked.panels))
    gains = np.array([_iq(a) - _iq(b) for a, b in zip(linked.panels, silent, strict=True)])
    error = float(gains.std(ddof=1)) / np.sqrt(len(gains))
    if not error > 0:
        return float("nan")
    tail = float(stdtr(len(gains) - 1, -abs(gains.mean()) / error))
    return float(np.sign(gains.mean()) * -ndtri(tail))


def _silent(model: SwarmModel, panels: int) -> list[Result]:
    """The battery put to the panels of the model's probe, with all links cut."""
    root = mixed(model.root_seed, "probe", round(model.time))
    size = min(model.config.intelligence.panel_agents, int(ready_slots(model).sum()))
    nobody = np.empty((0, 2), np.int64)
    return put_to(
        [group_of(model.people(rows), nobody) for rows in panel_rows(model, panels, size, root)], root
    )


def _iq(result: Result) -> float:
    """Size-normed IQ of a panel; the absolute one where the norm holds no groups of its size."""
    found = iq_of([result])
    return found.absolute if np.isnan(found.iq) else found.iq
