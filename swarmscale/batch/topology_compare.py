"""Topologies side by side for the demand of a config: latency, load, cost and what outlives failures."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .. import rng as streams
from ..agents.topology import TOPOLOGIES, Given, Topology
from ..agents.topology.rewiring import rewire
from ..arrays import Floats
from ..errors import ConfigError, require
from ..model.flow.network import Network
from ..model.optimization.strategies.network import demand_weights, possible_latency_s
from ..model.swarm import SwarmModel
from .topology_failures import failures
from .topology_measures import Measured, ends_of, measured

if TYPE_CHECKING:
    import pandas as pd

    from ..model.config import Config

REWIRED = "rewired"
MOST_NODES = 256
"""Above, the losses alone take many minutes for each topology."""


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
    degree = min(4, nodes - 1) if degree is None else degree
    samples = (5000 if nodes <= 64 else 500) if samples is None else samples
    moves = 40_000 if nodes <= 64 else 20_000
    _check(nodes, degree, samples, most)
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
        lost = failures(network.link_s, weights, ends_of(network), most, samples, seed)
        meshes.append(measured(name, words, network, weights, possible_s, lost))
    graph = model.network.graph
    places = np.array([[graph.nodes[k]["x"], graph.nodes[k]["y"]] for k in range(nodes)])
    return Comparison(
        config=config, root_seed=seed, degree=degree, samples=samples, places=places, crosses=crosses,
        meshes=tuple(meshes), left_out=left_out,
    )  # fmt: skip


def _check(nodes: int, degree: int, samples: int, most: int) -> None:
    """Refuse what cannot be compared."""
    require(3 <= nodes <= MOST_NODES, "fleet.nodes", nodes, f"from 3 to {MOST_NODES}")
    require(2 <= degree <= nodes - 1, "--degree", degree, f"from 2 to {nodes - 1}, the nodes but one")
    require(samples >= 2, "--samples", samples, "2 or more")
    require(0 <= most <= 8, "--failures", most, "from 0 to 8")


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
