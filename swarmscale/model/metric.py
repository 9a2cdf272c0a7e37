"""What a metric is: a stretch of a run, from which it is read, and a row of the scorecard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..arrays import Floats, Ints
from .columns import Raw
from .counting import bin_middles
from .flow.ledger import HIERARCHY, Count
from .records import Records

if TYPE_CHECKING:
    from .scaling.scaler import Scaler
    from .swarm import SwarmModel


class Stretch:
    """A stretch of a run, from which metrics are read.

    Attributes:
        first_s: s.
        last_s: s.
        raw: the rows of its ticks.
    """

    def __init__(self, records: Records, first_tick: int, last_tick: int) -> None:
        self._records = records
        self.first_s, self.last_s = first_tick * records.dt, last_tick * records.dt
        self.raw: Raw = records.raw(first_tick, last_tick)

    @property
    def seconds(self) -> float:
        """Its length in s."""
        return self.last_s - self.first_s

    def count(self, which: Count) -> float:
        """Sum of a count."""
        return float(self.raw.count(which).sum())

    def time_s(self, which: Count) -> float:
        """Sum of a time in s."""
        return float(self.raw.seconds(which).sum())

    def message(self, column: int) -> float:
        """Sum of a count of the messages that can be lost: those of the hierarchy's channel."""
        return float(self.raw.message(HIERARCHY, column).sum())

    def histogram(self, which: str) -> Ints:
        """`[1024]` counts."""
        return self._records.histogram(which, self.first_s, self.last_s)

    def quantile(self, which: str, share: float) -> float:
        """Quantile of a histogrammed time in s."""
        hist = self.histogram(which)
        if not hist.sum():
            return np.nan
        return float(bin_middles()[np.searchsorted(np.cumsum(hist), share * hist.sum())])

    def clusters(self, part: str = "busy_s", whole: str = "ready_s") -> Floats:
        """`[Q]` ratio of two sums of each cluster over the whole periods in the stretch, of those that have any."""
        series = self._records.cluster_series()
        period = self._records.cluster_period_s
        inside = [
            i
            for i, t in enumerate(series["time_s"])
            if t - period >= self.first_s - 1e-9 and t <= self.last_s + 1e-9
        ]
        width = max((len(series[part][i]) for i in inside), default=0)
        above, below = np.zeros(width), np.zeros(width)
        for i in inside:
            above[: len(series[part][i])] += series[part][i]
            below[: len(series[whole][i])] += series[whole][i]
        return np.asarray(above[below > 0] / below[below > 0], np.float64)

    def matches(self) -> tuple[float, float]:
        """Summed skill achieved, and the best possible, over the clusters looked at in the stretch."""
        found = self._records.matches()
        inside = (found["time_s"] > self.first_s) & (found["time_s"] <= self.last_s + 1e-9)
        return float(found["achieved"][inside].sum()), float(found["best"][inside].sum())

    def stations(self, which: str) -> Floats:
        """`[K]` mean busy share of each node's station over the whole periods in the stretch."""
        series = self._records.node_series()
        period = self._records.cluster_period_s
        inside = (series["time_s"] - period >= self.first_s - 1e-9) & (series["time_s"] <= self.last_s + 1e-9)
        rows = series[which][inside] if len(series[which]) else np.zeros((0, 0))
        return np.asarray(rows.mean(axis=0) if len(rows) else np.zeros(0), np.float64)


class Reading(NamedTuple):
    """What a part of the model has measured.

    Attributes:
        value: the value.
        low: lower end of its 95 % interval, NaN if there is none.
        high: upper end.
        note: how the interval was made, or why there is none.
    """

    value: float
    low: float = np.nan
    high: float = np.nan
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One row of the scorecard.

    Attributes:
        key: its name in JSON.
        title: its name for people.
        unit: ``share``, ``ms``, ``s``, ``1/s`` or empty.
        text: its definition.
        value: from a stretch to a number, NaN if there is nothing to measure; None if a run cannot measure it.
        claim: what the origin of this project claimed of it.
        bound: the claim as a number in the metric's unit, or None.
        least: whether the claim is met at or above the bound; else at or below.
        where: what measures it, if a run does not.
        scaled: from the scaler to a number, for what only a run with a scaling policy can measure.
        of_model: from the model to what one of its parts has measured, with its interval; None if it has not.
        extreme: whether it is a spread or an extreme over clusters or nodes: over a shorter batch that is
            another quantity, so batch means give no interval.
    """

    key: str
    title: str
    unit: str
    text: str
    value: Callable[[Stretch], float] | None
    claim: str = ""
    bound: float | None = None
    least: bool = True
    where: str = ""
    extreme: bool = False
    scaled: Callable[[Scaler], float] | None = None
    of_model: Callable[[SwarmModel], Reading | None] | None = None


def over(part: float, whole: float) -> float:
    """Part over whole; NaN if there is no whole."""
    return part / whole if whole else np.nan


def jain(x: Floats) -> float:
    """Jain's index of fairness, 1 if all are alike, 1/n if one has all (Jain, Chiu & Hawe 1984)."""
    return over(float(x.sum()) ** 2, len(x) * float((x * x).sum()))


def variation(x: Floats) -> float:
    """Coefficient of variation."""
    return over(float(x.std()), float(x.mean())) if len(x) else np.nan
