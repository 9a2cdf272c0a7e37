"""Whether a change is kept: its metric must have fallen, and nothing else may have got worse."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..collective_memory.tally import SERIES
from .figures import Series, series
from .trial import Change, compare

if TYPE_CHECKING:
    from ..swarm import SwarmModel
    from .settings import Optimization

GUARDS = (("response_s", 0.10), ("agent_s_per_task", 0.05))
"""Metrics that must not get worse by more than this relative amount (assumed), whatever was to be lowered."""
PAID = ("busy_s_per_task", 0.03)
"""The same beside a scaler, which makes agents of what is busy (assumed)."""
ERRORS = ("error_rate", "late")
"""Shares that must not rise by more than the error rate that is tolerated."""
RECALL = 0.10
"""Relative amount by which the bytes that are recalled may fall while less is held in memory (assumed)."""


def remembered(model: SwarmModel, name: str, from_s: float, until_s: float) -> Series:
    """A column of the collective memory's accounts in a stretch of time, one value a period of its own.

    What is ``recalled`` are bytes held x memory efficiency: those looked up within the retention window.
    """
    keeper = model.collective_memory
    assert keeper is not None
    rows = keeper.tally.rows
    there = (rows[:, 0] > from_s) & (rows[:, 0] <= until_s + 1e-9)
    held = rows[there, SERIES.index("bytes")]
    values = held * rows[there, SERIES.index("efficiency")] if name == "recalled" else held
    return Series(values, np.zeros(len(values)))


class Verdict(NamedTuple):
    """What became of a trial.

    Attributes:
        kept: whether the change stays.
        change: of the metric.
        reason: in words.
        worse: relative amount by which something else got worse; 0 if nothing did.
    """

    kept: bool
    change: Change
    reason: str
    worse: float


def judge(
    model: SwarmModel,
    metric: str,
    *,
    before: tuple[float, float],
    after: tuple[float, float],
    settings: Optimization,
) -> Verdict:
    """Compare a window after a change with one before it.

    Args:
        model: whose records tell.
        metric: that was to fall.
        before: begin and end of the window before, s.
        after: the same after.
        settings: level of the test, least gain.
    """

    def of(name: str) -> Change:
        if name in ("memory_bytes", "recalled"):
            parts = [remembered(model, name, *window) for window in (before, after)]
            return compare(parts[0], parts[1], settings.level)
        scaled = model.scaler is not None and name != "agent_s_per_task"
        raws = [model.records.raw(*_ticks(model, *window)) for window in (before, after)]
        first, then = (series(raw, name, scaled=scaled) for raw in raws)
        return compare(first, then, settings.level)

    change = of(metric)
    if change.moved:
        return Verdict(
            False, change, "demand before and after has nothing in common, so nothing can be told", 0.0
        )
    if not change.lower < settings.level:
        return Verdict(False, change, f"no fall of {metric} beyond chance: p {change.lower:.2g}", 0.0)
    if not change.relative < -settings.least:
        least = f"{100 * settings.least:g} %"
        return Verdict(
            False, change, f"{metric} fell by {-100 * change.relative:.1f} %, less than {least}", 0.0
        )
    if metric == "memory_bytes":
        recall = of("recalled")
        if recall.lower < settings.level and recall.relative < -RECALL:
            said = f"{metric} fell, but so did what is recalled, by {-100 * recall.relative:.1f} %"
            return Verdict(False, change, said, -recall.relative)
    for name, tolerated in GUARDS if model.scaler is None else (*GUARDS, PAID):
        if name == metric:
            continue
        other = of(name)
        if other.higher < settings.level and other.relative > tolerated:
            said = f"{metric} fell by {-100 * change.relative:.1f} %, but {name} rose by {100 * other.relative:.1f} %"
            return Verdict(False, change, said, other.relative)
    for name in ERRORS:
        other = of(name)
        rise = other.after - other.before
        if name != metric and other.higher < settings.level and rise > settings.error_rate:
            said = (
                f"{metric} fell by {-100 * change.relative:.1f} %, but {name} rose by {100 * rise:.2g} points"
            )
            return Verdict(False, change, said, rise)
    return Verdict(
        True, change, f"{metric} fell by {-100 * change.relative:.1f} %, p {change.lower:.2g}", 0.0
    )


def reward(verdict: Verdict) -> float | None:
    """Gain that a trial has shown: the fall of its metric, or minus what got worse; None if nothing can be told."""
    if verdict.change.moved or np.isnan(verdict.change.relative):
        return None
    return -verdict.worse if verdict.worse > 0 else -verdict.change.relative


def _ticks(model: SwarmModel, from_s: float, until_s: float) -> tuple[int, int]:
    dt = model.config.dt
    return round(from_s / dt), round(until_s / dt)
