"""Agents from a load by queueing theory: square-root staffing for a wanted chance of having to wait."""

from __future__ import annotations

import functools
from math import erfc, exp, pi, sqrt


def waiting_chance(beta: float) -> float:
    """Chance that a task must wait when R + beta sqrt(R) agents serve a load of R, for large R.

    ``1 / (1 + beta Phi(beta) / phi(beta))`` with the normal distribution Phi and its density phi.

    Source:
        Halfin & Whitt, Heavy-traffic limits for queues with many exponential servers, *Operations Research* 29(3),
        567-588 (1981), eq. 2.3.

    >>> round(waiting_chance(1.0), 4)
    0.2234
    """
    if beta <= 0:
        return 1.0
    density = exp(-beta * beta / 2) / sqrt(2 * pi)
    return 1 / (1 + beta * (0.5 * erfc(-beta / sqrt(2))) / density) if density > 0 else 0.0


@functools.cache
def spare(chance: float) -> float:
    """The beta for which :func:`waiting_chance` is ``chance``, in (0, 1): Erlang C turned around.

    >>> round(waiting_chance(spare(0.2)), 6)
    0.2
    """
    low, high = 0.0, 40.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if waiting_chance(middle) > chance else (low, middle)
    return high


def square_root(load: float, chance: float) -> float:
    """Agents for a load in agents so that a task waits with this chance: R + beta sqrt(R), not rounded.

    It takes the agents for one pool with one queue; a fleet in many clusters waits a little more.

    Source:
        Borst, Mandelbaum & Reiman, Dimensioning large call centers, *Operations Research* 52(1), 17-34 (2004).
    """
    return load + spare(chance) * sqrt(load) if load > 0 else 0.0
