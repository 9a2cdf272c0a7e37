"""What a sweep costs beside its runs: time of 200 runs on two workers, and resident memory over 2,000 runs in one.

Time: the same 200 runs are made by a sweep with two workers, and bare, by two processes that each make half of them one
after the other: build, run, measure, forget. Both are processes from their start to their end, imports and all, in
turn; the ratio of their CPU time is the overhead, which a busy machine does not move as it does wall time.

Memory: an outcome reads what its worker holds at the end of each run. After a fifth of the runs, in which caches fill,
a line is laid through the means of 20 stretches, which are long enough to be independent of each other.
The exit code is 1 if a gate is missed.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np

import swarmscale
from swarmscale.batch.outcomes import measure
from swarmscale.batch.plan import Plan
from swarmscale.batch.sweep import sweep
from swarmscale.bench.machine import described, machine

MOST_OVERHEAD, MOST_BYTES = 0.10, 1024
"""Gates: share of the bare time; bytes a run, where the slope is not indistinguishable from 0."""
WORKERS, STRETCHES = 2, 20
OUTCOMES = ["cost", "response_p95_s", "response_mean_s", "utilization", "violation", "agents_mean"]


@swarmscale.register("outcome", "resident_bytes")
@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """Resident memory of the process."""

    def measure(self, model: Any) -> float:
        pages = int(Path("/proc/self/statm").read_text(encoding="utf-8").split()[1])
        return float(pages * os.sysconf("SC_PAGE_SIZE"))


def plan(runs: int, seconds: int, outcomes: Sequence[str]) -> Plan:
    """So many runs of a small fleet: ten settings with the rest as replications."""
    loads = [0.5 + 0.03 * i for i in range(10)]
    return Plan.load(
        {
            "name": "bench",
            "base": "tiny",
            "replications": runs // 10,
            "outcomes": list(outcomes),
            "set": {"seconds": seconds, "intelligence.on": False, "scaling": "hpa"},
            "design": {"kind": "grid", "over": {"demand.load": loads}},
        }
    )


def swept(runs: int, seconds: int) -> None:
    """The runs as a sweep."""
    with tempfile.TemporaryDirectory() as folder:
        done = sweep(plan(runs, seconds, OUTCOMES), out=folder, workers=WORKERS)
        assert not done.failed
        log = done.log()
        print(log["cpu_s"].median(), log["wall_s"].median())


def bare(runs: int, seconds: int, part: int) -> None:
    """A part of the runs, one after the other."""
    todo = plan(runs, seconds, OUTCOMES)
    for number, run in enumerate(todo.runs()):
        if number % WORKERS == part:
            model = swarmscale.SwarmModel(todo.config(run), rng=todo.seed(run)).run()
            measure(model, todo.columns)


def child(*words: str) -> Any:
    """This file at work as another process."""
    return subprocess.Popen([sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True)


def timed(commands: Sequence[Sequence[str]]) -> tuple[float, float, list[str]]:
    """Wall and CPU seconds of processes side by side, all that they start included, and what they print."""
    before, begun = os.times(), time.perf_counter()
    processes = [child(*command) for command in commands]
    said = [process.communicate()[0] for process in processes]
    assert all(process.returncode == 0 for process in processes)
    after, wall = os.times(), time.perf_counter() - begun
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, used, said


def overhead(runs: int, seconds: int, repeats: int) -> bool:
    """Print the time that a sweep takes beside its runs; whether the gate is kept."""
    size = [str(runs), str(seconds)]
    rows = []
    for _ in range(repeats):
        wall, cpu, _ = timed([["bare", *size, str(part)] for part in range(WORKERS)])
        swept_wall, swept_cpu, said = timed([["swept", *size]])
        rows.append((wall, cpu, swept_wall, swept_cpu, float(said[0].split()[0])))
        print(
            f"bare {cpu:.1f} s CPU, {wall:.1f} s wall; sweep {swept_cpu:.1f} s CPU, {swept_wall:.1f} s wall",
            file=sys.stderr,
        )
    bare_cpu, swept_cpu, one = (statistics.median(row[i] for row in rows) for i in (1, 3, 4))
    ratio = statistics.median(row[3] / row[1] for row in rows) - 1
    by_wall = statistics.median(row[2] / row[0] for row in rows) - 1
    kept = ratio <= MOST_OVERHEAD
    print(
        f"{runs} runs of {one:.3f} s of CPU each (median) on {WORKERS} workers, medians of {repeats} pairs:"
    )
    print(f"  bare   {bare_cpu:7.2f} s CPU")
    print(f"  sweep  {swept_cpu:7.2f} s CPU")
    print(
        f"  a run  {1000 * (swept_cpu - bare_cpu) / runs:7.2f} ms CPU more, start of the processes included"
    )
    print(
        f"  overhead {100 * ratio:.1f} % of CPU time, gate {100 * MOST_OVERHEAD:g} %: {'yes' if kept else 'NO'}"
    )
    print(f"  overhead {100 * by_wall:.1f} % of wall time, not gated: other work on the machine moves it")
    return kept


def memory(runs: int, seconds: int) -> bool:
    """Print how resident memory goes over many runs in one worker; whether the gate is kept."""
    with tempfile.TemporaryDirectory() as folder:
        done = sweep(plan(runs, seconds, ["resident_bytes"]), out=folder, workers=1)
        log = done.log()
        held = done.frame()["resident_bytes"].to_numpy()[np.argsort(log["started_at"].to_numpy())]
        one = float(log["cpu_s"].median())
    slope, error, later = line(held)
    kept = abs(slope) < 3 * error or abs(slope) <= MOST_BYTES
    print(f"{runs} runs of {one:.3f} s of CPU each (median) in one worker:")
    print(f"  resident after 1, {runs // 5} and {runs} runs: ", end="")
    print(", ".join(f"{held[i] / 2**20:.1f}" for i in (0, runs // 5 - 1, -1)), "MiB")
    print(f"  slope over the last {later}: {slope:.0f} bytes a run, standard error {error:.0f}", end="")
    print(f" ({slope / error:+.1f} of them), gate 3 or {MOST_BYTES} bytes: {'yes' if kept else 'NO'}")
    return kept


def line(held: np.ndarray) -> tuple[float, float, int]:
    """Slope a run and its standard error, from the means of stretches, and the runs that they hold."""
    later = held[len(held) // 5 :]
    size = len(later) // STRETCHES
    later = later[: size * STRETCHES]
    means = later.reshape(STRETCHES, size).mean(axis=1)
    x = (np.arange(STRETCHES) - (STRETCHES - 1) / 2) * size
    slope = float((x * means).sum() / (x * x).sum())
    rest = means - means.mean() - slope * x
    return slope, float(np.sqrt((rest**2).sum() / (STRETCHES - 2) / (x * x).sum())), len(later)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both; 1 if a gate is missed."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["swept"]:
        swept(int(words[1]), int(words[2]))
        return 0
    if words[:1] == ["bare"]:
        bare(int(words[1]), int(words[2]), int(words[3]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=700, help="simulated length of a run")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--memory-runs", type=int, default=2000)
    parser.add_argument("--memory-seconds", type=int, default=170)
    given = parser.parse_args(words)
    print(described(machine()))
    kept = overhead(given.runs, given.seconds, given.repeats) if given.runs else True
    kept &= memory(given.memory_runs, given.memory_seconds) if given.memory_runs else True
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
