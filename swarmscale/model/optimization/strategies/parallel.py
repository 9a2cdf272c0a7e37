"""Parallel processing: large tasks are split over idle agents of their cluster."""

from __future__ import annotations

from dataclasses import dataclass
from math import e
from typing import TYPE_CHECKING, Any

import numpy as np

from ....arrays import Floats
from ....errors import require
from ...build import coordination
from ..base import Bottleneck, Proposal
from .turning import turn_back, turn_settings

if TYPE_CHECKING:
    from ...config import Config
    from ...swarm import SwarmModel

NAME = "parallel-processing"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelProcessing:
    """Fork-join over as many agents as are mostly idle, for tasks above the mean work.

    Parts are equal, so a task takes its part on the slowest of its agents, and the time of joining. Whoever helps is
    no longer the best match, and who waits for the others is not idle, so fewer are there to help: what is expected
    counts that too, for tasks of exponential work, above whose mean lie 1/e of them with 2/e of the work. It says
    nothing of tasks that wait longer since agents are busier.

    Attributes:
        most: agents that share a task at most.
    """

    most: int = 8

    def __post_init__(self) -> None:
        require(2 <= self.most <= 64, "most", self.most, "from 2 to 64")

    def propose(self, model: SwarmModel, found: Bottleneck) -> Proposal | str:
        """See :class:`..base.Strategy`."""
        c = model.config
        if c.learning.on or c.resilience.pace.on:
            return "who shares a task cannot be judged by how long it took, and learning or pace judges"
        now = c.parallel.ways
        if not found.response_s > 0:
            return "nothing was answered"
        if now >= self.most:
            return f"large tasks are split over {now} agents already"
        ways = min(max(2 * now, 4), self.most)
        from_s = c.parallel.from_s if now > 1 else max(model.flow.demand.mean_work_s, 1e-3)
        expected = (_in_hands_s(model, found, ways) - _in_hands_s(model, found, now)) / found.response_s
        return Proposal(
            strategy=NAME,
            knob="parallel.ways",
            words=f"tasks of {from_s:.3g} s of work or more are split over up to {ways} idle agents, not {now}",
            metric="response_s",
            expected=max(expected, -1.0),
            changes={"parallel.ways": ways, "parallel.from_s": from_s},
        )

    def turn(self, model: SwarmModel, proposal: Proposal) -> Any:
        """See :class:`..base.Strategy`."""
        return turn_settings(model, proposal.changes)

    def undo(self, model: SwarmModel, proposal: Proposal, kept: Any) -> None:
        """See :class:`..base.Strategy`."""
        turn_back(model, kept)


def _in_hands_s(model: SwarmModel, found: Bottleneck, ways: int) -> float:
    """Time in hands with large tasks split over up to so many agents, s.

    Who takes a task is the best match of those idle, which is measured; those who help are thought to be drawn evenly.
    How many are idle is what is left by those who work, help, and wait for helpers.
    """
    c, agents = model.config, found.station("agents")
    servers = max(agents.servers / max(found.station("clusters").servers, 1.0), 1.0)
    overhead = float(coordination(c, np.array([round(servers)]))[1][0])
    work_s, join_s = max(model.flow.demand.mean_work_s, 1e-9), c.parallel.join_ms / 1000
    slow = overhead * slowness(c, model.fleet.makeup.speed)
    helper, busy = float(slow.mean()), agents.utilization
    for _ in range(20):  # whoever helps leaves fewer to help
        idle = (1 - min(busy, 1.0)) * servers
        parts = float(np.clip(1 + idle, 1, ways))
        splits = min(idle, 1.0) if ways > 1 else 0.0  # chance that anybody is idle to help
        alone = agents.service_s / work_s if c.parallel.ways == 1 else 0.5 * (helper + float(slow[0]))
        slowest = slowest_of(slow, max(parts - 1, 1.0))
        spared_s = 2 / e * work_s * (alone - max(slowest, alone) / parts) - join_s / e
        takes_s = work_s * alone - splits * spared_s
        at_work_s = takes_s + splits * 2 / e * work_s * helper * (parts - 1) / parts
        busy = 0.5 * (busy + min(found.throughput_per_s * at_work_s / agents.servers, 1.0))
    return takes_s


def slowness(config: Config, speed: Floats) -> Floats:
    """`[4096]` quantiles of 1 / (speed x skill) of agents, over tasks of all types, at even steps.

    Args:
        config: says skills and types.
        speed: `[s]` quantiles of the speed at even steps.
    """
    types = np.array(config.fleet.type_shares) / sum(config.fleet.type_shares)
    own = round(32 * float(types @ types))  # tasks are of the agents' types as often as agents are
    ends = (config.fleet.skill_own, own), (config.fleet.skill_other, 32 - own)
    skill = np.concatenate([low + (high - low) * (np.arange(n) + 0.5) / max(n, 1) for (low, high), n in ends])
    some = np.interp((np.arange(128) + 0.5) / 128, np.linspace(0, 1, len(speed)), speed)
    return np.asarray(np.sort((1 / np.outer(some, skill)).reshape(-1)))


def slowest_of(slow: Floats, parts: float) -> float:
    """Mean of the slowest of so many agents drawn evenly.

    Args:
        slow: `[m]` quantiles of what each takes, at even steps, ascending.
        parts: 1 or more, not always whole.

    Source:
        All of p lie below the quantile u with chance u**p: David & Nagaraja (2003), *Order Statistics*, section 2.1.

    >>> slowest_of(np.array([1.0, 2.0]), 2.0)
    1.75
    """
    return float(slow @ np.diff(np.linspace(0, 1, len(slow) + 1) ** parts))
