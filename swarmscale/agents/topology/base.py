"""What a topology is: a rule that says which coordination nodes are linked."""

from __future__ import annotations

from typing import Any, Protocol

import networkx as nx
import numpy as np

from ...arrays import Ints


class Topology(Protocol):
    """A rule that links `n` coordination nodes into one connected mesh.

    To add one, write a frozen keyword-only dataclass in a file of its own, with a default for every field
    and the method below, and give it a name in the table of ``swarmscale/agents/topology/__init__.py``.
    Draw all chance from the generator that is handed in; let :func:`links_of` put the links in order.
    """

    def edges(self, n: int, rng: np.random.Generator) -> Ints:
        """Links among nodes 0 to ``n - 1``.

        Args:
            n: number of nodes, 1 or more.
            rng: the only source of chance; a rule without chance draws nothing.

        Returns:
            `[E, 2]` node numbers, each link once as (lower, higher), in ascending order; every node can
            be reached from every other.

        Raises:
            ConfigError: if the rule cannot link this number of nodes.
        """
        ...


def links_of(graph: nx.Graph[Any]) -> Ints:
    """The links of a graph whose vertices are whole numbers, in the order that :class:`Topology` asks for.

    Args:
        graph: an undirected graph on vertices 0 to n - 1; a loop at a vertex is left out.

    Returns:
        `[E, 2]` vertex numbers, each link once as (lower, higher), in ascending order.

    >>> links_of(nx.Graph([(2, 0), (1, 1), (1, 0)])).tolist()
    [[0, 1], [0, 2]]
    """
    links = sorted((min(a, b), max(a, b)) for a, b in graph.edges if a != b)
    return np.array(links, np.int64).reshape(-1, 2)
