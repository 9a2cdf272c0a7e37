"""What tables say of the optimization engine: trials with their reasons, and thresholds with their states."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .theme import number
from .trouble_tables import DASH, MOST_ROWS, at

if TYPE_CHECKING:
    from ..model.optimization.engine import Optimizer
    from ..model.optimization.log import Trial

TRIAL_HEADS = ("at", "against", "strategy", "what was done", "expected", "measured", "state", "why")
THRESHOLD_HEADS = ("metric", "value", "limits of the average", "state", "since", "target")
METRIC_UNITS = {
    "latency_ms": "ms",
    "throughput_per_s": "1/s",
    "utilization": "share",
    "error_rate": "share",
    "availability": "share",
    "agent_s_per_task": "s",
    "queue_length": "",
}
TITLES = {
    "latency_ms": "network latency, mean",
    "throughput_per_s": "throughput",
    "utilization": "utilization",
    "error_rate": "errors",
    "availability": "tasks due met",
    "agent_s_per_task": "agent-seconds a task",
    "queue_length": "tasks waiting",
}


def trial_rows(trials: Sequence[Trial]) -> list[tuple[str, ...]]:
    """Trials, the newest first."""
    return [
        (at(one.time_s), one.kind, one.strategy, one.words, signed(one.expected), measured(one), one.state,
         one.reason or DASH)
        for one in reversed(trials[-MOST_ROWS:])
    ]  # fmt: skip


def signed(change: float) -> str:
    """A relative change in percent with its sign.

    >>> signed(-0.123), signed(float("nan"))
    ('-12.3 %', '–')
    """
    return DASH if math.isnan(change) else f"{100 * change:+.1f} %"


def measured(one: Trial) -> str:
    """The effect of a trial on its metric, with its interval."""
    if math.isnan(one.change):
        return DASH
    return f"{one.metric}: {signed(one.change)} ({signed(one.low)} to {signed(one.high)})"


def threshold_rows(optimizer: Optimizer) -> list[tuple[str, ...]]:
    """Each metric at the last look."""
    readings = optimizer.thresholds.series[-1] if optimizer.thresholds.series else ()
    rows: list[tuple[str, ...]] = []
    for one in readings:
        unit = METRIC_UNITS[one.metric]
        known = not math.isnan(one.low)
        limits = f"{number(one.low, unit)} to {number(one.high, unit)}" if known else DASH
        target = number(one.target, unit) + ("" if one.on_target or math.isnan(one.target) else ", missed")
        rows.append((TITLES[one.metric], number(one.value, unit), limits, one.state, at(one.since_s), target))
    return rows
