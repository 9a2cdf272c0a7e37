"""The figure of availability and of the error budget over time, with the incidents behind."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats, Floats32
from ...model.columns import ratio
from ...model.flow.ledger import Count
from ...model.records import Records
from ...model.resilience.incidents import LAYERS, IncidentLog
from ..theme import BLUE, GRAY, SKY, VERMILLION, digits
from .lines import finished, thinned, time_unit
from .links import terms
from .resilience import LAYER_LOOKS, plain

MOST_POINTS = 300
MOST_MARKS = 150
"""Incidents that are marked, the newest ones."""
WINDOW_S = 60.0
"""Time over which the thin line is taken, s."""
BUDGET_READ = (
    "Above: share of the tasks due that were answered in time (%), over the last minute and since the begin, against "
    "the objective. Below: tasks that were not, against as many as the objective allows: the gap between the lines is "
    "the error budget left. Marks at the bottom are incidents."
)
TERMS = (
    (
        "last minute",
        "tasks answered within their deadline / tasks whose deadline came, over 60 s; the least of a point",
    ),
    ("so far", "the same since the begin of the run: availability, task-weighted"),
    ("objective", "resilience.health.objective: the share that must be answered in time"),
    ("missed", "tasks due so far that were answered late or not at all"),
    ("allowed", "(1 - objective) x tasks due so far"),
)


def budget(records: Records, log: IncidentLog, objective: float) -> go.Figure | None:
    """Availability by task, and missed tasks against those allowed; None before the first deadline.

    Args:
        records: of the run.
        log: incidents to mark.
        objective: share of the tasks due that must be answered in time.
    """
    raw = records.raw()
    due, met = raw.count(Count.DUE), raw.count(Count.MET)
    if not due.any():
        return None
    ends = records.dt * np.arange(1, len(due) + 1)
    divisor, unit = time_unit(float(ends[-1]))
    so_far = np.cumsum(due), np.cumsum(met)
    lately = thinned(_lately(*so_far, max(round(WINDOW_S / records.dt), 1)), MOST_POINTS)
    at = np.minimum(lately.first + lately.per_point, len(due)) - 1
    x = plain((ends[at] / divisor).tolist())
    missed, allowed = so_far[0] - so_far[1], (1 - objective) * so_far[0]
    traces = [
        _line("last minute", x, lately.low, SKY, 1.2, "solid", "y", unit, ".3%"),
        _line("so far", x, ratio(so_far[1], so_far[0])[at], BLUE, 2.4, "solid", "y", unit, ".4%"),
        _line("objective", x, np.full(len(at), objective), GRAY, 1.4, "dash", "y", unit, ".4%"),
        _line("missed", x, missed[at], VERMILLION, 2.4, "solid", "y2", unit, ",.4~g"),
        _line("allowed", x, allowed[at], GRAY, 1.6, "dot", "y2", unit, ",.4~g"),
        *_marks(log, float(ends[-1]), divisor),
    ]
    left = 1 - missed[-1] / allowed[-1] if allowed[-1] > 0 else math.nan
    lowest = min(float(np.nanmin(lately.low)), objective)
    return finished(
        traces,
        "Availability and error budget",
        f"simulated time ({unit})",
        "answered in time (%)",
        terms(*TERMS),
        said(left),
        {
            "height": 470,
            "xaxis": {"anchor": "y2"},
            "yaxis": {"domain": [0.56, 1.0], "tickformat": ".5~%", "range": [lowest - 0.06 * (1 - lowest), 1.0002]},
            "yaxis2": {"domain": [0.0, 0.44], "rangemode": "tozero", "title": {"text": "tasks not answered in time"}},
            "yaxis3": {"overlaying": "y2", "range": [0, 1], "visible": False, "fixedrange": True},
        },
    )  # fmt: skip


def said(left: float) -> str:
    """The budget in words.

    >>> said(0.25), said(-3.0), said(float("nan"))
    ('25 % of the error budget is left', 'the error budget is spent 4 times', 'no error is allowed')
    """
    if math.isnan(left):
        return "no error is allowed"
    if left >= 0:
        return f"{digits(100 * left).removesuffix('.0')} % of the error budget is left"
    return f"the error budget is spent {digits(1 - left).removesuffix('.00')} times"


def _lately(due: Floats, met: Floats, ticks: int) -> Floats:
    """`[T]` share over the last so many ticks, from running sums; NaN where nothing was due."""
    before = [np.concatenate([np.zeros(min(ticks, len(s))), s[:-ticks]]) for s in (due, met)]
    return ratio(met - before[1], due - before[0])


def _line(
    name: str, x: Floats32, y: Floats, color: str, width: float, dash: str, axis: str, unit: str, how: str
) -> dict[str, Any]:
    return {
        "type": "scatter", "mode": "lines" if len(x) > 1 else "markers", "name": name, "x": x,
        "y": y.astype(np.float32), "yaxis": axis,
        "line": {"color": color, "width": width, "dash": dash}, "marker": {"color": color},
        "hovertemplate": f"<b>{name}</b>: %{{y:{how}}}<br>at %{{x:,.4~g}} {unit}<extra></extra>",
    }  # fmt: skip


def _marks(log: IncidentLog, end_s: float, divisor: float) -> list[dict[str, Any]]:
    """Begins of incidents at the bottom, a symbol for each layer."""
    newest = [one for one in log.incidents[-MOST_MARKS:] if one.begins_s <= end_s]
    traces = []
    for layer in LAYERS:
        mine = [one for one in newest if one.layer == layer]
        if mine:
            color, symbol, _ = LAYER_LOOKS[layer]
            traces.append(
                {
                    "type": "scatter", "mode": "markers", "name": f"incident, {layer}", "yaxis": "y3",
                    "x": plain([one.begins_s / divisor for one in mine]),
                    "y": plain([0.04 + 0.06 * LAYERS.index(layer)] * len(mine)),
                    "marker": {"symbol": symbol, "size": 8, "color": color, "opacity": 0.85},
                    "text": [
                        f"{one.begins_s:,.1f} s, {one.fault}: {textwrap.shorten(one.target, 48, placeholder=' …')}"
                        for one in mine
                    ],
                    "hovertemplate": "%{text}<extra></extra>",
                }
            )  # fmt: skip
    return traces
