"""What the scaler did, and what came of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from .expectation import Expected

if TYPE_CHECKING:
    import pandas as pd

_FIGURES = ("utilization", "spending", "pool_need")


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingEvent:
    """One change of the fleet's size.

    Attributes:
        time_s: when it was decided, s.
        policy: name of the policy.
        trigger: short name of the term that won.
        reason: why, in words.
        before: ready and starting agents then.
        wanted: what the policy wanted.
        after: what the fleet's limits and the pools let it be.
        pool: the pool that stopped the rest, or an empty text.
        ready_at_s: when the last of the new agents is ready, s; the time of the decision for a scale-down.
        demand: demand then, agents.
        forecast: demand foretold for 300 s later, agents.
        upper: upper quantile of the largest demand within the lead time, agents.
        cost: price paid until then.
        utilization: expected mean utilization of the next 300 s.
        spending: expected price of the next 300 s.
        pool_need: expected largest number of agents that stand on the pools within 300 s.
        came: utilization, spending and pool need as they came, or None until then.
    """

    time_s: float
    policy: str
    trigger: str
    reason: str
    before: int
    wanted: int
    after: int
    pool: str
    ready_at_s: float
    demand: float
    forecast: float
    upper: float
    cost: float
    utilization: Expected
    spending: Expected
    pool_need: Expected
    came: tuple[float, float, float] | None = None

    def row(self) -> dict[str, Any]:
        """Everything as plain values: of each expected figure its value, both ends and what came."""
        out: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, Expected):
                out |= {
                    f"{field.name}_expected": value.value,
                    f"{field.name}_low": value.low,
                    f"{field.name}_high": value.high,
                }
            elif field.name != "came":
                out[field.name] = value
        came = self.came or (float("nan"),) * len(_FIGURES)
        return out | {f"{name}_came": value for name, value in zip(_FIGURES, came, strict=True)}


def events_frame(events: Sequence[ScalingEvent]) -> pd.DataFrame:
    """The events as a table, one row each."""
    import pandas as pd

    return pd.DataFrame([event.row() for event in events])
