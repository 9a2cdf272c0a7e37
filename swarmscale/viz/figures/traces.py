"""The figure of a demand trace."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Floats
from ...model.flow.traces import Trace

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

MOST_POINTS = 4_000


def trace_figure(trace: Trace) -> Figure:
    """A thin line of demand over time; beyond 4,000 bins only the largest of each run of bins is drawn."""
    import plotly.graph_objects as go

    per_point = -(-trace.demand.size // MOST_POINTS)
    starts = np.arange(0, trace.demand.size, per_point)
    largest: Floats = np.maximum.reduceat(trace.demand, starts)
    divisor, time_unit = _time_unit(trace.seconds)
    title = f"Demand of {trace.name}, {trace.demand.size:,} bins of {trace.step_s:g} s"
    if per_point > 1:
        title += f"<br><sup>each point is the largest of {per_point} bins</sup>"
    line = go.Scatter(
        x=starts * trace.step_s / divisor, y=largest, mode="lines", line={"width": 1, "shape": "hv"}
    )
    layout = go.Layout(
        title={"text": title},
        xaxis={"title": {"text": f"time since the start ({time_unit})"}},
        yaxis={"title": {"text": f"demand ({trace.unit})"}, "rangemode": "tozero"},
        template="plotly_white",
    )
    return go.Figure(data=[line], layout=layout)


def _time_unit(seconds: float) -> tuple[float, str]:
    for divisor, name in ((86_400.0, "days"), (3_600.0, "hours"), (60.0, "minutes")):
        if seconds >= 2 * divisor:
            return divisor, name
    return 1.0, "seconds"
