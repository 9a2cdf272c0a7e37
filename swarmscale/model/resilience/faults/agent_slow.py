"""An agent becomes slow, at once or gradually."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ....arrays import Floats, Ints
from ....errors import require
from ..base import Hit, Law, World
from ..incidents import Layer
from ..times import require_times
from .words import agents


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSlow:
    """An agent takes longer for each task by a factor, which it reaches at once or step by step.

    Attributes:
        mtbf_s, law, shape, for_s, for_law, for_shape, deadline_s: see :class:`..base.Fault`.
        factor: on its time for a task in the end, above 1 (assumed).
        ramp_s: time until the factor is reached, in equal ratios, s; 0: at once.
        steps: of that growth.
    """

    layer: ClassVar[Layer] = "component"
    shared: ClassVar[bool] = True
    hits: ClassVar[Hit] = "agent"
    at_once: ClassVar[bool] = False

    mtbf_s: float | None = None
    law: Law = "exponential"
    shape: float = 1.0
    for_s: float | None = None
    for_law: Law = "lognormal"
    for_shape: float = 0.5
    deadline_s: float = 300.0
    factor: float = 3.0
    ramp_s: float = 0.0
    steps: int = 16

    def __post_init__(self) -> None:
        require_times("agent-slow", self)
        require(1 < self.factor <= 1000, "agent-slow.factor", self.factor, "above 1, at most 1000")
        require(self.ramp_s >= 0, "agent-slow.ramp_s", self.ramp_s, "0 or more")
        require(1 <= self.steps <= 1000, "agent-slow.steps", self.steps, "from 1 to 1000")

    def components(self, world: World) -> Ints:
        """Rows of all agents that are up."""
        return world.agents_up()

    def target(self, world: World, components: Ints) -> str:
        """See :class:`..base.Fault`."""
        return agents(world, components)

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """They are slow from their next task on; or as slow as ever, if they become so gradually."""
        self._slow(world, components, self.factor if self.ramp_s == 0 else 1.0, incident)

    def stages(self, draws: Floats, lasts_s: float) -> Floats:
        """When it becomes slower: ``steps`` equal parts of the ramp."""
        if self.ramp_s == 0:
            return np.empty(0)
        return self.ramp_s * np.arange(1, self.steps + 1) / self.steps

    def go_on(self, world: World, components: Ints, stage: int, incident: int) -> None:
        """They are slower by one step more."""
        self._slow(world, components, self.factor ** ((stage + 1) / self.steps), incident)

    def end(self, world: World, components: Ints, incident: int) -> None:
        """They are as fast again as they were made."""
        world.heal_agents(components, incident)

    def _slow(self, world: World, rows: Ints, factor: float, incident: int) -> None:
        world.slow_agents(rows, np.full(len(rows), factor), incident)
