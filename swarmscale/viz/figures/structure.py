"""Figures of the structure: the mesh of coordination nodes, and the hierarchy with its loads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from ...arrays import Floats
from ..theme import BLUE, FAINT, SEQUENTIAL, VERMILLION, see_through
from .lines import Line, finished

if TYPE_CHECKING:
    from ...agents.hierarchy import Vertex

MOST_LINKS, MOST_CLUSTERS = 1500, 1200
SHADES = 5
LOAD_TEXT = "agents at a task / agents ready, at that time"
LATENCY_TEXT = "one-way latency of a link without jitter; wide and blue = fast"


def mesh(graph: nx.Graph[int], load: Floats | None = None) -> go.Figure:
    """The coordination nodes at their places and the links between them.

    Args:
        graph: vertices with ``x``, ``y`` and ``up``, edges with ``latency_s`` and ``up``.
        load: `[K]` busy share of the agents under each node, NaN for none; colors the nodes.
    """
    links = sorted(graph.edges(data=True), key=lambda link: link[2]["latency_s"])
    drawn = links[:MOST_LINKS]
    traces = [*_links(graph, drawn), _middles(graph, drawn), _nodes(graph, load)]
    down = sum(not live(graph, link) for link in drawn)
    dead = sum(not graph.nodes[k]["up"] for k in graph)
    notes = [f"{len(graph)} nodes in the colors of the hierarchy, {len(links):,} links"]
    if len(links) > len(drawn):
        notes.append(f"the {MOST_LINKS:,} fastest are drawn")
    if dead:
        notes.append(f"{dead} dead {'node' if dead == 1 else 'nodes'}")
    if down:
        notes.append(f"{down} {'link' if down == 1 else 'links'} down")
    lines = [Line(name=n, values=np.zeros(0), text=t, color=BLUE) for n, t in _DEFINITIONS]
    axis = {"showgrid": False, "zeroline": False, "range": [-0.05, 1.05], "tickvals": [0, 0.5, 1]}
    return finished(
        traces,
        "Mesh of the coordination nodes",
        "place in the unit square, x (no unit)",
        "place in the unit square, y (no unit)",
        lines,
        ", ".join(notes),
        {"height": 520, "xaxis": axis, "yaxis": axis},
    )


_DEFINITIONS = (("link", LATENCY_TEXT), ("node", LOAD_TEXT))


def _links(graph: nx.Graph[int], links: list[tuple[int, int, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Links in shades by latency, slow ones first so that fast ones lie on top; those that are down in red."""
    whole = [link for link in links if live(graph, link)]
    down = [link for link in links if not live(graph, link)]
    out = [_strokes(graph, down, "down", VERMILLION, 1.2, "dot")]
    groups = np.array_split(np.arange(len(whole)), SHADES)
    for i in reversed(range(SHADES)):
        part = [whole[j] for j in groups[i]]
        if part:
            low, high = (1000 * part[j][2]["latency_s"] for j in (0, -1))
            color = see_through(BLUE, 0.95 - 0.15 * i)
            out.append(_strokes(graph, part, f"{low:.1f} to {high:.1f} ms", color, 2.6 - 0.45 * i, "solid"))
    return [trace for trace in out if len(trace["x"])]


def live(graph: nx.Graph[int], link: tuple[int, int, dict[str, Any]]) -> bool:
    """Whether messages can take a link: it is up, and so are both of its nodes."""
    a, b, attributes = link
    return bool(attributes["up"] and graph.nodes[a]["up"] and graph.nodes[b]["up"])


def _strokes(
    graph: nx.Graph[int],
    links: list[tuple[int, int, dict[str, Any]]],
    name: str,
    color: str,
    width: float,
    dash: str,
) -> dict[str, Any]:
    x = [v for a, b, _ in links for v in (graph.nodes[a]["x"], graph.nodes[b]["x"], np.nan)]
    y = [v for a, b, _ in links for v in (graph.nodes[a]["y"], graph.nodes[b]["y"], np.nan)]
    line = {"color": color, "width": width, "dash": dash}
    return {
        "type": "scatter",
        "x": np.array(x, np.float32),
        "y": np.array(y, np.float32),
        "mode": "lines",
        "name": name,
        "line": line,
        "hoverinfo": "skip",
    }


def _middles(graph: nx.Graph[int], links: list[tuple[int, int, dict[str, Any]]]) -> dict[str, Any]:
    """Unseen points in the middle of links, which carry their hover texts."""
    middle = [[(graph.nodes[a][axis] + graph.nodes[b][axis]) / 2 for a, b, _ in links] for axis in ("x", "y")]
    text = [
        f"<b>link {a} to {b}</b>: {1000 * link['latency_s']:.2f} ms{'' if live(graph, (a, b, link)) else ', down'}"
        for a, b, link in links
    ]
    return {
        "type": "scatter",
        "x": np.array(middle[0], np.float32),
        "y": np.array(middle[1], np.float32),
        "mode": "markers",
        "marker": {"size": 7, "opacity": 0},
        "text": text,
        "hovertemplate": "%{text}<br>one-way latency without jitter<extra></extra>",
        "showlegend": False,
        "name": "links",
    }


def _nodes(graph: nx.Graph[int], load: Floats | None) -> dict[str, Any]:
    """The nodes in the color of their load; a dead one is a red cross, whatever its agents do."""
    many = len(graph) > 64
    share = np.full(len(graph), np.nan) if load is None else load
    up = [bool(graph.nodes[k]["up"]) for k in graph]
    text = [
        f"<b>node {k}</b>, {'up' if up[k] else 'DEAD: paths go round it'}, {graph.degree(k)} links<br>"
        + ("no agents ready" if np.isnan(share[k]) else f"{share[k]:.1%} of its agents busy")
        for k in graph
    ]
    color = np.full(len(graph), FAINT, object)
    known = np.isfinite(share)
    if known.any():
        color[known] = sample_colorscale(SEQUENTIAL, np.clip(share[known], 0.0, 1.0).tolist())
    color[~np.array(up)] = VERMILLION
    size = 8 if many else 22
    return {
        "type": "scatter",
        "x": np.array([graph.nodes[k]["x"] for k in graph], np.float32),
        "y": np.array([graph.nodes[k]["y"] for k in graph], np.float32),
        "mode": "markers" if many else "markers+text",
        "text": [str(k) for k in graph],
        "textfont": {"size": 10, "color": [_readable(s) for s in share]},
        "customdata": [path(("node", k)) for k in graph],
        "hovertext": text,
        "marker": {
            "size": [size if alive else size * 1.3 for alive in up],
            "color": color.tolist(),
            "symbol": ["circle" if alive else "x" for alive in up],
            "line": {"width": 1, "color": FAINT},
        },
        "hovertemplate": "%{hovertext}<br>" + LOAD_TEXT + "<extra></extra>",
        "showlegend": False,
        "name": "nodes",
    }


def hierarchy(graph: nx.DiGraph[Vertex]) -> go.Figure:
    """The hierarchy as rings: orchestrator, nodes, zones, clusters; width is agents, color is load.

    Args:
        graph: levels 0 to 3; clusters with ``size``, ``ready`` and ``in_service``.
    """
    clusters = sum(1 for v in graph if v[0] == "cluster")
    deepest = 3 if clusters <= MOST_CLUSTERS else 2
    sums = _sums(graph)
    levels: dict[Vertex, int] = dict(graph.nodes(data="level"))  # type: ignore[arg-type]
    shown = [v for v in graph if levels[v] <= deepest and sums[v][0] > 0]
    names = {v: path(v) for v in shown}
    load = [sums[v][2] / sums[v][1] if sums[v][1] else np.nan for v in shown]
    rings = {
        "type": "sunburst",
        "ids": np.array([names[v] for v in shown]),
        "labels": np.array([names[v].replace("/", " ") for v in shown]),
        "parents": np.array([next((names[p] for p in graph.pred[v]), "") for v in shown]),
        "values": np.array([sums[v][0] for v in shown], np.int32),
        "branchvalues": "total",
        "marker": {
            "colors": np.array(load, np.float32),
            "coloraxis": "coloraxis",
            "line": {"width": np.array([0.15 if v[0] == "cluster" else 1.0 for v in shown], np.float32)},
        },
        "insidetextfont": {"color": np.array([_readable(share) for share in load])},
        "sort": False,
        "insidetextorientation": "radial",
        "customdata": np.array([[names[v], *sums[v][1:]] for v in shown], object),
        "hovertemplate": "<b>%{label}</b>: %{color:.1%} busy<br>%{value:,} agents, %{customdata[1]:,} ready, "
        "%{customdata[2]:,} at a task<br>%{customdata[3]:,} tasks waiting<br>"
        + LOAD_TEXT
        + "<extra></extra>",
        "name": "hierarchy",
    }
    note = "from the middle: fleet, coordination nodes, zones" + (
        ", clusters" if deepest == 3 else f"; its {clusters:,} clusters are too many to draw"
    )
    lines = [Line(name="load", values=np.zeros(0), text=LOAD_TEXT, color=BLUE)]
    scale = {
        "colorscale": SEQUENTIAL,
        "cmin": 0,
        "cmax": 1,
        "colorbar": {
            "title": {"text": "agents busy (%)", "side": "top"},
            "tickformat": ".0%",
            "orientation": "h",
            "y": 0,
            "yanchor": "top",
            "len": 0.7,
        },
    }
    more = {
        "height": 520,
        "margin": {"l": 8, "r": 8, "t": 60, "b": 8},
        "uniformtext": {"minsize": 8, "mode": "hide"},
        "coloraxis": scale,
    }
    return finished([rings], "Hierarchy", "", "", lines, note, more)


def _sums(graph: nx.DiGraph[Vertex]) -> Mapping[Vertex, list[int]]:
    """Agents, ready, at a task and tasks waiting under each vertex."""
    about: dict[Vertex, dict[str, Any]] = dict(graph.nodes(data=True))  # type: ignore[arg-type]
    out: dict[Vertex, list[int]] = {}
    for v in sorted(about, key=lambda v: -int(about[v]["level"])):
        if v[0] == "cluster":
            out[v] = [int(about[v][name]) for name in ("size", "ready", "in_service", "waiting")]
        else:
            below = [out[child] for child in graph.succ[v]]
            out[v] = [sum(column) for column in zip(*below, strict=True)] if below else [0, 0, 0, 0]
    return out


def _readable(load: float) -> str:
    """Color of letters on the color of a load."""
    return "#111111" if load >= 0.7 else "#FFFFFF"


def path(vertex: Vertex) -> str:
    """A vertex as a path, for what is clicked: ``node/3``, ``zone/1``, ``cluster/17``; ``fleet`` for all.

    >>> path(("zone", 4))
    'zone/4'
    """
    return "fleet" if vertex[0] == "orchestrator" else "/".join(str(part) for part in vertex)
