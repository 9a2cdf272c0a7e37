"""Circuit breakers of clusters: where too many tasks are interrupted, nothing new is sent for a while."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Bools, Floats, Ints

if TYPE_CHECKING:
    from ..config import Config
    from ..flow.engine import TaskFlow
    from ..swarm import SwarmModel

CLOSED, OPEN, TRYING = range(3)
"""All is sent there; nothing is; a few tasks are, to see how they fare (Nygard's half-open)."""
STATES = ("closed", "open", "half-open")
BEGUN, DONE, CUT, TAKEN = range(4)
"""Rows of what is counted of each cluster: tasks begun, answered, interrupted, and let in."""


@dataclass(slots=True, kw_only=True)
class Breakers:
    """A circuit breaker for each cluster here.

    A closed one opens where, within a period, at least ``least`` tasks were interrupted and they are at least the
    share ``failures`` of those begun. An open one is tried again after ``open_s``: it lets ``least`` tasks in and
    waits for what becomes of as many; it closes if fewer than the share ``failures`` of them were interrupted, and
    opens again otherwise. If nothing is known after ``open_s`` more, as many are let in anew. A node never has all of
    its clusters shut: then each of them is left open, since one that fails may still answer something.

    Attributes:
        failures: share from which it opens.
        least: interrupted tasks from which it may open.
        open_s: time until it is tried again, s.
        period_s: time over which tasks are counted, s.
        state: `[Q]` ``CLOSED``, ``OPEN`` or ``TRYING``.
        until_s: `[Q]` s, end of an open or half-open spell.
        opened: `[Q]` how often each has opened so far.
        log: time s, number of the cluster in the whole model and new state, for each change here.

    Source:
        Nygard, *Release It!*, 2nd ed. (2018), section 5.2. Not all of a node: Envoy, "Panic threshold".
    """

    failures: float
    least: int
    open_s: float
    period_s: float
    state: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    until_s: Floats = field(default_factory=lambda: np.zeros(0))
    opened: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    log: list[tuple[float, int, str]] = field(default_factory=list)
    _since: Ints = field(default_factory=lambda: np.zeros((4, 0), np.int64))
    _period: int = 0
    _cut: int = 0

    def look(self, model: SwarmModel, begin_s: float) -> Bools:
        """`[Q]` clusters to which nothing new is sent in the tick that begins now."""
        flow = model.flow
        before, self._cut = self._cut, int(flow.interrupted.sum())
        if (
            self._cut == before
            and not self.state.any()
            and int(begin_s / self.period_s + 1e-9) == self._period
        ):
            return np.zeros(
                len(flow.interrupted), np.bool_
            )  # nothing has happened: the common case, and quick
        now = counted(flow)
        self._follow(now)
        change = np.full(len(self.state), -1, np.int64)
        since = now - self._since
        trying = self.state == TRYING
        told = since[DONE] + since[CUT]
        failing = since[CUT] >= self.failures * np.maximum(told, 1)
        change[trying & (told >= self.least)] = CLOSED
        change[trying & (told >= self.least) & failing] = OPEN
        anew = (self.state != CLOSED) & (change < 0) & (begin_s >= self.until_s)
        change[anew] = TRYING
        number = int(begin_s / self.period_s + 1e-9)
        closed = self.state == CLOSED
        bad = closed & (since[CUT] >= self.least) & (since[CUT] >= self.failures * since[BEGUN])
        change[bad] = OPEN
        if number > self._period:  # a new period begins
            self._period = number
            self._since[:, closed] = now[:, closed]
        self._turn(model, change, now, begin_s)
        full = (self.state == TRYING) & (now[TAKEN] - self._since[TAKEN] >= self.least)
        return spared((self.state == OPEN) | full, flow)

    def _follow(self, now: Ints) -> None:
        """Follow a fleet that got more clusters."""
        more = now.shape[1] - len(self.state)
        if more > 0:
            self.state = np.concatenate([self.state, np.zeros(more, np.int64)])
            self.until_s = np.concatenate([self.until_s, np.zeros(more)])
            self.opened = np.concatenate([self.opened, np.zeros(more, np.int64)])
            self._since = np.concatenate([self._since, np.zeros((4, more), np.int64)], axis=1)

    def _turn(self, model: SwarmModel, change: Ints, now: Ints, begin_s: float) -> None:
        """Put breakers into new states, and count anew for them."""
        turned = np.flatnonzero(change >= 0)
        if not len(turned):
            return
        new = change[turned]
        again = new != self.state[turned]
        self.state[turned] = new
        self.until_s[turned] = begin_s + self.open_s
        self.opened[turned] += new == OPEN
        self._since[:, turned] = now[:, turned]
        numbers = model.shard.territory.clusters[turned]
        for q, code in zip(numbers[again].tolist(), new[again].tolist(), strict=True):
            self.log.append((begin_s, q, STATES[code]))

    # -- checkpoints ------------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {name: getattr(self, name) for name in _KEPT}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in _KEPT:
            setattr(self, name, memory[name])


_KEPT = ("state", "until_s", "opened", "log", "_since", "_period", "_cut")


def counted(flow: TaskFlow) -> Ints:
    """`[4, Q]` tasks begun, answered, interrupted and let in by each cluster so far.

    Whatever was begun was answered, was interrupted or is in hands; whatever came in was begun or waits. Those that
    were interrupted wait again, so they are taken off what came in.
    """
    state = flow.state
    begun = state.completed + flow.interrupted + state.in_service
    return np.stack([begun, state.completed, flow.interrupted, begun + state.waiting - flow.interrupted])


def spared(shut: Bools, flow: TaskFlow) -> Bools:
    """`[Q]` the same, but nothing is shut at nodes that would have no cluster with agents left."""
    if not shut.any():
        return shut
    sums = flow.hierarchy.node_sums
    left = sums((~shut & (flow.fleet.size > 0)).astype(np.int64))
    return np.asarray(shut & (left > 0)[flow.hierarchy.node_of_cluster], np.bool_)


def build_breakers(config: Config) -> Breakers | None:
    """The breakers that a config asks for; None if it asks for none."""
    c = config.resilience
    if not (c.on and c.breaker.on):
        return None
    b = c.breaker
    return Breakers(failures=b.failures, least=b.least, open_s=b.open_s, period_s=b.period_s)
