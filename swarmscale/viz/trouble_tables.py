"""What tables say of troubles: alerts, incidents, suspicions, health of parts, events between components, breakers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from ..model.resilience.breaker import CLOSED, STATES
from ..model.resilience.incidents import Incident
from .theme import digits, number
from .troubles import Troubles

if TYPE_CHECKING:
    import networkx as nx

    from ..model.health.alerts import Alert
    from ..model.swarm import SwarmModel

DASH = "–"
MOST_ROWS = 24
"""Of a table."""
ALERT_HEADS = ("severity", "what", "cause", "since", "last seen", "count", "state")
INCIDENT_HEADS = ("begin", "layer", "what", "found after", "good after", "displaced", "lost", "state")
SUSPICION_HEADS = ("at", "tier", "who", "why", "until")
PART_HEADS = ("part", "health", "state")
WAY_HEADS = ("from", "to", "sent", "acted", "lag", "waiting for", "health", "state")
BREAKER_HEADS = ("cluster", "node", "state", "until", "times opened")
"""Of the tables."""


def at(time_s: float) -> str:
    """A time in whole seconds, not broken."""
    return DASH if not math.isfinite(time_s) else f"{time_s:,.0f}\N{NO-BREAK SPACE}s"


def took(seconds: float) -> str:
    """A length of time, not broken.

    >>> took(float("nan"))
    '–'
    """
    return DASH if math.isnan(seconds) else f"{digits(seconds)}\N{NO-BREAK SPACE}s"


def percent(share: float) -> str:
    """A share, not broken."""
    return number(share, "share").replace(" ", "\N{NO-BREAK SPACE}")


def alert_rows(seen: Troubles) -> list[tuple[str, ...]]:
    """Alerts in the monitor's order: open ones first, the gravest and newest first among these."""
    return [
        (one.severity, f"{one.key}: {one.text}", one.cause or DASH, at(one.first_s), at(one.last_s), f"{one.count:,}",
         _state(one))
        for one in seen.alerts[:MOST_ROWS]
    ]  # fmt: skip


def _state(alert: Alert) -> str:
    if alert.state == "silenced":
        return f"silenced until {at(alert.silenced_until_s)}"
    return f"{alert.state}, {alert.held}" if alert.held else alert.state


def incident_rows(seen: Troubles) -> list[tuple[str, ...]]:
    """Incidents: open ones first, then the newest."""
    lasting = seen.open[-MOST_ROWS:]
    newest = [one for one in seen.log.incidents[-MOST_ROWS:] if one.over]
    return [_incident_row(one) for one in [*reversed(lasting), *reversed(newest)][:MOST_ROWS]]


def _incident_row(one: Incident) -> tuple[str, ...]:
    return (
        at(one.begins_s), one.layer, f"{one.fault}: {one.target}", took(one.found_s - one.begins_s),
        took(one.recovered_s - one.begins_s), f"{one.displaced:,}", f"{one.lost:,}", outcome(one),
    )  # fmt: skip


def outcome(one: Incident) -> str:
    """What became of an incident, in a word or two."""
    if one.over:
        late = one.recovered_s - one.begins_s > one.deadline_s
        return "made good" if one.in_time else "made good late" if late else "made good, tasks lost"
    part = f", {one.left:,} of {one.size:,} left" if 0 < one.left < one.size else ""
    return ("suspected" if one.found else "not noticed") + part


def suspicion_rows(seen: Troubles) -> list[tuple[str, ...]]:
    """Suspicions, the newest first: what is held to be dead, and whether it is."""
    rows: list[tuple[str, ...]] = []
    for one in reversed(seen.log.suspicions[-MOST_ROWS:]):
        known = 0 <= one.incident < len(seen.log)
        why = seen.log[one.incident].fault if known else "nothing is wrong: a false suspicion"
        lasts = not (known and seen.log[one.incident].over)
        until = ("now" if lasts else DASH) if math.isnan(one.cleared_s) else took(one.cleared_s)
        rows.append((took(one.time_s), one.tier, one.target, why, until))
    return rows


def part_rows(seen: Troubles, model: SwarmModel | None) -> list[tuple[str, ...]]:
    """Health of the whole and of each part at the monitor's last look, controllers as they are now."""
    if not seen.standing:
        return []
    last = seen.standing[-1]
    rows: list[tuple[str, ...]] = [("overall", percent(last.overall), last.cause or "well")]
    rows += [
        (name, percent(share), what)
        for name, share, what in (
            ("component health", last.component, "the lowest of agents, clusters, nodes and controllers"),
            ("agents", last.agents, "believed to be up"),
            ("clusters", last.clusters, "have an agent that is ready"),
            ("nodes", last.nodes, "believed to be up"),
            (
                "integration health",
                last.integration,
                "the lowest share of an edge's events that acted in time",
            ),
            ("system health", last.system, "the lowest of the next three, over the last minute"),
            ("answered in time", last.availability, "of the tasks due"),
            ("answers in time", last.in_time, "of the answers"),
            ("not dropped", last.kept, "of the tasks that arrived"),
        )
    ]
    guard = model.guard if model is not None else None
    if guard is not None:
        healths = sorted(guard.component_health().items(), key=lambda pair: pair[1])
        rows += [(f"controller {name}", percent(share), guard.state(name)) for name, share in healths]
    return rows[:MOST_ROWS]


def way_rows(graph: nx.DiGraph[str]) -> list[tuple[str, ...]]:
    """Events between components, the least healthy first; what has an end that is not there stands last."""
    edges = sorted(graph.edges(data=True), key=lambda edge: (edge[2]["state"] == "absent", edge[2]["health"]))
    return [
        (
            sender, receiver, f"{edge['sent']:,}", f"{edge['consumed']:,}",
            took(edge["lag_s"] if edge["consumed"] else math.nan),
            took(edge["waits_s"]) if edge["waits_s"] > 0 else DASH,
            percent(edge["health"]) if edge["sent"] else DASH, edge["state"],
        )
        for sender, receiver, edge in edges[:MOST_ROWS]
    ]  # fmt: skip


def breaker_rows(model: SwarmModel) -> list[tuple[str, ...]]:
    """Circuit breakers that are not closed, those that opened most often first."""
    breakers = model.resilience.breakers if model.resilience is not None else None
    if breakers is None:
        return []
    which = np.flatnonzero(breakers.state != CLOSED)
    which = which[np.argsort(-breakers.opened[which], kind="stable")][:MOST_ROWS]
    node = model.hierarchy_arrays.node_of_cluster
    return [
        (f"{q:,}", f"{int(node[q])}", STATES[breakers.state[q]], at(float(breakers.until_s[q])),
         f"{int(breakers.opened[q]):,}")
        for q in which.tolist()
    ]  # fmt: skip
