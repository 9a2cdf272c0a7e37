"""Figures of sweeps that run or are compared: runs by status, effects of several, paired differences, fronts.

They are made of lists and not of arrays, and their layouts do not depend on the values, so that a page can put new
values into a figure that stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...batch.analysis import Meaning, meaning
from ..theme import BLUE, COLORWAY, FAINT, GRAY, GREEN, ORANGE, PURPLE, VERMILLION, number
from .effects import axis_of, titled
from .lines import Line, finished

STATUS_COLORS = {"done": GREEN, "failed": VERMILLION, "killed": PURPLE, "late": ORANGE, "missing": FAINT}
STATUS_TEXTS = {
    "done": "ended well",
    "failed": "ended with an exception",
    "killed": "its process died; the next start makes it again",
    "late": "was over its time limit",
    "missing": "not made yet",
}
SYMBOLS = ("circle", "square", "diamond", "cross", "triangle-up", "x", "star", "hexagon")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """Means with intervals at levels.

    Attributes:
        name: in the legend.
        at: the levels as texts.
        value: the means.
        low: lower ends.
        high: upper ends.
        n: independent draws of each.
    """

    name: str
    at: tuple[str, ...]
    value: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    n: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """Settings by their objectives.

    Attributes:
        name: of the sweep.
        values: means by objective.
        front: whether no other setting is better in one objective and as good in the rest.
        text: each setting in words.
    """

    name: str
    values: Mapping[str, tuple[float, ...]]
    front: tuple[bool, ...]
    text: tuple[str, ...]


def statuses(counts: Mapping[str, int]) -> go.Figure:
    """Runs by status in one bar.

    Args:
        counts: runs for each of ``done``, ``failed``, ``killed``, ``late`` and ``missing``.
    """
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "x": [int(counts[name])],
            "y": [""],
            "name": name,
            "marker": {"color": color},
            "hovertemplate": f"<b>{name}</b>: %{{x:,}}<br>{STATUS_TEXTS[name]}<extra></extra>",
        }
        for name, color in STATUS_COLORS.items()
    ]
    lines = [_line(name, STATUS_TEXTS[name], color) for name, color in STATUS_COLORS.items()]
    more = {
        "barmode": "stack",
        "height": 128,
        "xaxis": {"range": [0, sum(counts.values())]},
        "yaxis": {"visible": False},
        "bargap": 0.1,
    }
    return finished(traces, "Runs by status", "runs (number)", "", lines, "", more)


def effects(
    outcome: str, factor: str, levels: Sequence[str], series: Sequence[Ends], note: str = ""
) -> go.Figure:
    """Means of an outcome at the levels of a factor, with intervals as whiskers.

    Args:
        outcome: its key.
        factor: its dotted key.
        levels: all levels in order, also those without a value.
        series: what to draw, one line each.
        note: under the title.
    """
    m = meaning(outcome)
    traces, lines = [], []
    for number_, one in enumerate(series):
        color = COLORWAY[number_ % len(COLORWAY)]
        traces.append(_whiskers(one, m, color))
        lines.append(_line(one.name, m.text, color))
    # levels are names: numbers as texts must not become a scale
    more = {
        "xaxis": {"type": "category", "categoryorder": "array", "categoryarray": list(levels)},
        "yaxis": axis_of(m),
    }
    return finished(traces, f"{m.title} by {factor}", f"{factor} (level)", titled(m), lines, note, more)


def _whiskers(one: Ends, m: Meaning, color: str) -> dict[str, Any]:
    value, low, high = (np.asarray(part, np.float64) for part in (one.value, one.low, one.high))
    text = [
        f"<b>{one.name}</b> at {at}<br>{number(v, m.unit)}, from {number(a, m.unit)} to {number(b, m.unit)}"
        f"<br>{n:,} independent draws"
        for at, v, a, b, n in zip(one.at, one.value, one.low, one.high, one.n, strict=True)
    ]
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": one.name,
        "x": list(one.at),
        "y": value.tolist(),
        "error_y": _ends(value, low, high, color),
        "line": {"color": color, "width": 1.4},
        "marker": {"color": color, "size": 8},
        "text": text,
        "hovertemplate": "%{text}<extra></extra>",
    }


def _ends(value: Floats, low: Floats, high: Floats, color: str) -> dict[str, Any]:
    return {
        "type": "data",
        "symmetric": False,
        "array": np.nan_to_num(high - value).tolist(),
        "arrayminus": np.nan_to_num(value - low).tolist(),
        "color": color,
        "thickness": 1.4,
        "width": 5,
    }


def differences(outcome: str, factor: str, rows: Sequence[Mapping[str, Any]]) -> go.Figure:
    """Paired differences against a baseline with their intervals: green is better, vermillion worse, gray unsure.

    Args:
        outcome: its key.
        factor: what the levels are of.
        rows: with ``level``, ``baseline``, ``difference``, ``low``, ``high``, ``pairs``, ``n`` and ``p_adjusted``.
    """
    m = meaning(outcome)
    gap, low, high = (
        np.array([row[name] for row in rows], np.float64) for name in ("difference", "low", "high")
    )
    colors = [_color(m, a, b) for a, b in zip(low.tolist(), high.tolist(), strict=True)]
    note = "gray: the interval holds 0" + ("; green is better" if m.better else "")
    base = str(rows[0]["baseline"]) if rows else ""
    text = [
        f"<b>{row['level']}</b> less {base}<br>{number(g, m.unit)}, from {number(a, m.unit)} to {number(b, m.unit)}"
        f"<br>{row['pairs']:,} pairs, {row['n']:,} independent draws, p = {row['p_adjusted']:.2g}"
        for row, g, a, b in zip(rows, gap.tolist(), low.tolist(), high.tolist(), strict=True)
    ]
    what = (
        "level less baseline, run against run of the same seed and other settings; 95 % intervals by Student"
    )
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": gap.tolist(),
        "y": [str(row["level"]) for row in rows],
        "error_x": _ends(gap, low, high, GRAY),
        "marker": {"color": colors, "size": 9},
        "text": text,
        "hovertemplate": "%{text}<extra></extra>",
        "name": f"less {base}",
    }
    more = {
        "xaxis": axis_of(m) | {"zeroline": True, "zerolinewidth": 2, "zerolinecolor": GRAY},
        "yaxis": {"type": "category", "autorange": "reversed"},
        "height": max(300, 120 + 30 * len(rows)),
    }
    return finished(
        [trace], f"Differences of {m.title}", f"{titled(m)}, less that of {base}",
        f"{factor} (level)", [_line(f"less {base}", what, BLUE)], note, more,
    )  # fmt: skip


def _color(m: Meaning, low: float, high: float) -> str:
    """Green for better and vermillion for worse with the whole interval, blue if nobody says which, else gray."""
    if not (low > 0 or high < 0):
        return GRAY
    if m.better is None:
        return BLUE
    return GREEN if (low > 0) == (m.better == "max") else VERMILLION


def front(objectives: Mapping[str, str], fronts: Sequence[Front]) -> go.Figure:
    """Settings by two objectives, those that no other one beats joined; a third objective is the size of a point.

    Args:
        objectives: two or three outcomes, each with ``min`` or ``max``.
        fronts: one for each sweep.
    """
    x, y, *third = objectives
    traces, lines = [], []
    for place, one in enumerate(fronts):
        color = COLORWAY[place % len(COLORWAY)]
        traces += _front(one, x, y, third, color, SYMBOLS[place % len(SYMBOLS)])
        what = "settings that no other one beats in an objective without being worse in another"
        lines.append(_line(one.name, what, color))
    ways = ", ".join(
        f"{'less' if way == 'min' else 'more'} {meaning(n).title}" for n, way in objectives.items()
    )
    note = f"better: {ways}" + (f"; a larger point has more {meaning(third[0]).title}" if third else "")
    more = {"xaxis": axis_of(meaning(x)), "yaxis": axis_of(meaning(y)), "height": 420}
    return finished(traces, "Pareto front", titled(meaning(x)), titled(meaning(y)), lines, note, more)


def _front(one: Front, x: str, y: str, third: Sequence[str], color: str, symbol: str) -> list[dict[str, Any]]:
    on = np.array(one.front, np.bool_)
    size = _sizes(np.array(one.values[third[0]], np.float64)) if third else np.full(len(on), 10.0)
    text = [
        f"<b>{words or 'the base'}</b>"
        + "".join(f"<br>{meaning(n).title}: {number(v[i], meaning(n).unit)}" for n, v in one.values.items())
        for i, words in enumerate(one.text)
    ]
    out = []
    for mine, name, mode in (
        (~on, f"{one.name}: beaten", "markers"),
        (on, f"{one.name}: front", "lines+markers"),
    ):
        places = np.flatnonzero(mine)
        places = places[np.argsort(np.array(one.values[x], np.float64)[places], kind="stable")]
        shade = color if mode != "markers" else FAINT
        mode = mode if not third else "markers"  # of three objectives the front is no line
        out.append(
            {
                "type": "scatter",
                "mode": mode,
                "name": name,
                "x": [one.values[x][i] for i in places],
                "y": [one.values[y][i] for i in places],
                "line": {"color": color, "width": 1.4},
                "marker": {"color": shade, "size": size[places].tolist(), "symbol": symbol},
                "text": [text[i] for i in places],
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    return out


def _sizes(values: Floats) -> Floats:
    """Sizes from 7 to 18 px."""
    low, high = float(np.min(values)), float(np.max(values))
    return np.asarray(7.0 + 11.0 * (values - low) / (high - low if high > low else 1.0), np.float64)


def _line(name: str, text: str, color: str) -> Line:
    return Line(name=name, values=np.zeros(0), text=text, color=color)
