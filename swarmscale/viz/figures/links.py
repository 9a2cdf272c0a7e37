"""Links between places as lines of one look, with hover texts in their middle; and definitions of what is drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..theme import BLUE, GRAY
from .lines import Line

type Places = Mapping[str, tuple[float, float]]


def stroke(
    place: Places, links: Sequence[tuple[str, str]], color: str, width: float, dash: str
) -> dict[str, Any]:
    """Links of one look."""
    ends = np.array([(place[a], place[b], (np.nan, np.nan)) for a, b in links], np.float32).reshape(-1, 2)
    return {
        "type": "scatter",
        "x": ends[:, 0],
        "y": ends[:, 1],
        "mode": "lines",
        "line": {"color": color, "width": round(width, 2), "dash": dash},
        "hoverinfo": "skip",
    }


def middles(place: Places, links: Sequence[tuple[str, str]], texts: Sequence[str]) -> dict[str, Any]:
    """Unseen points on links, which carry their hover texts."""
    ends = np.array([(place[a], place[b]) for a, b in links], np.float32).reshape(-1, 2, 2)
    return {
        "type": "scatter",
        "x": ends[:, :, 0].mean(axis=1),
        "y": ends[:, :, 1].mean(axis=1),
        "mode": "markers",
        "marker": {"size": 12, "opacity": 0, "color": GRAY},
        "text": list(texts),
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
        "name": "links",
    }


def terms(*pairs: tuple[str, str]) -> Sequence[Line]:
    """Definitions without values."""
    return [Line(name=name, values=np.zeros(0), text=text, color=BLUE) for name, text in pairs]
