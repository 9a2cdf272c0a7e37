"""Agents that fall silent or become slow, the leads among them, and how they are found and made good."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import rng
from ...agents.fleet import (
    BUSY,
    DRAINING,
    EMPTY,
    FAILED,
    IDLE,
    RECOVERING,
    RETIRED,
    STARTING,
    WARM,
)
from ...arrays import Bools, Floats, Floats32, Ints
from ..flow.laws import Law, law, sample
from ..flow.ledger import INTERNAL, message
from ..flow.tasks import ATTEMPT_SHIFT
from .incidents import Suspicion
from .sending import origins
from .watching import Tier

if TYPE_CHECKING:
    from .engine import Resilience

FOREVER = 1e9
"""Factor on the time that a silent agent takes, and s: beyond the end of every run."""
ELECTION_S = (0.15, 0.3)
"""Randomized timeout before a member stands for election (Ongaro, Ousterhout 2014, Raft, section 5.2)."""
AGAIN_S = 1.0
"""Time until members without anybody to elect try again."""


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
    """What is wrong with single agents, by row, and with the leads of clusters.

    Attributes:
        of: the engine.
        silent: agents that crashed and were not begun anew yet, by row.
        slow: agents that are slow, by row.
        lives: how often agents were begun anew, by unique id.
        lead: `[Q]` unique id of each cluster's lead, 0 where it has no agents.
        closed: `[Q]` whether no task is begun, since the lead is silent.
        known: `[Q]` whether that is known.
        fell: under which incident a lead fell silent, and when, by cluster.
    """

    of: Resilience
    silent: dict[int, Silent] = field(default_factory=dict)
    slow: dict[int, Slow] = field(default_factory=dict)
    lives: dict[int, int] = field(default_factory=dict)
    lead: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    closed: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    known: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    fell: dict[int, tuple[int, float]] = field(default_factory=dict)
    _version: int = -1
    _told: bool = True
    _law: Law | None = None

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
        of.flow.put_off(rows[at_work], np.full(int(at_work.sum()), now + FOREVER))
        fleet.column("slowness")[rows] = FOREVER
        expected = (state == STARTING) | (state == RECOVERING)  # nobody waits for their heartbeats before
        from_s = np.where(expected, np.maximum(now, fleet.column("free_at")[rows]), now)
        clusters = of.territory.clusters[rows // fleet.slots]
        found = of.watch.found_s(Tier.AGENT, uid, clusters, from_s)
        for i, row in enumerate(rows.tolist()):
            slowed = self.slow.pop(row, None)
            if slowed is not None:
                of.log.recover(slowed.incident, now, "crashed")
            self.silent[row] = Silent(int(uid[i]), float(made[i]), now, incident, counted)
            if of.settings.detection.agents:
                of.agenda.add(float(found[i]), "agent", (row, int(uid[i])), now)
        self._told = False
        self._leads_fall(rows, uid, incident)

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
                self.of.log.recover(incident, self.of.now_s, "as fast again as made")

    def undo(self, row: int) -> None:
        """An agent is as it was made."""
        one = self.silent.pop(row, None) or self.slow.pop(row, None)
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

    # -- agents held to be dead ---------------------------------------------------------------------------------

    def suspect(self, row: int, uid: int, time_s: float, since: float) -> None:
        """A silent agent is held to be dead: its task goes back, and it is begun anew."""
        one = self.silent.get(row)
        if one is None or one.uid != uid or one.since_s != since:
            return
        of = self.of
        if of.fleet.column("uid")[row] != uid:  # it left before it was missed
            self._gone(row, one, time_s)
            return
        of.log.suspect(Suspicion(time_s=time_s, tier="agent", target=self.name(row), incident=one.incident))
        of.log.find(one.incident, time_s, f"{self.name(row)} suspected")
        if of.recovery.on and of.recovery.agents != "none":
            self.begin_anew(row, time_s, one.incident, counted=one.counted)

    def alarm(self, row: int, uid: int, time_s: float, cleared_s: float) -> None:
        """An agent that lives is held to be dead, and treated so."""
        if row in self.silent or self.of.fleet.column("uid")[row] != uid:
            return
        state = int(self.of.fleet.column("state")[row])
        if state in (FAILED, RECOVERING, STARTING, EMPTY, RETIRED):
            return
        self.of.log.suspect(
            Suspicion(time_s=time_s, tier="agent", target=self.name(row), cleared_s=cleared_s)
        )
        if self.of.recovery.on and self.of.recovery.agents != "none":
            self.begin_anew(row, time_s, -1, counted=False)

    def begin_anew(self, row: int, time_s: float, incident: int, *, counted: bool) -> None:
        """Put an agent's task back into its cluster's queue, and begin the agent again, or another one."""
        of, fleet = self.of, self.of.fleet
        rows, uid = np.array([row]), int(fleet.column("uid")[row])
        state = int(fleet.column("state")[row])
        self._lay_task_to(row, state, incident)
        name = self.name(row)
        self.undo(row)
        leaves = state in (DRAINING, WARM)
        if leaves or of.recovery.agents == "replace":
            of.model.retire_workers(rows)  # its task goes back
            of.log.clear(name, of.now_s)
            if leaves:
                of.log.recover(incident, of.now_s, "let go") if counted else None
                return
            row = int(of.model.spawn(1)[0])
            uid, ready = int(fleet.column("uid")[row]), float(fleet.column("free_at")[row])
        else:
            self.lives[uid] = self.lives.get(uid, 0) + 1
            ready = max(of.now_s, time_s + self._restart_s(uid))
            of.flow.interrupt(rows, of.now_s)
            fleet.fail(rows)
            fleet.recover(rows, ready)
        of.agenda.add(ready, "ready", (row, uid), float(incident if counted else -1))

    def ready(self, row: int, uid: int, time_s: float, incident: int) -> None:
        """An agent that was begun anew is ready."""
        if self.of.fleet.column("uid")[row] == uid and row not in self.silent:
            self.of.log.clear(self.name(row), time_s)
            self.of.log.recover(incident, time_s, "ready again")
        elif row in self.silent and self.silent[row].uid == uid:  # it crashed while it recovered
            old = self.silent[row]
            if not old.counted or old.incident < 0:
                self.silent[row] = Silent(uid, old.made, old.since_s, incident, counted=True)
            else:
                self.of.log.recover(incident, time_s, "crashed again: the next incident goes on with it")
        else:
            self.of.log.recover(incident, time_s, "gone before it was ready")

    def _lay_task_to(self, row: int, state: int, incident: int) -> None:
        """Write down whose fault it is that a task leaves an agent's hands, before it does."""
        if state not in (BUSY, DRAINING):
            return
        of = self.of
        hands = of.flow.hands
        uid = int(origins(hands.uid.reshape(-1)[[row]])[0])
        tried = (int(hands.meta.reshape(-1)[row]) >> ATTEMPT_SHIFT & 15) + 1
        of.log.displace(incident, 1)
        if tried >= of.flow.attempts:
            of.lose(np.array([uid]), incident)
        else:
            of.blame(np.array([uid]), incident)

    def _restart_s(self, uid: int) -> float:
        """Time until an agent that is begun again is ready: a function of its id and how often that was."""
        r = self.of.recovery
        if self._law is None:
            self._law = law("lognormal", r.restart_cv)
        word = rng.draw(uid, 20 + self.lives[uid], self.of.key)
        how, body, tail = self._law
        return r.restart_s * float(sample(how, body, tail, rng.unit(word[0], word[1])))

    def _gone(self, row: int, one: Silent, time_s: float) -> None:
        del self.silent[row]
        if one.counted:
            self.of.log.recover(one.incident, time_s, "left the fleet")

    def name(self, row: int) -> str:
        """An agent in words."""
        fleet = self.of.fleet
        q = int(self.of.territory.clusters[row // fleet.slots])
        return f"agent {int(fleet.column('uid')[row])} in cluster {q}"

    # -- leads ----------------------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Let every cluster have a lead: where one left, the first of its agents takes over, and all know at once."""
        fleet = self.of.fleet
        more = fleet.clusters - len(self.lead)
        if more > 0:
            self.lead = np.concatenate([self.lead, np.zeros(more, np.int64)])
            self.closed = np.concatenate([self.closed, np.zeros(more, np.bool_)])
            self.known = np.concatenate([self.known, np.zeros(more, np.bool_)])
        if fleet.version == self._version:
            return
        self._version = fleet.version
        self._forget_gone()
        rows = fleet.rows
        there = (rows.uid > 0) & (rows.state != FAILED) & (rows.state != RECOVERING) & (rows.state != WARM)
        held = ((rows.uid == self.lead[:, None]) & there).any(axis=1)
        for q in np.flatnonzero(~held & ~self.closed).tolist():
            self.lead[q] = self._candidate(q)

    def _forget_gone(self) -> None:
        """What was wrong with agents that have left the fleet is made good with that."""
        uid = self.of.fleet.column("uid")
        for row in [row for row, one in self.slow.items() if uid[row] != one.uid]:
            slowed = self.slow.pop(row)
            self._told = False
            self.of.log.recover(slowed.incident, self.of.now_s, "left the fleet")
        for row in [row for row, one in self.silent.items() if uid[row] != one.uid]:
            self._told = False
            self._gone(row, self.silent[row], self.of.now_s)

    def leads(self) -> Ints:
        """Numbers of the clusters here whose lead answers, ascending."""
        self.follow()
        return self.of.territory.clusters[np.flatnonzero((self.lead > 0) & ~self.closed)]

    def crash_leads(self, clusters: Ints, incident: int) -> None:
        """Leads fall silent, with the agents that hold the duty."""
        self.follow()
        for q in self.of.territory.place(clusters).tolist():
            slots: list[int] = np.flatnonzero(self.of.fleet.rows.uid[q] == self.lead[q]).tolist()
            if self.lead[q] and slots and not self.closed[q]:
                self.crash(np.array([q * self.of.fleet.slots + slots[0]]), incident, counted=False)

    def _leads_fall(self, rows: Ints, uid: Ints, incident: int) -> None:
        self.follow()
        q = rows // self.of.fleet.slots
        for cluster in q[self.lead[q] == uid].tolist():
            if not self.closed[cluster]:
                self.closed[cluster] = True
                self.fell[cluster] = (incident, self.of.now_s)
                number = self.of.territory.clusters[[cluster]]
                at = self.of.watch.found_s(Tier.LEAD, number, number, np.array([self.of.now_s]))
                self.of.agenda.add(float(at[0]), "lead", (cluster,), self.of.now_s)

    def lead_suspected(self, q: int, time_s: float, since: float) -> None:
        """Members hold their lead to be dead, and elect another one."""
        of = self.of
        if not self.closed[q] or self.fell[q][1] != since:
            return
        incident = self.fell[q][0]
        if not self.known[q]:
            self.known[q] = True
            number = int(of.territory.clusters[q])
            of.log.suspect(
                Suspicion(time_s=time_s, tier="lead", target=f"lead of cluster {number}", incident=incident)
            )
            of.log.find(incident, time_s, f"lead of cluster {number} suspected")
        if not (of.recovery.on and of.recovery.elect):
            return
        if not self._candidate(q):
            of.agenda.add(time_s + AGAIN_S, "lead", (q,), since)
            return
        low, high = ELECTION_S
        word = rng.draw(
            int(of.territory.clusters[q]), round(time_s * 1024) & 0x7FFFFFFF, of.key ^ np.uint64(3)
        )
        took = low + (high - low) * rng.unit32(word[0]) + 4 * of.flow.local_s
        members = int((of.fleet.rows.uid[q] > 0).sum())
        message(of.flow.ledger, INTERNAL, 2 * members, of.flow.mesh.control_bytes, of.flow.local_s)
        of.agenda.add(time_s + took, "elected", (q,), since)

    def elected(self, q: int, time_s: float, since: float) -> None:
        """Another agent leads, unless it fell silent meanwhile."""
        if not self.closed[q] or self.fell[q][1] != since:
            return
        chosen = self._candidate(q)
        if not chosen:
            self.of.agenda.add(time_s + AGAIN_S, "lead", (q,), since)
            return
        self.lead[q], self.closed[q], self.known[q] = chosen, False, False
        incident = self.fell.pop(q)[0]
        number = int(self.of.territory.clusters[q])
        self.of.log.clear(f"lead of cluster {number}", time_s)
        if incident >= 0 and self.of.log[incident].fault in ("lead-crash", "zone-failure"):
            self.of.log.recover(incident, time_s, f"agent {chosen} leads cluster {number}")
        else:
            self.of.log.note(incident, time_s, f"agent {chosen} leads cluster {number}")

    def _candidate(self, q: int) -> int:
        """Unique id of the first agent of a cluster that is ready and answers, 0 if there is none."""
        fleet = self.of.fleet
        state = fleet.rows.state[q]
        for s in np.flatnonzero((state == IDLE) | (state == BUSY)).tolist():
            if q * fleet.slots + s not in self.silent:
                return int(fleet.rows.uid[q, s])
        return 0

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
            "lives": table(self.lives),
            "fell": table(self.fell),
            "lead": self.lead,
            "closed": self.closed,
            "known": self.known,
        }

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in ("silent", "slow", "lives", "fell"):
            setattr(self, name, dict(memory[name]))
        for name in ("lead", "closed", "known"):
            setattr(self, name, memory[name].copy())
        self._version = -1
        self._told = False
        self.tell()
