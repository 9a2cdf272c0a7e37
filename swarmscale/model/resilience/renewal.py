"""Agents held to be dead: their tasks go back to their clusters' queues, and they are begun again or replaced."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ... import rng
from ...agents.fleet import BUSY, DRAINING, EMPTY, FAILED, RECOVERING, RETIRED, STARTING, WARM
from ...arrays import Ints
from ..flow.laws import Law, law, sample
from ..flow.tasks import ATTEMPT_SHIFT
from .agents import Silent
from .incidents import Suspicion
from .sending import origins

if TYPE_CHECKING:
    from .engine import Resilience


class Found(NamedTuple):
    """An agent that was held to be dead in this tick.

    Attributes:
        time_s: when, s.
        incident: under which it is written down, -1 for none.
        counted: whether the incident is recovered with it.
    """

    time_s: float
    incident: int
    counted: bool


@dataclass(slots=True)
class Renewal:
    """What is done about agents that are held to be dead, rightly or not: of one tick all together.

    Attributes:
        of: the engine.
        lives: how often agents were begun anew, by unique id.
        awaited: agents that were begun anew and are not ready yet.
        found: those of this tick, by row.
    """

    of: Resilience
    lives: dict[int, int] = field(default_factory=dict)
    awaited: int = 0
    found: dict[int, Found] = field(default_factory=dict)
    _law: Law | None = None

    @property
    def on(self) -> bool:
        """Whether anything is done."""
        return self.of.recovery.on and self.of.recovery.agents != "none"

    def suspect(self, row: int, uid: int, time_s: float, since: float) -> None:
        """A silent agent is held to be dead."""
        of, one = self.of, self.of.agents.silent.get(row)
        if one is None or one.uid != uid or one.since_s != since:
            return
        name = of.agents.name(row)
        of.log.suspect(Suspicion(time_s=time_s, tier="agent", target=name, incident=one.incident))
        of.log.find(one.incident, time_s, f"{name} suspected")
        if self.on:
            self.found[row] = Found(time_s, one.incident, one.counted)

    def alarm(self, row: int, uid: int, time_s: float, cleared_s: float) -> None:
        """An agent that lives is held to be dead, and treated so."""
        of = self.of
        if row in of.agents.silent or row in self.found or of.fleet.column("uid")[row] != uid:
            return
        if int(of.fleet.column("state")[row]) in (FAILED, RECOVERING, STARTING, EMPTY, RETIRED):
            return
        of.log.suspect(
            Suspicion(time_s=time_s, tier="agent", target=of.agents.name(row), cleared_s=cleared_s)
        )
        if self.on:
            self.found[row] = Found(time_s, -1, False)

    def begin_anew(self) -> None:
        """Put the tasks of all that were found back into their clusters' queues, and begin these agents anew.

        Those that were about to leave, or were warm, leave.
        """
        if not self.found:
            return
        found, self.found = self.found, {}
        rows = np.array(sorted(found), np.int64)
        fleet = self.of.fleet
        state = fleet.column("state")[rows].copy()
        self._lay_tasks(rows, state, found)
        for row in rows.tolist():
            self.of.agents.undo(row)
        leave = (state == DRAINING) | (state == WARM)
        replaced = ~leave if self.of.recovery.agents == "replace" else np.zeros(len(rows), np.bool_)
        self._let_go(rows[leave | replaced], found)
        for row in rows[leave].tolist():
            if found[row].counted:
                self.of.log.recover(found[row].incident, self.of.now_s, "let go")
        if replaced.any():
            self._replace([found[row] for row in rows[replaced].tolist()])
        self._restart(rows[~leave & ~replaced], found)

    def _let_go(self, rows: Ints, found: dict[int, Found]) -> None:
        if len(rows):
            for row in rows.tolist():
                self.of.log.clear(self.of.agents.name(row), self.of.now_s)
            self.of.model.retire_workers(rows)  # their tasks go back

    def _replace(self, those: list[Found]) -> None:
        rows = self.of.model.spawn(len(those))
        fleet = self.of.fleet
        for row, one in zip(rows.tolist(), those, strict=True):
            self._await(row, int(fleet.column("uid")[row]), float(fleet.column("free_at")[row]), one)

    def _restart(self, rows: Ints, found: dict[int, Found]) -> None:
        if not len(rows):
            return
        of, fleet = self.of, self.of.fleet
        uids = fleet.column("uid")[rows].tolist()
        ready = np.empty(len(rows))
        for i, (row, uid) in enumerate(zip(rows.tolist(), uids, strict=True)):
            self.lives[uid] = self.lives.get(uid, 0) + 1
            ready[i] = max(of.now_s, found[row].time_s + self._restart_s(uid))
            self._await(row, uid, float(ready[i]), found[row])
        of.flow.interrupt(rows, of.now_s)
        fleet.fail(rows)
        fleet.recover(rows, ready)

    def _await(self, row: int, uid: int, ready_s: float, one: Found) -> None:
        self.awaited += 1
        self.of.agenda.add(ready_s, "ready", (row, uid), float(one.incident if one.counted else -1))

    def _lay_tasks(self, rows: Ints, state: Ints, found: dict[int, Found]) -> None:
        """Write down whose fault it is that tasks leave agents' hands, before they do."""
        of, hands = self.of, self.of.flow.hands
        held = rows[(state == BUSY) | (state == DRAINING)]
        uids = origins(hands.uid.reshape(-1)[held])
        tried = (hands.meta.reshape(-1)[held] >> ATTEMPT_SHIFT & 15) + 1
        gone = tried >= of.flow.attempts
        for i, row in enumerate(held.tolist()):
            incident = found[row].incident
            of.log.displace(incident, 1)
            (of.fates.lose if gone[i] else of.fates.blame)(uids[i : i + 1], incident)

    def ready(self, row: int, uid: int, time_s: float, incident: int) -> None:
        """An agent that was begun anew is ready."""
        agents, log = self.of.agents, self.of.log
        self.awaited -= 1
        if self.of.fleet.column("uid")[row] == uid and row not in agents.silent:
            log.clear(agents.name(row), time_s)
            log.recover(incident, time_s, "ready again")
        elif row in agents.silent and agents.silent[row].uid == uid:  # it crashed while it recovered
            old = agents.silent[row]
            if not old.counted or old.incident < 0:
                agents.silent[row] = Silent(uid, old.made, old.since_s, incident, counted=True)
            else:
                log.recover(incident, time_s, "crashed again: the next incident goes on with it")
        else:
            log.recover(incident, time_s, "gone before it was ready")

    def _restart_s(self, uid: int) -> float:
        """Time until an agent that is begun again is ready: a function of its id and how often that was."""
        r = self.of.recovery
        if self._law is None:
            self._law = law("lognormal", r.restart_cv)
        word = rng.draw(uid, 20 + self.lives[uid], self.of.key)
        how, body, tail = self._law
        return r.restart_s * float(sample(how, body, tail, rng.unit(word[0], word[1])))

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {"lives": list(self.lives.items()), "awaited": self.awaited}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self.lives, self.awaited = dict(memory["lives"]), memory["awaited"]
