"""The mesh of coordination nodes: places, link latencies, faults, and the shortest live path of each pair."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import networkx as nx
import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from ... import rng
from ...agents.topology import Topology
from ...arrays import Bools, Floats, Ints32, kernel
from ...errors import ConfigError, require

FRESH: dict[str, Any] = {"factor": 1.0, "seen": 1.0, "loss": 0.0, "up": True, "known": True}
"""Attributes of a link that nothing has happened to, but for its latency."""


@dataclass(slots=True)
class Network:
    """The mesh as a graph, which is the truth about it, and as arrays, which mirror its live part.

    A link is live if it is up and both of its nodes are. What is so and what is held to be so are apart: messages
    go over links that are ``known``, and arrive over links that are ``up``. Faults and repairs change the graph at
    once and the arrays at the next :meth:`refresh`. Among paths of equal latency the one with the fewest hops is
    taken, then at each step the lowest next node: the same path on every machine.

    Attributes:
        graph: vertices 0 to K - 1 with their place ``x``, ``y`` in [0, 1], ``up`` and ``known``; edges with
            ``latency_s``, ``factor`` (how many times that they take now), ``seen`` (the factor that nodes know of),
            ``loss``, ``up`` and ``known``. Change it through the methods alone.
        latency_s: `[K, K]` seconds from a to b on the shortest path held to be live; inf if there is none, 0 to
            itself.
        hops: `[K, K]` links on that path; -1 if there is none, 0 to itself.
        next_hop: `[K, K]` the node that a hands over to for b; -1 if there is no path, a itself for a.
        link_s: `[K, K]` seconds over the direct live link; inf if there is none, and on the diagonal.
        losses: `[K, K]` chance that a message is lost on the direct link; 0 where there is none.
        alive: `[K]` whether a node is up.
        known: `[K]` whether a node is held to be up.
        version: how many times the arrays were built.
        dirty: whether the graph has changed since.
    """

    graph: nx.Graph[int]
    latency_s: Floats = field(init=False)
    hops: Ints32 = field(init=False)
    next_hop: Ints32 = field(init=False)
    link_s: Floats = field(init=False)
    losses: Floats = field(init=False)
    alive: Bools = field(init=False)
    known: Bools = field(init=False)
    version: int = field(default=0, init=False)
    dirty: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        self.rebuild()

    @classmethod
    def build(
        cls,
        topology: Topology,
        nodes: int,
        latency_ms: tuple[float, float],
        root_seed: int,
        loss: float = 0.0,
    ) -> Network:
        """Place nodes uniformly in the unit square and give each link a latency that grows with its length.

        Args:
            topology: which nodes are linked.
            nodes: K, 1 or more.
            latency_ms: one-way latency of a link of no length and of one as long as the diagonal,
                milliseconds, ``0 <= low <= high``.
            root_seed: determines places and links, each through a stream of its own.
            loss: chance that a message is lost on a link, in [0, 1).

        Raises:
            ConfigError: if the latencies break their rule, or the topology cannot link so many nodes.
        """
        low, high = latency_ms
        require(0 <= low <= high < np.inf, "network.latency_ms", latency_ms, "(low, high), 0 <= low <= high")
        places = rng.generator(root_seed, "network.places").random((nodes, 2))
        links = topology.edges(nodes, rng.generator(root_seed, "network.links"))
        length = np.linalg.norm(places[links[:, 0]] - places[links[:, 1]], axis=1)
        latency_s = (low + (high - low) * length / np.sqrt(2.0)) / 1000.0

        graph: nx.Graph[int] = nx.Graph()
        graph.add_nodes_from(
            (k, {"x": x, "y": y, "up": True, "known": True}) for k, (x, y) in enumerate(places.tolist())
        )
        graph.add_edges_from(
            (a, b, {"latency_s": s, **FRESH, "loss": float(loss)})
            for (a, b), s in zip(links.tolist(), latency_s.tolist(), strict=True)
        )
        return cls(graph)

    @property
    def nodes(self) -> int:
        """K, the number of nodes, up or down."""
        return len(self.graph)

    def cut_link(self, a: int, b: int) -> None:
        """Take down the link between two nodes, which they know at once.

        Raises:
            ConfigError: if there is no such link.
        """
        self.set_link(a, b, up=False, known=False)

    def restore_link(self, a: int, b: int) -> None:
        """Bring the link between two nodes up again, which they know at once.

        Raises:
            ConfigError: if there is no such link.
        """
        self.set_link(a, b, up=True, known=True)

    def set_link(self, a: int, b: int, **changes: float | bool) -> None:
        """Change a link's attributes: ``up``, ``known``, ``factor``, ``seen`` or ``loss``.

        Raises:
            ConfigError: if there is no such link.
        """
        link = self._link(a, b)
        for name, value in changes.items():
            self._change(link, name, value)

    def fail_node(self, k: int) -> None:
        """Take down a node, and with it the way over each of its links, which all know at once.

        Raises:
            ConfigError: if there is no such node.
        """
        self.set_node(k, up=False, known=False)

    def restore_node(self, k: int) -> None:
        """Bring a node up again, which all know at once; links that were cut stay cut.

        Raises:
            ConfigError: if there is no such node.
        """
        self.set_node(k, up=True, known=True)

    def set_node(self, k: int, **changes: bool) -> None:
        """Change a node's attributes: ``up`` or ``known``.

        Raises:
            ConfigError: if there is no such node.
        """
        node = self._node(k)
        for name, value in changes.items():
            self._change(node, name, value)

    def set_latency(self, a: int, b: int, ms: float) -> None:
        """Set the one-way latency of a link, in milliseconds, finite and 0 or more.

        Raises:
            ConfigError: if there is no such link, or the latency breaks its rule.
        """
        require(0 <= ms < np.inf, "latency_ms", ms, "finite and 0 or more")
        self._change(self._link(a, b), "latency_s", float(ms) / 1000.0)

    def refresh(self) -> bool:
        """Rebuild the arrays if the graph has changed; whether they were rebuilt."""
        if not self.dirty:
            return False
        self.rebuild()
        return True

    def rebuild(self) -> None:
        """Build every array anew from the graph; no other function writes them.

        Source:
            Distances by Dijkstra (1959), "A note on two problems in connexion with graphs", one search
            from each node (scipy); hops and next hops by :func:`trees_toward`.
        """
        places = [self.graph.nodes[k] for k in range(self.nodes)]
        up = np.array([place["up"] for place in places], np.bool_)
        known = np.array([place.get("known", place["up"]) for place in places], np.bool_)
        a, b = np.array(self.graph.edges, np.int64).reshape(-1, 2).T
        links = [FRESH | {"known": link["up"]} | link for _, _, link in self.graph.edges(data=True)]
        base, factor, seen, loss = (
            np.array([link[name] for link in links], np.float64)
            for name in ("latency_s", "factor", "seen", "loss")
        )
        carries, held = (np.array([link[name] for link in links], np.bool_) for name in ("up", "known"))
        self.alive, self.known = up, known
        self.losses = np.zeros((self.nodes, self.nodes))
        self.losses[a, b] = self.losses[b, a] = loss
        live = carries & up[a] & up[b]
        self.link_s = np.full((self.nodes, self.nodes), np.inf)
        self.link_s[a[live], b[live]] = self.link_s[b[live], a[live]] = (base * factor)[live]
        live = held & known[a] & known[b]
        a, b, seconds = a[live], b[live], (base * seen)[live]
        believed = np.full((self.nodes, self.nodes), np.inf)
        believed[a, b] = believed[b, a] = seconds
        # sparse, since a zero in a dense matrix would be read as no link at all
        ways = (np.tile(seconds, 2), (np.concatenate([a, b]), np.concatenate([b, a])))
        distance = dijkstra(csr_array(ways, shape=believed.shape))
        self.latency_s = np.ascontiguousarray(distance.T)
        self.next_hop, self.hops = trees_toward(distance, believed)
        self.version += 1
        self.dirty = False

    def path(self, a: int, b: int) -> list[int]:
        """Nodes on the shortest live path from a to b, both included, as of the last refresh.

        Empty if there is no live path; ``[a]`` from a node to itself.

        Raises:
            ConfigError: if there is no such node.
        """
        self._node(a), self._node(b)
        if self.next_hop[a, b] < 0:
            return []
        way = [a]
        while way[-1] != b:
            way.append(int(self.next_hop[way[-1], b]))
        return way

    def state(self) -> dict[str, Any]:
        """Everything that a checkpoint needs, fit for JSON; floats come back bit for bit."""
        graph = nx.node_link_data(self.graph, edges="links")
        return {"graph": graph, "version": self.version, "dirty": self.dirty}

    @classmethod
    def restored(cls, state: dict[str, Any]) -> Network:
        """The network whose :meth:`state` this was.

        Its arrays are built from the graph as it is; a change that still waited for its refresh waits again,
        so that both networks refresh at the same moment and count the same versions.
        """
        network = cls(nx.node_link_graph(state["graph"], edges="links"))
        network.version = state["version"]
        network.dirty = state["dirty"]
        return network

    def _node(self, k: int) -> dict[str, Any]:
        require(k in self.graph, "node", k, f"from 0 to {self.nodes - 1}")
        return self.graph.nodes[k]

    def _link(self, a: int, b: int) -> dict[str, Any]:
        self._node(a), self._node(b)
        if not self.graph.has_edge(a, b):
            known = ", ".join(str(k) for k in sorted(self.graph[a])) or "none"
            raise ConfigError(f"no link joins nodes {a} and {b}; node {a} has links to: {known}")
        link: dict[str, Any] = self.graph.edges[a, b]
        return link

    def _change(self, thing: dict[str, Any], attribute: str, value: float) -> None:
        if thing[attribute] != value:
            thing[attribute] = value
            self.dirty = True


@kernel
def trees_toward(distance: Floats, link_s: Floats) -> tuple[Ints32, Ints32]:
    """The tree of shortest paths toward every node, by a breadth-first walk over the links that lie on one.

    Args:
        distance: `[K, K]` seconds, row b summed link by link from b outward; inf if unreachable.
        link_s: `[K, K]` seconds over the direct link, symmetric; inf if there is none.

    Returns:
        `[K, K]` next hop from a toward b, and `[K, K]` hops from a to b; -1 where there is no path. With
        links of latency 0, too, no walk along the next hops can turn in a circle.
    """
    count = distance.shape[0]
    next_hop = np.full((count, count), -1, np.int32)
    hops = np.full((count, count), -1, np.int32)
    queue = np.empty(count, np.int32)
    for b in range(count):
        queue[0] = b
        next_hop[b, b] = b
        hops[b, b] = 0
        seen = 1
        for i in range(count):
            if i == seen:
                break
            j = queue[i]
            for a in range(count):
                if link_s[j, a] == np.inf or distance[b, j] + link_s[j, a] != distance[b, a]:
                    continue
                if hops[a, b] < 0:
                    next_hop[a, b] = j
                    hops[a, b] = hops[j, b] + 1
                    queue[seen] = a
                    seen += 1
                elif hops[a, b] == hops[j, b] + 1 and j < next_hop[a, b]:
                    next_hop[a, b] = j
    return next_hop, hops
