"""The watch over pace: agents that became slow are drained, and as many new ones started."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...agents.fleet import BUSY, IDLE
from ...arrays import Floats, Ints
from .settings import Pace
from .slowness import Fleetwide, accumulated, evidence, evidence_of_open, tally

if TYPE_CHECKING:
    from ..config import Config
    from ..swarm import SwarmModel

ENOUGH = 300
"""Tasks of a period from which the fleet's pace is that of the period alone; fewer say too little of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """An agent that was let go because it was held to be slow.

    Attributes:
        time_s: when, s.
        uid: its unique id.
        statistic: evidence against it over the threshold, 1 or more.
        factor: by how much it truly was slower than as made; 1 for a sound one.
    """

    time_s: float
    uid: int
    statistic: float
    factor: float

    @property
    def is_false(self) -> bool:
        """Whether it was as fast as it was made."""
        return self.factor <= 1.0


@dataclass(slots=True, kw_only=True, eq=False)
class PaceWatch:
    """Looks once a period at how long each agent takes for its tasks.

    It knows what leads know: the tasks that an agent ended, how long they took, and how long the one in its hands has
    lasted, each over the mean of its class with the agent's skill, the cluster's coordination and the speed with
    which the agent was made. Evidence adds up as in :mod:`.slowness`. What slows the whole fleet alike is nobody's
    fault: times are taken over the fleet's mean of the period.

    Attributes:
        settings: see there.
        period_s: time between two looks, s.
        order: its place among controllers that are due together: before the scaler.
        fleetwide: what the fleet's tasks were like, and the threshold that follows.
        drains: agents that were let go, by time and id.
    """

    settings: Pace
    period_s: float
    order: int = 20
    fleetwide: Fleetwide = field(default_factory=Fleetwide)
    drains: list[Drain] = field(default_factory=list)
    _uid: Ints = field(default_factory=lambda: np.zeros((0, 0), np.int64))
    _sum: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    _known: Ints = field(default_factory=lambda: np.zeros(2, np.int64))

    @property
    def of_config(self) -> bool:
        """The model makes it from its config; a checkpoint keeps its memory alone."""
        return True

    def act(self, model: SwarmModel) -> None:
        """Look at the period that ends now; all shards do so together."""
        self._follow(model.fleet.rows.uid)
        places, ends, took = self._ended(model)
        pace = self._fleet_pace(model, ends, took)
        took, slower = took / pace, self.settings.slower
        steps = evidence(ends, took, slower)
        state = model.fleet.column("state")
        at_work = (state == IDLE) | (state == BUSY)
        told = model.crew.exchange.gather(tally(ends, took, steps, int(at_work.sum())))
        known = self.fleetwide
        known.learn(np.sum(told, axis=0), 3600.0 / self.period_s, self.settings.false_per_hour)
        total = self._sum.reshape(-1)
        total[places] = accumulated(total[places], np.minimum(steps, known.cap))
        busy = np.flatnonzero(state == BUSY)
        now = total.copy()
        lasts = self._lasts(model, busy) / pace
        now[busy] += np.minimum(evidence_of_open(lasts, known.cv2, slower), known.cap)
        caught = np.flatnonzero(at_work & (now >= known.threshold))
        self._let_go(model, caught, now[caught] / known.threshold)

    def _follow(self, uid: Ints) -> None:
        """Follow a fleet in which agents came and went; a new one begins without evidence."""
        before, self._uid = self._uid, uid.copy()
        total = np.zeros(uid.shape)
        kept = len(self._sum)
        if kept:
            same = before == uid[:kept]
            total[:kept] = np.where(same, self._sum, 0.0)
        self._sum = total

    def _ended(self, model: SwarmModel) -> tuple[Ints, Ints, Floats]:
        """Rows of agents that ended tasks since the last look, how many, and the sum of their times."""
        lessons = model.flow.lessons
        ends = np.where(lessons.owner == self._uid, lessons.ends, 0).reshape(-1)
        rows = np.flatnonzero(ends)
        took = lessons.took.reshape(-1)[rows] / made(model, rows)
        number = ends[rows].astype(np.int64)
        lessons.ends[:] = 0
        lessons.took[:] = 0.0
        return rows, number, took

    def _lasts(self, model: SwarmModel, rows: Ints) -> Floats:
        """`[n]` how long the tasks in these agents' hands have lasted, over the mean for a sound agent."""
        flow, fleet = model.flow, model.fleet
        kind = flow.hands.meta.reshape(-1)[rows] & 15
        marks = flow.demand.marks
        q, s = np.divmod(rows, fleet.slots)
        skill = np.maximum(fleet.rows.skill[q, marks.class_type[kind], s], 1) / 255.0
        began = fleet.column("free_at")[rows] - flow.hands.service.reshape(-1)[rows]
        mean = marks.mean_s[kind] * flow.clusters.overhead[q] / skill * made(model, rows)
        return np.asarray(np.maximum(model.now_s - began, 0.0) / mean, np.float64)

    def _fleet_pace(self, model: SwarmModel, ends: Ints, took: Floats) -> float:
        """Mean time of the fleet's tasks over that of sound agents, of this period if it has enough of them."""
        mine = np.array([ends.sum(), np.rint(took * 2.0**20).astype(np.int64).sum()], np.int64)
        now = np.sum(model.crew.exchange.gather(mine), axis=0)
        self._known = self._known + now
        tasks, time = now if now[0] >= ENOUGH else self._known
        return float(time) / 2.0**20 / float(tasks) if time > 0 else 1.0

    def _let_go(self, model: SwarmModel, rows: Ints, statistic: Floats) -> None:
        """Drain agents and start as many; the list is the same in all shards, incidents are each shard's own."""
        uid = model.fleet.column("uid")[rows]
        factor = model.fleet.column("slowness")[rows].astype(np.float64) / made(model, rows)
        mine = np.stack([uid, statistic.view(np.int64), factor.view(np.int64)])
        told = [part.reshape(3, -1) for part in model.crew.exchange.gather(mine.reshape(-1))]
        whole = np.concatenate(told, axis=1)
        if not whole.shape[1]:
            return
        whole = whole[:, np.argsort(whole[0])]
        strong, slower = whole[1].view(np.float64).tolist(), whole[2].view(np.float64).tolist()
        self.drains += [
            Drain(time_s=model.now_s, uid=u, statistic=s, factor=f)
            for u, s, f in zip(whole[0].tolist(), strong, slower, strict=True)
        ]
        if model.resilience is not None:
            for row, agent in zip(rows.tolist(), uid.tolist(), strict=True):
                number = model.resilience.slowed_by(row)
                model.resilience.log.find(number, model.now_s, f"agent {agent} found slow")
                model.resilience.log.note(number, model.now_s, f"agent {agent} drained")
        model.drain_workers(rows)
        model.spawn(whole.shape[1])

    # -- checkpoints ------------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """What changes, for a checkpoint."""
        return {name: getattr(self, name) for name in _KEPT}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in _KEPT:
            setattr(self, name, memory[name])

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        return {Drain.__module__, Fleetwide.__module__}


_KEPT = ("fleetwide", "drains", "_uid", "_sum", "_known")


def made(model: SwarmModel, rows: Ints) -> Floats:
    """`[n]` 1 / speed of agents as they were made, which is what leads know of it."""
    return np.asarray(model.fleet.known_slowness().reshape(-1)[rows], np.float64)


def build_pace(config: Config) -> PaceWatch | None:
    """The watch over pace that a config asks for; None if it asks for none."""
    c = config.resilience
    return PaceWatch(settings=c.pace, period_s=c.pace.period_s) if c.on and c.pace.on else None
