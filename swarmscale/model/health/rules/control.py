"""Control charts on a metric: limits that are learned from the metric itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan

import numpy as np

from ....errors import require
from ..charts import ewma, ewma_limits, learned, shewhart
from ..moving import WARM_UP, limits
from .base import Look, Reading, Severity, Side, values_of
from .limit import check

type Chart = tuple[float, ...]
"""What a chart remembers of a subject: values while it learns; then what follows from them."""
MOST = 300
"""Looks that an adaptive chart looks back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shewhart:
    """A value lies more than so many standard deviations from the center of those by which the chart was set up.

    Attributes:
        metric: one of ``METRICS``.
        sigmas: standard deviations from the center to a limit.
        learn: values by which it is set up, which must be in control.
        side: on which side of its limits an alert is raised: above, below or both.
        severity: see :class:`.base.AlertRule`.
        for_s: see there.
        title: see there.
        text: see there.
    """

    metric: str = "response_mean_s"
    sigmas: float = 3.0
    learn: int = 20
    side: Side = "both"
    severity: Severity = "warning"
    for_s: float = 0.0
    title: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        check(self.metric, self.side, self.for_s)
        require(self.sigmas > 0, "sigmas", self.sigmas, "above 0")
        require(self.learn >= 2, "learn", self.learn, "2 or more")

    def start(self) -> dict[str, Chart]:
        """Nothing is known of any subject."""
        return {}

    def judge(self, look: Look, memory: dict[str, Chart]) -> tuple[Sequence[Reading], dict[str, Chart]]:
        """See :class:`.base.AlertRule`."""
        readings, kept = [], dict(memory)
        for subject, value in values_of(look, self.metric).items():
            values = kept.get(subject, ())
            if isnan(value):
                continue
            if len(values) < self.learn:
                kept[subject] = (*values, value)
                continue
            ends = shewhart(*learned(np.array(values)), self.sigmas)
            readings.append(reading(subject, value, value, ends, self.side, self.metric))
        return readings, kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Ewma:
    """The exponentially weighted average of a metric leaves its limits: small shifts that last are found soon.

    Attributes:
        metric: one of ``METRICS``.
        weight: of the newest value, in (0, 1].
        width: standard deviations of the average from the center to a limit; with a weight of .2 and 2.962 one false
            alarm in 500 values in control.
        learn: values by which it is set up, which must be in control.
        side: see :class:`Shewhart`.
        severity: see :class:`.base.AlertRule`.
        for_s: see there.
        title: see there.
        text: see there.
    """

    metric: str = "response_mean_s"
    weight: float = 0.2
    width: float = 2.962
    learn: int = 20
    side: Side = "above"
    severity: Severity = "warning"
    for_s: float = 0.0
    title: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        check(self.metric, self.side, self.for_s)
        require(0 < self.weight <= 1, "weight", self.weight, "in (0, 1]")
        require(self.width > 0, "width", self.width, "above 0")
        require(self.learn >= 2, "learn", self.learn, "2 or more")

    def start(self) -> dict[str, Chart]:
        """Nothing is known of any subject."""
        return {}

    def judge(self, look: Look, memory: dict[str, Chart]) -> tuple[Sequence[Reading], dict[str, Chart]]:
        """See :class:`.base.AlertRule`."""
        readings, kept = [], dict(memory)
        for subject, value in values_of(look, self.metric).items():
            chart = kept.get(subject, ())
            if isnan(value):
                continue
            if len(chart) < self.learn:
                kept[subject] = (*chart, value)
                continue
            center, sigma = learned(np.array(chart[: self.learn]))
            last, number = chart[self.learn :] if len(chart) > self.learn else (center, 0.0)
            average = ewma(last, value, self.weight)
            ends = ewma_limits(center, sigma, self.weight, self.width, int(number) + 1)
            kept[subject] = (*chart[: self.learn], average, number + 1)
            readings.append(reading(subject, value, average, ends, self.side, f"average {self.metric}"))
        return readings, kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Adaptive:
    """A value lies beyond limits that follow the metric: a jump is found, a drift or a day's course is not.

    Attributes:
        metric: one of ``METRICS``.
        side: see :class:`Shewhart`.
        severity: see :class:`.base.AlertRule`.
        for_s: see there.
        title: see there.
        text: see there.

    Source:
        See :func:`swarmscale.model.health.moving.limits`.
    """

    metric: str = "response_mean_s"
    side: Side = "above"
    severity: Severity = "info"
    for_s: float = 10.0
    title: str = ""
    text: str = ""

    def __post_init__(self) -> None:
        check(self.metric, self.side, self.for_s)

    def start(self) -> dict[str, Chart]:
        """Nothing is known of any subject."""
        return {}

    def judge(self, look: Look, memory: dict[str, Chart]) -> tuple[Sequence[Reading], dict[str, Chart]]:
        """See :class:`.base.AlertRule`."""
        readings, kept = [], dict(memory)
        for subject, value in values_of(look, self.metric).items():
            if isnan(value):
                continue
            kept[subject] = values = (*kept.get(subject, ()), value)[-MOST:]
            if len(values) <= WARM_UP + 1:
                continue
            chart = limits(np.array(values))
            half = float(chart.half[-1]) + 1e-9 * abs(float(chart.center[-1]))
            ends = (float(chart.center[-1]) - half, float(chart.center[-1]) + half)
            readings.append(reading(subject, value, value, ends, self.side, self.metric))
        return readings, kept


def reading(
    subject: str, value: float, judged: float, ends: tuple[float, float], side: str, what: str
) -> Reading:
    """What a chart says: ``judged`` against its lower and upper limit, on the sides that count."""
    low, high = ends
    under, over = judged < low and side != "above", judged > high and side != "below"
    limit = low if under or side == "below" else high
    word = "below" if under else "above"
    cause = f"{what} {judged:.4g} {word} {limit:.4g}" if under or over else ""
    return Reading(subject, value, limit, under or over, cause)
