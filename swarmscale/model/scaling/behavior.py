"""What Kubernetes makes of a proposed number of replicas: stabilization windows, rates, least and most.

Plain functions; what was recommended and done is a tuple of pairs of time and number.

Source:
    kubernetes/kubernetes, ``pkg/controller/podautoscaler/horizontal.go``; KEP-853 (configurable scaling behavior).
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

type Past = tuple[tuple[float, int], ...]
"""Pairs of time, s, and a recommended number or a change of it."""

type Rate = tuple[str, float, float]
"""How fast to scale: "Pods" or "Percent", the largest change, the period over which it counts, s."""

UP_RATES: tuple[Rate, ...] = (("Pods", 4.0, 15.0), ("Percent", 100.0, 15.0))
DOWN_RATES: tuple[Rate, ...] = (("Percent", 100.0, 15.0),)


def highest(desired: int, past: Past, now_s: float, window_s: float) -> int:
    """Without ``behavior``: the highest recommendation that is at most ``window_s`` old."""
    return max([n for t, n in past if now_s - t <= window_s], default=desired)


def recent(past: Past, now_s: float, window_s: float) -> Past:
    """What is at most ``window_s`` old; ``past`` is by rising time.

    >>> recent(((0.0, 9), (60.0, 5)), 90.0, 30.0)
    ((60.0, 5),)
    """
    first = 0
    while first < len(past) and now_s - past[first][0] > window_s:
        first += 1
    return past[first:]


def undominated(past: Past, desired: int) -> Past:
    """What can still be the highest of a window once ``desired`` was recommended: all that is higher.

    >>> undominated(((0.0, 9), (60.0, 5)), 6)
    ((0.0, 9),)
    """
    end = len(past)
    while end and past[end - 1][1] <= desired:
        end -= 1
    return past[:end]


def stabilized(
    current: int, desired: int, past: Past, now_s: float, up_window_s: float, down_window_s: float
) -> int:
    """With ``behavior``: move no further than both windows' recommendations allow.

    Args:
        current: replicas now.
        desired: what is recommended now.
        past: what was recommended before, not stabilized.
        now_s: s.
        up_window_s: a scale-up goes to the lowest of this window, s.
        down_window_s: a scale-down goes to the highest of this window, s.
    """
    up = min((n for t, n in past if now_s - t < up_window_s), default=desired)
    down = max((n for t, n in past if now_s - t < down_window_s), default=desired)
    up, down = min(up, desired), max(down, desired)
    return min(max(current, up), down)


def changed(events: Past, now_s: float, period_s: float) -> int:
    """How many replicas were added less those taken away within the period, its first moment left out."""
    return sum(n for t, n in events if now_s - t < period_s)


def up_limit(current: int, rates: Iterable[Rate], select: str, events: Past, now_s: float) -> int:
    """Most replicas that the rates let a scale-up reach.

    Args:
        current: replicas now.
        rates: the rates.
        select: "Max" takes the largest change, "Min" the smallest, "Disabled" none.
        events: changes made.
        now_s: s.
    """
    if select == "Disabled":
        return current
    reach = []
    for kind, value, period_s in rates:
        base = current - changed(events, now_s, period_s)
        reach.append(base + int(value) if kind == "Pods" else ceil(base * (1 + value / 100)))
    return max(max(reach) if select == "Max" else min(reach), current)


def down_limit(current: int, rates: Iterable[Rate], select: str, events: Past, now_s: float) -> int:
    """Fewest replicas that the rates let a scale-down reach; arguments as for :func:`up_limit`."""
    if select == "Disabled":
        return current
    reach = []
    for kind, value, period_s in rates:
        base = current - changed(events, now_s, period_s)
        reach.append(base - int(value) if kind == "Pods" else int(base * (1 - value / 100)))
    return min(min(reach) if select == "Max" else max(reach), current)


def limited(current: int, desired: int, floor: int, ceiling: int, least: int, most: int) -> int:
    """A desired number within what the rates and the fleet's limits allow.

    Args:
        current: replicas now.
        desired: what is wanted.
        floor: fewest that the rates let a scale-down reach.
        ceiling: most that the rates let a scale-up reach.
        least: fewest replicas.
        most: most replicas.
    """
    if desired > current:
        return min(desired, ceiling, most)
    if desired < current:
        return max(desired, floor, least)
    return desired


def plain_ceiling(current: int) -> int:
    """Without ``behavior``: a scale-up at most doubles the replicas, or reaches 4."""
    return max(2 * current, 4)
