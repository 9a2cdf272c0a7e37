"""Small figures of unlike things, one below the other in one figure, each with axes of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...model.emergence.base import Verdict
from ..theme import BLUE, FAINT, GRAY, see_through
from .emergence import plain
from .lines import finished
from .links import terms

EVIDENCE_TEXT = "of the newest window for which the detector kept any"
HEAD_PX, EDGES_PX, GAP_PX = 26, 70, 56


@dataclass(frozen=True, slots=True, kw_only=True)
class Pane:
    """One of the small figures of an evidence.

    Attributes:
        head: what it shows.
        traces: on axes of their own.
        x: title of the axis, with its unit.
        y: title of the axis, with its unit.
        px: height.
        xaxis: more of the axis.
        yaxis: more of the axis.
    """

    head: str
    traces: Sequence[dict[str, Any]]
    x: str
    y: str
    px: int = 140
    xaxis: Mapping[str, Any] = field(default_factory=dict)
    yaxis: Mapping[str, Any] = field(default_factory=dict)


def stacked(name: str, panes: Sequence[Pane], note: str) -> go.Figure:
    """Panes one below the other in one figure."""
    inside = sum(HEAD_PX + pane.px + GAP_PX for pane in panes)
    traces: list[dict[str, Any]] = []
    layout: dict[str, Any] = {
        "height": EDGES_PX + inside,
        "annotations": [],
        "showlegend": False,
        "bargap": 0.25,
    }
    above = 0
    for i, pane in enumerate(panes):
        n = "" if i == 0 else str(i + 1)
        top = 1 - (above + HEAD_PX) / inside
        bottom = max(top - pane.px / inside, 0.0)
        layout[f"xaxis{n}"] = {"title": {"text": pane.x}, "anchor": f"y{n}", **pane.xaxis}
        layout[f"yaxis{n}"] = {"title": {"text": pane.y}, "anchor": f"x{n}", "domain": [bottom, top], "nticks": 5,
                               **pane.yaxis}  # fmt: skip
        traces += [trace | {"xaxis": f"x{n}", "yaxis": f"y{n}"} for trace in pane.traces]
        layout["annotations"].append(_head(pane.head, top))
        above += HEAD_PX + pane.px + GAP_PX
    told = [(pane.head, EVIDENCE_TEXT) for pane in panes]
    return finished(traces, name, panes[0].x, panes[0].y, terms(*told), note, layout)


def _head(text: str, top: float) -> dict[str, Any]:
    return {
        "xref": "paper", "yref": "paper", "x": 0, "y": top, "xanchor": "left", "yanchor": "bottom", "align": "left",
        "showarrow": False, "text": f"<b>{text}</b>", "font": {"size": 12},
    }  # fmt: skip


def times(verdict: Verdict, samples: int) -> Floats:
    """`[T]` end of each sample, s."""
    step_s = (verdict.end_s - verdict.start_s) / samples
    return np.asarray(verdict.start_s + step_s * np.arange(1, samples + 1), np.float64)


def line(
    x: Floats, y: Floats, name: str, said: str, color: str = BLUE, dash: str = "solid"
) -> dict[str, Any]:
    """One line; ``said`` stands behind its place in the hover text."""
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": plain(x), "y": plain(y),
        "line": {"color": color, "width": 1.6, "dash": dash},
        "hovertemplate": f"<b>{name}</b>: %{{y:.3~g}}<br>at %{{x:,.4~g}} {said}<extra></extra>",
    }  # fmt: skip


def level(first: float, last: float, y: float, name: str, color: str = GRAY) -> dict[str, Any]:
    """A dashed level."""
    flat = line(np.array([first, last]), np.array([y, y]), name, "", color, "dash")
    return flat | {"hovertemplate": f"<b>{name}</b>: %{{y:.3~g}}<extra></extra>"}


def series(verdict: Verdict, name: str, head: str) -> Pane:
    """A mean series in its band."""
    values = verdict.evidence[name]
    at = times(verdict, len(values))
    traces = []
    band = verdict.evidence.get(f"{name}_band")
    if band is not None:
        edge = {
            "type": "scatter",
            "mode": "lines",
            "x": plain(at[[0, -1]]),
            "line": {"width": 0},
            "hoverinfo": "skip",
        }
        fill = {"fill": "tonexty", "fillcolor": see_through(FAINT, 0.4)}
        low, high = (float(end) for end in band)
        traces += [edge | {"name": "lower end", "y": plain([low, low])}]
        traces += [edge | {"name": "upper end", "y": plain([high, high])} | fill]
    traces.append(line(at, values, name, "s"))
    return Pane(head=head, traces=traces, x="simulated time (s)", y="(standard deviations)")
