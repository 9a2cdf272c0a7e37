"""How well a model stands: health of its components, of its integration and of the whole system."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .figures import Stretch

if TYPE_CHECKING:
    from ..swarm import SwarmModel

WINDOW_S = 60.0
"""Time over which the health of the system is told, s."""
DOWN = ("failed", "recovering")
"""States of agents that are held to be down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Healths at a look, each a share in [0, 1].

    Attributes:
        time_s: s.
        agents: agents that are believed to be up / agents that should be: all but warm, starting and retired ones.
        clusters: clusters with agents that have one that is ready / clusters with agents.
        nodes: nodes that are believed to be up / nodes.
        controllers: the lowest share of a controller's due runs that were done within period and budget.
        component: the lowest of these four.
        integration: the lowest share of an edge's events that acted within two periods.
        availability: share of the tasks due in the last minute that were answered in time.
        in_time: share of the answers of the last minute that came in time.
        kept: 1 - tasks dropped / tasks arrived in the last minute, at least 0.
        system: the lowest of these three.
        overall: the lowest of component, integration and system.
        cause: what makes it so low, in words; empty where all is well.
    """

    time_s: float
    agents: float = 1.0
    clusters: float = 1.0
    nodes: float = 1.0
    controllers: float = 1.0
    component: float = 1.0
    integration: float = 1.0
    availability: float = 1.0
    in_time: float = 1.0
    kept: float = 1.0
    system: float = 1.0
    overall: float = 1.0
    cause: str = ""


def standing(
    time_s: float,
    believed: Mapping[str, float],
    controllers: Mapping[str, float],
    edges: Mapping[str, float],
    lately: Stretch | None,
) -> Standing:
    """The healths of a model from what is known of its parts.

    Args:
        time_s: s.
        believed: shares up of agents, clusters and nodes.
        controllers: share of each one's due runs.
        edges: share of each one's events.
        lately: figures of the last minute; None if there are none.
    """
    works, worst = _lowest(controllers)
    carries, edge = _lowest(edges)
    component, part = _lowest({**believed, "controllers": works})
    figures = {"availability": 1.0, "in_time": 1.0, "kept": 1.0}
    if lately is not None:
        figures = {
            "availability": lately.availability,
            "in_time": 1.0 - lately.late_share,
            "kept": max(1.0 - lately.error_rate, 0.0),
        }
    system, figure = _lowest(figures)
    overall, level = _lowest({"component": component, "integration": carries, "system": system})
    words = {
        "component": f"controller {worst} did {works:.1%} of its due runs in time"
        if part == "controllers"
        else f"{component:.1%} of the {part} believed to be up",
        "integration": f"edge {edge}: {carries:.1%} of its events acted in time",
        "system": f"{_SYSTEM[figure]} {system:.2%}",
    }
    return Standing(
        time_s=time_s,
        **believed,
        controllers=works,
        component=component,
        integration=carries,
        **figures,
        system=system,
        overall=overall,
        cause=words[level] if overall < 1 else "",
    )


_SYSTEM = {
    "availability": "tasks due in the last minute that were answered in time:",
    "in_time": "answers of the last minute in time:",
    "kept": "tasks of the last minute not dropped:",
}


def _lowest(shares: Mapping[str, float]) -> tuple[float, str]:
    """The lowest share and whose it is, of equals the first; 1 if there is none."""
    name = min(shares, key=lambda key: shares[key], default="")
    return (shares[name], name) if name else (1.0, "")


def believed(model: SwarmModel) -> dict[str, float]:
    """Shares of agents, clusters and nodes that are believed to be up; all shards of a model ask together."""
    raw = model.records.raw(max(model.records.ticks - 1, 0))
    down = sum(float(raw.state(name)[-1]) for name in DOWN) if len(raw) else 0.0
    up = (
        sum(float(raw.state(name)[-1]) for name in ("idle", "busy", "helping", "draining"))
        if len(raw)
        else 0.0
    )
    size, ready = model.crew.by_cluster(np.stack([model.fleet.size, model.flow.state.ready]))
    filled = size > 0
    known = model.network.known if hasattr(model.network, "known") else model.network.alive
    return {
        "agents": up / (up + down) if up + down else 1.0,
        "clusters": float((ready[filled] > 0).mean()) if filled.any() else 1.0,
        "nodes": float(np.mean(known)),
    }
