"""The figure of the cognitive graph: twelve functions, what feeds what, and how loaded each is."""

from __future__ import annotations

import networkx as nx
import numpy as np
import plotly.graph_objects as go
from plotly.colors import sample_colorscale

from ...arrays import Floats
from ..theme import BLUE, FAINT, GRAY, SEQUENTIAL
from .lines import Line, finished

FUNCTION_TEXT = "a cognitive function of the whole fleet; its color is the busy share of its ready agents"
FEEDS_TEXT = "what the left function gives is what the right one works on"
NO_LOAD = "gray: no load is known, for no agent of the function is ready"


def cognition(graph: nx.DiGraph[str], load: Floats | None = None) -> go.Figure:
    """The functions from left to right in the order in which they can be worked through.

    Args:
        graph: the functions and what feeds what, without a cycle; vertices with ``agents`` and ``load``, the
            busy share, where they are known.
        load: `[F]` busy share of each function in the graph's order, NaN where none is known; the vertices'
            own if None.
    """
    place = layers(graph)
    edges = np.array([[place[a], place[b], (np.nan, np.nan)] for a, b in graph.edges]).reshape(-1, 2)
    own = np.array([data.get("load", np.nan) for _, data in graph.nodes(data=True)], np.float64)
    shares = own if load is None else load
    colors = [
        sample_colorscale(SEQUENTIAL, [min(max(float(s), 0.0), 1.0)])[0] if np.isfinite(s) else FAINT
        for s in shares
    ]
    where = np.array([place[name] for name in graph], np.float32)
    links = {
        "type": "scatter",
        "x": edges[:, 0].astype(np.float32),
        "y": edges[:, 1].astype(np.float32),
        "mode": "lines",
        "line": {"color": GRAY, "width": 1.2},
        "hoverinfo": "skip",
        "showlegend": False,
        "name": "feeds",
    }
    nodes = {
        "type": "scatter",
        "x": where[:, 0],
        "y": where[:, 1],
        "mode": "markers+text",
        "text": [name.replace("-", "<br>") for name in graph],
        "textposition": "bottom center",
        "textfont": {"size": 10.5},
        "marker": {"size": 22, "color": colors, "line": {"width": 1, "color": GRAY}},
        "hovertext": [_about(graph, name, float(s)) for name, s in zip(graph, shares, strict=True)],
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": False,
        "name": "functions",
    }
    lines = [
        Line(name=name, values=np.zeros(0), text=text, color=BLUE)
        for name, text in (("function", FUNCTION_TEXT), ("line", FEEDS_TEXT))
    ]
    note = f"{len(graph)} functions, {graph.number_of_edges()} ways" + (
        "" if np.isfinite(shares).all() else f"; {NO_LOAD}"
    )
    more = {
        "height": 440,
        "xaxis": {"dtick": 1, "showgrid": False, "zeroline": False},
        "yaxis": {"showgrid": False, "zeroline": False, "showticklabels": False, "range": [-0.2, 1.1]},
    }
    return finished(
        [links, nodes],
        "Cognitive functions",
        "step (number, from the first to the last)",
        "place within the step (no unit)",
        lines,
        note,
        more,
    )


def layers(graph: nx.DiGraph[str]) -> dict[str, tuple[float, float]]:
    """Step and height of each function: a function stands behind all that feed it.

    >>> layers(nx.DiGraph([("a", "b"), ("b", "c"), ("a", "c")]))
    {'a': (1.0, 0.5), 'b': (2.0, 0.5), 'c': (3.0, 0.5)}
    """
    return {
        name: (float(step), (i + 0.5) / len(names))
        for step, names in enumerate(nx.topological_generations(graph), 1)
        for i, name in enumerate(sorted(names, key=list(graph).index))
    }


def _about(graph: nx.DiGraph[str], name: str, share: float) -> str:
    fed = ", ".join(graph.predecessors(name)) or "the world alone"
    agents = graph.nodes[name].get("agents")
    load = f"<br>{agents:,} agents" if agents is not None else ""
    load += f"<br>{share:.1%} of the ready ones busy" if np.isfinite(share) else ""
    return (
        f"<b>{name}</b>{load}<br>fed by {fed}<br>feeds {', '.join(graph.successors(name)) or 'what is done'}"
    )
