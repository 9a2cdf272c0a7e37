"""The structure as Mesa agents: coordination nodes, clusters, cognitive functions; thin views, no state."""

from __future__ import annotations

import math
from typing import Any, Protocol

import mesa

from .cognition import FUNCTIONS


class StructureView(Protocol):
    """What these agents ask of their model, which offers it as ``model.structure``.

    Numbers are those of the model's arrays: node 0 to K - 1, cluster 0 to Q - 1, zone 0 to Z - 1.
    """

    def cluster_size(self, q: int) -> int:
        """Workers in the cluster."""
        ...

    def cluster_waiting(self, q: int) -> int:
        """Tasks in the cluster's queue."""
        ...

    def cluster_busy(self, q: int) -> int:
        """Tasks in service in the cluster."""
        ...

    def node_of_cluster(self, q: int) -> int:
        """The coordination node that the cluster is under."""
        ...

    def zone_of_cluster(self, q: int) -> int:
        """The zone that the cluster is in."""
        ...

    def clusters_of(self, node: int) -> list[int]:
        """The clusters under a coordination node, ascending."""
        ...

    def node_alive(self, node: int) -> bool:
        """Whether the coordination node is up."""
        ...

    def function_size(self, f: int) -> int:
        """Workers at the cognitive function."""
        ...

    def function_load(self, f: int) -> float:
        """Busy share of the ready workers at the cognitive function, NaN if none is ready."""
        ...


class CoordinationNode(mesa.Agent):  # type: ignore[misc]
    """A coordination node, level 1 of the hierarchy and a vertex of ``model.mesh``.

    Attributes:
        node: its number, 0 to K - 1.
    """

    def __init__(self, model: Any, node: int) -> None:
        super().__init__(model)
        self.node = node

    @property
    def clusters(self) -> list[int]:
        """Numbers of the clusters under this node, ascending."""
        return _structure(self).clusters_of(self.node)

    @property
    def alive(self) -> bool:
        """Whether it is up."""
        return _structure(self).node_alive(self.node)


class Cluster(mesa.Agent):  # type: ignore[misc]
    """A cluster of workers, level 3 of the hierarchy and a vertex of ``model.hierarchy``.

    Attributes:
        cluster: its number, 0 to Q - 1.
    """

    def __init__(self, model: Any, cluster: int) -> None:
        super().__init__(model)
        self.cluster = cluster

    @property
    def size(self) -> int:
        """Workers in it."""
        return _structure(self).cluster_size(self.cluster)

    @property
    def waiting(self) -> int:
        """Tasks in its queue."""
        return _structure(self).cluster_waiting(self.cluster)

    @property
    def in_service(self) -> int:
        """Tasks that its workers are at."""
        return _structure(self).cluster_busy(self.cluster)

    @property
    def node(self) -> int:
        """Number of its coordination node."""
        return _structure(self).node_of_cluster(self.cluster)

    @property
    def zone(self) -> int:
        """Number of its zone."""
        return _structure(self).zone_of_cluster(self.cluster)


class CognitiveNode(mesa.Agent):  # type: ignore[misc]
    """A cognitive function of the whole fleet, a vertex of ``model.cognition``.

    Attributes:
        function: its name, one of :data:`swarmscale.agents.cognition.FUNCTIONS`.
    """

    def __init__(self, model: Any, function: str) -> None:
        super().__init__(model)
        self.function = function

    @property
    def size(self) -> int:
        """Workers at it."""
        return _structure(self).function_size(FUNCTIONS.index(self.function))

    @property
    def load(self) -> float:
        """Busy share of its ready workers, NaN if none is ready."""
        return _structure(self).function_load(FUNCTIONS.index(self.function))

    @property
    def score(self) -> float:
        """Its score in the last probe, as its vertex of ``model.cognition`` has it; NaN before the first."""
        return float(self.model.cognition.nodes[self.function].get("score", math.nan))


def _structure(agent: Any) -> StructureView:
    structure: StructureView = agent.model.structure
    return structure
