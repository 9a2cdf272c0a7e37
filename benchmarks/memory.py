"""What the collective memory's two modes cost and give: stale reads, convergence, write latency, refusals, bytes.

``python benchmarks/memory.py`` prints the tables of docs/memory.md and, below them, the gates; the exit code is 1 if a
gate is missed. ``--quick`` takes one seed in place of five.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import swarmscale as ss
from swarmscale.agents.knowledge_measures import (
    coverage,
    domain_distance,
    participation,
    predict_links,
    rao_stirling,
    transactive_memory,
)
from swarmscale.model.collective_memory.domains import fact_graph, knowers, provenance

AGENTS, SECONDS = 5000, 600.0
BASE = {"fleet.agents": AGENTS, "collective_memory.on": True, "seconds": 3600.0}
MODES = {
    "eventual (gossip 1 s)": {"mode": "eventual"},
    "eventual (gossip .25 s, fanout 2)": {"mode": "eventual", "mode.gossip_s": 0.25, "mode.fanout": 2},
    "strong (R 9, W 9)": {"mode": "strong"},
    "strong (R 1, W 16)": {"mode": "strong", "mode.read_quorum": 1, "mode.write_quorum": 16},
    "strong (R 16, W 1)": {"mode": "strong", "mode.read_quorum": 16, "mode.write_quorum": 1},
}
MINORITY = range(5)


def fleet(seed: int, **memory: Any) -> ss.SwarmModel:
    """A model with these settings of its memory."""
    keys = {f"collective_memory.{name}": value for name, value in memory.items()}
    return ss.SwarmModel("llm-fleet", rng=seed, **(BASE | keys))


def whole(model: ss.SwarmModel) -> None:
    """Nothing happens."""
    model.run(SECONDS)


def parted(model: ss.SwarmModel) -> None:
    """Five of the sixteen nodes are cut off for 120 s."""
    links = [(a, b) for a, b in model.mesh.edges if (a in MINORITY) != (b in MINORITY)]
    model.run(240.0)
    for a, b in links:
        model.cut_link(a, b)
    model.run(120.0)
    for a, b in links:
        model.restore_link(a, b)
    model.run(240.0)


def figures(model: ss.SwarmModel) -> dict[str, float]:
    """What is shown of one run."""
    m = model.collective_memory
    assert m is not None
    asked = m.tally.of("writes") + m.tally.of("reads") + m.refused()
    return {
        "stale reads": 100 * m.stale_share(),
        "refused": 100 * m.refused() / asked,
        "write ms": m.write_ms(),
        "write p95 ms": m.write_ms(0.95),
        "read ms": 1000 * m.tally.of("read_s") / m.tally.of("reads"),
        "convergence s": m.convergence_s(),
        "messages/s": m.tally.of("messages") / model.now_s,
        "kB/s": m.tally.of("message_bytes") / model.now_s / 1000,
        "Brier": m.brier(),
    }


def table(seeds: range, happens: Callable[[ss.SwarmModel], None]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Mean and standard deviation over seeds of every figure, mode by mode."""
    for name, settings in MODES.items():
        runs = []
        for seed in seeds:
            model = fleet(seed, **settings)
            happens(model)
            runs.append(figures(model))
        yield name, {key: np.array([run[key] for run in runs]) for key in runs[0]}


def show(title: str, rows: list[tuple[str, dict[str, Any]]]) -> None:
    """Print a table."""
    heads = list(rows[0][1])
    print(
        f"\n{title}\n| mode | "
        + " | ".join(_head(h) for h in heads)
        + " |\n"
        + "|---" * (len(heads) + 1)
        + "|"
    )
    for name, row in rows:
        print(f"| {name} | " + " | ".join(_cell(row[h]) for h in heads) + " |")


def _head(name: str) -> str:
    return f"{name}, %" if name in ("stale reads", "refused") else name


def _cell(values: Any) -> str:
    spread = f" ± {values.std(ddof=1):.2g}" if len(values) > 1 and values.std() > 1e-9 else ""
    return f"{values.mean():.3g}{spread}"


def retention(seed: int) -> None:
    """Bytes held and recalled, and calibration, by retention window."""
    print(f"\nretention, eventual, {SECONDS:g} s, 16 lookups a node and period (seed {seed})")
    print("| retention s | facts | kB held | memory efficiency | Brier |\n|---|---|---|---|---|")
    for window in (20.0, 60.0, 180.0, 600.0):
        model = fleet(seed, retention_s=window, reads=16)
        model.kill_node(0)  # what only this node saw is not renewed
        model.run(60.0).revive_node(0)
        model.run(120.0).kill_node(0)
        model.run(SECONDS - 180.0)
        m = model.collective_memory
        assert m is not None
        last = m.series().iloc[-1]
        print(
            f"| {window:g} | {last.facts:.0f} | {last.bytes / 1000:.0f} | {m.efficiency():.3f} | {m.brier():.4f} |"
        )


def trust(seeds: range) -> None:
    """Calibration with a share of the sources lying, weighed by trust or not."""
    print(f"\nlies and trust, eventual, {SECONDS:g} s: Brier score of the beliefs read")
    print("| lying | weighed by trust | all alike | trust in a liar / in another |\n|---|---|---|---|")
    for lying in (0.0, 0.125, 0.25, 0.4375):
        cells = []
        for weighed in (True, False):
            models = [fleet(s, lying=lying, trust=weighed, reads=16).run(SECONDS) for s in seeds]
            kept = [m.collective_memory for m in models if m.collective_memory is not None]
            cells.append(np.array([m.brier() for m in kept]))
        ratio = [
            m.trust[m.liars].mean() / m.trust[~m.liars].mean() if m.liars.any() else np.nan for m in kept
        ]
        print(f"| {lying:g} | {_cell(cells[0])} | {_cell(cells[1])} | {np.mean(ratio):.2f} |")


def calibration(seed: int) -> None:
    """How far beliefs are from what is true, relation by relation."""
    m = fleet(seed, reads=64).run(SECONDS).collective_memory
    assert m is not None
    print(f"\nbeliefs against truth by relation, eventual, {SECONDS:g} s (seed {seed})")
    print("| relation | read | Brier | of the share that held |\n|---|---|---|---|")
    for name, (read, score, base) in m.calibration().items():
        print(f"| {name} | {read:,} | {score:.3f} | {base:.3f} |")


def graph(seed: int) -> None:
    """The knowledge graph after a run, and its measures."""
    model = fleet(seed).run(SECONDS)
    m = model.collective_memory
    assert m is not None
    facts = provenance(m.replicas)[0].astype(np.float64)
    print(f"\nknowledge graph after {SECONDS:g} s (seed {seed})")
    print(
        f"coverage {coverage(facts):.3f}, Rao-Stirling {rao_stirling(facts, domain_distance(model.knowledge)):.3f}"
    )
    weights, kinds = fact_graph(m.replicas, m.worth_now(model.now_s))
    bridging = participation(weights[np.ix_(kinds < 0, kinds >= 0)], kinds[kinds >= 0])
    print(f"participation of subjects over relations: mean {bridging.mean():.3f}")
    found = predict_links(weights, 0.1, np.random.default_rng(seed))
    print(
        f"link prediction, {found.held_out} held out: MRR {found.mrr:.3f} (degrees {found.baseline_mrr:.3f}), "
        f"Hits@10 {found.hits:.3f} (degrees {found.baseline_hits:.3f})"
    )
    for topology in ("mesh", "ring"):
        model = fleet(seed)
        model.switch({"network.topology": topology}) if topology != "mesh" else None
        model.run(120.0)
        m = model.collective_memory
        assert m is not None
        for hops in (1, 2, 4):
            t = transactive_memory(model.network.hops, knowers(m.replicas), hops)
            print(
                f"who knows within {hops} hops, {topology}: {t.reached:.3f}; at random places {t.exact:.3f} "
                f"(1 - (1 - p)^ball {t.expected:.3f})"
            )


def cost(seed: int) -> None:
    """CPU time that the memory adds."""
    took = {}
    for name, settings in {"none": {"on": False}, "eventual": {}, "strong": {"mode": "strong"}}.items():
        model = fleet(seed, **settings).run(30.0)
        begin = time.process_time()
        model.run(300.0)
        took[name] = (time.process_time() - begin) / 300 * 1000
    print("\nCPU ms a tick: " + ", ".join(f"{name} {ms:.2f}" for name, ms in took.items()))


def main() -> int:
    """Print all; the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one seed, and neither retention nor trust")
    quick = parser.parse_args().quick
    seeds = range(1, 2 if quick else 6)
    about = f"llm-fleet, {AGENTS:,} agents, 16 nodes in a full mesh, {SECONDS:g} s, mean ± sd over {len(seeds)} seeds"
    calm = list(table(seeds, whole))
    show(about, calm)
    cut = list(table(seeds, parted))
    show(f"the same, with {len(MINORITY)} of the nodes cut off from the others for 120 s", cut)
    if not quick:
        retention(1)
        trust(range(1, 4))
    calibration(1)
    graph(1)
    cost(1)
    gates = {
        "strong: no stale read, in calm or partition": all(
            (row["stale reads"] == 0).all() for name, row in calm + cut if name.startswith("strong")
        ),
        "eventual: stale reads, and nothing refused": all(
            (row["stale reads"] > 0).all() and (row["refused"] == 0).all()
            for name, row in calm + cut
            if name.startswith("eventual")
        ),
        "strong: refuses under the partition, and never without": all(
            (row["refused"] == 0).all() for name, row in calm if name.startswith("strong")
        )
        and all((row["refused"] > 0).all() for name, row in cut if name.startswith("strong")),
    }
    print()
    for name, holds in gates.items():
        print(f"{'holds ' if holds else 'MISSED'} {name}")
    return 0 if all(gates.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
