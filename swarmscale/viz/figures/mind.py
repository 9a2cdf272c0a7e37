"""The cognitive graph with its loads, scores and ties: how strongly functions go together in the norm."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from ...agents.cognition import FUNCTIONS
from ...model.intelligence.norm import Norm
from ..probes import Probes
from ..theme import BLUE, FAINT, GRAY, SEQUENTIAL, VERMILLION
from .cognition import NO_LOAD, layers
from .lines import finished
from .links import Places, middles, stroke, terms

SURE = 1.96
"""Standard errors beyond which a tie is told from none."""
TIE_TEXT = (
    "partial correlation of two functions' scores over the norm's groups, given the other ten: what is left between "
    "them when nothing else differs; wide = strong, dotted = not told from 0"
)
VERTEX_TEXT = (
    "a cognitive function; its color is the busy share of its ready agents, from dark (0 %) to light (100 %)"
)


def ties(graph: nx.DiGraph[str], norm: Norm, probes: Probes) -> go.Figure:
    """The functions with their loads and last scores, and how strongly each goes with what it feeds.

    Args:
        graph: the functions; vertices with ``agents`` and ``load``, the busy share, where they are known.
        norm: whose partial correlations are the ties.
        probes: the last one's scores stand in the hover texts.
    """
    place = layers(graph)
    edges, least = norm.edges, SURE / np.sqrt(max(norm.groups - len(FUNCTIONS) - 1, 1))
    links = [(a, b, float(edges[FUNCTIONS.index(a), FUNCTIONS.index(b)])) for a, b in graph.edges]
    sorts = (
        ("go together", BLUE, "solid", [link for link in links if link[2] >= least]),
        ("go against each other", VERMILLION, "dash", [link for link in links if link[2] <= -least]),
        ("not told from 0", GRAY, "dot", [link for link in links if abs(link[2]) < least]),
    )
    traces: list[dict[str, Any]] = []
    for name, color, dash, mine in sorts:
        for i, (a, b, r) in enumerate(mine):
            line = stroke(place, [(a, b)], color, 1.2 + 14 * abs(r) if dash != "dot" else 1.4, dash)
            traces.append(line | {"name": name, "showlegend": i == 0, "legendgroup": name})
    said = [
        f"<b>{a} and {b}</b>: {r:+.2f}{' (not told from 0)' if abs(r) < least else ''}<br>partial correlation "
        f"over {norm.groups:,} groups"
        for a, b, r in links
    ]
    traces += [middles(place, [(a, b) for a, b, _ in links], said), _functions(graph, place, probes)]
    note = f"{len(links)} ways; a tie beyond ± {least:.2f} is told from 0 in {norm.groups:,} groups"
    if not all(np.isfinite(_load(graph, name)) for name in graph):
        note += f"; {NO_LOAD}"
    more = {
        "height": 480,
        "xaxis": {"dtick": 1, "showgrid": False, "zeroline": False},
        "yaxis": {"showgrid": False, "zeroline": False, "showticklabels": False, "range": [-0.2, 1.1]},
    }
    return finished(
        traces,
        "Cognitive graph",
        "step (number, from the first to the last)",
        "place within the step (no unit)",
        terms(("tie", TIE_TEXT), ("function", VERTEX_TEXT)),
        note,
        more,
    )


def _load(graph: nx.DiGraph[str], name: str) -> float:
    return float(graph.nodes[name].get("load", np.nan))


def _functions(graph: nx.DiGraph[str], place: Places, probes: Probes) -> dict[str, Any]:
    """The vertices in the color of their loads."""
    table = np.stack([probes.functions(kind) for kind in ("score", "bound", "se", "z")], axis=1)
    loads = [_load(graph, name) for name in graph]
    colors = [
        sample_colorscale(SEQUENTIAL, [min(max(s, 0.0), 1.0)])[0] if np.isfinite(s) else FAINT for s in loads
    ]
    where = np.array([place[name] for name in graph], np.float32)
    text = [
        _about(graph, name, load, table[FUNCTIONS.index(name)])
        for name, load in zip(graph, loads, strict=True)
    ]
    return {
        "type": "scatter",
        "x": where[:, 0],
        "y": where[:, 1],
        "mode": "markers+text",
        "text": [name.replace("-", "<br>") for name in graph],
        "textposition": [_free_side(graph, place, name) for name in graph],
        "textfont": {"size": 10.5},
        "marker": {"size": 24, "color": colors, "line": {"width": 1, "color": GRAY}},
        "hovertext": text,
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": False,
        "name": "functions",
    }


def _free_side(graph: nx.DiGraph[str], place: Places, name: str) -> str:
    """Where a function's name stands: on the side to which fewer ways lead."""
    ends = [
        place[other][1] - place[name][1] for other in (*graph.predecessors(name), *graph.successors(name))
    ]
    return "top center" if sum(np.sign(np.round(ends, 6))) < 0 else "bottom center"


def _about(graph: nx.DiGraph[str], name: str, load: float, found: Any) -> str:
    lines = [f"<b>{name}</b>"]
    agents = graph.nodes[name].get("agents")
    if agents is not None:
        lines.append(f"{agents:,} agents")
    lines.append(f"{load:.1%} of the ready ones busy" if np.isfinite(load) else "no load is known")
    score, bound, se, z = found
    if np.isfinite(score):
        lines.append(f"score {score:.3f} (se {se:.3f}) of a bound of {bound:.3f}")
        lines.append(f"z {z:+.2f}: standard deviations from groups of this size")
    else:
        lines.append("no score yet: no probe was made")
    return "<br>".join(lines)
