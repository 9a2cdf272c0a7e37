"""Figures of what factors do to an outcome: main effects with their intervals, and two factors together."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...batch.analysis.effects import Interaction
from ...batch.analysis.intervals import chosen_ends
from ...batch.analysis.meaning import Meaning
from ..theme import BLUE, COLORWAY, FONT, GRAY, SEQUENTIAL, number
from .lines import Line, finished

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS, MOST_ROWS = 16, 60
"""Levels of one factor, and of all, that are drawn at most."""

LONGEST = 26
ROW_PX = 22


def shortened(text: str, most: int = LONGEST) -> str:
    """A text that is at most so long, with its end left out if it is longer.

    >>> shortened("intelligence.probe_every_s", 12)
    'intelligenc…'
    """
    return text if len(text) <= most else text[: most - 1] + "…"


def axis_of(meaning: Meaning) -> dict[str, Any]:
    """How the axis of an outcome is written: shares in percent."""
    return {"tickformat": ".3~%"} if meaning.unit == "share" else {}


def titled(meaning: Meaning) -> str:
    """An outcome with its unit, for an axis."""
    unit = "%" if meaning.unit == "share" else meaning.unit
    return f"{meaning.title} ({unit})" if unit else meaning.title


def effects_figure(effects: pd.DataFrame, meaning: Meaning, ordered: Collection[str] = ()) -> go.Figure:
    """The outcome at each level of each factor, with its interval; the factors below each other.

    Args:
        effects: from :func:`~swarmscale.batch.analysis.main_effects`.
        meaning: of the outcome.
        ordered: factors whose levels have an order, so that a line may join them.
    """
    shown = effects[effects.groupby("factor", sort=False).cumcount() < MOST_LEVELS][:MOST_ROWS]
    low, high = chosen_ends(shown)
    traces, lines, ticks = [], [], []
    row = 0
    for i, factor in enumerate(dict.fromkeys(shown["factor"])):
        mine = np.flatnonzero((shown["factor"] == factor).to_numpy(bool))
        ticks.append((row, f"<b>{shortened(str(factor))}</b>"))
        rows = row + 1 + np.arange(len(mine))
        ticks += [(int(y), shortened(str(shown["level"].iloc[j]))) for y, j in zip(rows, mine, strict=True)]
        row = int(rows[-1]) + 1
        color = COLORWAY[i % len(COLORWAY)]
        lines.append(
            Line(name=str(factor), values=np.zeros(0), text=meaning.text or meaning.title, color=color)
        )
        levels = _levels(shown.iloc[mine], rows, low[mine], high[mine], color, meaning)
        levels["mode"] = "lines+markers" if factor in ordered and len(mine) > 1 else "markers"
        traces.append(levels)
    more = len(effects) - len(shown)
    figure = finished(
        traces,
        f"Main effects: {meaning.title}",
        titled(meaning),
        "",
        lines,
        "whiskers: 95 %, Student's where draws are fewer than 8, else the bootstrap's"
        + (f"; {more} more levels are in the table of settings" if more else ""),
        {
            "showlegend": False,
            "height": max(260, 90 + ROW_PX * row),
            "xaxis": axis_of(meaning),
            "yaxis": {
                "tickvals": [y for y, _ in ticks],
                "ticktext": [text for _, text in ticks],
                "range": [row - 0.4, -0.6],
                "zeroline": False,
            },
        },
    )
    _mean_line(figure, shown["value"].to_numpy(np.float64))
    return figure


def _mean_line(figure: go.Figure, values: Floats) -> None:
    """A dotted line at the mean of all levels."""
    if not np.isfinite(values).any():
        return
    at = float(np.nanmean(values))
    line = {"width": 1, "dash": "dot", "color": GRAY}
    figure.add_shape(type="line", x0=at, x1=at, y0=0, y1=1, yref="paper", line=line)


def _levels(rows: pd.DataFrame, y: Any, low: Any, high: Any, color: str, meaning: Meaning) -> dict[str, Any]:
    value = rows["value"].to_numpy(np.float64)
    factor = str(rows["factor"].iloc[0])
    texts = [
        f"<b>{factor} = {level}</b><br>{number(v, meaning.unit)}"
        + (f" [{number(a, meaning.unit)}, {number(b, meaning.unit)}]" if np.isfinite(a) else "")
        + f"<br>{n} draws of {runs} runs" + (f", {lost} failed" if lost else "")
        for level, v, a, b, n, runs, lost in zip(
            rows["level"], value, low, high, rows["n"], rows["runs"], rows["failed"], strict=True
        )
    ]  # fmt: skip
    return {
        "type": "scatter",
        "x": value,
        "y": y,
        "name": factor,
        "line": {"color": color, "width": 1},
        "marker": {"color": color, "size": 8},
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": np.nan_to_num(high - value),
            "arrayminus": np.nan_to_num(value - low),
            "color": color,
            "thickness": 1.5,
            "width": 4,
        },
        "text": texts,
        "hovertemplate": "%{text}<extra></extra>",
    }


def interaction_figure(found: Interaction, meaning: Meaning) -> go.Figure:
    """Mean outcome at each pair of levels of two factors, as a heat map.

    Args:
        found: from :func:`~swarmscale.batch.analysis.interaction`.
        meaning: of the outcome.
    """
    scale = 100.0 if meaning.unit == "share" else 1.0
    texts = [[number(v, meaning.unit) for v in row] for row in found.means]
    beyond = [[number(v, meaning.unit) for v in row] for row in found.beyond]
    small = found.means.size <= 48
    share = (
        f"{100 * found.share:.1f} % of the variance between settings"
        if np.isfinite(found.share)
        else "nothing"
    )
    trace = {
        "type": "heatmap",
        "x": [shortened(name, 16) for name in found.columns],
        "y": [shortened(name, 16) for name in found.rows],
        "z": scale * found.means,
        "text": texts,
        "customdata": beyond,
        "texttemplate": "%{text}" if small else "",
        "coloraxis": "coloraxis",
        "hovertemplate": f"<b>{found.down} = %{{y}}, {found.across} = %{{x}}</b><br>%{{text}}"
        "<br>%{customdata} beyond the sum of both alone<extra></extra>",
    }
    what = "mean over the settings and replications with this pair of levels"
    return finished(
        [trace],
        f"{meaning.title}: {found.down} and {found.across}",
        found.across,
        found.down,
        [Line(name=meaning.title, values=np.zeros(0), text=meaning.text or what, color=BLUE)],
        f"together they explain {share} beyond each alone",
        {
            "height": max(300, 120 + 30 * len(found.rows)),
            "coloraxis": {
                "colorscale": SEQUENTIAL,
                "colorbar": {
                    "title": {"text": "%" if meaning.unit == "share" else meaning.unit},
                    "thickness": 12,
                },
            },
            "xaxis": {"type": "category", "showgrid": False},
            "yaxis": {"type": "category", "showgrid": False, "autorange": "reversed"},
            "font": {"family": FONT},
        },
    )
