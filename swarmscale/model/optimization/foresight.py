"""Foresight: throughput and p95 of the response 300 s ahead, from demand foretold and a queue."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import exp, isfinite, log, nan, sqrt
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..flow.ledger import Count
from ..forecasting import DampedHolt, Target
from ..scaling.staffing import waiting_chance

if TYPE_CHECKING:
    from ..columns import Raw
    from ..swarm import SwarmModel

BIN_S, AHEAD = 60.0, 5
"""Width of a bin, s, and bins ahead: 300 s, the origin's predictive window."""
LEVEL = 0.9
"""Of the intervals."""
LEAST, KEPT = 10, 200
"""Errors that must be known before there is an interval, and errors that are kept."""
RATE = 0.03
"""Step by which the level is moved after each miss (adaptive conformal inference)."""
FADE = 0.8
"""Weight of the newest bin in the level of p95."""
TRUST = 0.25
"""Power of the change that the queue foretells: its load is itself foretold, and a forecast shrinks (assumed)."""


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
    """

    due: int
    p95_s: float
    p95_low_s: float
    p95_high_s: float
    per_s: float
    per_s_low: float
    per_s_high: float
    naive: tuple[float, float]


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


@dataclass(slots=True, kw_only=True)
class Band:
    """An interval about a forecast, by how wrong it was lately: quantiles of log(came / foretold).

    Attributes:
        errors: the last ones.
        miss: share of misses that is aimed at now.

    Source:
        Adaptive conformal inference: Gibbs & Candes (2021), NeurIPS 34.
    """

    errors: list[float] = field(default_factory=list)
    miss: float = 1 - LEVEL

    def about(self, value: float) -> tuple[float, float]:
        """Ends of the interval; NaN before enough is known."""
        if len(self.errors) < LEAST or not value > 0:
            return nan, nan
        side = min(max(self.miss / 2, 0.0), 0.5)
        if side < 1 / (len(self.errors) + 1):  # wider than all that was seen
            worst = 1.5 * max(abs(x) for x in self.errors)
            return value * exp(-worst), value * exp(worst)
        low, high = np.quantile(self.errors, [side, 1 - side])
        return value * exp(float(low)), value * exp(float(high))

    def came(self, told: float, low: float, high: float, value: float) -> None:
        """Learn from what came."""
        if isfinite(low):
            self.miss += RATE * ((1 - LEVEL) - (not low <= value <= high))
        if told > 0 and value > 0:
            self.errors.append(log(value / told))
            del self.errors[:-KEPT]


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


@dataclass(slots=True, kw_only=True)
class Foresight:
    """Foretells the next 300 s after each bin, and scores what it foretold.

    Attributes:
        told: forecasts that are not due yet, and the last ones that were.
        p95: the interval of p95.
        per_s: that of throughput.
        counts: bins scored with an interval, covered p95 and throughput; bins scored at all.
        misses: summed absolute errors of p95 and throughput, and of "as now".
    """

    told: list[Told] = field(default_factory=list)
    p95: Band = field(default_factory=Band)
    per_s: Band = field(default_factory=Band)
    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    misses: list[float] = field(default_factory=lambda: [0.0] * 4)
    _demand: Any = None
    _arrivals: Any = None
    _ticks: int = 0
    _bins: int = 0
    _level_s: float = nan

    def look(self, model: SwarmModel) -> None:
        """Take in the bins that have ended since the last look; all shards of a model look alike."""
        width = max(round(BIN_S / model.config.dt), 1)
        while model.records.ticks - self._ticks >= width:
            raw = model.records.raw(self._ticks, self._ticks + width)
            self._ticks += width
            self._bin(raw, model)

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
        seconds = len(raw) * raw.dt
        done, started = float(raw.count(Count.COMPLETED).sum()), float(raw.count(Count.STARTED).sum())
        quantiles = raw.quantile("response", 1)
        self._bins += 1
        if not done or not started or np.isnan(quantiles).all():
            return
        p95 = float(np.nanmean(quantiles))
        per_s, arrivals = done / seconds, float(raw.count(Count.ARRIVED).sum()) / seconds
        service_s = float(raw.seconds(Count.SERVICE_T).sum()) / max(done, 1.0)
        ready = float(raw.seconds(Count.READY_T).sum()) / seconds
        clusters = max(len(model.shard.territory.owner), 1)
        work = float(raw.seconds(Count.WORK_ARRIVED_T).sum())
        per_work = float(raw.seconds(Count.BUSY_T).sum()) / max(
            float(raw.seconds(Count.WORK_STARTED_T).sum()), 1e-9
        )
        busy = work / seconds * per_work
        self._settle(p95, per_s)
        now_s = p95 if not isfinite(self._level_s) else self._level_s + FADE * (p95 - self._level_s)
        self._level_s = now_s
        ahead_busy, ahead_arrivals = self._foretell(busy, arrivals)
        then, before = (response_p95_s(service_s, ready / clusters, x / clusters) for x in (ahead_busy, busy))
        p95_told = now_s * (then / before) ** TRUST
        per_s_told = (
            min(ahead_arrivals * done / max(arrivals * seconds, 1e-9), per_s * ready / max(busy, 1e-9))
            if busy < ready
            else per_s
        )
        p95_low_s, p95_high_s = self.p95.about(p95_told)
        per_s_low, per_s_high = self.per_s.about(per_s_told)
        self.told.append(
            Told(
                due=self._bins + AHEAD,
                p95_s=p95_told,
                p95_low_s=p95_low_s,
                p95_high_s=p95_high_s,
                per_s=per_s_told,
                per_s_low=per_s_low,
                per_s_high=per_s_high,
                naive=(p95, per_s),
            )
        )
        del self.told[: -4 * AHEAD]

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
            self.p95.came(one.p95_s, one.p95_low_s, one.p95_high_s, p95)
            self.per_s.came(one.per_s, one.per_s_low, one.per_s_high, per_s)
