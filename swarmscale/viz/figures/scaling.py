"""The figure of scaling: the fleet against demand and its bounds, and every decision with its reason."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from ...model.records import Records
from ..theme import BLUE, GRAY, GREEN, ORANGE, PURPLE, VERMILLION
from .lines import Line, column_line, time_figure, time_unit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ...model.scaling.events import ScalingEvent

MOST_EVENTS = 400


def scaling_events(records: Records, events: Sequence[ScalingEvent]) -> go.Figure | None:
    """Demand, ready and paid agents over time, with a mark for each change of the fleet; None without one."""
    if not events:
        return None
    ready = records.column("agents_idle") + records.column("agents_busy")
    paid = ready + records.column("agents_starting")
    lines = [
        column_line(records, "offered_agents", ORANGE, "demand"),
        Line(name="ready", values=ready, color=GRAY, unit="agents", text="agents idle or busy", dash="dash"),
        Line(name="ready and starting", values=paid, color=BLUE, unit="agents", text="what decisions change"),
    ]
    figure = time_figure(
        "Decisions of the scaling policy", lines, records.column("time_s"), "agents", band=True
    )
    divisor, _ = time_unit(float(records.column("time_s")[-1]))
    shown = events[:: -(-len(events) // MOST_EVENTS)]
    for name, color, symbol, kept in (
        ("scale-up", GREEN, "triangle-up", [e for e in shown if e.after > e.before]),
        ("scale-down", PURPLE, "triangle-down", [e for e in shown if e.after < e.before]),
        ("stopped by a pool", VERMILLION, "x", [e for e in shown if e.pool]),
    ):
        if kept:
            figure.add_scatter(
                x=np.array([e.time_s / divisor for e in kept], np.float32),
                y=[e.after for e in kept],
                mode="markers",
                name=name,
                marker={"color": color, "symbol": symbol, "size": 9},
                text=[_told(e) for e in kept],
                hovertemplate="%{text}<extra></extra>",
            )
    return figure


def _told(event: ScalingEvent) -> str:
    """A decision as a hover text."""
    lines = [
        f"<b>{event.trigger or event.policy}</b> at {event.time_s:,.0f} s: {event.before:,} to {event.after:,} agents",
        *textwrap.wrap(event.reason, 60),
        f"utilization of the next 300 s: {event.utilization.value:.0%} expected"
        + (f", {event.came[0]:.0%} came" if event.came else ""),
    ]
    return "<br>".join(lines)
