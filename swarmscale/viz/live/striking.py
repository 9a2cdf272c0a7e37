"""Breaking and mending a running model by hand: each fault is an incident with a time line. Knows no Solara."""

from __future__ import annotations

from collections.abc import Container, Mapping
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from ...agents.fleet import BUSY, IDLE
from ...errors import ConfigError, require
from ...model.resilience.faults import FAULTS

if TYPE_CHECKING:
    from ...model.resilience.engine import Resilience
    from ...model.swarm import SwarmModel

ARROW = " -> "


def engine_of(model: SwarmModel) -> Resilience:
    """What lets faults strike.

    Raises:
        ConfigError: if resilience is off.
    """
    if model.resilience is None:
        raise ConfigError("nothing is watched here, so this cannot break: set resilience.on under Settings")
    return model.resilience


def strike(model: SwarmModel, fault: str, settings: Mapping[str, Any] | None = None, **how: Any) -> int:
    """Let a fault strike now; the number of its incident in the log.

    Args:
        model: which breaks.
        fault: its name.
        settings: its own.
        how: which components, or how many, and for how long; see :meth:`Injector.strike`.
    """
    engine = engine_of(model)
    return engine.injector.strike(engine.world, FAULTS.make(fault, **(settings or {})), **how)


def crash(model: SwarmModel, agents: int) -> None:
    """Let ready agents crash; where resilience is on they fall silent and have to be found."""
    state = model.fleet.column("state")
    ready = np.flatnonzero((state == IDLE) | (state == BUSY))
    if model.resilience is not None:
        ready = np.intersect1d(ready, model.resilience.world.agents_up())
    require(1 <= agents <= len(ready), "agents", agents, f"from 1 to {len(ready)}, the ready agents")
    rows = np.sort(model.rng.choice(ready, agents, replace=False))
    if model.resilience is None:
        model.fail_workers(rows)
    else:
        strike(model, "agent-crash", components=model.fleet.column("uid")[rows].astype(np.int64))


def slow(model: SwarmModel, agents: int, factor: float, for_s: float | None) -> None:
    """Let agents take longer for each task."""
    up = len(engine_of(model).world.agents_up())
    require(1 <= agents <= up, "agents", agents, f"from 1 to {up}, the agents that are up")
    require(1 < factor <= 1000, "factor", factor, "above 1, at most 1000")
    strike(model, "agent-slow", {"factor": factor}, number=agents, for_s=for_s)


def crash_leads(model: SwarmModel, leads: int) -> None:
    """Let the leads of clusters fall silent."""
    there = len(engine_of(model).world.leads())
    require(1 <= leads <= there, "leads", leads, f"from 1 to {there}, the leads that answer")
    strike(model, "lead-crash", number=leads)


def kill_node(model: SwarmModel, node: int, for_s: float | None) -> None:
    """Stop a node, for a time or until it is restored."""
    _node(model, node, up=True)
    if model.resilience is not None:
        strike(model, "node-crash", components=[node], for_s=inf if for_s is None else for_s)
    else:
        require(for_s is None, "for_s", for_s, "nothing: without resilience.on it lasts until it is restored")
        model.kill_node(node)


def restore_node(model: SwarmModel, node: int) -> None:
    """Let a node boot again, whatever holds it down; it answers as soon as the others have heard it."""
    engine = model.resilience
    _node(model, node, up=False, but=engine.routes.booting if engine is not None else ())
    held = list(engine.routes.stopped.get(node, {})) if engine is not None else []
    if engine is None or not held:
        model.revive_node(node)
        return
    for incident in held:
        engine.log.note(incident, engine.now_s, "restored by hand")
        engine.world.start_nodes(np.array([node]), incident)


def cut_link(model: SwarmModel, a: int, b: int, for_s: float | None) -> None:
    """Cut a link, for a time or until it is restored."""
    _link(model, a, b, up=True)
    if model.resilience is not None:
        strike(model, "link-cut", components=[number_of(model, a, b)], for_s=inf if for_s is None else for_s)
    else:
        require(for_s is None, "for_s", for_s, "nothing: without resilience.on it lasts until it is restored")
        model.cut_link(a, b)


def restore_link(model: SwarmModel, a: int, b: int) -> None:
    """Let a link carry again, whatever holds it cut."""
    _link(model, a, b, up=False)
    engine, link = model.resilience, (min(a, b), max(a, b))
    held = list(engine.routes.cut.get(link, {})) if engine is not None else []
    if engine is None or not held:
        model.restore_link(a, b)
        return
    for incident in held:
        engine.log.note(incident, engine.now_s, "restored by hand")
        engine.world.mend_links(np.array([link]), incident)


def spoil_link(model: SwarmModel, fault: str, v: Mapping[str, Any], setting: str) -> None:
    """Let a link lose messages, or take longer."""
    engine_of(model)
    a, b = _link(model, v["from"], v["to"], up=True)
    least, most = (1.0, 1000.0) if setting == "factor" else (0.0, 1.0)
    require(least < v[setting] <= most, setting, v[setting], f"above {least:g}, at most {most:g}")
    strike(model, fault, {setting: v[setting]}, components=[number_of(model, a, b)], for_s=v["for_s"])


def partition(model: SwarmModel, nodes: int, for_s: float | None) -> None:
    """Cut some nodes from all others."""
    most = model.network.nodes - 1
    require(1 <= nodes <= most, "nodes", nodes, f"from 1 to {most}: some must be left")
    strike(model, "partition", number=nodes, for_s=for_s)


def disturb(model: SwarmModel, edge: str, how: str, for_s: float | None) -> None:
    """Let an edge between components drop, delay or double its events."""
    sender, receiver = edge.split(ARROW)
    strike(model, "edge-fault", {"how": how, "sender": sender, "receiver": receiver}, for_s=for_s)


def number_of(model: SwarmModel, a: int, b: int) -> int:
    """A link as faults count it."""
    return min(a, b) * model.network.nodes + max(a, b)


def _node(model: SwarmModel, node: int, *, up: bool, but: Container[int] = ()) -> int:
    """A node that is up, or one that is down, but for some."""
    which = [k for k, place in model.network.graph.nodes(data=True) if place["up"] == up and k not in but]
    state = "up" if up else "down"
    known = ", ".join(map(str, which[:12])) + (" ..." if len(which) > 12 else "")
    require(node in which, "node", node, f"a node that is {state}: {known or 'there is none'}")
    return node


def _link(model: SwarmModel, a: int, b: int, *, up: bool) -> tuple[int, int]:
    """The ends of a link that is up, or of one that is cut."""
    graph = model.network.graph
    require(a in graph, "from", a, f"a node, from 0 to {len(graph) - 1}")
    ends = sorted(n for n in graph[a] if graph.edges[a, n]["up"] == up)
    state = "linked with" if up else "whose link was cut at"
    known = ", ".join(map(str, ends)) or "there is none"
    require(b in ends, "to", b, f"a node {state} node {a}: {known}")
    return a, b
