"""Figures of the stations: backlog, how busy they are over time and by node, and why tasks are dropped."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from ...arrays import Ints32
from ...model.columns import ratio
from ...model.flow.ledger import DROPS
from ...model.records import Records
from ..theme import BLUE, FAINT, GRAY, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from .lines import Line, column_line, finished, hover, time_figure

DROP_LOOKS = (
    (VERMILLION, ""), (ORANGE, ""), (PURPLE, ""), (SKY, ""), (GRAY, ""), (BLUE, ""), (GREEN, ""), (FAINT, ""),
    (BLUE, "/"),
)  # fmt: skip
"""Color and pattern of each reason, in the order of the ledger; what was tried too often shares a color."""


def backlog(records: Records) -> go.Figure:
    """Tasks that wait or are on their way, by station, stacked."""
    lines = [
        column_line(records, "waiting_cluster", ORANGE, "in clusters"),
        column_line(records, "waiting_dispatch", PURPLE, "at dispatch"),
        column_line(records, "waiting_ingress", SKY, "at ingress"),
        column_line(records, "in_transit", FAINT, "on a link or in a station"),
    ]
    return time_figure(
        "Backlog by station",
        lines,
        records.column("time_s"),
        "tasks that wait or travel (tasks)",
        stacked=True,
    )


def drops(records: Records) -> go.Figure | None:
    """Tasks dropped a second, by reason, stacked; None if none was."""
    lines = []
    for count, (color, pattern) in zip(DROPS, DROP_LOOKS, strict=True):
        column = column_line(
            records, count.name.lower(), color, count.name.lower().removeprefix("dropped_").replace("_", " ")
        )
        if column.values.any():
            lines.append(
                Line(
                    name=column.name,
                    values=column.values / records.dt,
                    text=column.text,
                    color=color,
                    unit="1/s",
                    pattern=pattern,
                )
            )
    if not lines:
        return None
    return time_figure(
        "Drops by reason",
        lines,
        records.column("time_s"),
        "tasks dropped per second (1/s)",
        stacked=True,
    )


def station_load(records: Records) -> go.Figure | None:
    """Busy share of the busiest and of the mean node's stations, over time; None before the first period."""
    series = records.node_series()
    if not series["ingress_busy"].size:
        return None
    lines = []
    for which, color in (("ingress", SKY), ("dispatch", PURPLE)):
        rows = series[f"{which}_busy"]
        what = f"busy share of the {which} stations in a period of {records.cluster_period_s:g} s"
        for name, values, dash in (
            ("busiest node", rows.max(axis=1), "solid"),
            ("mean", rows.mean(axis=1), "dot"),
        ):
            lines.append(
                Line(
                    name=f"{which}, {name}",
                    values=values,
                    text=f"{what}, {name}" + (" over nodes" if name == "mean" else ""),
                    color=color,
                    unit="share",
                    dash=dash,
                )
            )
    return time_figure("Stations of the nodes", lines, series["time_s"], "busy share (%)", share=True)


def load_by_node(records: Records, node_of_cluster: Ints32) -> go.Figure | None:
    """Busy share of agents and stations of each node over the run; None before the first period.

    Args:
        records: of the run.
        node_of_cluster: `[Q]` the node of each cluster.
    """
    nodes, clusters = records.node_series(), records.cluster_series()
    if not nodes["ingress_busy"].size:
        return None
    count = nodes["ingress_busy"].shape[1]
    busy, ready = (
        np.sum([_by_node(row, node_of_cluster, count) for row in clusters[name]], axis=0)
        for name in ("busy_s", "ready_s")
    )
    lines = [
        Line(name="agents", values=ratio(busy, ready), text="busy / ready agent-seconds", color=BLUE),
        Line(
            name="dispatch",
            values=nodes["dispatch_busy"].mean(axis=0),
            text="busy share of the node's dispatch station",
            color=PURPLE,
        ),
        Line(
            name="ingress",
            values=nodes["ingress_busy"].mean(axis=0),
            text="busy share of the node's ingress station",
            color=GREEN,
        ),
    ]
    dots = [
        go.Scatter(
            x=np.arange(count),
            y=line.values.astype(np.float32),
            name=line.name,
            mode="lines+markers",
            line={"color": line.color, "width": 0.6},
            marker={"color": line.color, "size": 9 if count <= 64 else 4, "symbol": symbol},
            hovertemplate=hover(line.name, line.text, "y", "share", "node %{x}"),
        )
        for line, symbol in zip(lines, ("circle", "square", "diamond"), strict=True)
    ]
    figure = finished(
        dots, "Load by node", "coordination node (number)", "busy share, mean of the run (%)", lines
    )
    figure.update_yaxes(tickformat=".3~%", rangemode="tozero")
    return figure


def _by_node(
    values: np.ndarray[tuple[int], np.dtype[np.float64]], node_of_cluster: Ints32, count: int
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.bincount(node_of_cluster[: len(values)], weights=values, minlength=count)
