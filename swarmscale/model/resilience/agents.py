"""Agents that fall silent or become slow, and how they are found and made good."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...agents.fleet import (
    BUSY,
    DRAINING,
    EMPTY,
    FAILED,
    HELPING,
    RECOVERING,
    RETIRED,
    STARTING,
)
from ...arrays import Floats, Floats32, Ints
from .watching import Tier, watcher

if TYPE_CHECKING:
    from .engine import Resilience

FOREVER = 1e9
"""Factor on the time that a silent agent takes, and s: beyond the end of every run."""


@dataclass(frozen=True, slots=True)
class Silent:
    """An agent that does nothing any more.

    Attributes:
        uid: its unique id.
        made: its 1 / speed as it was made.
        since_s: when it fell silent, s.
        incident: under which it is written down, -1 for none.
        counted: whether the incident is recovered with it.
    """

    uid: int
    made: float
    since_s: float
    incident: int
    counted: bool


@dataclass(frozen=True, slots=True)
class Slow:
    """An agent that takes longer than as it was made.

    Attributes:
        uid: its unique id.
        made: its 1 / speed as it was made.
        incident: under which it is written down.
    """

    uid: int
    made: float
    incident: int


@dataclass(slots=True)
class AgentFaults:
    """What is wrong with single agents, by row.

    Attributes:
        of: the engine.
        silent: agents that crashed and were not begun anew yet, by row.
        slow: agents that are slow, by row.
    """

    of: Resilience
    silent: dict[int, Silent] = field(default_factory=dict)
    slow: dict[int, Slow] = field(default_factory=dict)
    _told: bool = True

    # -- what faults do ---------------------------------------------------------------------------------------

    def up(self) -> Ints:
        """Rows of agents that are neither failed nor silent, ascending."""
        state = self.of.fleet.column("state")
        there = (state != EMPTY) & (state != RETIRED) & (state != FAILED)
        if self.silent:
            there[list(self.silent)] = False
        return np.flatnonzero(there)

    def crash(self, rows: Ints, incident: int, *, counted: bool = True) -> None:
        """Agents fall silent."""
        of, fleet, now = self.of, self.of.fleet, self.of.now_s
        rows = np.array([row for row in rows.tolist() if row not in self.silent], np.int64)
        if not len(rows):
            return
        state, uid = fleet.column("state")[rows], fleet.column("uid")[rows]
        made = self.made(rows)
        at_work = (state == BUSY) | (state == DRAINING)
        of.drop_copies(rows)
        held_up = np.union1d(rows[at_work], of.flow.helped_by(rows))  # a task waits for all of its parts
        of.flow.put_off(held_up, np.full(len(held_up), now + FOREVER))
        fleet.column("free_at")[rows[state == HELPING]] = now + FOREVER
        fleet.column("slowness")[rows] = FOREVER
        expected = (state == STARTING) | (state == RECOVERING)  # nobody waits for their heartbeats before
        from_s = np.where(expected, np.maximum(now, fleet.column("free_at")[rows]), now)
        groups = watcher(of.territory.clusters[rows // fleet.slots])
        found = of.watch.found_s(Tier.AGENT, uid, groups, from_s)
        for i, row in enumerate(rows.tolist()):
            slowed = self.slow.pop(row, None)
            if slowed is not None:
                of.log.recover(slowed.incident, now, "crashed")
            self.silent[row] = Silent(int(uid[i]), float(made[i]), now, incident, counted)
            if of.settings.detection.agents:
                of.agenda.add(float(found[i]), "agent", (row, int(uid[i])), now)
        self._told = False
        of.leads.fall(rows, uid, incident)

    def slow_down(self, rows: Ints, factor: Floats, incident: int) -> None:
        """Agents take longer, as made, from their next task on."""
        fleet, made = self.of.fleet, self.made(rows)
        for i, row in enumerate(rows.tolist()):
            if row not in self.silent:
                self.slow[row] = Slow(int(fleet.column("uid")[row]), float(made[i]), incident)
                fleet.column("slowness")[row] = np.float32(made[i] * factor[i])
        self._told = False

    def heal(self, rows: Ints, incident: int) -> None:
        """Slow agents are as fast again as they were made."""
        for row in rows.tolist():
            one = self.slow.get(row)
            if one is not None and one.incident == incident:
                self.undo(row)

    def undo(self, row: int) -> None:
        """An agent is as it was made; what made it slow is over."""
        slow = self.slow.pop(row, None)
        if slow is not None:
            self.of.log.recover(slow.incident, self.of.now_s, "as fast again as made")
        one = self.silent.pop(row, None) or slow
        if one is not None and self.of.fleet.column("uid")[row] == one.uid:
            self.of.fleet.column("slowness")[row] = np.float32(one.made)
        self._told = False

    def tell(self) -> None:
        """Tell the fleet whose speed is not what others think, if that has changed."""
        if self._told:
            return
        self._told = True
        both: list[tuple[int, Silent | Slow]] = [*self.slow.items(), *self.silent.items()]
        column = self.of.fleet.column("uid")
        there = sorted((row, one.made) for row, one in both if column[row] == one.uid)
        self.of.fleet.hidden = (
            np.array([row for row, _ in there], np.int64),
            np.array([made for _, made in there], np.float32),
        )

    def made(self, rows: Ints) -> Floats32:
        """`[n]` 1 / speed of agents as they were made."""
        out: Floats32 = self.of.fleet.column("slowness")[rows].copy()
        for i, row in enumerate(rows.tolist()):
            one = self.slow.get(row) or self.silent.get(row)
            if one is not None:
                out[i] = one.made
        return out

    def _gone(self, row: int, one: Silent, time_s: float) -> None:
        del self.silent[row]
        if one.counted:
            self.of.log.recover(one.incident, time_s, "left the fleet")

    def name(self, row: int) -> str:
        """An agent in words."""
        fleet = self.of.fleet
        q = int(self.of.territory.clusters[row // fleet.slots])
        return f"agent {int(fleet.column('uid')[row])} in cluster {q}"

    def forget_gone(self) -> None:
        """What was wrong with agents that have left the fleet is made good with that."""
        uid = self.of.fleet.column("uid")
        for row in [row for row, one in self.slow.items() if uid[row] != one.uid]:
            slowed = self.slow.pop(row)
            self._told = False
            self.of.log.recover(slowed.incident, self.of.now_s, "left the fleet")
        for row in [row for row, one in self.silent.items() if uid[row] != one.uid]:
            self._told = False
            self._gone(row, self.silent[row], self.of.now_s)

    # -- figures and memory -----------------------------------------------------------------------------------

    def hide(self) -> None:
        """Take out of the clusters' backlog what silent agents will never do."""
        flow, fleet = self.of.flow, self.of.fleet
        if not self.silent:
            return
        rows = np.fromiter(self.silent, np.int64, len(self.silent))
        state, free = fleet.column("state")[rows], fleet.column("free_at")[rows]
        late = ((state == BUSY) | (state == DRAINING)) & (free > FOREVER / 2)
        if late.any():
            np.subtract.at(flow.state.backlog_s, rows[late] // fleet.slots, free[late] - self.of.end_s)
            np.maximum(flow.state.backlog_s, 0.0, out=flow.state.backlog_s)

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""

        def table(of: dict[int, Any]) -> list[Any]:
            return list(of.items())

        return {
            "silent": table(self.silent),
            "slow": table(self.slow),
        }

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in ("silent", "slow"):
            setattr(self, name, dict(memory[name]))
        self._told = False
        self.tell()
