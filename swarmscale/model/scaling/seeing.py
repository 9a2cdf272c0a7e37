"""What a scaler measures of its model: what agents did and cost, and how much of them work takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...agents.fleet import WARM
from ..columns import Raw, provisioned
from .prices import Prices

if TYPE_CHECKING:
    from ..swarm import SwarmModel


def price_paid(raw: Raw, prices: Prices) -> float:
    """Price of the agents in some ticks: draining, failed and repaired ones cost what ready ones cost."""
    starting, warm = (float(raw.state(name).sum()) * raw.dt for name in ("starting", "warm"))
    others = float(provisioned(raw).sum()) - starting
    return others * prices.ready + starting * prices.starting + warm * prices.warm


def standing(model: SwarmModel) -> int:
    """Agents that stand on the pools: all but the warm ones."""
    return model.crew.members() - model.crew.in_state(WARM)


def agent_seconds_per_work(model: SwarmModel, service_t: float, useful_t: float) -> float:
    """Agent-seconds that a second of unit-speed work takes: measured overhead and lack of skill, and mean slowness."""
    return model.crew.mean_slowness() * (service_t / useful_t if useful_t > 0 else 1.0)


def over(part: float, whole: float) -> float:
    """Their ratio; 0 where the whole is."""
    return part / whole if whole > 0 else 0.0
