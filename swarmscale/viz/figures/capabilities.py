"""What kinds of intelligence tasks ask for, and what the agents that are ready could give of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from ...agents.fleet import BUSY, DRAINING, IDLE, Fleet
from ...agents.skills import SKILL_UNIT, TYPES
from ...arrays import Floats
from ..theme import BLUE, GREEN, ORANGE, SEQUENTIAL
from .lines import Line, finished, hover

if TYPE_CHECKING:
    from ...model.flow.engine import TaskFlow

SUPPLY_TEXT = (
    "sum of speed x skill for tasks of the type over ready agents of the kind, in ideal agents of speed 1"
)
DEMAND_TEXT = "share of the tasks in agents' hands or waiting in clusters that ask for the type"
OFFER_TEXT = "share of the type's own kind in what all ready agents could give to tasks of their own types"


def supply(fleet: Fleet) -> Floats:
    """`[6, 6]` speed x skill for tasks of a type (row), summed over the ready agents of a kind (column)."""
    rows = fleet.rows
    ready = (rows.state == IDLE) | (rows.state == BUSY)
    rate = np.where(ready, SKILL_UNIT / rows.slowness.astype(np.float64), 0.0)
    kind = rows.kind.reshape(-1)
    return np.array(
        [
            np.bincount(kind, weights=(rate * rows.skill[:, t, :]).reshape(-1), minlength=len(TYPES))
            for t in range(len(TYPES))
        ]
    )


def demand(flow: TaskFlow) -> Floats:
    """`[6]` tasks in agents' hands or waiting in clusters, by the type that they ask for."""
    state = flow.fleet.rows.state
    held = flow.hands.meta[(state == BUSY) | (state == DRAINING)]
    waiting = flow.pools[2]
    classes = np.concatenate([held, waiting.tasks.meta[: waiting.n]]) & 15
    types = flow.demand.marks.class_type[classes]
    return np.bincount(types, minlength=len(TYPES)).astype(np.float64)


def matrix(wanted: Floats, offered: Floats) -> go.Figure | None:
    """Heat map of types by kinds of agents, beside the shares of demand and supply; None without ready agents.

    Args:
        wanted: `[6]` tasks by type.
        offered: `[6, 6]` see :func:`supply`.
    """
    if not offered.any():
        return None
    cells = {
        "type": "heatmap",
        "z": offered.astype(np.float32),
        "x": list(TYPES),
        "y": list(TYPES),
        "coloraxis": "coloraxis",
        "texttemplate": "%{z:,.3~s}",
        "hovertemplate": hover("supply", SUPPLY_TEXT, "z", "agents", "tasks: %{y}; agents: %{x}"),
        "name": "supply",
    }
    asked = wanted / wanted.sum() if wanted.any() else np.full(len(TYPES), np.nan)
    own = offered.diagonal()
    given = own / own.sum() if own.any() else np.full(len(TYPES), np.nan)
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "x": values.astype(np.float32),
            "y": list(TYPES),
            "xaxis": "x2",
            "name": name,
            "marker": {"color": color},
            "hovertemplate": hover(name, text, "x", "share", "tasks: %{y}"),
        }
        for name, values, color, text in (
            ("demand", asked, ORANGE, DEMAND_TEXT),
            ("supply", given, BLUE, OFFER_TEXT),
        )
    ]
    lines = [
        Line(name=name, values=np.zeros(0), text=text, color=GREEN)
        for name, text in (("supply of a cell", SUPPLY_TEXT), ("demand", DEMAND_TEXT), ("supply", OFFER_TEXT))
    ]
    more = {
        "showlegend": True,
        "bargap": 0.25,
        "xaxis": {"domain": [0.0, 0.66]},
        "xaxis2": {
            "domain": [0.72, 1.0],
            "title": {"text": "share (%)"},
            "tickformat": ".0%",
            "rangemode": "tozero",
        },
        "yaxis": {"autorange": "reversed"},
        "coloraxis": {"colorscale": SEQUENTIAL, "cmin": 0, "showscale": False},
    }
    return finished(
        [cells, *bars],
        "Types of tasks by kinds of agents",
        "kind of agent (type of its own)",
        "type of task (what it asks for)",
        lines,
        "cells: supply in agents; bars: shares of demand and of the supply by the type's own kind",
        more,
    )
