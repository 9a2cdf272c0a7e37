"""Lines over moments that are not ticks: probes, lessons, periods of a memory; each moment is a point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ..theme import see_through
from .lines import MOST_POINTS, Line, finished, hover, thinned, time_unit

MARKED = 60
"""Points up to which each has a mark, and an interval of its own."""

type Bands = Mapping[str, tuple[Floats, Floats]]


def moments(
    title: str,
    lines: Sequence[Line],
    time_s: Floats,
    y_title: str,
    *,
    what: str,
    note: str = "",
    share: bool = False,
    bands: Bands = MappingProxyType({}),
    right: str = "",
    more: Mapping[str, Any] = MappingProxyType({}),
) -> go.Figure:
    """Lines over simulated time, a mark for each moment while there are few.

    Args:
        title: of the figure.
        lines: what to draw; a line of another unit than the first one belongs to the axis at the right.
        time_s: `[T]` s, the moments.
        y_title: with its unit.
        what: the moments in words, such as ``probes``.
        note: under the title.
        share: whether the values of the axis at the left are shares, shown in percent.
        bands: lower and upper end of the interval of a line, by its name; `[T]` each.
        right: title of the axis at the right, with its unit.
        more: is added to the layout.
    """
    divisor, unit = time_unit(float(time_s[-1]) if len(time_s) else 0.0)
    traces: list[Any] = []
    per_point = 1
    for line in lines:
        points = thinned(line.values, MOST_POINTS)
        per_point = points.per_point
        last = np.minimum(points.first + per_point, len(time_s)) - 1
        x = np.asarray(time_s[last] / divisor, np.float32)
        marked = len(x) <= MARKED
        trace: dict[str, Any] = {
            "type": "scatter",
            "x": x,
            "y": points.mean.astype(np.float32),
            "mode": "lines+markers" if marked else "lines",
            "name": line.name,
            "line": {"color": line.color, "width": line.width, "dash": line.dash},
            "marker": {"size": 6},
            "hovertemplate": hover(
                line.name,
                line.text,
                "y",
                "share" if share and line.unit == lines[0].unit else line.unit,
                f"at %{{x:,.4~g}} {unit}",
            ),
        }
        if line.unit != lines[0].unit:
            trace["yaxis"] = "y2"
        if line.name in bands:
            low, high = (thinned(ends, MOST_POINTS).mean for ends in bands[line.name])
            traces += band(x, low, high, line.color)
            if marked:
                trace["error_y"] = _ends(points.mean, low, high, line.color)
        traces.append(trace)
    notes = [note] if note else []
    notes += [f"each point: the mean of {per_point} {what}"] if per_point > 1 else []
    layout: dict[str, Any] = {"yaxis": {"tickformat": ".3~%"} if share else {}}
    if right:
        layout["yaxis2"] = {
            "title": {"text": right},
            "overlaying": "y",
            "tickmode": "auto",
            "side": "right",
            "showgrid": False,
            "rangemode": "tozero",
        }
    layout |= {k: layout.get(k, {}) | v if isinstance(v, dict) else v for k, v in more.items()}
    return finished(traces, title, f"simulated time ({unit})", y_title, lines, "; ".join(notes), layout)


def band(x: Any, low: Floats, high: Floats, color: str) -> list[dict[str, Any]]:
    """The area between two lines, where both are known."""
    known = np.isfinite(low) & np.isfinite(high)
    edge = {
        "type": "scatter",
        "x": x[known],
        "mode": "lines",
        "line": {"width": 0},
        "showlegend": False,
        "hoverinfo": "skip",
    }
    return [
        edge | {"y": low[known].astype(np.float32), "name": "lower end"},
        edge
        | {
            "y": high[known].astype(np.float32),
            "name": "upper end",
            "fill": "tonexty",
            "fillcolor": see_through(color, 0.15),
        },
    ]


def _ends(middle: Floats, low: Floats, high: Floats, color: str) -> dict[str, Any]:
    """An interval as the whiskers of each point."""
    return {
        "type": "data",
        "symmetric": False,
        "array": (high - middle).astype(np.float32),
        "arrayminus": (middle - low).astype(np.float32),
        "color": color,
        "thickness": 1,
        "width": 3,
    }
