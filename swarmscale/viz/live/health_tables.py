"""Tables of the page Health: alerts, incidents, suspicions, what is down, parts, events between them, breakers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..alerts import Alert, Breach, alerts, breaches
from ..figures import structure
from ..theme import length, number
from ..trouble_tables import (
    ALERT_HEADS,
    BREAKER_HEADS,
    DASH,
    INCIDENT_HEADS,
    PART_HEADS,
    SUSPICION_HEADS,
    WAY_HEADS,
    alert_rows,
    at,
    breaker_rows,
    incident_rows,
    part_rows,
    suspicion_rows,
    way_rows,
)
from .health_values import cut_links, dead_nodes, seen
from .panels import Table, View

if TYPE_CHECKING:
    from ...model.swarm import SwarmModel

MOST_ROWS = 24
WARNINGS = 8
BREAK = "break something under Switches and faults to see it here"


def faults(view: View) -> Sequence[tuple[str, ...]]:
    """Dead nodes and cut links with what hangs on them."""
    model = view.model
    if model is None:
        return ()
    held: np.ndarray[tuple[int], np.dtype[np.int64]] = model.hierarchy_arrays.node_sums(model.fleet.size)
    graph = model.mesh
    rows = [
        (
            f"node {k}",
            "dead",
            f"{int(held[k]):,} agents under it get no new tasks; {graph.degree(k)} links end there",
        )
        for k in dead_nodes(model)
    ]
    rows += [
        (f"link {a} to {b}", "cut", f"paths of {1000 * latency_s:.2f} ms go round it")
        for a, b, latency_s in cut_links(model)
    ]
    live = sum(structure.live(graph, link) for link in graph.edges(data=True))
    if rows and len(rows) > MOST_ROWS:
        rows = [*rows[: MOST_ROWS - 1], (f"{len(rows) - MOST_ROWS + 1} more", "down", f"{live:,} links live")]
    return rows


def told(view: View) -> Sequence[tuple[str, ...]]:
    """Alerts of the monitor, then refusals and other warnings, the newest first."""
    warnings = [note for note in view.notes if note.kind == "warning"][-WARNINGS:]
    said = [("log", "warning", n.text, at(n.time_s), at(n.time_s), "1", DASH) for n in reversed(warnings)]
    return alert_rows(seen(view)) + said


def beyond(view: View) -> Sequence[tuple[str, ...]]:
    """Shares beyond their objectives, then figures beyond their limits."""
    if not len(view.records):
        return ()
    rows = [_breach_row(breach) for breach in breaches(view.records)]
    return rows + [_alert_row(alert) for alert in alerts(view.records)]


def _breach_row(breach: Breach) -> tuple[str, ...]:
    return (
        length(breach.since_s),
        breach.title,
        "now",
        f"{number(breach.value, 'share')}, above the objective of {number(breach.limit, 'share')}",
        f"{breach.value / breach.limit:.3g} times the objective",
    )


def _alert_row(alert: Alert) -> tuple[str, ...]:
    out = alert.out
    far = f"{out.sigmas:.1f} sigma away" if out.sigmas < 1e6 else "it had not varied before"
    side = "above" if out.value > out.limit else "below"
    return (
        length(alert.since_s),
        alert.title,
        "now" if alert.now else f"until {length(alert.last_s)}",
        f"{number(out.value, alert.unit)}, {side} the limit of {number(out.limit, alert.unit)}",
        far,
    )


def ways(view: View) -> Sequence[tuple[str, ...]]:
    """Events between the components of a model."""
    model: SwarmModel | None = view.model
    return way_rows(model.bus.graph()) if model is not None and model.bus is not None else ()


TABLES = (
    Table(
        key="alerts-table",
        title="Alerts",
        read="Of the health monitor, open ones first: acknowledge or silence them under Switches and faults. Count: "
        "looks at which it was seen. Then refusals and other warnings.",
        heads=ALERT_HEADS,
        rows=told,
        otherwise="nothing is to be alerted about: press Play, or break something under Switches and faults; the "
        "monitor needs resilience.health.on",
        wide=True,
    ),
    Table(
        key="beyond",
        title="Beyond their limits, tick by tick",
        read="From the records alone: late answers (1 %) and errors (.15 %) above their objectives over the last "
        "minute; figures that are beyond three standard deviations of what the ticks before foretell, or were for two "
        "ticks or more within the last minute.",
        heads=("since", "what", "state", "value and limit", "how far"),
        rows=beyond,
        otherwise="all watched figures are within their limits; limits need 20 ticks: press Play",
        wide=True,
    ),
    Table(
        key="incidents",
        title="Incidents",
        read="Faults that are not made good yet, then the newest that are: when they began, how long until they were "
        "suspected and made good (s), and what they cost (tasks).",
        heads=INCIDENT_HEADS,
        rows=lambda view: incident_rows(seen(view)),
        otherwise=f"nothing broke so far: {BREAK}",
        wide=True,
    ),
    Table(
        key="suspicions",
        title="Suspicions",
        read="What was held to be dead since its heartbeats did not come, the newest first; a false one has no fault "
        "behind it (s).",
        heads=SUSPICION_HEADS,
        rows=lambda view: suspicion_rows(seen(view)),
        otherwise=f"nothing was suspected so far: {BREAK}",
    ),
    Table(
        key="faults",
        title="Dead nodes and cut links",
        read="What is down in the mesh now, and what hangs on it (agents, links, ms).",
        heads=("what", "state", "effect"),
        rows=faults,
        otherwise="nothing is down: kill a node or cut a link under Switches and faults to see what follows",
    ),
    Table(
        key="parts",
        title="Health of the parts",
        read="What the overall health is the lowest of, at the monitor's last look (%); controllers by their due runs "
        "done within period and budget, as of now.",
        heads=PART_HEADS,
        rows=lambda view: part_rows(seen(view), view.model),
        otherwise="the monitor has not looked yet: press Play; it needs resilience.health.on",
    ),
    Table(
        key="breakers",
        title="Circuit breakers",
        read="Clusters to which nothing new is sent since too many of their tasks were interrupted, and until when "
        "(s).",
        heads=BREAKER_HEADS,
        rows=lambda view: breaker_rows(view.model) if view.model is not None else (),
        otherwise="all breakers are closed: crash many agents of a cluster under Switches and faults to open one",
    ),
    Table(
        key="ways",
        title="Events between components",
        read="Each direction of a link: events sent and those that acted, how long the last one took and the oldest "
        "one waits (s), and the share that acted within two periods (%); the least healthy first.",
        heads=WAY_HEADS,
        rows=ways,
        otherwise="components tell each other nothing yet: press Play; it needs resilience.health.on",
        wide=True,
    ),
)
