"""Lines over time: thinned to what a screen can show, with definitions in their hover texts."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import plotly.graph_objects as go
from plotly.basedatatypes import BaseTraceType

from ...arrays import Floats
from ...model.columns import BY_NAME
from ...model.records import Records
from ..theme import LIGHT, see_through, template

MOST_POINTS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a figure.

    Attributes:
        name: in the legend.
        values: `[T]` NaN where there is nothing.
        text: its definition.
        color: of the palette.
        unit: behind its numbers.
        dash: Plotly's name of a dash.
        width: px.
        pattern: Plotly's name of a pattern in the area under it, where lines are stacked; empty for none.
    """

    name: str
    values: Floats
    text: str
    color: str
    unit: str = ""
    dash: str = "solid"
    width: float = 1.6
    pattern: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thinned:
    """A long series in few points.

    Attributes:
        first: `[P]` index of the first value of each point.
        mean: `[P]` mean of a point's values, NaN if there are none.
        low: `[P]` least of them.
        high: `[P]` largest of them.
        per_point: values in a point.
    """

    first: np.ndarray[tuple[int], np.dtype[np.int64]]
    mean: Floats
    low: Floats
    high: Floats
    per_point: int


def thinned(values: Floats, most: int = MOST_POINTS) -> Thinned:
    """Mean, least and largest of each run of values, so that at most ``most`` points are left.

    >>> thinned(np.array([1.0, 3.0, np.nan, 8.0, 5.0]), most=3).mean
    array([2., 8., 5.])
    """
    per_point = max(1, -(-len(values) // most))
    first = np.arange(0, len(values), per_point)
    known = ~np.isnan(values)
    number = np.add.reduceat(known.astype(np.float64), first) if len(first) else np.zeros(0)
    with np.errstate(invalid="ignore"):
        mean = np.add.reduceat(np.where(known, values, 0.0), first) / number if len(first) else np.zeros(0)
    low = np.fmin.reduceat(values, first) if len(first) else np.zeros(0)
    high = np.fmax.reduceat(values, first) if len(first) else np.zeros(0)
    return Thinned(first=first, mean=mean, low=low, high=high, per_point=per_point)


def column_line(records: Records, column: str, color: str, name: str = "", **more: Any) -> Line:
    """A column of the records as a line, with its own definition and unit."""
    c = BY_NAME[column]
    return Line(
        name=name or column.replace("_", " "),
        values=records.column(column),
        text=c.text,
        color=color,
        unit=c.unit,
        **more,
    )


def time_unit(seconds: float) -> tuple[float, str]:
    """Seconds in the unit of a time axis, and its name."""
    for divisor, name in ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min")):
        if seconds >= 3 * divisor:
            return divisor, name
    return 1.0, "s"


def hover(name: str, text: str, value: str, unit: str, at: str) -> str:
    """A hover text: name, value with its unit, place, and the definition in lines of readable length."""
    share = unit == "share"
    body = (
        f"<b>{name}</b>: %{{{value}:{'.1%' if share else ',.4~g'}}}{'' if share or not unit else ' ' + unit}"
    )
    return f"{body}<br>{at}<br>" + "<br>".join(textwrap.wrap(text, 46)) + "<extra></extra>"


def time_figure(
    title: str,
    lines: Sequence[Line],
    end_s: Floats,
    y_title: str,
    *,
    stacked: bool = False,
    band: bool = False,
    share: bool = False,
    most: int = MOST_POINTS,
) -> go.Figure:
    """Lines over simulated time.

    Args:
        title: of the figure.
        lines: what to draw.
        end_s: `[T]` s, the time to which each value belongs.
        y_title: with its unit.
        stacked: whether lines are areas on top of each other.
        band: whether a band from least to largest stands behind each line that was thinned.
        share: whether the values are shares, shown in percent.
        most: points of a line at most.
    """
    divisor, unit = time_unit(float(end_s[-1]) if len(end_s) else 0.0)
    traces: list[go.Scatter] = []
    per_point = 1
    for line in lines:
        points = thinned(line.values, most)
        last = np.minimum(points.first + points.per_point, len(end_s)) - 1
        x = np.asarray(end_s[last] / divisor, np.float32)
        per_point = points.per_point
        if band and per_point > 1:
            traces += _band(x, points, line.color)
        at = f"at %{{x:,.4~g}} {unit}"
        traces.append(
            go.Scatter(
                x=x,
                y=points.mean.astype(np.float32),
                mode="lines" if len(x) > 1 else "markers",
                name=line.name,
                line={"color": line.color, "width": 0.6 if stacked else line.width, "dash": line.dash},
                stackgroup="all" if stacked else None,
                fillcolor=see_through(line.color, 0.75) if stacked else None,
                fillpattern={"shape": line.pattern, "fillmode": "overlay"} if line.pattern else None,
                hovertemplate=hover(line.name, line.text, "y", "share" if share else line.unit, at),
            )
        )
    note = f"each point: the mean of {per_point} rows of the records" if per_point > 1 else ""
    if note and band:
        note += ", in a band from the least to the largest"
    axis: dict[str, Any] = {"rangemode": "tozero"} | ({"tickformat": ".3~%"} if share else {})
    return finished(traces, title, f"simulated time ({unit})", y_title, lines, note, {"yaxis": axis})


def _band(x: np.ndarray[Any, Any], points: Thinned, color: str) -> list[go.Scatter]:
    edge = {"x": x, "mode": "lines", "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
    return [
        go.Scatter(y=points.low.astype(np.float32), **edge),
        go.Scatter(
            y=points.high.astype(np.float32), fill="tonexty", fillcolor=see_through(color, 0.2), **edge
        ),
    ]


def finished(
    traces: Sequence[BaseTraceType | dict[str, Any]],
    title: str,
    x_title: str,
    y_title: str,
    lines: Sequence[Line] = (),
    note: str = "",
    more: Mapping[str, Any] = MappingProxyType({}),
) -> go.Figure:
    """A figure with its title, axes, legend and definitions, alike in all figures; ``more`` is added to its layout.

    Nothing is checked here, since Plotly would check every entry of the template again for every figure, 40 ms each;
    a test checks them all once. Traces may be plain dicts with their ``type``, the quickest way for long lists.
    """
    named = sum(
        (trace.get("showlegend") if isinstance(trace, dict) else getattr(trace, "showlegend", True))
        is not False
        for trace in traces
    )
    layout: dict[str, Any] = {
        "title": {"text": title, "subtitle": {"text": note}},
        "template": template(LIGHT),
        "meta": {"definitions": [[line.name, line.text] for line in lines]},
        "showlegend": named > 1,
        "legend": {
            "orientation": "h",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "x": 0,
            "traceorder": "normal",
        },
        "hovermode": "closest",
        "margin": {"l": 8, "r": 12, "t": 60, "b": 8},
        "height": 380,
        "xaxis": {"title": {"text": x_title}},
        "yaxis": {"title": {"text": y_title}},
    }
    for key, value in more.items():
        layout[key] = layout[key] | value if isinstance(layout.get(key), dict) else value
    return go.Figure(data=list(traces), layout=layout, _validate=False)
