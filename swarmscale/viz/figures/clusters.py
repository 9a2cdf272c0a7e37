"""Figures of the clusters' loads: a heat map over time, and how loads are spread."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats, Ints
from ...model.columns import ratio
from ...model.records import Records
from ..theme import BLUE, ORANGE, SEQUENTIAL, SKY, VERMILLION, number
from .lines import Line, finished, hover, time_unit

MOST_CELLS = (300, 300)
"""Rows and columns of the heat map."""
LIGHT_CELLS = (250, 200)
"""The same where a figure must be light, each cell a byte."""
GAPPY_CELLS = (110, 120)
"""The same where cells are missing, so that each must be a number of four bytes."""
UTILIZATION = "busy / ready agent-seconds of the cluster in the period"


def heat(records: Records, *, light: bool = False) -> go.Figure | None:
    """Utilization of each cluster in each period; None before the first period.

    Where there are more than 300 clusters or periods, a cell is the mean of neighbors.

    Args:
        records: of the run.
        light: whether the figure must be small: fewer cells, in steps of 1 %.
    """
    if not records.periods:
        return None
    time_s, share, rows, columns = _shares(records, LIGHT_CELLS if light else MOST_CELLS)
    packed = light and bool(np.isfinite(share).all())
    if light and not packed:
        time_s, share, rows, columns = _shares(records, GAPPY_CELLS)
    z = np.rint(100 * share).astype(np.uint8) if packed else (100 * share).astype(np.float32)
    divisor, unit = time_unit(float(time_s[-1]))
    cells = go.Heatmap(
        z=z,
        x=np.asarray(time_s / divisor, np.float32),
        y=np.arange(len(share)) * rows,
        coloraxis="coloraxis",
        hoverongaps=False,
        hovertemplate=hover("utilization", UTILIZATION, "z", "%", f"cluster %{{y}}, at %{{x:,.4~g}} {unit}"),
    )
    merged = [
        f"{n} {what}"
        for n, what in ((rows, "neighboring clusters"), (columns, "neighboring periods"))
        if n > 1
    ]
    note = f"periods of {records.cluster_period_s:g} s" + (
        f"; a cell is the mean of {' and '.join(merged)}" if merged else ""
    )
    lines = [Line(name="utilization", values=np.zeros(0), text=UTILIZATION, color=BLUE)]
    scale = {
        "colorscale": SEQUENTIAL,
        "cmin": 0,
        "cmax": 100,
        "colorbar": {"title": {"text": "utilization (%)", "side": "right"}, "ticksuffix": " %"},
    }
    return finished(
        [cells],
        "Load of every cluster",
        f"simulated time ({unit})",
        "cluster (number, in order of nodes)",
        lines,
        note,
        {"coloraxis": scale, "xaxis": {"showgrid": False}, "yaxis": {"showgrid": False}},
    )


def _shares(records: Records, most: tuple[int, int]) -> tuple[Floats, Floats, int, int]:
    """Ends of the columns in s, `[rows, columns]` utilization, and how many clusters and periods a cell holds."""
    columns = -(-records.periods // most[1])
    series = records.cluster_series(columns)
    busy, ready = _matrix(series["busy_s"]), _matrix(series["ready_s"])
    rows = -(-len(busy) // most[0])
    first = np.arange(0, len(busy), rows)
    share = ratio(np.add.reduceat(busy, first, axis=0), np.add.reduceat(ready, first, axis=0))
    return series["time_s"], share, rows, columns


def spread(records: Records) -> go.Figure | None:
    """How many clusters were how busy over the run; None before the first period."""
    if not records.periods:
        return None
    series = records.cluster_series(records.periods)
    load = ratio(series["busy_s"][0], series["ready_s"][0])
    load = load[np.isfinite(load)]
    text = "busy / ready agent-seconds of a cluster over the run"
    figure = _bars(
        load, text, "utilization of a cluster over the run (%)", "Spread of the clusters' loads", BLUE
    )
    figure.update_xaxes(tickformat=".3~%")
    if len(load):
        at = float(load.mean())
        figure.add_shape(
            type="line",
            x0=at,
            x1=at,
            y0=0,
            y1=1,
            yref="paper",
            line={"width": 1.5, "dash": "dot", "color": VERMILLION},
        )
        figure.update_layout(title={"subtitle": {"text": _spread_note(load)}})
    return figure


def _spread_note(load: Floats) -> str:
    ends = f"{number(float(load.min()), 'share')} to {number(float(load.max()), 'share')}"
    return f"{len(load):,} clusters, from {ends}; dotted: their mean, {number(float(load.mean()), 'share')}"


def queues(records: Records) -> go.Figure | None:
    """How many clusters had how many tasks waiting at the last period's end; None if none had any."""
    waiting = records.cluster_series(records.periods)["waiting"] if records.periods else []
    if not waiting or not waiting[-1].any():
        return None
    text = "tasks waiting in a cluster's queue at the end of the last period"
    return _bars(
        waiting[-1].astype(np.float64),
        text,
        "tasks waiting in a cluster (tasks)",
        "Queues of the clusters",
        ORANGE,
    )


def sizes(size: Ints) -> go.Figure | None:
    """How many clusters have how many agents; None without a cluster that has any.

    Args:
        size: `[Q]` agents in each cluster.
    """
    held = size[size > 0]
    if not len(held):
        return None
    text = "agents in a cluster, whatever their state; clusters without any are left out"
    least, most = int(held.min()), int(held.max())
    width = -(-(most - least + 1) // 40)
    edges = np.arange(least, most + width + 1, width).astype(np.float64) - 0.5
    figure = _bars(
        held.astype(np.float64), text, "agents in a cluster (agents)", "Sizes of the clusters", SKY, edges
    )
    figure.update_xaxes(range=[least - 4 * width, most + 4 * width], tickformat="d")
    return figure


def loads(busy: Ints, ready: Ints) -> go.Figure | None:
    """How many clusters are how busy at one time; None where nobody is ready.

    Args:
        busy: `[Q]` tasks in agents' hands.
        ready: `[Q]` agents idle or busy.
    """
    share = ratio(busy.astype(np.float64), ready.astype(np.float64))
    share = share[np.isfinite(share)]
    if not len(share):
        return None
    text = "agents at a task / agents ready in a cluster, at that time"
    least, most = int(100 * share.min()), int(np.ceil(100 * share.max()))
    width = -(-(most - least + 1) // 40)  # whole percents, the steps of a cluster of 100 agents
    edges = (np.arange(least, most + width + 1, width) - 0.5) / 100
    figure = _bars(share, text, "busy share of a cluster's agents (%)", "Loads of the clusters", BLUE, edges)
    figure.update_xaxes(tickformat=".3~%")
    return figure


def _bars(
    values: Floats, text: str, x_title: str, title: str, color: str, edges: Floats | None = None
) -> go.Figure:
    bins: Any = min(40, max(6, int(np.sqrt(len(values)) * 1.5))) if edges is None else edges
    counts, edges = np.histogram(values, bins=bins)
    bars = go.Bar(
        x=(edges[:-1] + edges[1:]) / 2,
        y=counts,
        width=np.diff(edges) * 0.94,
        marker={"color": color, "line": {"width": 0}},
        hovertemplate=hover("clusters", text, "y", "clusters", "near %{x:.4~g}"),
    )
    lines = [Line(name="load", values=values, text=text, color=color)]
    return finished([bars], title, x_title, "clusters (number)", lines)


def _matrix(rows: list[Floats]) -> Floats:
    """`[Q, P]` of P rows that may get longer; NaN where a cluster was not yet there."""
    out = np.zeros((max(len(row) for row in rows), len(rows)))
    for p, row in enumerate(rows):
        out[: len(row), p] = row
    return out
