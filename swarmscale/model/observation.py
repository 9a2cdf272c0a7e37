"""What controllers see of the model: one read-only look at the last tick."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .columns import BY_NAME, STATES

if TYPE_CHECKING:
    from .swarm import SwarmModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """The figures of the last tick.

    Attributes:
        time_s: s.
        agents: agents by state.
        ready: idle, busy and helping agents.
        utilization: busy / ready agent-seconds in the tick; NaN if none was ready.
        arrival_rate_per_s: tasks arrived / s.
        throughput_per_s: tasks answered / s.
        waiting: tasks in the clusters' queues.
        backlog_s: seconds of unit-speed work waiting and in hands.
        response_mean_s: mean response time of the tasks answered in the tick; NaN if none.
        error_rate: tasks dropped / tasks arrived; NaN if none arrived.
    """

    time_s: float
    agents: Mapping[str, int]
    ready: int
    utilization: float
    arrival_rate_per_s: float
    throughput_per_s: float
    waiting: int
    backlog_s: float
    response_mean_s: float
    error_rate: float


def observe(model: SwarmModel) -> Observation:
    """The observation of a model's last tick; before the first one all flows are 0.

    The shards of a model that is shared out look together.
    """
    n = model.records.ticks
    raw = model.records.raw(max(n - 1, 0), n)

    def last(name: str) -> float:
        values = BY_NAME[name].value(raw)
        return float(values[-1]) if len(values) else 0.0

    states = {name: int(last(f"agents_{name}")) for name in STATES}
    return Observation(
        time_s=model.now_s,
        agents=states,
        ready=states["idle"] + states["busy"] + states["helping"],
        utilization=last("utilization"),
        arrival_rate_per_s=last("arrival_rate_per_s"),
        throughput_per_s=last("throughput_per_s"),
        waiting=int(last("waiting_cluster")),
        backlog_s=model.crew.work_held_s(),
        response_mean_s=last("response_mean_s"),
        error_rate=last("error_rate"),
    )
