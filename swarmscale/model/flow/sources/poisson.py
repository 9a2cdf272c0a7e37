"""A constant rate: the demand of queueing theory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Poisson:
    """Poisson arrivals at one rate; ``demand.scale`` is then that rate per second."""

    def profile(self) -> Profile:
        """See :class:`DemandSource`."""
        return Profile(step_s=3600.0, rate_per_s=np.ones(1), note="Poisson arrivals at a constant rate")
