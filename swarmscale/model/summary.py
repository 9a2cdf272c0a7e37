"""The summary of a run: every metric with its interval, and what the seed's claim is worth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats
from ..errors import UnknownChoiceError, require
from .intervals import student_ends
from .metric import Metric, Reading, Stretch
from .metrics import METRICS

if TYPE_CHECKING:
    from .swarm import SwarmModel

MOST_BATCHES, FEWEST_BATCHES = 20, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A metric's value in a run.

    Attributes:
        metric: what was measured.
        value: the value, NaN if there was nothing to measure.
        low: lower end of the 95 % interval, NaN if there is none.
        high: upper end.
        note: why there is no interval, or how it was made.
    """

    metric: Metric
    value: float
    low: float = math.nan
    high: float = math.nan
    note: str = ""

    @property
    def verdict(self) -> str:
        """``met``, ``not met``, ``open`` if the interval holds the bound, or empty if nothing was claimed."""
        m = self.metric
        if m.bound is None or math.isnan(self.value):
            missing = m.value is None and math.isnan(self.value)
            return "not measured" if missing and m.claim else ""
        ends = [self.value] if math.isnan(self.low) else [self.low, self.high]
        good = [(x >= m.bound) if m.least else (x <= m.bound) for x in ends]
        return "met" if all(good) else "open" if any(good) else "not met"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """All metrics of a run, or of several replications of one.

    Attributes:
        name: name of the config.
        agents: agents at the start.
        seconds: simulated time that was summed up, s.
        warm_up_s: time at the start that was left out, s.
        seeds: root seeds of the runs.
        method: how intervals were made.
        demand: what the demand was.
        metrics: the values.
    """

    name: str
    agents: int
    seconds: float
    warm_up_s: float
    seeds: tuple[int, ...]
    method: str
    demand: str
    metrics: tuple[Measured, ...]

    def __getitem__(self, key: str) -> Measured:
        for m in self.metrics:
            if m.metric.key == key:
                return m
        raise UnknownChoiceError("metric", key, [m.metric.key for m in self.metrics])

    def _repr_html_(self) -> str:
        from .html import summary_html

        return summary_html(self)

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON; NaN becomes None."""

        def number(x: float) -> float | None:
            return None if math.isnan(x) else x

        return {
            "name": self.name,
            "agents": self.agents,
            "seconds": self.seconds,
            "warm_up_s": self.warm_up_s,
            "seeds": list(self.seeds),
            "method": self.method,
            "demand": self.demand,
            "metrics": {
                m.metric.key: {
                    "value": number(m.value),
                    "low": number(m.low),
                    "high": number(m.high),
                    "unit": m.metric.unit,
                    "definition": m.metric.text,
                    "claim": m.metric.claim,
                    "verdict": m.verdict,
                    "note": m.note or m.metric.where,
                }
                for m in self.metrics
            },
        }


def summarize(model: SwarmModel) -> Summary:
    """The summary of a model's run so far.

    Over a stationary demand intervals come from batch means (Law & Kelton): the run after the warm-up is cut into
    20 batches, fewer if neighboring batches are correlated (lag-1 autocorrelation beyond 1.96 / sqrt(n)); with
    fewer than 8 there is a dash. Over a trace one run is one draw: intervals need replications, see
    :func:`combine`.
    """
    c = model.config
    first = first_tick(model)
    whole = stretch_of(model)
    batches = _batches(model, first) if c.records.stationary else []
    measured = []
    for metric in METRICS:
        value, low, high, note = reading(metric, model, whole)
        if metric.value is not None and not math.isnan(value):
            low, high, note = _batch_interval(metric, batches) if batches else (low, high, _why_none(model))
        measured.append(Measured(metric=metric, value=value, low=low, high=high, note=note))
    return Summary(
        name=c.name,
        agents=c.fleet.agents,
        seconds=whole.seconds,
        warm_up_s=first * c.dt,
        seeds=(model.root_seed,),
        method=f"batch means over {len(batches)} batches" if batches else "one run",
        demand=model.flow.demand.note(),
        metrics=tuple(measured),
    )


def first_tick(model: SwarmModel) -> int:
    """The first tick after the warm-up."""
    c = model.config
    return min(round(c.records.warm_up_s / c.dt), model.records.ticks)


def stretch_of(model: SwarmModel) -> Stretch:
    """The run so far without its warm-up."""
    return Stretch(model.records, first_tick(model), model.records.ticks)


def reading(metric: Metric, model: SwarmModel, whole: Stretch) -> Reading:
    """One metric of a model's run, with an interval if a part of the model has one.

    Args:
        metric: what is read.
        model: whose run it is.
        whole: what :func:`stretch_of` gave.
    """
    value = math.nan if metric.value is None or not model.records.ticks else metric.value(whole)
    if metric.scaled is not None and model.scaler is not None:
        value = metric.scaled(model.scaler)
    read = None if metric.of_model is None else metric.of_model(model)
    return Reading(value) if read is None else read


def combine(summaries: Sequence[Summary]) -> Summary:
    """The mean of independent replications, with Student's 95 % interval over them.

    Raises:
        ConfigError: if there are fewer than two.
    """
    require(len(summaries) > 1, "replications", len(summaries), "2 or more")
    first = summaries[0]
    measured = []
    for i, m in enumerate(first.metrics):
        values = np.array([s.metrics[i].value for s in summaries])
        low, high = _student(values)
        note = f"over {len(values)} replications"
        measured.append(Measured(metric=m.metric, value=float(values.mean()), low=low, high=high, note=note))
    return Summary(
        name=first.name,
        agents=first.agents,
        seconds=first.seconds,
        warm_up_s=first.warm_up_s,
        seeds=tuple(seed for s in summaries for seed in s.seeds),
        method=f"{len(summaries)} independent replications",
        demand=first.demand,
        metrics=tuple(measured),
    )


def _why_none(model: SwarmModel) -> str:
    if model.config.records.stationary:
        return "the run is too short for batch means"
    return "one run whose demand is not declared stationary; see --replications"


def _batches(model: SwarmModel, first: int) -> list[Stretch]:
    """The run after the warm-up in equal batches of whole histogram windows."""
    c = model.config
    unit = round(max(c.records.window_s, c.records.cluster_period_s) / c.dt)
    start = -(-first // unit)
    units = model.records.ticks // unit - start
    number = min(MOST_BATCHES, units)
    if number < FEWEST_BATCHES:
        return []
    size = units // number
    return [
        Stretch(model.records, (start + i * size) * unit, (start + (i + 1) * size) * unit)
        for i in range(number)
    ]


def _batch_interval(metric: Metric, batches: list[Stretch]) -> tuple[float, float, str]:
    assert metric.value is not None
    if metric.extreme:
        return (
            math.nan,
            math.nan,
            "a spread or extreme over a shorter batch is another quantity; see --replications",
        )
    means = np.array([metric.value(batch) for batch in batches])
    means = means[~np.isnan(means)]
    while len(means) >= FEWEST_BATCHES:
        if means.std() == 0 or abs(lag_one(means)) <= 1.96 / math.sqrt(len(means)):
            low, high = _student(means)
            return low, high, f"batch means, {len(means)} batches"
        means = means[: len(means) // 2 * 2].reshape(-1, 2).mean(axis=1)
    return math.nan, math.nan, "neighboring batches are correlated; a longer run would give an interval"


def lag_one(x: Floats) -> float:
    """Lag-1 autocorrelation."""
    d = x - x.mean()
    return float((d[1:] * d[:-1]).sum() / (d * d).sum())


def _student(x: Floats) -> tuple[float, float]:
    low, high = student_ends(x.reshape(1, -1))
    return float(low[0]), float(high[0])
