"""No arrivals but those that a host submits: the demand of a fleet that another simulation uses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .base import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """Nothing arrives of itself; see :meth:`swarmscale.SwarmModel.submit`."""

    def profile(self) -> Profile:
        """See :class:`DemandSource`."""
        return Profile(step_s=3600.0, rate_per_s=np.zeros(1), note="tasks that a host submits")
