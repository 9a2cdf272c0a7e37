"""The engine of resilience: faults strike, silence is noticed, and what was lost is found again, tick by tick."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ... import rng
from ...agents.fleet import FAILED, RECOVERING
from ...arrays import Bools, Ints
from ..flow.engine import TaskFlow
from ..flow.ledger import BYTES, HEARTBEATS, LATENCY_T, TICKS_PER_S, Count
from ..flow.lessons import Lessons
from ..flow.tasks import Columns, Tasks
from . import astray
from .agenda import Agenda, Due
from .agents import AgentFaults
from .breaker import Breakers, build_breakers, spared
from .copies import Copies
from .heartbeats import build_watch
from .incidents import IncidentLog
from .injector import Injector, build_injector
from .leads import Leads
from .moving import move_waiting
from .routes import MeshFaults
from .sending import Resending, joined, origins
from .settings import Recovery
from .settings import Resilience as Settings
from .watching import Tier, Watch
from .world import ModelWorld

if TYPE_CHECKING:
    from ...agents.fleet import Fleet
    from ..config import Config
    from ..flow.network import Network
    from ..sharding.territory import Territory
    from ..swarm import SwarmModel

PURGE_S = 600.0
"""Time between two looks at whose fault a task's way was, s; those long past every deadline are forgotten."""


@dataclass(slots=True, kw_only=True)
class Resilience:
    """Faults, their detection and recovery in one model.

    What is so and what is held to be so are apart. An agent that crashed is silent: its lead may give it a task,
    which stays there until the heartbeats are missed. Messages go over nodes and links that are held to be live, and
    are lost where they are not.

    Attributes:
        model: the model.
        settings: see there.
        injector: decides what strikes when.
        watch: heartbeats and their detector.
        log: incidents and suspicions.
        agenda: what is to happen.
        sending: tasks that wait to be sent anew.
        copies: tasks worked at out of sight.
        agents: what is wrong with agents.
        leads: the clusters' leads.
        routes: what is wrong with nodes and links.
        breakers: the clusters' circuit breakers; None where there are none.
        world: what faults act through.
        key: Philox key of recoveries.
        now_s: begin of the tick, s.
        end_s: end of the tick, s.
        severed: whether the mesh has changed since it was last asked which parts it has.
        copying: whether there are copies in any shard.
        shut_by: `[Q]` clusters to which nothing new is sent, by who says so.
    """

    model: SwarmModel
    settings: Settings
    injector: Injector
    watch: Watch
    key: np.uint64
    sending: Resending
    log: IncidentLog = field(default_factory=IncidentLog)
    agenda: Agenda = field(default_factory=Agenda)
    copies: Copies = field(default_factory=Copies)
    agents: AgentFaults = field(init=False)
    leads: Leads = field(init=False)
    routes: MeshFaults = field(init=False)
    world: ModelWorld = field(init=False)
    breakers: Breakers | None = None
    now_s: float = 0.0
    end_s: float = 0.0
    severed: bool = False
    copying: bool = False
    shut_by: dict[str, Bools] = field(default_factory=dict)
    _blame: dict[int, tuple[int, float]] = field(default_factory=dict)
    _watched_s: float = 0.0
    _purged_s: float = 0.0
    _part: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _links: tuple[Network | None, int] = (None, 0)

    def __post_init__(self) -> None:
        self.agents, self.leads, self.routes = AgentFaults(self), Leads(self), MeshFaults(self)
        self.world = ModelWorld(self)
        flow = self.flow
        flow.resends = self.recovery.on and self.recovery.retries > 0
        flow.turns_back = self.recovery.on and self.recovery.reroute
        flow.shut = np.zeros(self.fleet.clusters, np.bool_)
        flow.interrupted = np.zeros(self.fleet.clusters, np.int64)
        if self.settings.pace.on and not flow.lessons.on:
            flow.lessons = Lessons.empty(
                self.fleet.clusters, self.fleet.slots, len(flow.demand.marks.deadline_s)
            )
        self._part = np.zeros(flow.network.nodes, np.int64)

    @property
    def flow(self) -> TaskFlow:
        """The model's flow."""
        return self.model.flow

    @property
    def fleet(self) -> Fleet:
        """The agents here."""
        return self.model.flow.fleet

    @property
    def territory(self) -> Territory:
        """The part of the model that is here."""
        return self.model.shard.territory

    @property
    def recovery(self) -> Recovery:
        """What is done about what was found."""
        return self.settings.recovery

    # -- a tick -------------------------------------------------------------------------------------------------

    def begin(self, begin: float, end: float) -> None:
        """What happens before the flow of a tick: faults, suspicions, recoveries, tasks sent anew.

        Args:
            begin: s.
            end: s.
        """
        self.now_s, self.end_s = begin, end
        self.leads.follow()
        self.injector.due(self.world, begin)
        self._look_ahead(begin)
        for due in self.agenda.due(begin):
            self._happen(due)
        self._follow_mesh()
        if self.copying:
            self.copying = astray.deliver(self, self._part)
        if self.routes.stopped or self.routes.booting:
            astray.from_stopped_nodes(self, begin, end)
        if self.recovery.on and self.recovery.deadlines == "enforce":
            astray.expire(self, begin)
        self._send_due(begin, end)
        self._close(begin)
        self._count_down()
        if self.recovery.on and self.recovery.rebalance:
            move_waiting(self)
        self.agents.tell()
        if begin - self._purged_s >= PURGE_S:
            self._purge(begin)

    def after(self, end: float) -> None:
        """What is to be noted after the flow of a tick, before its record is written."""
        tasks, reasons = self.flow.missed
        if len(tasks.uid):
            copied = Tasks._make(column.copy() for column in cast(Columns, tasks))
            self.send_anew(copied, reasons.copy(), self.blamed_now())
        count = self.flow.ledger.count
        if not self.flow.resends:
            self.log.lose(
                self.blamed_now(), int(count[Count.DROPPED_LOST] + count[Count.DROPPED_UNREACHABLE])
            )
        count[Count.RESENDING] = len(self.sending)
        count[Count.SILENT] = len(self.agents.silent)
        self.agents.hide()
        self._count_beats(end)
        self.now_s = end

    def _happen(self, due: Due) -> None:
        """One moment of the agenda."""
        time_s, what, target, since = due
        if what == "agent":
            self.agents.suspect(target[0], target[1], time_s, since)
        elif what == "alarm":
            self.agents.alarm(target[0], target[1], time_s, since)
        elif what == "ready":
            self.agents.ready(target[0], target[1], time_s, int(since))
        elif what == "lead":
            self.leads.suspected(target[0], time_s, since)
        elif what == "elected":
            self.leads.elected(target[0], time_s, since)
        elif what == "node":
            self.routes.node_suspected(target[0], time_s, since)
        elif what == "node-heard":
            self.routes.node_heard(target[0], time_s)
        elif what == "link":
            self.routes.link_suspected((target[0], target[1]), time_s, since)
        elif what == "link-heard":
            self.routes.link_heard((target[0], target[1]), time_s)
        elif what == "lossy":
            self.routes.lossy_suspected((target[0], target[1]), time_s, int(since))
        elif what == "seen":
            self.routes.slowness_seen((target[0], target[1]), time_s, int(since))

    def _look_ahead(self, begin: float) -> None:
        """Put the false suspicions of the stretch to come on the agenda; they follow from heartbeats alone."""
        if begin < self._watched_s or not self.settings.detection.agents:
            return
        last = begin + self.watch.stretch_s
        first = self._watched_s
        self._watched_s = last
        rows = self.agents.up()
        uid = self.fleet.column("uid")[rows]
        groups = self.territory.clusters[rows // self.fleet.slots]
        alarms = self.watch.alarms(Tier.AGENT, uid, groups, max(first, begin), last)
        for i, at, cleared in zip(
            alarms.which.tolist(), alarms.suspected_s.tolist(), alarms.cleared_s.tolist(), strict=True
        ):
            self.agenda.add(at, "alarm", (int(rows[i]), int(uid[i])), cleared)

    def _follow_mesh(self) -> None:
        """Where the mesh changed: which parts it has, and what is cut off."""
        if not self.severed:
            return
        self.severed = False
        self._part = astray.components(self)
        if self.flow.resends and len(np.unique(self._part[self._part >= 0])) > 1:
            astray.cut_off(self, self._part)
            self.copying = self.model.crew.total(len(self.copies)) > 0

    def _send_due(self, begin: float, end: float) -> None:
        """Hand tasks whose wait is over to ingress."""
        network, alone = self.flow.network, self.territory.alone
        network.refresh()
        strays = not (alone or network.known.all())  # tasks of dead entry nodes may enter in other shards
        if not len(self.sending) and not strays:
            return
        again = self.sending.due(end, begin, network.known)
        if strays:
            again = astray.to_entries(self, again)
        if len(again.uid):
            self.flow.ledger.count[Count.RESENT] += len(again.uid)
            pool = self.flow.pools[0]
            pool.replace(joined(pool.used(), again))

    def _close(self, begin: float) -> None:
        """Tell the flow which clusters are without a lead, and to which nothing new is sent."""
        flow, closed = self.flow, self.leads.closed
        if closed.any() or flow.clusters.closed.any():
            flow.clusters = flow.clusters._replace(closed=closed.astype(np.uint8))
        self.shut("leads", self.leads.known)
        if self.breakers is not None:
            self.shut("breaker", self.breakers.look(self.model, begin))

    def _count_down(self) -> None:
        """Tell the flow how many agents of each cluster failed or are under repair."""
        if not self.agents.lives:
            return
        state = self.fleet.rows.state
        self.flow.down = ((state == FAILED) | (state == RECOVERING)).sum(axis=1)

    def _count_beats(self, end: float) -> None:
        """Count the heartbeats that were sent in the tick."""
        detection, first = self.settings.detection, self.now_s
        flow = self.flow
        if self._links[0] is not flow.network:
            self._links = flow.network, 2 * flow.network.graph.number_of_edges()
        nodes, links = (flow.network.nodes, self._links[1]) if self.territory.rank == 0 else (0, 0)
        agents = len(self.fleet) - len(self.agents.silent) if detection.agents else 0
        number = sum(
            self.watch.sent(tier, senders, first, end)
            for tier, senders in (
                (Tier.AGENT, agents),
                (Tier.LEAD, self.fleet.clusters - int(self.leads.closed.sum())),
                (Tier.NODE, nodes),
                (Tier.LINK, links),
            )
        )
        counted = flow.ledger.messages[HEARTBEATS]
        counted[:BYTES] += number
        counted[BYTES] += number * flow.mesh.control_bytes
        counted[LATENCY_T] += number * int(flow.local_s * TICKS_PER_S)

    # -- what its parts ask for -----------------------------------------------------------------------------------

    def shut(self, who: str, mask: Bools) -> None:
        """Let nothing new be sent to these clusters, `[Q]`, as far as one of those who may say so is concerned."""
        self.shut_by[who] = mask
        total = np.zeros(self.fleet.clusters, np.bool_)
        for one in self.shut_by.values():
            total[: len(one)] |= one
        self.flow.shut = spared(total, self.flow) if total.any() else total

    def send_anew(self, tasks: Tasks, reasons: Ints, incident: int) -> None:
        """Keep tasks that are lost since ``at`` to be sent anew, or drop those that were sent too often."""
        uid = origins(tasks.uid)
        self.log.displace(incident, len(uid))
        self.blame(uid, incident)
        spent = np.ones(len(uid), np.bool_) if not self.flow.resends else self.sending.add(tasks)
        for reason in np.unique(reasons[spent]).tolist():
            mine = spent & (reasons == reason)
            self.drop(tasks.uid[mine], Count(reason), float(tasks.at[mine].max()))

    def drop(self, uid: Ints, reason: Count, time_s: float) -> None:
        """Count tasks as dropped, and lay them to the incidents that led them astray."""
        self.flow.ledger.count[reason] += len(uid)
        astray.log_drops(self, uid, reason, time_s)
        for one in origins(uid).tolist():
            incident = self._blame.pop(one, (-1, 0.0))[0]
            self.log.lose(incident)

    def lose(self, uid: Ints, incident: int) -> None:
        """Tasks are dropped by the flow itself for an incident."""
        for one in uid.tolist():
            self._blame.pop(one, None)
        self.log.lose(incident, len(uid))

    def blame(self, uid: Ints, incident: int) -> None:
        """If these tasks are dropped, it is because of an incident; the first one counts."""
        if incident >= 0:
            for one in uid.tolist():
                self._blame.setdefault(one, (incident, self.now_s))

    def blamed_now(self) -> int:
        """The open incident of nodes or links that a lost message is laid to: the last one; -1 if there is none."""
        held = [
            incident
            for group in (self.routes.stopped, self.routes.cut, self.routes.lossy)
            for holders in group.values()
            for incident in holders
        ]
        return max(held, default=-1)

    def drop_copies(self, rows: Ints) -> None:
        """Agents that fall silent end no copy any more."""
        if len(self.copies):
            self.copies.take(np.isin(self.copies.row, rows) & (self.copies.done_s > self.now_s))

    def cancel(self, rows: Ints) -> None:
        """Take the tasks out of the hands of busy agents, for good; those that are silent stay so."""
        free = np.array([row for row in rows.tolist() if row not in self.agents.silent], np.int64)
        if len(free):
            self.flow.take_out(free)
        stuck = np.setdiff1d(rows, free)
        if len(stuck):
            self.flow.take_out(stuck)

    def structure_changed(self) -> None:
        """Clusters are under other nodes than before."""
        self.flow.skills_changed()

    def slowed_by(self, row: int) -> int:
        """The incident that made an agent slow, -1 if none did."""
        one = self.agents.slow.get(row)
        return one.incident if one is not None and self.fleet.column("uid")[row] == one.uid else -1

    def _purge(self, now: float) -> None:
        """Forget whose fault the way of tasks was that must have ended long ago."""
        self._purged_s = now
        longest = float(self.flow.demand.marks.deadline_s.max()) + PURGE_S
        self._blame = {uid: one for uid, one in self._blame.items() if now - one[1] < longest}

    # -- save and resume --------------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {
            "log": self.log.memory(),
            "agenda": self.agenda.memory(),
            "sending": self.sending.memory(),
            "copies": self.copies.memory(),
            "agents": self.agents.memory(),
            "leads": self.leads.memory(),
            "routes": self.routes.memory(),
            "injector": self.injector.memory(),
            "breakers": None if self.breakers is None else self.breakers.memory(),
            "blame": [(uid, *one) for uid, one in self._blame.items()],
            "shut_by": self.shut_by,
            "watched": (self._watched_s, self._purged_s),
            "part": self._part,
            "severed": (self.severed, self.copying),
            "flow": (self.flow.shut, self.flow.interrupted, self.flow.room, self.flow.down),
            "lessons": None
            if self.model.learner is not None or not self.flow.lessons.on
            else tuple(self.flow.lessons),
        }

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in ("log", "agenda", "sending", "copies", "leads", "agents", "routes", "injector"):
            getattr(self, name).remember(memory[name])
        if self.breakers is not None:
            self.breakers.remember(memory["breakers"])
        self._blame = {uid: (incident, time_s) for uid, incident, time_s in memory["blame"]}
        self.shut_by = {name: mask.copy() for name, mask in memory["shut_by"].items()}
        self._watched_s, self._purged_s = memory["watched"]
        self._part, (self.severed, self.copying) = memory["part"].copy(), memory["severed"]
        f = self.flow
        f.shut, f.interrupted, f.room, f.down = (a.copy() for a in memory["flow"])
        if memory["lessons"] is not None:
            self.flow.lessons = Lessons(*(a.copy() for a in memory["lessons"]))

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        own = __name__.rpartition(".")[0] + "."
        there = {name for name in sys.modules if name.startswith(own)}
        return there | {type(fault).__module__ for fault in self.settings.faults} | self.injector.modules()


def build_resilience(model: SwarmModel, config: Config) -> Resilience | None:
    """The engine that a config asks for; None if it asks for none."""
    settings = config.resilience
    if not settings.on:
        return None
    return Resilience(
        model=model,
        settings=settings,
        injector=build_injector(config, model.root_seed),
        watch=build_watch(config, model.root_seed, config.fleet.nodes, model.flow.network.link_s),
        key=rng.key(model.root_seed, "resilience.recovery"),
        sending=Resending.build(settings.recovery, model.root_seed),
        breakers=build_breakers(config) if settings.recovery.on else None,
    )
