"""The injector: lets faults strike by their laws, by a script, and when it is told to."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import rng as streams
from ...arrays import Ints
from ...errors import require
from .base import Fault, World
from .blows import Blow, Lasting, begin, elsewhere, ending, go_on, parts
from .clocks import Clock
from .drawing import asked, chosen, nothing_to_hit
from .faults import FAULTS
from .script import Planned, can_end, check_numbers, name_of, planned
from .settings import Resilience

if TYPE_CHECKING:
    from ..config import Config


@dataclass(slots=True, kw_only=True, eq=False)
class Injector:
    """Lets faults strike.

    Every draw is keyed by the fault's name, its place among those of that name, the component and how often it was
    hit: another setting of one fault moves neither the others nor the demand.

    Attributes:
        settings: see there.
        root_seed: determines all draws.
        clocks: when the faults with a rate strike next.
        plan: those that strike at given times, by time.
        struck: how many of the plan have struck.
        told: how often each fault was let loose from code, by name.
        missed: s and a text: strikes of the plan that found nothing to hit.
    """

    settings: Resilience
    root_seed: int
    clocks: tuple[Clock, ...]
    plan: tuple[Planned, ...]
    struck: int = 0
    told: dict[str, int] = field(default_factory=dict)
    missed: list[tuple[float, str]] = field(default_factory=list)
    _lasting: list[tuple[float, int, Lasting]] = field(default_factory=list)
    _begun: int = 0

    def due(self, world: World, begin_s: float) -> None:
        """End what is over, and let strike what is due, up to the begin of a tick."""
        while self._lasting and self._lasting[0][0] <= begin_s:
            one = heappop(self._lasting)[2]
            if go_on(world, one):
                self._await(one)
        for clock in self.clocks:
            clock.arm(world)
            self._strike_by_law(world, clock)
        while self.struck < len(self.plan) and self.plan[self.struck].told.at_s <= begin_s:
            self.struck += 1
            self._strike_by_plan(world, self.plan[self.struck - 1])

    def strike(
        self,
        world: World,
        fault: str | Fault,
        components: Ints | list[int] | None = None,
        number: int | None = None,
        share: float | None = None,
        for_s: float | None = None,
        title: str = "",
    ) -> int:
        """Let a fault strike now.

        Args:
            world: see there.
            fault: its name, or the fault with its settings.
            components: numbers of what is hit, agents by unique ids; none given: drawn.
            number: how many are drawn, 1 if nothing else is said.
            share: share of all that is drawn, in place of a number.
            for_s: how long it lasts, s; none given: by its own law.
            title: name of the incident in the report.

        Returns:
            Number of the incident in the log; -1 in a shard that holds nothing of what is hit.

        Raises:
            ConfigError: if nothing of what is asked for can be hit now.
        """
        fault = FAULTS.make(fault) if isinstance(fault, str) else fault
        require(
            for_s is None or can_end(fault),
            "for_s",
            for_s,
            f"left out: {name_of(fault)} lasts until it is mended",
        )
        require(for_s is None or for_s > 0, "for_s", for_s, "above 0")
        require(number is None or number >= 1, "number", number, "1 or more")
        require(share is None or 0 < share <= 1, "share", share, "above 0, at most 1")
        name = name_of(fault)
        count = self.told[name] = self.told.get(name, -1) + 1
        key = streams.key(self.root_seed, f"faults/{name}/told")
        wanted = None if components is None else np.asarray(components, np.int64).reshape(-1)
        hit = self._hit(world, fault, key, count, wanted, number, share)
        if not parts(world, fault, hit):
            if elsewhere(world, fault):
                return -1
            raise nothing_to_hit(world, fault, name, wanted)
        blow = Blow(name=name, incident=f"{name}/told/{count}", key=key, count=count, title=title)
        return self._begin(world, fault, hit, ending(world, fault, blow, for_s))

    # -- by law and by plan -------------------------------------------------------------------------------

    def _strike_by_law(self, world: World, clock: Clock) -> None:
        due, times = clock.due(world)
        if not len(due):
            return
        fault, name = clock.fault, name_of(clock.fault)
        ends = times + clock.lasting(world, due)
        numbers = clock.numbers(world, due)
        lives = clock.lives[numbers]
        clock.again(world, due, ends)
        for i in np.flatnonzero(
            ends > world.now_s
        ):  # one that is over before the tick begins leaves no trace
            blow = Blow(
                name=name,
                incident=f"{clock.label}/{numbers[i]}/{lives[i]}",
                key=clock.key,
                count=int(lives[i]),
                ends_s=float(ends[i]),
            )
            hit = self._hit(world, fault, clock.key, blow.count) if fault.at_once else due[i : i + 1]
            if parts(world, fault, hit):
                self._begin(world, fault, hit, blow)

    def _strike_by_plan(self, world: World, one: Planned) -> None:
        told, fault = one.told, one.told.fault
        key = streams.key(self.root_seed, f"faults/{one.stream}")
        wanted = np.array(told.components, np.int64) if told.components else None
        hit = self._hit(world, fault, key, 0, wanted, told.number, told.share)
        if not parts(world, fault, hit):
            if not elsewhere(world, fault):
                self.missed.append((world.now_s, f"{one.place}: {one.name} found nothing to hit"))
            return
        blow = Blow(name=one.name, incident=one.stream, key=key, count=0, title=told.title)
        self._begin(world, fault, hit, ending(world, fault, blow, told.for_s))

    def _hit(
        self,
        world: World,
        fault: Fault,
        key: np.uint64,
        count: int,
        wanted: Ints | None = None,
        number: int | None = None,
        share: float | None = None,
    ) -> Ints:
        if wanted is not None:
            return asked(world, fault, wanted)
        if number is None and share is None and fault.at_once:
            share = float(getattr(fault, "drawn", 1.0))
        return chosen(world, fault, key, count, number, share)

    # -- from its begin to its end ------------------------------------------------------------------------

    def _begin(self, world: World, fault: Fault, hit: Ints, blow: Blow) -> int:
        lasting = begin(world, fault, hit, blow)
        self._await(lasting)
        return lasting.incident

    def _await(self, lasting: Lasting) -> None:
        if lasting.next_s < inf:
            heappush(self._lasting, (lasting.next_s, self._begun, lasting))
            self._begun += 1

    # -- checkpoints --------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """What changes, for a checkpoint; crash times of agents stand in the fleet."""
        return {
            "clocks": [clock.memory() for clock in self.clocks],
            "struck": self.struck,
            "told": self.told,
            "missed": self.missed,
            "lasting": self._lasting,
            "begun": self._begun,
        }

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for clock, held in zip(self.clocks, memory["clocks"], strict=True):
            clock.remember(held)
        self.struck, self.told, self.missed = memory["struck"], memory["told"], memory["missed"]
        self._lasting, self._begun = memory["lasting"], memory["begun"]

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        own = {name for name in sys.modules if name.startswith(__name__.rpartition(".")[0] + ".")}
        return own | {FAULTS[name].__module__ for name in FAULTS}


def build_injector(config: Config, root_seed: int) -> Injector:
    """The injector that a config asks for.

    Raises:
        ConfigError: if a fault, the script or the file of faults cannot be used.
    """
    settings = config.resilience
    check_numbers(config)
    counts: dict[str, int] = {}
    clocks: list[Clock] = []
    for fault in settings.faults:
        name = name_of(fault)
        place = counts[name] = counts.get(name, -1) + 1
        if fault.mtbf_s is None or fault.mtbf_s == inf or settings.scale == 0:
            continue
        silences = name == "agent-crash" and not any(clock.column for clock in clocks)
        key = streams.key(root_seed, f"faults/{name}/{place}")
        clocks.append(
            Clock(fault=fault, key=key, scale=settings.scale, label=f"{name}/{place}", column=silences)
        )
    return Injector(settings=settings, root_seed=root_seed, clocks=tuple(clocks), plan=planned(settings))
