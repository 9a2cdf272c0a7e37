"""Leads of clusters: who holds the duty, what stops while nobody does, and how another one is elected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import rng
from ...agents.fleet import BUSY, FAILED, IDLE, RECOVERING, WARM
from ...arrays import Bools, Ints
from ..flow.ledger import INTERNAL, message
from .incidents import Suspicion
from .watching import Tier, watcher

if TYPE_CHECKING:
    from .engine import Resilience

ELECTION_S = (0.15, 0.3)
"""Randomized timeout before a member stands for election (Ongaro, Ousterhout 2014, Raft, section 5.2)."""
AGAIN_S = 1.0
"""Time until members without anybody to elect try again."""


@dataclass(slots=True)
class Leads:
    """The leads of the clusters here.

    Attributes:
        of: the engine.
        lead: `[Q]` unique id of each cluster's lead, 0 where it has no agents.
        closed: `[Q]` whether no task is begun, since the lead is silent.
        known: `[Q]` whether that is known.
        fell: under which incident a lead fell silent, and when, by cluster.
    """

    of: Resilience
    lead: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    closed: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    known: Bools = field(default_factory=lambda: np.zeros(0, np.bool_))
    fell: dict[int, tuple[int, float]] = field(default_factory=dict)
    _version: int = -1

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
        self.of.agents.forget_gone()
        rows = fleet.rows
        there = (rows.uid > 0) & (rows.state != FAILED) & (rows.state != RECOVERING) & (rows.state != WARM)
        held = ((rows.uid == self.lead[:, None]) & there).any(axis=1)
        for q in np.flatnonzero(~held & ~self.closed).tolist():
            self.lead[q] = self._candidate(q)

    def answering(self) -> Ints:
        """Numbers of the clusters here whose lead answers, ascending."""
        self.follow()
        return self.of.territory.clusters[np.flatnonzero((self.lead > 0) & ~self.closed)]

    def crash(self, clusters: Ints, incident: int) -> None:
        """Leads fall silent, with the agents that hold the duty."""
        self.follow()
        for q in self.of.territory.place(clusters).tolist():
            slots: list[int] = np.flatnonzero(self.of.fleet.rows.uid[q] == self.lead[q]).tolist()
            if self.lead[q] and slots and not self.closed[q]:
                self.of.agents.crash(np.array([q * self.of.fleet.slots + slots[0]]), incident, counted=False)

    def fall(self, rows: Ints, uid: Ints, incident: int) -> None:
        """Agents have fallen silent: clusters whose lead is among them begin no task until they have another one."""
        self.follow()
        q = rows // self.of.fleet.slots
        for cluster in q[self.lead[q] == uid].tolist():
            if not self.closed[cluster]:
                self.closed[cluster] = True
                self.fell[cluster] = (incident, self.of.now_s)
                number = self.of.territory.clusters[[cluster]]
                at = self.of.watch.found_s(Tier.LEAD, number, watcher(number), np.array([self.of.now_s]))
                self.of.agenda.add(float(at[0]), "lead", (cluster,), self.of.now_s)

    def suspected(self, q: int, time_s: float, since: float) -> None:
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
        self._count_election(q)
        of.agenda.add(time_s + took, "elected", (q,), since)

    def alarm(self, q: int, time_s: float, cleared_s: float) -> None:
        """Members hold a lead that answers to be dead, and elect another one; nothing stops meanwhile."""
        of = self.of
        if self.closed[q] or not self.lead[q]:
            return
        number = int(of.territory.clusters[q])
        target = f"lead of cluster {number}"
        of.log.suspect(Suspicion(time_s=time_s, tier="lead", target=target, cleared_s=cleared_s))
        if of.recovery.on and of.recovery.elect:
            self._count_election(q)
            self.lead[q] = self._candidate(q, but=int(self.lead[q])) or self.lead[q]

    def _count_election(self, q: int) -> None:
        """Count the messages of an election: a call and a vote for each member."""
        flow = self.of.flow
        members = int((self.of.fleet.rows.uid[q] > 0).sum())
        message(flow.ledger, INTERNAL, 2 * members, flow.mesh.control_bytes, flow.local_s)

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

    def _candidate(self, q: int, but: int = 0) -> int:
        """Unique id of the first agent of a cluster but one that is ready and answers, 0 if there is none."""
        fleet = self.of.fleet
        state = fleet.rows.state[q]
        for s in np.flatnonzero((state == IDLE) | (state == BUSY)).tolist():
            if q * fleet.slots + s not in self.of.agents.silent and fleet.rows.uid[q, s] != but:
                return int(fleet.rows.uid[q, s])
        return 0

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {
            "fell": list(self.fell.items()),
            "lead": self.lead,
            "closed": self.closed,
            "known": self.known,
        }

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self.fell = dict(memory["fell"])
        for name in ("lead", "closed", "known"):
            setattr(self, name, memory[name].copy())
        self._version = -1
