"""How often detectors find coordination in fleets with links cut, and in the same fleets with links; their cost."""

import argparse
import statistics
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

from swarmscale.bench.machine import load_average, processor
from swarmscale.emergence import NULLS, POSITIVES, AnyDetector
from swarmscale.model.config import Config
from swarmscale.model.emergence.base import Verdict, Window
from swarmscale.model.emergence.twin import without_links
from swarmscale.model.emergence.watch import all_detectors, begin, look
from swarmscale.model.swarm import SwarmModel

WINDOWS = 6
"""Windows of a run, the first of which is mostly the start that all clusters share."""
FLEETS = {
    "steady": ("tiny", {"fleet.agents": 800, "demand.load": 0.6}),
    "loaded": ("tiny", {"fleet.agents": 800, "demand.load": 0.9}),
    "llm trace": ("llm-fleet", {"fleet.agents": 800, "fleet.nodes": 4}),
    "flash crowd": ("flash-crowd", {"fleet.agents": 800, "fleet.nodes": 4, "demand.load": 0.4}),
}
"""Fleets of 32 clusters: a preset and what is changed in it."""


PARTS, SAMPLES = 500, 300
"""Of the window whose cost is measured."""
DRIVEN = ((30, 100), (300, 20))
"""Series that an untold driver moves, and windows that are looked at."""
MOST_S = 1.0
"""CPU time that all detectors may take for it, s."""


class Run(NamedTuple):
    """What came of a run.

    Attributes:
        verdicts: on coordination, window by window.
        found: whether coordination persisted.
        others: names of the other detectors whose finding persisted.
    """

    verdicts: list[Verdict]
    found: bool
    others: list[str]

    @property
    def passed(self) -> bool:
        """Whether at least three windows passed the gate, as many as persistence looks at."""
        return sum(not verdict.abstained for verdict in self.verdicts) >= 3


def config_of(fleet: str, *, cut: bool) -> Config:
    """The settings of one of the fleets."""
    preset, changes = FLEETS[fleet]
    made = Config.load(preset).changed(
        {"intelligence.on": False, "fleet.cluster_agents": 25, "seconds": 300.0 * WINDOWS, **changes}
    )
    return without_links(made) if cut else made


def run(config: Config, seed: int) -> Run:
    """Run a fleet to the end, and say what was found."""
    monitor = SwarmModel(config, rng=seed).run().emergence
    assert monitor is not None
    verdicts = [v for v in monitor.verdicts if v.detector == "coordination"]
    found = {finding.detector for finding in monitor.findings}
    return Run(verdicts, "coordination" in found, sorted(found - {"coordination"}))


def line(name: str, runs: list[Run]) -> str:
    """A row of the table."""
    verdicts = [v for r in runs for v in r.verdicts]
    looked = [v for v in verdicts if not v.abstained]
    share = {
        which: sum(t.rejected for v in looked for t in v.tests if t.statistic == which) / max(len(looked), 1)
        for which in ("synchrony", "directed")
    }
    others = sum(len(r.others) > 0 for r in runs)
    return (
        f"{name:22s} {len(runs):5d} {sum(r.passed for r in runs):7d} {sum(r.found for r in runs):6d} {others:7d} "
        f"{1 - len(looked) / len(verdicts):10.3f} {share['synchrony']:10.3f} {share['directed']:9.3f}"
    )


def full_window(name: str) -> Window:
    """A window of which every detector has something to look at."""
    made = {}
    for which in (name, "injected", "synergy"):
        control = (POSITIVES if which in set(POSITIVES) else NULLS).make(which)
        made[which] = control.make(PARTS, SAMPLES, np.random.default_rng(1))
    return replace(made[name], solutions=made["injected"].solutions, opinions=made["synergy"].opinions)


def cpu_s(detectors: Mapping[str, AnyDetector], window: Window) -> float:
    """Median CPU time that detectors take for a window of which nothing is worked out yet."""
    times = []
    for _ in range(8):
        fresh = replace(window)
        start = time.process_time()
        look(detectors, begin(detectors), fresh, 1)
        times.append(time.process_time() - start)
    return statistics.median(times[1:])  # the first one compiles and loads


def cost() -> int:
    """CPU time of each detector on a window of 500 parts, and of a run with and without them."""
    print(f"{processor()}; load average {load_average()}")
    print(f"CPU ms of a window of {PARTS} parts x {SAMPLES} samples, median of 7, one thread")
    missed = 0
    for name in ("autoregressive", "modules", "vicsek"):
        window = full_window(name)
        spent = {which: cpu_s({which: detector}, window) for which, detector in all_detectors().items()}
        whole = cpu_s(all_detectors(), window)
        missed += whole > MOST_S
        print(
            f"{name:14s} all {1000 * whole:4.0f}; alone "
            + ", ".join(f"{k} {1000 * v:.0f}" for k, v in spent.items())
        )
    print(f"at most {1000 * MOST_S:.0f} ms: {'MISSED' if missed else 'met'}")
    print("CPU s of 3,600 ticks of llm-fleet, without probes")
    for on in (False, True):
        model = SwarmModel("llm-fleet", rng=7, **{"intelligence.on": False, "emergence.on": on}).run(10)
        start = time.process_time()
        model.run()
        print(f"emergence.on={str(on).lower():5s} {time.process_time() - start:6.2f}", flush=True)
    return missed


def drivers() -> None:
    """How often a driver that nobody told of is taken for coordination, and how often it is suspected."""
    print(f"windows of {SAMPLES} samples: coordination found / driver suspected, shares of windows")
    print("memory of driver, of parts, share of variance " + "  ".join(f"{n} parts x {k}" for n, k in DRIVEN))
    for memory, own in ((0.0, 0.0), (0.9, 0.0), (0.9, 0.9), (0.99, 0.0), (0.99, 0.9)):
        for share in (0.5, 0.1, 0.03, 0.01):
            gain = float(np.sqrt(share / (1 - share)))
            driver = NULLS.make("driver", told=False, memory=memory, own_memory=own, gain=gain)
            cells = []
            for parts, windows in DRIVEN:
                made = [
                    driver.make(parts, SAMPLES, np.random.default_rng([parts, k])) for k in range(windows)
                ]
                alone = {"coordination": all_detectors()["coordination"]}
                said = [look(alone, begin(alone), one, k)[0][0] for k, one in enumerate(made)]
                found = sum(v.found for v in said) / windows
                cells.append(f"{found:.2f} / {sum(bool(v.label) for v in said) / windows:.2f}")
            print(f"{memory:16.2f} {own:9.2f} {share:18.2f} " + "     ".join(cells), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100, help="runs of each fleet with its links cut")
    parser.add_argument("--linked", type=int, default=10, help="runs of each fleet as it is")
    parser.add_argument(
        "--fleet", choices=FLEETS, action="append", help="one fleet alone; may be given again"
    )
    parser.add_argument("--cost", action="store_true", help="what detectors cost, and nothing else")
    parser.add_argument(
        "--drivers", action="store_true", help="drivers that nobody told of, and nothing else"
    )
    given = parser.parse_args()
    if given.drivers:
        drivers()
        return 0
    if given.cost:
        return int(cost() > 0)
    print(f"{processor()}; load average {load_average()}")
    print(f"32 clusters, {WINDOWS} windows of 300 s a run; a run passes the gate if three windows do")
    print("fleet                   runs  passed  found  others  abstained  synchrony  directed")
    missed, began = 0, time.process_time()
    for name in given.fleet or FLEETS:
        cut = [run(config_of(name, cut=True), seed) for seed in range(given.runs)]
        print(line(f"{name}, cut", cut), flush=True)
        for seed, false in ((s, r) for s, r in enumerate(cut) if r.found):
            told = [
                f"{v.start_s:.0f} s {'+'.join(t.statistic for t in v.tests if t.rejected)}"
                for v in false.verdicts
                if v.found
            ]
            print(f"    seed {seed}: {', '.join(told)}", flush=True)
        linked = [run(config_of(name, cut=False), seed) for seed in range(given.linked)]
        print(line(f"{name}, linked", linked), flush=True)
        false, passed = sum(r.found for r in cut), sum(r.passed for r in cut)
        missed += false > 0.03 * given.runs or passed < 0.8 * given.runs
    print(f"{time.process_time() - began:.0f} s of CPU")
    print(f"at most 3 % found where links are cut, 80 % of the runs pass: {'MISSED' if missed else 'met'}")
    return int(missed > 0)


if __name__ == "__main__":
    sys.exit(main())
