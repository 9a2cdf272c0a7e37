"""The hierarchy: clusters in zones, zones under coordination nodes, nodes under one orchestrator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

import networkx as nx
import numpy as np
from numpy.typing import NDArray

from ..arrays import Floats, Ints, Ints32
from ..errors import ConfigError, require

type Vertex = tuple[str] | tuple[str, int]
type Attributes = Mapping[str, NDArray[Any]]

NONE: Attributes = MappingProxyType({})


@dataclass(slots=True)
class Hierarchy:
    """Levels 0 to 3 as parent arrays; what a level says to the one below is ``values[parents]``.

    Attributes:
        zone_of_cluster: `[Q]` the zone that each cluster is in, 0 to Z - 1.
        node_of_zone: `[Z]` the coordination node that each zone is under, 0 to K - 1.
        node_of_cluster: `[Q]` ``node_of_zone[zone_of_cluster]``, kept at hand.
        nodes: K, coordination nodes; one may be without clusters.
        zone_clusters: largest number of clusters in a zone.
    """

    zone_of_cluster: Ints32
    node_of_zone: Ints32
    node_of_cluster: Ints32
    nodes: int
    zone_clusters: int

    @classmethod
    def build(cls, clusters: int, nodes: int, zone_clusters: int) -> Hierarchy:
        """Spread clusters over nodes, and each node's clusters over its zones, as evenly as can be.

        Node k has the clusters ``Q * k // K`` to ``Q * (k + 1) // K - 1``; zones are contiguous too.

        Args:
            clusters: Q, 1 or more.
            nodes: K, 1 or more.
            zone_clusters: largest number of clusters in a zone, 1 or more.

        Raises:
            ConfigError: if one of them is below 1.

        >>> Hierarchy.build(clusters=5, nodes=2, zone_clusters=2).zone_of_cluster
        array([0, 0, 1, 2, 2], dtype=int32)
        """
        require(clusters >= 1, "clusters", clusters, "1 or more")
        require(nodes >= 1, "nodes", nodes, "1 or more")
        require(zone_clusters >= 1, "zone_clusters", zone_clusters, "1 or more")
        held = block_sizes(clusters, nodes)
        zones = -(-held // zone_clusters)
        zone_sizes = np.concatenate(
            [block_sizes(int(q), int(z)) for q, z in zip(held, zones, strict=True) if z]
        )
        node_of_zone = np.repeat(np.arange(nodes, dtype=np.int32), zones)
        zone_of_cluster = np.repeat(np.arange(len(zone_sizes), dtype=np.int32), zone_sizes)
        return cls(zone_of_cluster, node_of_zone, node_of_zone[zone_of_cluster], nodes, zone_clusters)

    @property
    def clusters(self) -> int:
        """Q, the number of clusters."""
        return len(self.zone_of_cluster)

    @property
    def zones(self) -> int:
        """Z, the number of zones."""
        return len(self.node_of_zone)

    def add_cluster(self, node: int) -> int:
        """Add a cluster to the node's first zone with room, or to a new zone of that node.

        The arrays are replaced, not grown in place: do not hold on to the old ones.

        Returns:
            The number of the new cluster, which is the old Q.

        Raises:
            ConfigError: if there is no such node.
        """
        require(0 <= node < self.nodes, "node", node, f"from 0 to {self.nodes - 1}")
        sizes = np.bincount(self.zone_of_cluster, minlength=self.zones)
        roomy = np.flatnonzero((self.node_of_zone == node) & (sizes < self.zone_clusters))
        zone = int(roomy[0]) if len(roomy) else self.zones
        if zone == self.zones:
            self.node_of_zone = np.append(self.node_of_zone, np.int32(node))
        self.zone_of_cluster = np.append(self.zone_of_cluster, np.int32(zone))
        self.node_of_cluster = np.append(self.node_of_cluster, np.int32(node))
        return self.clusters - 1

    def put_cluster(self, cluster: int, node: int) -> None:
        """Put a cluster under another node: into its first zone with room, or into a new zone of it.

        Raises:
            ConfigError: if there is no such cluster or node.
        """
        require(0 <= cluster < self.clusters, "cluster", cluster, f"from 0 to {self.clusters - 1}")
        require(0 <= node < self.nodes, "node", node, f"from 0 to {self.nodes - 1}")
        sizes = np.bincount(self.zone_of_cluster, minlength=self.zones)
        roomy = np.flatnonzero((self.node_of_zone == node) & (sizes < self.zone_clusters))
        zone = int(roomy[0]) if len(roomy) else self.zones
        if zone == self.zones:
            self.node_of_zone = np.append(self.node_of_zone, np.int32(node))
        self.zone_of_cluster[cluster] = zone
        self.node_of_cluster[cluster] = node

    def zone_sums[V: (Ints, Floats)](self, values: V) -> V:
        """Sum of `[Q]` values over the clusters of each zone, `[Z]`; see :func:`sums_by_parent`."""
        return sums_by_parent(values, self.zone_of_cluster, self.zones)

    def node_sums[V: (Ints, Floats)](self, values: V) -> V:
        """Sum of `[Q]` values over the clusters of each node, `[K]`; see :func:`sums_by_parent`."""
        return sums_by_parent(values, self.node_of_cluster, self.nodes)

    def clusters_of_node(self) -> tuple[Ints32, Ints32]:
        """The clusters of every node, as `[K + 1]` offsets into `[Q]` members; see :func:`children`."""
        return children(self.node_of_cluster, self.nodes)

    def clusters_of_zone(self) -> tuple[Ints32, Ints32]:
        """The clusters of every zone, as `[Z + 1]` offsets into `[Q]` members; see :func:`children`."""
        return children(self.zone_of_cluster, self.zones)

    def zones_of_node(self) -> tuple[Ints32, Ints32]:
        """The zones of every node, as `[K + 1]` offsets into `[Z]` members; see :func:`children`."""
        return children(self.node_of_zone, self.nodes)

    def graph(
        self,
        *,
        orchestrator: Mapping[str, Any] = NONE,
        nodes: Attributes = NONE,
        zones: Attributes = NONE,
        clusters: Attributes = NONE,
    ) -> nx.DiGraph[Vertex]:
        """Levels 0 to 3 as a tree whose edges point from parent to child.

        Args:
            orchestrator: attributes of the one vertex of level 0.
            nodes: name -> `[K]` attribute of the vertices of level 1.
            zones: name -> `[Z]` attribute of the vertices of level 2.
            clusters: name -> `[Q]` attribute of the vertices of level 3.

        Returns:
            Vertices ``("orchestrator",)``, ``("node", k)``, ``("zone", z)``, ``("cluster", q)``, each with
            its ``level`` and the given attributes as plain Python values.
        """
        graph: nx.DiGraph[Vertex] = nx.DiGraph()
        top: Vertex = ("orchestrator",)
        graph.add_node(top, level=0, **orchestrator)
        level_1 = _add_level(graph, 1, "node", range(self.nodes), nodes)
        level_2 = _add_level(graph, 2, "zone", range(self.zones), zones)
        level_3 = _add_level(graph, 3, "cluster", range(self.clusters), clusters)
        graph.add_edges_from((top, node) for node in level_1)
        graph.add_edges_from((level_1[k], level_2[z]) for z, k in enumerate(self.node_of_zone.tolist()))
        graph.add_edges_from((level_2[z], level_3[q]) for q, z in enumerate(self.zone_of_cluster.tolist()))
        return graph


def add_workers(
    graph: nx.DiGraph[Vertex],
    cluster_of_worker: Ints32 | Ints,
    worker_ids: Ints,
    attributes: Attributes = NONE,
) -> None:
    """Add level 4 to a graph made by :meth:`Hierarchy.graph`, in bulk.

    Args:
        graph: levels 0 to 3; changed in place.
        cluster_of_worker: `[N]` the cluster of each worker; leave out rows that have none.
        worker_ids: `[N]` unique ids, which name the vertices ``("worker", id)``.
        attributes: name -> `[N]` attribute of these vertices.

    Raises:
        ConfigError: if a worker's cluster is not in the graph.
    """
    for q in np.unique(cluster_of_worker).tolist():
        require(("cluster", q) in graph, "cluster_of_worker", q, "a cluster of this hierarchy")
    workers = _add_level(graph, 4, "worker", worker_ids.tolist(), attributes)
    parents = [("cluster", q) for q in cluster_of_worker.tolist()]
    graph.add_edges_from(zip(parents, workers, strict=True))


def block_sizes(items: int, blocks: int) -> Ints:
    """Sizes of contiguous blocks that differ by one at most: `[blocks]` whole numbers, 0 or more.

    >>> block_sizes(7, 3)
    array([2, 2, 3])
    """
    return np.diff(items * np.arange(blocks + 1, dtype=np.int64) // blocks)


def children(parents: Ints32, count: int) -> tuple[Ints32, Ints32]:
    """The children of every parent, as compressed rows.

    Args:
        parents: `[M]` the parent of each child, 0 to ``count - 1``.
        count: number of parents.

    Returns:
        `[count + 1]` offsets and `[M]` members: the children of p, in ascending order, are
        ``members[offsets[p]:offsets[p + 1]]``.

    >>> children(np.array([1, 0, 1], np.int32), 2)
    (array([0, 1, 3], dtype=int32), array([1, 0, 2], dtype=int32))
    """
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum(np.bincount(parents, minlength=count), out=offsets[1:])
    return offsets, np.argsort(parents, kind="stable").astype(np.int32)


def sums_by_parent[V: (Ints, Floats)](values: V, parents: Ints32, count: int) -> V:
    """Sum of the children's values for every parent, in the order of the children.

    Args:
        values: `[M]` one value a child.
        parents: `[M]` the parent of each child, 0 to ``count - 1``.
        count: number of parents.

    Returns:
        `[count]` sums: int64, and exact, if the values are whole numbers, else float64; 0 for no children.
    """
    total = np.zeros(count, np.int64 if values.dtype.kind in "biu" else np.float64)
    np.add.at(total, parents, values.astype(total.dtype, copy=False))
    return cast(V, total)


def _add_level(
    graph: nx.DiGraph[Vertex], level: int, kind: str, numbers: Sequence[int], attributes: Attributes
) -> list[Vertex]:
    """Add one level's vertices, attributes as plain Python values, and hand the vertices back."""
    for name, values in attributes.items():
        if len(values) != len(numbers):
            raise ConfigError(
                f"{kind} attribute {name!r} has {len(values)} values for {len(numbers)} vertices"
            )
    vertices: list[Vertex] = [(kind, i) for i in numbers]
    graph.add_nodes_from(vertices, level=level)
    # a column at a time: networkx takes (vertex, dict) pairs by way of an exception each
    for name, values in attributes.items():
        nx.set_node_attributes(graph, dict(zip(vertices, values.tolist(), strict=True)), name)
    return vertices
