"""Topologies side by side for the demand of a config: latency, load, cost and what outlives failures."""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import rng as streams
from ..agents.topology import TOPOLOGIES, Given, Topology
from ..agents.topology.moore import average_hops, moore_bound
from ..agents.topology.rewiring import rewire
from ..arrays import Floats, Ints
from ..errors import ConfigError, require
from ..model.flow.network import Network
from ..model.metric import jain
from ..model.optimization.strategies.network import demand_weights, possible_latency_s
from ..model.swarm import SwarmModel
from .topology_failures import Failure, failures

if TYPE_CHECKING:
    import pandas as pd

    from ..model.config import Config

REWIRED = "rewired"
MOST_NODES = 256
"""Above, the losses alone take many minutes for each topology."""

MEASURES: dict[str, tuple[str, str]] = {
    "links": ("", "links of the mesh"),
    "degree": ("", "links of the node that has most"),
    "length": ("sides", "sum of the lengths of all links, in sides of the unit square: what they cost to lay"),
    "link_latency_s": ("s", "sum of the latencies of all links: the same cost by the law of latency"),
    "latency_s": ("s", "mean latency of what crosses the mesh on its shortest path, weighted by the demand; without "
                  "jitter, losses and waiting"),
    "over_complete": ("", "that latency over the one of the full mesh, which no mesh of these places undercuts"),
    "hops": ("", "mean links on the way, weighted by the demand"),
    "path": ("", "mean hops of the path with fewest, over all pairs of nodes alike"),
    "above_moore": ("share", "by how much that is above the Moore bound of this number of nodes and largest degree"),
    "busiest": ("share", "share of what crosses the mesh that goes over its busiest link, both ways"),
    "jain": ("share", "Jain's index of the loads of all links: 1 if they carry alike, 1 / links if one carries all"),
    "connectivity": ("", "second smallest eigenvalue of the Laplacian (Fiedler 1973): 0 if the mesh falls apart, K "
                     "for a full mesh of K nodes"),
}  # fmt: skip
"""Unit and definition of each measure of a mesh."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A mesh and what it is worth for the demand; see :data:`MEASURES`.

    Attributes:
        name: of the topology, or ``rewired``.
        words: its settings.
        ends: `[E, 2]` its links.
        load: `[E]` share of what crosses the mesh that goes over each.
        values: each measure.
        failures: what outlives losses of nodes and links.
    """

    name: str
    words: str
    ends: Ints
    load: Floats
    values: dict[str, float]
    failures: tuple[Failure, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Topologies on the same places under the same demand.

    Attributes:
        config: whose demand it is.
        root_seed: determines places, links and samples.
        degree: of the rewired and the optimized mesh.
        samples: sets of each size of loss at most.
        places: `[K, 2]` of the nodes in the unit square.
        crosses: share of the tasks that cross the mesh.
        meshes: in the order of the table of topologies; last the rewired one.
        left_out: topologies that cannot link so many nodes, and why.
    """

    config: Config
    root_seed: int
    degree: int
    samples: int
    places: Floats
    crosses: float
    meshes: tuple[Measured, ...]
    left_out: dict[str, str]

    def frame(self) -> pd.DataFrame:
        """A row a mesh."""
        import pandas as pd

        rows = [{"topology": m.name, "settings": m.words, **m.values} for m in self.meshes]
        return pd.DataFrame(rows)

    def failures_frame(self) -> pd.DataFrame:
        """A row for each mesh, kind and number of losses."""
        import pandas as pd

        rows = [{"topology": m.name, **dataclasses.asdict(f)} for m in self.meshes for f in m.failures]
        return pd.DataFrame(rows)


def compare_topologies(
    config: Config, rng: object = 7, *, degree: int | None = None, samples: int | None = None, most: int = 3
) -> Comparison:
    """Lay every registered topology, and one rewired for the demand, over the same places and measure them.

    The topology that the config has keeps its settings; ``optimized`` takes the degree that is asked for, all others
    are as they are by default. A topology ``given`` without links is a ring and left out.

    Args:
        config: gives nodes, law of latency, entry shares and locality.
        rng: seed of places, links and samples.
        degree: of the rewired and the optimized mesh, from 2 to nodes - 1; by default 4, or as many as there can be.
        samples: sets of each size of loss at most, 2 or more; by default 5,000, and 500 above 64 nodes.
        most: nodes or links that are lost at a time, 0 or more.

    Raises:
        ConfigError: if there are too few or too many nodes, nothing crosses the mesh, or an argument breaks its rule.
    """
    nodes = config.fleet.nodes
    require(3 <= nodes <= MOST_NODES, "fleet.nodes", nodes, f"from 3 to {MOST_NODES}")
    moves = 40_000 if nodes <= 64 else 20_000
    degree = min(4, nodes - 1) if degree is None else degree
    require(2 <= degree <= nodes - 1, "--degree", degree, f"from 2 to {nodes - 1}, the nodes but one")
    samples = (5000 if nodes <= 64 else 500) if samples is None else samples
    require(samples >= 2, "--samples", samples, "2 or more")
    require(0 <= most <= 8, "--failures", most, "from 0 to 8")
    model = SwarmModel(config.changed({"network.topology": "ring"}), rng=rng)
    seed, possible_s, weights = model.root_seed, possible_latency_s(model), demand_weights(model)
    crosses = float(weights.sum())
    if crosses <= 0:
        raise ConfigError(
            f"demand.locality = {config.demand.locality:g}: nothing crosses the mesh, so no topology is better"
        )
    weights /= crosses
    own = rewire(possible_s, weights, degree, streams.generator(seed, "topology.rewired"), moves)
    chosen, left_out = _chosen(config, degree)
    chosen[REWIRED] = Given(links=tuple((a, b) for a, b in own.tolist()))
    meshes = []
    for name, topology in chosen.items():
        try:
            network = Network.build(topology, nodes, config.network.latency_ms, seed)
        except ConfigError as error:
            left_out[name] = str(error)
            continue
        words = f"degree {degree}" if name == REWIRED else _words(topology)
        lost = failures(network.link_s, weights, _ends(network), most, samples, seed)
        meshes.append(measured(name, words, network, weights, possible_s, lost))
    graph = model.network.graph
    places = np.array([[graph.nodes[k]["x"], graph.nodes[k]["y"]] for k in range(nodes)])
    return Comparison(
        config=config, root_seed=seed, degree=degree, samples=samples, places=places, crosses=crosses,
        meshes=tuple(meshes), left_out=left_out,
    )  # fmt: skip


def _chosen(config: Config, degree: int) -> tuple[dict[str, Topology], dict[str, str]]:
    """Topologies by name, and those that are left out."""
    mine: Any = config.network.topology
    chosen: dict[str, Topology] = {}
    for name in TOPOLOGIES:
        own = TOPOLOGIES.name_of(mine) == name
        chosen[name] = (
            mine if own else TOPOLOGIES.make(name, **({"degree": degree} if name == "optimized" else {}))
        )
    if TOPOLOGIES.name_of(mine) is None:
        chosen[type(mine).__name__] = mine
    given = chosen.get("given")
    if isinstance(given, Given) and not given.links:
        del chosen["given"]
        return chosen, {"given": "no links are given (network.topology.links)"}
    return chosen, {}


def _words(topology: Any) -> str:
    """Settings of a topology; of given links how many there are."""
    if isinstance(topology, Given):
        return f"{len(topology.links)} links"
    fields = dataclasses.fields(topology) if dataclasses.is_dataclass(topology) else ()
    return ", ".join(f"{f.name} {getattr(topology, f.name)}" for f in fields)


def _ends(network: Network) -> Ints:
    """`[E, 2]` links as (lower, higher), in ascending order."""
    ends = sorted((min(a, b), max(a, b)) for a, b in network.graph.edges)
    return np.array(ends, np.int64).reshape(-1, 2)


def measured(
    name: str, words: str, network: Network, weights: Floats, possible_s: Floats, lost: tuple[Failure, ...]
) -> Measured:
    """A mesh with all of its measures.

    Args:
        name: of the topology.
        words: its settings.
        network: nothing of it is down.
        weights: `[K, K]` how much is sent, 0 to itself; sums to 1.
        possible_s: `[K, K]` s over each possible link.
        lost: what outlives failures.
    """
    ends, nodes = _ends(network), network.nodes
    degree = int(np.bincount(ends.reshape(-1), minlength=nodes).max())
    places = np.array([[network.graph.nodes[k]["x"], network.graph.nodes[k]["y"]] for k in range(nodes)])
    load = loads(network, weights)[ends[:, 0], ends[:, 1]]
    latency_s, path = float((network.latency_s * weights).sum()), average_hops(ends, nodes)
    values = {
        "links": len(ends),
        "degree": degree,
        "length": float(np.linalg.norm(places[ends[:, 0]] - places[ends[:, 1]], axis=1).sum()),
        "link_latency_s": float(network.link_s[ends[:, 0], ends[:, 1]].sum()),
        "latency_s": latency_s,
        "over_complete": latency_s / fastest_s(possible_s, weights),
        "hops": float((network.hops * weights).sum()),
        "path": path,
        "above_moore": path / moore_bound(nodes, degree) - 1.0,
        "busiest": float(load.max()),
        "jain": jain(load),
        "connectivity": algebraic_connectivity(ends, nodes),
    }
    return Measured(name=name, words=words, ends=ends, load=load, values=values, failures=lost)


def fastest_s(possible_s: Floats, weights: Floats) -> float:
    """Mean latency of what is sent over the full mesh, s; NaN if that is 0."""
    total = float((possible_s * weights).sum())
    return total if total > 0 else math.nan


def loads(network: Network, weights: Floats) -> Floats:
    """`[K, K]` how much goes over each link, both ways, on the paths that messages take; 0 where there is no link.

    Args:
        network: its next hops as of the last refresh.
        weights: `[K, K]` how much is sent.
    """
    out = np.zeros_like(weights)
    here, goal = np.nonzero(weights)
    much = weights[here, goal]
    while len(here):
        after = network.next_hop[here, goal].astype(np.int64)
        np.add.at(out, (here, after), much)
        going = after != goal
        here, goal, much = after[going], goal[going], much[going]
    return np.asarray(out + out.T)


def algebraic_connectivity(links: Ints, nodes: int) -> float:
    """Second smallest eigenvalue of the Laplacian: how hard the mesh is to cut in two.

    Args:
        links: `[E, 2]`.
        nodes: K, 2 or more.

    Source:
        Fiedler (1973), *Czechoslovak Mathematical Journal* 23(98).
    """
    laplacian = np.zeros((nodes, nodes))
    laplacian[links[:, 0], links[:, 1]] = laplacian[links[:, 1], links[:, 0]] = -1.0
    np.fill_diagonal(laplacian, -laplacian.sum(axis=1))
    return max(0.0, float(np.linalg.eigvalsh(laplacian)[1]))
