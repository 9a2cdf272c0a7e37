"""What a forecaster is, and how to add one.

A forecaster sees demand bin by bin and says, after each bin, what a target of the next bins will be: the value
``horizon`` bins later, or the largest value of the next ``horizon`` bins. It is a frozen keyword-only dataclass;
its fields are its settings. What it must remember goes out of ``start`` and comes back into ``step``, so that one
object serves every model and every worker. It learns a target when the last of its bins has been seen, never
before. To add one, write a file with the class and one line in this folder's ``__init__``; from outside, put
``@swarmscale.register("forecaster", "my-forecaster")`` above the class.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from ...errors import require

type TargetKind = Literal["value", "max"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be foretold.

    Attributes:
        horizon: bins ahead, 1 or more.
        kind: ``value`` for the bin ``horizon`` bins later, ``max`` for the largest of the next ``horizon`` bins.
        period: bins in a day (or another season), for forecasters that use one; 0 if there is none.
    """

    horizon: int
    kind: TargetKind = "value"
    period: int = 0

    def __post_init__(self) -> None:
        require(self.horizon >= 1, "horizon", self.horizon, "1 or more")
        require(self.kind in ("value", "max"), "kind", self.kind, "value or max")
        require(self.period >= 0, "period", self.period, "0 or more")


class Forecaster[M](Protocol):
    """Says after each bin what the target will be; M is what it remembers."""

    def start(self, target: Target) -> M:
        """What is remembered before the first bin."""
        ...

    def step(self, value: float, memory: M) -> tuple[float, M]:
        """Take in the bin that has just ended and foretell the target, seen from its end.

        Args:
            value: demand in the bin, 0 or more, finite.
            memory: what ``start`` or the last ``step`` gave; it may be changed in place and is not used again.

        Returns:
            The forecast, finite and 0 or more, and the memory.
        """
        ...
