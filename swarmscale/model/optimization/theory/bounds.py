"""Operational bounds of throughput and response time, from service demands alone."""

from __future__ import annotations

from typing import NamedTuple

from ....arrays import Floats
from ....errors import require


class Bounds(NamedTuple):
    """What throughput and response time must lie between.

    Attributes:
        per_s_low: tasks a second.
        per_s_high: tasks a second.
        response_low_s: s.
        response_high_s: s.
    """

    per_s_low: float
    per_s_high: float
    response_low_s: float
    response_high_s: float


def asymptotic(demands_s: Floats, tasks: float, think_s: float = 0.0) -> Bounds:
    """Bounds for so many tasks in a closed system of single servers.

    Args:
        demands_s: `[S]` service demand of each station, s.
        tasks: in the system or thought about.
        think_s: time between an answer and the next task, s.

    Source:
        Denning & Buzen (1978), *ACM Computing Surveys* 10(3): X <= min(1 / Dmax, N / (D + Z)).

    >>> asymptotic(np.array([2.0, 1.0]), 1).per_s_high
    0.3333333333333333
    """
    require(tasks > 0, "tasks", tasks, "above 0")
    total, largest = float(demands_s.sum()), float(demands_s.max())
    high = min(1 / largest, tasks / (total + think_s))
    low = tasks / (tasks * total + think_s)
    return Bounds(low, high, max(total, tasks * largest - think_s), tasks * total)


def balanced(demands_s: Floats, tasks: float, think_s: float = 0.0) -> Bounds:
    """Tighter bounds, by systems of the same total demand.

    A system is no faster than one with all stations alike, and no slower than one in which each is as slow as the
    slowest.

    Args:
        demands_s: `[S]` service demand of each station, s.
        tasks: in the system or thought about, 1 or more.
        think_s: time between an answer and the next task, s.

    Source:
        Zahorjan, Sevcik, Eager & Galler (1982), *CACM* 25(2), with think time as in Lazowska et al. (1984),
        *Quantitative System Performance*, table 5.2.

    >>> b = balanced(np.array([1.0, 1.0]), 3)
    >>> round(b.per_s_low, 6), round(b.per_s_high, 6)
    (0.75, 0.75)
    """
    require(tasks >= 1, "tasks", tasks, "1 or more")
    total, largest = float(demands_s.sum()), float(demands_s.max())
    mean = total / len(demands_s)
    more = tasks - 1
    slow = total + more * largest / (1 + think_s / (tasks * total))
    fast = total + more * mean / (1 + think_s / total)
    fast = max(fast, tasks * largest - think_s)
    return Bounds(tasks / (think_s + slow), min(1 / largest, tasks / (think_s + fast)), fast, slow)
