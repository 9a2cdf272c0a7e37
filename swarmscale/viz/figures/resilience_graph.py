"""The figure of the integration graph: components, the events between them, and how well both do."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import networkx as nx
import numpy as np
import plotly.graph_objects as go

from ..theme import BLUE, FAINT, GRAY, GREEN, ORANGE, VERMILLION, number
from .lines import finished
from .links import terms
from .resilience import plain

WELL = 0.995
"""Least health of an edge that is drawn as sound."""
LOOKS = {
    "sound": (GREEN, 2.2, "solid", "events act within two periods: health of 99.5 % or more"),
    "late": (
        ORANGE,
        2.8,
        "dash",
        "fewer than 99.5 % of the events of the last periods acted within two of them",
    ),
    "repaired": (
        BLUE,
        3.4,
        "dashdot",
        "named as faulty within the last two periods, subscribed anew and replayed",
    ),
    "behind": (ORANGE, 3.8, "dot", "an event waits for longer than two periods to act"),
    "faulty": (VERMILLION, 4.2, "dot", "named as faulty within the last two periods, and nothing repairs it"),
    "absent": (FAINT, 1.2, "solid", "one of its ends is not there: nothing is sent"),
}
"""Color, width and dash of each state of an edge, and what it means."""
GRAPH_READ = (
    "Each arrow is one direction of a link between components, in the look of its health: the share of its events that "
    "acted within two periods (%). A square is a component that missed due runs, a hollow circle one that is not "
    "there. Point at an arrow's middle for what was sent, what acted and the lag (s)."
)
APART = 0.045
"""How far the two directions of a link stand from its middle line."""
SHORT = 0.17
"""Length left free at both ends of an arrow."""

type Places = Mapping[str, tuple[float, float]]
type Link = tuple[str, str, Mapping[str, Any]]


def integration(graph: nx.DiGraph[str], health: Mapping[str, float]) -> go.Figure | None:
    """Components in a ring with the events between them; None if there are none.

    Args:
        graph: of :meth:`swarmscale.model.integration.bus.Bus.graph`.
        health: share of due runs done in time of each component by name, where it is known.
    """
    links: list[Link] = list(graph.edges(data=True))
    if not links:
        return None
    place = ring(list(graph))
    by_state = {state: [link for link in links if state_of(link[2]) == state] for state in LOOKS}
    traces = [_arrows(state, by_state[state], place) for state in reversed(LOOKS)]
    traces += [_middles(links, place), _components(graph, health, place)]
    there = len(links) - len(by_state["absent"])
    note = f"{len(by_state['sound'])} of {there} ways are sound" + (
        f", {len(links) - there} have an end that is not there" if there < len(links) else ""
    )
    axis = {"showgrid": False, "zeroline": False, "showticklabels": False}
    return finished(
        [trace for trace in traces if len(trace["x"])],
        "Components and their events",
        "place in the ring, x (no unit)",
        "place in the ring, y (no unit)",
        terms(*((state, look[3]) for state, look in LOOKS.items())),
        note,
        {"height": 460, "xaxis": axis | {"range": [-2.0, 2.0]}, "yaxis": axis | {"range": [-1.25, 1.25]}},
    )


def state_of(edge: Mapping[str, Any]) -> str:
    """An edge in a word of :data:`LOOKS`."""
    state = str(edge["state"])
    return "late" if state == "sound" and edge["health"] < WELL else state


def ring(names: Sequence[str]) -> dict[str, tuple[float, float]]:
    """Places on a circle, the first one on top, clockwise.

    >>> {name: (round(x), round(y)) for name, (x, y) in ring(["a", "b", "c", "d"]).items()}
    {'a': (0, 1), 'b': (1, 0), 'c': (0, -1), 'd': (-1, 0)}
    """
    turns = [2 * math.pi * i / len(names) for i in range(len(names))]
    return {name: (math.sin(turn), math.cos(turn)) for name, turn in zip(names, turns, strict=True)}


def _ends(link: Link, place: Places) -> tuple[Any, Any, Any]:
    """Begin and end of an arrow, and the direction in which it points."""
    a, b = (np.array(place[end]) for end in link[:2])
    along = (b - a) / np.linalg.norm(b - a)
    aside = APART * np.array([along[1], -along[0]])
    return a + SHORT * along + aside, b - SHORT * along + aside, along


def _arrows(state: str, links: Sequence[Link], place: Places) -> dict[str, Any]:
    """Edges of one look, each a line with two short ones for its head."""
    color, width, dash, _ = LOOKS[state]
    points: list[Any] = []
    gap = np.full(2, math.nan)
    for link in links:
        begin, end, along = _ends(link, place)
        aside = np.array([along[1], -along[0]])
        wings = [end - 0.09 * along + side * 0.035 * aside for side in (1, -1)]
        points += [begin, end, gap, wings[0], end, wings[1], gap]
    both = np.array(points, np.float32).reshape(-1, 2)
    return {
        "type": "scatter", "mode": "lines", "name": state, "x": both[:, 0], "y": both[:, 1], "hoverinfo": "skip",
        "line": {"color": color, "width": width, "dash": dash},
    }  # fmt: skip


def _middles(links: Sequence[Link], place: Places) -> dict[str, Any]:
    """Points that carry the hover texts, with the health of edges that are not sound."""
    ends = [_ends(link, place) for link in links]
    points = np.array([0.5 * begin + 0.5 * end for begin, end, _ in ends], np.float32)
    return {
        "type": "scatter", "mode": "markers+text", "name": "events", "showlegend": False,
        "x": points[:, 0], "y": points[:, 1], "marker": {"size": 14, "opacity": 0, "color": GRAY},
        "text": ["" if state_of(edge) in ("sound", "absent") else number(edge["health"], "share")
                 for _, _, edge in links],
        "textfont": {"size": 11},
        "hovertext": [_about(link) for link in links], "hovertemplate": "%{hovertext}<extra></extra>",
    }  # fmt: skip


def _about(link: Link) -> str:
    sender, receiver, edge = link
    lines = [f"<b>{sender} to {receiver}</b>: {state_of(edge)}, health {number(edge['health'], 'share')}"]
    if edge["sent"]:
        lines.append(
            f"{edge['sent']:,} sent, {edge['consumed']:,} acted, the last one after {edge['lag_s']:,.3g} s"
        )
    if edge["waits_s"] > 0:
        lines.append(f"the oldest one that did not act waits for {edge['waits_s']:,.3g} s")
    told = [
        f"{edge[name]:,} {name}" for name in ("duplicates", "gaps", "lost", "resubscriptions") if edge[name]
    ]
    return "<br>".join([*lines, ", ".join(told)] if told else lines)


def _beside(x: float, y: float) -> str:
    """Where a name stands: outside of the ring."""
    if abs(x) > 0.3:
        return "middle right" if x > 0 else "middle left"
    return "top center" if y > 0 else "bottom center"


def _components(graph: nx.DiGraph[str], health: Mapping[str, float], place: Places) -> dict[str, Any]:
    names = list(graph)
    there = [bool(graph.nodes[name]["there"]) for name in names]
    shares = [health.get(name, math.nan) for name in names]
    missed = [share < 1 for share in shares]
    said = [
        "not there in this model" if not here else "runs by itself, so no run can be missed" if math.isnan(share)
        else f"{number(share, 'share')} of its due runs were done in time"
        for here, share in zip(there, shares, strict=True)
    ]  # fmt: skip
    symbols = ["square" if bad else "circle" for bad in missed]
    return {
        "type": "scatter", "mode": "markers+text", "name": "components", "showlegend": False,
        "x": plain([place[name][0] for name in names]), "y": plain([place[name][1] for name in names]),
        "marker": {
            "size": 26,
            "color": [VERMILLION if bad else GREEN if here else FAINT
                      for bad, here in zip(missed, there, strict=True)],
            "symbol": [symbol if here else "circle-open" for symbol, here in zip(symbols, there, strict=True)],
            "line": {"width": 1.5, "color": FAINT},
        },
        "text": names,
        "textposition": [_beside(*place[name]) for name in names],
        "textfont": {"size": 12},
        "hovertext": [f"<b>{name}</b>: {what}" for name, what in zip(names, said, strict=True)],
        "hovertemplate": "%{hovertext}<extra></extra>",
    }  # fmt: skip
