"""What the tests of the task flow share: short runs and their sums, the z-rule, and plain configs."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from swarmscale import rng
from swarmscale.model.build import build_flow
from swarmscale.model.config import Config
from swarmscale.model.flow.engine import TaskFlow
from swarmscale.model.flow.ledger import DROPS, HELD, TICKS_PER_S, Count

FAMILY = 1e-4
"""Chance that a family of checks of a right kernel fails by bad luck."""

BIAS = 1.05
"""The planted fault that each statistical check must find."""

PLAIN: dict[str, Any] = {
    "fleet.nodes": 1,
    "fleet.speed_cv": 0.0,
    "fleet.skill_own": (1.0, 1.0),
    "fleet.skill_other": (1.0, 1.0),
    "fleet.communication": "none",
    "network.loss": 0.0,
    "network.jitter": 0.0,
    "network.latency_ms": (0.0, 0.0),
    "network.local_ms": 0.0,
    "demand.locality": 1.0,
    "dispatch.rule": "random",
}
"""Nothing but arrivals and agents who are all alike: the systems of queueing theory."""

UNWATCHED: dict[str, Any] = {"intelligence.on": False, "emergence.on": False}
"""No prober and no emergence monitor, which change nothing (``test_who_watches_a_run_changes_nothing_in_it``).

They take up to half of a long run's time, which is saved where a test asks nothing of them.
"""

ALONE: dict[str, Any] = UNWATCHED | {"resilience.health.on": False}
"""No health monitor either, nor what components tell each other: the same run where nobody learns or breaks."""

BY_TICK = (*HELD, Count.SAMPLES, Count.SAMPLED_INGRESS, Count.SAMPLED_DISPATCH, Count.SAMPLED_CLUSTER)
"""Counts that are states at a tick's end or samples: their sums depend on the ticks, rightly."""
SUMS = tuple(c for c in Count if c not in BY_TICK)


def plain(**more: Any) -> Config:
    """The plain config with dotted keys changed; ``__`` stands for a dot."""
    return Config().changed(PLAIN | {key.replace("__", "."): value for key, value in more.items()})


BRIEF = """
from swarmscale.model.build import build_flow
from swarmscale.model.config import Config
flow = build_flow(Config().changed({
    "fleet.agents": 2, "fleet.nodes": 1, "fleet.cluster_agents": 2, "demand.load": 0.9,
    "demand.classes": ({"work_s": 0.02},),
}), 1)
flow.tick(0.0, 1.0, 0.5)
"""


@functools.cache
def fault_of_full_clusters() -> str:
    """What a full cluster of brief tasks says as plain Python, where an index beyond a buffer is an error."""
    plain_python = os.environ | {"NUMBA_DISABLE_JIT": "1"}
    done = subprocess.run([sys.executable, "-c", BRIEF], env=plain_python, capture_output=True, text=True)
    return done.stderr if done.returncode else ""


@dataclass(slots=True)
class Log:
    """The lines of the task log, in the order in which they were written."""

    uid: np.ndarray
    stage: np.ndarray
    time: np.ndarray
    place: np.ndarray

    def of(self, stage: int) -> dict[int, tuple[float, int]]:
        """Time and place of each task at a stage, by uid; the last one counts."""
        at = self.stage == stage
        lines = zip(self.uid[at].tolist(), self.time[at].tolist(), self.place[at].tolist(), strict=True)
        return {uid: (time, place) for uid, time, place in lines}


@dataclass(slots=True)
class Run:
    """What a run summed up after its warm-up, and what it held at its end."""

    flow: TaskFlow
    count: np.ndarray
    held: np.ndarray
    messages: np.ndarray
    hist: np.ndarray
    log: Log
    seconds: float

    def __getitem__(self, name: Count) -> int:
        return int(self.count[name])

    def mean_s(self, total: Count, number: Count) -> float:
        """A sum of times over a number, in s."""
        return self[total] / TICKS_PER_S / self[number]

    @property
    def dropped(self) -> int:
        """Tasks dropped, for any reason."""
        return sum(self[c] for c in DROPS)


def clear(flow: TaskFlow) -> None:
    """Empty the ledger for the next tick."""
    for column in (flow.ledger.count, flow.ledger.messages, flow.ledger.hist, flow.ledger.log_used):
        column[:] = 0


def run(
    config: Config,
    seed: int,
    seconds: float,
    *,
    warm_up: float = 0.0,
    between: Callable[[TaskFlow, int, float], None] | None = None,
    after: Callable[[TaskFlow, np.ndarray], None] | None = None,
) -> Run:
    """Run a config in ticks of its ``dt`` and sum the ledgers from ``warm_up`` on.

    ``between(flow, tick, now)`` may act before each tick, ``after(flow, summed)`` look after it. Numbers
    present are sampled at an instant of each tick that depends on nothing else.
    """
    flow = build_flow(config, seed)
    dt = config.dt
    probes = rng.generator(seed, "tests.probes").random(round((warm_up + seconds) / dt))
    count, messages = np.zeros_like(flow.ledger.count), np.zeros_like(flow.ledger.messages)
    hist, held = np.zeros(flow.ledger.hist.shape, np.int64), count.copy()
    lines: list[list[np.ndarray]] = [[], [], [], []]
    for i, probe in enumerate(probes.tolist()):
        begin = i * dt
        if between is not None:
            between(flow, i, begin)
        flow.tick(begin, (i + 1) * dt, begin + probe * dt)
        ledger = flow.ledger
        if begin >= warm_up - 1e-9:
            count += ledger.count
            messages += ledger.messages
            hist += ledger.hist
            used = int(ledger.log_used[0])
            assert ledger.log_used[1] == 0, "the log overflowed: sample fewer tasks or shorten the tick"
            if used:
                columns = (ledger.log_uid, ledger.log_stage, ledger.log_time, ledger.log_place)
                for kept, column in zip(lines, columns, strict=True):
                    kept.append(column[:used].copy())
        held = ledger.count.copy()
        if after is not None:
            after(flow, count)
        clear(flow)
    log = Log(*(np.concatenate(part) if part else np.empty(0, np.int64) for part in lines))
    return Run(flow, count, held, messages, hist, log, seconds)


def z_of(values: Iterable[float], theory: float) -> float:
    """How many standard errors the mean of independent values lies from theory."""
    x = np.asarray(list(values), np.float64)
    assert x.std() > 0, f"all runs gave {x[0]:.6g}: no spread to judge by"
    return float((x.mean() - theory) / (x.std(ddof=1) / np.sqrt(len(x))))


def controlled(values: Iterable[float], *controls: Iterable[float]) -> np.ndarray:
    """Values with the linear effect of controls taken out, quantities whose mean is known to be 0.

    A run with more work than its share waits longer; taking that out halves the standard error and more.
    The spread is widened by the degrees of freedom that the controls cost.
    """
    y, x = np.asarray(list(values), np.float64), np.column_stack([list(c) for c in controls])
    slope = np.linalg.lstsq(np.column_stack([np.ones(len(y)), x]), y, rcond=None)[0][1:]
    left = y - x @ slope
    wider = np.sqrt((len(y) - 1) / (len(y) - 1 - x.shape[1]))
    return np.asarray(left.mean() + (left - left.mean()) * wider)


def seeds(name: str, runs: int) -> list[int]:
    """Fixed seeds of independent runs, different for each test."""
    return [zlib.crc32(f"{name}/{i}".encode()) for i in range(runs)]


def limit(checks: int = 1) -> float:
    """Largest \\|z\\| allowed: 4 for one check, Sidak's threshold of the family for more."""
    if checks == 1:
        return 4.0
    return float(stats.norm.isf((1 - (1 - FAMILY) ** (1 / checks)) / 2))


def agrees(values: Iterable[float], theory: float, checks: int = 1) -> None:
    """Check the z-rule, and that the same check finds its twin: such a spread around theory 5 % off."""
    x = np.asarray(list(values), np.float64)
    z, most = z_of(x, theory), limit(checks)
    assert abs(z) < most, f"z = {z:.2f}: mean {x.mean():.6g}, theory {theory:.6g}"
    twin = (x - x.mean() + theory) * BIAS
    found = z_of(twin, theory)
    assert found >= most, f"a bias of 5 % has z = {found:.2f} only: the check is blind, run longer"
