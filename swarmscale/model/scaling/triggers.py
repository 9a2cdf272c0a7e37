"""When the origin's rules fire: four plain triggers, and a control limit that follows the cost per task.

A trigger gives the reason why it is on, with the figures, or an empty text.
"""

from __future__ import annotations

from math import exp

from .base import Seen

type Limit = tuple[float, float]
"""Centre of the cost per task, and its mean absolute deviation from it; both 0 before the first cost is known."""

NO_LIMIT: Limit = (0.0, 0.0)

FIRST_DEVIATION = 0.1
"""Deviation that is assumed at first, as a share of the cost."""


def high_demand(now: Seen, utilization: float, backlog_s: float) -> str:
    """There is too much to do: busy agents, or work that waits."""
    if now.utilization > utilization:
        return f"utilization {now.utilization:.3f} above {utilization:.3g}"
    if now.backlog_s > backlog_s:
        return f"backlog {now.backlog_s:.1f} s above {backlog_s:g} s"
    return ""


def low_demand(now: Seen, utilization: float) -> str:
    """There is too little to do: idle agents and nothing that waits."""
    if now.utilization < utilization and now.backlog_s <= 0:
        return f"utilization {now.utilization:.3f} below {utilization:.3g} and no backlog"
    return ""


def surge_ahead(now: Seen, k: float = 1.0) -> str:
    """The upper forecast quantile at 300 s, k times, exceeds the capacity."""
    if k * now.upper_later > now.capacity:
        return f"upper quantile at 300 s {now.upper_later:.1f} x {k:g} exceeds capacity {now.capacity:.1f}"
    return ""


def overload(now: Seen, late_share: float, error_rate: float) -> str:
    """Deadlines are missed, or tasks are dropped."""
    if now.late_share > late_share:
        return f"share of late work {now.late_share:.4f} above {late_share:g}"
    if now.error_rate > error_rate:
        return f"error rate {now.error_rate:.4f} above {error_rate:g}"
    return ""


def followed(now: Seen, limit: Limit, memory_s: float, width: float) -> tuple[float, Limit]:
    """The control limit for the present cost per task, and what to remember of it.

    A moving-centre EWMA chart: centre z and mean absolute deviation d of the one-step errors both follow the cost
    with the weight 1 - exp(-period / memory); the limit is z + width x 1.25 d, 1.25 d being the standard deviation
    of normal errors. A cost beyond the limit is taken in as if it lay on it, so that a fleet that stays too dear
    raises its own limit slowly.

    Args:
        now: what is seen; a cost of 0 (no task was answered) moves nothing.
        limit: what is remembered.
        memory_s: time that the chart looks back, s.
        width: standard deviations from the centre to the limit.

    Returns:
        The limit, from earlier costs alone (infinite before there are any), and what to remember.

    Source:
        Montgomery & Mastrangelo, Some statistical process control methods for autocorrelated data, *Journal of
        Quality Technology* 23(3), 179-193 (1991); clipping as in Croux, Gelper & Mahieu, Robust control charts for
        time series data, *Expert Systems with Applications* 38(11), 13810-13815 (2011).
    """
    cost, (centre, deviation) = now.cost_per_task, limit
    if centre <= 0:
        return float("inf"), ((cost, FIRST_DEVIATION * cost) if cost > 0 else limit)
    bound = centre + width * 1.25 * deviation
    if cost <= 0:
        return bound, limit
    weight = 1 - exp(-now.period_s / memory_s)
    error = min(cost, bound) - centre
    return bound, (centre + weight * error, deviation + weight * (abs(error) - deviation))


def too_dear(now: Seen, bound: float) -> str:
    """The cost per task lies above its limit."""
    if now.cost_per_task > bound:
        return f"cost per task {now.cost_per_task:.4g} above its limit {bound:.4g}"
    return ""
