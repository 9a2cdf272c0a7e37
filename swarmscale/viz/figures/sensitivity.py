"""Figures of sensitivity: Sobol indices as bars, Morris effects as points."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go

from ...batch.analysis.meaning import Meaning
from ...batch.analysis.sensitivity import Sensitivity
from ..theme import BLUE, GRAY, ORANGE
from .effects import shortened, titled
from .lines import Line, finished

FIRST = "share of the outcome's variance that the factor explains alone"
TOTAL = "share that would be left if all other factors were known: alone and together with others"
SIZE = "mean size of the factor's effect over its whole range (mu*)"
SPREAD = "standard deviation of its effects (sigma): large where they are curved or depend on other factors"


def sensitivity_figure(found: Sensitivity, meaning: Meaning) -> go.Figure:
    """Bars or points, whichever the indices are for.

    Args:
        found: from :func:`~swarmscale.batch.analysis.sensitivity`.
        meaning: of the outcome.
    """
    return _bars(found, meaning) if found.kind == "sobol" else _points(found, meaning)


def _bars(found: Sensitivity, meaning: Meaning) -> go.Figure:
    table = found.table.sort_values("total", kind="stable")
    names = [shortened(str(name)) for name in table["factor"]]
    traces: list[Any] = []
    lines: list[Line] = []
    for name, color, text in (("total", ORANGE, TOTAL), ("first", BLUE, FIRST)):
        shown = "first order" if name == "first" else "total"
        lines.insert(0, Line(name=shown, values=np.zeros(0), text=text, color=color))
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": names,
                "x": table[name].to_numpy(np.float64),
                "name": shown,
                "marker": {"color": color},
                "error_x": _whiskers(table, name),
                "hovertemplate": f"<b>%{{y}}</b><br>{shown}: %{{x:.3f}}<extra></extra>",
            }
        )
    return finished(
        traces,
        f"Sobol indices: {meaning.title}",
        "share of the variance (%)",
        "",
        lines,
        _note(found, "base samples"),
        {
            "height": max(260, 120 + 46 * len(names)),
            "barmode": "group",
            "xaxis": {"tickformat": ".0%", "rangemode": "tozero"},
            "yaxis": {"type": "category"},
            "legend": {"traceorder": "reversed"},
        },
    )


def _points(found: Sensitivity, meaning: Meaning) -> go.Figure:
    table = found.table
    x, y = (table[name].to_numpy(np.float64) for name in ("mu_star", "sigma"))
    top = float(np.nanmax([*x, *y, 0.0])) or 1.0
    traces: list[Any] = [
        {
            "type": "scatter",
            "mode": "markers+text",
            "x": x,
            "y": y,
            "text": [shortened(str(name)) for name in table["factor"]],
            "textposition": "top center",
            "name": "factors",
            "marker": {"color": BLUE, "size": 9},
            "error_x": _whiskers(table, "mu_star"),
            "hovertemplate": "<b>%{text}</b><br>mu* %{x:.4~g}, sigma %{y:.4~g}<extra></extra>",
        },
        {
            "type": "scatter",
            "mode": "lines",
            "x": [0, top],
            "y": [0, top],
            "name": "sigma = mu*",
            "line": {"color": GRAY, "width": 1, "dash": "dot"},
            "hoverinfo": "skip",
        },
    ]
    lines = [
        Line(name="mu*", values=x, text=SIZE, color=BLUE),
        Line(name="sigma", values=y, text=SPREAD, color=BLUE),
    ]
    return finished(
        traces,
        f"Morris effects: {meaning.title}",
        f"mean size of the effect, mu*, of {titled(meaning)}",
        "spread of the effects, sigma",
        lines,
        _note(found, "trajectories"),
        {
            "height": 400,
            "xaxis": {"rangemode": "tozero", "range": [-0.05 * top, 1.2 * top]},
            "yaxis": {"range": [-0.05 * top, 1.15 * top]},
        },
    )


def _whiskers(table: Any, name: str) -> dict[str, Any]:
    middle, high = (table[key].to_numpy(np.float64) for key in (name, f"{name}_high"))
    return {
        "type": "data",
        "array": np.nan_to_num(high - middle),
        "color": GRAY,
        "thickness": 1.5,
        "width": 4,
    }


def _note(found: Sensitivity, what: str) -> str:
    note = f"{found.samples:,} {what}; whiskers: 95 %"
    return f"{note}; {found.note}" if found.note else note
