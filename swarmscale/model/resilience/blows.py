"""How a fault strikes, and what becomes of it until it is over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import inf

import numpy as np

from ...arrays import Floats, Ints
from .base import Fault, Sized, Staged, World
from .drawing import LOCAL, rows_of
from .incidents import Incident
from .times import LASTING, STAGE, drawn, uniforms


@dataclass(slots=True, kw_only=True)
class Lasting:
    """A fault that is not over yet, or that goes on.

    Attributes:
        fault: which.
        numbers: `[n]` its components; of agents their unique ids.
        rows: `[n]` of agents: rows where they were when it began.
        incident: its number in the log.
        ends_s: when it is over, s; infinity for never.
        stage_s: `[m]` when it goes on, s, ascending.
        stages: `[m]` the stages that these are.
        reached: stages so far.
    """

    fault: Fault
    numbers: Ints
    rows: Ints
    incident: int
    ends_s: float
    stage_s: Floats
    stages: Ints
    reached: int = 0

    @property
    def next_s(self) -> float:
        """When something happens to it next, s."""
        stage = float(self.stage_s[self.reached]) if self.reached < len(self.stages) else inf
        return min(stage, self.ends_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blow:
    """How a fault strikes.

    Attributes:
        name: of the fault.
        incident: what its incident is called, the same for every number of shards.
        key: Philox key of the stream of its draws.
        count: which time it is that this stream strikes.
        ends_s: when it is over, s.
        title: name of the incident in the report.
    """

    name: str
    incident: str
    key: np.uint64
    count: int
    ends_s: float = inf
    title: str = ""


def begin(world: World, fault: Fault, hit: Ints, blow: Blow) -> Lasting:
    """Open an incident, and break what is hit."""
    incident = world.log.open(
        Incident(
            key=blow.incident,
            fault=blow.name,
            layer=fault.layer,
            target=fault.target(world, hit),
            size=parts(world, fault, hit),
            begins_s=world.now_s,
            ends_s=blow.ends_s,
            deadline_s=fault.deadline_s,
            title=blow.title,
        )
    )
    numbers = world.model.fleet.column("uid")[hit] if fault.hits == "agent" else hit
    stage_s, stages = np.empty(0), np.empty(0, np.int64)
    if isinstance(fault, Staged):
        draws = uniforms(numbers, np.full(len(hit), blow.count), STAGE, blow.key)
        at = world.now_s + fault.stages(draws, blow.ends_s - world.now_s)
        stages = np.argsort(at, kind="stable")
        stage_s = at[stages]
    fault.begin(world, hit, blow.ends_s, incident)
    return Lasting(
        fault=fault,
        numbers=numbers,
        rows=hit,
        incident=incident,
        ends_s=blow.ends_s,
        stage_s=stage_s,
        stages=stages,
    )


def go_on(world: World, one: Lasting) -> bool:
    """The next thing that happens to a fault, a stage or its end; whether it lasts on."""
    agents = one.fault.hits == "agent"
    hit = rows_of(world, one.numbers, one.rows) if agents else one.numbers
    if one.reached == len(one.stages) or one.stage_s[one.reached] > one.ends_s:
        world.log.note(one.incident, world.now_s, "the fault is over")
        one.fault.end(world, hit, one.incident)
        return False
    if agents and world.log[one.incident].over:  # begun anew meanwhile
        return False
    if len(hit) and isinstance(one.fault, Staged):
        one.fault.go_on(world, hit, int(one.stages[one.reached]), one.incident)
    one.reached += 1
    return True


def elsewhere(world: World, fault: Fault) -> bool:
    """Whether what it hits may be in other shards."""
    return fault.hits in LOCAL and world.model.shard.exchange.size > 1


def parts(world: World, fault: Fault, hit: Ints) -> int:
    """How many single things a fault breaks at these components."""
    if not len(hit):
        return 0
    return fault.parts(world, hit) if isinstance(fault, Sized) else len(hit)


def ending(world: World, fault: Fault, blow: Blow, for_s: float | None) -> Blow:
    """The same blow with its end."""
    if for_s is None and fault.for_s is not None and fault.for_s < inf:
        zero, count = np.zeros(1, np.int64), np.full(1, blow.count)
        law = (fault.for_s, fault.for_law, fault.for_shape)
        for_s = float(drawn(zero, count, LASTING, blow.key, *law)[0])
    return blow if for_s is None else replace(blow, ends_s=world.now_s + for_s)
