"""What limits fleets made for each kind; closed forms beside the model; what a change does; the cost of a look."""

import argparse
import sys
import time
import warnings
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from swarmscale.batch.optimizing.scenarios import scenario
from swarmscale.bench.machine import load_average, processor
from swarmscale.model.flow.ledger import Count
from swarmscale.model.optimization.base import Bottleneck
from swarmscale.model.optimization.bottleneck import analyze
from swarmscale.model.optimization.theory import supermarket
from swarmscale.model.optimization.theory.lru import hit_rate, zipf
from swarmscale.model.optimization.what_if import Change, what_if
from swarmscale.model.swarm import SwarmModel

QUIET = {"intelligence.on": False, "emergence.on": False, "resilience.on": False}
ALIKE = {
    "fleet.speed_cv": 0.0, "fleet.skill_own": [1.0, 1.0], "fleet.skill_other": [1.0, 1.0],
    "fleet.communication": "none",
}  # fmt: skip
BARE = QUIET | ALIKE | {
    "network.jitter": 0.0, "network.loss": 0.0, "network.local_ms": 0.0, "fleet.nodes": 1, "ingress.service_ms": 0.0,
    "dispatch.service_ms": 0.0, "dispatch.law": "deterministic",
}  # fmt: skip
FLEETS = {
    "ingress": ("overhead of messages", {}),
    "dispatch": ("overhead of messages", {"ingress.overhead_ms": 0.0, "dispatch.overhead_ms": 30.0}),
    "network": ("long ways", {}),
    "queues": ("blind dispatch", ALIKE | {"demand.load": 0.93, "fleet.cluster_agents": 25, "fleet.nodes": 1}),
    "imbalance": ("crowded door", {}),
    "memory": ("memory that nobody asks", {}),
    "waste": ("too many agents", {}),
    "service": ("long tasks and idle hands", {}),
}


def work(work_s: float) -> list[dict[str, object]]:
    """One class of exponential tasks."""
    return [{"name": "task", "work_s": work_s, "law": "exponential", "deadline_s": 100.0}]


def kinds(seeds: int) -> None:
    """What is named in fleets made for each kind."""
    print(f"\n### Fleets made for each kind, 240 s, {seeds} seeds\n")
    print(
        "| made for | fleet | named | answered / s | at most / s | binds | evidence, seed 1 |\n"
        "|---|---|---|---|---|---|---|"
    )
    for kind, (name, more) in FLEETS.items():
        config = scenario(name).config().changed(more)
        found = [analyze(SwarmModel(config, rng=s).run(240), None)[0] for s in range(1, seeds + 1)]
        named = ", ".join(f"{k} {n}/{seeds}" for k, n in Counter(one.kind for one in found).most_common())
        one = found[0]
        print(
            f"| {kind} | {name}{', changed' if more else ''} | {named} | {one.throughput_per_s:.4g} | "
            f"{one.bound_per_s:.4g} | {one.binds} | {one.words} |"
        )


def closed_forms() -> None:
    """Caches and the shorter of d queues, as foretold and as the model does."""
    print(
        "\n### Closed forms beside the model\n\n| what | foretold | model | difference |\n|---|---|---|---|"
    )
    for size, exponent, change in (
        (100, 0.9, 0.0),
        (500, 0.9, 0.0),
        (200, 1.2, 0.0),
        (500, 0.9, 0.5),
        (2000, 0.9, 0.05),
    ):
        keys = {
            "demand.keys": 5000, "demand.zipf": exponent, "cache.size": size, "cache.change_per_s": change, "dt": 0.05,
            "demand.load": None, "demand.mean_rate_per_s": 400.0, "demand.classes": work(0.01), "seconds": 120.0,
            "demand.bin_s": 0.05, "fleet.agents": 50, "fleet.cluster_agents": 50, "records.window_s": 120.0,
        }  # fmt: skip
        records = SwarmModel("tiny", rng=3, **(BARE | keys)).run(120).records
        half = len(records.column("cache_hits")) // 3
        came = records.column("cache_hits")[half:].sum() / records.column("cache_lookups")[half:].sum()
        told = hit_rate(zipf(5000, exponent), size, 400.0, change)
        line(f"hit rate, {size} of 5,000 keys, Zipf {exponent:g}, {change:g} changes / s and key", told, came)
    for rule, d in (({"dispatch.rule": "random"}, 1), ({"dispatch.rule": "jsq", "dispatch.rule.d": 2}, 2)):
        keys = {
            "fleet.agents": 400, "fleet.cluster_agents": 1, "demand.load": 0.8, "demand.classes": work(1.0), "dt": 0.05,
            "demand.bin_s": 0.05, "seconds": 160.0, "records.window_s": 160.0, "records.cluster_period_s": 160.0,
        }  # fmt: skip
        raw = SwarmModel("tiny", rng=4, **(BARE | keys | rule)).run(160).records.raw(1200)
        came = raw.seconds(Count.RESPONSE_T).sum() / raw.count(Count.COMPLETED).sum()
        line(f"response s, {d} of 400 queues looked at, load .8", supermarket.mean_response(0.8, d), came)


def line(what: str, told: float, came: float) -> None:
    """A row: what was foretold and what came."""
    print(f"| {what} | {told:.4g} | {came:.4g} | {100 * (came / told - 1):+.1f} % |")


def measured(rule: str, used: float, more: dict[str, object]) -> Bottleneck:
    """A fleet of 100 agents in clusters of five, after 2,000 s."""
    keys = {
        "fleet.nodes": 1, "fleet.agents": 100, "fleet.cluster_agents": 5, "demand.source": "poisson",
        "demand.load": None, "demand.classes": work(2.0), "optimization.window_s": 2000.0, "seconds": 2400.0,
        "dispatch.rule": rule, "demand.mean_rate_per_s": 50 * used,
    }  # fmt: skip
    model = SwarmModel("tiny", rng=3, **(QUIET | keys | more)).run(200)
    _, seen = analyze(model, None)
    return analyze(model.run(2000), seen)[0]


def changes() -> None:
    """Response after a change of the load, as foretold from another load."""
    print("\n### What a change does, foretold from the first load of each row\n")
    print(
        "| agents | dispatch | load | response s, foretold | model | difference |\n|---|---|---|---|---|---|"
    )
    for who, more, loads in (
        ("all alike", ALIKE, (0.7, 0.6, 0.8, 0.9)),
        ("as in the preset", {}, (0.6, 0.5, 0.7, 0.75)),
    ):
        for rule in ("random", "jsq"):
            now = measured(rule, loads[0], more)
            for load in loads[1:]:
                told, then = what_if(now, Change(rate=load / loads[0])), measured(rule, load, more)
                print(
                    f"| {who} | {rule} | {loads[0]:g} to {load:g} | {told.response_s:.3g} | {then.response_s:.3g} | "
                    f"{100 * (told.response_s / then.response_s - 1):+.0f} % |"
                )


def cost(looks: int) -> None:
    """CPU time of a look at 50,000 agents in 500 clusters."""
    model, seen, took = SwarmModel("llm-fleet", rng=2, **(QUIET | {"seconds": 400.0})).run(100), None, []
    for _ in range(13):
        _, seen = analyze(model.run(10), seen)
    for _ in range(looks):
        begin = time.process_time_ns()
        analyze(model, seen)
        took.append((time.process_time_ns() - begin) / 1000)
    clusters = len(model.flow.state.busy_t)
    print(
        f"\nA look at {clusters:,} clusters takes {np.median(took):.0f} microseconds of CPU time, "
        f"at best {min(took):.0f} ({looks:,} looks, {processor()}, load {load_average()})."
    )


def main() -> None:
    """Print all."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    given = parser.parse_args()
    kinds(given.seeds)
    closed_forms()
    changes()
    cost(2000)


if __name__ == "__main__":
    main()
