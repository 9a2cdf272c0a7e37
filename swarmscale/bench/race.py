"""REF-1: CPU time of every simulator on the same tasks, with all waits compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from ..model.swarm import SwarmModel
from . import ours
from .clock import cpu_s
from .reference import ReferenceTasks, Waits, compare, oracle, reference_tasks
from .report import Cell, Gate, Section
from .rivals import RIVALS, Rival

TIMES_FEWER = {"mesa": 55.0, "simpy": 400.0}
"""At 50,000 agents, how many times the CPU seconds of ours each must need."""

SIZES: tuple[tuple[int, int, int], ...] = ((1_000, 60, 3), (10_000, 60, 3), (50_000, 40, 3))
"""Agents, seconds, and how often the others run; the median counts."""

QUICK: tuple[tuple[int, int, int], ...] = ((1_000, 20, 1), (50_000, 24, 1))
OURS_EACH = 4


@dataclass(frozen=True, slots=True)
class Finish:
    """How a rival did: CPU seconds, and how its waits agree with the right ones, in words."""

    cpu_s: float
    words: str


def race(quick: bool = False, rivals: Sequence[Rival] = RIVALS) -> Section:
    """Run all sizes; ours runs before and after each of the others, so that a busy machine slows all alike."""
    rows: list[tuple[Cell, ...]] = []
    gates: list[Gate] = []
    notes = [rival.missing_note() for rival in rivals if not rival.present]
    for agents, seconds, repeats in QUICK if quick else SIZES:
        tasks = reference_tasks(agents, seconds)
        more, gate, note = _one_size(tasks, repeats, rivals)
        rows += more
        gates += gate
        notes += note
    return Section(
        key="reference",
        title="REF-1: the same tasks in every simulator; waits compared task by task with a plain oracle",
        columns=("agents, ticks", "simulator", "CPU ms/tick", "tasks per CPU s", "times ours", "waits"),
        rows=tuple(rows),
        gates=tuple(gates),
        notes=tuple(notes),
    )


def _one_size(
    tasks: ReferenceTasks, repeats: int, rivals: Sequence[Rival]
) -> tuple[list[tuple[Cell, ...]], list[Gate], list[str]]:
    right = oracle(tasks)
    found, logged = ours.waits(tasks)
    agreement = compare(right, found)
    own, alike = _our_times(tasks, logged)
    finishes: dict[str, Finish | None] = {}
    for rival in rivals:
        finishes[rival.package] = _finish(rival, tasks, right, repeats) if rival.present else None
        own += _our_times(tasks, logged)[0]
    ours_s = median(own)
    where = f"{tasks.agents:,}, {tasks.seconds}"
    rows = [_row(where, "Swarmscale", tasks, ours_s, ours_s, agreement.words())]
    for rival in rivals:
        finish = finishes[rival.package]
        if finish is not None:
            rows.append(_row("", rival.name, tasks, finish.cpu_s, ours_s, finish.words))
    equal = agreement.equal and alike
    gates = [
        Gate(
            name=f"waits equal to the oracle's at {tasks.agents:,} agents (1 = every bit)",
            value=float(equal),
            limit=1,
        )
    ]
    if tasks.agents == 50_000:
        for rival in rivals:
            if rival.package in TIMES_FEWER:
                finish = finishes[rival.package]
                ratio = finish.cpu_s / ours_s if finish else None
                gates.append(
                    Gate(
                        name=f"times fewer CPU seconds than {rival.name}",
                        value=ratio,
                        limit=TIMES_FEWER[rival.package],
                    )
                )
    note = [
        f"{tasks.agents:,} agents: {agreement.compared:,} waits compared, above 0 are "
        f"{agreement.waited[0]:,} at dispatch and {agreement.waited[1]:,} in clusters"
        + ("" if alike else "; the timed run's records differ from the logged run's")
    ]
    return rows, gates, note


def _our_times(tasks: ReferenceTasks, logged: SwarmModel) -> tuple[list[float], bool]:
    """CPU seconds of some runs without the log, and whether the last one's records are those of the logged run."""
    times = []
    for _ in range(OURS_EACH):
        model = ours.build(tasks)
        times.append(cpu_s(partial(ours.run, model)))
    return times, ours.same_records(model, logged)


def _finish(rival: Rival, tasks: ReferenceTasks, right: Waits, repeats: int) -> Finish:
    outcomes = [rival.run(tasks) for _ in range(repeats)]
    return Finish(median(o.cpu_s for o in outcomes), compare(right, outcomes[0].waits).words())


def _row(
    where: str, name: str, tasks: ReferenceTasks, used: float, ours_s: float, words: str
) -> tuple[Cell, ...]:
    return (where, name, 1000 * used / tasks.seconds, len(tasks) / used, used / ours_s, words)
