"""Individual learning: what one has tried oneself, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from ....arrays import Ints
from .base import SocialView, fastest


@dataclass(frozen=True, slots=True, kw_only=True)
class Individual:
    """The method that was fastest in the agent's own hands, among those that it has tried."""

    def choose(self, view: SocialView) -> Ints:
        """See :class:`SocialStrategy`."""
        return fastest(view.tasks, view.time, view.method)
