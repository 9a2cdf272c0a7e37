"""A figure over time with its adaptive limits, and what is out of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...model.health.moving import SIGMAS, Limits, limits
from ..theme import VERMILLION, see_through
from .lines import Line, hover, thinned, time_figure, time_unit

MOST_VALUES = 2_000
MOST_MARKS = 200


def control_chart(
    title: str, line: Line, end_s: Floats, y_title: str, *, floor: float = 0.0
) -> go.Figure | None:
    """A figure over time with its adaptive limits as a band, and a mark at each value beyond them.

    Args:
        title: of the figure.
        line: its values; the last 2,000 are drawn.
        end_s: `[T]` s, the time to which each value belongs.
        y_title: with its unit.
        floor: least value that can be; the band is not drawn below it.
    """
    values, ends = line.values[-MOST_VALUES:], end_s[-MOST_VALUES:]
    chart = limits(values)
    if not len(chart.values):
        return None
    share = line.unit == "share"
    low, high = (_spread(chart, chart.center + sign * chart.half, len(values)) for sign in (-1, 1))
    figure = time_figure(title, [replace(line, values=values)], ends, y_title, share=share)
    divisor, unit = time_unit(float(ends[-1]))
    few = thinned(low)
    x = np.asarray(ends[np.minimum(few.first + few.per_point, len(ends)) - 1] / divisor, np.float32)
    text = f"{SIGMAS:g} standard deviations around what the values before foretell"
    edge: dict[str, Any] = {
        "type": "scatter",
        "x": x,
        "mode": "lines",
        "line": {"width": 0},
        "hoverinfo": "skip",
    }
    band = [
        edge | {"y": np.maximum(few.mean, floor).astype(np.float32), "showlegend": False},
        edge
        | {
            "y": thinned(high).mean.astype(np.float32),
            "name": "limits",
            "fill": "tonexty",
            "fillcolor": see_through(line.color, 0.16),
        },
    ]
    out = np.flatnonzero(chart.out)[-MOST_MARKS:]
    marks: dict[str, Any] = {
        "type": "scatter",
        "x": np.asarray(ends[chart.row[out]] / divisor, np.float32),
        "y": chart.values[out].astype(np.float32),
        "mode": "markers",
        "name": "beyond its limits",
        "marker": {"color": VERMILLION, "size": 6, "symbol": "diamond"},
        "hovertemplate": hover(
            f"{line.name}, beyond its limits", text, "y", line.unit, f"at %{{x:,.4~g}} {unit}"
        ),
    }
    note = f"the last {len(values):,} ticks" if len(values) < len(line.values) else ""
    note = "; ".join(part for part in (note, figure.layout.title.subtitle.text) if part)
    return _with(figure, band, marks, text, note)


def _spread(chart: Limits, values: Floats, length: int) -> Floats:
    """`[T]` values back at their rows, NaN elsewhere."""
    out = np.full(length, np.nan)
    out[chart.row] = values
    return out


def _with(
    figure: go.Figure, band: Sequence[dict[str, Any]], marks: dict[str, Any], text: str, note: str
) -> go.Figure:
    """The figure with the band behind its line and the marks before it."""
    traces = [*band, *figure.data, marks]
    layout = figure.layout.to_plotly_json()
    layout["showlegend"] = True
    layout["title"]["subtitle"]["text"] = note
    layout["meta"]["definitions"].append(["limits", text])
    return go.Figure(data=traces, layout=layout, _validate=False)
