"""What other knobs would have done: full-information tallies over a small grid, from the demand that came.

An expert is a pair of knobs, k and a share of the lead time. What it wants is ``k x held load / slo_utilization``,
so one series of held loads a lead share tells what every k would have had: agents are ready at a time if they were
wanted without a break since a lead time before. All experts are scored on every decision, whoever was followed.
"""

from __future__ import annotations

import numpy as np

from ...arrays import Floats
from .base import Seen
from .holding import SLACK

KNOBS: Floats = np.geomspace(0.8, 2.5, 29)
"""`[K]` agents for one agent's worth of load, a grid in steps of 4 %."""

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
    at, upper = [0.0, now.lead_s], [now.demand, now.upper]
    if now.lead_s < LATER_S:
        at, upper = [*at, LATER_S], [*upper, now.upper_later]
    load: Floats = np.maximum(np.interp(shares * now.lead_s, at, upper), now.demand)
    return load / now.slo_utilization


def recent(rows: Floats, time_s: float, window_s: float, row: Floats | None = None) -> Floats:
    """`[n, 1 + F]` rows (time, values) at most ``window_s`` old, with a new one behind them if there is one."""
    first = int(np.searchsorted(rows[:, 0], time_s - window_s - SLACK))
    return rows[first:] if row is None else np.vstack((rows[first:], row))


def losses(knobs: Floats, paid: Floats, supply: Floats, need: float, objective: float) -> Floats:
    """`[F, K]` what a period cost each expert: agents paid, at the objective's price, and agents that lacked.

    ``objective x paid + (need - supply)+`` is the pinball loss of the quantile 1 - objective: what minimizes its sum
    falls short on a share ``objective`` of the work, and of two experts that do, the cheaper one loses less.

    Args:
        knobs: `[K]` k of the experts.
        paid: `[F]` agents ready or starting at k = 1.
        supply: `[F]` agents ready at k = 1.
        need: agents that were needed.
        objective: share of the work that may come late, in (0, 1).

    Source:
        Koenker & Bassett, Regression quantiles, *Econometrica* 46(1), 33-50 (1978); the newsvendor's costs.
    """
    lacked = np.maximum(need - np.outer(supply, knobs), 0.0)
    return np.asarray(lacked + objective * np.outer(paid, knobs))


def weights(tallies: Floats, rate: float) -> Floats:
    """Shares of trust, adding up to 1: exponentials of the tallied losses.

    Source:
        Hedge: Freund & Schapire, A decision-theoretic generalization of on-line learning and an application to
        boosting, *J. Computer and System Sciences* 55(1), 119-139 (1997), section 2; with tallies that forget:
        Chernov & Zhdanov, Prediction with expert advice under discounted loss, *ALT* 2010.

    >>> weights(np.array([0.0, np.log(3.0)]), 1.0)
    array([0.75, 0.25])
    """
    trust = np.exp(-rate * (tallies - tallies.min()))
    return np.asarray(trust / trust.sum())
