"""What structural agents ask about clusters and nodes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..agents.assignment import Assignment
from .flow.engine import TaskFlow
from .sharding.territory import Territory


@dataclass(frozen=True, slots=True)
class Structure:
    """The arrays of a flow, one number at a time; see :class:`swarmscale.agents.nodes.StructureView`."""

    flow: TaskFlow
    assignment: Assignment
    territory: Territory

    def _at(self, q: int) -> int:
        """Place of a cluster in the arrays here."""
        return q if self.territory.alone else int(self.territory.place(np.array([q]))[0])

    def cluster_size(self, q: int) -> int:
        """Agents in a cluster."""
        return int(self.flow.fleet.size[self._at(q)])

    def cluster_waiting(self, q: int) -> int:
        """Tasks in a cluster's queue."""
        return int(self.flow.state.waiting[self._at(q)])

    def cluster_busy(self, q: int) -> int:
        """Tasks in the hands of a cluster's agents."""
        return int(self.flow.state.in_service[self._at(q)])

    def node_of_cluster(self, q: int) -> int:
        """The node that a cluster is under."""
        return int(self.flow.hierarchy.node_of_cluster[self._at(q)])

    def zone_of_cluster(self, q: int) -> int:
        """The zone that a cluster is in."""
        return int(self.flow.hierarchy.zone_of_cluster[self._at(q)])

    def clusters_of(self, node: int) -> list[int]:
        """The clusters under a node."""
        here = np.flatnonzero(self.flow.hierarchy.node_of_cluster == node)
        return [int(q) for q in self.territory.clusters[here]]

    def node_alive(self, node: int) -> bool:
        """Whether a node answers."""
        self.flow.network.refresh()
        return bool(self.flow.network.alive[node])

    def function_size(self, f: int) -> int:
        """Agents at a cognitive function."""
        self.assignment.update(self.flow.fleet)
        return int(self.assignment.agents()[f])

    def function_load(self, f: int) -> float:
        """Busy share of the ready agents at a cognitive function, NaN if none is ready."""
        return float(self.assignment.load(self.flow.fleet)[f])
