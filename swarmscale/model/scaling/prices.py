"""What agents cost, in the price of one ready agent-second."""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite

from ...errors import require


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """Prices of agents by state.

    Attributes:
        ready: of an agent-second that is idle or busy, above 0.
        starting: of an agent-second on the way to ready.
        warm: of an agent-second in the warm pool.
        start: of each start of an agent, whether it becomes ready or warm, in ready agent-seconds.
    """

    ready: float = 1.0
    starting: float = 1.0
    warm: float = 0.1
    start: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            require(isfinite(value) and value >= 0, f"prices.{field.name}", value, "finite and 0 or more")
        require(self.ready > 0, "prices.ready", self.ready, "above 0")
