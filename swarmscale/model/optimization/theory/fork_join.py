"""Fork-join: how long a task takes that is split over several servers."""

from __future__ import annotations

from ....arrays import Floats
from ....errors import require


def harmonic(parts: int) -> float:
    """Mean of the largest of so many exponential times of mean 1: 1 + 1/2 + ... + 1/parts.

    >>> harmonic(3)
    1.8333333333333333
    """
    return float(sum(1 / k for k in range(1, parts + 1)))


def two_queues(load: float, service_s: float = 1.0) -> float:
    """Mean response of a task whose two exponential parts wait in a queue each, exactly.

    Args:
        load: of each server, in [0, 1).
        service_s: mean of a part, s.

    Source:
        Flatto & Hahn (1984), *SIAM J. Appl. Math.* 44; in this form Nelson & Tantawi (1988).

    >>> two_queues(0.0)
    1.5
    """
    require(0 <= load < 1, "load", load, "in [0, 1)")
    return (12 - load) / 8 * service_s / (1 - load)


def many_queues(parts: int, load: float, service_s: float = 1.0) -> float:
    """The same for more parts, approximately: within 5 % for 2 to 32 parts by its authors.

    Args:
        parts: 2 or more.
        load: of each server, in [0, 1).
        service_s: mean of a part, s.

    Source:
        Nelson & Tantawi (1988), *IEEE Trans. Computers* 37(6), eq. 5.

    >>> round(many_queues(2, 0.5) / two_queues(0.5), 6)
    1.0
    """
    require(parts >= 2, "parts", parts, "2 or more")
    ratio = harmonic(parts) / harmonic(2)
    return (ratio + (1 - ratio) * 4 * load / 11) * two_queues(load, service_s)


def split_over(work_s: float, slowness: Floats, join_s: float = 0.0) -> float:
    """Time of a task split evenly over idle agents: that of the slowest part, and of joining.

    Args:
        work_s: s of a unit-speed agent.
        slowness: `[p]` 1 / speed of each.
        join_s: s.

    >>> import numpy as np
    >>> split_over(6.0, np.array([1.0, 1.5]), 0.1)
    4.6
    """
    return float(work_s / len(slowness) * slowness.max() + join_s)


def pooled_bounds(
    load: float, servers: int, service_s: float, wait_s: float, join_s: float = 0.0
) -> tuple[float, float]:
    """Bounds of the mean response where tasks are split over the idle ones of so many servers with one queue.

    Nothing can be faster than one server with the speed of all, which never works at two tasks at a time; nothing
    slower than no splitting at all, and the time of joining.

    Args:
        load: of the servers, in [0, 1).
        servers: 1 or more.
        service_s: mean of a whole task at one of them, exponential, s.
        wait_s: mean wait without splitting (M/M/c), s.
        join_s: s.

    Source:
        The lower bound is M/M/1 with the pooled rate, Kleinrock (1975), *Queueing Systems I*, ch. 5.
    """
    require(0 <= load < 1, "load", load, "in [0, 1)")
    return service_s / servers / (1 - load), service_s + wait_s + join_s
