"""Perfect foresight: the cheapest plan that is never short of agents, a bound on every policy's cost.

The cost of a plan is a sum over capacity levels (the first agent, the second, ...), since starts are the positive
variation of the number of ready agents, and a variation is the sum of the variations of its levels. Each level is
needed in some steps and not in the gaps between them; in a gap of g seconds it is kept (g x price), parked in a
warm pool, or let go and started again (start-up x price), whichever is cheapest. Same prices without a pool:
``cost = sum of need + sum over gaps of min(g, start-up)``.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite

import numpy as np

from ...arrays import Ints, kernel
from ...errors import require
from .prices import Prices


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The cheapest plan for a need that is known in advance.

    Attributes:
        ready: `[T]` agents ready in each step, at least the need.
        starting: `[T]` agents starting, or leaving the warm pool.
        warm: `[T]` agents parked in the warm pool.
        cost: ready agent-seconds' worth.
    """

    ready: Ints
    starting: Ints
    warm: Ints
    cost: float


def oracle(
    need: Ints,
    *,
    dt_s: float,
    startup_s: float,
    prices: Prices | None = None,
    activation_s: float | None = None,
) -> Plan:
    """The cheapest plan with ``ready >= need`` in every step, in time proportional to the steps.

    It bounds from below what any policy without a violation pays over these steps, at the same prices and start-up
    time, without a warm pool or, if ``activation_s`` is given, with one of any size to which ready agents may also
    go back. What was paid before the first step does not count: agents may be ready, starting or warm then.

    Args:
        need: `[T]` agents needed in each step, >= 0.
        dt_s: length of a step, s.
        startup_s: time from order to ready, s; whole steps are taken, rounded up.
        prices: see :class:`Prices`.
        activation_s: time from warm to ready, s, in whole steps, rounded up; None if there is no warm pool.

    Raises:
        ConfigError: if an argument does not fit; with a warm pool, also if starting is cheaper than being ready,
            for then agents would be parked while others start in their stead and levels are no longer apart.

    Source:
        The lives of agents are a flow through time with a lower bound on the ready ones. Each rise of the need is
        paired with a fall before it or with a new start; where the cost is concave in the gap between the two,
        as here, nested pairs are cheapest (Aggarwal et al., Efficient minimum cost matching using quadrangle
        inequality, *J. Algorithms* 19, 1995), and nested pairs are levels.

    >>> oracle(np.array([2, 1, 1, 1, 2]), dt_s=10.0, startup_s=20.0).cost  # the second: 20 s of 30 s
    90.0
    """
    p = prices or Prices()
    startup = whole_steps(startup_s, dt_s, "startup_s")
    activation = -1
    if activation_s is not None:
        activation = whole_steps(activation_s, dt_s, "activation_s")
        require(p.ready <= p.starting, "prices.starting", p.starting, f"at least prices.ready = {p.ready:g}")
    require_need(need)
    change = np.zeros((3, len(need) + 1), np.int64)
    starts = _plan(
        need, p.ready * dt_s, p.starting * dt_s, p.warm * dt_s, p.start, startup, activation,
        np.zeros(len(need) + 1, np.int64), np.zeros(len(need) + 1, np.int64), change,
    )  # fmt: skip
    ready, starting, warm = np.cumsum(change, axis=1)[:, :-1]
    ready += need
    paid = p.ready * ready.sum() + p.starting * starting.sum() + p.warm * warm.sum()
    return Plan(ready=ready, starting=starting, warm=warm, cost=float(dt_s * paid + p.start * starts))


def whole_steps(seconds: float, dt_s: float, name: str) -> int:
    """Steps that cover a time.

    >>> whole_steps(60.0, 10.0, "startup_s"), whole_steps(61.0, 10.0, "startup_s")
    (6, 7)
    """
    require(isfinite(seconds) and seconds >= 0, name, seconds, "finite and 0 or more")
    require(isfinite(dt_s) and dt_s > 0, "dt_s", dt_s, "finite and above 0")
    return ceil(seconds / dt_s - 1e-9)


def require_need(need: Ints) -> None:
    """Refuse a need that is empty or negative."""
    fits = need.ndim == 1 and need.size > 0 and bool((need >= 0).all())
    require(fits, "need", need, "one row of whole numbers, 0 or more")


@kernel
def _plan(
    need: Ints, ready: float, starting: float, warm: float, start: float, startup: int, activation: int,
    highest: Ints, since: Ints, change: Ints,
) -> int:  # fmt: skip
    """Bridge every gap of every level in the cheapest way.

    Args:
        need: `[T]` agents.
        ready: price of a step, as are the next two.
        starting: see ``ready``.
        warm: see ``ready``.
        start: price of a start.
        startup: steps.
        activation: steps, below 0 if there is no warm pool.
        highest: `[T + 1]` scratch: highest level of each open gap, the gaps of higher levels first.
        since: `[T + 1]` scratch: its first step.
        change: `[3, T + 1]` out: changes of the agents ready beyond the need, starting and warm.

    Returns:
        Agents started within the steps.
    """
    highest[0], since[0] = need.max(), 0
    gaps = 1
    starts = 0
    for t in range(1, len(need)):
        level = need[t - 1]
        if need[t] < level:
            highest[gaps], since[gaps] = level, t
            gaps += 1
        while level < need[t]:
            upper = min(highest[gaps - 1], need[t])
            way = _cheapest(t, t - since[gaps - 1], ready, starting, warm, start, startup, activation)
            _bridge(way, upper - level, since[gaps - 1], t, startup, activation, change)
            if way == 1 and t >= startup:
                starts += upper - level
            if highest[gaps - 1] == upper:
                gaps -= 1
            level = upper
    return starts


@kernel
def _cheapest(
    t: int, gap: int, ready: float, starting: float, warm: float, start: float, startup: int, activation: int
) -> int:
    """How to bridge a gap that ends at step t.

    0 is to keep the agent, 1 to start one anew, 2 to park it, and 3 to keep one whose start began just before the
    first step, so that its price does not count.
    """
    keep = gap * ready
    anew = min(startup, t) * starting + (start if t >= startup else 0.0)
    way = 1 if anew < keep else 0
    if gap == t >= startup > 0 and (startup - 1) * starting + (t - startup + 1) * ready < min(anew, keep):
        way = 3
    if 0 <= activation <= gap:
        park = activation * starting + (gap - activation) * warm
        if park < min(anew, keep):
            way = 2
    return way


@kernel
def _bridge(way: int, agents: int, since: int, t: int, startup: int, activation: int, change: Ints) -> None:
    """Write how a gap of some levels is bridged; see :func:`_plan` and :func:`_cheapest`."""
    if way == 0:
        change[0, since] += agents
        change[0, t] -= agents
    elif way == 3:
        change[1, 0] += agents
        change[1, startup - 1] -= agents
        change[0, startup - 1] += agents
        change[0, t] -= agents
    else:
        steps = startup if way == 1 else activation
        first = max(t - steps, 0)
        change[1, first] += agents
        change[1, t] -= agents
        if way == 2:
            change[2, since] += agents
            change[2, first] -= agents
