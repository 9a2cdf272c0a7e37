"""The figure of messages by channel."""

from __future__ import annotations

import plotly.graph_objects as go

from ...model.flow.ledger import CHANNELS
from ...model.records import Records
from ..theme import BLUE, FAINT, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from .lines import Line, time_figure

CHANNEL_COLORS = (SKY, GREEN, ORANGE, BLUE, PURPLE, VERMILLION, FAINT)


def by_channel(records: Records) -> go.Figure | None:
    """Messages a second on each channel that was used, stacked; None if none was sent."""
    lines = []
    for channel, color in zip(CHANNELS, CHANNEL_COLORS, strict=True):
        values = records.column(f"{channel.replace('-', '_')}_messages")
        if not values.any():
            continue
        sent = records.column(f"{channel.replace('-', '_')}_bytes").sum()
        each = f"{sent / max(values.sum(), 1):,.0f} bytes each on average, all attempts counted"
        lines.append(
            Line(
                name=channel,
                values=values / records.dt,
                text=f"messages to be delivered on channel {channel} / s; {each}",
                color=color,
                unit="1/s",
            )
        )
    if not lines:
        return None
    return time_figure(
        "Messages by channel", lines, records.column("time_s"), "messages per second (1/s)", stacked=True
    )
