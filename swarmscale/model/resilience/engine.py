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
from .fates import Fates
from .heartbeats import build_watch
from .incidents import IncidentLog
from .injector import Injector, build_injector
from .leads import Leads
from .moving import move_waiting
from .renewal import Renewal
from .routes import MeshFaults
from .sending import Resending, joined
from .settings import Recovery
from .settings import Resilience as Settings
from .watching import Tier, Watch, watcher
from .world import ModelWorld

if TYPE_CHECKING:
    from ...agents.fleet import Fleet
    from ..config import Config
    from ..flow.network import Network
    from ..sharding.territory import Territory
    from ..swarm import SwarmModel

PARTS = ("log", "agenda", "sending", "copies", "fates", "leads", "renewal", "agents", "routes", "injector")
"""Parts that a checkpoint keeps the memory of, in the order in which they take it back."""


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
        fates: what becomes of tasks that faults led astray.
        renewal: what is done about agents held to be dead.
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
        moved: waiting tasks moved out of clusters that had no ready agent, since the model was made or loaded.
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
    fates: Fates = field(init=False)
    renewal: Renewal = field(init=False)
    leads: Leads = field(init=False)
    routes: MeshFaults = field(init=False)
    world: ModelWorld = field(init=False)
    breakers: Breakers | None = None
    now_s: float = 0.0
    end_s: float = 0.0
    severed: bool = False
    copying: bool = False
    shut_by: dict[str, Bools] = field(default_factory=dict)
    moved: int = 0
    _watched_s: float = 0.0
    _part: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _links: tuple[Network | None, int] = (None, 0)

    def __post_init__(self) -> None:
        self.agents, self.leads, self.routes = AgentFaults(self), Leads(self), MeshFaults(self)
        self.fates, self.renewal, self.world = Fates(self), Renewal(self), ModelWorld(self)
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
        self.renewal.begin_anew()
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
        self.fates.forget(begin)

    def after(self, end: float) -> None:
        """What is to be noted after the flow of a tick, before its record is written."""
        tasks, reasons = self.flow.missed
        if len(tasks.uid):
            copied = Tasks._make(column.copy() for column in cast(Columns, tasks))
            self.fates.send_anew(copied, reasons.copy(), self.fates.blamed_now())
        count = self.flow.ledger.count
        if not self.flow.resends:
            self.log.lose(
                self.fates.blamed_now(), int(count[Count.DROPPED_LOST] + count[Count.DROPPED_UNREACHABLE])
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
            self.renewal.suspect(target[0], target[1], time_s, since)
        elif what == "alarm":
            self.renewal.alarm(target[0], target[1], time_s, since)
        elif what == "ready":
            self.renewal.ready(target[0], target[1], time_s, int(since))
        elif what == "lead-alarm":
            self.leads.alarm(target[0], time_s, since)
        elif what == "node-alarm":
            self.routes.node_alarm(target[0], time_s, since)
        elif what == "node-cleared":
            self.routes.node_cleared(target[0])
        elif what == "link-alarm":
            self.routes.link_alarm((target[0], target[1]), time_s, since)
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
        if begin < self._watched_s:
            return
        first, self._watched_s = max(self._watched_s, begin), begin + self.watch.stretch_s
        clusters = self.territory.clusters
        if self.settings.detection.agents:
            rows = self.agents.up()
            uid = self.fleet.column("uid")[rows]
            self._foresee(
                "alarm", Tier.AGENT, uid, watcher(clusters[rows // self.fleet.slots]), first, rows, uid
            )
        led = np.flatnonzero((self.leads.lead > 0) & ~self.leads.closed)
        self._foresee("lead-alarm", Tier.LEAD, clusters[led], watcher(clusters[led]), first, led)
        nodes = np.arange(self.flow.network.nodes)
        self._foresee("node-alarm", Tier.NODE, nodes, nodes, first, nodes)
        links = self.routes.links()
        ends = np.concatenate([links, links[:, ::-1]])
        ways = ends[:, 0] * len(nodes) + ends[:, 1]
        self._foresee("link-alarm", Tier.LINK, ways, ways, first, *np.sort(ends, axis=1).T)

    def _foresee(
        self, what: str, tier: Tier, ids: Ints, groups: Ints, first_s: float, *targets: Ints
    ) -> None:
        """Put the false suspicions of one tier on the agenda."""
        alarms = self.watch.alarms(tier, ids, groups, first_s, self._watched_s)
        for i, at, cleared in zip(
            alarms.which.tolist(), alarms.suspected_s.tolist(), alarms.cleared_s.tolist(), strict=True
        ):
            self.agenda.add(at, what, tuple(int(target[i]) for target in targets), cleared)

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
        if self.leads.fell or flow.clusters.closed.any():
            flow.clusters = flow.clusters._replace(closed=closed.astype(np.uint8))
        self.shut("leads", self.leads.known)
        if self.breakers is not None:
            self.shut("breaker", self.breakers.look(self.model, begin))

    def _count_down(self) -> None:
        """Tell the flow how many agents of each cluster failed or are under repair."""
        if not self.renewal.awaited and not self.flow.down.any():
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
        leads = self.fleet.clusters - len(self.leads.fell)
        number = self.watch.sent(agents + leads + nodes + links, first, end)
        counted = flow.ledger.messages[HEARTBEATS]
        counted[:BYTES] += number
        counted[BYTES] += number * flow.mesh.control_bytes
        counted[LATENCY_T] += number * int(flow.local_s * TICKS_PER_S)

    # -- what its parts ask for -----------------------------------------------------------------------------------

    def shut(self, who: str, mask: Bools) -> None:
        """Let nothing new be sent to these clusters, `[Q]`, as far as one of those who may say so is concerned."""
        self.shut_by[who] = mask
        shut = self.flow.shut
        if len(shut) == self.fleet.clusters and not (mask.any() or shut.any()):
            return
        total = np.zeros(self.fleet.clusters, np.bool_)
        for one in self.shut_by.values():
            total[: len(one)] |= one
        self.flow.shut = spared(total, self.flow) if total.any() else total

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

    # -- save and resume --------------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {
            **{name: getattr(self, name).memory() for name in PARTS},
            "breakers": None if self.breakers is None else self.breakers.memory(),
            "shut_by": self.shut_by,
            "watched": self._watched_s,
            "part": self._part,
            "severed": (self.severed, self.copying),
            "flow": (self.flow.shut, self.flow.interrupted, self.flow.room, self.flow.down),
            "lessons": None
            if self.model.learner is not None or not self.flow.lessons.on
            else tuple(self.flow.lessons),
        }

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in PARTS:
            getattr(self, name).remember(memory[name])
        if self.breakers is not None:
            self.breakers.remember(memory["breakers"])
        self.shut_by = {name: mask.copy() for name, mask in memory["shut_by"].items()}
        self._watched_s = memory["watched"]
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
