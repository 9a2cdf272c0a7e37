"""Alerts of a run: figures beyond their adaptive limits or beyond their objective, from the records alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Floats
from ..model.columns import BY_NAME, Raw, dropped, ratio
from ..model.flow.ledger import Count
from ..model.health.moving import Excursion, limits, newest_excursion
from ..model.scaling import EmergencyScaling

if TYPE_CHECKING:
    from ..model.records import Records

LOOKED_AT = 2_000
"""Rows of the records that are looked at, the last ones."""
KEPT_S = 60.0
"""How long an alert is shown after its figure is back within its limits, s."""
LEAST_TICKS = 2
"""Ticks in a row beyond the limits that make an alert of what is over."""

WATCHED = (
    ("response_p95_s", "response time, p95", "s"),
    ("throughput_per_s", "throughput", "1/s"),
    ("utilization", "utilization", "share"),
    ("late_share", "late answers", "share"),
    ("error_rate", "errors", "share"),
)
"""Column, title and unit of what is watched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """A figure that is, or just was, beyond its limits.

    Attributes:
        key: its column.
        title: for people.
        unit: of its values.
        since_s: end of the first tick beyond the limits, s.
        last_s: end of the last one, s.
        now: whether it still is.
        out: by how much.
    """

    key: str
    title: str
    unit: str
    since_s: float
    last_s: float
    now: bool
    out: Excursion


def alerts(records: Records) -> list[Alert]:
    """What is out of its limits now, or was for two ticks or more within the last minute; what lasts stands first."""
    first = max(len(records) - LOOKED_AT, 0)
    raw, found = records.raw(first), []
    for key, title, unit in WATCHED:
        chart = limits(watched(raw, key))
        out = newest_excursion(chart, LEAST_TICKS)
        if out is None:
            continue
        since_s, last_s = ((first + row + 1) * records.dt for row in (out.first, out.last))
        if len(records) * records.dt - last_s <= KEPT_S:
            now = out.last == int(chart.row[-1])
            found.append(
                Alert(key=key, title=title, unit=unit, since_s=since_s, last_s=last_s, now=now, out=out)
            )
    return sorted(found, key=lambda alert: (not alert.now, -alert.last_s))


def watched(raw: Raw, key: str) -> Floats:
    """`[T]` a watched figure, tick by tick."""
    if key == "late_share":
        return ratio(raw.count(Count.LATE), raw.count(Count.COMPLETED))
    return BY_NAME[key].value(raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A share that is above its objective over the last minute.

    Attributes:
        title: for people.
        value: the share over the last minute.
        limit: the objective.
        since_s: since when it has been above without a break, s.
    """

    title: str
    value: float
    limit: float
    since_s: float


def breaches(records: Records) -> list[Breach]:
    """Late answers and dropped tasks above what the origin's emergency rule tolerates, over the last minute.

    Adaptive limits follow a lasting fault and then keep silent about it; an objective does not.
    """
    first = max(len(records) - LOOKED_AT, 0)
    raw, rule = records.raw(first), EmergencyScaling()
    pairs = (
        ("late answers, last minute", raw.count(Count.LATE), raw.count(Count.COMPLETED), rule.late_share),
        ("errors, last minute", dropped(raw), raw.count(Count.ARRIVED), rule.error_rate),
    )
    found = []
    for title, part, whole, limit in pairs:
        share = rolling(part, whole, max(round(KEPT_S / records.dt), 1))
        above = share > limit
        if len(above) and above[-1]:
            within = np.flatnonzero(~above)
            begun = int(within[-1]) + 1 if len(within) else 0
            since_s = (first + begun + 1) * records.dt
            found.append(Breach(title=title, value=float(share[-1]), limit=limit, since_s=since_s))
    return found


def rolling(part: Floats, whole: Floats, ticks: int) -> Floats:
    """`[T]` share over the last so many ticks, fewer at the beginning; 0 where there is no whole.

    >>> rolling(np.array([1.0, 0.0, 0.0]), np.array([2.0, 2.0, 2.0]), 2)
    array([0.5 , 0.25, 0.  ])
    """
    sums = [np.concatenate([np.zeros(ticks), np.cumsum(values)]) for values in (part, whole)]
    above, below = (total[ticks:] - total[:-ticks] for total in sums)
    return np.asarray(np.where(below > 0, above / np.maximum(below, 1e-300), 0.0), np.float64)
