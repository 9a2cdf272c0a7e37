"""Admission: how many tasks a node's clusters may hold, so that overload is refused at the door."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ...arrays import Floats, Ints
from ..flow.ledger import TICKS_PER_S, Count

if TYPE_CHECKING:
    from ..config import Config
    from ..swarm import SwarmModel

MEMORY_S = 20.0
"""Time constant with which what was measured is forgotten, s (assumed)."""
MOST = np.int64(1) << 40
"""Room where there is no limit."""
LATE = 0.01
"""Share of late answers among those given from which tasks may wait for less (assumed)."""
TIGHTEST, CUT, BACK = 0.25, 0.5, 0.05
"""Least factor on the patience, the factor at a cut, and what comes back with each look (assumed)."""


class Measured(NamedTuple):
    """What a node's clusters did lately, older looks weighing less.

    Attributes:
        done: `[K]` tasks answered.
        busy_s: `[K]` agent-seconds in service.
        response_s: `[K]` summed response times, s.
    """

    done: Floats
    busy_s: Floats
    response_s: Floats


def limits(
    lately: Measured, ready: Ints, *, patience_s: float, coming_s: float, least: int, tick_s: float
) -> tuple[Floats, Floats]:
    """Tasks that each node's clusters may hold, and the tasks that they can answer in a second.

    A node answers ``rate`` = ready agents / mean time in hands. A task that has nobody before it stays for the mean
    time in hands, the least response; one that waits no longer than ``patience_s`` stays for at most that much more,
    the response that is tolerated. By Little's law a node that holds rate x tolerated tasks answers just so. Where
    the response measured is above the tolerated one all the same, the limit is lowered by their ratio, at most to
    half. It never falls below what keeps all agents busy for a tick, so that to shed costs no throughput.

    Args:
        lately: what was measured.
        ready: `[K]` idle and busy agents of each node.
        patience_s: time that a task may wait, s.
        coming_s: seconds of the present fleet's work that agents who are on their way will do within that time.
        least: tasks that a node always may hold.
        tick_s: length of a tick, s.

    Returns:
        `[K]` limits, infinite where nothing was answered yet, and `[K]` rates per s, 0 there.

    Source:
        Little (1961), *Operations Research* 9(3); the rate by the service demand law, Denning & Buzen (1978), *ACM
        Computing Surveys* 10(3); least over measured response as a gradient in [.5, 1] on the limit: Netflix,
        concurrency-limits (2018), Gradient2Limit.

    >>> lately = Measured(np.array([40.0]), np.array([80.0]), np.array([120.0]))
    >>> limits(lately, np.array([50]), patience_s=4.0, coming_s=0.0, least=10, tick_s=1.0)
    (array([150.]), array([25.]))
    """
    known = (lately.done > 0) & (lately.busy_s > 0) & (ready > 0)
    done = np.where(known, lately.done, 1.0)
    service_s = np.where(known, lately.busy_s, 1.0) / done
    rate = np.where(known, ready / service_s, 0.0)
    tolerated_s = service_s + patience_s
    gradient = np.clip(tolerated_s / np.maximum(lately.response_s / done, 1e-9), 0.5, 1.0)
    wanted = rate * (tolerated_s * gradient + coming_s)
    floor = np.maximum(ready + rate * tick_s, least)
    return np.where(known, np.maximum(wanted, floor), np.where(ready > 0, np.inf, least)), rate


@dataclass(slots=True, kw_only=True)
class Admission:
    """The controller that says how many tasks each node lets into its clusters; the rest is shed.

    Each period it takes the limits anew from what was measured; each tick a node lets in what is left of its limit,
    and as many as it will answer within the tick. All of that is known at the node itself, so that it does not matter
    how the model is shared out.

    Attributes:
        patience_s: time that a task may wait before load is shed, s.
        least: tasks that a node always may hold.
        period_s: time between two looks, s.
        order: its place among controllers that are due together: after those that change the fleet.
        limit: `[K]` tasks that each node's clusters may hold, meaningful for the nodes here.
        rate_per_s: `[K]` tasks that each can answer in a second.
        tightened: factor on the patience: lower while answers are late all the same.
        shed: tasks shed in the whole fleet, so far.
        series: of each look: time s, tasks shed since the one before, tasks that arrived, factor on the patience.
    """

    patience_s: float
    least: int
    period_s: float
    order: int = 80
    limit: Floats = field(default_factory=lambda: np.zeros(0))
    rate_per_s: Floats = field(default_factory=lambda: np.zeros(0))
    tightened: float = 1.0
    shed: int = 0
    series: list[tuple[float, int, int, float]] = field(default_factory=list)
    _lately: Floats = field(default_factory=lambda: np.zeros((3, 0)))
    _before: Ints = field(default_factory=lambda: np.zeros((3, 0), np.int64))
    _ticks: int = 0
    _called: tuple[tuple[float, float], ...] = ()

    @property
    def of_config(self) -> bool:
        """The model makes it from its config; a checkpoint keeps its memory alone."""
        return True

    def gate(self, model: SwarmModel) -> None:
        """Write the room of each node for the tick that begins now."""
        flow = model.flow
        if not len(self.limit):
            return
        room = self.limit - flow.node_figures()[2] + self.rate_per_s * model.config.dt
        flow.room[:] = np.where(np.isfinite(room), np.ceil(np.clip(room, 0.0, float(MOST))), MOST)

    def act(self, model: SwarmModel) -> None:
        """Measure, and take the limits anew."""
        self._count(model)
        self._measure(model)
        flow, now_s = model.flow, model.now_s
        patience_s = self.patience_s * self.tightened
        self._called = tuple((at_s, share) for at_s, share in self._called if at_s > now_s)
        coming_s = sum(share * max(patience_s - (at_s - now_s), 0.0) for at_s, share in self._called)
        self.limit, self.rate_per_s = limits(
            Measured(*self._lately),
            flow.node_figures()[0],
            patience_s=patience_s,
            coming_s=coming_s,
            least=self.least,
            tick_s=model.config.dt,
        )
        self.tightened = min(self.tightened + BACK, 1.0)

    def _count(self, model: SwarmModel) -> None:
        """What was shed since the last look."""
        raw = model.records.raw(self._ticks)
        self._ticks = model.records.ticks
        shed, arrived = (int(raw.count(which).sum()) for which in (Count.DROPPED_SHED, Count.ARRIVED))
        self.shed += shed
        self.series.append((model.now_s, shed, arrived, self.tightened))

    def _measure(self, model: SwarmModel) -> None:
        """Add what the clusters here did since the last look, each under the node where it is now."""
        flow = model.flow
        now = np.stack([flow.state.completed, flow.state.busy_t, flow.state.response_t])
        gain = now.copy()
        gain[:, : self._before.shape[1]] -= self._before
        self._before = now
        new = np.stack([flow.hierarchy.node_sums(row) for row in gain]).astype(np.float64)
        new[1:] /= TICKS_PER_S
        kept = np.exp(-self.period_s / MEMORY_S)
        self._lately = new + (kept * self._lately if self._lately.shape == new.shape else 0.0)

    # -- what it is told --------------------------------------------------------------------------------------

    def capacity_called(self, share: float, ready_at_s: float) -> None:
        """Agents are on their way: a share of the present fleet, ready then; who waits for them is not shed."""
        if share > 0:
            self._called = (*self._called, (ready_at_s, share))

    def answers_late(self, late_share: float) -> None:
        """Of the answers given lately so many were late: let tasks wait for less, or for as long as before.

        Source: multiplicative decrease, additive increase of an admission limit by a target on response times: Welsh &
        Culler (2003), "Adaptive overload control for busy internet servers", USITS 2003, section 3.
        """
        if late_share > LATE:
            self.tightened = max(self.tightened * CUT, TIGHTEST)

    def fleet_changed(self) -> None:
        """Clusters were put under other nodes, or many agents went: what was measured holds no longer."""
        self._lately = np.zeros_like(self._lately)
        self.limit = np.full_like(self.limit, np.inf)

    # -- checkpoints ------------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {name: getattr(self, name) for name in _KEPT}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in _KEPT:
            setattr(self, name, memory[name])

    def modules(self) -> set[str]:
        """Modules whose dataclasses its memory may hold."""
        return {__name__} & set(sys.modules)


_KEPT = (
    "limit", "rate_per_s", "tightened", "shed", "series", "_lately", "_before", "_ticks", "_called",
)  # fmt: skip


def build_admission(config: Config) -> Admission | None:
    """The admission that a config asks for; None if it asks for none."""
    c = config.resilience
    if not (c.on and c.admission.on):
        return None
    shortest_s = min(kind.deadline_s for kind in config.demand.classes)
    return Admission(
        patience_s=c.admission.patience * shortest_s,
        least=c.admission.least,
        period_s=max(round(c.admission.period_s / config.dt), 1) * config.dt,
    )
