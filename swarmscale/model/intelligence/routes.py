"""The way of a question and its answers: down the hierarchy and up again, over the live mesh, with real latencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...arrays import Bools, Floats, Ints
from .panels import inner_links

if TYPE_CHECKING:
    from ..swarm import SwarmModel


@dataclass(frozen=True, slots=True)
class Route:
    """How a question reached a panel and its answers came back.

    Attributes:
        time_ms: simulated time from the question to the last answer that came, ms.
        heard: `[n]` whether an agent's answer came.
        messages: messages of which the way is made.
        sent: attempts to send them.
        first_attempt: messages delivered at the first attempt.
        delivered: messages delivered in the end.
        summed_ms: summed latency of the messages, ms.
    """

    time_ms: float
    heard: Bools
    messages: int
    sent: int
    first_attempt: int
    delivered: int
    summed_ms: float


def ask(model: SwarmModel, rows: Ints, root: int, answer_ms: Floats, rng: np.random.Generator) -> Route:
    """Ask agents a question from a node and gather their answers.

    The node sends to the nodes of the panel over the shortest live paths, each of these to its zones, each zone to
    its clusters' leads, and each lead to its agents as the clusters communicate; answers go the same way back.
    Whoever sends or reads several messages takes ``intelligence.decisions.message_ms`` for each, one after the other. A
    message between nodes is lost on each hop with ``network.loss``, sent again after ``network.timeout_ms`` and
    given up after ``network.retries``: the agents behind it are not heard.

    Args:
        model: between two ticks.
        rows: `[n]` rows of the panel.
        root: the node that asks.
        answer_ms: `[n]` time that each agent takes to answer, ms.
        rng: decides what is lost.

    Source:
        Latency of a tree: each level costs a message's latency and the sender's work for all its messages.
    """
    c, network = model.config, model.network
    network.refresh()
    each = c.intelligence.decisions.message_ms
    local = c.network.local_ms
    cluster = rows // model.fleet.slots
    which, of_cluster = np.unique(cluster, return_inverse=True)
    zone = model.hierarchy_arrays.zone_of_cluster[which]
    zones, of_zone = np.unique(zone, return_inverse=True)
    node_of_zone = model.hierarchy_arrays.node_of_zone[zones]
    nodes, of_node = np.unique(node_of_zone, return_inverse=True)

    latency = network.latency_s[root, nodes] * 1000
    hops = np.maximum(network.hops[root, nodes], 0)
    reached = np.isfinite(latency) & network.alive[nodes] & bool(network.alive[root])
    down = walked(hops, reached, c.network.loss, c.network.retries, rng)
    up = walked(hops, down.through, c.network.loss, c.network.retries, rng)
    back = up.through
    wait = c.network.timeout_ms
    order = np.arange(1, len(nodes) + 1)
    at_node = each * order + np.where(reached, latency, np.inf) + wait * down.again
    at_zone = at_node[of_node] + local + each * _turns(of_node)
    at_cluster = at_zone[of_zone] + local + each * _turns(of_zone)
    depth, fan = _inside(model, rows, cluster)
    at_agent = at_cluster[of_cluster] + depth * (local + each * fan)
    answered = at_agent + answer_ms
    # upward: a level is done when its last answer is in, and has read them one after the other
    from_cluster = _latest(answered + depth * local, of_cluster, len(which)) + each * np.bincount(of_cluster)
    from_zone = _latest(from_cluster + local, of_zone, len(zones)) + each * np.bincount(of_zone)
    from_node = _latest(from_zone + local, of_node, len(nodes)) + each * np.bincount(of_node)
    home = from_node + np.where(reached, latency, np.inf) + wait * up.again
    came = back[of_node][of_zone][of_cluster]
    inside = 2 * (len(which) + len(zones)) + 2 * len(rows)
    mesh = down.messages + up.messages
    return Route(
        time_ms=float(home[back].max() + each * back.sum()) if back.any() else float("nan"),
        heard=came,
        messages=inside + mesh,
        sent=inside + mesh + int(down.again.sum() + up.again.sum()),
        first_attempt=inside + down.first + up.first,
        delivered=inside + down.delivered + up.delivered,
        summed_ms=float(local * inside + 2 * latency[reached].sum()),
    )


class Walked(NamedTuple):
    """Messages over the hops of ways, each sent on only as far as it came.

    Attributes:
        again: `[n]` attempts beyond the first on each way's hops.
        through: `[n]` whether it came to its end.
        messages: hops on which one was sent.
        first: of these, delivered at the first attempt.
        delivered: of these, delivered in the end.
    """

    again: Ints
    through: Bools
    messages: int
    first: int
    delivered: int


def walked(hops: Ints, sent: Bools, loss: float, retries: int, rng: np.random.Generator) -> Walked:
    """Send a message over each of some ways.

    Args:
        hops: `[n]` hops of each way.
        sent: `[n]` whether anything is sent on it.
        loss: chance that an attempt is lost on a hop.
        retries: attempts beyond the first, at most.
        rng: decides what is lost.
    """
    most = int(hops.max(initial=0))
    tries = rng.geometric(1 - loss, (len(hops), most)) if most else np.zeros((len(hops), 0), np.int64)
    ok = tries <= retries + 1
    came = np.cumprod(np.concatenate([sent[:, None], ok], axis=1), axis=1).astype(np.bool_)
    used = (np.arange(most) < hops[:, None]) & came[:, :-1]
    again = ((np.minimum(tries, retries + 1) - 1) * used).sum(axis=1)
    through = sent & came[np.arange(len(hops)), hops]
    return Walked(again, through, int(used.sum()), int((used & (tries == 1)).sum()), int((used & ok).sum()))


def _turns(parent: Ints) -> Ints:
    """`[n]` which turn each child has with its parent: 1, 2, ... in the order that they stand in."""
    order = np.argsort(parent, kind="stable")
    sizes = np.bincount(parent)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    turn = np.empty(len(parent), np.int64)
    turn[order] = np.arange(len(parent)) - starts + 1
    return turn


def _latest(time: Floats, parent: Ints, count: int) -> Floats:
    """`[count]` the latest time among each parent's children."""
    out = np.full(count, -np.inf)
    np.maximum.at(out, parent, time)
    return out


def _inside(model: SwarmModel, rows: Ints, cluster: Ints) -> tuple[Floats, Floats]:
    """`[n]` links from the lead to each agent, and `[n]` messages that a lead on the way sends."""
    way = model.config.fleet.communication
    n = len(rows)
    if way == "tree":
        span = model.config.fleet.span
        first = np.flatnonzero(np.diff(cluster, prepend=-1))
        place = np.arange(n) - np.repeat(first, np.diff(np.append(first, n)))
        depth = np.ceil(np.log(place * (span - 1) + 1 + 1e-9) / np.log(span) - 1e-9)
        return np.where(place > 0, np.maximum(depth, 1), 0).astype(np.float64), np.full(n, float(span))
    size = np.bincount(cluster, minlength=int(cluster.max()) + 1)[cluster]
    return np.ones(n), size.astype(np.float64)


def exchange_ms(model: SwarmModel, rows: Ints, rounds: int) -> float:
    """Time that rounds of talk among a panel take: each the longest link and the busiest agent's messages.

    Args:
        model: between two ticks.
        rows: `[n]` rows of the panel.
        rounds: rounds.
    """
    if not rounds or len(rows) < 2:
        return 0.0
    cluster = rows // model.fleet.slots
    node = np.unique(model.hierarchy_arrays.node_of_cluster[cluster])
    ways = model.network.latency_s[np.ix_(node, node)]
    longest = float(ways[np.isfinite(ways)].max(initial=0.0)) * 1000
    inner = inner_links(model, rows, cluster)
    degree = np.bincount(inner.ravel(), minlength=len(rows)) if len(inner) else np.zeros(len(rows), np.int64)
    busiest = int(degree.max(initial=0)) + model.config.intelligence.overlay
    return rounds * (
        longest + model.config.network.local_ms + model.config.intelligence.decisions.message_ms * busiest
    )
