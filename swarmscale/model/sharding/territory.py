"""Which nodes and clusters a shard holds, and how numbers there and in the whole model belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ...agents.hierarchy import Hierarchy
from ...arrays import Bools, Ints
from ...errors import require


@dataclass(slots=True)
class Territory:
    """The coordination nodes of a shard, which stand side by side, and all clusters under them.

    A cluster has two numbers: one in the whole model, and its place among those here, which are in the order of
    their numbers. So have rows of the fleet. In a model of one shard both are the same.

    Attributes:
        rank: number of the shard.
        size: number of shards.
        bounds: `[S + 1]` the first node of each shard.
        owner: `[Q]` shard that holds each cluster.
        clusters: `[Q here]` numbers of the clusters here, ascending.
    """

    rank: int
    size: int
    bounds: Ints
    owner: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    clusters: Ints = field(default_factory=lambda: np.zeros(0, np.int64))

    @classmethod
    def of(cls, rank: int, size: int, hierarchy: Hierarchy) -> Territory:
        """The part of one shard of several.

        Raises:
            ConfigError: if there are more shards than nodes.
        """
        nodes = hierarchy.nodes
        require(size <= nodes, "shards", size, f"at most fleet.nodes = {nodes}")
        made = cls(rank, size, np.arange(size + 1, dtype=np.int64) * nodes // size)
        made.follow(hierarchy)
        return made

    def follow(self, hierarchy: Hierarchy) -> None:
        """Look anew at who holds which clusters."""
        self.owner = np.searchsorted(self.bounds, hierarchy.node_of_cluster, side="right") - 1
        self.clusters = np.flatnonzero(self.owner == self.rank)

    @property
    def alone(self) -> bool:
        """Whether everything is here."""
        return self.size == 1

    def nodes(self, rank: int | None = None) -> slice:
        """The nodes of a shard, of this one if none is given."""
        r = self.rank if rank is None else rank
        return slice(int(self.bounds[r]), int(self.bounds[r + 1]))

    def here(self) -> Bools:
        """`[K]` whether a node is here."""
        mine = np.zeros(int(self.bounds[-1]), np.bool_)
        mine[self.nodes()] = True
        return mine

    def part(self, hierarchy: Hierarchy) -> Hierarchy:
        """The hierarchy of the clusters here, with all zones and nodes; the same object where all are here."""
        if self.alone:
            return hierarchy
        return Hierarchy(
            hierarchy.zone_of_cluster[self.clusters],
            hierarchy.node_of_zone,
            hierarchy.node_of_cluster[self.clusters],
            hierarchy.nodes,
            hierarchy.zone_clusters,
        )

    def spread(self, parts: Sequence[Ints]) -> Ints:
        """`[..., Q]` from what each shard says of its clusters, `[..., Q there]`."""
        if self.alone:
            return parts[0]
        out = np.empty((*parts[0].shape[:-1], len(self.owner)), parts[0].dtype)
        for rank, part in enumerate(parts):
            out[..., self.owner == rank] = part
        return out

    def place(self, clusters: Ints) -> Ints:
        """`[n]` places here of clusters by their numbers, -1 for those elsewhere."""
        if self.alone:
            return clusters
        at = np.searchsorted(self.clusters, clusters)
        found = self.clusters[np.minimum(at, len(self.clusters) - 1)] == clusters
        return np.where(found, at, -1)

    def rows_of_all(self, rows: Ints, slots: int) -> Ints:
        """`[n]` numbers in the whole fleet of rows here."""
        return rows if self.alone else self.clusters[rows // slots] * slots + rows % slots

    def rows_here(self, rows: Ints, slots: int) -> Ints:
        """Rows here of those among rows of the whole fleet that are here, in their order."""
        if self.alone:
            return rows
        at = self.place(rows // slots)
        return (at * slots + rows % slots)[at >= 0]
