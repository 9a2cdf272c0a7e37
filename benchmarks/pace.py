"""Agents that become slow: how many are drained before they miss a deadline, and how many sound ones are drained.

`python benchmarks/pace.py [--quick]`: for several laws of work, deadlines and ramps a fleet of 1,000 in which 100
agents become slow, by the log of all tasks; then sound fleets alone. About two minutes; `--quick` runs the first rows.
The exit code is 1 if the promise is missed where it is claimed.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import swarmscale as ss
from swarmscale.model.resilience.pace import Drain

BEGIN_S, AFTER_S, AGENTS, SLOW, WORK_S = 300.0, 600.0, 1000, 100, 2.0
EXPONENTIAL = {"law": "exponential", "cv": 1.0}
GAMMA = {"law": "gamma", "cv": 0.5}
LOGNORMAL = {"law": "lognormal", "cv": 1.0}
STORM = {"law": "lognormal", "cv": 0.5}


SIX = {"fleet.type_shares": (1.0,) * 6, "demand.load": 0.45}
NOT = Drain(time_s=np.inf, uid=0, statistic=0.0, factor=0.0)


class Ramp(NamedTuple):
    """What is tried.

    Attributes:
        work: law of the work and its coefficient of variation; its mean is 2 s.
        deadline: over the mean of the work.
        factor: on the time for a task in the end.
        ramp_s: time until it is reached, s.
        claimed: whether at least 80 % are to be drained in time.
        types: whether agents are of all six types, five of which do the task with a skill of .5 to .8; at load .45,
            since at .7 such a fleet is full and tasks are late for waiting.
    """

    work: dict[str, Any]
    deadline: float
    factor: float
    ramp_s: float
    claimed: bool
    types: bool = False


RAMPS = (
    Ramp(STORM, 15.0, 4.0, 300.0, True),
    Ramp(STORM, 15.0, 4.0, 900.0, True),
    Ramp(STORM, 15.0, 10.0, 600.0, True),
    Ramp(STORM, 15.0, 10.0, 300.0, False),
    Ramp(STORM, 15.0, 4.0, 0.0, False),
    Ramp(STORM, 8.0, 4.0, 300.0, False),
    Ramp(GAMMA, 15.0, 4.0, 300.0, True),
    Ramp(EXPONENTIAL, 30.0, 4.0, 300.0, True),
    Ramp(EXPONENTIAL, 30.0, 4.0, 900.0, True),
    Ramp(EXPONENTIAL, 15.0, 4.0, 300.0, False),
    Ramp(EXPONENTIAL, 15.0, 4.0, 900.0, False),
    Ramp(LOGNORMAL, 30.0, 4.0, 300.0, False),
    Ramp(STORM, 15.0, 4.0, 300.0, False, types=True),
    Ramp(EXPONENTIAL, 15.0, 4.0, 900.0, False, types=True),
)


class Outcome(NamedTuple):
    """What came of it.

    Attributes:
        in_time: share of the slow agents that were drained before their first task became late.
        late_first: share that had a late task before; the rest was asked for too little to be drained or late.
        took_s: median time from the begin of the ramp until then, s.
        factor: median factor that they had reached.
        false_per_hour: sound agents drained, per agent and hour.
    """

    in_time: float
    late_first: float
    took_s: float
    factor: float
    false_per_hour: float


def fleet(work: dict[str, Any], deadline_s: float, seed: int, agents: int, **more: Any) -> ss.SwarmModel:
    """A fleet of the default make at its default load, .7, all of the type that tasks ask for, with the watch on."""
    return ss.SwarmModel(
        {},
        rng=seed,
        **{
            "seconds": 7200.0,
            "fleet.agents": agents,
            "fleet.nodes": 4,
            "demand.classes": ({"work_s": WORK_S, "deadline_s": deadline_s, **work},),
            "fleet.type_shares": (1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
            "resilience.pace.on": True,
        }
        | more,
    )


def tried(ramp: Ramp, seed: int, agents: int = AGENTS, slow: int = SLOW) -> Outcome:
    """One fleet in which some agents become slow."""
    fault = {"name": "agent-slow", "factor": ramp.factor, "ramp_s": ramp.ramp_s}
    script = ({"at_s": BEGIN_S, "fault": fault, "number": slow},)
    model = fleet(
        ramp.work,
        WORK_S * ramp.deadline,
        seed,
        agents,
        **(SIX if ramp.types else {}) | {"resilience.script": script, "records.trace_tasks": 1.0},
    )
    model.run(BEGIN_S)
    before = model.fleet.column("uid").copy()
    model.run(model.config.dt)
    slowed = {one.uid: row for row, one in model.resilience.agents.slow.items() if before[row] == one.uid}
    end = BEGIN_S + ramp.ramp_s + AFTER_S
    model.run(end - model.now_s)
    drains = {d.uid: d for d in model.pace.drains}
    late_s = first_late(model, WORK_S * ramp.deadline, end, list(slowed.values()))
    of_slow = [d for uid, d in drains.items() if uid in slowed]
    in_time = [d for d in of_slow if d.time_s < late_s.get(slowed[d.uid], np.inf)]
    sound = [d for uid, d in drains.items() if uid not in slowed]
    return Outcome(
        in_time=len(in_time) / len(slowed),
        late_first=sum(
            row in late_s and drains.get(uid, NOT).time_s >= late_s[row] for uid, row in slowed.items()
        )
        / len(slowed),
        took_s=float(np.median([d.time_s - BEGIN_S for d in of_slow])) if of_slow else np.nan,
        factor=float(np.median([d.factor for d in of_slow])) if of_slow else np.nan,
        false_per_hour=len(sound) / (agents * end / 3600.0),
    )


def first_late(model: ss.SwarmModel, deadline_s: float, end: float, rows: list[int]) -> dict[int, float]:
    """When the first task in the hands of each of these agents became late, after the ramp's begin, by row."""
    log = model.records.task_log()
    due = log["arrived"] + deadline_s
    answered = log["finish"].fillna(np.inf)
    late = log[(answered > due) & (due < end) & (due > BEGIN_S) & log["row"].isin(rows)]
    return (late["arrived"] + deadline_s).groupby(late["row"]).min().to_dict()


def sound(work: dict[str, Any], seed: int, hours: float) -> tuple[int, float]:
    """Agents drained in a sound fleet, and agent-hours."""
    model = fleet(work, 60.0, seed, 2 * AGENTS, seconds=3600.0 * hours)
    model.run()
    return len(model.pace.drains), 2 * AGENTS * hours


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the first rows alone")
    quick = parser.parse_args().quick
    begun, missed = time.process_time(), 0
    print(
        "| work, cv | deadline/work | factor | ramp s | drained in time | late first | after s | at factor | false/h |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for ramp in RAMPS[:3] if quick else RAMPS:
        out = tried(ramp, seed=1)
        bad = ramp.claimed and (out.in_time < 0.8 or out.false_per_hour > 0.01)
        missed += bad
        name = f"{ramp.work['law']}, {ramp.work['cv']:g}{', six types' if ramp.types else ''}"
        tried_s = f"{ramp.deadline:g} | {ramp.factor:g} | {ramp.ramp_s:g}"
        in_time = f"{out.in_time:.2f}{' MISSED' if bad else '' if ramp.claimed else ' (not claimed)'}"
        print(
            f"| {name} | {tried_s} | {in_time} | {out.late_first:.2f} | {out.took_s:.0f} | {out.factor:.1f} "
            f"| {100 * out.false_per_hour:.2f} % |",
            flush=True,
        )
    for work in (
        (EXPONENTIAL,) if quick else (EXPONENTIAL, GAMMA, STORM, LOGNORMAL, {"law": "weibull", "cv": 1.5})
    ):
        number, hours = sound(work, seed=2, hours=0.5 if quick else 2.0)
        missed += number / hours > 0.01
        print(
            f"sound fleet, {work['law']} cv {work['cv']:g}: {number} of {hours:,.0f} agent-hours drained",
            flush=True,
        )
    print(f"{time.process_time() - begun:.0f} s of CPU")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
