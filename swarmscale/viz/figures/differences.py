"""Figures of a comparison: relative differences with their intervals, and settings of two sweeps against each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...batch.analysis.meaning import Meaning, meaning
from ...batch.compare import Difference
from ..theme import BLUE, FAINT, GRAY, GREEN, ORANGE, VERMILLION, number
from .effects import ROW_PX, axis_of, shortened, titled
from .lines import Line, finished

if TYPE_CHECKING:
    import pandas as pd

MOST = 40
FARTHEST = 2.0
"""Relative difference beyond which a point stands at the edge, as a triangle, so that it does not hide the others."""


VERDICTS = (
    ("green", "better with the whole interval", GREEN),
    ("red", "worse with the whole interval", VERMILLION),
    ("blue", "clearly different, and nobody says which is better", BLUE),
    ("gray", "no interval, or one that holds 0", GRAY),
)


def verdict_color(row: Difference) -> str:
    """Green for better and vermillion for worse with the whole interval, blue if nobody says which, else gray."""
    if not row.clear:
        return GRAY
    better = meaning(row.outcome).better
    if better is None:
        return BLUE
    return GREEN if (row.difference > 0) == (better == "max") else VERMILLION


def differences_figure(rows: Sequence[Difference], names: tuple[str, str]) -> go.Figure | None:
    """Relative differences, the largest first, with their intervals; None if there are none.

    Args:
        rows: of a comparison.
        names: of both sides.
    """
    known = [row for row in rows if np.isfinite(row.relative) and row.difference]
    shown = sorted(known, key=lambda row: -abs(row.relative))[:MOST]
    if not shown:
        return None
    x = np.array([row.relative for row in shown])
    size = np.array([abs(row.one) for row in shown])
    low, high = (np.array([getattr(row, end) for row in shown]) / size for end in ("low", "high"))
    edge = min(float(np.nanmax(np.abs(x))), FARTHEST)
    beyond = np.abs(x) > edge
    texts = [_words(row, names) for row in shown]
    trace = _points(shown, x, (low, high), edge, texts)
    note = "whiskers: 95 %, where there is an interval"
    note += f"; triangles lie beyond {edge:.0%}" if beyond.any() else ""
    more = len(known) - len(shown)
    note += f"; {more} smaller ones are in the table" if more else ""
    figure = finished(
        [trace],
        f"{names[1]} against {names[0]}",
        f"difference / value of {names[0]} (%)",
        "",
        [Line(name=name, values=x, text=text, color=color) for name, text, color in VERDICTS],
        note,
        {
            "height": max(260, 110 + ROW_PX * len(shown)),
            "showlegend": False,
            "xaxis": {"tickformat": "+.3~%"}
            | ({"range": [-1.08 * edge, 1.08 * edge]} if beyond.any() else {}),
            "yaxis": {
                "tickvals": list(range(len(shown))),
                "ticktext": [shortened(meaning(row.outcome).title, 30) for row in shown],
                "range": [len(shown) - 0.4, -0.6],
                "zeroline": False,
            },
        },
    )
    figure.add_shape(
        type="line", x0=0, x1=0, y0=0, y1=1, yref="paper", line={"width": 1, "dash": "dot", "color": GRAY}
    )
    return figure


def _points(
    shown: Sequence[Difference], x: Floats, ends: tuple[Floats, Floats], edge: float, texts: Sequence[str]
) -> dict[str, Any]:
    """A point a metric; those beyond the edge stand at it as triangles, without whiskers."""
    low, high = ends
    beyond = np.abs(x) > edge
    return {
        "type": "scatter",
        "mode": "markers",
        "x": np.clip(x, -edge, edge),
        "y": np.arange(len(shown)),
        "text": texts,
        "name": "difference",
        "marker": {
            "size": np.where(beyond, 11, 8),
            "color": [verdict_color(row) for row in shown],
            "symbol": [_symbol(value, edge) for value in x],
        },
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": np.where(beyond, 0.0, np.nan_to_num(high - x)),
            "arrayminus": np.where(beyond, 0.0, np.nan_to_num(x - low)),
            "color": FAINT,
            "thickness": 1.5,
            "width": 4,
        },
        "hovertemplate": "%{text}<extra></extra>",
    }


def _words(row: Difference, names: tuple[str, str]) -> str:
    """The hover text of a metric."""
    told = meaning(row.outcome)
    one, other = (number(value, told.unit) for value in (row.one, row.other))
    return f"<b>{told.title}</b><br>{names[0]}: {one}<br>{names[1]}: {other}<br>{row.relative:+.1%}<br>{row.method}"


def _symbol(value: float, edge: float) -> str:
    if abs(value) <= edge:
        return "circle"
    return "triangle-right" if value > 0 else "triangle-left"


def settings_figure(
    table: pd.DataFrame, told: Meaning, names: tuple[str, str], words: Sequence[str]
) -> go.Figure | None:
    """Each common setting of two sweeps: its mean in the one against that in the other; None if there are none.

    Args:
        table: rows of one outcome, see :func:`~swarmscale.batch.compare_sweeps.compare_sweeps`.
        told: meaning of the outcome.
        names: of both sweeps.
        words: each setting as text.
    """
    x, y = (table[side].to_numpy(np.float64) for side in ("one", "other"))
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return None
    ends = [float(np.min([x[known], y[known]])), float(np.max([x[known], y[known]]))]
    texts = [
        f"<b>{word}</b><br>{names[0]}: {number(float(a), told.unit)}<br>{names[1]}: {number(float(b), told.unit)}"
        for word, a, b in zip(words, x, y, strict=True)
    ]
    traces: list[Any] = [
        {
            "type": "scatter", "mode": "lines", "x": ends, "y": ends, "name": "no difference", "hoverinfo": "skip",
            "line": {"color": GRAY, "width": 1, "dash": "dot"},
        },
        {
            "type": "scatter", "mode": "markers", "x": x[known], "y": y[known], "name": "settings",
            "text": [text for text, mine in zip(texts, known, strict=True) if mine],
            "marker": {"color": ORANGE, "size": 8}, "hovertemplate": "%{text}<extra></extra>",
        },
    ]  # fmt: skip
    return finished(
        traces,
        told.title,
        f"{names[0]}: {titled(told)}",
        names[1],
        [Line(name=told.title, values=x, text=told.text or told.title, color=ORANGE)],
        "a point a setting; on the dotted line both are alike",
        {"xaxis": axis_of(told), "yaxis": axis_of(told)},
    )
