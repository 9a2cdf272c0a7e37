"""The figure of a race: what each policy costs at which rate of violations, over the sweep of its knob."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from ...model.scaling.frontier import LEAST
from ..race_tables import ALONE
from ..theme import BLUE, FAINT, GRAY, GREEN, ORANGE, PURPLE, SKY, VERMILLION
from .lines import Line, finished

if TYPE_CHECKING:
    import pandas as pd

COLORS = {
    "quantile": BLUE,
    "quantile-naive": BLUE,
    "learned": GREEN,
    "hpa": ORANGE,
    "hpa-capped": ORANGE,
    "kpa": PURPLE,
    "target": SKY,
    "seed": VERMILLION,
    "static": GRAY,
}
ALIKE = {"quantile-naive": "dot", "hpa-capped": "dot"}
"""Dashes of those that share another's color."""

DASHES = ("solid", "dot", "dash", "dashdot", "longdash")
LOOSEST = 0.05
"""Costs at more violations than this do not widen the figure downwards."""

HIGHEST = 2.6
"""Costs above this many times the oracle's lie outside the figure until one zooms out."""

WHAT = "cost / oracle at the rate of violations, a point for each value of its knob; the large one is its default"


def frontier_figure(
    cells: pd.DataFrame,
    trace: str,
    bounds: Mapping[float, float],
    violation: str = "work that arrived while too few agents were ready (share of work)",
    cost: str = "cost / cost of perfect foresight",
) -> go.Figure:
    """Cost relative to the oracle's over violations on one trace, in its scored part; the rules of ``seed`` apart.

    Args:
        cells: of a race.
        trace: its name.
        bounds: the relaxed bound relative to the oracle, by violation; empty if there is none.
        violation: title of the axis of violations.
        cost: title of the axis of costs.
    """
    alone = cells["policy"].isin(ALONE)
    swept = cells if alone.all() else cells[~alone]
    mine = swept[(swept["trace"] == trace) & (swept["part"] == "score")]
    traces, lines = [], []
    for number, (policy, group) in enumerate(mine.groupby("policy", sort=False)):
        line = Line(
            name=str(policy),
            values=group["cost_per_oracle"].to_numpy(np.float64),
            text=WHAT,
            color=COLORS.get(str(policy), FAINT),
            dash=ALIKE.get(str(policy), "solid" if policy in COLORS else DASHES[number % len(DASHES)]),
        )
        lines.append(line)
        traces.append(_sweep(group, line))
    if bounds:
        traces.append(_bound(bounds))
        text = "least cost of any plan that violates as much, known from the future"
        lines.append(Line(name="perfect foresight", values=np.zeros(0), text=text, color=GREEN))
    figure = finished(
        traces,
        f"Cost over violations: {trace}",
        violation,
        cost,
        lines,
        f"lower and further left is better; less than {LEAST:.2%} stands at the left edge",
    )
    figure.update_layout(height=460)
    figure.update_xaxes(type="log", range=[np.log10(LEAST) - 0.1, 0], tickformat=".2~%", dtick=1)
    costs = mine["cost_per_oracle"].to_numpy(np.float64)
    lowest = min(
        0.95, float(np.nanmin(costs[mine["violation"].to_numpy(np.float64) <= LOOSEST], initial=1.0))
    )
    figure.update_yaxes(range=[lowest, min(HIGHEST, max(float(np.nanmax(costs)) + 0.05, 1.2))])
    return figure


def _sweep(group: pd.DataFrame, line: Line) -> go.Scatter:
    hover = [_hover(line.name, row) for row in group.to_dict("records")]
    return go.Scatter(
        x=np.maximum(group["violation"].to_numpy(np.float64), LEAST),
        y=line.values,
        mode="lines+markers" if len(group) > 1 else "markers",
        name=line.name,
        line={"color": line.color, "width": 1.6, "dash": line.dash},
        marker={"color": line.color, "size": np.where(group["default"].to_numpy(bool), 11, 6)},
        text=hover,
        hovertemplate="%{text}<extra></extra>",
    )


def _hover(policy: str, row: dict[Any, Any]) -> str:
    knob = f" at {row['knob']} {row['value']:g}" if row["knob"] else ""
    default = " (default)" if row["default"] else ""
    return (
        f"<b>{policy}</b>{knob}{default}<br>cost {row['cost_per_oracle']:.3f} of the oracle's"
        f"<br>{row['violation']:.3%} of the work violated<br>{row['actions_per_day']:,.0f} actions a day"
    )


def _bound(bounds: Mapping[float, float]) -> go.Scatter:
    x = [LEAST, *sorted(bounds)]
    return go.Scatter(
        x=x,
        y=[1.0, *(bounds[v] for v in sorted(bounds))],
        mode="lines",
        name="perfect foresight",
        line={"color": GREEN, "width": 1.2, "dash": "dash"},
        hovertemplate="<b>perfect foresight</b><br>at least %{y:.4f} at %{x:.2%}<extra></extra>",
    )
