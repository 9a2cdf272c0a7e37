"""A fleet of one size: the baseline that every saving is measured against."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import require
from .base import Decision, Seen


@dataclass(frozen=True, slots=True, kw_only=True)
class Static:
    """Always the same number of agents, whatever is seen.

    A static peak, the usual baseline, is this policy with ``agents`` set to what the largest demand needs.

    Attributes:
        agents: wanted number of agents; 0 keeps the number that was there at the first decision.
    """

    agents: int = 0

    def __post_init__(self) -> None:
        require(self.agents >= 0, "scaling.agents", self.agents, "0 or more")

    def start(self) -> int:
        """The size to keep; below 0 it is not known yet."""
        return self.agents or -1

    def decide(self, now: Seen, memory: int) -> tuple[Decision, int]:
        """See :class:`ScalingPolicy`."""
        size = memory if memory >= 0 else now.provisioned
        return Decision(size, ("always {} agents; {} are there", size, now.provisioned), "static"), size
