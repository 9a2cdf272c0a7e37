"""Alerts of a run: figures that have left their adaptive limits, computed from the records alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..arrays import Floats
from ..model.columns import BY_NAME, Raw, ratio
from ..model.flow.ledger import Count
from .figures.control import Excursion, limits, newest_excursion

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
