"""Figures of chaos runs: what was answered in time over the runs, and what each case misses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go

from ...arrays import Floats
from ...model.columns import ratio
from ..theme import BLUE, GRAY, ORANGE, see_through
from .lines import finished, time_unit
from .links import terms
from .resilience import plain

WINDOW_S = 60.0
"""Stretch over which tasks due are summed, s."""
COURSE_READ = (
    "Share of the tasks due in each minute that were answered within their deadline (%): the line is of all runs "
    "together, the band from the worst run to the best. The lower the dip, the more a fault cost."
)
MISSED_READ = (
    "Share of the tasks due that were not answered in time (%, logarithmic): mean over runs with its 95 % interval. "
    "What lies left of the dashed line keeps the objective."
)
COLORS = (BLUE, ORANGE)
FLOOR = 1e-6
"""Less than this stands here on the logarithmic axis."""


def course(runs: Mapping[str, tuple[Floats, Floats, Floats]], objective: float) -> go.Figure | None:
    """Tasks answered in time, minute by minute; None before the first deadline.

    Args:
        runs: for each case `[T]` ends of ticks in s, `[R, T]` tasks due, `[R, T]` answered in time.
        objective: share of the tasks due that must be.
    """
    known = {name: one for name, one in runs.items() if one[1].any()}
    if not known:
        return None
    end_s = max(float(time_s[-1]) for time_s, _, _ in known.values())
    divisor, unit = time_unit(end_s)
    traces: list[dict[str, Any]] = []
    for i, (name, (time_s, due, met)) in enumerate(known.items()):
        edges = np.arange(0, len(time_s), max(round(WINDOW_S / float(time_s[0])), 1))
        summed = [np.add.reduceat(x, edges, axis=1) for x in (due, met)]
        x = plain((time_s[np.append(edges[1:], len(time_s)) - 1] / divisor).tolist())
        each, whole = ratio(summed[1], summed[0]), ratio(summed[1].sum(axis=0), summed[0].sum(axis=0))
        traces += _band(x, np.fmin.reduce(each), np.fmax.reduce(each), COLORS[i % 2])
        traces.append(
            {
                "type": "scatter", "mode": "lines", "name": name, "x": x, "y": whole.astype(np.float32),
                "line": {"color": COLORS[i % 2], "width": 2.2, "dash": "solid" if i == 0 else "dot"},
                "hovertemplate": f"<b>{name}</b>: %{{y:.3%}} in the minute<br>until %{{x:,.4~g}} {unit}<extra></extra>",
            }
        )  # fmt: skip
    ends = plain([0.0, end_s / divisor])
    traces.append(
        {
            "type": "scatter", "mode": "lines", "name": "objective", "x": ends, "y": plain([objective, objective]),
            "line": {"color": GRAY, "width": 1.4, "dash": "dash"},
            "hovertemplate": "objective: %{y:.4%}<extra></extra>",
        }
    )  # fmt: skip
    number = max(len(due) for _, due, _ in known.values())
    return finished(
        traces,
        "Answered in time",
        f"simulated time ({unit})",
        "tasks due that were answered in time (%)",
        terms(("answered in time", COURSE_READ)),
        f"{number:,} {'run' if number == 1 else 'runs'} of each case",
        {"yaxis": {"tickformat": ".4~%"}, "height": 400},
    )


def _band(x: Any, low: Floats, high: Floats, color: str) -> list[dict[str, Any]]:
    edge = {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "line": {"width": 0},
        "showlegend": False,
        "hoverinfo": "skip",
    }
    return [
        edge | {"y": low.astype(np.float32)},
        edge | {"y": high.astype(np.float32), "fill": "tonexty", "fillcolor": see_through(color, 0.18)},
    ]


def missed(
    names: Sequence[str], available: Sequence[tuple[float, float, float]], objective: float
) -> go.Figure | None:
    """What each case misses of its tasks, with intervals; None without a case that was measured.

    Args:
        names: of the cases.
        available: value and ends of the interval of each case's availability by task.
        objective: share of the tasks due that must be answered in time.
    """
    rows = [(name, one) for name, one in zip(names, available, strict=True) if np.isfinite(one[0])]
    if not rows:
        return None
    value, low, high = (np.array([1 - one[i] for _, one in rows]) for i in (0, 2, 1))
    at = np.maximum(value, FLOOR)
    low, high = (np.where(np.isfinite(x), np.maximum(x, FLOOR), at) for x in (low, high))
    y = [name for name, _ in rows]
    traces = [
        {
            "type": "scatter", "mode": "markers", "name": "not answered in time", "x": plain(at.tolist()), "y": y,
            "marker": {"color": BLUE, "size": 10},
            "error_x": {"type": "data", "array": plain((high - at).tolist()), "arrayminus": plain((at - low).tolist()),
                        "color": BLUE, "thickness": 1.6, "width": 5},
            "hovertemplate": "<b>%{y}</b>: %{x:.4%} not answered in time<extra></extra>",
        },
        {
            "type": "scatter", "mode": "lines", "name": "allowed by the objective",
            "x": plain([1 - objective, 1 - objective]), "y": [y[0], y[-1]],
            "line": {"color": GRAY, "dash": "dash", "width": 1.4}, "hovertemplate": "allowed: %{x:.4%}<extra></extra>",
        },
    ]  # fmt: skip
    return finished(
        traces,
        "What each case misses",
        "tasks due that were not answered in time (%, logarithmic)",
        "case (name)",
        terms(
            ("not answered in time", MISSED_READ),
            ("allowed by the objective", "1 - resilience.health.objective"),
        ),
        "",
        {
            "xaxis": {"type": "log", "tickformat": ".2~p", "dtick": 1},
            "yaxis": {"type": "category", "categoryorder": "array", "categoryarray": y[::-1]},
            "height": 150 + 34 * max(len(rows), 3),
        },
    )
