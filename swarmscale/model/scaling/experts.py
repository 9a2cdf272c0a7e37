"""What other knobs would have done: full-information tallies over a small grid, from the demand that came.

An expert is a pair of knobs, k and a share of the lead time. What it wants is ``k x held load / slo_utilization`` in
whole agents, so one series of held loads a lead share tells what every k would have had: agents are ready at a time
if they were wanted without a break since a lead time before. All experts are scored on every decision, whoever was
followed. Nothing here writes to what it is given, for a memory may be replayed.
"""

from __future__ import annotations

import math

import numpy as np

from ...arrays import Floats, kernel
from .base import Seen
from .holding import SLACK

KNOBS: Floats = np.geomspace(0.8, 2.5, 58)
"""`[K]` agents for one agent's worth of load, a grid in steps of 2 %."""

LEADS: Floats = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
"""`[F]` shares of the lead time for which capacity is held ready; 0 looks at the load now alone."""

LATER_S = 300.0
"""How far ahead ``Seen.upper_later`` looks, s."""


def foreseen(now: Seen, shares: Floats) -> Floats:
    """`[F]` agents that each share of the lead time asks for at k = 1: the load now, or the forecast's upper quantile.

    Between now, the lead time and 300 s the quantile is taken along straight lines, and as it is at their end beyond.

    >>> now = Seen(time_s=0.0, period_s=10.0, ready=1, demand=90.0, upper=99.0, lead_s=60.0, upper_later=90.0)
    >>> foreseen(now, np.array([0.0, 0.5, 1.0, 3.0])).round(2)
    array([100., 105., 110., 105.])
    """
    loads: Floats = _foreseen(now.demand, now.upper, now.upper_later, now.lead_s, now.slo_utilization, shares)
    return loads


@kernel
def _foreseen(
    demand: float, upper: float, later: float, lead_s: float, slo_utilization: float, shares: Floats
) -> Floats:
    loads = np.empty(len(shares))
    for f in range(len(shares)):
        at_s = shares[f] * lead_s
        if at_s < lead_s:
            load = demand + (upper - demand) * (at_s / lead_s)
        elif at_s < LATER_S:
            load = upper + (later - upper) * ((at_s - lead_s) / (LATER_S - lead_s))
        else:
            load = later if lead_s < LATER_S else upper
        loads[f] = max(load, demand) / slo_utilization
    return loads


@kernel
def recent(rows: Floats, time_s: float, window_s: float, values: Floats) -> Floats:
    """`[n, 1 + V]` the rows (time, values) that are at most ``window_s`` old, and a new one behind them."""
    first = 0
    while first < len(rows) and rows[first, 0] < time_s - window_s - SLACK:
        first += 1
    kept = len(rows) - first
    out = np.empty((kept + 1, 1 + len(values)))
    out[:kept] = rows[first:]
    out[kept, 0] = time_s
    out[kept, 1:] = values
    return out


@kernel
def extreme(rows: Floats, time_s: float, window_s: float, sign: float) -> Floats:
    """`[V]` the largest (sign 1) or least (sign -1) of each value over the rows at most ``window_s`` old.

    Infinity against the sign where there is no such row.
    """
    out = np.full(rows.shape[1] - 1, -sign * np.inf)
    for i in range(len(rows)):
        if rows[i, 0] >= time_s - window_s - SLACK:
            for v in range(len(out)):
                out[v] = sign * max(sign * rows[i, 1 + v], sign * out[v])
    return out


@kernel
def loss(paid: float, supply: float, need: float, objective: float) -> float:
    """What a period cost: agents paid, at the objective's price, and agents that lacked.

    ``objective x paid + (need - supply)+`` is the pinball loss of the quantile 1 - objective: what minimizes its sum
    falls short on a share ``objective`` of the work, and of two experts that do, the cheaper one loses less.

    Args:
        paid: agents ready or starting.
        supply: agents ready.
        need: agents that were needed.
        objective: share of the work that may come late, in (0, 1).

    Source:
        Koenker & Bassett, Regression quantiles, *Econometrica* 46(1), 33-50 (1978); the newsvendor's costs.
    """
    return objective * paid + max(need - supply, 0.0)


@kernel
def tallied(
    tallies: Floats, knobs: Floats, paid: Floats, supply: Floats, need: float, objective: float,
    keep: float, unit: float,
) -> Floats:  # fmt: skip
    """`[F, K]` the experts' discounted losses with those of the period that has ended.

    Args:
        tallies: `[F, K]` those before it.
        knobs: `[K]` k of the experts.
        paid: `[F]` agents ready or starting at k = 1, not rounded.
        supply: `[F]` agents ready at k = 1, not rounded.
        need: agents that were needed.
        objective: share of the work that may come late, in (0, 1).
        keep: factor on what was tallied before, in (0, 1].
        unit: factor on a loss.
    """
    out = np.empty_like(tallies)
    for f in range(tallies.shape[0]):
        for k in range(tallies.shape[1]):
            lost = loss(whole(knobs[k] * paid[f]), whole(knobs[k] * supply[f]), need, objective)
            out[f, k] = keep * tallies[f, k] + unit * lost
    return out


@kernel
def whole(agents: float) -> float:
    """Whole agents, rounded up; as ``agents_for``."""
    return max(float(math.ceil(agents * (1 - SLACK) - SLACK)), 0.0)


@kernel
def followed(tallies: Floats, start_tally: float, rate: float, knobs: Floats) -> Floats:
    """`[F + 1]` the mean k of each lead share, times the trust in it, and behind them the trust in the starting knobs.

    Trust is a share, all of it adding up to 1: exponentials of the tallied losses.

    Source:
        Hedge: Freund & Schapire, A decision-theoretic generalization of on-line learning and an application to
        boosting, *J. Computer and System Sciences* 55(1), 119-139 (1997), section 2; with tallies that forget:
        Chernov & Zhdanov, Prediction with expert advice under discounted loss, *ALT* 2010.

    >>> followed(np.array([[0.0, np.log(3.0)]]), 50.0, 1.0, np.array([1.0, 2.0])).round(6)
    array([1.25, 0.  ])
    """
    n = tallies.shape[0]
    least = min(tallies.min(), start_tally)
    out = np.zeros(n + 1)
    out[n] = total = math.exp(-rate * (start_tally - least))
    for f in range(n):
        for k in range(tallies.shape[1]):
            trust = math.exp(-rate * (tallies[f, k] - least))
            total += trust
            out[f] += trust * knobs[k]
    return out / total
