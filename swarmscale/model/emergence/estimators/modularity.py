"""Whether a network falls into modules more clearly than its degrees alone would have it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import NamedTuple

import numpy as np

from ....arrays import Bools, Floats, Ints, kernel
from ....errors import ConfigError, require

SWAPS = 10
"""Attempted swaps of ends per edge in a rewiring; Milo et al. (2003), arXiv cond-mat/0312028, find that enough."""
ROUNDS = 5
"""Passes of the Leiden algorithm over a network."""
_ONE_AT_A_TIME = Lock()  # igraph has one random generator a process, and other threads may cluster too


class Modularity(NamedTuple):
    """A network's modularity against that of random networks with the same degrees.

    Attributes:
        q: modularity of the best partition found.
        null: `[rewires]` the same of rewired networks.
        z: standard deviations of the null from its mean to ``q``; NaN where no rewiring changes anything.
        p: chance of as much in a rewired network, ``(1 + those at least as high) / (1 + rewires)``.
        membership: `[N]` module of each node, from 0.
    """

    q: float
    null: Floats
    z: float
    p: float
    membership: Ints


def modularity_z(
    edge: Bools | Ints, *, rewires: int = 19, rng: np.random.Generator, nodes: int | None = None
) -> Modularity:
    """Modularity of an undirected network, found by the Leiden algorithm, and how far chance would take it.

    Random networks have high modularity too, so the value alone says nothing.

    Args:
        edge: `[N, N]` whether there is an edge, in either direction; or `[E, 2]` pairs of nodes.
        rewires: networks of the null, each with every node's degree kept.
        rng: for the rewirings and the search.
        nodes: N where pairs are given; one more than the highest by default.

    Returns:
        The same for the same ``rng``.

    Raises:
        ConfigError: if there is no edge, or pairs name nodes that there are not.

    Source:
        Newman and Girvan (2004), *Physical Review E* 69:026113; Traag, Waltman and van Eck (2019), *Scientific
        Reports* 9:5233; the null: Guimera, Sales-Pardo and Amaral (2004), *Physical Review E* 70:025101; Maslov and
        Sneppen (2002), *Science* 296:910.
    """
    require(rewires >= 2, "rewires", rewires, "2 or more")
    pairs, count = undirected(edge, nodes)
    draws = SWAPS * len(pairs)
    with _generator(int(rng.integers(2**63))):
        q, membership = _leiden(pairs, count)
        null = np.empty(rewires)
        for i in range(rewires):
            chosen = rng.integers(0, len(pairs), (draws, 2))
            null[i], _ = _leiden(_rewired(pairs, count, chosen, rng.random(draws) < 0.5), count)
    spread = float(null.std(ddof=1))
    z = (q - float(null.mean())) / spread if spread > 0 else float("nan")
    return Modularity(q, null, z, (1.0 + np.count_nonzero(null >= q)) / (1.0 + rewires), membership)


def undirected(edge: Bools | Ints, nodes: int | None = None) -> tuple[Ints, int]:
    """`[E, 2]` different pairs of different nodes, the lower one first, and the number of nodes.

    >>> undirected(np.array([[1, 0], [0, 1], [2, 2], [1, 2]]))
    (array([[0, 1],
           [1, 2]]), 3)
    """
    given = np.asarray(edge)
    if given.dtype == np.bool_:
        if given.ndim != 2 or given.shape[0] != given.shape[1]:
            raise ConfigError(f"edge has shape {given.shape}, but it must be [N, N]")
        count, ends = len(given), np.argwhere(np.triu(np.logical_or(given, given.T), 1))
    else:
        if given.ndim != 2 or given.shape[1] != 2:
            raise ConfigError(f"edge has shape {given.shape}, but it must be [E, 2] pairs of nodes")
        count = int(given.max()) + 1 if nodes is None and len(given) else int(nodes or 0)
        low, high = given.min(axis=1), given.max(axis=1)
        beyond = len(given) > 0 and (int(low.min()) < 0 or int(high.max()) >= count)
        require(
            not beyond,
            "nodes in edge",
            f"{low.min()} to {high.max()}" if len(given) else "",
            f"below {count}",
        )
        ends = np.unique(np.column_stack([low, high])[low != high], axis=0)
    require(len(ends) > 0, "number of edges", 0, "1 or more")
    return ends.astype(np.int64), count


def _leiden(pairs: Ints, nodes: int) -> tuple[float, Ints]:
    import igraph

    graph = igraph.Graph(nodes, pairs)
    found = graph.community_leiden(objective_function="modularity", n_iterations=ROUNDS)
    return float(found.modularity), np.asarray(found.membership, np.int64)


@contextmanager
def _generator(seed: int) -> Iterator[None]:
    """Let igraph draw from a generator of its own meanwhile, and from Python's afterwards, as it does by default."""
    import igraph

    with _ONE_AT_A_TIME:
        igraph.set_random_number_generator(random.Random(seed))
        try:
            yield
        finally:
            igraph.set_random_number_generator(random)


def _rewired(pairs: Ints, nodes: int, chosen: Ints, crossed: Bools) -> Ints:
    ends = pairs.copy()
    taken = np.zeros((nodes, nodes), np.bool_)
    taken[ends[:, 0], ends[:, 1]] = taken[ends[:, 1], ends[:, 0]] = True
    swap_ends(ends, taken, chosen, crossed)
    return ends


@kernel
def swap_ends(ends: Ints, taken: Bools, chosen: Ints, crossed: Bools) -> None:
    """Swap ends between pairs of edges wherever that makes no loop and no edge twice, in place.

    Args:
        ends: `[E, 2]` the edges.
        taken: `[N, N]` whether there is an edge, both ways.
        chosen: `[S, 2]` the two edges of each attempt.
        crossed: `[S]` whether the second edge is taken the other way round.
    """
    for i in range(len(chosen)):
        one, other = chosen[i, 0], chosen[i, 1]
        a, b = ends[one, 0], ends[one, 1]
        c, d = ends[other, 0], ends[other, 1]
        if crossed[i]:
            c, d = d, c
        if a == d or b == c or taken[a, d] or taken[c, b]:  # loops; edges that there are
            continue
        taken[a, b] = taken[b, a] = taken[c, d] = taken[d, c] = False
        taken[a, d] = taken[d, a] = taken[c, b] = taken[b, c] = True
        ends[one, 1] = d
        ends[other, 0], ends[other, 1] = c, b
