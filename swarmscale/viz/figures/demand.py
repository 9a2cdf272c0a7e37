"""Figures of demand and of what is done about it: agents against work, arrivals against answers, tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...model.records import Records
from ..theme import BLUE, GRAY, GREEN, ORANGE, PURPLE
from .lines import Line, column_line, time_figure

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def demand_and_capacity(records: Records) -> Figure:
    """Work that arrives, in agents, against the agents that are ready and those that are busy."""
    idle = records.column("agents_idle") + records.column("agents_helping")
    busy = records.column("agents_busy")
    lines = [
        column_line(records, "offered_agents", ORANGE, "demand"),
        Line(
            name="ready",
            values=idle + busy,
            color=GRAY,
            unit="agents",
            text="agents idle or busy, at the tick's end",
            dash="dash",
        ),
        column_line(records, "agents_busy", BLUE, "busy"),
    ]
    return time_figure("Demand against capacity", lines, records.column("time_s"), "agents", band=True)


def throughput(records: Records) -> Figure:
    """Tasks that arrive and tasks that are answered, a second."""
    lines = [
        column_line(records, "arrival_rate_per_s", ORANGE, "arrivals"),
        column_line(records, "throughput_per_s", BLUE, "answers"),
    ]
    return time_figure(
        "Arrivals and throughput", lines, records.column("time_s"), "tasks per second (1/s)", band=True
    )


def tokens(records: Records) -> Figure | None:
    """Prompt and generated tokens a second; None if tasks carry none."""
    lines = [
        column_line(records, "prompt_tokens_per_s", PURPLE, "prompt tokens"),
        column_line(records, "generated_tokens_per_s", GREEN, "generated tokens"),
    ]
    if not lines[0].values.any():
        return None
    return time_figure(
        "Tokens of answered tasks", lines, records.column("time_s"), "tokens per second (1/s)", band=True
    )
