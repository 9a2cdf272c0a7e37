"""Figures of compared topologies: every mesh drawn small, latency against links, and what outlives losses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats, Ints
from ..theme import BLUE, COLORWAY, FAINT, GREEN, TEAL, VERMILLION, digits, number, see_through
from .lines import Line, finished

if TYPE_CHECKING:
    from ...batch.topology_measures import Measured

ACROSS, HEIGHT = 4, 250
ALIKE = 1.05
"""Loads up to this many times the mean are shown as the mean."""
MOST_LINKS = 1500
LOAD_TEXT = "share of what crosses the mesh that goes over it, both ways"
CLASSES = (
    ("busiest link", VERMILLION, 3.0),
    ("above the mean by 5 % or more", BLUE, 1.7),
    ("others", FAINT, 0.8),
)
LATENCY_TEXT = "mean latency of what crosses the mesh, weighted by the demand"
SHARE_TEXT = "mean share of the demand between nodes that are left for which there is a path"

DRAWN_READ = (
    "Nodes at their places in the unit square. Blue links carry more than the mean link, the red one most; where none "
    "has a color all carry alike."
)
SCATTER_READ = (
    "Lower and further left is better: less latency for fewer links. Meshes on the green line are beaten by no other "
    "in both."
)
LOSSES_READ = (
    "Who stays high keeps more of the demand connected; where several nodes go, bars are 95 % intervals."
)


def meshes(found: Sequence[Measured], places: Floats) -> go.Figure:
    """Every mesh in a panel of its own.

    Args:
        found: meshes on the same places.
        places: `[K, 2]` in the unit square.
    """
    down = -(-len(found) // ACROSS)
    traces: list[dict[str, Any]] = []
    told: set[str] = set()
    layout: dict[str, Any] = {"height": HEIGHT * down + 60, "annotations": []}
    for i, mesh in enumerate(found):
        row, column = divmod(i, ACROSS)
        name = "" if i == 0 else str(i + 1)
        left, top = column / ACROSS, 1.0 - row / down
        wide, high = 0.92 / ACROSS, 0.84 / down
        bare = {"showgrid": False, "zeroline": False, "showticklabels": False, "range": [-0.06, 1.06]}
        layout[f"xaxis{name}"] = bare | {"domain": [left, left + wide], "anchor": f"y{name}"}
        layout[f"yaxis{name}"] = bare | {
            "domain": [top - high - 0.05 / down, top - 0.05 / down],
            "anchor": f"x{name}",
        }
        traces += _panel(mesh, places, name, told)
        text = f"<b>{mesh.name}</b>, {1000 * mesh.values['latency_s']:.1f} ms, {len(mesh.ends):,} links"
        layout["annotations"].append(
            {"text": text, "xref": "paper", "yref": "paper", "x": left, "y": top, "xanchor": "left",
             "yanchor": "middle", "showarrow": False, "font": {"size": 11.5}}
        )  # fmt: skip
    lines = [Line(name="link", values=np.zeros(0), text=LOAD_TEXT, color=BLUE)]
    most = max((len(mesh.ends) for mesh in found), default=0)
    note = f"of more than {MOST_LINKS:,} links the busiest are drawn" if most > MOST_LINKS else ""
    return finished(traces, "Meshes on the same places", "", "", lines, note, layout)


def _panel(mesh: Measured, places: Floats, axis: str, told: set[str]) -> list[dict[str, Any]]:
    order = np.argsort(mesh.load, kind="stable")[-MOST_LINKS:]
    ends, load = mesh.ends[order], mesh.load[order]
    top, mean = float(mesh.load.max()), float(mesh.load.mean())
    busiest, above = load >= top * (1 - 1e-9), load >= ALIKE * mean
    if top < ALIKE * mean:  # none stands out
        busiest = above
    groups = (busiest, above & ~busiest, ~above & ~busiest)
    where: dict[str, Any] = {"type": "scatter", "xaxis": f"x{axis}", "yaxis": f"y{axis}"}
    out = []
    for (name, color, width), mine in reversed(list(zip(CLASSES, groups, strict=True))):
        x, y = (_strokes(places[:, i], ends[mine]) for i in (0, 1))
        legend = bool(mine.any()) and name not in told
        told |= {name} if legend else set()
        out.append(
            where
            | {"x": x, "y": y, "mode": "lines", "name": name, "legendgroup": name, "showlegend": legend,
               "line": {"color": color, "width": width}, "hoverinfo": "skip"}
        )  # fmt: skip
    middle = (places[ends[:, 0]] + places[ends[:, 1]]) / 2
    text = [
        f"<b>link {a} to {b}</b>: {number(s, 'share')}" for (a, b), s in zip(ends.tolist(), load, strict=True)
    ]
    unseen = {"mode": "markers", "marker": {"size": 6, "opacity": 0}, "showlegend": False, "name": "links"}
    hover = {"text": text, "hovertemplate": "%{text}<br>" + LOAD_TEXT + "<extra></extra>"}
    out.append(where | unseen | hover | {"x": _small(middle[:, 0]), "y": _small(middle[:, 1])})
    nodes = {
        "mode": "markers",
        "marker": {"size": 7 if len(places) <= 64 else 4, "color": TEAL},
        "showlegend": False,
    }
    names = {"text": [f"node {k}" for k in range(len(places))], "hovertemplate": "%{text}<extra></extra>"}
    out.append(
        where | nodes | names | {"x": _small(places[:, 0]), "y": _small(places[:, 1]), "name": "nodes"}
    )
    return out


def _strokes(at: Floats, ends: Ints) -> np.ndarray[Any, Any]:
    """One coordinate of separate strokes, with a gap behind each."""
    gaps = np.full((len(ends), 1), np.nan)
    return _small(np.concatenate([at[ends], gaps], axis=1).ravel())


def _small(values: Floats) -> np.ndarray[Any, Any]:
    return values.astype(np.float32)


def latency_over_links(found: Sequence[Measured]) -> go.Figure:
    """Mean latency over the number of links, a point a mesh, and the line of those that nothing beats."""
    links = np.array([mesh.values["links"] for mesh in found])
    ms = np.array([1000 * mesh.values["latency_s"] for mesh in found])
    best = unbeaten(links, ms)
    hover = [
        f"<b>{m.name}</b>{f' ({m.words})' if m.words else ''}<br>{digits(1000 * m.values['latency_s'])} ms, "
        f"{m.values['over_complete']:.2f} times the full mesh's<br>{len(m.ends):,} links, length "
        f"{digits(m.values['length'])}<br>busiest link {number(m.values['busiest'], 'share')}"
        for m in found
    ]
    traces: list[dict[str, Any]] = [
        {"type": "scatter", "x": links[best], "y": ms[best], "mode": "lines", "name": "unbeaten",
         "line": {"color": see_through(GREEN, 0.6), "width": 1.4, "dash": "dot"}, "hoverinfo": "skip"},
        {"type": "scatter", "x": links, "y": ms, "mode": "markers+text", "name": "meshes",
         "text": [m.name for m in found], "textposition": _beside(links, ms), "textfont": {"size": 11.5},
         "hovertext": hover, "hovertemplate": "%{hovertext}<extra></extra>",
         "marker": {"size": 11, "color": [GREEN if i in set(best.tolist()) else BLUE for i in range(len(found))]}},
    ]  # fmt: skip
    lines = [Line(name="latency", values=np.zeros(0), text=LATENCY_TEXT, color=BLUE)]
    axes = {
        "xaxis": {
            "type": "log",
            "tickvals": [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000],
        },
        "yaxis": {"rangemode": "tozero"},
        "height": 460,
    }
    return finished(
        traces, "Latency against links", "links (log scale)", "mean latency (ms)", lines, "", axes
    )


def unbeaten(links: Floats, ms: Floats) -> Ints:
    """Places of those that no other undercuts in both, by links.

    >>> unbeaten(np.array([15.0, 32.0, 28.0, 32.0]), np.array([30.0, 9.0, 15.0, 12.0])).tolist()
    [0, 2, 1]
    """
    order, out, least = np.lexsort((ms, links)), [], np.inf
    for i in order.tolist():
        if ms[i] < least:
            out.append(i)
            least = ms[i]
    return np.array(out, np.int64)


def _beside(links: Floats, ms: Floats) -> list[str]:
    """Where each name stands: right of its point, or left of it where that of another one is in the way."""
    sides, taken = ["middle right"] * len(links), dict.fromkeys(links.tolist(), -np.inf)
    apart = 0.04 * float(ms.max(initial=0.0))
    for i in np.argsort(ms, kind="stable").tolist():
        if ms[i] - taken[links[i]] < apart:
            sides[i] = "middle left"
        else:
            taken[links[i]] = ms[i]
    return sides


def losses(found: Sequence[Measured], kind: str) -> go.Figure | None:
    """Share of the demand that is still connected over the number of losses; None if none were computed."""
    traces: list[dict[str, Any]] = []
    lines = []
    for i, mesh in enumerate(found):
        mine = [f for f in mesh.failures if f.kind == kind]
        if not mine:
            continue
        color = COLORWAY[i % len(COLORWAY)]
        share = np.array([1.0, *(f.share for f in mine)])
        up = [0.0, *(f.share_high - f.share for f in mine)]
        down = [0.0, *(f.share - f.share_low for f in mine)]
        line = {"color": color, "width": 1.8, "dash": "solid" if i < len(COLORWAY) else "dot"}
        bars = {
            "type": "data",
            "array": up,
            "arrayminus": down,
            "symmetric": False,
            "thickness": 1,
            "width": 3,
        }
        traces.append(
            {"type": "scatter", "x": [0, *(f.gone for f in mine)], "y": share, "mode": "lines+markers",
             "name": mesh.name, "line": line, "error_y": bars | {"color": color},
             "hovertemplate": f"<b>{mesh.name}</b>: %{{y:.2%}} with %{{x}} {kind} gone<extra></extra>"}
        )  # fmt: skip
        lines.append(Line(name=mesh.name, values=share, text=SHARE_TEXT, color=color))
    if not traces:
        return None
    axes = {"xaxis": {"dtick": 1}, "yaxis": {"tickformat": ".0%"}}
    text = f"Still connected with {kind} gone"
    return finished(traces, text, f"{kind} gone at a time", "demand still connected", lines[:1], "", axes)
