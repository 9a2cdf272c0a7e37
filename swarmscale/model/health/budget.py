"""The error budget: what an objective lets be missed, and how fast it burns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .figures import Stretch, last

MONTH_S = 30 * 86_400.0
"""Time over which the sources keep an objective, s."""
PAIRS = ((14.4, 3_600.0), (6.0, 6 * 3_600.0), (1.0, 3 * 86_400.0))
"""Burn rates, and the long windows that go with them in such a month, s."""
SHORTER = 12
"""Long window over the short one."""
LEAST_LOOKS = (6, 18, 36)
"""Least length of each long window, in looks (assumed)."""


class Windows(NamedTuple):
    """A pair of windows and the burn rate that both must show.

    Attributes:
        rate: burn rate; 1 spends the budget in just the time for which the objective is kept.
        long_s: s.
        short_s: s.
    """

    rate: float
    long_s: float
    short_s: float


def windows(run_s: float, period_s: float) -> tuple[Windows, ...]:
    """The windows of multiwindow, multi-burn-rate alerts, scaled to a run.

    The run takes the place of the month of 30 days: windows shrink with it, rates stay, so that an alert spends the
    same share of the budget of a run as it does of a month (2, 5 and 10 %). A long window must hold a few looks to
    say anything, so in short runs it is held at 6, 18 and 36 of them, and an alert spends more: rate x window / run.

    Args:
        run_s: length of the run, s.
        period_s: time between two looks, s.

    Source:
        Beyer, Murphy, Rensin, Kawahara & Thorne, *The Site Reliability Workbook* (2018), ch. 5, table 5-8.

    >>> windows(30 * 86_400.0, 10.0)[0]
    Windows(rate=14.4, long_s=3600.0, short_s=300.0)
    >>> windows(3600.0, 10.0)[0]
    Windows(rate=14.4, long_s=60.0, short_s=10.0)
    """
    out = []
    for (rate, long_s), least in zip(PAIRS, LEAST_LOOKS, strict=True):
        scaled = max(long_s * run_s / MONTH_S, least * period_s)
        out.append(Windows(rate, scaled, max(scaled / SHORTER, period_s)))
    return tuple(out)


def burn(one: Stretch | None, objective: float) -> float:
    """Burn rate of the error budget: share of the tasks due that were missed / share that may be.

    Args:
        one: figures of a stretch; None: nothing happened.
        objective: share of the tasks due that must be answered in time.

    Source:
        *The Site Reliability Workbook* (2018), ch. 5.
    """
    if one is None or not one.missed:
        return 0.0
    share = one.missed / one.due
    return share / (1 - objective) if objective < 1 else float("inf")


def burning(stretches: Sequence[Stretch], pair: Windows, objective: float) -> tuple[float, float, int]:
    """Burn rates over the long and the short window, and the tasks missed in the long one."""
    over = [last(stretches, seconds) for seconds in (pair.long_s, pair.short_s)]
    return burn(over[0], objective), burn(over[1], objective), over[0].missed if over[0] else 0
