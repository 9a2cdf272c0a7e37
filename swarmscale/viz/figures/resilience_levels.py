"""The figure of what is silent now, and how strongly it is suspected."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from ..theme import FAINT, GRAY, ORANGE, VERMILLION
from .lines import finished
from .links import terms
from .resilience import plain

MOST_BARS = 24
"""Things in the figure, the most suspected ones."""
LEVEL_READ = (
    "What sends no heartbeats now, with its level of suspicion over that at which it is held to be dead (no unit): phi "
    "of the detector, or silence over the timeout. Beyond the line it is suspected; striped bars are not yet."
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
    """Levels of suspicion as bars, the highest on top; None if nothing is silent.

    Args:
        silent: what sends nothing.
        now_s: s.
    """
    if not silent:
        return None
    ranked = sorted(silent, key=lambda one: one.level / one.limit)
    shown = ranked[-MOST_BARS:]
    reached = [one.level >= one.limit for one in shown]
    bars = {
        "type": "bar", "orientation": "h", "name": "level", "showlegend": False,
        "x": plain([min(one.level / one.limit, 3.0) for one in shown]), "y": list(range(len(shown))),
        "marker": {
            "color": [VERMILLION if held else ORANGE for held in reached],
            "pattern": {"shape": ["" if held else "/" for held in reached], "fillmode": "overlay", "fgopacity": 0.6},
            "line": {"width": 1, "color": FAINT},
        },
        "text": [
            f"<b>{one.target}</b> ({one.tier}), silent for {now_s - one.since_s:,.3g} s<br>level {one.level:,.3g}, "
            f"suspected from {one.limit:,.3g}" for one in shown
        ],
        "textposition": "none", "hovertemplate": "%{text}<extra></extra>",
    }  # fmt: skip
    line = {
        "type": "scatter", "mode": "lines", "name": "suspected", "x": plain([1.0, 1.0]),
        "y": plain([-0.6, len(shown) - 0.4]), "line": {"color": GRAY, "width": 2, "dash": "dash"},
        "hoverinfo": "skip", "showlegend": False,
    }  # fmt: skip
    more = f"the {len(shown)} most suspected of {len(silent):,}" if len(shown) < len(silent) else ""
    return finished(
        [bars, line],
        "Silent, and how suspected",
        "level / level at which it is suspected (no unit; 3 and more stand at 3)",
        "what is silent (name)",
        terms(("level", LEVEL_READ)),
        more,
        {
            "height": 130 + 20 * max(len(shown), 4),
            "xaxis": {"rangemode": "tozero"},
            "yaxis": {"tickvals": list(range(len(shown))), "ticktext": [one.target for one in shown],
                      "showgrid": False},
        },
    )  # fmt: skip
