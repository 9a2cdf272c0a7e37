"""Figures of how long things take: percentiles over time, stages, histograms."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...model.columns import ratio
from ...model.flow.ledger import bin_edges
from ...model.records import Records
from ..theme import BLUE, GRAY, GREEN, ORANGE, PURPLE, SKY, VERMILLION, number, see_through
from .lines import Line, column_line, finished, hover, time_figure

QUANTILE_COLORS = {"p50": GREEN, "p95": ORANGE, "p99": VERMILLION}
BINS_TOGETHER = 4


def _percentiles(records: Records, timed: str, unit: str, title: str) -> go.Figure | None:
    lines = [
        column_line(records, f"{timed}_{share}_{unit}", color, share)
        for share, color in QUANTILE_COLORS.items()
    ]
    if not any(np.isfinite(line.values).any() for line in lines):
        return None
    return time_figure(title, lines, records.column("time_s"), f"{title[0].lower()}{title[1:]} ({unit})")


def response(records: Records) -> go.Figure | None:
    """Response time: p50, p95 and p99 of each tick; None if nothing was answered."""
    return _percentiles(records, "response", "s", "Response time")


def network(records: Records) -> go.Figure | None:
    """Network part of the response time: p50, p95 and p99 of each tick; None if nothing was dispatched."""
    return _percentiles(records, "network", "ms", "Network part of the response time")


def first_token(records: Records) -> go.Figure | None:
    """Time to the first token: p50, p95 and p99 of each tick; None if tasks carry no tokens."""
    return _percentiles(records, "first_token", "s", "Time to the first token")


def misses(records: Records) -> go.Figure | None:
    """Share of answers after their deadline and share of tasks dropped; None if there were neither."""
    late = Line(
        name="late",
        values=ratio(records.column("late"), records.column("completed")),
        text="answers after the deadline of their class / answers, in the tick",
        color=ORANGE,
        unit="share",
    )
    dropped = column_line(records, "error_rate", VERMILLION, "dropped", dash="dot")
    if not (np.nansum(late.values) or np.nansum(dropped.values)):
        return None
    return time_figure(
        "Deadline misses and errors",
        [late, dropped],
        records.column("time_s"),
        "share of tasks (%)",
        share=True,
        most=120,
    )


def stages(records: Records) -> go.Figure | None:
    """Mean time of an answer by stage, stacked; None if nothing was answered."""
    wait, network_s = records.column("cluster_wait_mean_s"), records.column("network_mean_ms") / 1000
    if not np.isfinite(wait).any():
        return None
    lines = [
        column_line(records, "service_mean_s", BLUE, "agent at work"),
        Line(
            name="waiting in a cluster",
            values=wait,
            text="mean wait in the cluster's queue, tasks begun in the tick",
            color=ORANGE,
            unit="s",
        ),
        Line(
            name="network, ingress, dispatch",
            values=network_s,
            text="mean network part: ingress, links there and back, dispatch; tasks dispatched in the tick",
            color=PURPLE,
            unit="s",
        ),
    ]
    return time_figure(
        "Where a task's time goes", lines, records.column("time_s"), "mean time per task (s)", stacked=True
    )


def histograms(records: Records) -> go.Figure | None:
    """How response, wait and network times are spread, on a logarithmic axis; None if nothing was answered."""
    counts = records.histogram("response")
    if not counts.sum():
        return None
    wanted = [
        ("response", "response time", BLUE, "from arrival at the entry node to the answer there"),
        (
            "cluster_wait",
            "wait in the cluster",
            ORANGE,
            "from arrival at the cluster to the start of service",
        ),
        ("network", "network part", PURPLE, "ingress, links there and back, dispatch"),
        ("first_token", "first token", SKY, "from arrival to the first token's arrival at the entry node"),
    ]
    traces, lines = [], []
    for which, name, color, text in wanted:
        x, y, at_once = spread(records.histogram(which))
        if not len(x):
            continue
        if at_once > 0.0005:
            text += f"; {number(at_once, 'share')} took less than 0.02 ms and lie outside"
        lines.append(Line(name=name, values=y, text=text, color=color))
        traces.append(
            go.Scatter(
                x=x.astype(np.float32),
                y=y.astype(np.float32),
                name=name,
                mode="lines",
                line={"color": color, "width": 1.4, "shape": "hvh"},
                fill="tozeroy",
                fillcolor=see_through(color, 0.18),
                hovertemplate=hover(name, text, "y", "share", "near %{x:.3~s}s"),
            )
        )
    figure = finished(
        traces,
        "How times are spread",
        "time (s), logarithmic",
        "share of tasks per bin (%)",
        lines,
        "bins 9 % wide; dotted: p50, p95 and p99 of the response time",
    )
    figure.update_xaxes(type="log", exponentformat="SI", dtick=1)
    figure.update_yaxes(tickformat=".3~%", rangemode="tozero")
    for share in (0.5, 0.95, 0.99):
        at = _quantile(counts, share)
        figure.add_shape(
            type="line",
            x0=at,
            x1=at,
            y0=0,
            y1=1,
            yref="paper",
            line={"width": 1, "dash": "dot", "color": GRAY},
        )
    return figure


def spread(counts: np.ndarray[tuple[int], np.dtype[np.int64]]) -> tuple[Floats, Floats, float]:
    """A histogram as a line: bins 9 % wide, from its first count to its last.

    Args:
        counts: `[1024]` counts.

    Returns:
        `[B]` middles in s, `[B]` shares, and the share of the first bin, which is not in the line.
    """
    total = float(counts.sum())
    if not total:
        return np.zeros(0), np.zeros(0), 0.0
    at_once = float(counts[0]) / total
    share = counts.astype(np.float64) / total
    share[0] = 0.0
    together = share.reshape(-1, BINS_TOGETHER).sum(axis=1)
    used = np.flatnonzero(together)
    if not len(used):
        return np.zeros(0), np.zeros(0), at_once
    first, last = max(int(used[0]) - 1, 0), min(int(used[-1]) + 2, len(together))
    edges = bin_edges()[::BINS_TOGETHER]
    edges[0], edges[-1] = edges[1] / 2, edges[-2] * 2
    middles = np.sqrt(edges[:-1] * edges[1:])
    return middles[first:last], together[first:last], at_once


def _quantile(counts: np.ndarray[tuple[int], np.dtype[np.int64]], share: float) -> float:
    return float(bin_edges()[int(np.searchsorted(np.cumsum(counts), share * counts.sum()))])
