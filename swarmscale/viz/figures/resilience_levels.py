"""The figure of what is silent now, and how strongly it is suspected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from ..theme import GRAY, ORANGE, VERMILLION
from .lines import finished
from .links import terms
from .resilience import plain

MOST_ROWS = 24
"""Things in the figure."""
LEAST, MOST = 0.01, 100.0
"""Levels over the limit that have a place; lower and higher ones stand at the edge."""
LEVEL_READ = (
    "What sends no heartbeats now, with its level of suspicion over that at which it is held to be dead (no unit, "
    "logarithmic): phi of the detector, or silence over the timeout. Left of the line an open circle is not suspected "
    "yet, right of it a full diamond is."
)
TERMS = (
    ("waiting", "silent, but not for long enough to be held to be dead"),
    ("suspected", "held to be dead; what is done about it begins with the next tick"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silent:
    """Something that sends no heartbeats.

    Attributes:
        tier: "agent", "lead", "node" or "link".
        target: in words.
        since_s: when it fell silent, s.
        level: level of suspicion now.
        limit: level at which it is suspected.
    """

    tier: str
    target: str
    since_s: float
    level: float
    limit: float


def levels(silent: Sequence[Silent], now_s: float) -> go.Figure | None:
    """Levels of suspicion, the highest on top; None if nothing is silent.

    Args:
        silent: what sends nothing.
        now_s: s.
    """
    if not silent:
        return None
    shown = sorted(silent, key=lambda one: one.level / one.limit)[-MOST_ROWS:]
    rows = list(enumerate(shown))
    traces = [
        {
            "type": "scatter", "mode": "markers", "name": name,
            "x": plain([min(max(one.level / one.limit, LEAST), MOST) for _, one in mine]),
            "y": plain([row for row, _ in mine]),
            "marker": {"symbol": symbol, "size": 10, "color": color, "line": {"width": 1.8, "color": color}},
            "text": [
                f"<b>{one.target}</b> ({one.tier}), silent for {now_s - one.since_s:,.3g} s<br>level {one.level:,.3g}, "
                f"suspected from {one.limit:,.3g}" for _, one in mine
            ],
            "hovertemplate": "%{text}<extra></extra>",
        }
        for name, symbol, color, mine in (
            ("waiting", "circle-open", ORANGE, [pair for pair in rows if pair[1].level < pair[1].limit]),
            ("suspected", "diamond", VERMILLION, [pair for pair in rows if pair[1].level >= pair[1].limit]),
        )
    ]  # fmt: skip
    line = {
        "type": "scatter", "mode": "lines", "name": "limit", "x": plain([1.0, 1.0]),
        "y": plain([-0.6, len(shown) - 0.4]), "line": {"color": GRAY, "width": 2, "dash": "dash"}, "hoverinfo": "skip",
    }  # fmt: skip
    edges = [math.log10(LEAST) - 0.1, math.log10(MOST) + 0.1]
    return finished(
        [*(trace for trace in traces if len(trace["x"])), line],
        "Silent, and how suspected",
        "level / level at which it is suspected (no unit)",
        "what is silent (name)",
        terms(*TERMS),
        f"the {len(shown)} most suspected of {len(silent):,}" if len(shown) < len(silent) else "",
        {
            "height": 140 + 20 * max(len(shown), 4),
            "xaxis": {"type": "log", "range": edges, "dtick": 1},
            "yaxis": {"tickvals": [row for row, _ in rows], "ticktext": [one.target for one in shown],
                      "range": [-0.8, len(shown) - 0.2], "zeroline": False},
        },
    )  # fmt: skip
