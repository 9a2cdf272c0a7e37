"""The figure of what a fleet knows: nine domains, their facts, and the links that use has made or left assumed."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import networkx as nx
import numpy as np
import plotly.graph_objects as go

from ..theme import BLUE, FAINT, GRAY, GREEN, see_through
from .lines import finished
from .links import Places, middles, stroke, terms

DOMAIN_TEXT = "a domain of knowledge; the size grows with the facts that the collective memory holds of it"
MEASURED_TEXT = (
    "how strongly two domains go together in what is looked up and observed, 0 to 1; wide = strong"
)
ASSUMED_TEXT = "a link of the starting graph that no use has touched yet"
STEPS = 4
"""Widths of links."""


def knowledge(graph: nx.Graph[str]) -> go.Figure:
    """The domains of what a fleet knows, with their facts, and the links between them.

    Args:
        graph: vertices with ``facts``, ``sources`` and ``bytes`` where a collective memory keeps them; edges with
            ``weight`` and ``origin``, ``uses`` where they were used.
    """
    names = list(graph)
    angle = np.pi / 2 - 2 * np.pi * np.arange(len(names)) / max(len(names), 1)
    place = {n: (float(np.cos(a)), float(np.sin(a))) for n, a in zip(names, angle, strict=True)}
    links = sorted(graph.edges(data=True), key=lambda link: link[2]["weight"])
    traces: list[dict[str, Any]] = []
    for origin, color, dash in (("assumed", GRAY, "dash"), ("measured", BLUE, "solid")):
        mine = [link for link in links if link[2]["origin"] == origin]
        for step in range(STEPS):
            part = [(a, b) for a, b, d in mine if min(int(d["weight"] * STEPS), STEPS - 1) == step]
            if part:
                shade = see_through(color, (0.35, 0.6, 0.8, 1.0)[step])
                line = stroke(place, part, shade, 1.0 + 1.8 * step, dash)
                first = not any(trace["legendgroup"] == origin for trace in traces)
                traces.append(line | {"name": origin, "legendgroup": origin, "showlegend": first})
    traces += [middles(place, [(a, b) for a, b, _ in links], [_link(*link) for link in links])]
    traces += [_domains(graph, place)]
    facts = [graph.nodes[n].get("facts") for n in names]
    count = {o: sum(d["origin"] == o for _, _, d in links) for o in ("measured", "assumed")}
    note = f"{count['measured']} links measured, {count['assumed']} assumed; "
    note += (
        f"{sum(f or 0 for f in facts):,} facts"
        if any(f is not None for f in facts)
        else "no memory keeps facts"
    )
    axis = {"showgrid": False, "zeroline": False, "showticklabels": False}
    more = {"height": 480, "xaxis": axis | {"range": [-2.4, 2.4]}, "yaxis": axis | {"range": [-1.5, 1.5]}}
    return finished(
        traces,
        "Knowledge graph",
        "place on the ring, x (no unit)",
        "place on the ring, y (no unit)",
        terms(("measured", MEASURED_TEXT), ("assumed", ASSUMED_TEXT), ("domain", DOMAIN_TEXT)),
        note,
        more,
    )


def knowledge_version(graph: nx.Graph[str]) -> Hashable:
    """What a drawing of the domains depends on, as far as it can be seen."""
    links = tuple(
        (a, b, round(d["weight"], 3), d["origin"], d.get("uses")) for a, b, d in graph.edges(data=True)
    )
    return links, tuple(graph.nodes[n].get("facts") for n in graph)


def _domains(graph: nx.Graph[str], place: Places) -> dict[str, Any]:
    facts = [graph.nodes[n].get("facts") for n in graph]
    where = np.array([place[n] for n in graph], np.float32)
    about = [
        f"<b>{n}</b><br>"
        + (
            f"{f:,} facts of {graph.nodes[n]['sources']:,} sources, {graph.nodes[n]['bytes']:,} bytes held"
            if f is not None
            else "no memory keeps facts of it"
        )
        + f"<br>{graph.degree(n)} links"
        for n, f in zip(graph, facts, strict=True)
    ]
    most = max((f or 0 for f in facts), default=0) or 1
    labels = [
        n.replace("-", "<br>") + (f"<br>{f:,}" if f is not None else "")
        for n, f in zip(graph, facts, strict=True)
    ]
    return {
        "type": "scatter",
        "x": where[:, 0],
        "y": where[:, 1],
        "mode": "markers+text",
        "text": labels,
        "textposition": [_beside(x, y) for x, y in where.tolist()],
        "textfont": {"size": 10.5},
        "marker": {
            "size": [14 + 16 * np.sqrt((f or 0) / most) for f in facts],
            "color": [GREEN if f else FAINT for f in facts],
            "line": {"width": 1, "color": GRAY},
        },
        "hovertext": about,
        "hovertemplate": "%{hovertext}<extra></extra>",
        "showlegend": False,
        "name": "domains",
    }  # fmt: skip


def _beside(x: float, y: float) -> str:
    """Where a domain's name stands: away from the ring."""
    if abs(x) < 0.2:
        return "top center" if y > 0 else "bottom center"
    return "middle right" if x > 0 else "middle left"


def _link(a: str, b: str, data: dict[str, Any]) -> str:
    used = f", used together {data['uses']:,} times" if data.get("uses") else ""
    return f"<b>{a} and {b}</b>: {data['weight']:.2f}<br>{data['origin']}{used}"
