"""Health: what is broken, what is lost, and what has left its limits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ....model.columns import Raw
from ....model.flow.ledger import Count
from ...alerts import Alert, Breach, alerts, breaches
from ...figures import agents, latency, stations, structure
from ...theme import length, number
from ..panels import LivePage, Plot, Table, Tile, View
from ..parts import DASH, column_tile, of_records, tile

if TYPE_CHECKING:
    import numpy as np

    from ....arrays import Floats
    from ....model.swarm import SwarmModel

MOST_ROWS = 24
WARNINGS = 8


def broken(raw: Raw) -> Floats:
    """`[T]` agents failed or under repair."""
    return raw.state("failed") + raw.state("recovering")


def dead(view: View) -> str:
    """Nodes that do not answer."""
    return str(len(dead_nodes(view.model))) if view.model is not None else DASH


def cut(view: View) -> str:
    """Links that are cut."""
    return str(len(cut_links(view.model))) if view.model is not None else DASH


def alert_count(view: View) -> str:
    """Alerts that last: figures beyond their limits or objectives, dead nodes and cut links."""
    if not len(view.records):
        return DASH
    down = len(dead_nodes(view.model)) + len(cut_links(view.model)) if view.model is not None else 0
    return str(sum(alert.now for alert in alerts(view.records)) + len(breaches(view.records)) + down)


def dead_nodes(model: SwarmModel) -> list[int]:
    """Nodes that are down."""
    return [k for k in model.mesh if not model.mesh.nodes[k]["up"]]


def cut_links(model: SwarmModel) -> list[tuple[int, int, float]]:
    """Links that are down themselves, with their latency in s."""
    return [(a, b, link["latency_s"]) for a, b, link in model.mesh.edges(data=True) if not link["up"]]


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


def alert_rows(view: View) -> Sequence[tuple[str, ...]]:
    """Shares beyond their objectives, figures beyond their limits, then warnings, the newest first."""
    rows: list[tuple[str, ...]] = []
    if len(view.records):
        rows = [_breach_row(breach) for breach in breaches(view.records)]
        rows += [_alert_row(alert) for alert in alerts(view.records)]
    warnings = [note for note in view.notes if note.kind == "warning"][-WARNINGS:]
    return rows + [(length(n.time_s), "warning", "", n.text, "") for n in reversed(warnings)]


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


PAGE = LivePage(
    path="health",
    title="Health",
    lead="What is broken, what is lost, and what has left its limits.",
    panels=(
        tile("broken", "agents failed", "", "agents failed or under repair, at the tick's end", broken),
        Tile(
            key="dead", title="dead nodes", text="coordination nodes that do not answer (number)", value=dead
        ),
        Tile(key="cut", title="cut links", text="links of the mesh that are cut (number)", value=cut),
        tile(
            "interrupted",
            "tasks interrupted",
            "",
            "tasks taken out of the hands of failed or retired agents (tasks)",
            lambda raw: raw.count(Count.INTERRUPTED),
        ),
        column_tile("error_rate", "errors", "share"),
        Tile(
            key="alerts",
            title="alerts",
            text="figures beyond their adaptive limits or objectives now, dead nodes and cut links (number)",
            value=alert_count,
        ),
        Table(
            key="alerts-table",
            title="Alerts",
            read="Late answers (1 %) and errors (.15 %) above their objectives over the last minute; figures that are "
            "beyond three standard deviations of what the ticks before foretell, or were for two ticks or more within "
            "the last minute; then refusals and other warnings.",
            heads=("since", "what", "state", "value and limit, or text", "how far"),
            rows=alert_rows,
            otherwise="all watched figures are within their limits; limits need 20 ticks: press Play",
            wide=True,
        ),
        Table(
            key="faults",
            title="Dead nodes and cut links",
            read="What is down in the mesh now, and what hangs on it (agents, links, ms).",
            heads=("what", "state", "effect"),
            rows=faults,
            otherwise="nothing is down: kill a node or cut a link under Switches and faults to see what follows",
            wide=True,
        ),
        Plot(
            key="states",
            title="States of the fleet",
            read="Agents by state; failed and recovering ones are paid for and do no work.",
            figure=of_records(agents.by_state),
        ),
        Plot(
            key="drops",
            title="Drops by reason",
            read="Tasks dropped per second. Full queues point to capacity, lost and unreachable to the network, "
            "attempts to failures.",
            figure=of_records(stations.drops),
            otherwise="no task was dropped: crash agents or raise demand under Switches and faults to see some",
        ),
        Plot(
            key="misses",
            title="Late answers and errors",
            read="Late answers came after the deadline of their class; dropped tasks got none (% of tasks).",
            figure=of_records(latency.misses),
            otherwise="no answer was late and no task was dropped: raise demand under Switches and faults to see some",
        ),
    ),
)
