"""Adaptive thresholds: of each metric a control chart that says since when it is out of range, and its target."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...arrays import Floats
from ..columns import Raw, dropped, provisioned
from ..flow.ledger import Count
from ..health.run_length import width_for
from .charts import LEAST, Charts, blank, foretell, placed, seen

if TYPE_CHECKING:
    import pandas as pd

    from ..swarm import SwarmModel
    from .settings import Optimization

type State = Literal["learning", "in range", "high", "low"]

RUN_LENGTH = 1000.0
"""Mean number of looks until a chart calls although nothing has changed."""
WEIGHT = 0.2
"""Of the newest look in the average."""
TINY = 1e-12
"""Least value of which a logarithm is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a metric should be.

    Attributes:
        value: in the metric's unit.
        tolerance: relative amount by which it may be missed.
        side: where missing it counts: above, below or both.
    """

    value: float
    tolerance: float
    side: Literal["above", "below", "both"]

    def met(self, value: float) -> bool:
        """Whether a value is near enough.

        >>> Target(value=10.0, tolerance=0.2, side="above").met(11.0)
        True
        """
        over = self.side != "below" and value > self.value * (1 + self.tolerance)
        under = self.side != "above" and value < self.value * (1 - self.tolerance)
        return not (over or under)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A metric of one look as its chart takes it.

    Attributes:
        value: in the metric's unit; NaN where there is none.
        judged: what is charted: on a scale on which its noise is near to normal.
        noise: standard deviation of ``judged`` by sampling alone; 0 where that is not known.
        back: from a charted value to the metric's unit.
    """

    value: float
    judged: float
    noise: float
    back: Callable[[float], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a chart says of a metric at a look.

    Attributes:
        metric: one of :data:`METRICS`.
        time_s: end of the look, s.
        value: in the metric's unit; NaN where nothing was counted.
        expected: what the looks before foretell of it.
        average: the average of what was not foretold, put beside that; the state is where it lies.
        low: its lower limit.
        high: its upper limit.
        state: "learning", "in range", "high" or "low".
        since_s: when that state began, s.
        target: what the metric should be at this look; NaN if nothing is asked of it.
        on_target: whether it is, within its tolerance; True where nothing is asked.
    """

    metric: str
    time_s: float
    value: float
    expected: float
    average: float
    low: float
    high: float
    state: State
    since_s: float
    target: float
    on_target: bool


def _over(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def _logged(value: float) -> Measured:
    """Of a time or a cost, the logarithm: its noise is a share of it."""
    return Measured(
        value=value, judged=float(np.log(max(value, TINY))) if value == value else value, noise=0.0, back=_exp
    )


def _exp(value: float) -> float:
    return float(np.exp(min(value, 700.0)))


def _plain(value: float) -> Measured:
    return Measured(value=value, judged=value, noise=0.0, back=float)


def _waiting(value: float) -> Measured:
    """Of a queue, the logarithm of one task more, since it is empty at times."""
    return Measured(
        value=value, judged=float(np.log1p(value)), noise=0.0, back=lambda y: max(_exp(y) - 1, 0.0)
    )


def _share(hits: float, of: float) -> Measured:
    """Of a share, the angle, whose noise depends on the number of tasks alone.

    Source:
        Anscombe (1948), *Biometrika* 35:246: the variance of 2 asin sqrt((k + 3/8) / (n + 3/4)) is near to 1 / n.
    """
    if not of > 0:
        return _plain(float("nan"))

    def back(angle: float) -> float:
        share = np.sin(np.clip(angle, 0.0, np.pi) / 2) ** 2
        return float(np.clip((share * (of + 0.75) - 0.375) / of, 0.0, 1.0))

    angle = 2 * np.arcsin(np.sqrt(min((hits + 0.375) / (of + 0.75), 1.0)))
    return Measured(value=hits / of, judged=float(angle), noise=float(of**-0.5), back=back)


def _throughput(answered: float, arrived: float, seconds: float) -> Measured:
    """Of the throughput, its part of what arrived: a fleet cannot answer what nobody asks."""
    rate = _over(arrived, seconds)
    return Measured(
        value=_over(answered, seconds),
        judged=_over(answered, arrived),
        noise=0.0,
        back=lambda y: max(y, 0.0) * rate,
    )


def measured(raw: Raw) -> dict[str, Measured]:
    """Each of :data:`METRICS` over rows of records, which are the same in all shards."""

    def total(which: Count) -> float:
        return float(raw.count(which).sum())

    def seconds(which: Count) -> float:
        return float(raw.seconds(which).sum())

    answered, arrived = total(Count.COMPLETED), total(Count.ARRIVED)
    looked_up = total(Count.DISPATCHED) + total(Count.CACHE_HITS)
    queues = [raw.count(c) for c in (Count.WAITING_INGRESS, Count.WAITING_DISPATCH, Count.WAITING_CLUSTER)]
    return {
        "latency_ms": _logged(1000 * _over(seconds(Count.NETWORK_T), looked_up)),
        "throughput_per_s": _throughput(answered, arrived, len(raw) * raw.dt),
        "utilization": _plain(_over(seconds(Count.BUSY_T), seconds(Count.READY_T))),
        "error_rate": _share(min(float(dropped(raw).sum()), arrived), arrived),
        "availability": _share(total(Count.MET), total(Count.DUE)),
        "agent_s_per_task": _logged(_over(float(provisioned(raw).sum()), answered)),
        "queue_length": _waiting(float(np.sum(queues, axis=0).mean()) if len(raw) else float("nan")),
    }


METRICS = (
    "latency_ms", "throughput_per_s", "utilization", "error_rate", "availability", "agent_s_per_task", "queue_length",
)  # fmt: skip
"""What is charted: mean network latency, tasks answered / s, busy / ready, dropped / arrived, due tasks met, cost in
provisioned agent-seconds a task answered, mean tasks waiting at a tick's end."""

TARGETS: Mapping[str, Target] = {
    "latency_ms": Target(value=10.0, tolerance=0.2, side="above"),
    "throughput_per_s": Target(value=10_000.0, tolerance=0.15, side="below"),
    "utilization": Target(value=0.7, tolerance=0.1, side="both"),
    "error_rate": Target(value=0.001, tolerance=0.5, side="above"),
    "queue_length": Target(value=50.0, tolerance=0.3, side="above"),
}
"""The origin's targets. That of the throughput cannot be above what arrives."""


@dataclass(slots=True, kw_only=True)
class Thresholds:
    """Charts of all metrics.

    Attributes:
        targets: what metrics should be, by name.
        run_length: mean number of looks until a chart calls although nothing has changed.
        weight: of the newest look in the average.
        least: looks from which a chart judges.
        series: the readings of all looks so far.
    """

    targets: Mapping[str, Target] = field(default_factory=lambda: dict(TARGETS))
    run_length: float = RUN_LENGTH
    weight: float = WEIGHT
    least: int = LEAST
    series: list[tuple[Reading, ...]] = field(default_factory=list)
    _charts: Charts = field(default_factory=lambda: blank(len(METRICS)))
    _half: float = 0.0

    def __post_init__(self) -> None:
        self._half = width_for(self.weight, self.run_length) * float(np.sqrt(self.weight / (2 - self.weight)))

    def look(self, model: SwarmModel, raw: Raw) -> tuple[Reading, ...]:
        """One reading for each metric, over the rows since the last look."""
        return self.take(raw, model.now_s)

    def take(self, raw: Raw, time_s: float) -> tuple[Reading, ...]:
        """See :meth:`look`; the rows end at a time, in s."""
        found = measured(raw)
        values: Floats = np.array([found[name].judged for name in METRICS])
        noise: Floats = np.array([found[name].noise for name in METRICS])
        foretold = foretell(self._charts, noise)
        judges = self._charts.pairs >= self.least
        self._charts = seen(self._charts, values, foretold, self.weight, self._half, self.least)
        shown = [placed(score, foretold) for score in (self._charts.average, -self._half, self._half)]
        arrival_per_s = _over(float(raw.count(Count.ARRIVED).sum()), len(raw) * raw.dt)
        readings = tuple(
            self._reading(
                i, found[name], time_s, arrival_per_s, bool(judges[i]),
                (float(foretold.value[i]), *(float(values[i]) for values in shown)),
            )
            for i, name in enumerate(METRICS)
        )  # fmt: skip
        self.series.append(readings)
        return readings

    def _reading(
        self,
        i: int,
        one: Measured,
        time_s: float,
        arrival_per_s: float,
        judges: bool,
        limits: tuple[float, ...],
    ) -> Reading:
        """What the chart of a metric says."""
        name, average = METRICS[i], float(self._charts.average[i])
        state: State = "in range" if judges else "learning"
        if judges and abs(average) > self._half:
            state = "high" if average > 0 else "low"
        before = self.series[-1][i] if self.series else None
        since_s = before.since_s if before is not None and before.state == state else time_s
        target = self.targets.get(name)
        if target is not None and name == "throughput_per_s":
            target = Target(
                value=min(target.value, arrival_per_s), tolerance=target.tolerance, side=target.side
            )
        there = one.value == one.value
        expected, average_there, low, high = (
            one.back(x) if judges and there else float("nan") for x in limits
        )
        return Reading(
            metric=name,
            time_s=time_s,
            value=one.value,
            expected=expected,
            average=average_there,
            low=low,
            high=high,
            state=state,
            since_s=since_s,
            target=float("nan") if target is None else target.value,
            on_target=target is None or not there or target.met(one.value),
        )

    def begin_anew(self) -> None:
        """Forget what was learned, since the fleet has become another one by a change that stays."""
        self._charts = blank(len(METRICS))

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {"series": self.series, "charts": tuple(self._charts)}

    def remember(self, memory: Mapping[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self.series = list(memory["series"])
        self._charts = Charts(*memory["charts"])


def readings_frame(series: Sequence[Sequence[Reading]]) -> pd.DataFrame:
    """Tidy table: one row a metric and look, with the columns of :class:`Reading`."""
    import pandas as pd

    names = list(Reading.__dataclass_fields__)
    rows = [[getattr(one, name) for name in names] for readings in series for one in readings]
    return pd.DataFrame(rows, columns=names)


def build_thresholds(settings: Optimization) -> Thresholds:
    """The thresholds of an engine, with its targets."""
    wanted = {
        "latency_ms": settings.latency_ms,
        "utilization": settings.utilization,
        "error_rate": settings.error_rate,
    }
    targets = {
        name: Target(value=wanted.get(name, one.value), tolerance=one.tolerance, side=one.side)
        for name, one in TARGETS.items()
    }
    return Thresholds(targets=targets)
