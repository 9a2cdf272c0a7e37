"""Networks of agents on which the norm's groups are linked."""

from __future__ import annotations

import itertools
import math

import networkx as nx
import numpy as np

from ...arrays import Ints
from ...errors import UnknownChoiceError

NETWORKS = ("ring", "torus", "small-world", "scale-free", "regular", "clusters", "hierarchy")
"""Seven kinds of networks; the last two are those of a fleet: clusters of linked members whose leads are linked,
and a tree of leads with links drawn across it."""


def links_of_network(kind: str, n: int, degree: int, rng: np.random.Generator) -> Ints:
    """Links among n agents.

    Args:
        kind: one of :data:`NETWORKS`.
        n: agents, 2 or more.
        degree: mean number of links of an agent, about.
        rng: the source of chance.

    Returns:
        `[E, 2]` each link once, none from an agent to itself.

    Raises:
        UnknownChoiceError: if there is no such kind.
    """
    if kind not in NETWORKS:
        raise UnknownChoiceError("network of agents", kind, NETWORKS)
    degree = min(degree, n - 1)
    if kind == "ring":
        return lattice(n, degree)
    if kind == "small-world":
        graph = nx.watts_strogatz_graph(n, degree, 0.1, seed=rng)
        return unique(np.array(graph.edges, np.int64))
    if kind == "scale-free":
        return unique(np.array(nx.barabasi_albert_graph(n, max(degree // 2, 1), seed=rng).edges, np.int64))
    if kind == "regular":
        return overlay(n, degree, rng)
    if kind == "torus":
        return torus(n, degree)
    if kind == "clusters":
        return clusters(n, degree, rng)
    return hierarchy(n, degree, rng)


def unique(links: Ints) -> Ints:
    """`[E, 2]` the links, each once as (lower, higher), ascending, without loops."""
    pairs = np.sort(np.asarray(links, np.int64).reshape(-1, 2), axis=1)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return np.unique(pairs, axis=0)


def lattice(n: int, degree: int) -> Ints:
    """A ring on which each agent is linked with its nearest ``degree`` others."""
    i = np.arange(n)
    steps = range(1, max(degree // 2, 1) + 1)
    return unique(np.concatenate([np.stack([i, (i + s) % n], axis=1) for s in steps]))


def torus(n: int, degree: int) -> Ints:
    """A grid whose borders meet; each agent is linked with about its nearest ``degree`` others."""
    width = max(int(math.sqrt(n)), 1)
    i = np.arange(n)
    steps = sorted(
        ((dx, dy) for dx in range(-3, 4) for dy in range(0, 4) if dy > 0 or dx > 0),
        key=lambda d: (d[0] ** 2 + d[1] ** 2, d[0], d[1]),
    )[: max(degree // 2, 1)]
    # rows of the grid follow each other, so a step up is a step of a whole row
    return unique(np.concatenate([np.stack([i, (i + dx + dy * width) % n], axis=1) for dx, dy in steps]))


def overlay(n: int, degree: int, rng: np.random.Generator) -> Ints:
    """Links drawn so that each agent has about ``degree``: circles through all agents in a drawn order.

    A union of random Hamiltonian circles is an expander (Friedman 2008); an odd degree adds a matching.
    """
    rounds = []
    for _ in range(degree // 2):
        order = rng.permutation(n)
        rounds.append(np.stack([order, np.roll(order, 1)], axis=1))
    if degree % 2 and n >= 2:
        order = rng.permutation(n)[: n // 2 * 2].reshape(-1, 2)
        rounds.append(order)
    return unique(np.concatenate(rounds)) if rounds else np.empty((0, 2), np.int64)


def clusters(n: int, degree: int, rng: np.random.Generator) -> Ints:
    """Clusters of about 25, each a random network of its own, whose leads are linked in a ring and across it."""
    count = max(round(n / 25), 1)
    borders = n * np.arange(count + 1) // count
    parts = [
        first + overlay(int(last - first), min(degree, int(last - first) - 1), rng)
        for first, last in itertools.pairwise(borders)
        if last - first > 1
    ]
    leads = borders[:-1]
    if count > 1:
        parts.append(leads[lattice(count, 2)])
        parts.append(leads[overlay(count, min(4, count - 1), rng)])
        across = overlay(n, 2, rng)  # a few members know others elsewhere
        parts.append(across[rng.random(len(across)) < 0.25])
    return unique(np.concatenate(parts))


def hierarchy(n: int, degree: int, rng: np.random.Generator) -> Ints:
    """A tree in which each lead has ten below it, and ``degree - 2`` drawn links an agent across it."""
    i = np.arange(1, n)
    tree = np.stack([(i - 1) // 10, i], axis=1)
    return unique(np.concatenate([tree, overlay(n, max(degree - 2, 0), rng)]))
