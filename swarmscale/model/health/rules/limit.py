"""A fixed limit on a metric."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ....errors import UnknownChoiceError, require
from .base import METRICS, Look, Reading, Severity, Side, values_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A metric is above its limit, or below it.

    Attributes:
        metric: one of ``METRICS``.
        limit: in the metric's unit.
        side: on which side of it an alert is raised: above or below.
        severity: see :class:`.base.AlertRule`.
        for_s: see there.
        title: see there.
        text: see there.
    """

    metric: str = "error_rate"
    limit: float = 0.001
    side: Side = "above"
    severity: Severity = "warning"
    for_s: float = 0.0
    title: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        check(self.metric, self.side, self.for_s)
        require(self.side != "both", "side", self.side, "above or below")

    def start(self) -> None:
        """It remembers nothing."""

    def judge(self, look: Look, memory: None) -> tuple[Sequence[Reading], None]:
        """See :class:`.base.AlertRule`."""
        readings = []
        for subject, value in values_of(look, self.metric).items():
            out = value > self.limit if self.side == "above" else value < self.limit
            cause = f"{self.metric} {value:.4g} {self.side} {self.limit:.4g}"
            readings.append(Reading(subject, value, self.limit, out, cause))
        return readings, None


def check(metric: str, side: str, for_s: float) -> None:
    """Refuse what no rule can ask for.

    Raises:
        UnknownChoiceError: if there is no such metric.
        ConfigError: if side or time break their rule.
    """
    if metric not in METRICS:
        raise UnknownChoiceError("metric of alert rules", metric, METRICS)
    require(side in ("above", "below", "both"), "side", side, "above, below or both")
    require(for_s >= 0, "for_s", for_s, "0 or more")
