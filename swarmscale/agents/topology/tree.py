"""The tree: every node but the first hangs from one other."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from ...arrays import Ints
from ...errors import require
from .base import links_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Link level under level from node 0 down: the fewest links of all, and each of them can cut it in two.

    Attributes:
        branching: nodes that hang from one node, 1 (a chain) or more.
    """

    branching: int = 2

    def __post_init__(self) -> None:
        require(self.branching >= 1, "branching", self.branching, "1 or more")

    def edges(self, n: int, rng: np.random.Generator) -> Ints:
        """See :class:`Topology`."""
        return links_of(nx.full_rary_tree(self.branching, n))
