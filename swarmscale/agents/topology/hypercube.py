"""The hypercube: nodes are linked if their numbers differ in one binary digit."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from ...arrays import Ints
from ...errors import require
from .base import links_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Hypercube:
    """Link the corners of a cube in log2(n) dimensions: as many links a node, as many hops at most."""

    def edges(self, n: int, rng: np.random.Generator) -> Ints:
        """See :class:`Topology`.

        Raises:
            ConfigError: if ``n`` is not a power of two.
        """
        below = n.bit_length() - 1
        require(
            n == 2**below,
            "network.topology",
            f"hypercube of {n} nodes",
            f"of a power of two nodes (nearest: {2**below} and {2 ** (below + 1)}); or take another topology",
        )
        return links_of(nx.convert_node_labels_to_integers(nx.hypercube_graph(below), ordering="sorted"))
