"""``swarmscale warmup``: compile every kernel once, so that no run has to wait for it."""

from __future__ import annotations

import time

import typer

VARIANTS: tuple[dict[str, object], ...] = (
    {},
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
)


def warmup() -> None:
    """Compile all kernels and keep them on disk; later runs start at once."""
    from ..model.config import Config
    from ..model.swarm import SwarmModel

    started = time.perf_counter()
    for changes in VARIANTS:
        model = SwarmModel(Config.load("tiny").changed(changes), rng=1)
        model.spawn(3)
        model.run(5.0)
    _decide_once()
    _detect_once()
    typer.echo(f"kernels are ready ({time.perf_counter() - started:.1f} s)")


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
