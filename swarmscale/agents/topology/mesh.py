"""The full mesh: every node is linked with every other."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from ...arrays import Ints
from .base import links_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Mesh:
    """Link all pairs: one hop everywhere, at the price of ``n (n - 1) / 2`` links."""

    def edges(self, n: int, rng: np.random.Generator) -> Ints:
        """See :class:`Topology`."""
        return links_of(nx.complete_graph(n))
