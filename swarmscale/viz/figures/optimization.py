"""Figures of the optimization engine: what limits the fleet, thresholds, trials with their effects, new links."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...model.optimization.base import KINDS
from ...model.optimization.log import LOOK_COLUMNS, STATIONS, Trial, looks_array
from ..theme import (
    BLUE,
    COLORWAY,
    FAINT,
    GRAY,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    TEAL,
    VERMILLION,
    see_through,
)
from .lines import Line, finished, hover, time_figure, time_unit
from .structure import mesh

if TYPE_CHECKING:
    from ...model.optimization.thresholds import Reading

STATION_COLORS = dict(zip(STATIONS, (SKY, GREEN, PURPLE, ORANGE, BLUE), strict=True))
KIND_COLORS = dict(zip(KINDS, (*COLORWAY, TEAL), strict=True))
STATE_LOOKS = {
    "kept": (GREEN, "triangle-up"),
    "rolled back": (VERMILLION, "triangle-down"),
    "trying": (GRAY, "circle"),
}
STATION_TEXT = {
    "ingress": "busy share of the ingress stations' time, mean over nodes",
    "links": "busy share of the links' time, where that has a meaning",
    "dispatch": "busy share of the dispatch stations' time, mean over nodes",
    "agents": "busy / ready agent-seconds of the agents, who serve the clusters' queues",
}
MOST_LOOKS, MOST_TRIALS = 1_000, 200
"""That are drawn, the last ones."""


def _look(rows: Floats, name: str) -> Floats:
    return np.asarray(rows[:, LOOK_COLUMNS.index(name)], np.float64)


def bottleneck(looks: Sequence[Sequence[float]]) -> go.Figure | None:
    """How busy each kind of station was at each look, and over it what limited the fleet; None before the first."""
    rows = looks_array(looks[-MOST_LOOKS:])
    if not len(rows):
        return None
    end_s = _look(rows, "time_s")
    lines = [
        Line(name=name, values=values, text=STATION_TEXT[name], color=STATION_COLORS[name], unit="share")
        for name in STATION_TEXT
        if np.isfinite(values := _look(rows, f"{name}_utilization")).any()
    ]
    figure = time_figure(
        "What limits the fleet", lines, end_s, "busy share of a kind of station (%)", share=True
    )
    divisor, unit = time_unit(float(end_s[-1]))
    top = 1.08 * max(1.0, *(float(np.nanmax(line.values)) for line in lines)) if lines else 1.08
    kinds = _look(rows, "kind").astype(np.int64)
    marks = [
        {
            "type": "scatter",
            "x": np.asarray(end_s[kinds == k] / divisor, np.float32),
            "y": np.full(int((kinds == k).sum()), top, np.float32),
            "mode": "markers",
            "name": f"limited by {kind}",
            "marker": {"color": KIND_COLORS[kind], "size": 9, "symbol": "square"},
            "hovertemplate": f"<b>{kind}</b> limits the fleet<br>look at %{{x:,.4~g}} {unit}<extra></extra>",
        }
        for k, kind in enumerate(KINDS)
        if (kinds == k).any()
    ]
    return _added(figure, marks, ["limited by", "what the engine named at a look, on the line above"])


def _added(figure: go.Figure, traces: Iterable[dict[str, Any]], *definitions: list[str]) -> go.Figure:
    """A figure with more on top of it."""
    layout = figure.layout.to_plotly_json()
    layout["showlegend"] = True
    layout["meta"]["definitions"] += list(definitions)
    return go.Figure(data=[*figure.data, *traces], layout=layout, _validate=False)


def effects(trials: Sequence[Trial]) -> go.Figure | None:
    """Measured effect of each trial, with its interval, when its knob was turned; None without a trial."""
    shown = trials[-MOST_TRIALS:]
    if not shown:
        return None
    divisor, unit = time_unit(max(one.time_s for one in shown))
    traces = []
    for state, (color, symbol) in STATE_LOOKS.items():
        mine = [one for one in shown if one.state == state]
        if not mine:
            continue
        change = np.array([0.0 if np.isnan(one.change) else one.change for one in mine])
        low, high = (np.nan_to_num(np.array([getattr(one, end) for one in mine])) for end in ("low", "high"))
        traces.append(
            {
                "type": "scatter",
                "x": np.array([one.time_s / divisor for one in mine], np.float32),
                "y": change.astype(np.float32),
                "mode": "markers",
                "name": state,
                "marker": {"color": color, "size": 11, "symbol": symbol},
                "error_y": {
                    "type": "data",
                    "symmetric": False,
                    "array": np.maximum(high - change, 0.0).astype(np.float32),
                    "arrayminus": np.maximum(change - low, 0.0).astype(np.float32),
                    "color": see_through(color, 0.6),
                },
                "text": [_told(one) for one in mine],
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    lines = [
        Line(
            name="effect",
            values=np.zeros(0),
            text="metric in the window after the change over that before it, less 1; at 0 where nothing can be told. "
            "The bar is its interval; below 0 is better",
            color=GREEN,
        )
    ]
    return finished(
        traces,
        "Effect of each change that was tried",
        f"simulated time ({unit})",
        "relative change of the metric (%)",
        lines,
        "",
        {"yaxis": {"tickformat": ".3~%", "zeroline": True}, "showlegend": True},
    )


def _told(one: Trial) -> str:
    measured = (
        "not known" if np.isnan(one.change) else f"{one.change:+.1%} ({one.low:+.1%} to {one.high:+.1%})"
    )
    return (
        f"<b>{one.strategy}</b>, {one.state}<br>{one.metric}: {measured}<br>against {one.kind}, by {one.knob}"
    )


def threshold(
    series: Sequence[Sequence[Reading]],
    metric: str,
    title: str,
    y_title: str,
    *,
    unit: str = "",
    trials: Sequence[Trial] = (),
    color: str = BLUE,
) -> go.Figure | None:
    """A metric at each look, its average within adaptive limits, its target, and what was tried; None before a look.

    Args:
        series: readings of all looks; the last 1,000 are drawn.
        metric: one of them.
        title: of the figure.
        y_title: with its unit.
        unit: of the values, ``share`` in percent.
        trials: marked where their knob was turned.
        color: of the metric.
    """
    mine = [next(one for one in row if one.metric == metric) for row in series[-MOST_LOOKS:]]
    if not mine:
        return None
    end_s = np.array([one.time_s for one in mine])
    column = {
        name: np.array([getattr(one, name) for one in mine])
        for name in ("value", "average", "low", "high", "target")
    }
    lines = [
        Line(
            name="measured",
            values=column["value"],
            text="between two looks of the engine",
            color=color,
            unit=unit,
        ),
        Line(
            name="average",
            values=column["average"],
            text="average of what was not foretold, put beside what was; beyond the band the metric is out of range",
            color=ORANGE,
            unit=unit,
        ),
    ]
    if np.isfinite(column["target"]).any():
        text = "what it should be; of a throughput never more than arrives"
        lines.append(
            Line(name="target", values=column["target"], text=text, color=GRAY, unit=unit, dash="dash")
        )
    figure = time_figure(title, lines, end_s, y_title, share=unit == "share", most=MOST_LOOKS)
    divisor, time = time_unit(float(end_s[-1]))
    x = np.asarray(end_s / divisor, np.float32)
    edge: dict[str, Any] = {
        "type": "scatter",
        "x": x,
        "mode": "lines",
        "line": {"width": 0},
        "hoverinfo": "skip",
    }
    band = [
        edge | {"y": column["low"].astype(np.float32), "showlegend": False},
        edge
        | {
            "y": column["high"].astype(np.float32),
            "name": "limits",
            "fill": "tonexty",
            "fillcolor": see_through(color, 0.16),
        },
    ]
    out = np.array([one.state in ("high", "low") for one in mine])
    marks: list[dict[str, Any]] = [
        {
            "type": "scatter",
            "x": x[out],
            "y": column["value"][out].astype(np.float32),
            "mode": "markers",
            "name": "out of range",
            "marker": {"color": VERMILLION, "size": 6, "symbol": "diamond"},
            "hovertemplate": hover(
                "out of range", "its average is beyond its limits", "y", unit, f"at %{{x:,.4~g}} {time}"
            ),
        }
    ]
    whole = go.Figure(data=[*band, *figure.data], layout=figure.layout, _validate=False)
    limits = [
        "limits",
        "adaptive: in control the average leaves them once in 1,000 looks; docs/optimization.md",
    ]
    return _added(whole, [*marks, *_turned(trials, float(end_s[0]), divisor)], limits)


def _turned(trials: Sequence[Trial], first_s: float, divisor: float) -> list[dict[str, Any]]:
    """A mark at the foot of a figure for each trial, by its state."""
    out = []
    for state, (color, symbol) in STATE_LOOKS.items():
        mine = [one for one in trials[-MOST_TRIALS:] if one.state == state and one.time_s >= first_s]
        if mine:
            out.append(
                {
                    "type": "scatter",
                    "x": np.array([one.time_s / divisor for one in mine], np.float32),
                    "y": np.zeros(len(mine), np.float32),
                    "mode": "markers",
                    "name": f"change, {state}",
                    "cliponaxis": False,
                    "marker": {"color": color, "size": 9, "symbol": symbol},
                    "text": [_told(one) for one in mine],
                    "hovertemplate": "%{text}<extra></extra>",
                }
            )
    return out


def rewired(
    graph: nx.Graph[int], links: Sequence[tuple[int, int]], load: Floats | None = None, at: int = -1
) -> go.Figure:
    """The mesh with the links that were added and removed since a time, and the node that limits the fleet.

    Args:
        graph: as it is now.
        links: pairs of nodes that had a link then.
        load: `[K]` busy share of the agents under each node.
        at: node that limits the fleet; -1 for none.
    """
    figure = mesh(graph, load)
    before, now = set(links), {(min(a, b), max(a, b)) for a, b in graph.edges}
    traces = [
        _links(graph, sorted(now - before), "added", GREEN, "solid"),
        _links(graph, sorted(before - now), "removed", FAINT, "dash"),
    ]
    if at >= 0:
        traces.append(
            {
                "type": "scatter",
                "x": np.array([graph.nodes[at]["x"]], np.float32),
                "y": np.array([graph.nodes[at]["y"]], np.float32),
                "mode": "markers",
                "name": "bottleneck",
                "marker": {"color": VERMILLION, "size": 32, "symbol": "circle-open", "line": {"width": 3}},
                "hoverinfo": "skip",
            }
        )
    shown = [one for one in traces if len(one["x"])]
    if not shown:
        return figure
    whole = _added(
        figure,
        shown,
        ["added", "link that the optimization engine laid since its first look"],
        ["removed", "link that was there at its first look"],
    )
    *under, nodes = figure.data
    return go.Figure(data=[*under, *shown, nodes], layout=whole.layout, _validate=False)


def _links(
    graph: nx.Graph[int], links: Sequence[tuple[int, int]], name: str, color: str, dash: str
) -> dict[str, Any]:
    def along(axis: str) -> Floats:
        points = [v for a, b in links for v in (graph.nodes[a][axis], graph.nodes[b][axis], np.nan)]
        return np.array(points, np.float32)

    return {
        "type": "scatter",
        "x": along("x"),
        "y": along("y"),
        "mode": "lines",
        "name": f"{name}: {len(links)}",
        "line": {"color": color, "width": 3, "dash": dash},
        "hoverinfo": "skip",
    }
