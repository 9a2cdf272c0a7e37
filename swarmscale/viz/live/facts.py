"""What is known of a node, a zone, a cluster or one agent, read from the arrays as they are. Knows no Solara."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...agents.fleet import BUSY, DRAINING, HELPING, IDLE, RECOVERING, STARTING, STATE_NAMES
from ...arrays import Ints
from ...model.flow.ledger import TICKS_PER_S
from ..theme import number
from .agent_facts import agent_rows, last_tasks, row_of
from .traits import Traits, mind_rows, traits_of

if TYPE_CHECKING:
    from ...model.swarm import SwarmModel

FLEET = "fleet"
LEVELS = ("node", "zone", "cluster", "agent")


@dataclass(frozen=True, slots=True)
class Fact:
    """One line.

    Attributes:
        name: what it is.
        value: with its unit.
        text: its definition.
    """

    name: str
    value: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is known of one thing.

    Attributes:
        path: such as ``node/3``; ``fleet`` for all.
        heading: its name.
        rows: the lines; none if there is no such thing.
        missing: why there is nothing to say, or empty.
        above: paths from the fleet down to what holds it, with names.
        below: what it holds, with names.
        tasks: of an agent, the last ones that the log has: ended, begun, arrived, answer or drop.
        traits: of an agent, its 76 traits with their names, in standard deviations over a fleet.
    """

    path: str
    heading: str
    rows: tuple[Fact, ...] = ()
    missing: str = ""
    above: tuple[tuple[str, str], ...] = ()
    below: tuple[tuple[str, str], ...] = ()
    tasks: tuple[tuple[str, ...], ...] = ()
    traits: Traits = ()


def facts(model: SwarmModel, path: str) -> Facts:
    """What is known of the thing at a path, now.

    Args:
        model: between two ticks.
        path: ``fleet``, ``node/3``, ``zone/5``, ``cluster/17`` or ``agent/<unique id>``.
    """
    level, _, text = path.partition("/")
    if path == FLEET:
        nodes = tuple((f"node/{k}", f"node {k}") for k in range(model.network.nodes))
        everyone = np.arange(model.fleet.clusters)
        return Facts(path=path, heading="fleet", rows=_of_clusters(model, everyone), below=nodes)
    if level not in LEVELS or not (text.isascii() and text.isdigit()):
        return _nothing(
            path, "there is no such place; paths are fleet, node/3, zone/5, cluster/17 or agent/123"
        )
    at = int(text)
    if level == "agent":
        return _agent(model, path, at)
    h = model.hierarchy_arrays
    most = {"node": h.nodes, "zone": h.zones, "cluster": h.clusters}[level]
    if at >= most:
        return _nothing(path, f"there is no {level} {at}; they go from 0 to {most - 1}")
    return {"node": _node, "zone": _zone, "cluster": _cluster}[level](model, path, at)


def _nothing(path: str, why: str) -> Facts:
    return Facts(
        path=path, heading=path.replace("/", " ")[:40] or "nothing", missing=why, above=((FLEET, "fleet"),)
    )


def _node(model: SwarmModel, path: str, k: int) -> Facts:
    h, graph, flow = model.hierarchy_arrays, model.network.graph, model.flow
    zones = np.flatnonzero(h.node_of_zone == k)
    links = [link for _, _, link in graph.edges(k, data=True)]
    up = [link for link in links if link["up"]]
    mean_ms = 1000 * float(np.mean([link["latency_s"] for link in up])) if up else np.nan
    now = model.now_s or np.nan
    busy = [s.busy_t[k] / TICKS_PER_S / now for s in (flow.ingress_servers, flow.dispatch_servers)]
    rows = (
        Fact("state", "up" if graph.nodes[k]["up"] else "down", "whether the coordination node answers"),
        Fact("links", f"{len(up)} of {len(links)} up", "links of the mesh that end here"),
        Fact("link latency", number(mean_ms, "ms"), "mean one-way latency of the links that are up"),
        Fact(
            "ingress busy",
            number(busy[0], "share"),
            "share of the time so far that its ingress station served",
        ),
        Fact("dispatch busy", number(busy[1], "share"), "the same for its dispatch station"),
        Fact("zones", f"{len(zones):,}", "zones under this node"),
        *_of_clusters(model, np.flatnonzero(h.node_of_cluster == k)),
    )
    below = tuple((f"zone/{z}", f"zone {z}") for z in zones)
    return Facts(path=path, heading=f"node {k}", rows=rows, above=((FLEET, "fleet"),), below=below)


def _zone(model: SwarmModel, path: str, z: int) -> Facts:
    h = model.hierarchy_arrays
    k = int(h.node_of_zone[z])
    mine = np.flatnonzero(h.zone_of_cluster == z)
    above = ((FLEET, "fleet"), (f"node/{k}", f"node {k}"))
    below = tuple((f"cluster/{q}", f"cluster {q}") for q in mine)
    return Facts(path=path, heading=f"zone {z}", rows=_of_clusters(model, mine), above=above, below=below)


def _cluster(model: SwarmModel, path: str, q: int) -> Facts:
    state, fleet = model.flow.state, model.fleet
    done = float(state.completed[q])
    mean_s = state.response_t[q] / TICKS_PER_S / done if done else np.nan
    counts = np.bincount(fleet.rows.state[q], minlength=len(STATE_NAMES))
    by_state = ", ".join(f"{counts[i]} {STATE_NAMES[i]}" for i in range(1, len(STATE_NAMES)) if counts[i])
    rows = (
        *_of_clusters(model, np.array([q]))[1:],
        Fact("by state", by_state or "nobody", "its agents in each state"),
        Fact("backlog", number(float(state.backlog_s[q]), "s"), "work that waits, of a unit-speed agent, and the agent "
             "time left of the tasks in hands"),
        Fact("mean response", number(mean_s, "s"), "mean time from arrival to answer of tasks answered here so far"),
    )  # fmt: skip
    slots = np.flatnonzero(fleet.rows.uid[q])
    names = [(fleet.rows.uid[q, s], STATE_NAMES[fleet.rows.state[q, s]]) for s in slots]
    below = tuple((f"agent/{uid}", f"agent {uid}, {name}") for uid, name in names)
    return Facts(path=path, heading=f"cluster {q}", rows=rows, above=_above(model, q)[:-1], below=below)


def _agent(model: SwarmModel, path: str, uid: int) -> Facts:
    row = row_of(model, uid)
    if row < 0:
        lived = uid < model.fleet.next_uid and uid > 0
        why = (
            f"agent {uid} has left the fleet, or never was a worker"
            if lived
            else f"there is no agent {uid} yet"
        )
        return _nothing(path, why)
    rows = tuple(Fact(*line) for line in (*agent_rows(model, row), *mind_rows(model, row)))
    tasks = last_tasks(model, row)
    above = _above(model, row // model.fleet.slots)
    return Facts(
        path=path, heading=f"agent {uid}", rows=rows, above=above, tasks=tasks, traits=traits_of(model, row)
    )


def _above(model: SwarmModel, q: int) -> tuple[tuple[str, str], ...]:
    h = model.hierarchy_arrays
    places: list[tuple[str, Any]] = [
        ("node", h.node_of_cluster[q]), ("zone", h.zone_of_cluster[q]), ("cluster", q),
    ]  # fmt: skip
    return ((FLEET, "fleet"), *((f"{name}/{i}", f"{name} {i}") for name, i in places))


def _of_clusters(model: SwarmModel, clusters: Ints) -> tuple[Fact, ...]:
    """Sums over clusters."""
    s, fleet = model.flow.state, model.fleet
    states = fleet.rows.state[clusters]
    ready = int(((states == IDLE) | (states == BUSY) | (states == HELPING)).sum())
    coming = int(((states == STARTING) | (states == RECOVERING)).sum())
    waiting, hands = int(s.waiting[clusters].sum()), int(s.in_service[clusters].sum())
    busy_t, ready_t = float(s.busy_t[clusters].sum()), float(s.ready_t[clusters].sum())
    load = (waiting + hands) / ready if ready else np.nan
    draining = int((states == DRAINING).sum())
    return (
        Fact("clusters", f"{len(clusters):,}", "clusters in it"),
        Fact("agents", f"{int(fleet.size[clusters].sum()):,}", "its agents in whatever state"),
        Fact("ready", f"{ready:,}", "idle, busy and helping agents"),
        Fact("on their way", f"{coming:,}", "agents that are starting or under repair"),
        Fact("draining", f"{draining:,}", "agents at their last task"),
        Fact("waiting", f"{waiting:,} tasks", "tasks in its clusters' queues"),
        Fact("in hands", f"{hands:,} tasks", "tasks that its agents work on"),
        Fact("load", number(load), "tasks waiting and in hands / ready agents"),
        Fact("utilization", number(busy_t / ready_t if ready_t else np.nan, "share"),
             "busy / ready agent-seconds so far"),
        Fact("answered", f"{int(s.completed[clusters].sum()):,} tasks", "tasks that its agents answered so far"),
    )  # fmt: skip
