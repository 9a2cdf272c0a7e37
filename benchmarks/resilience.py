"""What a fleet holds up: storm with and without recovery, a node lost, 30 % of the agents killed, nodes restarted."""

import argparse
import math
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from swarmscale.batch.chaos import Chaos, chaos
from swarmscale.batch.chaos_figures import figures, layers
from swarmscale.bench.machine import load_average, processor
from swarmscale.model.config import Config
from swarmscale.model.flow.ledger import DROPS
from swarmscale.model.resilience.incidents import Incident
from swarmscale.model.swarm import SwarmModel
from swarmscale.viz.chaos_tables import chaos_sheets

AVAILABILITY, RECOVERY, DELIVERY, LINK_MS = 0.9995, 0.98, 0.95, 10.0
"""What the origin of this project claimed."""
BACK_SHARE, BACK_S, WINDOW_S = 0.99, 60.0, 10.0
"""Throughput counts as back from the window on after which a minute of windows has this share of what is offered."""
STRUCK_S = 120.0
"""When a fault of the single scenarios strikes, s."""


class Gate(NamedTuple):
    """A sentence that holds or does not."""

    text: str
    holds: bool

    def line(self) -> str:
        """As it is printed."""
        return f"{'met' if self.holds else 'MISSED'}: {self.text}"


class After(NamedTuple):
    """What came after a fault.

    Attributes:
        incident: the fault.
        back_s: time from its begin until throughput is back, s; infinity if it is not.
        lowest: least share of what is offered that a window answered.
        dropped: tasks dropped, by reason.
        backlog: tasks that wait in clusters beyond those of the twin, at most.
        drain_s: time in which spare agents drain them, s.
        kept: whether each task that arrived is answered, held or dropped.
    """

    incident: Incident
    back_s: float
    lowest: float
    dropped: dict[str, int]
    backlog: float
    drain_s: float
    kept: bool

    @property
    def lost(self) -> int:
        """Tasks dropped for any reason."""
        return sum(self.dropped.values())


def fleet(agents: int, **changes: Any) -> Config:
    """The fleet and demand of ``game-day`` without its faults, its size fixed."""
    quiet = {"resilience.script": [], "scaling": "static", "intelligence.on": False, "emergence.on": False}
    return Config.load("game-day").changed({"fleet.agents": agents, **quiet, **changes})


def after(
    fault: dict[str, Any], agents: int, *, rng: int = 7, seconds: float = 480.0, **changes: Any
) -> After:
    """Let one fault strike, and compare the run with its twin in which nothing does.

    Args:
        fault: an entry of the script without its time.
        agents: of the fleet.
        rng: the seed.
        seconds: length of the run.
        changes: of the settings.
    """
    base = fleet(agents, seconds=seconds, **changes)
    twin = SwarmModel(base, rng=rng).run().records.frame()
    model = SwarmModel(base.changed({"resilience.script": [{"at_s": STRUCK_S} | fault]}), rng=rng).run()
    mine = model.records.frame()
    assert model.resilience is not None
    (incident,) = model.resilience.log.incidents
    at, width = round(STRUCK_S), round(WINDOW_S)

    def windows(name: str, table: Any) -> Any:
        return (
            table[name]
            .to_numpy()[at : at + (len(table) - at) // width * width]
            .reshape(-1, width)
            .sum(axis=1)
        )

    shares = windows("completed", mine) / windows("completed", twin)
    waits = mine["waiting_cluster"].to_numpy() - twin["waiting_cluster"].to_numpy()
    backlog = float(max(waits[at:].max(), 0.0))
    spare = float((twin["agents_idle"].to_numpy()[at:]).mean()) / float(np.nanmean(twin["service_mean_s"]))
    dropped = {which.name.lower(): int(mine[which.name.lower()].sum()) for which in DROPS}
    ended = int(mine["completed"].sum()) + sum(dropped.values()) + int(mine["in_system"].iloc[-1])
    return After(
        incident=incident,
        back_s=back(shares),
        lowest=float(shares.min()),
        dropped={name: number for name, number in dropped.items() if number},
        backlog=backlog,
        drain_s=backlog / spare,
        kept=ended == int(mine["arrived"].sum()),
    )


def back(shares: Any) -> float:
    """Time until a window from which a minute has its share of what is offered, s; infinity if there is none."""
    minute = round(BACK_S / WINDOW_S)
    good = np.asarray(shares) >= BACK_SHARE
    for i in range(len(good) - minute + 1):
        if good[i : i + minute].all():
            return i * WINDOW_S
    return math.inf


def node_lost(agents: int, **changes: Any) -> tuple[list[str], list[Gate]]:
    """One of the nodes stops and stays down."""
    one = after({"fault": {"name": "node-crash", "for_s": 1e6}, "components": [3]}, agents, **changes)
    gates = [
        Gate(f"one of the nodes lost: throughput is back above 99 % of the offered load after {one.back_s:g} s, aim "
             f"{BACK_S:g}", one.back_s <= BACK_S),
        Gate(f"one of the nodes lost: {one.lost} tasks dropped", one.lost == 0),
    ]  # fmt: skip
    return [told("one of the nodes lost", one)], gates


def agents_killed(agents: int, **changes: Any) -> tuple[list[str], list[Gate]]:
    """30 % of the agents crash in one moment."""
    one = after({"fault": {"name": "mass-crash", "share": 0.3}}, agents, **changes)
    provisioned_s = one.incident.recovered_s - one.incident.begins_s
    most_s = provisioned_s + one.drain_s + WINDOW_S
    name = "30 % of the agents killed"
    gates = [
        Gate(f"{name}: {one.lost} tasks dropped, each task accounted for", one.lost == 0 and one.kept),
        Gate(
            f"{name}: back after {one.back_s:g} s; last agent after {provisioned_s:.1f} s, drain {one.drain_s:.1f} s, "
            f"a window {WINDOW_S:g} s",
            one.back_s <= most_s,
        ),
    ]
    return [told("30 % of the agents killed", one)], gates


def all_restarted(agents: int, **changes: Any) -> tuple[list[str], list[Gate]]:
    """All nodes restart within 10 s."""
    one = after({"fault": {"name": "restart-all", "spread_s": 10.0}}, agents, **changes)
    gates = [
        Gate(f"all nodes restarted within 10 s: {one.lost} tasks dropped, each task accounted for",
             one.lost == 0 and one.kept),
        Gate(f"all nodes restarted within 10 s: throughput is back after {one.back_s:g} s", one.back_s <= BACK_S),
    ]  # fmt: skip
    return [told("all nodes restarted within 10 s", one)], gates


def told(name: str, one: After) -> str:
    """What came after a fault, in a line."""
    i = one.incident
    reasons = (
        ", ".join(f"{number:,} {name.removeprefix('dropped_')}" for name, number in one.dropped.items())
        or "none"
    )
    return (
        f"{name}: found after {i.found_s - i.begins_s:.2f} s, made good after {i.recovered_s - i.begins_s:.2f} s, "
        f"{i.displaced:,} tasks displaced, dropped: {reasons}; worst 10 s: {one.lowest:.1%} of the offered load, "
        f"backlog {one.backlog:,.0f} tasks"
    )


def default_network(agents: int) -> tuple[list[str], list[Gate]]:
    """First-attempt delivery and link latency where nothing breaks."""
    quiet = {"intelligence.on": False, "emergence.on": False, "fleet.agents": agents, "seconds": 600.0}
    summary = SwarmModel(Config.load("llm-fleet").changed(quiet), rng=7).run().summary()
    hops, link = summary["delivery_hops"].value, summary["link_ms"].value
    text = (
        f"default network: hops delivered at the first attempt {hops:.3%}, a link {link:.2f} ms, network part of the "
        f"response {summary['network_mean_ms'].value:.2f} ms"
    )
    return [text], [Gate(f"default network: {hops:.2%} at the first attempt", hops >= DELIVERY),
                    Gate(f"default network: a link takes {link:.2f} ms in the mean", link < LINK_MS)]  # fmt: skip


def storm(runs: int, out: Path, workers: int | None, **changes: Any) -> tuple[list[str], list[Gate]]:
    """Storm with and without recovery, by layer, at half and at double its rates."""
    config = Config.load("storm").changed(changes)
    made = chaos(config, runs=runs, rng=7, without_recovery=True, by_layer=True, sensitivity=True, out=out,
                 workers=workers, progress=False)  # fmt: skip
    lines = [text for sheet in chaos_sheets(made) for text in printed(sheet)]
    return lines, storm_gates(made)


def storm_gates(made: Chaos) -> list[Gate]:
    """What the claims ask of it."""
    table = figures(made).set_index(["outcome", "case"])["value"]
    split = layers(made).set_index(["case", "layer"])
    first, bare = (case.name for case in made.cases[:2])

    def of(name: str, case: str) -> float:
        return float(table[name, case])

    available, recovered = of("availability_tasks", first), of("recovery", first)
    gates = [
        Gate(f"storm: {available:.4%} of the tasks due in time, aim {AVAILABILITY:.2%}", available >= AVAILABILITY),
        Gate(f"storm: {recovered:.2%} of the faults made good in time, aim {RECOVERY:.0%}", recovered >= RECOVERY),
        Gate(f"storm without recovery: {of('availability_tasks', bare):.2%} and {of('recovery', bare):.1%}, far below",
             1 - of("availability_tasks", bare) > 5 * (1 - AVAILABILITY) and of("recovery", bare) < 0.5),
        Gate(f"storm: hops delivered at the first attempt {of('delivery_hops', first):.2%}",
             of("delivery_hops", first) >= DELIVERY),
        Gate(f"storm: a link takes {of('link_ms', first):.2f} ms in the mean", of("link_ms", first) < LINK_MS),
    ]  # fmt: skip
    for case in made.cases:
        if case.recovers and case.layer is not None:
            share = float(split.loc[(case.name, "all"), "recovery"])
            gates.append(Gate(f"{case.name}: {share:.2%} made good in time", share >= RECOVERY))
    return gates


def printed(sheet: Any) -> list[str]:
    """A table as lines of text."""
    rows = [sheet.head, *sheet.rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(sheet.head))]
    return ["", sheet.title] + ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
                                for row in rows]  # fmt: skip


def main() -> int:
    """Print everything; 1 if a gate is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="of each case of storm")
    parser.add_argument("--agents", type=int, default=10_000, help="of the single scenarios")
    parser.add_argument("--only", choices=("storm", "single"), help="a part")
    parser.add_argument("--out", type=Path, help="folder in which storm's runs are kept and gone on with")
    parser.add_argument("--workers", type=int, help="processes")
    given = parser.parse_args()
    print(f"{processor()}, load {load_average()}")
    lines: list[str] = []
    gates: list[Gate] = []
    began = time.process_time()
    parts: list[tuple[list[str], list[Gate]]] = []
    if given.only != "storm":
        parts += [node_lost(given.agents), agents_killed(given.agents), all_restarted(given.agents)]
        parts.append(default_network(given.agents))
    if given.only != "single":
        with tempfile.TemporaryDirectory() as folder:
            parts.append(storm(given.runs, given.out or Path(folder) / "storm", given.workers))
    for told_, held in parts:
        lines += told_
        gates += held
    print("\n".join([*lines, "", *(gate.line() for gate in gates)]))
    print(f"{time.process_time() - began:.0f} s of CPU in this process, load {load_average()}")
    return int(not all(gate.holds for gate in gates))


if __name__ == "__main__":
    sys.exit(main())
