"""What a sweep on Ray costs beside its runs: the same 200 runs bare, on processes and on a local Ray cluster.

Each sweep is a process of its own with two workers. From its log come three parts: the time until the first run
begins, the mean time between two runs of a worker, and the time from the end of the last run to the end of the
process. They stand beside the wall time of two bare processes that each make half of the runs, imports and all.
There is no gate: on a busy machine wall times move, the time between two runs the least.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
from sweep import OUTCOMES, WORKERS, plan, timed

from swarmscale.batch.sweep import sweep
from swarmscale.bench.machine import described, machine

ENGINES = ("processes", "ray")


def swept(engine: str, runs: int, seconds: int) -> None:
    """The runs as a sweep: when the first began and the last ended (s since 1970), and the mean gap in s."""
    with tempfile.TemporaryDirectory() as folder:
        done = sweep(plan(runs, seconds, OUTCOMES), out=folder, engine=engine, workers=WORKERS)
        assert not done.failed
        log = done.log()
    log["ended_at"] = log["started_at"] + log["wall_s"]
    gaps = []
    for _, mine in log.sort_values("started_at").groupby("worker"):
        gaps += (mine["started_at"].to_numpy()[1:] - mine["ended_at"].to_numpy()[:-1]).tolist()
    print(log["started_at"].min(), log["ended_at"].max(), np.mean(gaps), log["wall_s"].median())


def measured(engine: str, runs: int, seconds: int) -> tuple[float, float, float, float, float]:
    """Wall time, time until the first run, mean gap, time after the last run, median run; all in s."""
    begun = time.time()
    words = [sys.executable, __file__, "swept", engine, str(runs), str(seconds)]
    said = subprocess.run(words, check=True, capture_output=True, text=True).stdout
    ended = time.time()
    first, last, gap, one = map(float, said.split())
    return ended - begun, first - begun, gap, ended - last, one


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    if words[:1] == ["swept"]:
        swept(words[1], int(words[2]), int(words[3]))
        return 0
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=700, help="simulated length of a run")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args(words)
    print(described(machine()))
    size = [str(given.runs), str(given.seconds)]
    walls, rows = [], {name: [] for name in ENGINES}
    for _ in range(given.repeats):
        walls.append(timed([["bare", *size, str(part)] for part in range(WORKERS)])[0])
        for name in ENGINES:
            rows[name].append(measured(name, given.runs, given.seconds))
    one = statistics.median(row[4] for row in rows["processes"])
    print(f"{given.runs} runs of {one:.3f} s (median) on {WORKERS} workers, medians of {given.repeats}:")
    print(f"{'':10} {'wall s':>8} {'first run s':>12} {'between runs ms':>16} {'after the last s':>17}")
    print(f"{'bare':10} {statistics.median(walls):8.1f}")
    for name in ENGINES:
        wall, first, gap, after, _ = (statistics.median(column) for column in zip(*rows[name], strict=True))
        print(f"{name:10} {wall:8.1f} {first:12.1f} {1000 * gap:16.1f} {after:17.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
