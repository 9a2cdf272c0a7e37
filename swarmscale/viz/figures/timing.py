"""The figure of how long the runs of a sweep took."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ..theme import BLUE, GRAY, ORANGE, VERMILLION
from .lines import Line, finished

if TYPE_CHECKING:
    import pandas as pd

COLORS = {"done": BLUE, "failed": VERMILLION, "killed": GRAY, "late": ORANGE}
BINS = 40


def wall_figure(log: pd.DataFrame) -> go.Figure:
    """Wall-clock time of the runs, by how they ended.

    Args:
        log: of a sweep.
    """
    wall = log["wall_s"].to_numpy(np.float64)
    known = np.isfinite(wall)
    edges = np.linspace(0.0, float(wall[known].max()) or 1.0, BINS + 1)
    traces: list[Any] = []
    lines = []
    for status, color in COLORS.items():
        mine = known & (log["status"] == status).to_numpy(bool)
        if not mine.any():
            continue
        count, _ = np.histogram(wall[mine], edges)
        lines.append(Line(name=status, values=wall[mine], text=f"runs that ended as {status}", color=color))
        traces.append(
            {
                "type": "bar",
                "x": (edges[:-1] + edges[1:]) / 2,
                "y": count,
                "width": edges[1] - edges[0],
                "name": status,
                "marker": {"color": color},
                "hovertemplate": f"<b>{status}</b><br>%{{y}} runs near %{{x:.3~g}} s<extra></extra>",
            }
        )
    return finished(
        traces,
        "Time of a run",
        "wall-clock time (s)",
        "runs",
        lines,
        "",
        {"barmode": "stack", "bargap": 0.02},
    )
