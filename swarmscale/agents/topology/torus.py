"""The torus: a grid whose opposite borders are joined."""

from __future__ import annotations

from dataclasses import dataclass
from math import isqrt

import networkx as nx
import numpy as np

from ...arrays import Ints
from .base import links_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Torus:
    """Link a grid of rows x columns, both wrapped around, as near to a square as ``n`` allows.

    The number of rows is the largest divisor of ``n`` up to its root: 16 nodes make 4 x 4, 12 make 3 x 4.
    Twice a prime makes a ladder, 2 x p, bent into a ring; a prime has no rows to offer and makes 1 x n,
    which is the ring itself. Node numbers run along the rows.
    """

    def edges(self, n: int, rng: np.random.Generator) -> Ints:
        """See :class:`Topology`."""
        rows = max(r for r in range(1, isqrt(n) + 1) if n % r == 0)
        grid = nx.grid_2d_graph(rows, n // rows, periodic=True)
        return links_of(nx.convert_node_labels_to_integers(grid, ordering="sorted"))
