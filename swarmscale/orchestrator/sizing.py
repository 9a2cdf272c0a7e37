"""Changes of a fleet's size that a host orders."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import nan
from typing import TYPE_CHECKING

import numpy as np

from ..agents.fleet import BUSY, HELPING, IDLE, STARTING
from ..errors import require
from ..model.scaling.events import ScalingEvent
from ..model.scaling.expectation import Expected
from ..model.scaling.hearing import tell

if TYPE_CHECKING:
    from ..model.scaling.scaler import Limits, Scaler
    from ..model.swarm import SwarmModel

POLICY = "host"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A scaler that is kept to a size for a while.

    Attributes:
        scaler: which.
        usual: its limits else.
        until_s: s.
    """

    scaler: Scaler
    usual: Limits
    until_s: float

    @classmethod
    def of(cls, scaler: Scaler, before: Hold | None, agents: int, until_s: float) -> Hold:
        """Keep a scaler to so many agents."""
        usual = before.usual if before is not None else scaler.limits
        scaler.limits = replace(usual, least=agents, most=agents)
        return cls(scaler=scaler, usual=usual, until_s=until_s)

    def over(self, model: SwarmModel) -> bool:
        """Whether its time is over; the scaler has its usual limits then."""
        if model.now_s < self.until_s - 1e-9:
            return False
        self.scaler.limits = self.usual
        return True


def provisioned(model: SwarmModel) -> int:
    """Ready and starting agents."""
    return int(np.isin(model.fleet.column("state"), (IDLE, BUSY, HELPING, STARTING)).sum())


def resize(model: SwarmModel, agents: int, reason: str, most: int) -> ScalingEvent:
    """Start agents, warm ones first, or let some go, so that so many are ready or starting.

    Args:
        model: between two ticks.
        agents: that are wanted.
        reason: in words.
        most: members that the fleet may have.

    Raises:
        ConfigError: if draining or failed agents leave no room.
    """
    before, ready_at = provisioned(model), model.now_s
    if agents > before:
        woken = model.wake(agents - before)
        missing = agents - before - woken.number
        room = most - len(model.fleet)
        require(
            missing <= room,
            "agents",
            agents,
            f"at most {agents - missing + room}: others are draining or failed",
        )
        joined = model.join(missing)
        ready_at = max(ready_at, woken.ready_at_s, joined.ready_at_s)
    elif agents < before:
        model.drain_workers(model.crew.to_release(before - agents))
    after = provisioned(model)
    tell(model, before, after, ready_at)
    unknown = Expected(nan, nan, nan)
    return ScalingEvent(
        time_s=model.now_s, policy=POLICY, trigger="host", reason=reason, before=before, wanted=agents, after=after,
        pool="", ready_at_s=ready_at, demand=nan, forecast=nan, upper=nan,
        cost=model.scaler.cost if model.scaler is not None else nan,
        utilization=unknown, spending=unknown, pool_need=unknown,
    )  # fmt: skip
