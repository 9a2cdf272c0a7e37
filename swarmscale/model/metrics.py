"""The scorecard's metrics: definition, unit, how each follows from a stretch of the records, the seed's claim."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..arrays import Floats
from .columns import dropped, provisioned
from .emergence_metrics import EMERGENCE_METRICS
from .flow.ledger import DELIVERED, FIRST, MESSAGES, Count
from .intelligence_metrics import INTELLIGENCE_METRICS
from .metric import Metric, Stretch, jain, over, variation
from .optimization_metrics import OPTIMIZATION_METRICS
from .resilience_metrics import RESILIENCE_METRICS
from .scaling_metrics import SCALING_METRICS


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
        text="sum of pure service time (work / speed, at most the time in hands) / sum of response time, answered "
        "tasks",
        value=lambda s: over(s.count(Count.USEFUL_T) - s.count(Count.SPARED_T), s.count(Count.RESPONSE_T)),
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
        key="scale_up_s",
        title="scale-up latency",
        unit="s",
        text="simulated time from the decision until 1,000 more agents are ready",
        value=None,
        claim="< 5 s",
        where=_LATER,
    ),
    *SCALING_METRICS,
    *INTELLIGENCE_METRICS,
    *EMERGENCE_METRICS,
    *RESILIENCE_METRICS,
    *OPTIMIZATION_METRICS,
)
