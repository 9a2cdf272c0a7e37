"""The bottleneck: what each kind of station does for a task, what binds, and which kind of trouble that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...arrays import Floats, Ints
from ..columns import Raw, dropped
from ..flow.ledger import HIERARCHY, LATENCY_T, TICKS_PER_S, Count
from .base import Bottleneck, Kind, StationUse
from .theory.bounds import balanced

if TYPE_CHECKING:
    from ..swarm import SwarmModel
    from .settings import Optimization

NOTABLE = 0.1
"""Share of the response time from which a part of it is a bottleneck (assumed)."""
UNEVEN = 0.15
"""By how much the utilization of the fullest twentieth of the clusters is above the mean where load is uneven
(assumed)."""
LATE = 0.2
"""By how much the origin's target of latency may be missed: its own tolerance."""
IDLE = 0.85
"""Share of the wanted utilization below which agents are too many (assumed)."""
UNASKED = 0.5
"""Share of the bytes in memory that is recalled below which too much is held (assumed)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """Totals as they stood at earlier looks, so that a window of time can be told.

    Attributes:
        ticks: when they were taken, oldest first.
        nodes: `[2, K]` s in 2**-20 that ingress and dispatch of each node have been at work so far, for each.
        clusters: `[2, Q]` s in 2**-20 that agents of each cluster have been busy and ready so far, for each.
    """

    ticks: tuple[int, ...] = ()
    nodes: tuple[Ints, ...] = ()
    clusters: tuple[Ints, ...] = ()


class Parts(NamedTuple):
    """Parts of the mean response time of a task answered in a window, s; they sum to it but for answers from caches.

    Attributes:
        ingress: wait and service at ingress.
        links: the way over the mesh, there and back.
        dispatch: wait and service at dispatch.
        queue: wait in the cluster.
        service: time in hands.
    """

    ingress: float
    links: float
    dispatch: float
    queue: float
    service: float


def analyze(model: SwarmModel, seen: Seen | None) -> tuple[Bottleneck, Seen]:
    """What limited the fleet over the last window, and what to remember for the next look.

    All shards look together and find the same.

    Args:
        model: after a tick.
        seen: what the last look gave to remember; None at the first one.

    Source:
        Service demands, D = busy time / tasks answered: Denning & Buzen (1978), *ACM Computing Surveys* 10(3).
    """
    s, dt, now = model.config.optimization, model.config.dt, model.records.ticks
    seen = _seen_now(model, seen or Seen(), round(s.window_s / dt))
    first = seen.ticks[0]
    raw = model.records.raw(first, now)
    nodes = np.asarray(seen.nodes[-1] - seen.nodes[0], np.float64) / TICKS_PER_S
    old, new = seen.clusters[0], seen.clusters[-1]
    clusters = np.asarray(new, np.float64) / TICKS_PER_S
    clusters[:, : old.shape[1]] -= old / TICKS_PER_S
    window_s = max((now - first) * dt, dt)
    done = float(raw.count(Count.COMPLETED).sum())
    parts = parts_of(raw, model.flow.local_s)
    stations = _stations(raw, parts, nodes, clusters, window_s)
    response_s = _over(float(raw.seconds(Count.RESPONSE_T).sum()), done)
    throughput = done / window_s
    binds, bound_per_s = bound(stations, throughput)
    kind, at, words = classify(model, s, raw, parts, stations, clusters)
    least = sum(one.demand_s for one in stations)
    return Bottleneck(
        from_s=first * dt,
        until_s=now * dt,
        kind=kind,
        at=at,
        words=words,
        throughput_per_s=throughput,
        response_s=response_s,
        bound_per_s=bound_per_s,
        balanced_per_s=balanced_per_s(stations, throughput * response_s, bound_per_s),
        binds=binds,
        least_response_s=least,
        stations=stations,
    ), seen


def bound(stations: tuple[StationUse, ...], throughput_per_s: float) -> tuple[str, float]:
    """Kind of station that binds, and the asymptotic bound of the throughput, 1/s.

    A station that is busy for a share of its time can do at most 1 / share of the present throughput. Of ingress and
    dispatch the busiest node counts, since entries and homes are given by the demand; of agents all together, since
    dispatch may choose other clusters. Where a node serves batches with an overhead, larger ones may do more.

    Source:
        Utilization law, asymptotic bounds: Denning & Buzen (1978), *ACM Computing Surveys* 10(3).
    """
    found = {
        one.name: _over(throughput_per_s, one.busiest, np.inf)
        for one in stations
        if one.demand_s > 0 and one.servers < np.inf
    } or {"agents": np.inf}
    binds = min(found, key=lambda name: found[name])
    return binds, found[binds]


def balanced_per_s(stations: tuple[StationUse, ...], tasks: float, bound_per_s: float) -> float:
    """Largest throughput with so many tasks in the fleet, by the balanced job bound; infinite with less than one.

    Ingress and dispatch of each node are queues with an even share of their demand; agents and links count as delays,
    as if nobody waited for agents, so what agents can do at most is the other limit. Both can only be too high.

    Args:
        stations: all kinds.
        tasks: in the fleet.
        bound_per_s: the asymptotic bound.

    Source:
        Zahorjan, Sevcik, Eager & Galler (1982), *CACM* 25(2).
    """
    if tasks < 1:
        return float(np.inf)
    nodes = [one for one in stations if one.name in ("ingress", "dispatch") and one.demand_s > 0]
    delay_s = sum(one.demand_s for one in stations if one not in nodes)
    if not nodes:
        return min(bound_per_s, _over(tasks, delay_s, np.inf))
    demands = np.concatenate([np.full(int(one.servers), one.demand_s / one.servers) for one in nodes])
    return min(bound_per_s, balanced(demands, tasks, delay_s).per_s_high)


def _seen_now(model: SwarmModel, seen: Seen, window: int) -> Seen:
    """What was seen, with the totals of now, as far back as a window."""
    flow, now = model.flow, model.records.ticks
    mine = np.stack([flow.ingress_servers.busy_t, flow.dispatch_servers.busy_t])
    nodes = np.sum([part.reshape(2, -1) for part in model.crew.exchange.gather(mine.reshape(-1))], axis=0)
    clusters = model.crew.by_cluster(np.stack([flow.state.busy_t, flow.state.ready_t]))
    if not seen.ticks:
        seen = Seen(ticks=(0,), nodes=(np.zeros_like(nodes),), clusters=(np.zeros_like(clusters),))
    keep = next((i for i, tick in enumerate(seen.ticks) if now - tick <= window), len(seen.ticks) - 1)
    return Seen(
        ticks=(*seen.ticks[keep:], now),
        nodes=(*seen.nodes[keep:], nodes),
        clusters=(*seen.clusters[keep:], clusters),
    )


def parts_of(raw: Raw, local_s: float) -> Parts:
    """The parts of the mean response time over some ticks.

    Time at a station is not counted task by task, but the network part of the response is, and so is the latency of
    the hops there: what is left of the network part is shared out by wait and work at ingress and dispatch.

    Args:
        raw: rows of the records.
        local_s: latency between a node and its clusters, s.
    """
    done = float(raw.count(Count.COMPLETED).sum())
    if done == 0:
        return Parts(*[np.nan] * 5)

    def total(*which: Count) -> float:
        return float(sum(raw.seconds(one).sum() for one in which))

    started = float(raw.count(Count.STARTED).sum())
    hops_s = float(raw.message(HIERARCHY, LATENCY_T).sum()) / TICKS_PER_S
    links = max(2 * (hops_s - 2 * local_s * started), 0.0) + 2 * local_s * started
    network = total(Count.NETWORK_T)
    links = min(links, network)
    ingress, dispatch = (
        total(Count.INGRESS_WAIT_T, Count.INGRESS_BUSY_T),
        total(Count.DISPATCH_WAIT_T, Count.DISPATCH_BUSY_T),
    )
    scale = _over(network - links, ingress + dispatch)
    return Parts(
        ingress * scale / done,
        links / done,
        dispatch * scale / done,
        total(Count.CLUSTER_WAIT_T) / done,
        total(Count.SERVICE_T) / done,
    )


def _stations(
    raw: Raw, parts: Parts, nodes: Floats, clusters: Floats, window_s: float
) -> tuple[StationUse, ...]:
    """One entry for each kind of station."""
    done = float(raw.count(Count.COMPLETED).sum())
    count = nodes.shape[1]

    def node(name: str, row: int, served: Count, sojourn_s: float) -> StationUse:
        busy = float(nodes[row].sum())
        visits = float(raw.count(served).sum())
        return StationUse(
            name=name,
            visits=_over(visits, done),
            service_s=_over(busy, visits),
            demand_s=_over(busy, done),
            servers=float(count),
            utilization=busy / (count * window_s),
            busiest=float(nodes[row].max()) / window_s,
            busiest_at=int(nodes[row].argmax()),
            wait_s=max(sojourn_s - _over(busy, done), 0.0),
        )

    share = np.divide(clusters[0], clusters[1], out=np.zeros(clusters.shape[1]), where=clusters[1] > 0)
    busy, ready = float(clusters[0].sum()), float(clusters[1].sum())
    started = float(raw.count(Count.STARTED).sum())
    in_hands = float(raw.seconds(Count.BUSY_T).sum())
    agents = StationUse(
        name="agents",
        visits=_over(started, done),
        service_s=_over(in_hands, started),
        demand_s=parts.service,
        servers=ready / window_s,
        utilization=_over(busy, ready),
        busiest=_over(busy, ready),
        busiest_at=int(share.argmax()) if len(share) else -1,
        wait_s=0.0,
    )
    queues = StationUse(
        name="clusters",
        visits=agents.visits,
        service_s=0.0,
        demand_s=0.0,
        servers=float(clusters.shape[1]),
        utilization=agents.utilization,
        busiest=float(share.max()) if len(share) else np.nan,
        busiest_at=agents.busiest_at,
        wait_s=parts.queue,
    )
    links = StationUse(
        name="links",
        visits=_over(float(raw.count(Count.HOPS).sum()), done),
        service_s=_over(parts.links * done, float(raw.count(Count.HOPS).sum())),
        demand_s=parts.links,
        servers=np.inf,
        utilization=np.nan,
        busiest=np.nan,
        busiest_at=-1,
        wait_s=0.0,
    )
    ingress = node("ingress", 0, Count.INGRESS_DONE, parts.ingress)
    dispatch = node("dispatch", 1, Count.DISPATCHED, parts.dispatch)
    return ingress, links, dispatch, queues, agents


def classify(
    model: SwarmModel,
    settings: Optimization,
    raw: Raw,
    parts: Parts,
    stations: tuple[StationUse, ...],
    clusters: Floats,
) -> tuple[Kind, int, str]:
    """Which kind of trouble it is, where, and the evidence in a sentence.

    In this order: the largest of the parts of the response time other than that in hands, if tasks are dropped; the
    largest part of the network latency, if that misses its target and waiting in clusters is shorter; that wait, if it
    is at least a tenth of the response time (``imbalance`` where some clusters are much fuller than the mean, else
    ``queues``); the network latency again, if it misses its target; memory of which most is never asked for; agents far
    below the wanted utilization; time in hands. With nothing answered there is nothing to tell.
    """
    if np.isnan(parts.service):
        return "none", -1, "nothing was answered"
    use = {one.name: one for one in stations}
    response = sum(parts)
    arrived, lost = float(raw.count(Count.ARRIVED).sum()), float(dropped(raw).sum())
    away = {
        "ingress": parts.ingress, "network": parts.links, "dispatch": parts.dispatch, "queues": parts.queue,
    }  # fmt: skip
    away_from = ("ingress", "network", "dispatch")
    largest = max(away, key=lambda name: away[name])
    far = max(away_from, key=lambda name: away[name])
    network_ms = 1000 * sum(away[name] for name in away_from)
    slow = network_ms > settings.latency_ms * (1 + LATE)
    waits = _over(parts.queue, response) >= NOTABLE
    share, agents = _over(away[largest], response), use["agents"]
    if lost > settings.error_rate * max(arrived, 1.0):
        return _station_kind(largest, share, parts, use, clusters, lost)
    if waits and not (slow and largest != "queues"):
        return _station_kind("queues", _over(parts.queue, response), parts, use, clusters, 0.0)
    if slow:
        kind, at, words = _station_kind(far, _over(away[far], response), parts, use, clusters, 0.0)
        return kind, at, f"network latency is {network_ms:.1f} ms, wanted {settings.latency_ms:g} ms; {words}"
    keeper = model.collective_memory
    if keeper is not None and keeper.efficiency() < UNASKED:
        return "memory", -1, f"{keeper.efficiency():.0%} of the bytes in memory are ever recalled"
    if agents.utilization < IDLE * settings.utilization:
        said = (
            f"agents are busy for {agents.utilization:.0%} of their time, wanted {settings.utilization:.0%}"
        )
        return "waste", -1, f"{said}; waiting is {share:.1%} of the response time at most"
    return (
        "service",
        -1,
        (
            f"time in hands is {parts.service / response:.0%} of the response time of {response:.3g} s; agents are "
            f"busy for {agents.utilization:.0%} of their time"
        ),
    )


def _station_kind(
    largest: str,
    share: float,
    parts: Parts,
    use: dict[str, StationUse],
    clusters: Floats,
    lost: float,
) -> tuple[Kind, int, str]:
    """The kind of trouble that the largest part away from hands is."""
    also = f"; {lost:,.0f} tasks were dropped" if lost else ""
    if largest == "network":
        return (
            "network",
            -1,
            (
                f"{share:.0%} of the response time is the way over the mesh, {1000 * parts.links:.1f} ms on "
                f"{use['links'].visits:.2f} hops{also}"
            ),
        )
    if largest in ("ingress", "dispatch"):
        one = use[largest]
        kind: Kind = "ingress" if largest == "ingress" else "dispatch"
        return (
            kind,
            one.busiest_at,
            (
                f"{share:.0%} of the response time is spent at {largest}; node {one.busiest_at} is at work for "
                f"{one.busiest:.0%} of its time, all of them for {one.utilization:.0%}{also}"
            ),
        )
    ready = clusters[1] > 0
    busy = np.divide(clusters[0], clusters[1], out=np.zeros(clusters.shape[1]), where=ready)[ready]
    mean = use["agents"].utilization
    full = float(np.quantile(busy, 0.95)) if len(busy) else mean
    said = f"{share:.0%} of the response time is waiting in clusters; agents are busy for {mean:.0%} of their time"
    if full - mean > UNEVEN:
        return (
            "imbalance",
            use["clusters"].busiest_at,
            f"{said}, but for {full:.0%} in the fullest twentieth{also}",
        )
    return "queues", -1, f"{said}, in the fullest twentieth for {full:.0%}{also}"


def _over(part: float, whole: float, other: float = 0.0) -> float:
    return part / whole if whole > 0 else other
