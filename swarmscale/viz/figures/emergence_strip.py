"""What the gate and every detector said, window by window, with the findings behind."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from ...model.emergence.base import Verdict
from ..emergence import Emergence
from ..theme import BLUE, GRAY, GREEN, ORANGE, VERMILLION, see_through
from .emergence import MOST_WINDOWS, plain, when, wrapped
from .lines import finished, time_unit
from .links import terms

STRIP_READ = (
    "A square is a window that alone shows it, a wide bar a finding: two of three windows in a row. A cross is a "
    "window that the gate held back or of which a detector says nothing; point at it for the reason."
)
STATES = {
    "passed": ("circle-open", GREEN, "a window whose series could be used"),
    "held back": (
        "x-thin",
        VERMILLION,
        "a window that no detector of series was given, with the gate's reason",
    ),
    "found": ("square", BLUE, "a window that alone shows it, before the rule of persistence"),
    "weaker": ("diamond", ORANGE, "a window that shows a weaker thing, with its name"),
    "nothing": ("circle-open", GRAY, "a window in which the null holds"),
    "abstained": ("x-thin", ORANGE, "a window of which a detector says nothing, with the reason"),
}
"""How a mark looks, and what it means."""
HOLDS_TEXT = (
    "a finding: two of the last three windows showed it; the bar begins with the first of them and ends where fewer "
    "than two do"
)
GATE = "gate"


def strip(seen: Emergence) -> go.Figure | None:
    """The gate and every detector, window by window, with the findings behind; None before the first window."""
    windows = seen.windows()
    if not windows:
        return None
    left_out = max(len(windows) - MOST_WINDOWS, 0)
    shown = windows[left_out:]
    divisor, unit = time_unit(shown[-1][0].end_s)
    rows = [GATE, *seen.detectors]
    marks: dict[str, list[tuple[float, str, str]]] = {state: [] for state in STATES}
    for verdicts in shown:
        reason, at = verdicts[0].gate, verdicts[0].end_s / divisor
        marks["held back" if reason else "passed"].append(
            (at, GATE, f"{when(verdicts[0])}<br>{wrapped(reason)}")
        )
        for verdict in verdicts:
            said = f"{when(verdict)}<br>{wrapped(verdict.abstained or verdict.sentence or verdict.label)}"
            marks[state_of(verdict)].append((at, verdict.detector, said))
    traces = [_holding(seen, shown[0][0].start_s, shown[-1][0].end_s, divisor)]
    traces += [_marks(state, marks[state]) for state in STATES if marks[state]]
    kept = sum(not verdicts[0].gate for verdicts in windows)
    note = f"{kept:,} of {len(windows):,} windows passed the gate"
    note += f"; the last {len(shown):,} are shown" if left_out else ""
    told = [(state, STATES[state][2]) for state in STATES if marks[state]]
    return finished(
        traces,
        "Verdicts, window by window",
        f"simulated time ({unit})",
        "detector (name)",
        terms(("finding holds", HOLDS_TEXT), *told),
        note,
        {
            "height": 150 + 44 * len(rows),
            "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": rows[::-1],
                      "range": [-0.6, len(rows) - 0.4], "showgrid": False},
            "xaxis": {"showgrid": False, "range": [shown[0][0].start_s / divisor,
                      (shown[-1][0].end_s + 0.5 * (shown[-1][0].end_s - shown[-1][0].start_s)) / divisor]},
        },
    )  # fmt: skip


def state_of(verdict: Verdict) -> str:
    """A verdict in a word of :data:`STATES`."""
    if verdict.abstained:
        return "abstained"
    return "found" if verdict.found else "weaker" if verdict.label else "nothing"


def _marks(state: str, points: Sequence[tuple[float, str, str]]) -> dict[str, Any]:
    symbol, color, _ = STATES[state]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": state,
        "x": plain([x for x, _, _ in points]),
        "y": [y for _, y, _ in points],
        "marker": {"symbol": symbol, "size": 11, "color": color, "line": {"width": 1.8, "color": color}},
        "text": [text for _, _, text in points],
        "hovertemplate": f"<b>%{{y}}</b>: {state}, %{{text}}<extra></extra>",
    }


def _holding(seen: Emergence, first_s: float, last_s: float, divisor: float) -> dict[str, Any]:
    """Findings as wide lines from the first window that showed them to where they ended."""
    x: list[float] = []
    y: list[str | None] = []
    for one in seen.findings:
        until_s = one.until_s if math.isfinite(one.until_s) else last_s
        if until_s >= first_s:
            x += [max(one.first_s, first_s) / divisor, until_s / divisor, math.nan]
            y += [one.detector, one.detector, None]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": "finding holds",
        "x": plain(x),
        "y": y,
        "line": {"color": see_through(BLUE, 0.3), "width": 20},
        "hoverinfo": "skip",
        "showlegend": bool(x),
    }
