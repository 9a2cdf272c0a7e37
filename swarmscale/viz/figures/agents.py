"""Figures of the agents: how busy they are, and in which state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...model.columns import STATES
from ...model.records import Records
from ..theme import BLUE, FAINT, GRAY, GREEN, ORANGE, PURPLE, SKY, TEAL, VERMILLION
from .lines import Line, column_line, time_figure

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

STATE_COLORS = {
    "busy": BLUE,
    "idle": SKY,
    "starting": GREEN,
    "warm": FAINT,
    "draining": PURPLE,
    "retired": GRAY,
    "failed": VERMILLION,
    "recovering": ORANGE,
    "helping": TEAL,
}


def by_state(records: Records) -> Figure:
    """Agents by state, stacked; states that no agent was ever in are left out."""
    assert set(STATE_COLORS) == set(STATES)
    lines = [
        column_line(records, f"agents_{state}", color, state)
        for state, color in STATE_COLORS.items()
        if records.column(f"agents_{state}").any() or state in ("busy", "idle")
    ]
    return time_figure("Agents by state", lines, records.column("time_s"), "agents", stacked=True)


def efficiency(records: Records) -> Figure:
    """Utilization, coordination efficiency and resource efficiency over time, as shares."""
    lines = [
        column_line(records, "utilization", BLUE, "utilization"),
        column_line(records, "coordination_efficiency", GREEN, "coordination efficiency"),
        column_line(records, "resource_efficiency", ORANGE, "resource efficiency"),
    ]
    return time_figure(
        "Utilization and efficiency", lines, records.column("time_s"), "share (%)", share=True, band=True
    )


def skill_match(records: Records) -> Figure | None:
    """Mean skill of the agents for the tasks that they began; None if none was begun."""
    line: Line = column_line(records, "skill_match", PURPLE, "skill match")
    if not np.isfinite(line.values).any():
        return None
    return time_figure(
        "Skill match", [line], records.column("time_s"), "mean skill (%)", share=True, band=True
    )
