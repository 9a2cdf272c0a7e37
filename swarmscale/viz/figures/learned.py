"""Figures of what is learned and kept: gain of skill by practice, and how fresh a collective memory is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...model.learning.series import Lesson
from ..theme import BLUE, GREEN, ORANGE, PURPLE, length, number
from .lines import Line
from .series import moments

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

GAIN_TEXT = "mean of an agent's skill over that at its birth, less 1, over the types that tasks ask for"
TASKS_TEXT = "tasks finished since learning began, summed over periods with the fleet of each"
STALE_TEXT = "reads of a period that gave a version older than one whose write was complete before they began"
EFFICIENCY_TEXT = "bytes recalled within the retention window / bytes held"
BRIER_TEXT = (
    "mean squared difference of beliefs that were read and what was true; 0 is best, 0.25 is guessing"
)
CONVERGENCE_TEXT = "mean time from a write until every node that is up holds it, over those that got there"


def learning(lessons: Sequence[Lesson]) -> Figure | None:
    """Mean gain of skill and tasks practised by an agent, over time; None before the first update."""
    if not lessons:
        return None
    last = lessons[-1]
    lines = [
        Line(name="gain of skill", values=np.array([one.gain for one in lessons]), text=GAIN_TEXT, color=BLUE,
             unit="share", width=2.2),
        Line(name="tasks practised", values=np.array([one.per_agent for one in lessons]), text=TASKS_TEXT, color=ORANGE,
             unit="tasks per agent", dash="dot"),
    ]  # fmt: skip
    note = f"{last.tasks:,} tasks practised; {number(last.pace, 's')} of service for a second of work"
    return moments(
        "Learning",
        lines,
        np.array([one.time_s for one in lessons], np.float64),
        "gain of skill (%)",
        what="updates",
        note=note,
        share=True,
        right="tasks practised (per agent)",
    )


def memory(series: pd.DataFrame) -> Figure | None:
    """Stale reads, use and calibration of the collective memory, and its convergence; None before the first period.

    Args:
        series: a row for each period, with ``time_s``, ``stale_share``, ``efficiency``, ``brier``, ``convergence_s``,
            ``facts`` and ``refused``.
    """
    if not len(series):
        return None
    looks: tuple[tuple[str, str, str, str, dict[str, Any]], ...] = (
        ("stale reads", "stale_share", STALE_TEXT, BLUE, {"unit": "share", "width": 2.2}),
        ("bytes used", "efficiency", EFFICIENCY_TEXT, GREEN, {"unit": "share"}),
        ("Brier score of beliefs", "brier", BRIER_TEXT, PURPLE, {"unit": "share"}),
        ("convergence", "convergence_s", CONVERGENCE_TEXT, ORANGE, {"unit": "s", "dash": "dot"}),
    )
    lines = [
        Line(name=name, values=series[key].to_numpy(np.float64), text=text, color=color, **more)
        for name, key, text, color, more in looks
    ]
    lines = [line for line in lines if np.isfinite(line.values).any()]
    if not lines or lines[0].unit != "share":
        return None
    time_s = series["time_s"].to_numpy(np.float64)
    note = (
        f"{int(series['facts'].iloc[-1]):,} facts held; {int(series['refused'].sum()):,} operations refused or given "
        f"up in {length(float(time_s[-1]))}"
    )
    return moments(
        "Collective memory",
        lines,
        time_s,
        "share (%); Brier score (times 100)",
        what="periods",
        note=note,
        share=True,
        right="convergence (s)" if any(line.unit == "s" for line in lines) else "",
    )
