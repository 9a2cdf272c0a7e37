"""Graphs with and without planted modules, for statistics that look at links alone."""

from __future__ import annotations

import numpy as np

from ....arrays import Ints
from ....errors import require
from .base import Generator, labels


def planted_graph(nodes: int, groups: int, within: float, between: float, rng: Generator) -> Ints:
    """`[E, 2]` links of an undirected graph whose nodes are linked with one chance within and another between groups.

    Args:
        nodes: number of nodes, 2 or more.
        groups: groups of nearly equal size, neighbors together, 1 or more.
        within: chance of a link within a group, in [0, 1].
        between: chance of a link between two groups, in [0, 1].
        rng: generator.

    Source:
        Girvan & Newman 2002, PNAS 99:7821: the planted partition.
    """
    require(nodes >= 2, "nodes", nodes, "2 or more")
    require(1 <= groups <= nodes, "groups", groups, f"in [1, {nodes}]")
    for name, value in (("within", within), ("between", between)):
        require(0 <= value <= 1, name, value, "in [0, 1]")
    group = labels(nodes, groups)
    first, second = np.triu_indices(nodes, 1)
    chance = np.where(group[first] == group[second], within, between)
    there = rng.random(len(first)) < chance
    return np.column_stack([first[there], second[there]]).astype(np.int64)


def random_graph(nodes: int, degree: float, rng: Generator) -> Ints:
    """`[E, 2]` links of a graph in which all pairs are linked with the same chance (Erdos & Renyi 1959).

    Args:
        nodes: number of nodes, 2 or more.
        degree: mean number of links of a node, in [0, nodes - 1].
        rng: generator.
    """
    return planted_graph(nodes, 1, degree / (nodes - 1), 0.0, rng)
