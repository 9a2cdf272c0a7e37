"""Is 100 agents a good cluster size, are 16 nodes and five levels a good hierarchy, and for which load?"""

import argparse
import sys
import time
import warnings
from math import ceil
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from structure_figure import draw
from structure_runs import WORK_S, Run, cell, runs, values, wait_s, work

from swarmscale.bench.machine import load_average, processor
from swarmscale.model.build import build_demand, coordination
from swarmscale.model.config import Config
from swarmscale.model.intervals import student_ends

SIZES, LOADS, MODES = (5, 10, 25, 50, 100), (0.5, 0.7, 0.85, 0.95), ("none", "tree", "star", "mesh")
NODES, RATES = (1, 2, 4, 8, 16, 32, 64), ((1400.0, 2.0), (5600.0, 0.5), (11200.0, 0.25))
NEVER = 1e9
ZONES, ALONE = "fleet.zone_clusters", {"delegation.node_load": NEVER}
KINDS: tuple[
    tuple[str, dict[str, object], str], ...
] = (  # a name, its settings, what its zones are compared with
    ("stays", {"delegation.on": False}, "stays"),
    ("zone of 8", {ZONES: 8, "delegation.zone_load": NEVER} | ALONE, "stays"),
    ("node", {ZONES: 1} | ALONE, "node"),
    ("zone of 8, node", {ZONES: 8} | ALONE, "node"),
    ("zone of 1,000 (all of the node's)", {ZONES: 1000} | ALONE, "node"),
    ("node, other nodes", {ZONES: 1}, "node, other nodes"),
    ("zone of 8, node, other nodes", {ZONES: 8}, "node, other nodes"),
    ("zone of 1,000, other nodes", {ZONES: 1000}, "node, other nodes"),
)
Found = dict[tuple[str, float, int], list[Run]]


def heading(title: str, *columns: str) -> None:
    """A title and the head of a table."""
    print(f"\n### {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")


def row(*cells: object) -> None:
    """A row of a table."""
    print(f"| {' | '.join(str(one) for one in cells)} |")


def size_runs(seeds: int, seconds: float) -> Found:
    """Cluster size by load and way of coordinating: 2,000 agents under four nodes."""
    return {
        (mode, load, size): runs(
            {"fleet.agents": 2000, "fleet.nodes": 4, "fleet.cluster_agents": size, "fleet.communication": mode,
             "demand.load": load, "demand.classes": work()}, seeds, seconds)
        for mode in MODES for load in LOADS for size in SIZES
    }  # fmt: skip


def sizes(found: Found) -> None:
    """What each cluster size comes to, by load and way of coordinating."""
    names = [str(size) for size in SIZES]
    heading("Mean response, s", "coordination", "load", *names, "100 less the best", "no worse than the best")
    for mode in MODES:
        for load in LOADS:
            told = np.array([values(found[mode, load, size], "response_s") for size in SIZES])
            best = int(np.argmin(told.mean(axis=1)))
            low, _ = student_ends(told - told[best])
            good = [str(size) for i, size in enumerate(SIZES) if i == best or not low[i] > 0]
            row(mode, load, *map(cell, told), cell(told[-1] - told[best], ".3f"), ", ".join(good))
    for title, name, spec in (
        ("95th percentile of the response, s", "p95_s", ".2f"),
        ("Coordination efficiency", "efficiency", ".3f"),
    ):
        heading(title, "coordination", "load", *names)
        for mode in MODES:
            for load in LOADS:
                row(mode, load, *(cell(values(found[mode, load, size], name), spec) for size in SIZES))


def theory(found: Found) -> None:
    """Messages a task, the factor on its work, and Erlang C of a cluster left alone with its share."""
    heading("Messages a task in runs, and factor on its work", "coordination", *map(str, SIZES))
    factors = {}
    for mode in MODES:
        config = Config.load("tiny").changed({"fleet.communication": mode})
        factors[mode] = coordination(config, np.array(SIZES))[1]
        told = [values(found[mode, LOADS[0], size], "messages").mean() for size in SIZES]
        row(mode, *(f"{a:.2f}, x {b:.4f}" for a, b in zip(told, factors[mode], strict=True)))
    heading(
        "Erlang C: response of one cluster alone, s, and of all 2,000 agents as one queue without overhead",
        "coordination", "load", *map(str, SIZES), "2,000", "busy in clusters of 100",
    )  # fmt: skip
    for mode in MODES:
        for load in LOADS:
            alone = [
                f * WORK_S + wait_s(c, load * f, f * WORK_S)
                for c, f in zip(SIZES, factors[mode], strict=True)
            ]
            pooled = WORK_S + wait_s(2000, load)
            row(
                mode,
                load,
                *(f"{one:.2f}" for one in alone),
                f"{pooled:.2f}",
                f"{load * factors[mode][-1]:.3f}",
            )


def nodes(seeds: int, seconds: float) -> None:
    """How many nodes: 4,000 agents busy at .7, stations as in llm-fleet, at three rates."""
    heading(
        "Nodes: 4,000 agents, ingress .5 ms and dispatch 1 ms a task", "tasks a second", "nodes", "dispatch busy",
        "network ms", "response s", "response less that of 16 nodes, ms", "dropped",
    )  # fmt: skip
    for rate, work_s in RATES:
        told = {
            count: runs(
                {"fleet.agents": 4000, "fleet.nodes": count, "fleet.cluster_agents": 50, "demand.load": None,
                 "demand.mean_rate_per_s": rate, "demand.classes": work(work_s), "ingress.service_ms": 0.5,
                 "dispatch.service_ms": 1.0, "ingress.queue": 5000, "dispatch.queue": 5000}, seeds, seconds)
            for count in NODES
        }  # fmt: skip
        standard = values(told[16], "response_s")
        for count, mine in told.items():
            row(
                f"{rate:,.0f}", count, cell(values(mine, "dispatch"), ".3f"),
                cell(values(mine, "network_ms"), ",.1f"), cell(values(mine, "response_s"), ".3f"),
                cell(1000 * (values(mine, "response_s") - standard), ",.1f"),
                f"{values(mine, 'dropped').mean():.1%}",
            )  # fmt: skip


def preset() -> None:
    """What the preset with 50,000 agents asks of its 16 nodes."""
    config = Config.load("llm-fleet")
    demand = build_demand(config, 1)
    rate, each_s = demand.profile.mean_rate_per_s * demand.factor, config.dispatch.service_ms / 1000
    print(
        f"\nllm-fleet: {rate:,.0f} tasks a second on average, dispatch {config.dispatch.service_ms:g} ms a task: "
        f"{config.fleet.nodes} nodes are busy at {rate * each_s / config.fleet.nodes:.2f}; "
        f"{ceil(rate * each_s / 0.7)} would be at most at .7. At .7, 8 nodes take {8 * 0.7 / each_s:,.0f} a second "
        f"and 16 take {16 * 0.7 / each_s:,.0f}."
    )


def levels(seeds: int, seconds: float) -> None:
    """What levels buy: zones, nodes that hand on, the span of the tree inside a cluster."""
    base = {"fleet.agents": 4000, "fleet.nodes": 16, "fleet.cluster_agents": 10, "demand.classes": work(),
            "delegation.on": True}  # fmt: skip
    heading(
        "Levels: 4,000 agents in clusters of 10 under 16 nodes, 25 clusters a node", "dispatch", "load",
        "where a loaded cluster's task may go", "response s", "saved by handing on, ms", "saved by zones, ms", "p95 s",
        "messages a task",
    )  # fmt: skip
    for rule in ("random", "jsq"):
        for load in (0.7, 0.95):
            here = base | {"dispatch.rule": rule, "demand.load": load}
            told = {name: runs(here | more, seeds, seconds) for name, more, _ in KINDS}
            response = {name: 1000 * values(mine, "response_s") for name, mine in told.items()}
            for name, _, other in KINDS:
                row(
                    rule, load, name, cell(response[name] / 1000),
                    "" if name == "stays" else cell(response["stays"] - response[name], ",.1f"),
                    "" if name == other else cell(response[other] - response[name], ",.1f"),
                    cell(values(told[name], "p95_s")), cell(values(told[name], "messages")),
                )  # fmt: skip
    columns = (
        "agents",
        "clusters a node",
        "load",
        "span",
        "response s",
        "less that of span 10, ms",
        "messages a task",
    )
    heading("Span of the tree in clusters of 100 under 16 nodes, nothing handed on", *columns)
    for agents, held in ((4800, "3"), (4000, "2 or 3")):
        for load in (0.7, 0.95):
            here = base | {"fleet.agents": agents, "fleet.cluster_agents": 100, "demand.load": load}
            here |= {"delegation.on": False}
            spans = {span: runs(here | {"fleet.span": span}, seeds, seconds) for span in (2, 10, 100)}
            response = {span: values(mine, "response_s") for span, mine in spans.items()}
            for span, mine in spans.items():
                more = cell(1000 * (response[span] - response[10]), ",.1f")
                row(agents, held, load, span, cell(response[span]), more, cell(values(mine, "messages")))


def main() -> int:
    """Print the tables, and draw the figure if asked to."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--seconds", type=float, default=900.0, help="of a run, a third of them to warm it up"
    )
    parser.add_argument("--figure", type=Path, help="where the figure goes, as SVG")
    given = parser.parse_args()
    print(f"{processor()}, load {load_average()}; {given.seeds} seeds, runs of {given.seconds:g} s")
    found = size_runs(given.seeds, given.seconds)
    sizes(found)
    theory(found)
    nodes(given.seeds, given.seconds / 6)
    preset()
    levels(given.seeds, given.seconds)
    if given.figure is not None:
        means = {key: float(values(told, "response_s").mean()) for key, told in found.items()}
        draw(means, given.figure)
    print(f"\n{time.process_time():.0f} s of CPU")
    return 0


if __name__ == "__main__":
    sys.exit(main())
