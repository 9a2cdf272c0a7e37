"""CPU time of this process, and of processes that it starts."""

from __future__ import annotations

import gc
import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds that a piece of work takes; garbage of earlier work is collected before."""
    gc.collect()
    start = time.process_time()
    work()
    return time.process_time() - start


def median_cpu_s(work: Callable[[], object], repeats: int) -> float:
    """Median of the CPU seconds over some repeats."""
    return median(cpu_s(work) for _ in range(repeats))


def of_process(command: Sequence[str], env: Mapping[str, str], folder: Path) -> tuple[float, float]:
    """Wall and CPU seconds of a process from its start to its end.

    Raises:
        CalledProcessError: if it does not end with exit code 0.
    """
    before, start = os.times(), time.perf_counter()
    subprocess.run(command, env=dict(env), cwd=folder, check=True, capture_output=True)
    wall, after = time.perf_counter() - start, os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return wall, used
