"""What policies that scale down with care share: the largest value of a window, and scale-downs that wait."""

from __future__ import annotations

from math import ceil

from .base import Seen

type Maxima = tuple[tuple[float, int], ...]
"""Pairs of time and value, by falling values: what can still be the largest of a window."""

SLACK = 1e-9
"""Taken off before rounding up, so that ``90 / 0.9`` needs 100 agents, not 101."""


def agents_for(load: float) -> int:
    """Whole agents for a load in agents.

    >>> agents_for(90 / 0.9), agents_for(100.01), agents_for(0.0)
    (100, 101, 0)
    """
    return max(ceil(load * (1 - SLACK) - SLACK), 0)


def largest(past: Maxima, time_s: float, value: int, window_s: float) -> tuple[int, Maxima]:
    """The largest value of the last ``window_s`` with the present one, and what is worth remembering.

    A value is forgotten as soon as a later one reaches it, so that few are kept (ascending minima, Harter 2001;
    as in Knative's ``aggregation/max``). One that is exactly ``window_s`` old no longer counts.

    >>> largest(((0.0, 9), (60.0, 5)), 120.0, 4, 120.0)
    (5, ((60.0, 5), (120.0, 4)))
    """
    first, end = 0, len(past)
    while end and past[end - 1][1] <= value:
        end -= 1
    while first < end and time_s - past[first][0] >= window_s:
        first += 1
    kept = (*past[first:end], (time_s, value))
    return kept[0][1], kept


def eased(
    now: Seen, held: int, down_s: float, down_every_s: float, dead_band: float
) -> tuple[int, str, float]:
    """Up at once, down seldom and never for a trifle.

    Args:
        now: what is seen.
        held: wanted number of agents, the largest of its hold window.
        down_s: time of the last scale-down, s.
        down_every_s: least time between two scale-downs, s.
        dead_band: scale-downs by less than this share of the provisioned agents are not made.

    Returns:
        The number of agents, what kept it from ``held`` ("" if nothing did), and the time of the last scale-down.
    """
    have = now.provisioned
    if held >= have:
        return held, "", down_s
    if have - held < dead_band * have:
        return have, "dead band", down_s
    if now.time_s - down_s < down_every_s - SLACK:
        return have, "waits", down_s
    return held, "", now.time_s
