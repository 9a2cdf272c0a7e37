"""Availability of repairable components: what was seen of it, and its closed forms."""

from __future__ import annotations

import numpy as np

from ...arrays import Floats, Ints
from ...errors import require
from ..intervals import Figure


def availability(up_s: Floats, down_s: Floats, level: float = 0.95) -> Figure:
    """Share of the time that a component is up, from independent cycles of up and down time.

    Args:
        up_s: `[n]` s, 0 or more.
        down_s: `[n]` s, 0 or more, each after the up time of the same place.
        level: of the interval.

    Source:
        Renewal-reward theorem; interval by the regenerative method, Crane & Lemoine, *An Introduction to the
        Regenerative Method for Simulation Analysis* (1977), sec. 2.3.

    >>> [round(x, 3) for x in availability(np.array([9.0, 11.0, 10.0]), np.array([1.0, 2.0, 1.0]))[:3]]
    [0.882, 0.841, 0.923]
    """
    from scipy.special import ndtri

    up, down = np.asarray(up_s, np.float64), np.asarray(down_s, np.float64)
    require(len(up) == len(down), "up_s and down_s", (len(up), len(down)), "of one length")
    n = len(up)
    total = float(up.sum() + down.sum()) if n else 0.0
    if not total:
        return Figure(np.nan)
    value = float(up.sum()) / total
    if n < 2:
        return Figure(value, n=n)
    spread = float(np.std((1 - value) * up - value * down, ddof=1))
    half = float(ndtri(0.5 + level / 2)) * spread * np.sqrt(n) / total
    return Figure(value, float(value - half), float(value + half), n)


def time_up(begins_s: Floats, ends_s: Floats, first_s: float, last_s: float) -> float:
    """Share of [first, last) in which a component was not down.

    Args:
        begins_s: `[n]` begins of its down times, s, in any order; they may overlap.
        ends_s: `[n]` their ends, infinity for never.
        first_s: s.
        last_s: s.

    >>> time_up(np.array([10.0, 15.0, 90.0]), np.array([20.0, 25.0, np.inf]), 0.0, 100.0)
    0.75
    """
    require(last_s > first_s, "last_s", last_s, f"above first_s = {first_s:g}")
    down, until = 0.0, first_s
    for begin, end in sorted(zip(np.maximum(begins_s, first_s), np.minimum(ends_s, last_s), strict=True)):
        down += max(float(end) - max(float(begin), until), 0.0)
        until = max(until, float(end))
    return 1.0 - down / (last_s - first_s)


def steady_availability(mtbf_s: float, mttr_s: float) -> float:
    """Share of the time that a repairable component is up in the long run, whatever the laws of its times.

    Args:
        mtbf_s: mean time from the end of a repair to the next failure, s.
        mttr_s: mean time from a failure to the end of its repair, s.

    Source:
        Alternating renewal process; Ross, *Introduction to Probability Models*, 10th ed. (2010), ch. 7.

    >>> steady_availability(990.0, 10.0)
    0.99
    """
    require(mtbf_s > 0, "mtbf_s", mtbf_s, "above 0 s")
    require(mttr_s >= 0, "mttr_s", mttr_s, "0 s or more")
    return mtbf_s / (mtbf_s + mttr_s)


def mean_availability(mtbf_s: float, mttr_s: float, seconds: float) -> float:
    """The same over the first so many seconds of a component that is up at first; both times exponential.

    Source:
        The integral of A(t) = A + (1 - A) exp(-(1/MTBF + 1/MTTR) t), a Markov chain of two states; Ross (2010), ch. 6.

    >>> round(mean_availability(100.0, 10.0, 1e9), 6) == round(100 / 110, 6)
    True
    """
    require(seconds > 0, "seconds", seconds, "above 0 s")
    steady = steady_availability(mtbf_s, mttr_s)
    if mttr_s == 0:
        return 1.0
    both = (1 / mtbf_s + 1 / mttr_s) * seconds
    return steady + (1 - steady) * float(-np.expm1(-both)) / both


def k_out_of_n(k: Ints | int, n: Ints | int, each: Floats | float) -> Floats:
    """Chance that at least k of n independent components are up.

    Args:
        k: `[...]` components needed, 0 or more.
        n: `[...]` components there are.
        each: `[...]` availability of each, in [0, 1].

    Source:
        Binomial upper tail by the incomplete beta function; Ross (2010), ch. 9.

    >>> round(float(k_out_of_n(2, 3, 0.9)), 3)
    0.972
    """
    from scipy.special import betainc

    need, there, p = np.broadcast_arrays(*(np.asarray(x, np.float64) for x in (k, n, each)))
    require(bool(np.all((p >= 0) & (p <= 1))), "each", each, "in [0, 1]")
    inside = np.clip(need, 1, np.maximum(there, 1))
    tail = betainc(inside, np.maximum(there - inside, 0) + 1, p)
    return np.where(need <= 0, 1.0, np.where(need > there, 0.0, tail))
