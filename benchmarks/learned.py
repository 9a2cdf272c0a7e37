"""Whether ``learned`` mends knobs that were set wrong: costs and violations on the shipped one-minute traces.

Every run is judged over the second half of its trace. Costs are relative to perfect foresight without a violation.
The best fixed knob is the frontier of ``quantile``, which a frozen ``learned`` decides like, swept over k and
interpolated over the logarithm of the violation as in a race's table A. A run has two gaps:

- of cost: its cost minus that of the best fixed knob at the same violation, or at the violation that was asked for
  where it violates less than that: nobody asked for more;
- of violation: by how much it violates more than was asked for.

A start has something to close if its cost gap is at least ``COST_FLOOR`` or its violation gap at least
``LATE_FLOOR`` of what was asked for. A run closes half if each gap of its start that is as large is at most halved,
and each that is not still is not. A frozen run is its start, so it closes nothing.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from swarmscale.batch.knobs import KNOBS
from swarmscale.model.flow.traces import Trace, load_trace
from swarmscale.model.forecasting import FORECASTERS, ConformalInterval
from swarmscale.model.scaling import LearnedCapacity, QuantileCapacity
from swarmscale.model.scaling.fluid import run_fluid
from swarmscale.model.scaling.fluid_score import oracle_cost, score
from swarmscale.model.scaling.frontier import LEAST, cost_at
from swarmscale.model.scaling.load import FluidFleet, Load

TRACES = ("ms-app1", "ms-app3", "crane13")
STARTS: dict[str, dict[str, float]] = {
    "target .4": {"k": 2.25},
    "lead halved": {"lead_factor": 0.5},
    "both": {"k": 2.25, "lead_factor": 0.5},
}
"""Settings that are wrong; the rest are the defaults."""
FIXED = (0.95, 0.97, 0.98, 1.0, 1.02, 1.04, 1.06, 1.08, 1.1, 1.13, 1.16, 1.2, 1.25, 1.3, 1.4, 1.6, 2.0, 2.6)
"""k of the fixed knobs."""
COST_FLOOR = 0.01
"""Smallest cost gap worth closing, in oracle costs."""
LATE_FLOOR = 0.5
"""Smallest violation gap worth closing, as a share of the violation that was asked for."""

WANTED = 0.8
"""Share of the pairs with a gap in which half of it is to be closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run did in the second half.

    Attributes:
        cost: relative to the oracle's.
        late: violation, share of the work.
        best: cost of the best fixed knob at that violation, or at the one asked for if that is larger.
        best_own: the same at its own violation.
        asked: violation asked for.
    """

    cost: float
    late: float
    best: float
    best_own: float
    asked: float

    @property
    def gaps(self) -> tuple[float, float]:
        """Of cost, in oracle costs, and of violation, in those asked for; floors are the least worth closing."""
        return self.cost - self.best, max(self.late / self.asked - 1.0, 0.0)


FLOORS = (COST_FLOOR, LATE_FLOOR)


def to_close(start: Outcome) -> bool:
    """Whether a start has something to close."""
    return any(gap >= floor for gap, floor in zip(start.gaps, FLOORS, strict=True))


def closes_half(start: Outcome, run: Outcome) -> bool:
    """Whether a run halves each gap that its start has, and opens none that it has not."""
    pairs = zip(start.gaps, run.gaps, FLOORS, strict=True)
    return all(after <= before / 2 if before >= floor else after < floor for before, after, floor in pairs)


@dataclass(frozen=True, slots=True)
class Course:
    """A trace with arrivals of a seed, and the frontier of fixed knobs in its second half."""

    load: Load
    fleet: FluidFleet
    part: slice
    oracle: float
    late: np.ndarray
    cost: np.ndarray

    @classmethod
    def of(cls, trace: Trace, seed: int, fixed: Sequence[float] = FIXED) -> Course:
        """Draw the arrivals, foretell them, and sweep the fixed knobs."""
        fleet = FluidFleet(arrivals="poisson")
        load = Load.of(trace, fleet, FORECASTERS.make("ensemble"), ConformalInterval(levels=(0.95,)), seed)
        part = load.window(0.5, 1.0)
        bare = cls(load, fleet, part, oracle_cost(load, part, fleet), np.empty(0), np.empty(0))
        points = [bare.figures(QuantileCapacity(k=k)) for k in fixed]
        cost, late = np.array(points).T
        return cls(load, fleet, part, bare.oracle, late, cost)

    def figures(self, policy: Any) -> tuple[float, float]:
        """Cost relative to the oracle's, and violation."""
        got = score(run_fluid(policy, self.load, self.fleet), self.part, self.oracle)
        return got.cost_per_oracle, got.violation

    def outcome(self, policy: LearnedCapacity) -> Outcome:
        """Run a policy and compare it with the fixed knobs."""
        cost, late = self.figures(policy)
        best, own = (
            cost_at(max(v, LEAST), self.late, self.cost) for v in (max(late, policy.objective), late)
        )
        return Outcome(cost=cost, late=late, best=best, best_own=own, asked=policy.objective)


@dataclass(slots=True)
class Timed:
    """A policy whose decisions are timed, in CPU seconds."""

    policy: LearnedCapacity
    spent_s: float = 0.0
    decisions: int = 0

    def start(self) -> Any:
        """See the policy."""
        return self.policy.start()

    def decide(self, now: Any, memory: Any) -> Any:
        """See the policy."""
        began = time.thread_time()
        got = self.policy.decide(now, memory)
        self.spent_s += time.thread_time() - began
        self.decisions += 1
        return got


def row(name: str, course: Course, seed: int, start: Outcome, run: Outcome) -> str:
    """One line of the table."""
    closed = [
        f"{1 - after / before:8.0%}" if before >= floor else "       -"
        for before, after, floor in zip(start.gaps, run.gaps, FLOORS, strict=True)
    ]
    verdict = ("yes" if closes_half(start, run) else "NO") if to_close(start) else "nothing to close"
    return (
        f"{name:12s} {course.load.name:8s} {seed:4d} | {start.cost:6.3f} {start.late:8.3%} {start.best:6.3f} | "
        f"{run.cost:6.3f} {run.late:8.3%} {run.best:6.3f} {run.cost - run.best_own:+7.3f} | "
        f"{closed[0]} {closed[1]}  {verdict}"
    )


def starts_table(courses: dict[tuple[str, int], Course]) -> Iterator[tuple[str, bool]]:
    """All wrong starts on all courses, frozen and learning: lines, and whether all is well with each."""
    yield (
        "                           | frozen start           | learned                        | closed, of",
        True,
    )
    yield (
        "start        trace    seed |   cost     late   best |   cost     late   best own gap |     cost     late",
        True,
    )
    for name, settings in STARTS.items():
        counted = halved = frozen = 0
        for (_, seed), course in courses.items():
            start = course.outcome(LearnedCapacity(frozen=True, **settings))
            run = course.outcome(LearnedCapacity(**settings))
            yield row(name, course, seed, start, run), True
            counted += to_close(start)
            halved += to_close(start) and closes_half(start, run)
            frozen += to_close(start) and closes_half(start, start)
        share = halved / counted if counted else 0.0
        found = f"of {len(courses)} pairs {counted} have a gap; half of it closes in {halved} ({share:.0%})"
        yield f"{name}: {found}, with its memory frozen in {frozen}\n", share >= WANTED and frozen == 0


def objectives_table(courses: dict[tuple[str, int], Course]) -> Iterator[str]:
    """What the one knob does: violations asked for and had, from the default start."""
    yield "trace    seed |    asked     late   cost   best at that violation"
    for (_, seed), course in courses.items():
        for asked in KNOBS["learned"].values:
            run = course.outcome(LearnedCapacity(objective=asked))
            yield (
                f"{course.load.name:8s} {seed:4d} | {asked:8.3%} {run.late:8.3%} {run.cost:6.3f} {run.best_own:6.3f}"
            )


def main(arguments: Sequence[str]) -> int:
    """Print all; 1 if the gate is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--traces", nargs="+", default=list(TRACES))
    given = parser.parse_args(arguments)
    courses = {(t, s): Course.of(load_trace(t), s) for t in given.traces for s in given.seeds}
    missed = False
    for line, well in starts_table(courses):
        print(line, flush=True)
        missed |= not well
    for line in objectives_table({key: made for key, made in courses.items() if key[1] == given.seeds[0]}):
        print(line, flush=True)
    timed = Timed(LearnedCapacity())
    course = next(iter(courses.values()))
    run_fluid(timed, course.load, course.fleet)
    print(f"\na decision: {timed.spent_s / timed.decisions * 1e6:.0f} us of CPU, mean of {timed.decisions}")
    print(
        f"gate: {WANTED:.0%} of the pairs of each start close half of their gap: {'MISSED' if missed else 'held'}"
    )
    return int(missed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
