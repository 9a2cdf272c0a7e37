"""What an environment for scaling shows: all that a scaling policy sees, as an array with names, units and bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, cast

import numpy as np
from gymnasium.spaces import Box, Space

from ..arrays import Floats
from ..model.scaling.base import Seen

MOST = 1e12
"""Bound of what has none of its own: Gymnasium warns of infinite ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One place of an observation.

    Attributes:
        name: of the attribute of :class:`~swarmscale.model.scaling.base.Seen` that it holds.
        unit: ``s``, ``agents``, ``share`` or empty.
        high: largest value; where none is known, one that nothing comes near, and at which it would be cut. The least
            is 0 everywhere.
        text: what it is. Figures without a time are those of the period that ends.
    """

    name: str
    unit: str
    high: float
    text: str


FIELDS: tuple[Field, ...] = (
    Field(name="time_s", unit="s", high=MOST, text="time since the window's begin"),
    Field(name="period_s", unit="s", high=MOST, text="time between two actions"),
    Field(name="ready", unit="agents", high=MOST, text="agents idle or busy, now"),
    Field(name="starting", unit="agents", high=MOST, text="agents on their way to ready, now"),
    Field(name="draining", unit="agents", high=MOST, text="agents finishing their last task, now"),
    Field(name="failed", unit="agents", high=MOST, text="agents failed or under repair, now"),
    Field(name="warm", unit="agents", high=MOST, text="agents in the warm pool, now"),
    Field(name="utilization", unit="", high=MOST, text="busy / ready agent-seconds"),
    Field(name="demand", unit="agents", high=MOST, text="work that arrived / s, in agents, uncapped"),
    Field(name="backlog_s", unit="s", high=MOST, text="waiting work / capacity, now"),
    Field(
        name="late_share", unit="share", high=1.0, text="of what was due: missed its deadline or was dropped"
    ),
    Field(name="error_rate", unit="", high=MOST, text="tasks dropped / tasks arrived"),
    Field(name="cost_per_task", unit="", high=MOST, text="price paid / tasks answered"),
    Field(name="lead_s", unit="s", high=MOST, text="p95 of the start-up time + period"),
    Field(
        name="slo_utilization",
        unit="share",
        high=1.0,
        text="utilization up to which an agent meets its objective",
    ),
    Field(name="forecast", unit="agents", high=MOST, text="demand foretold for 300 s later"),
    Field(
        name="upper",
        unit="agents",
        high=MOST,
        text="upper quantile of the largest demand within lead_s, as foretold",
    ),
    Field(name="upper_later", unit="agents", high=MOST, text="the same of the demand 300 s later"),
)
"""The places of an observation, in order."""

PLACE = {field.name: i for i, field in enumerate(FIELDS)}
_WHOLE = {field.name for field in fields(Seen) if field.type == "int"}


def observation_space() -> Space[Floats]:
    """Box of float64, one place for each of :data:`FIELDS`."""
    return box(FIELDS)


def box(places: Sequence[Field]) -> Space[Floats]:
    """Box of float64 from 0 to the places' largest values."""
    space: Any = Box(np.zeros(len(places)), np.array([field.high for field in places]), dtype=np.float64)
    return cast(Space[Floats], space)


def observed(now: Seen) -> Floats:
    """`[18]` what is seen, in the order of :data:`FIELDS`."""
    return np.array([min(getattr(now, field.name), field.high) for field in FIELDS], np.float64)


def seen(observation: Floats) -> Seen:
    """What an observation says; nothing is lost on the way, so that a policy decides the same from it.

    >>> now = Seen(time_s=10.0, period_s=10.0, ready=7, demand=5.5)
    >>> seen(observed(now)) == now
    True
    """
    values = {
        name: int(value) if name in _WHOLE else float(value)
        for name, value in zip(PLACE, observation.tolist(), strict=True)
    }
    return Seen(**values)  # type: ignore[arg-type]
