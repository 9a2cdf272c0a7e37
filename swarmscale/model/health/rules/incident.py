"""Incidents that were noticed and are not over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....errors import require
from .base import Look, Open, Reading, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Incidents:
    """Something is held to be broken; one alert for each kind of fault, however many there are.

    Attributes:
        overdue: only those that were not made good within their deadline.
        severity: see :class:`.base.AlertRule`.
        for_s: see there.
        title: see there.
        text: see there.
    """

    overdue: bool = False
    severity: Severity = "warning"
    for_s: float = 0.0
    title: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        require(self.for_s >= 0, "for_s", self.for_s, "0 or more")

    def start(self) -> None:
        """It remembers nothing."""

    def judge(self, look: Look, memory: None) -> tuple[Sequence[Reading], None]:
        """See :class:`.base.AlertRule`."""
        kinds: dict[str, list[Open]] = {}
        for one in look.incidents:
            if not self.overdue or one.overdue_s > 0:
                kinds.setdefault(one.fault, []).append(one)
        readings = []
        for fault, ones in kinds.items():
            more = f" and {len(ones) - 1} more" if len(ones) > 1 else ""
            readings.append(Reading(fault, float(len(ones)), 0.0, True, f"{ones[0].target}{more}"))
        return readings, None
