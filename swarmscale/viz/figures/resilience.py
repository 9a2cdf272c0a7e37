"""The figure of incidents' time lines, and how layers of faults look in all figures."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ...model.resilience.incidents import Incident, IncidentLog
from ..theme import BLUE, GREEN, ORANGE, PURPLE, VERMILLION, digits
from .lines import finished, time_unit
from .links import terms

MOST_ROWS, MOST_OPEN = 28, 10
"""Time lines in a figure: the newest ones, and of those that began earlier the ones that are still open."""
MOST_STEPS = 8
"""Entries of a time line in a hover text."""
LATE = "late or with losses"
LAYER_LOOKS = {
    "component": (BLUE, "circle", ""),
    "network": (ORANGE, "triangle-up", "/"),
    "integration": (PURPLE, "square", "."),
    "system": (VERMILLION, "diamond", "x"),
}
"""Color, symbol and pattern of each layer, so that color alone never tells them apart."""
LAYER_TEXTS = {
    "component": "agents, cluster leads and nodes",
    "network": "links and partitions",
    "integration": "controllers and the events between them",
    "system": "correlated failures: a whole zone, everything",
}
TIMELINE_READ = (
    "One line an incident, the newest on top, with its layer's mark at the begin: thin until it is suspected, thick "
    "until nothing of it is left. A full circle was made good in time and without a lost task, an open one was not; an "
    "arrow lasts. Point at a mark for the time line (s)."
)


def timelines(log: IncidentLog, now_s: float) -> go.Figure | None:
    """Incidents as lines from begin to the time they were made good; None if there is none.

    Args:
        log: all incidents.
        now_s: until when those last that are open, s.
    """
    shown = drawn(log)
    if not shown:
        return None
    first_s = min(one.begins_s for one in shown[: MOST_ROWS - MOST_OPEN] or shown)
    divisor, unit = time_unit(now_s)
    rows = [(len(shown) - 1 - i, one) for i, one in enumerate(shown)]
    traces = [
        _bars("not suspected yet", VERMILLION, 3, rows, first_s, divisor, lambda one: _unseen(one, now_s)),
        _bars("suspected", ORANGE, 9, rows, first_s, divisor, lambda one: _seen(one, now_s)),
        *_ends(rows, first_s, now_s, divisor),
    ]
    room = 0.03 * max(now_s - first_s, 1.0)
    note = f"{len(log):,} {'incident' if len(log) == 1 else 'incidents'}"
    note += f", {len(shown)} are shown" if len(shown) < len(log) else ""
    return finished(
        [trace for trace in traces if len(trace["x"])],
        "Time lines of incidents",
        f"simulated time ({unit})",
        "incident (what was hit)",
        terms(*_TIMELINE_TERMS),
        note,
        {
            "height": 150 + 19 * max(len(shown), 4),
            "xaxis": {"range": [(first_s - room) / divisor, (now_s + room) / divisor]},
            "yaxis": {
                "tickvals": [y for y, _ in rows], "ticktext": [label(one) for _, one in rows],
                "range": [-0.8, len(shown) - 0.2], "showgrid": False, "zeroline": False,
            },
        },
    )  # fmt: skip


_TIMELINE_TERMS = (
    ("not suspected yet", "from the fault's begin until somebody held what it hit to be dead"),
    ("suspected", "from the first suspicion until every component that was hit is made good"),
    ("made good", "in time and without a lost task: within the deadline of its kind of fault"),
    (LATE, "later than its deadline, or tasks were dropped for it"),
    ("lasts", "something of it is not made good yet"),
)


def drawn(log: IncidentLog) -> list[Incident]:
    """The newest incidents, and before them the newest ones of the rest that are still open; the newest first."""
    newest = log.incidents[-(MOST_ROWS - MOST_OPEN) :]
    rest = log.incidents[: len(log) - len(newest)]
    lasting = [one for one in rest if not one.over]
    earlier = lasting[-MOST_OPEN:] or rest[-MOST_OPEN:]
    return [*sorted(newest, key=_begin, reverse=True), *sorted(earlier, key=_begin, reverse=True)]


def _begin(one: Incident) -> float:
    return one.begins_s


def label(one: Incident, most: int = 34) -> str:
    """What an incident hit, short enough for an axis.

    >>> label(Incident(key="a", fault="link-cut", layer="network", target="link 3 to 5", size=1, begins_s=0.0))
    'link 3 to 5'
    """
    return textwrap.shorten(one.target, most, placeholder=" …")


def _unseen(one: Incident, now_s: float) -> tuple[float, float]:
    end = one.found_s if one.found else one.recovered_s if one.over else now_s
    return one.begins_s, end


def _seen(one: Incident, now_s: float) -> tuple[float, float]:
    return one.found_s, one.recovered_s if one.over else now_s


def _bars(
    name: str,
    color: str,
    width: int,
    rows: Sequence[tuple[int, Incident]],
    first_s: float,
    divisor: float,
    span: Any,
) -> dict[str, Any]:
    """Lines of one phase, cut at the figure's left edge."""
    x: list[float] = []
    y: list[float] = []
    for row, one in rows:
        begin, end = span(one)
        if not math.isnan(begin) and end >= first_s:
            x += [max(begin, first_s) / divisor, end / divisor, math.nan]
            y += [row, row, math.nan]
    return {
        "type": "scatter", "mode": "lines", "name": name, "x": plain(x), "y": plain(y), "hoverinfo": "skip",
        "line": {"color": color, "width": width},
    }  # fmt: skip


def _ends(
    rows: Sequence[tuple[int, Incident]], first_s: float, now_s: float, divisor: float
) -> list[dict[str, Any]]:
    """Marks where time lines begin and end, which carry the hover texts."""
    marks = [
        (layer, symbol, color, [(one.begins_s, y, one) for y, one in rows if one.layer == layer])
        for layer, (color, symbol, _) in LAYER_LOOKS.items()
    ]
    good = [(one.recovered_s, y, one) for y, one in rows if one.over]
    marks += [
        ("made good", "circle", GREEN, [point for point in good if point[2].in_time]),
        (LATE, "circle-open", VERMILLION, [point for point in good if not point[2].in_time]),
        ("lasts", "triangle-right", VERMILLION, [(now_s, y, one) for y, one in rows if not one.over]),
    ]
    return [
        {
            "type": "scatter",
            "mode": "markers",
            "name": name,
            "x": plain([max(x, first_s) / divisor for x, _, _ in points]),
            "y": plain([y for _, y, _ in points]),
            "marker": {"symbol": symbol, "size": 9, "color": color, "line": {"width": 1.8, "color": color}},
            "text": [told(one, now_s) for _, _, one in points],
            "hovertemplate": "%{text}<extra></extra>",
        }
        for name, symbol, color, points in marks
    ]


def told(one: Incident, now_s: float) -> str:
    """What a mark says of its incident: its time line, what it cost, and by when it had to be made good."""
    steps = [f"{time_s:,.1f} s: {text}" for time_s, text in one.line[:MOST_STEPS]]
    if len(one.line) > MOST_STEPS:
        steps.append(f"and {len(one.line) - MOST_STEPS:,} more entries")
    cost = f"{one.displaced:,} tasks displaced, {one.lost:,} lost"
    took = f"made good in {digits(one.recovered_s - one.begins_s)} s" if one.over else (
        f"lasts for {digits(now_s - one.begins_s)} s, {one.left:,} of {one.size:,} not made good"
    )  # fmt: skip
    return "<br>".join(
        [f"<b>{one.fault}</b>, {one.layer}"]
        + textwrap.wrap(f"{one.target}; {took} (deadline {one.deadline_s:g} s)", 56)
        + [line for step in steps for line in textwrap.wrap(step, 56)]
        + [cost]
    )  # fmt: skip


def plain(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Numbers as Plotly packs them best."""
    return np.array(values, np.float32)
