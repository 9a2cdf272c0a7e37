"""What is known of one agent: its traits, its present task, and what the log of sampled tasks says of its last ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...agents.fleet import BUSY, DRAINING, IDLE, RECOVERING, STARTING, STATE_NAMES
from ...agents.skills import SKILL_UNIT, TYPES
from ...model.flow.ledger import ARRIVE, DROP, FINISH, START, Count
from ...model.flow.tasks import ATTEMPT_SHIFT, CLASS_BITS, ENTRY_BITS, ENTRY_SHIFT
from ..theme import number

if TYPE_CHECKING:
    from ...model.swarm import SwarmModel

MOST_TASKS = 8
LOOK_BACK = 600
"""Ticks of the log that are looked through for an agent's last tasks."""
TASK_HEADS = ("task", "arrived (s)", "begun (s)", "ended (s)", "what became of it")


def row_of(model: SwarmModel, uid: int) -> int:
    """Row of the agent with a unique id; -1 if there is none."""
    found = np.flatnonzero(model.fleet.column("uid") == uid) if uid > 0 else np.zeros(0, np.int64)
    return int(found[0]) if len(found) else -1


def agent_rows(model: SwarmModel, row: int) -> list[tuple[str, str, str]]:
    """Name, value with unit and definition of all that is known of an agent."""
    fleet = model.fleet
    q, slot = divmod(row, fleet.slots)
    state = int(fleet.column("state")[row])
    skills = fleet.rows.skill[q, :, slot] * SKILL_UNIT
    rows = [
        (
            "state",
            f"{STATE_NAMES[state]}{_since(model, row, state)}",
            "what it does now, and since or until when",
        ),
        ("cluster", str(q), "the cluster that it is in"),
        ("type", TYPES[fleet.rows.kind[q, slot]], "its intelligence type"),
        ("speed", number(float(1 / fleet.rows.slowness[q, slot])), "work done in a second; 1 on average"),
    ]
    rows += [
        (f"{kind} skill", f"{skills[i]:.2f}", f"skill for {kind} tasks, 0 to 1")
        for i, kind in enumerate(TYPES)
    ]
    if state in (BUSY, DRAINING):
        rows += _task(model, q, slot)
    return rows


def _since(model: SwarmModel, row: int, state: int) -> str:
    """Since when an agent is in its state, where the arrays know it, or until when."""
    q, slot = divmod(row, model.fleet.slots)
    free_at = float(model.fleet.column("free_at")[row])
    if state == IDLE:
        return f" since {free_at:,.1f} s"
    if state in (BUSY, DRAINING):
        begun = free_at - float(model.flow.hands.service[q, slot])
        return f" since {begun:,.1f} s" if state == BUSY else f", ends at {free_at:,.1f} s"
    return f" until {free_at:,.1f} s" if state in (STARTING, RECOVERING) and np.isfinite(free_at) else ""


def _task(model: SwarmModel, q: int, slot: int) -> list[tuple[str, str, str]]:
    """The task in its hands."""
    hands = model.flow.hands
    meta = int(hands.meta[q, slot])
    kind = model.config.demand.classes[meta & ((1 << CLASS_BITS) - 1)]
    entry = (meta >> ENTRY_SHIFT) & ((1 << ENTRY_BITS) - 1)
    tried = (meta >> ATTEMPT_SHIFT) & 15
    left_s = float(model.fleet.rows.free_at[q, slot]) - model.now_s
    return [
        (
            "task",
            f"{int(hands.uid[q, slot])}, {kind.name} ({kind.type})",
            "key and class of the task in its hands",
        ),
        (
            "task arrived",
            f"at {hands.arrived[q, slot]:,.1f} s, node {entry}",
            "when and where the task entered",
        ),
        (
            "task's work",
            number(float(hands.work[q, slot]), "s"),
            "seconds that a unit-speed agent needs for it",
        ),
        ("task takes", number(float(hands.service[q, slot]), "s"), "seconds that this agent needs for it"),
        ("task is left", number(max(left_s, 0.0), "s"), "time until it is done"),
        ("begun before", f"{tried} times", "how often another agent began the task and was interrupted"),
    ]


def last_tasks(model: SwarmModel, row: int) -> tuple[tuple[str, ...], ...]:
    """The last sampled tasks that were begun in an agent's row, the newest first; columns as ``TASK_HEADS``.

    Looks at the last ticks of the log alone, so that it costs the same in a long run. A row is given to a new agent
    when its agent has left, so the oldest ones may be its predecessor's.
    """
    entries = model.records.log_back(LOOK_BACK)
    begun: dict[int, float] = {}
    for uid, stage, time, place in entries:
        mine = (stage == START) & (place == row)
        for key, at in zip(uid[mine][::-1].tolist(), time[mine][::-1].tolist(), strict=True):
            begun.setdefault(key, at)
        if len(begun) >= MOST_TASKS:
            break
    newest = sorted(begun, key=lambda key: -begun[key])[:MOST_TASKS]
    courses = _courses(entries, newest)
    return tuple(_line(key, begun[key], courses[key]) for key in newest)


def _courses(
    entries: Sequence[tuple[Any, ...]], keys: Sequence[int]
) -> dict[int, dict[int, tuple[float, int]]]:
    """Of each task, the last time and place of each stage that it reached."""
    out: dict[int, dict[int, tuple[float, int]]] = {key: {} for key in keys}
    wanted = np.array(keys, np.int64)
    for uid, stage, time, place in entries:
        for i in np.flatnonzero(np.isin(uid, wanted)).tolist() if len(keys) else ():
            course = out[int(uid[i])]
            if course.get(int(stage[i]), (-np.inf, 0))[0] <= time[i]:
                course[int(stage[i])] = (float(time[i]), int(place[i]))
    return out


def _line(key: int, begun: float, course: dict[int, tuple[float, int]]) -> tuple[str, ...]:
    arrived = course.get(ARRIVE, (np.nan, 0))[0]
    ended, became = np.nan, "at work"
    if course[START][0] > begun:
        became = "interrupted, begun anew elsewhere"
    elif FINISH in course:
        ended, became = course[FINISH][0], "answered"
    elif DROP in course:
        ended, code = course[DROP]
        became = f"dropped: {Count(code).name.lower().removeprefix('dropped_').replace('_', ' ')}"
    return (str(key), *(_time(t) for t in (arrived, begun, ended)), became)


def _time(seconds: float) -> str:
    return "–" if np.isnan(seconds) else f"{seconds:,.1f}"
