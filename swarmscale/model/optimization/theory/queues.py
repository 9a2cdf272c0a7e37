"""Waits and responses of single queues: M/G/1, M/M/c, and M/G/c by approximation."""

from __future__ import annotations

from math import exp, inf, log

from ....errors import require


def erlang_c(load: float, servers: int) -> float:
    """Chance that an arrival must wait in an M/M/c queue; 1 where the load is more than the servers can do.

    Args:
        load: arrival rate x mean service, in servers, 0 or more.
        servers: 1 or more.

    Source:
        Erlang B by its recursion on c, then C from B: Cooper, *Introduction to Queueing Theory*, 2nd ed. (1981), ch. 3.

    >>> round(erlang_c(2.0, 3), 6)
    0.444444
    """
    require(load >= 0, "load", load, "0 or more")
    require(servers >= 1, "servers", servers, "1 or more")
    if load >= servers:
        return 1.0
    lost = 1.0
    for k in range(1, servers + 1):
        lost = load * lost / (k + load * lost)
    return lost / (1 - load / servers * (1 - lost))


def single_wait_s(rate_per_s: float, service_s: float, service_cv: float) -> float:
    """Mean wait in an M/G/1 queue, s: Pollaczek and Khinchine's formula; infinite where the load is 1 or more.

    Args:
        rate_per_s: arrivals.
        service_s: mean.
        service_cv: standard deviation of the service over its mean, 0 or more.

    Source:
        Kleinrock (1975), *Queueing Systems I*, ch. 5.

    >>> single_wait_s(0.5, 1.0, 0.0), single_wait_s(0.5, 1.0, 1.0)
    (0.5, 1.0)
    """
    load = rate_per_s * service_s
    return inf if load >= 1 else load * service_s * (1 + service_cv**2) / (2 * (1 - load))


def wait_s(
    rate_per_s: float, service_s: float, servers: int, service_cv: float = 1.0, arrival_cv: float = 1.0
) -> float:
    """Mean wait in a G/G/c queue, s: that of M/M/c times the mean of both squared variations; infinite if overloaded.

    Exact for M/M/c and M/G/1, else an approximation.

    Args:
        rate_per_s: arrivals.
        service_s: mean.
        servers: 1 or more.
        service_cv: standard deviation of the service over its mean.
        arrival_cv: of the time between two arrivals; 1 for a Poisson stream.

    Source:
        Allen (1990), *Probability, Statistics, and Queueing Theory*, 2nd ed., ch. 5 (Allen and Cunneen).

    >>> wait_s(0.5, 1.0, 1), wait_s(0.5, 1.0, 1, service_cv=0.0)
    (1.0, 0.5)
    """
    load = rate_per_s * service_s
    if load >= servers:
        return inf
    return erlang_c(load, servers) * service_s / (servers - load) * (service_cv**2 + arrival_cv**2) / 2


def late_share(time_s: float, service_s: float, chance: float, mean_wait_s: float) -> float:
    """Share of tasks whose response takes longer than a time, with an exponential wait and service.

    A task waits with the chance given, then exponentially; exact for M/M/c, whose wait is so. For other laws both are
    taken to be so, which holds for waits in heavy traffic (Kingman 1962; more servers: Köllerström 1974), for services
    only as far as they are.

    Args:
        time_s: 0 or more.
        service_s: mean.
        chance: of having to wait.
        mean_wait_s: over all tasks, those that do not wait included.

    Source:
        Gross, Shortle, Thompson & Harris (2008), *Fundamentals of Queueing Theory*, 4th ed., sec. 2.3.

    >>> round(late_share(3.0, 1.0, 0.5, 1.0), 4) == round(exp(-1.5), 4)  # M/M/1 at load .5: mean 2
    True
    """
    alone = exp(-time_s / service_s)
    if chance <= 0 or mean_wait_s <= 0:
        return alone
    late_s = mean_wait_s / chance
    if abs(late_s - service_s) < 1e-6 * service_s:
        both = (1 + time_s / service_s) * alone
    else:
        both = (late_s * exp(-time_s / late_s) - service_s * alone) / (late_s - service_s)
    return (1 - chance) * alone + chance * both


def response_quantile_s(
    share: float, service_s: float, chance: float, mean_wait_s: float, digits: int = 6
) -> float:
    """Time within which a share of the tasks is answered, by :func:`late_share`; infinite if the wait is.

    Args:
        share: in (0, 1): .95 for p95.
        service_s: mean.
        chance: of having to wait.
        mean_wait_s: over all tasks.
        digits: of the result that are right.

    >>> round(response_quantile_s(0.95, 1.0, 0.0, 0.0), 4)  # nobody waits: 3 means
    2.9957
    """
    require(0 < share < 1, "share", share, "in (0, 1)")
    if mean_wait_s == inf:
        return inf
    low, high = 0.0, -log(1 - share) * service_s
    while late_share(high, service_s, chance, mean_wait_s) > 1 - share:
        low, high = high, 2 * high
    while high - low > 10.0**-digits * high:
        middle = (low + high) / 2
        if late_share(middle, service_s, chance, mean_wait_s) > 1 - share:
            low = middle
        else:
            high = middle
    return high
