"""The scale-free mesh: few hubs with many links, many nodes with few."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from ...arrays import Ints
from ...errors import require
from .base import links_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ScaleFree:
    """Grow the mesh from a star: each further node links to those that have many links already.

    Up to ``links`` nodes make a full mesh; more of them have ``links (n - links)`` links.

    Attributes:
        links: links that a new node brings, 1 or more.

    Source:
        Barabási and Albert (1999), "Emergence of scaling in random networks", Science 286.
    """

    links: int = 2

    def __post_init__(self) -> None:
        require(self.links >= 1, "links", self.links, "1 or more")

    def edges(self, n: int, rng: np.random.Generator) -> Ints:
        """See :class:`Topology`."""
        if n <= self.links:
            return links_of(nx.complete_graph(n))
        return links_of(nx.barabasi_albert_graph(n, self.links, seed=rng))
