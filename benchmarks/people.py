"""What it costs to draw agents' personality: traits, people, panels, a million in blocks, and their functions."""

from __future__ import annotations

import statistics
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from swarmscale.agents.assignment import Assignment
from swarmscale.agents.people import Population
from swarmscale.agents.traits import correlations
from swarmscale.model.intelligence.settings import Paths
from swarmscale.model.swarm import SwarmModel

MOST_S, MOST_RMS = 1.5, 0.006
"""Gates of 50,000 agents: time of their traits, error of their correlations."""


def seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Median CPU time of a call, after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return statistics.median(times)


def main() -> int:
    population = Population.build(1, Paths(), [1.0] * 6)
    random = np.random.default_rng(1)
    uid, kind = np.arange(1, 1_000_001), random.integers(0, 6, 1_000_000).astype(np.uint8)
    few, some = slice(0, 50_000), random.permutation(50_000)[:500]
    traits_s = seconds(lambda: population.traits(uid[few], kind[few]))
    found = np.corrcoef(population.traits(uid[few], kind[few]).T)
    rms = float(np.sqrt(((found - correlations())[np.triu_indices(76, 1)] ** 2).mean()))
    model = SwarmModel("llm-fleet", rng=1, **{"fleet.agents": 50_000})
    model.assignment.update(model.fleet)
    rows = [
        ("build the laws", seconds(lambda: Population.build(1, Paths(), [1.0] * 6))),
        ("traits of 50,000", traits_s),
        ("people of 50,000", seconds(lambda: population.people(uid[few], kind[few]))),
        ("people of 500 among 50,000", seconds(lambda: population.people(uid[some], kind[some]), 101)),
        ("functions of 50,000, all new", seconds(lambda: Assignment(model.population).update(model.fleet))),
        ("loads of 12 functions, none new", seconds(lambda: model.assignment.load(model.fleet), 21)),
    ]
    tracemalloc.start()
    began = time.process_time()
    for _ in population.in_blocks(uid, kind):
        pass
    rows.append(("traits and people of 1,000,000, in blocks", time.process_time() - began))
    peak = tracemalloc.get_traced_memory()[1] / 2**20
    for what, took in rows:
        print(f"{what:44} {1000 * took:10.2f} ms of CPU")
    print(f"{'memory while a million pass':44} {peak:10.1f} MiB at most")
    print(f"{'rms error of 50,000 correlations':44} {rms:10.5f}")
    met = traits_s <= MOST_S and rms < MOST_RMS
    print(f"gate  traits at most {MOST_S} s, rms below {MOST_RMS}: {'met' if met else 'MISSED'}")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
