"""Given links: the mesh that somebody has laid out, link by link."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import networkx as nx
import numpy as np

from ...arrays import Ints
from ...errors import ConfigError
from .base import links_of

_KEY = "network.topology.links"


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """Exactly the links that are given; none given: a ring.

    Attributes:
        links: pairs of node numbers, as in ``[[0, 1], [1, 2]]``; together they join all nodes.
    """

    links: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        pairs = list(self.links) if isinstance(self.links, Iterable) else [self.links]
        links = tuple(_link(pair) for pair in pairs)
        object.__setattr__(self, "links", links)
        seen: set[tuple[int, int]] = set()
        for a, b in links:
            low, high = min(a, b), max(a, b)
            if (low, high) in seen:
                raise ConfigError(f"{_KEY} holds {[low, high]} twice, but each link stands once")
            seen.add((low, high))

    def edges(self, n: int, rng: np.random.Generator) -> Ints:
        """See :class:`Topology`.

        Raises:
            ConfigError: if a link names a node that is not there, or the links leave nodes alone.
        """
        if not self.links:
            return links_of(nx.cycle_graph(n))
        top = max(end for link in self.links for end in link)
        if top >= n:
            raise ConfigError(f"{_KEY} names node {top}, but nodes are 0 to {n - 1}")
        graph: nx.Graph[int] = nx.empty_graph(n)
        graph.add_edges_from(self.links)
        if not nx.is_connected(graph):
            parts: list[list[int]] = [sorted(part) for part in nx.connected_components(graph)]
            alone = min(parts, key=lambda part: len(part))
            names = ", ".join(map(str, alone[:5])) + (", ..." if len(alone) > 5 else "")
            raise ConfigError(f"{_KEY} leave nodes {names} without a way to the others; add a link to them")
        return links_of(graph)


def _link(pair: object) -> tuple[int, int]:
    """A pair of node numbers, or a refusal."""
    ends = list(pair) if isinstance(pair, Iterable) and not isinstance(pair, str) else []
    whole = [isinstance(end, int | np.integer) and not isinstance(end, bool) for end in ends]
    if len(ends) != 2 or not all(whole) or ends[0] == ends[1] or min(ends) < 0:
        raise ConfigError(
            f"{_KEY} holds {pair!r}, but a link is a pair of two different node numbers from 0 on"
        )
    return int(ends[0]), int(ends[1])
