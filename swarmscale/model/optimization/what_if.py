"""What a change would do to the response time: a queue that waits as the fleet was measured to wait."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, nan, sqrt

from ...errors import require
from ..scaling.staffing import waiting_chance
from .base import Bottleneck
from .theory.queues import erlang_c

EXACT = 200
"""Agents up to which Erlang's formula is used; above it its limit for many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What would become of the fleet, as factors of what was measured.

    Attributes:
        rate: of the tasks that come, 0 or more.
        service: of the time in hands, above 0.
        agents: of the ready agents, above 0.
        other_s: added to what is neither wait in clusters nor time in hands, s; negative if it is less.
    """

    rate: float = 1.0
    service: float = 1.0
    agents: float = 1.0
    other_s: float = 0.0

    def __post_init__(self) -> None:
        require(self.rate >= 0, "rate", self.rate, "0 or more")
        require(self.service > 0, "service", self.service, "above 0")
        require(self.agents > 0, "agents", self.agents, "above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What is expected after a change.

    Attributes:
        utilization: of the agents; above 1 if more comes than they can do.
        wait_s: mean wait in clusters, s.
        response_s: mean response time, s.
        relative: change of the response time, relative to the measured one; negative is less.
    """

    utilization: float
    wait_s: float
    response_s: float
    relative: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """A pool of agents with one queue that waits as the fleet does.

    Attributes:
        agents: in the pool: few where clusters are chosen blindly, many where the shortest of many queues is.
        factor: by which it must still wait longer or shorter to do so.
    """

    agents: float
    factor: float


def pool_wait_s(agents: float, utilization: float, service_s: float) -> float:
    """Mean wait in a pool of agents that are busy for a share of their time, s; infinite from 1 on.

    Source:
        Erlang C; above :data:`EXACT` agents its limit: Halfin & Whitt (1981), *Operations Research* 29(3), eq. 2.3.

    >>> pool_wait_s(1, 0.5, 2.0)
    2.0
    """
    if utilization >= 1:
        return inf
    if utilization <= 0 or service_s <= 0:
        return 0.0
    if agents <= EXACT:
        chance = erlang_c(utilization * round(agents), round(agents))
    else:
        chance = waiting_chance((1 - utilization) * sqrt(agents / utilization))
    return chance * service_s / (agents * (1 - utilization))


def pool_of(found: Bottleneck) -> Pool:
    """The pool that waits as a fleet was measured to: the smallest one that waits no longer, and the rest as a factor.

    A fleet that waits longer than single agents would, each with a queue of its own, is such with a factor above 1.
    One that waits less than all of its agents with one queue would waits so by chance, and is taken for that.
    """
    agents = found.station("agents")
    wait_s, used, most = found.station("clusters").wait_s, agents.utilization, max(round(agents.servers), 1)
    if not 0 < used < 1 or not agents.service_s > 0:
        return Pool(agents=most, factor=1.0)
    low, high = 0, most
    while high - low > 1:
        middle = (low + high) // 2
        if pool_wait_s(middle, used, agents.service_s) > wait_s:
            low = middle
        else:
            high = middle
    told = pool_wait_s(high, used, agents.service_s)
    if not told > 0:  # so large a pool at so low a load that no chance of a wait is left to compute with
        return Pool(agents=high, factor=1.0)
    return Pool(agents=high, factor=max(wait_s / told, 1.0) if high == most or high == 1 else wait_s / told)


def what_if(found: Bottleneck, change: Change, horizon_s: float = 300.0) -> Expected:
    """What a change would do, by a pool of agents that waits as was measured.

    Where more comes than agents can do the queue grows; told is its mean over the horizon (a fluid).

    Args:
        found: what was measured.
        change: see there.
        horizon_s: time over which a queue that grows does so, s.

    Returns:
        NaN in all where nothing was answered.

    Source:
        Waits of pools as in :func:`pool_wait_s`; the fluid: Newell (1971), *Applications of Queueing Theory*, ch. 2.
    """
    agents, wait_s = found.station("agents"), found.station("clusters").wait_s
    if not found.response_s > 0 or not agents.utilization > 0:
        return Expected(utilization=nan, wait_s=nan, response_s=nan, relative=nan)
    pool = pool_of(found)
    used = agents.utilization * change.rate * change.service / change.agents
    service_s = agents.service_s * change.service
    if used < 1:
        then_s = pool.factor * pool_wait_s(max(pool.agents * change.agents, 1.0), used, service_s)
    else:
        then_s = wait_s + (used - 1) * horizon_s / 2
    share = (
        agents.demand_s / agents.service_s if agents.service_s > 0 else 1.0
    )  # of the tasks, not from caches
    response_s = (
        found.response_s + share * ((service_s - agents.service_s) + (then_s - wait_s)) + change.other_s
    )
    return Expected(
        utilization=used,
        wait_s=then_s,
        response_s=response_s,
        relative=response_s / found.response_s - 1,
    )
