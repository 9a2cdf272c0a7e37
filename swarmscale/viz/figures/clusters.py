"""Figures of the clusters' loads: a heat map over time, and how loads are spread."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...model.columns import ratio
from ...model.records import Records
from ..theme import BLUE, ORANGE, SEQUENTIAL, VERMILLION, number
from .lines import Line, finished, hover, time_unit

MOST_ROWS, MOST_COLUMNS = 300, 300
UTILIZATION = "busy / ready agent-seconds of the cluster in the period"


def heat(records: Records) -> go.Figure | None:
    """Utilization of each cluster in each period; None before the first period.

    Where there are more than 300 clusters or periods, a cell is the mean of neighbors.
    """
    series = records.cluster_series()
    if not len(series["time_s"]):
        return None
    busy, ready = _matrix(series["busy_s"]), _matrix(series["ready_s"])
    rows, columns = -(-busy.shape[0] // MOST_ROWS), -(-busy.shape[1] // MOST_COLUMNS)
    busy, ready = _blocks(busy, rows, columns), _blocks(ready, rows, columns)
    divisor, unit = time_unit(float(series["time_s"][-1]))
    ends = series["time_s"][
        np.minimum(np.arange(busy.shape[1]) * columns + columns, len(series["time_s"])) - 1
    ]
    cells = go.Heatmap(
        z=ratio(busy, ready).astype(np.float32),
        x=np.asarray(ends / divisor, np.float32),
        y=np.arange(busy.shape[0]) * rows,
        coloraxis="coloraxis",
        hoverongaps=False,
        hovertemplate=hover(
            "utilization", UTILIZATION, "z", "share", f"cluster %{{y}}, at %{{x:,.4~g}} {unit}"
        ),
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
    figure = finished(
        [cells],
        "Load of every cluster",
        f"simulated time ({unit})",
        "cluster (number, in order of nodes)",
        lines,
        note,
    )
    figure.update_layout(
        coloraxis={
            "colorscale": SEQUENTIAL,
            "cmin": 0,
            "cmax": 1,
            "colorbar": {"title": {"text": "utilization (%)", "side": "right"}, "tickformat": ".0%"},
        }
    )
    figure.update_xaxes(showgrid=False)
    figure.update_yaxes(showgrid=False)
    return figure


def spread(records: Records) -> go.Figure | None:
    """How many clusters were how busy over the run; None before the first period."""
    series = records.cluster_series()
    if not len(series["time_s"]):
        return None
    busy, ready = (_matrix(series[name]).sum(axis=1) for name in ("busy_s", "ready_s"))
    load = ratio(busy, ready)
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
    waiting = records.cluster_series()["waiting"]
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


def _bars(values: Floats, text: str, x_title: str, title: str, color: str) -> go.Figure:
    counts, edges = np.histogram(values, bins=min(40, max(6, int(np.sqrt(len(values)) * 1.5))))
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


def _blocks(values: Floats, rows: int, columns: int) -> Floats:
    """Sums over blocks of neighbors."""
    down = np.add.reduceat(values, np.arange(0, values.shape[0], rows), axis=0)
    return np.asarray(np.add.reduceat(down, np.arange(0, values.shape[1], columns), axis=1), np.float64)
