"""Network optimization: the mesh is rewired for the demand under its degree budget; messages are compressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .... import rng as streams
from ....agents.topology.moore import distance_to_moore
from ....agents.topology.rewiring import demand_latency, rewire
from ....arrays import Floats, Ints
from ....errors import require
from ...flow.ledger import HIERARCHY, message
from ..base import Bottleneck, Proposal
from .turning import turn_back, turn_settings

if TYPE_CHECKING:
    from ...swarm import SwarmModel

NAME = "network-optimization"


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkOptimization:
    """Links where they shorten most of what is sent; smaller messages where bandwidth is what takes time.

    Attributes:
        moves: that the search for links makes.
        compression: size of a message over that of the compressed one.
        worth: relative fall of the latency that is worth rewiring.
    """

    moves: int = 5000
    compression: float = 4.0
    worth: float = 0.02

    def __post_init__(self) -> None:
        require(self.moves >= 1, "moves", self.moves, "1 or more")
        require(self.compression > 1, "compression", self.compression, "above 1")
        require(0 <= self.worth < 1, "worth", self.worth, "in [0, 1)")

    def propose(self, model: SwarmModel, found: Bottleneck) -> Proposal | str:
        """See :class:`..base.Strategy`."""
        packed = self._packed(model, found)
        if packed is not None:
            return packed
        network = model.network
        if not (network.alive.all() and network.known.all()):
            return "nodes are down: links are left as they are until they are back"
        links = np.array(sorted((min(a, b), max(a, b)) for a, b in network.graph.edges), np.int64).reshape(
            -1, 2
        )
        degree = int(np.bincount(links.reshape(-1)).max(initial=0))
        if degree >= network.nodes - 1 or network.nodes < 4:
            return "every node has a link to every other one: none can be shortened"
        possible_s, weights = possible_latency_s(model), demand_weights(model)
        if not weights.any():
            return "no task crosses the mesh"
        rng = streams.generator(model.root_seed, f"optimization.rewiring/{network.version}")
        new = rewire(possible_s, weights, degree, rng, self.moves)
        before, after = (demand_latency(possible_s, weights, one) for one in (links, new))
        if after > (1 - self.worth) * before:
            return f"no other links of degree {degree} shorten the way by more than {self.worth:.0%}"
        share = found.station("links").demand_s / found.response_s if found.response_s > 0 else 0.0
        return Proposal(
            strategy=NAME,
            knob="network.topology",
            words=(
                f"{_changed(links, new)} of {len(links)} links are laid anew at degree {degree}: what is sent takes "
                f"{1000 * after:.2f} ms on its way, not {1000 * before:.2f} ms; average path "
                f"{distance_to_moore(new, network.nodes):.1%} above the Moore bound"
            ),
            metric="network_s",
            expected=(after / before - 1) * min(share / max(_network_share(found), 1e-9), 1.0),
            changes={"network.topology": "given", "network.topology.links": tuple(map(tuple, new.tolist()))},
            messages=2 * len(new),
        )

    def _packed(self, model: SwarmModel, found: Bottleneck) -> Proposal | None:
        """Compression, where it promises less time a hop."""
        c = model.config.network
        if c.bandwidth_mbit_s is None or c.compression > 1:
            return None
        plain = 8e-6 * c.task_bytes / c.bandwidth_mbit_s
        packed = plain / self.compression + c.compress_ms / 1000
        if packed >= plain:
            return None
        hops, network_s = found.station("links").visits, _network_share(found) * found.response_s
        return Proposal(
            strategy=NAME,
            knob="network.compression",
            words=(
                f"messages are compressed {self.compression:g} times: {1000 * packed:.2f} ms a hop, not "
                f"{1000 * plain:.2f} ms"
            ),
            metric="network_s",
            expected=max(2 * hops * (packed - plain) / network_s, -1.0) if network_s > 0 else float("nan"),
            changes={"network.compression": self.compression},
        )

    def turn(self, model: SwarmModel, proposal: Proposal) -> Any:
        """See :class:`..base.Strategy`: both ends of each link are told."""
        kept = turn_settings(model, proposal.changes)
        _tell(model, proposal)
        return kept

    def undo(self, model: SwarmModel, proposal: Proposal, kept: Any) -> None:
        """See :class:`..base.Strategy`."""
        turn_back(model, kept)
        _tell(model, proposal)


def _tell(model: SwarmModel, proposal: Proposal) -> None:
    """Count what laying links anew costs: once in all shards."""
    flow = model.flow
    if proposal.messages and (flow.border is None or flow.border.first):
        far = flow.network.latency_s[flow.network.latency_s < np.inf]
        message(flow.ledger, HIERARCHY, proposal.messages, flow.mesh.control_bytes, float(far.mean()))


def possible_latency_s(model: SwarmModel) -> Floats:
    """`[K, K]` latency that a link between each two nodes has or would have, s; from their places."""
    graph, (low, high) = model.network.graph, model.config.network.latency_ms
    places = np.array([[graph.nodes[k]["x"], graph.nodes[k]["y"]] for k in range(len(graph))])
    length = np.linalg.norm(places[:, None] - places[None], axis=2)
    out = (low + (high - low) * length / np.sqrt(2.0)) / 1000.0
    np.fill_diagonal(out, 0.0)
    return np.asarray(out)


def demand_weights(model: SwarmModel) -> Floats:
    """`[K, K]` share of the tasks that go from each entry node to each home, by what entry nodes know of the others."""
    flow = model.flow
    first = np.diff(flow.demand.entry_share, prepend=0.0)
    ready = flow.told[0].astype(np.float64)
    others = ready / ready.sum() if ready.sum() else np.full(len(ready), 1 / len(ready))
    out = np.outer(first, (1 - flow.locality) * others)
    np.fill_diagonal(out, 0.0)
    return np.asarray(out)


def _changed(old: Ints, new: Ints) -> int:
    return len(set(map(tuple, new.tolist())) - set(map(tuple, old.tolist())))


def _network_share(found: Bottleneck) -> float:
    """Share of the response time that is the network part."""
    away = sum(
        found.station(name).demand_s + found.station(name).wait_s for name in ("ingress", "links", "dispatch")
    )
    return away / found.response_s if found.response_s > 0 else 0.0
