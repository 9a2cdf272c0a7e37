"""Operational laws, and bounds of throughput and response time from service demands alone."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

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


def demand_s(busy_s: Floats, answered: float) -> Floats:
    """`[S]` service demands, s of work a task answered: the service demand law; NaN without an answer.

    Args:
        busy_s: `[S]` time that each station was at work, s; of several servers the sum.
        answered: tasks in that time.

    Source:
        Denning & Buzen (1978), *ACM Computing Surveys* 10(3): D = B / C.

    >>> demand_s(np.array([30.0, 6.0]), 60).tolist()
    [0.5, 0.1]
    """
    return np.asarray(busy_s / answered if answered > 0 else np.full(len(busy_s), np.nan))


def utilization(demands_s: Floats, per_s: float, servers: Floats | float = 1.0) -> Floats:
    """`[S]` busy share of the servers of each station at a throughput: the utilization law.

    Source:
        Denning & Buzen (1978), *ACM Computing Surveys* 10(3): U = X D, for each of m servers X D / m.

    >>> utilization(np.array([0.5, 0.1]), 1.5).round(6).tolist()
    [0.75, 0.15]
    """
    return np.asarray(per_s * demands_s / servers)


def open_response_s(demands_s: Floats, per_s: float) -> tuple[float, float]:
    """Bounds of the mean response of an open network of single servers with so many arrivals a second, s.

    Both are those of balanced systems: one of the same total demand, one as slow everywhere as the slowest station.
    Infinite from where the slowest station, or all of them, would be busy all the time.

    Args:
        demands_s: `[S]` service demand of each station, s.
        per_s: arrivals.

    Source:
        Zahorjan, Sevcik, Eager & Galler (1982), *CACM* 25(2); Lazowska et al. (1984), *Quantitative System
        Performance*, table 5.2.

    >>> open_response_s(np.array([1.0, 1.0]), 0.5)
    (4.0, 4.0)
    """
    total, largest = float(demands_s.sum()), float(demands_s.max())
    if per_s * largest >= 1:
        return float(np.inf), float(np.inf)
    return total / (1 - per_s * total / len(demands_s)), total / (1 - per_s * largest)


def asymptotic(
    demands_s: Floats, tasks: float, think_s: float = 0.0, servers: Floats | float = 1.0
) -> Bounds:
    """Bounds for so many tasks in a closed system.

    For an open one, ``per_s_high`` with infinitely many tasks is the largest rate of arrivals that it can bear.

    Args:
        demands_s: `[S]` service demand of each station, s.
        tasks: in the system or thought about.
        think_s: time between an answer and the next task, s.
        servers: `[S]` of each station, all of them for any task there.

    Source:
        Denning & Buzen (1978), *ACM Computing Surveys* 10(3): X <= min(1 / Dmax, N / (D + Z)).

    >>> asymptotic(np.array([2.0, 1.0]), 1).per_s_high
    0.3333333333333333
    >>> asymptotic(np.array([2.0, 1.0]), 100, servers=np.array([8.0, 1.0])).per_s_high
    1.0
    """
    require(tasks > 0, "tasks", tasks, "above 0")
    total, largest = float(demands_s.sum()), float((demands_s / servers).max())
    high = min(1 / largest, tasks / (total + think_s))
    low = 1 / (total + think_s / tasks)
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
