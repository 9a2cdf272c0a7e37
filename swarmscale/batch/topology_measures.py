"""What a mesh is worth for a demand: latency, hops, load, cost, and how hard it is to cut."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..agents.topology.moore import average_hops, moore_bound
from ..arrays import Floats, Ints
from ..model.flow.network import Network
from ..model.metric import jain
from .topology_failures import Failure

MEASURES: dict[str, tuple[str, str]] = {
    "links": ("", "links of the mesh"),
    "degree": ("", "links of the node that has most"),
    "length": ("sides", "sum of the lengths of all links, in sides of the unit square: what they cost to lay"),
    "link_latency_s": ("s", "sum of the latencies of all links: the same cost by the law of latency"),
    "latency_s": ("s", "mean latency of what crosses the mesh on its shortest path, weighted by the demand; without "
                  "jitter, losses and waiting"),
    "over_complete": ("", "that latency over the one of the full mesh, which no mesh of these places undercuts"),
    "hops": ("", "mean links on the way, weighted by the demand"),
    "path": ("", "mean hops of the path with fewest, over all pairs of nodes alike"),
    "above_moore": ("share", "by how much that is above the Moore bound of this number of nodes and largest degree"),
    "busiest": ("share", "share of what crosses the mesh that goes over its busiest link, both ways"),
    "jain": ("share", "Jain's index of the loads of all links: 1 if they carry alike, 1 / links if one carries all"),
    "connectivity": ("", "second smallest eigenvalue of the Laplacian (Fiedler 1973): 0 if the mesh falls apart, K "
                     "for a full mesh of K nodes"),
}  # fmt: skip
"""Unit and definition of each measure of a mesh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A mesh and what it is worth for the demand; see :data:`MEASURES`.

    Attributes:
        name: of the topology, or ``rewired``.
        words: its settings.
        ends: `[E, 2]` its links.
        load: `[E]` share of what crosses the mesh that goes over each.
        values: each measure.
        failures: what outlives losses of nodes and links.
    """

    name: str
    words: str
    ends: Ints
    load: Floats
    values: dict[str, float]
    failures: tuple[Failure, ...]


def ends_of(network: Network) -> Ints:
    """`[E, 2]` links as (lower, higher), in ascending order."""
    ends = sorted((min(a, b), max(a, b)) for a, b in network.graph.edges)
    return np.array(ends, np.int64).reshape(-1, 2)


def measured(
    name: str, words: str, network: Network, weights: Floats, possible_s: Floats, lost: tuple[Failure, ...]
) -> Measured:
    """A mesh with all of its measures.

    Args:
        name: of the topology.
        words: its settings.
        network: nothing of it is down.
        weights: `[K, K]` how much is sent, 0 to itself; sums to 1.
        possible_s: `[K, K]` s over each possible link.
        lost: what outlives failures.
    """
    ends, nodes = ends_of(network), network.nodes
    degree = int(np.bincount(ends.reshape(-1), minlength=nodes).max())
    places = np.array([[network.graph.nodes[k]["x"], network.graph.nodes[k]["y"]] for k in range(nodes)])
    load = loads(network, weights)[ends[:, 0], ends[:, 1]]
    latency_s, path = float((network.latency_s * weights).sum()), average_hops(ends, nodes)
    values = {
        "links": len(ends),
        "degree": degree,
        "length": float(np.linalg.norm(places[ends[:, 0]] - places[ends[:, 1]], axis=1).sum()),
        "link_latency_s": float(network.link_s[ends[:, 0], ends[:, 1]].sum()),
        "latency_s": latency_s,
        "over_complete": latency_s / fastest_s(possible_s, weights),
        "hops": float((network.hops * weights).sum()),
        "path": path,
        "above_moore": path / moore_bound(nodes, degree) - 1.0,
        "busiest": float(load.max()),
        "jain": jain(load),
        "connectivity": algebraic_connectivity(ends, nodes),
    }
    return Measured(name=name, words=words, ends=ends, load=load, values=values, failures=lost)


def fastest_s(possible_s: Floats, weights: Floats) -> float:
    """Mean latency of what is sent over the full mesh, s; NaN if that is 0."""
    total = float((possible_s * weights).sum())
    return total if total > 0 else math.nan


def loads(network: Network, weights: Floats) -> Floats:
    """`[K, K]` how much goes over each link, both ways, on the paths that messages take; 0 where there is no link.

    Args:
        network: its next hops as of the last refresh.
        weights: `[K, K]` how much is sent.
    """
    out = np.zeros_like(weights)
    here, goal = np.nonzero(weights)
    much = weights[here, goal]
    while len(here):
        after = network.next_hop[here, goal].astype(np.int64)
        np.add.at(out, (here, after), much)
        going = after != goal
        here, goal, much = after[going], goal[going], much[going]
    return np.asarray(out + out.T)


def algebraic_connectivity(links: Ints, nodes: int) -> float:
    """Second smallest eigenvalue of the Laplacian: how hard the mesh is to cut in two.

    Args:
        links: `[E, 2]`.
        nodes: K, 2 or more.

    Source:
        Fiedler (1973), *Czechoslovak Mathematical Journal* 23(98).
    """
    laplacian = np.zeros((nodes, nodes))
    laplacian[links[:, 0], links[:, 1]] = laplacian[links[:, 1], links[:, 0]] = -1.0
    np.fill_diagonal(laplacian, -laplacian.sum(axis=1))
    return max(0.0, float(np.linalg.eigvalsh(laplacian)[1]))
