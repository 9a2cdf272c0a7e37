"""Memory optimization: how long the collective memory keeps what nobody asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ....errors import require
from ...collective_memory.replicas import NEVER
from ..base import Bottleneck, Proposal
from .turning import turn_back, turn_settings

if TYPE_CHECKING:
    from ...swarm import SwarmModel

NAME = "memory-optimization"


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryOptimization:
    """Shorter retention, as long as what is recalled stays as right.

    Expected is the share of the bytes held that would have been dropped already when the memory last forgot: what is
    dropped comes back when it is observed anew, and grows old again.

    Attributes:
        factor: by which retention is shortened.
        least_s: shortest retention, s.
    """

    factor: float = 0.5
    least_s: float = 10.0

    def __post_init__(self) -> None:
        require(0 < self.factor < 1, "factor", self.factor, "in (0, 1)")
        require(self.least_s > 0, "least_s", self.least_s, "above 0")

    def propose(self, model: SwarmModel, found: Bottleneck) -> Proposal | str:
        """See :class:`..base.Strategy`."""
        keeper = model.collective_memory
        if keeper is None:
            return "there is no collective memory"
        now = model.config.collective_memory.retention_s
        new = max(self.factor * now, self.least_s)
        if new >= now:
            return f"retention is at its shortest, {now:g} s"
        at, last_s = (
            keeper.replicas.at,
            float(keeper.tally.rows[-1, 0]) if len(keeper.tally.rows) else model.now_s,
        )
        held = np.count_nonzero(at > NEVER)
        old = np.count_nonzero((at > NEVER) & (at < last_s - new))
        return Proposal(
            strategy=NAME,
            knob="collective_memory.retention_s",
            words=f"facts are dropped {new:g} s after their last observation, not {now:g} s",
            metric="memory_bytes",
            expected=-old / held if held else float("nan"),
            changes={"collective_memory.retention_s": new},
        )

    def turn(self, model: SwarmModel, proposal: Proposal) -> Any:
        """See :class:`..base.Strategy`."""
        return turn_settings(model, proposal.changes)

    def undo(self, model: SwarmModel, proposal: Proposal, kept: Any) -> None:
        """See :class:`..base.Strategy`: facts that were dropped are gone until they are observed again."""
        turn_back(model, kept)
