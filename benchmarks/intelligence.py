"""What collective intelligence costs: batteries, probes, a whole fleet, a decision; wall clock, with gates."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from swarmscale.agents.people import Population
from swarmscale.bench.machine import load_average, processor
from swarmscale.model.intelligence.battery import battery_tasks, run_battery
from swarmscale.model.intelligence.group import group_of
from swarmscale.model.intelligence.networks import links_of_network
from swarmscale.model.intelligence.probe import probe, whole_fleet
from swarmscale.model.intelligence.settings import Paths
from swarmscale.model.swarm import SwarmModel


def seconds(work: Callable[[], object], repeats: int = 5) -> float:
    """Median wall clock of a call, after one that is not counted."""
    work()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def small_world(n: int):
    rng = np.random.default_rng(1)
    people = Population.build(1, Paths(), (1.0,) * 6).people(
        np.arange(1, n + 1), rng.integers(6, size=n).astype(np.uint8)
    )
    return group_of(people, links_of_network("small-world", n, 8, rng))


def main() -> int:
    print(f"{processor()}, 2 threads; load average {load_average()}")
    group = small_world(100)
    model = SwarmModel("llm-fleet", rng=1, **{"fleet.agents": 50_000}).run(10)
    began = time.perf_counter()
    whole = whole_fleet(model)
    fleet_s = time.perf_counter() - began
    rows = [
        ("battery of 100 agents", seconds(lambda: run_battery(group, 1)), 0.25),
        ("quick probe of 50,000 agents (4 panels of 500)", seconds(lambda: probe(model)), 1.0),
        ("standard probe (30 panels of 500)", seconds(lambda: probe(model, panels=30), 1), None),
        ("battery of all 50,000 agents at once", fleet_s, 20.0),
    ]
    for rule in ("majority", "weighted", "confidence", "degroot"):
        decide = seconds(lambda rule=rule: model.decide(("decision-making",), agents=500, rule=rule), 21)
        rows.append((f"decision of 500 agents, {rule}", decide, 0.02))
    missed = 0
    for name, took, most in rows:
        gate = "" if most is None else f"at most {most:g} s: {'met' if took <= most else 'MISSED'}"
        missed += most is not None and took > most
        print(f"{name:50s} {took:9.4f} s  {gate}")
    one = model.decide(("decision-making",), agents=500)
    print(f"its simulated latency: {one.latency_ms:.1f} ms (the origin claimed less than 100 ms)")
    print("\nthe same by task, seconds at 100 and at 50,000 agents, one thread each")
    large = small_world(50_000)
    for task in battery_tasks():
        times = [seconds(lambda g=g, t=task: t.measure(g, 1), 1) for g in (group, large)]
        print(f"{task.function:22s} {times[0]:8.4f} {times[1]:8.3f}")
    print(f"scores of the whole fleet: {', '.join(f'{s:.2f}' for s in whole.score)}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
