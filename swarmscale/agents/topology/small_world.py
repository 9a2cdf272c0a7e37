"""The small world: a ring with neighbors further away, and a few links thrown across it."""

from __future__ import annotations

from dataclasses import dataclass

import networkx as nx
import numpy as np

from ...arrays import Ints
from ...errors import ConfigError, require
from .base import links_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallWorld:
    """Link each node with its nearest on a ring, then send some links to nodes drawn at random.

    The draw is repeated until the mesh is connected. Up to ``degree + 1`` nodes make a full mesh.

    Attributes:
        degree: mean links a node, an even number, 2 or more.
        rewire: chance that a link is sent elsewhere, in [0, 1].

    Source:
        Watts and Strogatz (1998), "Collective dynamics of 'small-world' networks", Nature 393.
    """

    degree: int = 4
    rewire: float = 0.1

    def __post_init__(self) -> None:
        require(self.degree >= 2 and self.degree % 2 == 0, "degree", self.degree, "an even number, 2 or more")
        require(0 <= self.rewire <= 1, "rewire", self.rewire, "in [0, 1]")

    def edges(self, n: int, rng: np.random.Generator) -> Ints:
        """See :class:`Topology`.

        Raises:
            ConfigError: if 100 draws in a row fall apart: rare, and only for a degree of 2.
        """
        if n <= self.degree + 1:
            return links_of(nx.complete_graph(n))
        try:
            return links_of(nx.connected_watts_strogatz_graph(n, self.degree, self.rewire, seed=rng))
        except nx.NetworkXError:
            raise ConfigError(
                f"network.topology.degree = {self.degree}, but with network.topology.rewire = {self.rewire} "
                f"100 draws for {n} nodes fell apart; take a degree of {self.degree + 2} or rewire less"
            ) from None
