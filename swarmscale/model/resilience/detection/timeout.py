"""A fixed time: the baseline of failure detection."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....arrays import Floats
from ....errors import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeout:
    """Suspect whatever was silent for a fixed time, whatever its heartbeats are like.

    Attributes:
        after_s: that time, s.
    """

    after_s: float = 5.0

    def __post_init__(self) -> None:
        require(self.after_s > 0, "after_s", self.after_s, "above 0")

    def silence_s(self, gaps: Floats) -> Floats:
        """See :class:`.base.FailureDetector`."""
        return np.full(gaps.shape[:-1], self.after_s)

    def level(self, gaps: Floats, silence_s: Floats) -> Floats:
        """1 from the time on, below it the share of it that has passed."""
        return np.asarray(silence_s / self.after_s, np.float64)
