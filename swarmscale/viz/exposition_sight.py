"""What a metric for operators is, and what it is read from: a model as it stood after a tick."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from ..model.columns import Raw
from ..model.flow.ledger import Count

if TYPE_CHECKING:
    from ..arrays import Ints
    from ..model.swarm import SwarmModel

PREFIX = "swarmscale_"

type Kind = Literal["counter", "gauge", "histogram"]
type Values = Iterable[tuple[tuple[str, ...], float]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """A model as it stood after a tick.

    Attributes:
        model: the model itself, for what is not in the records.
        total: one row: all counts summed over the ticks so far.
        last: one row: the counts of the last tick; none before the first.
        ticks: rows so far.
        cost: price paid so far.
        histograms: `[1024]` counts of each histogram, by name, and their sums belonging to the same ticks, in s.
    """

    model: SwarmModel
    total: Raw
    last: Raw
    ticks: int
    cost: float
    histograms: dict[str, tuple[Ints, float]]

    def sum(self, which: Count) -> float:
        """A count over all ticks."""
        return float(self.total.count(which)[0])

    def sum_s(self, which: Count) -> float:
        """A time over all ticks, in s."""
        return float(self.total.seconds(which)[0])

    def now(self, column: Callable[[Raw], np.ndarray[tuple[int, ...], np.dtype[np.float64]]]) -> float:
        """A column of the last tick; NaN before the first."""
        values = column(self.last)
        return float(values[0]) if len(values) else float("nan")


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One metric.

    Attributes:
        name: without ``swarmscale_`` and without a counter's ``_total``; ends with its unit.
        kind: counter, gauge or histogram.
        unit: seconds, bytes, ratio, or empty for a plain number.
        text: what it is: the HELP of an exposition.
        labels: names of its labels.
        read: values by labels; a value that is NaN is left out, and a metric without values as well.
        where: of which models it tells, in words; empty for all.
    """

    name: str
    kind: Kind
    unit: str = ""
    text: str
    labels: tuple[str, ...] = ()
    read: Callable[[Sight], Values]
    where: str = ""

    @property
    def full(self) -> str:
        """Its name in queries."""
        return f"{PREFIX}{self.name}" + "_total" * (self.kind == "counter")
