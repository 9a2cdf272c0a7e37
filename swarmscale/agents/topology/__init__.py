"""Topologies: which coordination nodes are linked."""

from __future__ import annotations

from ...choices import Choices
from .base import Topology, links_of
from .given import Given
from .hypercube import Hypercube
from .mesh import Mesh
from .optimized import Optimized
from .ring import Ring
from .scale_free import ScaleFree
from .small_world import SmallWorld
from .torus import Torus
from .tree import Tree

TOPOLOGIES: Choices[Topology] = Choices(
    "topology",
    mesh=Mesh,
    ring=Ring,
    torus=Torus,
    **{"small-world": SmallWorld, "scale-free": ScaleFree},
    hypercube=Hypercube,
    tree=Tree,
    given=Given,
    optimized=Optimized,
)

__all__ = [
    "TOPOLOGIES",
    "Given",
    "Hypercube",
    "Mesh",
    "Optimized",
    "Ring",
    "ScaleFree",
    "SmallWorld",
    "Topology",
    "Torus",
    "Tree",
    "links_of",
]
