"""Perfect foresight that may break the objective for a share of the work: a bound for policies with violations.

A plan pays for its agents and may be short of them (``ready < need``) in steps that carry at most a share eps of
the work. That is a shortest path over the number of ready agents with one budget. The budget is priced (Lagrange):
for each price of violated work the cheapest path is found exactly, over all steps and all levels, and the best
price gives the bound: the lower convex envelope of cost over violated work of all plans there are. No linear
program over levels is as tight, for it may break single levels of a step at a fraction of the step's work.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...arrays import Floats, Ints, kernel
from ...errors import require
from .oracle import oracle, require_need, whole_steps
from .prices import Prices

MOST_LEVELS = 4096
MOST_PATHS = 60
TOLERANCE = 1e-7
"""A search ends when the bound is this close to the envelope; it is a bound at any time."""


def relaxed_costs(
    need: Ints,
    work: Floats,
    shares: Sequence[float],
    *,
    dt_s: float,
    startup_s: float,
    prices: Prices | None = None,
    activation_s: float | None = None,
) -> Floats:
    """Least cost of policies whose violated share of work is at most each given one, a sound lower bound.

    Without a warm pool it is the value at that share of the lower convex envelope of all plans' (violated work,
    cost), so no policy and no mixture of policies lies below. Its gap to the cheapest single plan is at most that of
    one step more or less. With a warm pool every start takes the activation time alone and holding an agent warm
    costs nothing, which bounds pools of any size but is no longer reached by a plan. Above 4,096 distinct
    levels the need is rounded down to whole groups of agents, which keeps it a bound.

    Args:
        need: `[T]` agents needed in each step, >= 0.
        work: `[T]` work that arrives in each step, >= 0, in any unit.
        shares: of the work, that may arrive while ``ready < need``, each in [0, 1].
        dt_s: length of a step, s.
        startup_s: time from order to ready, s.
        prices: see :class:`Prices`.
        activation_s: time from warm to ready, s; None if there is no warm pool.

    Returns:
        For each share, ready agent-seconds' worth.

    Source:
        Bound by Lagrange multipliers, here for a shortest path with one resource: Handler & Zang, A dual algorithm
        for the constrained shortest path problem, *Networks* 10 (1980).

    >>> relaxed_costs(np.array([1, 9, 1, 1]), np.ones(4), [0.0, 0.25], dt_s=1.0, startup_s=0.0)
    array([12.,  3.])
    """
    require_need(need)
    fits = work.shape == need.shape and bool((work >= 0).all())
    require(fits, "work", work, "0 or more for each step")
    for share in shares:
        require(0 <= share <= 1, "shares", share, "in [0, 1]")
    p = prices or Prices()
    need = np.where(work > 0, need, 0)  # where no work arrives none is violated
    rise = _rises(len(need), p, dt_s, startup_s, activation_s)
    unit = -(-(int(need.max()) + 1) // MOST_LEVELS) if len(np.unique(need)) > MOST_LEVELS else 1
    levels, row = np.unique(np.append(need // unit * unit, 0), return_inverse=True)
    exact = oracle(need, dt_s=dt_s, startup_s=startup_s, prices=p, activation_s=activation_s).cost
    paths = _Paths(levels, row[:-1].astype(np.int64), work, rise, p.ready * dt_s)
    return np.array([exact if share == 0 else paths.bound(share * paths.total) for share in shares])


def _rises(steps: int, p: Prices, dt_s: float, startup_s: float, activation_s: float | None) -> Floats:
    """`[T]` least price of one more ready agent at the beginning of each step."""
    t = np.arange(steps)
    startup = whole_steps(startup_s, dt_s, "startup_s")
    rise = np.minimum(t, startup) * p.starting * dt_s + np.where(t >= startup, p.start, 0.0)
    if activation_s is not None:
        activation = whole_steps(activation_s, dt_s, "activation_s")
        rise = np.minimum(rise, np.minimum(t, activation) * p.starting * dt_s)
    return np.asarray(rise, np.float64)


class _Paths:
    """Points (violated work, cost) of cheapest paths, found so far, and the search for the ones next to a budget."""

    def __init__(self, levels: Ints, row: Ints, work: Floats, rise: Floats, price: float) -> None:
        self._given = (levels.astype(np.float64), row, work, rise, price)
        self._scratch = np.empty((2, len(levels)))
        self.total = float(work.sum())
        worked = work[work > 0]
        dear = 1.0 + 2 * float(
            levels[row].sum() * price + levels[-1] * rise.sum()
        )  # more than any plan's cost
        self._points = [self._path(dear / float(worked.min()) if len(worked) else 1.0), (self.total, 0.0)]

    def _path(self, multiplier: float) -> tuple[float, float]:
        cost, broken = _cheapest_path(*self._given, multiplier, *self._scratch)
        return broken, cost - multiplier * broken

    def bound(self, budget: float) -> float:
        """The envelope's value at an amount of violated work."""
        best = 0.0
        for _ in range(MOST_PATHS):
            left = max(point for point in self._points if point[0] <= budget)
            right = min((p for p in self._points if p[0] > budget), default=left)
            if right[0] == left[0]:
                return max(best, left[1])
            slope = (left[1] - right[1]) / (right[0] - left[0])
            broken, cost = self._path(slope)
            best = max(best, cost + slope * (broken - budget))
            if cost + slope * broken >= (left[1] + slope * left[0]) * (1 - TOLERANCE):
                break
            self._points.append((broken, cost))
        return best


@kernel
def _cheapest_path(
    levels: Floats, row: Ints, work: Floats, rise: Floats, price: float, multiplier: float,
    cost: Floats, broken: Floats,
) -> tuple[float, float]:  # fmt: skip
    """The cheapest way through all steps where violated work has a price.

    Args:
        levels: `[L]` numbers of agents that may be ready, ascending from 0.
        row: `[T]` row of the need among the levels.
        work: `[T]` work arriving in each step.
        rise: `[T]` price of one more ready agent at the beginning of a step.
        price: of a ready agent for one step.
        multiplier: price of violated work.
        cost: `[L]` scratch: least cost so far by level.
        broken: `[L]` scratch: violated work on that way.

    Returns:
        Cost with violated work at its price, and violated work.
    """
    cost[:] = 0.0
    broken[:] = 0.0
    top = len(levels) - 1
    for t in range(len(row)):
        for j in range(top - 1, -1, -1):  # agents go for nothing
            if cost[j + 1] <= cost[j]:
                cost[j], broken[j] = cost[j + 1], broken[j + 1]
        here, done = cost[0], broken[0]
        for j in range(top + 1):
            if j > 0:  # or one more agent comes
                here += rise[t] * (levels[j] - levels[j - 1])
                if cost[j] <= here:
                    here, done = cost[j], broken[j]
            short = work[t] if j < row[t] else 0.0
            cost[j] = here + price * levels[j] + multiplier * short
            broken[j] = done + short
    best = np.argmin(cost)
    return cost[best], broken[best]
