"""Foresight: throughput and p95 of the response 300 s ahead, from demand foretold and a queue."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import isfinite, log, nan, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..flow.ledger import Count
from ..forecasting import DampedHolt, Target
from ..scaling.staffing import waiting_chance
from .band import Band
from .what_if import Change, Expected, what_if

if TYPE_CHECKING:
    from ..columns import Raw
    from ..swarm import SwarmModel
    from .base import Bottleneck

BIN_S, AHEAD = 60.0, 5
"""Width of a bin, s, and bins ahead: 300 s, the origin's predictive window."""
FADE = 0.8
"""Weight of the newest bin in the level of p95."""
TRUST = 0.25
"""Power of the change that the queue foretells: its load is itself foretold, and a forecast shrinks (assumed)."""
SLOW = 0.3
"""Weight of the newest bin in the slow level."""
WAYS = 3
"""Ways to foretell: as now, by demand and queue, the slow level."""
FORGET = 0.98
"""What an error of a way still counts a bin later (assumed)."""


@dataclass(frozen=True, slots=True)
class Told:
    """What was foretold of a bin.

    Attributes:
        due: number of the bin.
        p95_s: response time, s.
        p95_low_s: lower end of its interval; NaN before there is one.
        p95_high_s: its upper end.
        per_s: tasks answered a second.
        per_s_low: lower end of its interval.
        per_s_high: its upper end.
        naive: p95 and tasks a second of the bin in which it was told: as now.
        ways: p95 and tasks a second by each way to foretell them.
    """

    due: int
    p95_s: float
    p95_low_s: float
    p95_high_s: float
    per_s: float
    per_s_low: float
    per_s_high: float
    naive: tuple[float, float]
    ways: tuple[tuple[float, float], ...]


class Score(NamedTuple):
    """How forecasts came out.

    Attributes:
        bins: scored with an interval.
        p95_covered: share of them in whose interval p95 came.
        per_s_covered: the same of throughput.
        p95_mase: summed absolute error of p95 over that of "as now".
        per_s_mase: the same of throughput.
    """

    bins: int
    p95_covered: float
    per_s_covered: float
    p95_mase: float
    per_s_mase: float


def response_p95_s(service_s: float, agents: float, busy: float) -> float:
    """p95 of the response of a cluster, up to a factor that is fitted: 3 means of service and of wait.

    Of exponential times 95 % are below three means. The wait is that of the Halfin-Whitt limit; where more work comes
    than agents can do, a queue grows, by the middle of the window to what is added.

    Args:
        service_s: mean time in hands, s.
        agents: in a cluster.
        busy: agents of it that the work keeps busy, uncapped.

    Source:
        Halfin & Whitt (1981), *Operations Research* 29(3); fluid limit of an overloaded queue: Newell (1971).
    """
    if agents <= 0 or service_s <= 0:
        return nan
    load = busy / agents
    spare = max(agents - busy, 0.02 * agents)
    chance = waiting_chance((agents - busy) / sqrt(busy)) if busy > 0 else 0.0
    over_s = max(load - 1, 0.0) * AHEAD * BIN_S / 2
    return 3 * (service_s + chance * service_s / spare) + over_s


class Bin(NamedTuple):
    """What was measured in a bin.

    Attributes:
        p95_s: mean of the 95th percentiles of its ticks, s.
        per_s: tasks answered a second.
        arrivals_per_s: that came.
        service_s: mean time in hands, s.
        ready: agents.
        busy: agents that the work which came keeps busy, uncapped.
        clusters: of the fleet.
    """

    p95_s: float
    per_s: float
    arrivals_per_s: float
    service_s: float
    ready: float
    busy: float
    clusters: int


def measured(raw: Raw, clusters: int) -> Bin | None:
    """A bin's figures; None if nothing was begun or answered in it."""
    seconds, quantiles = len(raw) * raw.dt, raw.quantile("response", 1)

    def total(which: Count) -> float:
        return float(raw.count(which).sum())

    def spent(which: Count) -> float:
        return float(raw.seconds(which).sum())

    done = total(Count.COMPLETED)
    if not done or not total(Count.STARTED) or np.isnan(quantiles).all():
        return None
    per_work = spent(Count.BUSY_T) / max(spent(Count.WORK_STARTED_T), 1e-9)
    return Bin(
        p95_s=float(np.nanmean(quantiles)),
        per_s=done / seconds,
        arrivals_per_s=total(Count.ARRIVED) / seconds,
        service_s=spent(Count.SERVICE_T) / done,
        ready=spent(Count.READY_T) / seconds,
        busy=spent(Count.WORK_ARRIVED_T) / seconds * per_work,
        clusters=clusters,
    )


@dataclass(slots=True, kw_only=True)
class Foresight:
    """Foretells the next 300 s after each bin, and scores what it foretold.

    Of three ways (as now, by demand and queue, a slow level) the one is followed that was least wrong lately, for each
    figure: where a queue is longer than 300 s demand says nothing of p95, and where demand is steady a level says most.

    Attributes:
        told: forecasts that are not due yet, and the last ones that were.
        p95: the interval of p95.
        per_s: that of throughput.
        counts: bins scored with an interval, covered p95 and throughput; bins scored at all.
        misses: summed absolute errors of p95 and throughput, and of "as now".
        wrong: for p95 and throughput, errors of each way, the old ones faded.

    Source:
        Following the leader with faded losses: Herbster & Warmuth (1998), *Machine Learning* 32(2), track the best
        expert in this setting.
    """

    told: list[Told] = field(default_factory=list)
    p95: Band = field(default_factory=Band)
    per_s: Band = field(default_factory=Band)
    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    misses: list[float] = field(default_factory=lambda: [0.0] * 4)
    wrong: list[list[float]] = field(default_factory=lambda: [[0.0] * WAYS, [0.0] * WAYS])
    _demand: Any = None
    _arrivals: Any = None
    _ticks: int = 0
    _bins: int = 0
    _level_s: float = nan
    _slow: list[float] = field(default_factory=list)

    def look(self, model: SwarmModel) -> None:
        """Take in the bins that have ended since the last look; all shards of a model look alike."""
        width = max(round(BIN_S / model.config.dt), 1)
        while model.records.ticks - self._ticks >= width:
            raw = model.records.raw(self._ticks, self._ticks + width)
            self._ticks += width
            self._bin(raw, model)

    def begin_anew(self) -> None:
        """Forget levels and errors, since the fleet has become another one; what is foretold of it already is void."""
        self.told, self.p95, self.per_s = [], Band(), Band()
        self.wrong, self._slow, self._level_s = [[0.0] * WAYS, [0.0] * WAYS], [], nan

    @property
    def last(self) -> Told | None:
        """What was foretold last."""
        return self.told[-1] if self.told else None

    def score(self) -> Score:
        """How forecasts came out so far."""
        scored, p95, per_s, _ = self.counts

        def over(part: float, whole: float) -> float:
            return part / whole if whole > 0 else nan

        return Score(
            scored, over(p95, scored), over(per_s, scored), over(self.misses[0], self.misses[2]),
            over(self.misses[1], self.misses[3]),
        )  # fmt: skip

    def _bin(self, raw: Raw, model: SwarmModel) -> None:
        """Score what was foretold of a bin, and foretell another one."""
        self._bins += 1
        now = measured(raw, max(len(model.shard.territory.owner), 1))
        if now is None:
            return
        self._settle(now.p95_s, now.per_s)
        ways = self._ways(now)
        p95_s, per_s = (ways[int(np.argmin(wrong))][figure] for figure, wrong in enumerate(self.wrong))
        p95_low_s, p95_high_s = self.p95.about(p95_s)
        per_s_low, per_s_high = self.per_s.about(per_s)
        self.told.append(
            Told(
                due=self._bins + AHEAD,
                p95_s=p95_s,
                p95_low_s=p95_low_s,
                p95_high_s=p95_high_s,
                per_s=per_s,
                per_s_low=per_s_low,
                per_s_high=per_s_high,
                naive=(now.p95_s, now.per_s),
                ways=ways,
            )
        )
        del self.told[: -4 * AHEAD]

    def _ways(self, now: Bin) -> tuple[tuple[float, float], ...]:
        """p95 and tasks a second 300 s ahead by each way; see :data:`WAYS`."""
        figures = now.p95_s, now.per_s
        level_s = (
            now.p95_s if not isfinite(self._level_s) else self._level_s + FADE * (now.p95_s - self._level_s)
        )
        self._level_s = level_s
        self._slow = [x + SLOW * (new - x) for x, new in zip(self._slow or figures, figures, strict=True)]
        busy, arrivals = self._foretell(now.busy, now.arrivals_per_s)
        each = now.ready / now.clusters
        then, before = (response_p95_s(now.service_s, each, x / now.clusters) for x in (busy, now.busy))
        queue_s = level_s * (then / before) ** TRUST if then > 0 and before > 0 else level_s
        per_s = now.per_s
        if now.busy < now.ready:
            answered = now.per_s / max(now.arrivals_per_s, 1e-9)
            per_s = min(arrivals * answered, now.per_s * now.ready / max(now.busy, 1e-9))
        return (level_s, now.per_s), (queue_s, per_s), (self._slow[0], self._slow[1])

    def _foretell(self, busy: float, arrivals: float) -> tuple[float, float]:
        """Busy agents and arrivals, 300 s ahead."""
        holt = DampedHolt(alpha=0.4)
        if self._demand is None:
            self._demand, self._arrivals = (
                holt.start(Target(horizon=AHEAD)),
                holt.start(Target(horizon=AHEAD)),
            )
        ahead_busy, self._demand = holt.step(busy, self._demand)
        ahead_arrivals, self._arrivals = holt.step(arrivals, self._arrivals)
        return ahead_busy, ahead_arrivals

    def _settle(self, p95: float, per_s: float) -> None:
        """Score what was foretold of this bin."""
        for one in self.told:
            if one.due != self._bins:
                continue
            if isfinite(one.p95_low_s) and isfinite(one.per_s_low):
                self.counts[0] += 1
                self.counts[1] += one.p95_low_s <= p95 <= one.p95_high_s
                self.counts[2] += one.per_s_low <= per_s <= one.per_s_high
            self.counts[3] += 1
            errors = (p95 - one.p95_s, per_s - one.per_s, p95 - one.naive[0], per_s - one.naive[1])
            if all(isfinite(x) for x in errors):
                self.misses = [before + abs(x) for before, x in zip(self.misses, errors, strict=True)]
            for figure, value in enumerate((p95, per_s)):
                self._blame(figure, [way[figure] for way in one.ways], value)
            self.p95.came(one.p95_s, one.p95_low_s, one.p95_high_s, p95)
            self.per_s.came(one.per_s, one.per_s_low, one.per_s_high, per_s)

    def _blame(self, figure: int, told: list[float], value: float) -> None:
        """Add to what each way was wrong by about p95 (0) or throughput (1): |log(came / foretold)|."""
        if value > 0 and all(x > 0 for x in told):
            old = self.wrong[figure]
            self.wrong[figure] = [FORGET * old[i] + abs(log(value / x)) for i, x in enumerate(told)]

    def what_if(self, found: Bottleneck, change: Change) -> Expected:
        """What a change would do within the next 300 s, with as much more throughput as is foretold of them."""
        told = self.last
        known = told is not None and isfinite(told.per_s) and told.naive[1] > 0
        ahead = max(told.per_s / told.naive[1], 0.0) if told is not None and known else 1.0
        return what_if(found, replace(change, rate=change.rate * ahead), AHEAD * BIN_S)
