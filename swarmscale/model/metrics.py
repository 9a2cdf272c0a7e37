"""The scorecard's metrics: definition, unit, how each follows from a stretch of the records, the seed's claim."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Floats, Ints
from .columns import Raw, dropped, provisioned
from .flow.ledger import DELIVERED, FIRST, HIERARCHY, MESSAGES, Count
from .records import Records, bin_middles

if TYPE_CHECKING:
    from .scaling.scaler import Scaler


class Stretch:
    """A stretch of a run, from which metrics are read.

    Attributes:
        first_s: s.
        last_s: s.
        raw: the rows of its ticks.
    """

    def __init__(self, records: Records, first_tick: int, last_tick: int) -> None:
        self._records = records
        self.first_s, self.last_s = first_tick * records.dt, last_tick * records.dt
        self.raw: Raw = records.raw(first_tick, last_tick)

    @property
    def seconds(self) -> float:
        """Its length in s."""
        return self.last_s - self.first_s

    def count(self, which: Count) -> float:
        """Sum of a count."""
        return float(self.raw.count(which).sum())

    def time_s(self, which: Count) -> float:
        """Sum of a time in s."""
        return float(self.raw.seconds(which).sum())

    def message(self, column: int) -> float:
        """Sum of a count of the messages that can be lost: those of the hierarchy's channel."""
        return float(self.raw.message(HIERARCHY, column).sum())

    def histogram(self, which: str) -> Ints:
        """`[1024]` counts."""
        return self._records.histogram(which, self.first_s, self.last_s)

    def quantile(self, which: str, share: float) -> float:
        """Quantile of a histogrammed time in s."""
        hist = self.histogram(which)
        if not hist.sum():
            return np.nan
        return float(bin_middles()[np.searchsorted(np.cumsum(hist), share * hist.sum())])

    def clusters(self, part: str = "busy_s", whole: str = "ready_s") -> Floats:
        """`[Q]` ratio of two sums of each cluster over the whole periods in the stretch, of those that have any."""
        series = self._records.cluster_series()
        period = self._records.cluster_period_s
        inside = [
            i
            for i, t in enumerate(series["time_s"])
            if t - period >= self.first_s - 1e-9 and t <= self.last_s + 1e-9
        ]
        width = max((len(series[part][i]) for i in inside), default=0)
        above, below = np.zeros(width), np.zeros(width)
        for i in inside:
            above[: len(series[part][i])] += series[part][i]
            below[: len(series[whole][i])] += series[whole][i]
        return np.asarray(above[below > 0] / below[below > 0], np.float64)

    def matches(self) -> tuple[float, float]:
        """Summed skill achieved, and the best possible, over the clusters looked at in the stretch."""
        found = self._records.matches()
        inside = (found["time_s"] > self.first_s) & (found["time_s"] <= self.last_s + 1e-9)
        return float(found["achieved"][inside].sum()), float(found["best"][inside].sum())

    def stations(self, which: str) -> Floats:
        """`[K]` mean busy share of each node's station over the whole periods in the stretch."""
        series = self._records.node_series()
        period = self._records.cluster_period_s
        inside = (series["time_s"] - period >= self.first_s - 1e-9) & (series["time_s"] <= self.last_s + 1e-9)
        rows = series[which][inside] if len(series[which]) else np.zeros((0, 0))
        return np.asarray(rows.mean(axis=0) if len(rows) else np.zeros(0), np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One row of the scorecard.

    Attributes:
        key: its name in JSON.
        title: its name for people.
        unit: ``share``, ``ms``, ``s``, ``1/s`` or empty.
        text: its definition.
        value: from a stretch to a number, NaN if there is nothing to measure; None if a run cannot measure it.
        claim: what the origin of this project claimed of it.
        bound: the claim as a number in the metric's unit, or None.
        least: whether the claim is met at or above the bound; else at or below.
        where: what measures it, if a run does not.
        scaled: from the scaler to a number, for what only a run with a scaling policy can measure.
        extreme: whether it is a spread or an extreme over clusters or nodes: over a shorter batch that is
            another quantity, so batch means give no interval.
    """

    key: str
    title: str
    unit: str
    text: str
    value: Callable[[Stretch], float] | None
    claim: str = ""
    bound: float | None = None
    least: bool = True
    where: str = ""
    extreme: bool = False
    scaled: Callable[[Scaler], float] | None = None


def over(part: float, whole: float) -> float:
    """Part over whole; NaN if there is no whole."""
    return part / whole if whole else np.nan


def jain(x: Floats) -> float:
    """Jain's index of fairness, 1 if all are alike, 1/n if one has all (Jain, Chiu & Hawe 1984)."""
    return over(float(x.sum()) ** 2, len(x) * float((x * x).sum()))


def variation(x: Floats) -> float:
    """Coefficient of variation."""
    return over(float(x.std()), float(x.mean())) if len(x) else np.nan


def _by_cluster(how: Callable[[Floats], float]) -> Callable[[Stretch], float]:
    """A figure over the clusters' coordination efficiencies."""

    def value(s: Stretch) -> float:
        shares = s.clusters("useful_s", "response_s")
        return how(shares) if len(shares) else np.nan

    return value


def _availability_ticks(s: Stretch) -> float:
    due, met = s.raw.count(Count.DUE), s.raw.count(Count.MET)
    return float(np.mean(np.where(due > 0, met >= 0.99 * due, True))) if len(due) else np.nan


def _match_of_best(s: Stretch) -> float:
    achieved, best = s.matches()
    return over(achieved, best)


def _station(which: str, how: Callable[[Floats], float]) -> Callable[[Stretch], float]:
    def value(s: Stretch) -> float:
        shares = s.stations(which)
        return how(shares) if len(shares) else np.nan

    return value


def _p95(x: Floats) -> float:
    return float(np.quantile(x, 0.95))


def _quantile(which: str, share: float, scale: float = 1.0) -> Callable[[Stretch], float]:
    return lambda s: scale * s.quantile(which, share)


_LATER = "not measured by this version"

METRICS: tuple[Metric, ...] = (
    Metric(
        key="coordination_efficiency",
        title="coordination efficiency",
        unit="share",
        text="sum of pure service time (work / speed) / sum of response time, answered tasks",
        value=lambda s: over(s.count(Count.USEFUL_T), s.count(Count.RESPONSE_T)),
        claim="92 %",
        bound=0.92,
    ),
    Metric(
        key="coordination_efficiency_p5",
        extreme=True,
        title="coordination efficiency, p5 of clusters",
        unit="share",
        text="5th percentile over clusters of the same",
        value=_by_cluster(lambda x: float(np.quantile(x, 0.05))),
        claim="92 % across all clusters",
        bound=0.92,
    ),
    Metric(
        key="coordination_efficiency_worst",
        extreme=True,
        title="coordination efficiency, worst cluster",
        unit="share",
        text="least over clusters of the same",
        value=_by_cluster(lambda x: float(x.min())),
        claim="92 % across all clusters",
        bound=0.92,
    ),
    Metric(
        key="resource_efficiency",
        title="resource efficiency",
        unit="share",
        text="pure service time of answered tasks / agent-seconds ready, starting, draining, failed or recovering",
        value=lambda s: over(s.time_s(Count.USEFUL_T), float(provisioned(s.raw).sum())),
        claim="88 %",
        bound=0.88,
    ),
    Metric(
        key="network_mean_ms",
        title="latency, network part",
        unit="ms",
        text="mean of ingress, links there and back, and dispatch, in a task's response time",
        value=lambda s: (
            1000 * over(s.time_s(Count.NETWORK_T), s.count(Count.DISPATCHED) + s.count(Count.CACHE_HITS))
        ),
        claim="< 10 ms",
        bound=10.0,
        least=False,
    ),
    Metric(
        key="network_p95_ms",
        title="latency, network part, p95",
        unit="ms",
        text="95th percentile of the same, from a histogram with bins 2.2 % wide",
        value=_quantile("network", 0.95, 1000),
    ),
    Metric(
        key="network_p99_ms",
        title="latency, network part, p99",
        unit="ms",
        text="99th percentile of the same",
        value=_quantile("network", 0.99, 1000),
    ),
    Metric(
        key="response_mean_s",
        title="response time",
        unit="s",
        text="mean time from arrival at the entry node to the answer there",
        value=lambda s: over(s.time_s(Count.RESPONSE_T), s.count(Count.COMPLETED)),
    ),
    Metric(
        key="response_p95_s",
        title="response time, p95",
        unit="s",
        text="95th percentile of the same",
        value=_quantile("response", 0.95),
    ),
    Metric(
        key="response_p99_s",
        title="response time, p99",
        unit="s",
        text="99th percentile of the same",
        value=_quantile("response", 0.99),
    ),
    Metric(
        key="cluster_wait_mean_s",
        title="wait in the cluster's queue",
        unit="s",
        text="mean time from a task's arrival at its cluster to its start",
        value=lambda s: over(s.time_s(Count.CLUSTER_WAIT_T), s.count(Count.STARTED)),
    ),
    Metric(
        key="throughput_per_s",
        title="throughput",
        unit="1/s",
        text="tasks answered / s",
        value=lambda s: over(s.count(Count.COMPLETED), s.seconds),
        claim="10,000 /s",
        bound=10_000.0,
    ),
    Metric(
        key="error_rate",
        title="error rate",
        unit="share",
        text="tasks dropped / tasks arrived",
        value=lambda s: over(float(dropped(s.raw).sum()), s.count(Count.ARRIVED)),
        claim="< 0.1 %",
        bound=0.001,
        least=False,
    ),
    Metric(
        key="late_share",
        title="late answers",
        unit="share",
        text="answers after the deadline of their class / answers",
        value=lambda s: over(s.count(Count.LATE), s.count(Count.COMPLETED)),
    ),
    Metric(
        key="delivery_first",
        title="delivery at the first attempt",
        unit="share",
        text="messages delivered at the first attempt / messages, hierarchical channel (mesh hops and orders)",
        value=lambda s: over(s.message(FIRST), s.message(MESSAGES)),
        claim="95 %",
        bound=0.95,
    ),
    Metric(
        key="delivery",
        title="delivery after retries",
        unit="share",
        text="messages delivered in the end / messages, hierarchical channel",
        value=lambda s: over(s.message(DELIVERED), s.message(MESSAGES)),
    ),
    Metric(
        key="availability_time",
        title="availability, by time",
        unit="share",
        text="share of ticks in which at least 99 % of the tasks due were answered within their deadline",
        value=_availability_ticks,
        claim="99.9 % and 99.95 %",
        bound=0.9995,
    ),
    Metric(
        key="availability_tasks",
        title="availability, by task",
        unit="share",
        text="tasks answered within their deadline / tasks whose deadline has come",
        value=lambda s: over(s.count(Count.MET), s.count(Count.DUE)),
        claim="99.9 % and 99.95 %",
        bound=0.9995,
    ),
    Metric(
        key="utilization",
        title="utilization of the agents",
        unit="share",
        text="busy / ready agent-seconds",
        value=lambda s: over(s.count(Count.BUSY_T), s.count(Count.READY_T)),
        claim="< 70 %",
        bound=0.7,
        least=False,
    ),
    Metric(
        key="ingress_busy",
        title="ingress stations busy",
        unit="share",
        text="busy share of the nodes' ingress stations, mean over nodes",
        value=_station("ingress_busy", lambda x: float(x.mean())),
    ),
    Metric(
        key="dispatch_busy",
        title="dispatch stations busy",
        unit="share",
        text="busy share of the nodes' dispatch stations, mean over nodes",
        value=_station("dispatch_busy", lambda x: float(x.mean())),
    ),
    Metric(
        key="dispatch_busy_p95",
        extreme=True,
        title="dispatch stations busy, p95 of nodes",
        unit="share",
        text="95th percentile over nodes of the same",
        value=_station("dispatch_busy", _p95),
    ),
    Metric(
        key="dispatch_busy_max",
        extreme=True,
        title="dispatch stations busy, largest",
        unit="share",
        text="largest busy share of a node's dispatch station",
        value=_station("dispatch_busy", lambda x: float(x.max())),
    ),
    Metric(
        key="balance_jain",
        extreme=True,
        title="balance over clusters (Jain)",
        unit="share",
        text="Jain's index of the clusters' utilization; 1 = all alike",
        value=lambda s: jain(s.clusters()),
    ),
    Metric(
        key="balance_cv",
        extreme=True,
        title="imbalance over clusters (cv)",
        unit="share",
        text="coefficient of variation of the clusters' utilization",
        value=lambda s: variation(s.clusters()),
    ),
    Metric(
        key="skill_match",
        title="skill match",
        unit="share",
        text="mean skill of the agents for the tasks that they began",
        value=lambda s: over(s.count(Count.MATCH_SUM) / 255, s.count(Count.STARTED)),
    ),
    Metric(
        key="skill_match_of_best",
        title="skill match, share of the best",
        unit="share",
        text="summed skill of agents for the tasks in their hands / the same under the best assignment of these tasks "
        "to the cluster's ready agents, one drawn cluster a period",
        value=_match_of_best,
    ),
    Metric(
        key="generated_tokens_per_s",
        title="generated tokens",
        unit="1/s",
        text="generated tokens of answered tasks / s",
        value=lambda s: (
            s.count(Count.GENERATED_TOKENS) / s.seconds if s.count(Count.PROMPT_TOKENS) else np.nan
        ),
    ),
    Metric(
        key="first_token_p95_s",
        title="time to first token, p95",
        unit="s",
        text="95th percentile of the time from arrival to the first token's arrival at the entry node",
        value=_quantile("first_token", 0.95),
    ),
    Metric(
        key="spawn_rate",
        title="spawn rate",
        unit="1/s",
        text="agents made / wall-clock second",
        value=None,
        claim="1,000 /s",
        where="swarmscale bench",
    ),
    Metric(
        key="recovery",
        title="automatic recovery",
        unit="share",
        text="faults recovered without a lasting loss within their deadline / faults injected",
        value=None,
        claim="98 %",
        where=_LATER,
    ),
    Metric(
        key="scale_up_s",
        title="scale-up latency",
        unit="s",
        text="simulated time from the decision until 1,000 more agents are ready",
        value=None,
        claim="< 5 s",
        where=_LATER,
    ),
    Metric(
        key="decision_ms",
        title="decision latency",
        unit="ms",
        text="simulated time of a collective decision, from question to consensus",
        value=None,
        claim="< 100 ms",
        where=_LATER,
    ),
    Metric(
        key="forecast_accuracy",
        title="forecast accuracy",
        unit="share",
        text="1 - WAPE at a 300 s horizon over the bins that came due; worth nothing without the rows below",
        value=None,
        claim="85 %",
        bound=0.85,
        where="a run with a scaling policy",
        scaled=lambda scaler: scaler.outlook.skill.accuracy,
    ),
    Metric(
        key="naive_accuracy",
        title="forecast accuracy of repeating the last value",
        unit="share",
        text="the same of the naive forecast, at the same bins",
        value=None,
        where="a run with a scaling policy",
        scaled=lambda scaler: scaler.outlook.skill.naive_accuracy,
    ),
    Metric(
        key="forecast_error",
        title="forecast error relative to naive",
        unit="",
        text="mean absolute error / the naive forecast's at a 300 s horizon; below 1 is better than naive",
        value=None,
        where="a run with a scaling policy",
        scaled=lambda scaler: scaler.outlook.skill.relative_error,
    ),
    Metric(
        key="bound_coverage",
        title="upper bounds of demand that held",
        unit="share",
        text="share of the bounds on the largest demand within the lead time that held; scaler.level is nominal",
        value=None,
        where="a run with a scaling policy",
        scaled=lambda scaler: scaler.outlook.lead_skill.coverage,
    ),
    Metric(
        key="price_paid",
        title="price paid",
        unit="",
        text="agent-seconds x price, warm ones at the pool's price, and starts; of the whole run",
        value=None,
        where="a run with a scaling policy",
        scaled=lambda scaler: scaler.cost,
    ),
    Metric(
        key="price_per_task",
        title="price per task",
        unit="",
        text="price paid / tasks completed",
        value=None,
        where="a run with a scaling policy",
        scaled=lambda scaler: over(scaler.cost, scaler.answered),
    ),
    Metric(
        key="cost_saving",
        title="cost saving against hpa",
        unit="share",
        text="1 - cost / that of hpa at its cheapest target with an equal violation rate, the run's demand replayed to "
        "the fluid fleet; the saving that a policy can claim",
        value=None,
        claim="25 %",
        bound=0.25,
        where="a run with a scaling policy",
        scaled=lambda scaler: scaler.saving().of_hpa,
    ),
    Metric(
        key="static_saving",
        title="cost saving against static peak",
        unit="share",
        text="the same against the smallest fixed fleet with an equal violation rate: nearly any policy saves that",
        value=None,
        where="a run with a scaling policy",
        scaled=lambda scaler: scaler.saving().of_static,
    ),
    Metric(
        key="replay_violation",
        title="violations at which savings are compared",
        unit="share",
        text="work that came while fewer agents were ready than needed, in the replay to the fluid fleet",
        value=None,
        where="a run with a scaling policy",
        scaled=lambda scaler: scaler.saving().violation,
    ),
    Metric(
        key="collective_iq",
        title="collective IQ",
        unit="",
        text="factor score of a battery of twelve tasks, normed to 100 +- 15",
        value=None,
        where=_LATER,
    ),
)
