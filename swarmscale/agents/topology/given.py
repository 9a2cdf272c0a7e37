"""Given links: the mesh that somebody has laid out, link by link."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from ...arrays import Ints
from ...errors import ConfigError
from .base import links_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Exactly the links that are given; none given: a ring.

    Attributes:
        links: pairs of node numbers.
    """

    links: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        links = tuple((int(a), int(b)) for a, b in self.links)
        object.__setattr__(self, "links", links)
        for a, b in links:
            if a == b or min(a, b) < 0:
                raise ConfigError(
                    f"network.topology.links holds {[a, b]}, but a link joins two nodes from 0 on"
                )
        if len({(min(a, b), max(a, b)) for a, b in links}) < len(links):
            raise ConfigError("network.topology.links holds a link twice, but each stands once")

    def edges(self, n: int, rng: np.random.Generator) -> Ints:
        """See :class:`Topology`."""
        graph: nx.Graph[int] = nx.cycle_graph(n) if not self.links else nx.Graph()
        if self.links:
            graph.add_nodes_from(range(n))
            graph.add_edges_from(self.links)
            top = max(max(link) for link in self.links)
            if top >= n:
                raise ConfigError(f"network.topology.links names node {top}, but nodes are 0 to {n - 1}")
            if n > 1 and not nx.is_connected(graph):
                alone = min(nx.connected_components(graph), key=len)
                raise ConfigError(
                    f"network.topology.links leave nodes {sorted(alone)[:5]} alone, but all nodes must be joined"
                )
        return links_of(graph)
