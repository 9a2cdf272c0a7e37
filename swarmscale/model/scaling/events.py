"""What the scaler did, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass

from .expectation import Expected


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingEvent:
    """One change of the fleet's size.

    Attributes:
        time_s: when it was decided, s.
        policy: name of the policy.
        trigger: short name of the term that won.
        reason: why, in words.
        before: ready and starting agents then.
        wanted: what the policy wanted.
        after: what the fleet's limits and the pools let it be.
        pool: the pool that stopped the rest, or an empty text.
        ready_at_s: when the last of the new agents is ready, s; the time of the decision for a scale-down.
        demand: demand then, agents.
        forecast: demand foretold for 300 s later, agents.
        upper: upper quantile of the largest demand within the lead time, agents.
        cost: price paid until then.
        utilization: expected mean utilization of the next 300 s.
        spending: expected price of the next 300 s.
        pool_need: expected largest number of agents that stand on the pools within 300 s.
        came: utilization, spending and pool need as they came, or None until then.
    """

    time_s: float
    policy: str
    trigger: str
    reason: str
    before: int
    wanted: int
    after: int
    pool: str
    ready_at_s: float
    demand: float
    forecast: float
    upper: float
    cost: float
    utilization: Expected
    spending: Expected
    pool_need: Expected
    came: tuple[float, float, float] | None = None
