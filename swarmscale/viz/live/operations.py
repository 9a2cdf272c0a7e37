"""What can be done to a running model by buttons: size and demand, faults, alerts. Knows no Solara."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...agents.fleet import BUSY, IDLE, STARTING
from ...errors import ConfigError, require
from ...model.intelligence.panels import ready_slots
from .operating import Input, Operation
from .strikes import AGENTS, INSIDE, MESH, STRIKES, WHOLE, chosen

if TYPE_CHECKING:
    from ...model.health.monitor import HealthMonitor
    from ...model.swarm import SwarmModel
    from .session import Session


def probe_now(model: SwarmModel) -> None:
    """Let the prober look at the fleet as it stands, and keep what it found in its series.

    Raises:
        ConfigError: if the fleet has no prober, or nobody is ready.
    """
    if model.prober is None:
        raise ConfigError("this fleet is not probed: set intelligence.on under Settings")
    if not ready_slots(model).any():
        raise ConfigError("no agent is ready, so there is nobody to probe")
    model.prober.act(model)


def scale_to(model: SwarmModel, agents: int, most: int) -> None:
    """Start agents, or let some go, so that so many are ready or starting."""
    require(0 <= agents <= most, "agents", agents, f"from 0 to {most}, the limit of this page")
    state = model.fleet.column("state")
    there = int(((state == IDLE) | (state == BUSY) | (state == STARTING)).sum())
    if agents > there:
        room = most - len(model.fleet)
        require(
            agents - there <= room, "agents", agents, f"at most {there + room}: others are draining or failed"
        )
        model.spawn(agents - there)
    else:
        model.drain_workers(model.crew.to_release(there - agents))


def _crowd(model: SwarmModel, factor: float) -> None:
    require(0 <= factor <= 1000, "factor", factor, "from 0 to 1000")
    model.scale_demand(factor)


# -- alerts ------------------------------------------------------------------------------------------------------


def monitor_of(model: SwarmModel) -> HealthMonitor:
    """The health monitor.

    Raises:
        ConfigError: if there is none.
    """
    if model.health is None:
        raise ConfigError(
            "nobody raises alerts here: set resilience.on and resilience.health.on under Settings"
        )
    return model.health


def firing(session: Session) -> Sequence[str]:
    """Keys of the alerts that fire or are silenced."""
    monitor = session.model.health
    return [one.key for one in monitor.alerts if one.open and one.state != "acknowledged"] if monitor else ()


def open_alerts(session: Session) -> Sequence[str]:
    """Keys of the alerts that are not over."""
    monitor = session.model.health
    return [one.key for one in monitor.alerts if one.state != "resolved"] if monitor else ()


def silence(model: SwarmModel, key: str, for_s: float) -> None:
    """Let an alert keep quiet for a time."""
    require(for_s > 0, "seconds", for_s, "above 0")
    monitor_of(model).silence(key, model.now_s + for_s)


# -- the buttons -------------------------------------------------------------------------------------------------

FLEET, ALERTS = "Fleet and demand", "Alerts"
GROUPS = (FLEET, AGENTS, MESH, WHOLE, INSIDE, ALERTS)
"""Headings of the buttons, in order."""
OPERATIONS = (
    Operation(
        key="scale", group=FLEET, title="Scale to", said="scale to {agents:,} agents",
        text="Starts agents, which are ready after their start-up time, or lets the surplus finish their tasks and "
        "leave: starting ones first, then of the largest clusters. A scaling policy decides anew at its next period.",
        inputs=(Input(name="agents", label="agents, ready and starting", start=lambda s: str(len(s.model.fleet))),),
        act=lambda s, m, v: scale_to(m, v["agents"], s.most_agents),
    ),
    Operation(
        key="flash-crowd", group=FLEET, title="Flash crowd", said="arrivals times {factor:g} of the configured rate",
        text="Multiplies the rate of arrivals from the next bin on, until another factor is given; 1 is as "
        "configured.",
        inputs=(Input(name="factor", label="factor on arrivals", start=lambda s: "3", whole=False),),
        act=lambda s, m, v: _crowd(m, v["factor"]),
    ),
    Operation(
        key="probe", group=FLEET, title="Probe now", said="the fleet is probed", inputs=(), slow=True,
        text="Puts the twelve tasks of the battery to panels of ready agents as they are now, lets a panel decide on "
        "questions with known answers, and adds the result to the series under Intelligence.",
        act=lambda s, m, v: probe_now(m),
    ),
    *STRIKES,
    Operation(
        key="acknowledge", group=ALERTS, title="Acknowledge", said="alert {alert} is acknowledged",
        text="Somebody takes care of it: the alert stays open until it is over, and no longer fires.",
        inputs=(chosen("alert", "alert that fires", firing),),
        act=lambda s, m, v: monitor_of(m).acknowledge(v["alert"]),
    ),
    Operation(
        key="silence", group=ALERTS, title="Silence", said="alert {alert} keeps quiet for {seconds:g} s",
        text="The alert keeps quiet for a time, whether it fires now or meanwhile.",
        inputs=(chosen("alert", "alert", open_alerts),
                Input(name="seconds", label="for (s)", start=lambda s: "300", whole=False)),
        act=lambda s, m, v: silence(m, v["alert"], v["seconds"]),
    ),
)  # fmt: skip
