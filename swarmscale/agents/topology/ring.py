"""The ring: every node is linked with the one before it and the one after it."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from ...arrays import Ints
from .base import links_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """Link the nodes in a circle: the fewest links that outlive the loss of any one of them."""

    def edges(self, n: int, rng: np.random.Generator) -> Ints:
        """See :class:`Topology`."""
        return links_of(nx.cycle_graph(n))
