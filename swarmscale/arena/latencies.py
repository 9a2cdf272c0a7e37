"""Latencies of millions of orders in little room: a histogram whose bins are one percent wide."""

from __future__ import annotations

import numpy as np

from ..arrays import Floats, Ints

_LEAST_MS, _STEP, _BINS = 1e-3, 0.01, 2400


class Latencies:
    """Counts by size, from a microsecond to seven hours, each to within half a percent.

    >>> seen = Latencies()
    >>> seen.add(np.array([1.0, 2.0, 100.0]))
    >>> seen.count, round(seen.quantile(0.5), 1)
    (3, 2.0)
    """

    def __init__(self) -> None:
        self.counts: Ints = np.zeros(_BINS, np.int64)
        self.total_ms = 0.0

    def add(self, latency_ms: Floats) -> None:
        """Count some."""
        place = np.log(np.maximum(latency_ms, _LEAST_MS) / _LEAST_MS) / _STEP
        self.counts += np.bincount(np.minimum(place, _BINS - 1).astype(np.int64), minlength=_BINS)
        self.total_ms += float(np.sum(latency_ms))

    @property
    def count(self) -> int:
        """How many were counted."""
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        """Their mean, ms; NaN if there are none."""
        return self.total_ms / self.count if self.count else float("nan")

    def quantile(self, share: float) -> float:
        """The latency that this share does not exceed, ms; NaN if there are none."""
        if not self.count:
            return float("nan")
        place = int(np.searchsorted(np.cumsum(self.counts), share * self.count))
        return float(_LEAST_MS * np.exp(_STEP * (place + 0.5)))
