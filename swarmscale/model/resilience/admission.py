"""Admission: how many tasks a node's clusters may hold, so that overload is refused at the door."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np

from ...arrays import Floats, Ints
from ..flow.ledger import TICKS_PER_S, Count
from ..integration.bus import ticks
from ..integration.events import Limits, NodeLoad, Outage, Overload, Resized, Shed

if TYPE_CHECKING:
    from ..config import Config
    from ..swarm import SwarmModel

MEMORY_S = 20.0
"""Time constant with which what was measured is forgotten, s (assumed)."""
MOST = float(1 << 40)
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
    half. It never falls below what keeps all agents busy for a tick, so that to shed costs no throughput. A node that
    has no agents for the time being may hold what others do on average, until it has some again.

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
    hold = np.maximum(wanted, floor)
    others = float(hold[known].mean()) if known.any() else np.inf
    return np.where(known, hold, np.where(ready > 0, np.inf, others)), rate


@dataclass(slots=True, kw_only=True)
class Admission:
    """The controller that says how many tasks each node may hold; what comes beyond that is shed.

    Each period it takes the limits anew from what was measured, and tells the coordinator, who puts them in force.
    Each tick a node then lets in what is left of its limit, and as many as it will answer within the tick.

    Attributes:
        patience_s: time that a task may wait before load is shed, s.
        least: tasks that a node always may hold.
        period_s: time between two looks, s.
        order: its place among controllers that are due together: after those that change the fleet.
        force: the limits in force; None before there are any.
        tightened: factor on the patience: lower while answers are late all the same.
        out: share of the agents that are held to be down.
        shed: tasks shed in the whole fleet, so far.
        series: of each look: time s, tasks shed since the one before, tasks that arrived, factor on the patience.
    """

    component: ClassVar[str] = "optimizer"
    title: ClassVar[str] = "optimizer"

    patience_s: float
    least: int
    period_s: float
    order: int = 40
    force: Limits | None = None
    tightened: float = 1.0
    out: float = 0.0
    shed: int = 0
    series: list[tuple[float, int, int, float]] = field(default_factory=list)
    _ready: tuple[int, ...] = ()
    _lately: Floats = field(default_factory=lambda: np.zeros((3, 0)))
    _before: Ints = field(default_factory=lambda: np.zeros((3, 0), np.int64))
    _ticks: int = 0
    _called: tuple[tuple[float, float], ...] = ()
    _answers: tuple[float, float] = (0.0, 0.0)
    _refused: tuple[float, float] = (0.0, 0.0)
    _overloaded: bool = False

    @property
    def of_config(self) -> bool:
        """The model makes it from its config; a checkpoint keeps its memory alone."""
        return True

    def enforce(self, told: Limits) -> None:
        """From the next tick on nodes keep to these limits."""
        self.force = told

    def gate(self, model: SwarmModel) -> None:
        """Write the room of each node for the tick that begins now."""
        if self.force is None:
            return
        flow = model.flow
        hold, rate = (np.array(values) for values in (self.force.hold, self.force.rate_per_s))
        room = hold - flow.node_figures()[2] + rate * model.config.dt
        flow.room = np.where(room < MOST, np.ceil(np.maximum(room, 0.0)), MOST).astype(np.int64)

    def act(self, model: SwarmModel) -> None:
        """Measure, and take the limits anew."""
        self._listen(model)
        shed = self._count(model)
        self._measure(model)
        now_s = model.now_s
        patience_s = self.patience_s * self.tightened * (1.0 - self.out)
        self._called = tuple((at_s, share) for at_s, share in self._called if at_s > now_s)
        coming_s = sum(share * max(patience_s - (at_s - now_s), 0.0) for at_s, share in self._called)
        hold, rate = limits(
            Measured(*self._lately),
            np.array(self._ready, np.int64),
            patience_s=patience_s,
            coming_s=coming_s,
            least=self.least,
            tick_s=model.config.dt,
        )
        self._tell(model, Limits(hold=tuple(hold.tolist()), rate_per_s=tuple(rate.tolist())), shed)

    def _count(self, model: SwarmModel) -> int:
        """Tasks shed since the last look."""
        raw = model.records.raw(self._ticks)
        self._ticks = model.records.ticks
        counts = (Count.DROPPED_SHED, Count.ARRIVED, Count.LATE, Count.COMPLETED)
        shed, arrived, late, done = (int(raw.count(which).sum()) for which in counts)
        self.shed += shed
        self.series.append((model.now_s, shed, arrived, self.tightened))
        self.answered(done, late)
        kept = math.exp(-self.period_s / MEMORY_S)
        before = self._refused
        self._refused = (kept * before[0] + shed, kept * before[1] + arrived)
        return shed

    def _measure(self, model: SwarmModel) -> None:
        """Add what all clusters did since the last look, each under the node where it is now."""
        state, sums = model.flow.state, model.hierarchy_arrays.node_sums
        now = model.crew.by_cluster(np.stack([state.completed, state.busy_t, state.response_t, state.ready]))
        if not self._ready:  # nothing is told yet, or nobody tells
            self._ready = tuple(sums(now[3]).tolist())
        gain = now[:3].copy()
        gain[:, : self._before.shape[1]] -= self._before
        self._before = now[:3]
        new = np.stack([sums(row) for row in gain]).astype(np.float64)
        new[1:] /= TICKS_PER_S
        kept = np.exp(-self.period_s / MEMORY_S)
        self._lately = new + (kept * self._lately if self._lately.shape == new.shape else 0.0)

    def _tell(self, model: SwarmModel, told: Limits, shed: int) -> None:
        """Tell the coordinator the limits, the scaler what was shed, and the health monitor how much of the load."""
        bus = model.bus
        if bus is None or not bus.carries("optimizer", "coordinator"):
            self.enforce(told)
            self._ready = ()
        if bus is None:
            return
        bus.publish("optimizer", "coordinator", told)
        if shed:
            bus.publish("optimizer", "scaler", Shed(tasks=shed))
        share = self._refused[0] / self._refused[1] if self._refused[0] >= 1.0 else 0.0
        if share > 0 or self._overloaded:
            bus.publish("optimizer", "health", Overload(share=min(share, 1.0)))
        self._overloaded = share > 0

    # -- what it is told --------------------------------------------------------------------------------------

    def _listen(self, model: SwarmModel) -> None:
        """What coordinator, scaler and health monitor have told."""
        for event in model.bus.consume("optimizer") if model.bus is not None else ():
            if isinstance(event, NodeLoad):
                self._ready = event.ready
            elif isinstance(event, Resized):
                self.capacity_called(event.after / max(event.before, 1) - 1.0, event.ready_at_s)
            elif isinstance(event, Outage):
                self.out = event.agents / max(event.members, 1)

    def capacity_called(self, share: float, ready_at_s: float) -> None:
        """Agents are on their way: a share of the present fleet, ready then; who waits for them is not shed."""
        if share > 0:
            self._called = (*self._called, (ready_at_s, share))

    @property
    def coming_until_s(self) -> float:
        """When the last of the agents that are on their way are ready, s; 0 if none are."""
        return max((ready_at_s for ready_at_s, _ in self._called), default=0.0)

    def answered(self, done: int, late: int) -> None:
        """So many tasks were answered since the last look, and so many of them late: have patience accordingly.

        Where more were late than ``LATE`` by more than chance (three standard deviations of a Poisson number), tasks
        may wait for half as long, and answers are counted anew; else for a little longer again.

        Source: multiplicative decrease, additive increase of an admission limit by a target on response times: Welsh &
        Culler (2003), "Adaptive overload control for busy internet servers", USITS 2003, section 3.
        """
        kept = math.exp(-self.period_s / MEMORY_S)
        total, lately = (kept * before + new for before, new in zip(self._answers, (done, late), strict=True))
        tolerated = LATE * total
        if lately > tolerated + 3 * math.sqrt(tolerated) and late:
            self.tightened = max(self.tightened * CUT, TIGHTEST)
            total = lately = 0.0
        else:
            self.tightened = min(self.tightened + BACK, 1.0)
        self._answers = (total, lately)

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
        return {Limits.__module__}


_KEPT = (
    "force", "tightened", "out", "shed", "series", "_ready", "_lately", "_before", "_ticks", "_called",
    "_answers", "_refused", "_overloaded",
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
        period_s=ticks(c.admission.period_s, config.dt) * config.dt,
    )
