"""Reads a model again and again for operators, from any thread, while its host steps it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Ints
from ..model.columns import Raw
from ..model.flow.ledger import HISTOGRAMS, Count
from .exposition_parts import price_of
from .exposition_sight import Sight

if TYPE_CHECKING:
    from ..model.records import Records
    from ..model.swarm import SwarmModel

TRIES, PAUSE_S = 50, 0.001
SUMS = {
    "response": Count.RESPONSE_T,
    "network": Count.NETWORK_T,
    "cluster_wait": Count.CLUSTER_WAIT_T,
    "first_token": Count.FIRST_TOKEN_T,
}
"""What the times of a histogram sum up to."""


@dataclass(slots=True)
class Reader:
    """Reads one model again and again, from any thread, while its host steps it.

    Rows of the records never change once they are counted, so that sums over them are those of a whole tick.
    Histograms are written while a tick ends; they are read until they hold as many tasks as the rows, and if that does
    not come to pass (fifty tries, a millisecond apart) those of the last time stand. So counters never fall.

    Attributes:
        model: what is read; another model begins the counts anew.
    """

    model: SwarmModel
    _records: Records | None = None
    _ticks: int = 0
    _counts: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _cost: float = 0.0
    _histograms: dict[str, tuple[Ints, float]] = field(default_factory=dict)

    def sight(self) -> Sight:
        """The model as it stands after a tick."""
        records = self.model.records
        if records is not self._records:
            self._records, self._ticks, self._cost = records, 0, 0.0
            self._counts, self._histograms = np.zeros(records.raw(0, 0)._counts.shape[1], np.int64), {}
        for _ in range(TRIES):
            self._add(records)
            found = {name: records.histogram(name) for name in HISTOGRAMS}
            total = self._total(records)
            if all(int(found[name].sum()) == n for name, n in _sizes(total, found).items()):
                self._histograms = {
                    name: (found[name], float(total.seconds(which)[0])) for name, which in SUMS.items()
                }
                break
            time.sleep(PAUSE_S)
        return Sight(
            model=self.model,
            total=self._total(records),
            last=records.raw(max(self._ticks - 1, 0), self._ticks),
            ticks=self._ticks,
            cost=self._cost,
            histograms=self._histograms,
        )

    def _add(self, records: Records) -> None:
        """Add the rows that are new."""
        until = records.ticks
        if until > self._ticks:
            new = records.raw(self._ticks, until)
            self._counts = self._counts + new._counts.sum(axis=0)
            self._cost += price_of(self.model, new)
            self._ticks = until

    def _total(self, records: Records) -> Raw:
        return Raw(self._counts[None], records.raw(0, 0)._floats, records.dt)


def _sizes(total: Raw, found: Mapping[str, Ints]) -> dict[str, int]:
    """How many tasks each histogram must hold."""
    done, hits = (int(total.count(c)[0]) for c in (Count.COMPLETED, Count.CACHE_HITS))
    tokens = done - hits if found["first_token"].any() else 0
    return {
        "response": done,
        "network": int(total.count(Count.DISPATCHED)[0]) + hits,
        "cluster_wait": int(total.count(Count.STARTED)[0]),
        "first_token": tokens,
    }
