"""The report's section on resilience: what broke, how fast it was found and made good, and what it cost."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from ..model.resilience.measures import Tally, by_fault, by_layer, false_alarms, tally
from ..model.resilience.watching import Tier
from ..model.resilience_metrics import watched_hours
from .incident_lines import figure_text, time_lines
from .page_cards import Drawn, Panel, section
from .page_parts import plain_table
from .trouble_tables import ALERT_HEADS, WAY_HEADS, alert_rows, way_rows
from .troubles import Troubles, troubles_of

if TYPE_CHECKING:
    from ..model.intervals import Figure
    from ..model.swarm import SwarmModel

LEAD = (
    "What broke in this run, when it was found, when it was made good, and what it cost. Figures are those of "
    "docs/resilience.md; intervals are of 95 % and take incidents as independent."
)
TALLY_HEADS = (
    "injected", "found", "over unseen", "time to detect", "time to recovery", "recovered in time", "deadline ahead",
    "tasks displaced", "tasks lost",
)  # fmt: skip
FALSE_HEADS = ("watched", "suspicions", "false", "watched hours", "false for each hour")
MOST_WATCHERS = 64
"""Watchers of a tier whose gaps are looked at for a long tail."""


def resilience_section(model: SwarmModel) -> list[Drawn]:
    """The section; nothing for a run in which nothing broke and nothing was suspected."""
    seen = troubles_of(model)
    if not (len(seen) or seen.log.suspicions):
        return []
    drawn = section("Resilience", LEAD, resilience_panels(model, seen))
    told = resilience_tables(model, seen)
    return [Drawn(drawn.title, drawn.html.removesuffix("</section>") + told + "</section>")]


def resilience_panels(model: SwarmModel, seen: Troubles) -> list[Panel]:
    """The section's figures: the same as on the live page."""
    from .figures import resilience, resilience_budget, resilience_graph, resilience_layers
    from .live.health_plots import component_health

    graph = None if model.bus is None else model.bus.graph()
    return [
        Panel(
            key="budget",
            figure=resilience_budget.budget(model.records, seen.log, seen.objective),
            read=resilience_budget.BUDGET_READ,
            otherwise="no task was due",
            wide=True,
        ),
        Panel(
            key="timelines",
            figure=resilience.timelines(seen.log, seen.now_s),
            read=resilience.TIMELINE_READ,
            otherwise="nothing broke",
            wide=True,
        ),
        Panel(
            key="layers",
            figure=resilience_layers.by_layer(seen.log, seen.now_s),
            read=resilience_layers.LAYER_READ,
            otherwise="nothing broke",
        ),
        Panel(
            key="durations",
            figure=resilience_layers.durations(seen.log),
            read=resilience_layers.DURATION_READ,
            otherwise="nothing was found or made good",
        ),
        Panel(
            key="integration",
            figure=None if graph is None else resilience_graph.integration(graph, component_health(model)),
            read=resilience_graph.GRAPH_READ,
            otherwise="components told each other nothing",
        ),
    ]


def resilience_tables(model: SwarmModel, seen: Troubles) -> str:
    """The section's tables and time lines as HTML."""
    end_s = seen.now_s
    layers = by_layer(seen.log, end_s) | {"all": tally(seen.log.incidents, end_s)}
    told = plain_table("Incidents by layer", ("layer", *TALLY_HEADS), [_row(one) for one in layers.values()])
    told += plain_table(
        "Incidents by fault",
        ("fault", *TALLY_HEADS),
        [_row(one) for one in by_fault(seen.log, end_s).values()],
    )
    told += plain_table("False suspicions", FALSE_HEADS, _false_rows(model, seen))
    told += _tails(model)
    if model.bus is not None:
        told += plain_table("Events between components", WAY_HEADS, way_rows(model.bus.graph()))
    told += plain_table("Alerts", ALERT_HEADS, alert_rows(seen))
    lines = time_lines(seen.log, end_s)
    return told + (f"<h3>Time lines</h3>{lines}" if lines else "")


def _row(one: Tally) -> tuple[str, ...]:
    return (
        one.name, f"{one.injected:,}", f"{one.found:,}", f"{one.missed:,}", _text(one.mttd, "s"), _text(one.mttr, "s"),
        _text(one.recovery, "share"), f"{one.pending:,}", f"{one.displaced:,}", f"{one.lost:,}",
    )  # fmt: skip


def _text(figure: Figure, unit: str) -> str:
    low = max(figure.low, 0.0)
    return figure_text(figure.value, low, figure.high, unit)


def _false_rows(model: SwarmModel, seen: Troubles) -> list[tuple[str, ...]]:
    found = false_alarms(seen.log.suspicions, watched_hours(model))
    return [
        (tier, f"{one.suspicions:,}", f"{one.false:,}", f"{one.watched_h:,.1f}", _text(one.rate_per_h, ""))
        for tier, one in found.items()
    ]


def _tails(model: SwarmModel) -> str:
    """What the gaps between heartbeats say about the promise of a detector that takes them as normal."""
    from ..model.resilience.detection.tails import tail_warning

    world = model.resilience
    detector = None if world is None else world.settings.detection.detector
    phi = getattr(detector, "phi", None)
    if world is None or phi is None:
        return ""
    nodes = np.arange(min(model.network.nodes, MOST_WATCHERS))
    clusters = np.arange(min(model.hierarchy_arrays.clusters, MOST_WATCHERS))
    lines = []
    for tier, groups in ((Tier.AGENT, clusters), (Tier.NODE, nodes)):
        judged = tail_warning(world.watch.windows(tier, groups, model.now_s), float(phi))
        mark = "Warning: " if judged.warns else ""
        lines.append(f"<li>{escape(f'{mark}{tier.name.lower()}s: {judged.text}')}</li>")
    return f"<h3>Tails of the gaps between heartbeats</h3><ul>{''.join(lines)}</ul>"
