"""When each component of a fault fails next: a renewal process for each, drawn ahead."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import Any

import numpy as np

from ...arrays import Bools, Floats, Ints, Ints32
from .base import Fault, World
from .times import BETWEEN, LASTING, drawn

LOOK_S = 10.0  # s, how often components are counted anew: links, clusters and controllers seldom change


@dataclass(slots=True, kw_only=True)
class Clock:
    """Times at which one fault strikes by itself.

    A component that is up gets a time, drawn from its number and from how many it had before; an agent's number is
    its unique id. One that is due but down for another reason loses its time, and gets one when it is up again.

    Attributes:
        fault: which.
        label: its name and its place among the faults of that name.
        key: Philox key of its stream.
        scale: factor on its rate, above 0.
        column: whether the times of agents stand in the fleet's column ``fail_at``: no memory of its own is needed.
        at: `[n]` s, by number; infinity for none.
        lives: `[n]` times drawn so far, by number.
    """

    fault: Fault
    label: str
    key: np.uint64
    scale: float
    column: bool = False
    at: Floats = field(default_factory=lambda: np.zeros(0))
    lives: Ints32 = field(default_factory=lambda: np.zeros(0, np.int32))
    _waiting: bool = True
    _look_s: float = 0.0
    _soonest: float = inf
    _seen: int = -1

    @property
    def _agents(self) -> bool:
        return self.fault.hits == "agent" and not self.fault.at_once

    def numbers(self, world: World, components: Ints) -> Ints:
        """Numbers by which draws are keyed."""
        if not self._agents:
            return components
        uids: Ints = world.model.fleet.column("uid")[components]
        return uids

    def components(self, world: World) -> Ints:
        """What it can hit now; of a fault that hits many at once, the whole, number 0."""
        return np.zeros(1, np.int64) if self.fault.at_once else self.fault.components(world)

    def arm(self, world: World) -> None:
        """Give a time to what is up and has none."""
        anew = self._to_look(world)
        if not anew and not self._waiting:
            return
        up = self.components(world)
        self._grow(int(self.numbers(world, up).max(initial=-1)) + 1)
        if not anew and not self._agents:  # what is new waits for the next look, whatever else is down
            up = up[self.lives[up] > 0]
        have = np.isfinite(self._times(world, up))
        new = up[~have]
        self.again(world, new, np.full(len(new), world.now_s))
        self._waiting = self._without(world)

    def due(self, world: World) -> tuple[Ints, Floats]:
        """Components whose time has come, and their times; those that are down for another reason lose it."""
        if self._soonest > world.now_s and not self.column:  # others may write into the column
            return np.zeros(0, np.int64), np.zeros(0)
        every = self._all(world)
        come = np.flatnonzero(every <= world.now_s)
        times = every[come]
        self._set(world, come, np.full(len(come), inf))
        if not self.column:
            every[come] = inf
            self._soonest = float(every.min(initial=inf))
        if not len(come):
            return come, times
        up = np.isin(come, self.components(world), assume_unique=True)
        self._waiting = self._waiting or not up.all()
        return come[up], times[up]

    def lasting(self, world: World, components: Ints) -> Floats:
        """`[n]` how long a fault that is due now lasts at each component, s; infinity for ever."""
        f = self.fault
        if f.for_s is None or f.for_s == inf:
            return np.full(len(components), inf)
        numbers = self.numbers(world, components)
        return drawn(numbers, self.lives[numbers], LASTING, self.key, f.for_s, f.for_law, f.for_shape)

    def again(self, world: World, components: Ints, from_s: Floats) -> None:
        """Give components their next times, counted from when each is up again; none where that is not known."""
        known = np.isfinite(from_s)
        self._waiting = self._waiting or not known.all()
        components, from_s = components[known], from_s[known]
        if not len(components):
            return
        assert self.fault.mtbf_s is not None
        numbers = self.numbers(world, components)
        self.lives[numbers] += 1
        mean_s = self.fault.mtbf_s / self.scale
        between = drawn(
            numbers, self.lives[numbers], BETWEEN, self.key, mean_s, self.fault.law, self.fault.shape
        )
        self._set(world, components, from_s + between)
        self._soonest = min(self._soonest, float((from_s + between).min()))

    # -- where the times stand ----------------------------------------------------------------------------

    def _to_look(self, world: World) -> bool:
        """Whether there may be components that it has not seen yet."""
        if self._agents:
            changed = world.model.fleet.version != self._seen
            self._seen = world.model.fleet.version
        else:
            changed = world.now_s >= self._look_s
            self._look_s = world.now_s + LOOK_S if changed else self._look_s
        return changed

    def _times(self, world: World, components: Ints) -> Floats:
        if self.column:
            times: Floats = world.model.fleet.column("fail_at")[components]
            return times
        return self.at[self.numbers(world, components)]

    def _set(self, world: World, components: Ints, times: Floats) -> None:
        if self.column:
            world.model.fleet.column("fail_at")[components] = times
        else:
            self.at[self.numbers(world, components)] = times

    def _all(self, world: World) -> Floats:
        """Times of all components, of agents row by row."""
        if self.column:
            times: Floats = world.model.fleet.column("fail_at")
            return times
        if not self._agents:
            return self.at
        self._grow(world.model.fleet.next_uid)
        return np.asarray(self.at[world.model.fleet.column("uid")], np.float64)

    def _without(self, world: World) -> bool:
        """Whether something that may come up again has no time."""
        if self._agents:
            return bool(np.isfinite(self._all(world)).sum() < len(world.model.fleet))
        known: Bools = self.lives > 0
        return bool(np.isinf(self.at[known]).any())

    def _grow(self, size: int) -> None:
        more = size - len(self.lives)
        if more > 0:
            more = max(more, len(self.lives) // 4)
            self.lives = np.concatenate([self.lives, np.zeros(more, np.int32)])
            self.at = np.concatenate([self.at, np.full(0 if self.column else more, inf)])

    # -- checkpoints --------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """What changes, for a checkpoint: the few that are not as at the start."""
        lived = np.flatnonzero(self.lives)
        timed = np.flatnonzero(np.isfinite(self.at))
        return {
            "lived": lived,
            "lives": self.lives[lived],
            "timed": timed,
            "at": self.at[timed],
            "waiting": self._waiting,
            "look_s": self._look_s,
            "size": len(self.lives),
        }

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self.lives = np.zeros(memory["size"], np.int32)
        self.at = np.full(0 if self.column else memory["size"], inf)
        self.lives[memory["lived"]] = memory["lives"]
        self.at[memory["timed"]] = memory["at"]
        self._waiting, self._look_s = memory["waiting"], memory["look_s"]
        self._soonest, self._seen = -inf, -1
