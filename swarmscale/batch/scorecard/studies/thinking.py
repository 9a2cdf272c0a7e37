"""What is thought and remembered together: decisions of panels, and the nodes' collective memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from ....model.swarm import SwarmModel
from ...outcomes import measure as outcomes
from ..size import UNWATCHED, Size
from .base import Draw, Figures, Study

ASKED = ("reasoning", "pattern-recognition", "creativity")
"""What the origin's own example of a task asks for."""
AGENTS = 500
SETTLE_S = 30.0


def decided(size: Size, draw: Draw) -> Figures:
    """Latencies of collective decisions of 500 agents: by default, and as in the origin's example."""
    model = SwarmModel(size.config("llm-fleet", UNWATCHED), rng=draw).run(SETTLE_S)
    agents = min(AGENTS, size.agents // 2) if size.agents else AGENTS
    nodes = model.network.nodes

    def times(functions: tuple[str, ...] | None, level: str | None) -> Any:
        how: dict[str, Any] = {"agents": agents, "collaboration": level}
        made = [model.decide(functions, root=i % nodes, seed=i, **how) for i in range(size.decisions)]
        return np.array([one.latency_ms for one in made])

    default, low, high = times(None, None), times(ASKED, "low"), times(ASKED, "high")
    return {
        "decision_ms": float(default.mean()),
        "decision_p95_ms": float(np.quantile(default, 0.95)),
        "example_low_ms": float(low.mean()),
        "example_high_ms": float(high.mean()),
    }


def remembered(size: Size, draw: Draw) -> Figures:
    """What the collective memory holds and is asked for, by default; and how fresh its reads are in each mode."""
    keys: dict[str, Any] = UNWATCHED | {"collective_memory.on": True}
    calm = SwarmModel(size.config("llm-fleet", keys, 900.0), rng=draw).run()
    assert calm.collective_memory is not None
    out = {"efficiency": calm.collective_memory.efficiency()}
    for mode in ("eventual", "strong"):
        changes = keys | {"resilience.on": True, "collective_memory.mode": mode}
        model = SwarmModel(size.config("storm", changes, 1500.0), rng=draw).run()
        memory = model.collective_memory
        assert memory is not None
        done = memory.tally.of("reads") + memory.tally.of("writes")
        out |= {
            f"{mode}_stale": memory.stale_share(),
            f"{mode}_refused": memory.refused() / (done + memory.refused()),
            f"{mode}_write_ms": memory.write_ms(),
            f"{mode}_convergence_s": memory.convergence_s(),
        }
    return out


LEARNT = ("collective_iq", "iq_velocity", "learning_velocity", "decision_accuracy")
"""Outcomes of a fleet that learns."""


def learnt(size: Size, draw: Draw) -> Figures:
    """How clever a fleet that learns is after 1,200 s, and how fast it became so, by probes every 300 s."""
    keys = UNWATCHED | {"learning.on": True, "intelligence.on": True, "intelligence.period_s": 300.0}
    model = SwarmModel(size.config("llm-fleet", keys, 1200.0), rng=draw).run()
    return outcomes(model, LEARNT)


LEARNING = Study(
    name="learning",
    scenario="llm-fleet with `learning.on=true` for 1,200 s, a probe of its collective IQ every 300 s",
    measure=learnt,
)
DECISIONS = Study(
    name="decisions",
    scenario="`model.decide(...)` on llm-fleet: panels of 500 of the 50,000 agents, asked by each node in turn",
    measure=decided,
)
MEMORY = Study(
    name="memory",
    scenario="llm-fleet with `collective_memory.on=true` for 900 s, and storm for 1,500 s in both modes (`python "
    "benchmarks/memory.py` has more)",
    measure=remembered,
)
