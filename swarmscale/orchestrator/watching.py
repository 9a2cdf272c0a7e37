"""Watching a model: what happened since the last look, as events, from the books that its parts keep anyway."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Ints32
from .events import (
    AgentSpawned,
    AlertChanged,
    ClusterRebalanced,
    EmergenceFound,
    Event,
    FaultStruck,
    OptimizationKept,
    OptimizationRolledBack,
    Recovered,
    ScalingCompleted,
    ScalingStarted,
)

if TYPE_CHECKING:
    from ..model.scaling.events import ScalingEvent
    from ..model.swarm import SwarmModel


@dataclass(slots=True)
class Watch:
    """Where the books of a model's parts were at the last look.

    Attributes:
        model: the model.
    """

    model: SwarmModel
    _uid: int = 0
    _clusters: Ints32 = field(default_factory=lambda: np.zeros(0, np.int32))
    _moved: int = 0
    _scalings: int = 0
    _coming: list[ScalingEvent] = field(default_factory=list)
    _incidents: int = 0
    _open: list[int] = field(default_factory=list)
    _alerts: int = 0
    _firing: set[str] = field(default_factory=set)
    _findings: set[tuple[str, float]] = field(default_factory=set)
    _trials: int = 0

    def __post_init__(self) -> None:
        self.look()

    def look(self) -> list[Event]:
        """What happened since the last look, in the order of the parts."""
        return [
            *self._members(), *self._balance(), *self._scaling(), *self._faults(), *self._alerted(), *self._found(),
            *self._tried(),
        ]  # fmt: skip

    def _members(self) -> list[Event]:
        m, fleet = self.model, self.model.fleet
        before, self._uid = self._uid, fleet.next_uid
        if not before or fleet.next_uid == before:
            return []
        joined = int((fleet.column("uid") >= before).sum())
        return [AgentSpawned(time_s=m.now_s, agents=joined, members=len(fleet))] if joined else []

    def _balance(self) -> list[Event]:
        m = self.model
        before, now = self._clusters, m.hierarchy_arrays.node_of_cluster
        self._clusters = now.copy()
        moved = m.resilience.moved if m.resilience is not None else 0
        tasks, self._moved = moved - self._moved, moved
        if not len(before):
            return []
        added, rehomed = len(now) - len(before), int((now[: len(before)] != before).sum())
        if not (added or rehomed or tasks):
            return []
        return [ClusterRebalanced(time_s=m.now_s, added=added, rehomed=rehomed, tasks=tasks)]

    def _scaling(self) -> list[Event]:
        m = self.model
        if m.scaler is None:
            return self._completed()
        new = m.scaler.events[self._scalings :]
        self._scalings = len(m.scaler.events)
        return [*(self.started(one) for one in new), *self._completed()]

    def started(self, one: ScalingEvent) -> Event:
        """A change of size that begins; its end is told when it comes."""
        self._coming.append(one)
        return ScalingStarted(
            time_s=one.time_s,
            before=one.before,
            after=one.after,
            reason=one.reason,
            ready_at_s=one.ready_at_s,
        )

    def passed(self, scalings: int) -> None:
        """Take it that so many changes of the scaler's book were told already."""
        self._scalings += scalings

    def _completed(self) -> list[Event]:
        m = self.model
        done = [one for one in self._coming if one.ready_at_s <= m.now_s]
        self._coming = [one for one in self._coming if one.ready_at_s > m.now_s]
        return [
            ScalingCompleted(time_s=m.now_s, after=one.after, ready=m.flow.ready, decided_s=one.time_s)
            for one in done
        ]

    def _faults(self) -> list[Event]:
        m = self.model
        if m.resilience is None:
            return []
        log, out = m.resilience.log.incidents, list[Event]()
        for i in range(self._incidents, len(log)):
            one = log[i]
            out.append(
                FaultStruck(time_s=m.now_s, fault=one.fault, layer=one.layer, target=one.target, incident=i)
            )
            self._open.append(i)
        self._incidents = len(log)
        for i in [i for i in self._open if log[i].over]:
            one = log[i]
            self._open.remove(i)
            took = one.recovered_s - one.begins_s
            out.append(Recovered(time_s=m.now_s, fault=one.fault, incident=i, took_s=took, lost=one.lost))
        return out

    def _alerted(self) -> list[Event]:
        m = self.model
        if m.health is None:
            return []
        log = m.health.book.log
        new, self._alerts = log[self._alerts :], len(log)
        out: list[Event] = []
        for time_s, key, state in new:
            if state == "firing" or (state == "resolved" and key in self._firing):
                (self._firing.add if state == "firing" else self._firing.remove)(key)
                one = m.health.book.by_key[key]
                out.append(
                    AlertChanged(time_s=time_s, key=key, state=state, severity=one.severity, text=one.text)
                )
        return out

    def _found(self) -> list[Event]:
        m = self.model
        if m.emergence is None:
            return []
        new = [one for one in m.emergence.findings if (one.detector, one.since_s) not in self._findings]
        self._findings |= {(one.detector, one.since_s) for one in new}
        return [
            EmergenceFound(time_s=m.now_s, detector=one.detector, sentence=one.sentence, p=one.p)
            for one in new
        ]

    def _tried(self) -> list[Event]:
        m = self.model
        if m.optimizer is None:
            return []
        out: list[Event] = []
        trials = m.optimizer.trials
        while self._trials < len(trials) and trials[self._trials].state != "trying":
            one = trials[self._trials]
            self._trials += 1
            told = {"strategy": one.strategy, "words": one.words, "metric": one.metric, "change": one.change}
            if one.state == "kept":
                out.append(OptimizationKept(time_s=one.ended_s, **told))  # type: ignore[arg-type]
            else:
                out.append(OptimizationRolledBack(time_s=one.ended_s, reason=one.reason, **told))  # type: ignore[arg-type]
        return out
