"""The last bins of demand, and what the target that ends with the newest one came to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...arrays import Floats
from .base import Target


def whole_seasons(target: Target, bins: int) -> int:
    """Bins in as many whole seasons as reach back that far; 0 with no period."""
    return target.period * -(-bins // target.period) if target.period else 0


@dataclass(slots=True)
class Recent:
    """A ring of the last bins: the bin with number n lies at ``n % size``.

    Attributes:
        values: `[size]` demand by bin; 0 where none was seen yet.
        count: bins seen since the start.
    """

    values: Floats
    count: int = 0

    @classmethod
    def of(cls, size: int) -> Recent:
        """An empty ring for ``size`` bins."""
        return cls(np.zeros(size))

    def add(self, value: float) -> None:
        """Take in the next bin; the oldest one is forgotten."""
        self.values[self.count % self.values.size] = value
        self.count += 1

    def ago(self, bins: int) -> float:
        """Demand some bins before the newest, from 0 to ``size - 1``; only for bins that were seen."""
        return float(self.values[(self.count - 1 - bins) % self.values.size])

    def came(self, target: Target) -> float:
        """The target that was foretold ``horizon`` bins ago, now that its last bin is the newest one."""
        if target.kind == "value" or target.horizon == 1:
            return self.ago(0)
        return max(self.ago(bins) for bins in range(target.horizon))
