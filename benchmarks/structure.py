"""Is 100 agents a good cluster size, are 16 nodes and five levels a good hierarchy, and for which load?"""

import argparse
import sys
import warnings
from concurrent.futures import ProcessPoolExecutor
from math import exp, lgamma, log
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from swarmscale.bench.machine import load_average, processor
from swarmscale.model.build import coordination
from swarmscale.model.config import Config
from swarmscale.model.flow.ledger import Count
from swarmscale.model.intervals import student_ends
from swarmscale.model.swarm import SwarmModel

PLAIN: dict[str, Any] = {
    "intelligence.on": False, "emergence.on": False, "resilience.on": False, "fleet.speed_cv": 0.0,
    "fleet.skill_own": [1.0, 1.0], "fleet.skill_other": [1.0, 1.0], "network.jitter": 0.0, "network.loss": 0.0,
}  # fmt: skip
WORK = [{"name": "task", "work_s": 3.5, "law": "exponential", "deadline_s": 60.0}]
SIZES, LOADS, MODES = (5, 10, 25, 50, 100), (0.5, 0.7, 0.85, 0.95), ("none", "tree", "star", "mesh")
NODES = (1, 2, 4, 8, 16, 32, 64)


class Run(NamedTuple):
    """What a run came to.

    Attributes:
        response_s: mean response time, s.
        p95_s: mean of its 95th percentiles, s.
        wait_s: mean wait in the cluster, s.
        efficiency: coordination efficiency.
        network_ms: mean network part, ms.
        station: largest busy share of ingress and dispatch, over the time.
        errors: tasks dropped over arrived.
        messages: of coordination and hierarchy a task.
    """

    response_s: float
    p95_s: float
    wait_s: float
    efficiency: float
    network_ms: float
    station: float
    errors: float
    messages: float


def run(job: tuple[dict[str, Any], int, float]) -> Run:
    """One run; the first third is left out."""
    changes, seed, seconds = job
    model = SwarmModel("tiny", rng=seed, **(PLAIN | changes | {"seconds": seconds})).run(seconds)
    raw = model.records.raw(round(seconds / model.config.dt / 3))
    done, span = raw.count(Count.COMPLETED).sum(), len(raw) * raw.dt

    def each(which: Count, over: float = done) -> float:
        return float(raw.seconds(which).sum() / max(over, 1))

    stations = max(raw.seconds(Count.INGRESS_BUSY_T).sum(), raw.seconds(Count.DISPATCH_BUSY_T).sum())
    frame = model.records
    first = round(seconds / model.config.dt / 3)
    told = sum(
        frame.column(f"{name}_messages")[first:].sum()
        for name in ("agent_to_agent", "cluster_internal", "hierarchical_coordination")
    )
    return Run(
        each(Count.RESPONSE_T),
        float(np.nanmean(raw.quantile("response", 1))),
        each(Count.CLUSTER_WAIT_T, raw.count(Count.STARTED).sum()),
        each(Count.USEFUL_T) / max(each(Count.RESPONSE_T), 1e-9),
        1000 * each(Count.NETWORK_T),
        float(stations / model.network.nodes / span),
        float(frame.column("dropped")[first:].sum() / max(frame.column("arrived")[first:].sum(), 1)),
        float(told / max(done, 1)),
    )


def erlang_c(servers: int, load: float) -> float:
    """Chance that a task must wait in an M/M/c queue (Erlang 1917), ``load`` being that of each server."""
    a = servers * load
    terms = [k * log(a) - lgamma(k + 1) for k in range(servers)]
    top = servers * log(a) - lgamma(servers + 1) - log(1 - load)
    return exp(top) / (sum(exp(t) for t in terms) + exp(top))


def wait_s(servers: int, load: float, service_s: float) -> float:
    """Mean wait of an M/M/c queue, s."""
    return erlang_c(servers, load) * service_s / (servers * (1 - load)) if load < 1 else float("inf")


def cell(values: list[float], digits: int = 3) -> str:
    """Mean and 95 % interval."""
    array = np.array([values])
    low, high = student_ends(array)
    return f"{array.mean():.{digits}g} [{low[0]:.{digits}g}, {high[0]:.{digits}g}]"


def sizes(pool: ProcessPoolExecutor, seeds: int) -> dict[tuple[str, float, int], list[Run]]:
    """Cluster size by load and way of coordinating: 2,000 agents under four nodes, the shorter of two queues."""
    keys = [(mode, load, size) for mode in MODES for load in LOADS for size in SIZES]
    jobs = [
        ({"fleet.agents": 2000, "fleet.nodes": 4, "fleet.cluster_agents": size, "fleet.communication": mode,
          "demand.load": load, "demand.classes": WORK}, seed, 300.0)
        for mode, load, size in keys for seed in range(1, seeds + 1)
    ]  # fmt: skip
    told = list(pool.map(run, jobs, chunksize=4))
    found = {key: told[i * seeds : (i + 1) * seeds] for i, key in enumerate(keys)}
    print(f"\n### Cluster size: mean response s, {seeds} seeds\n")
    print("2,000 agents, four nodes, exponential work of 3.5 s, the shorter of two queues.\n")
    print(
        "| coordination | load | "
        + " | ".join(str(size) for size in SIZES)
        + " | best | M/M/c of one cluster of 5 / 100 x overhead |"
    )
    print("|---|---|" + "---|" * (len(SIZES) + 2))
    for mode in MODES:
        for load in LOADS:
            cells = [cell([r.response_s for r in found[mode, load, size]]) for size in SIZES]
            means = [np.mean([r.response_s for r in found[mode, load, size]]) for size in SIZES]
            config = Config.load("tiny").changed({"fleet.communication": mode})
            factor = coordination(config, np.array([5, 100]))[1]
            theory = [
                f * 3.5 + wait_s(c, load * f, f * 3.5) if load * f < 1 else np.inf
                for c, f in zip((5, 100), factor, strict=True)
            ]
            print(
                f"| {mode} | {load:g} | "
                + " | ".join(cells)
                + f" | {SIZES[int(np.argmin(means))]} | {theory[0]:.3g} / {theory[1]:.3g} |"
            )
    return found


def nodes(pool: ProcessPoolExecutor, seeds: int) -> None:
    """How many nodes: 4,000 agents, stations as in llm-fleet, at two rates."""
    work = ((2.0, 1400.0), (0.5, 5600.0))
    print(f"\n### Nodes: 4,000 agents, ingress .5 ms and dispatch 1 ms a task, {seeds} seeds\n")
    print("| tasks a second | nodes | busiest station | network ms | response s | dropped |")
    print("|---|---|---|---|---|---|")
    for work_s, rate in work:
        classes = [{"name": "task", "work_s": work_s, "law": "exponential", "deadline_s": 60.0}]
        keys = [
            {"fleet.agents": 4000, "fleet.nodes": k, "fleet.cluster_agents": 50, "demand.load": None,
             "demand.mean_rate_per_s": rate, "demand.classes": classes, "ingress.service_ms": 0.5,
             "dispatch.service_ms": 1.0, "ingress.queue": 5000, "dispatch.queue": 5000}
            for k in NODES
        ]  # fmt: skip
        told = list(
            pool.map(run, [(key, seed, 150.0) for key in keys for seed in range(1, seeds + 1)], chunksize=2)
        )
        for i, k in enumerate(NODES):
            mine = told[i * seeds : (i + 1) * seeds]
            print(
                f"| {rate:,.0f} | {k} | {cell([r.station for r in mine])} | {cell([r.network_ms for r in mine])} | "
                f"{cell([r.response_s for r in mine])} | {np.mean([r.errors for r in mine]):.1%} |"
            )


def levels(pool: ProcessPoolExecutor, seeds: int) -> None:
    """What levels buy: zones with delegation, nodes that hand on, the span of the tree."""
    print(f"\n### Levels: 2,000 agents in clusters of 25 under 16 nodes, {seeds} seeds\n")
    print("| what there is | load | response s | p95 s | messages a task |")
    print("|---|---|---|---|---|")
    base = {
        "fleet.agents": 2000,
        "fleet.nodes": 16,
        "fleet.cluster_agents": 25,
        "demand.classes": WORK,
        "dispatch.rule": "random",
    }
    kinds = [
        ("cluster and node: nothing is handed up", {"delegation.on": False}),
        (
            "and zones of 2 clusters, and nodes that hand on",
            {"delegation.on": True, "fleet.zone_clusters": 2},
        ),
        (
            "and zones of 8 clusters (a node's all), and nodes that hand on",
            {"delegation.on": True, "fleet.zone_clusters": 8},
        ),
        ("a tree of span 2 in each cluster", {"fleet.span": 2}),
        ("a tree of span 100", {"fleet.span": 100}),
    ]
    for load in (0.7, 0.9):
        for name, more in kinds:
            told = list(
                pool.map(
                    run, [(base | more | {"demand.load": load}, seed, 300.0) for seed in range(1, seeds + 1)]
                )
            )
            print(
                f"| {name} | {load:g} | {cell([r.response_s for r in told])} | {cell([r.p95_s for r in told])} | "
                f"{cell([r.messages for r in told])} |"
            )


def drawn(found: dict[tuple[str, float, int], list[Run]], path: Path) -> None:
    """Response against cluster size, a pane for each load, a line for each way of coordinating."""
    colors = dict(zip(MODES, ("#0072B2", "#009E73", "#E69F00", "#D55E00"), strict=True))
    width, height, pad = 230, 200, 42
    size = f'width="{width * len(LOADS) + 20}" height="{height + 70}"'
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" font-size="11">']
    parts.append('<rect width="100%" height="100%" fill="white"/>')
    for i, load in enumerate(LOADS):
        values = {
            m: [float(np.mean([r.response_s for r in found[m, load, s]])) for s in SIZES] for m in MODES
        }
        low, high = 3.4, min(max(max(v) for v in values.values()), 12.0)

        def x(size: float, i: int = i) -> float:
            return i * width + pad + (log(size) - log(5)) / (log(100) - log(5)) * (width - pad - 12)

        def y(value: float, low: float = low, high: float = high) -> float:
            return 30 + (1 - (min(value, high) - low) / (high - low)) * (height - 50)

        parts.append(f'<text x="{x(5)}" y="18" font-weight="bold">load {load:g}</text>')
        for size in SIZES:
            parts.append(f'<text x="{x(size)}" y="{height}" text-anchor="middle">{size}</text>')
        for value in np.linspace(low, high, 4):
            parts.append(f'<text x="{x(5) - 8}" y="{y(value) + 4}" text-anchor="end">{value:.2g}</text>')
            parts.append(f'<line x1="{x(5)}" x2="{x(100)}" y1="{y(value)}" y2="{y(value)}" stroke="#ddd"/>')
        for mode in MODES:
            points = " ".join(f"{x(s):.1f},{y(v):.1f}" for s, v in zip(SIZES, values[mode], strict=True))
            parts.append(
                f'<polyline points="{points}" fill="none" stroke="{colors[mode]}" stroke-width="2"/>'
            )
    parts.append(
        f'<text x="{pad}" y="{height + 20}">agents in a cluster (mean response, s; cut off at the top)</text>'
    )
    for i, mode in enumerate(MODES):
        parts.append(
            f'<rect x="{pad + 110 * i}" y="{height + 32}" width="12" height="12" fill="{colors[mode]}"/>'
        )
        parts.append(f'<text x="{pad + 16 + 110 * i}" y="{height + 42}">{mode}</text>')
    path.write_text("\n".join([*parts, "</svg>"]) + "\n", encoding="utf-8")


def main() -> int:
    """Print the tables, and draw the figure if asked to."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--figure", type=Path, help="where the figure goes, as SVG")
    given = parser.parse_args()
    print(f"{processor()}, load {load_average()}")
    with ProcessPoolExecutor(given.processes) as pool:
        found = sizes(pool, given.seeds)
        nodes(pool, given.seeds)
        levels(pool, given.seeds)
    if given.figure is not None:
        drawn(found, given.figure)
    return 0


if __name__ == "__main__":
    sys.exit(main())
