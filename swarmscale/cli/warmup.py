"""``swarmscale warmup``: compile the kernels once, so that no run has to wait for them."""

from __future__ import annotations

import time

import typer

VARIANTS: tuple[dict[str, object], ...] = (
    {"cache.size": 50, "delegation.on": True, "records.trace_tasks": 0.5},
    {"dispatch.rule": "round-robin"},
    {"dispatch.rule": "random"},
    {"dispatch.rule": "least-work"},
    {"dispatch.rule": "skill-match"},
    {"dispatch.rule": "learned"},
    {"dispatch.rule": "contract-net"},
    {"demand.source": "replay", "demand.load": None, "demand.scale": 1.0},
    {"collective_memory.on": True, "collective_memory.mode": "eventual", "collective_memory.period_s": 2.0},
    {"collective_memory.on": True, "collective_memory.mode": "strong", "collective_memory.period_s": 2.0},
    {"learning.on": True},
    {"scaling": "quantile"},
    {"scaling": "learned"},
)
"""Settings of ``tiny`` that call kernels of their own."""


def warmup() -> None:
    """Compile the kernels and keep them on disk, on two processors if there are; later runs start at once."""
    from ..batch.engines.base import processors
    from ..batch.workers import Job, workers

    started = time.perf_counter()
    _run_once({})  # what all others call is compiled here, and once
    jobs: list[Job] = [(_break_once, ()), (_decide_once, ()), (_probe_once, ()), (_detect_once, ())]
    jobs += [(_run_once, (changes,)) for changes in VARIANTS]
    with workers(min(2, processors()), None, False) as run:
        run(jobs, "warmup")
    typer.echo(f"kernels are ready ({time.perf_counter() - started:.1f} s)")


def _run_once(changes: dict[str, object]) -> None:
    from ..model.config import Config
    from ..model.swarm import SwarmModel

    model = SwarmModel(Config.load("tiny").changed(changes), rng=1)
    model.spawn(3)
    model.run(5.0)


def _break_once() -> None:
    """Compile what faults, detection and recovery call: every kind of fault, many times within a minute."""
    from ..batch.chaos import random_faults
    from ..model.config import Config
    from ..model.swarm import SwarmModel

    SwarmModel(random_faults(Config.load("tiny"), 7200.0), rng=1).run(40.0)


def _probe_once() -> None:
    """Compile what the battery of tasks calls."""
    from ..model.swarm import SwarmModel

    SwarmModel("tiny", rng=1).run(5.0).probe(panels=2, agents=20)


def _decide_once() -> None:
    """Compile what consensus rules call, for options and for points."""
    import numpy as np

    from ..agents.consensus import CONSENSUS, Similarity, ballots

    pair = np.array([0, 1, 2], np.int32), np.array([1, 0], np.int32)
    votes, points = (
        ballots(np.array([[0, 1]]), 2, neighbors=pair),
        ballots(np.zeros((2, 2, 1)), neighbors=pair),
    )
    for rule in (*(CONSENSUS.make(name) for name in CONSENSUS), Similarity(method="medoid")):
        if rule.discrete:
            rule.decide(votes, rule.start(None))
        if rule.continuous:
            rule.decide(points, rule.start(None))


def _detect_once() -> None:
    """Compile what estimators of emergence call: rewiring and the null of novelty."""
    import numpy as np

    from .. import emergence

    rng = np.random.default_rng(1)
    ring = np.column_stack([np.arange(12), np.roll(np.arange(12), 1)])
    emergence.modularity_z(ring, rewires=2, rng=rng)
    emergence.novelty_p(rng.integers(0, 5, 40), rng.integers(0, 5, 10), 9, rng)
