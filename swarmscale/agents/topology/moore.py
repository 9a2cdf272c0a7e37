"""The Moore bound: no graph of a degree has shorter paths on average."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import shortest_path

from ...arrays import Ints
from ...errors import require


def moore_bound(nodes: int, degree: int) -> float:
    """Least average path length, in hops, that a graph of so many nodes and this degree at most can have.

    From each node at most ``degree`` others are one hop away, ``degree x (degree - 1)`` two, and so on.

    Args:
        nodes: 2 or more.
        degree: 1 or more.

    Source:
        Cerf, Cowan, Mullin & Stanton (1974), *Networks* 4(4). The Petersen graph meets it:

    >>> moore_bound(10, 3)
    1.6666666666666667
    """
    require(nodes >= 2, "nodes", nodes, "2 or more")
    require(degree >= 1, "degree", degree, "1 or more")
    left, hops, there, total = nodes - 1, 1, degree, 0
    while left > 0:
        if there == 0:
            return float("inf")
        here = min(there, left)
        total += here * hops
        left -= here
        there *= degree - 1
        hops += 1
    return total / (nodes - 1)


def average_hops(links: Ints, nodes: int) -> float:
    """Mean number of hops between two nodes over all pairs; infinite if a node cannot be reached.

    Args:
        links: `[E, 2]` node numbers.
        nodes: K, 2 or more.
    """
    a, b = np.asarray(links).reshape(-1, 2).T
    ones = np.ones(len(a))
    graph = csr_array((ones, (a, b)), shape=(nodes, nodes))
    hops = shortest_path(graph, directed=False, unweighted=True)
    return float(hops.sum() / (nodes * (nodes - 1)))


def distance_to_moore(links: Ints, nodes: int) -> float:
    """By how much average path length is above the bound of the graph's largest degree, as a share of that."""
    degree = int(np.bincount(np.asarray(links).reshape(-1), minlength=nodes).max())
    return average_hops(links, nodes) / moore_bound(nodes, degree) - 1.0
