"""What could be done with a fleet: what its scaler recommends, and what its optimizer would try."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model.scaling.outlook import LATER_S
from .results import Recommendation

if TYPE_CHECKING:
    from ..model.swarm import SwarmModel


def recommended(model: SwarmModel) -> list[Recommendation]:
    """Recommendations of the scaler within the time for which they were made, then those of the optimizer."""
    out: list[Recommendation] = []
    if model.scaler is not None:
        out += [
            Recommendation(
                source="scaling", kind=one.kind, text=one.text, metric="agent-seconds", wanted=one.wanted,
                gain=one.benefit.value, low=one.benefit.low, high=one.benefit.high,
            )
            for one in model.scaler.advisor.given
            if one.time_s > model.now_s - LATER_S
        ]  # fmt: skip
    if model.optimizer is not None and model.records.ticks:
        out += [
            Recommendation(
                source="optimization", kind=one.strategy, text=one.words, metric=one.metric, gain=one.gain,
                low=one.low, high=one.high,
            )
            for one in model.recommendations()
        ]  # fmt: skip
    return out
