"""Nodes that stop and links that fail: who holds them broken, when that is believed, and how the fleet goes round."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import ceil, log
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import rng
from ...arrays import Ints
from ...errors import ConfigError
from ..flow.ledger import HIERARCHY, message
from .incidents import Suspicion
from .watching import Tier

if TYPE_CHECKING:
    from ..flow.network import Network
    from .engine import Resilience

type Link = tuple[int, int]
type Holders[K] = dict[K, dict[int, float]]


@dataclass(slots=True)
class MeshFaults:
    """What is wrong with nodes and links; each thing is broken as long as any incident holds it.

    Attributes:
        of: the engine.
        stopped: incidents that hold each stopped node, with the time since when, s.
        cut: incidents that hold each cut link, with the time since when, s.
        lossy: incidents that hold a link lossy, with the chance of loss.
        slowed: incidents that hold a link slow, with the factor.
        avoided: incidents for which a link that carries is avoided all the same, since it loses too much.
        moved: the node that each re-homed zone belongs to.
        booting: nodes that have booted and are not heard yet, with the incident that ends then.
    """

    of: Resilience
    stopped: Holders[int] = field(default_factory=dict)
    cut: Holders[Link] = field(default_factory=dict)
    lossy: Holders[Link] = field(default_factory=dict)
    slowed: Holders[Link] = field(default_factory=dict)
    avoided: dict[Link, int] = field(default_factory=dict)
    moved: dict[int, int] = field(default_factory=dict)
    booting: dict[int, int] = field(default_factory=dict)

    @property
    def network(self) -> Network:
        """The mesh."""
        return self.of.flow.network

    # -- nodes ------------------------------------------------------------------------------------------------

    def stop(self, nodes: Ints, incident: int) -> None:
        """Nodes stop."""
        of = self.of
        if not of.territory.alone:
            raise ConfigError(
                f"nodes {nodes.tolist()} cannot stop in a model that is shared out over shards: their zones would move"
            )
        for k in nodes.tolist():
            held = self.stopped.setdefault(k, {})
            held[incident] = of.now_s
            if len(held) > 1:
                continue
            earlier = self.booting.pop(k, None)
            if earlier is not None:
                of.log.recover(
                    earlier, of.now_s, f"node {k} stopped again: the next incident goes on with it"
                )
            self.network.set_node(k, up=False)
            at = of.watch.found_s(Tier.NODE, np.array([k]), np.array([k]), np.array([of.now_s]))
            of.agenda.add(float(at[0]), "node", (k,), of.now_s)
        of.severed = True

    def start(self, nodes: Ints, incident: int) -> None:
        """Nodes boot, unless another incident holds them; they serve as soon as the others have heard them."""
        of = self.of
        for k in nodes.tolist():
            held = self.stopped.get(k, {})
            if held.pop(incident, None) is None or held:
                continue
            del self.stopped[k]
            self.booting[k] = incident
            of.log.note(incident, of.now_s, f"node {k} has booted")
            heard = of.watch.heard_s(Tier.NODE, np.array([k]), np.array([of.now_s]))
            of.agenda.add(float(heard[0]), "node-heard", (k,), of.now_s)

    def node_suspected(self, k: int, time_s: float, since: float) -> None:
        """The leads under a node hold it to be dead: paths go round it, and its zones find another node."""
        of = self.of
        held = self.stopped.get(k, {})
        if not held or min(held.values()) != since:
            return
        of.log.suspect(Suspicion(time_s=time_s, tier="node", target=f"node {k}", incident=min(held)))
        for incident in held:
            of.log.find(incident, time_s, f"node {k} suspected")
        if not of.recovery.on or not of.recovery.reroute:
            return
        self.network.set_node(k, known=False)
        if of.recovery.rehome and of.territory.alone:
            self._rehome(k, time_s)
            for incident in held:
                of.log.recover(incident, time_s, f"zones of node {k} are under other nodes")

    def node_heard(self, k: int, time_s: float) -> None:
        """A node's heartbeats come again: it serves, paths lead over it, and its zones come back."""
        if k in self.stopped or k not in self.booting:
            return
        of = self.of
        of.log.recover(self.booting.pop(k), time_s, f"node {k} answers again")
        for servers in (of.flow.ingress_servers, of.flow.dispatch_servers):
            servers.free_at[k], servers.in_service[k] = max(servers.free_at[k], of.now_s), 0
        of.log.clear(f"node {k}", time_s)
        self.network.set_node(k, up=True, known=True)
        of.severed = True
        back = [zone for zone, home in self.moved.items() if home == k]
        for zone in back:
            self._put(zone, k)
            del self.moved[zone]
        if back:
            self.of.structure_changed()

    def node_alarm(self, k: int, time_s: float, cleared_s: float) -> None:
        """A node that answers is held to be dead: paths go round it until it is heard; its zones stay."""
        of = self.of
        if k in self.stopped or k in self.booting or not self.network.graph.nodes[k]["known"]:
            return
        of.log.suspect(Suspicion(time_s=time_s, tier="node", target=f"node {k}", cleared_s=cleared_s))
        if of.recovery.on and of.recovery.reroute:
            self.network.set_node(k, known=False)
            of.agenda.add(cleared_s, "node-cleared", (k,))

    def node_cleared(self, k: int) -> None:
        """A node that was suspected falsely is heard again, unless it has stopped meanwhile."""
        if k not in self.stopped and k not in self.booting:
            self.network.set_node(k, known=True)

    def _rehome(self, k: int, time_s: float) -> None:
        """Put the zones of a dead node under the live nodes that have the fewest agents."""
        hierarchy, size = self.of.model.hierarchy_arrays, self.of.fleet.size
        live = [n for n in range(hierarchy.nodes) if n != k and self.network.graph.nodes[n]["known"]]
        if not live:
            return
        held = hierarchy.node_sums(size)
        for zone in np.flatnonzero(hierarchy.node_of_zone == k).tolist():
            to = min(live, key=lambda n: (held[n], n))
            inside = hierarchy.zone_of_cluster == zone
            held[to] += int(size[inside].sum())
            self.moved.setdefault(zone, k)
            self._put(zone, to)
            message(
                self.of.flow.ledger,
                HIERARCHY,
                2 * int(inside.sum()),
                self.of.flow.mesh.control_bytes,
                self.of.flow.local_s,
            )
        self.of.structure_changed()

    def _put(self, zone: int, node: int) -> None:
        hierarchy = self.of.model.hierarchy_arrays
        hierarchy.node_of_zone[zone] = node
        hierarchy.node_of_cluster[hierarchy.zone_of_cluster == zone] = node

    # -- links ------------------------------------------------------------------------------------------------

    def links(self) -> Ints:
        """`[L, 2]` the links of the mesh, a < b, in order."""
        return np.array(sorted((min(e), max(e)) for e in self.network.graph.edges), np.int64).reshape(-1, 2)

    def cut_links(self, links: Ints, incident: int) -> None:
        """Links carry nothing any more."""
        for link in pairs(links):
            held = self.cut.setdefault(link, {})
            held[incident] = self.of.now_s
            if len(held) == 1:
                self.network.set_link(*link, up=False)
                self.of.agenda.add(self._missed(link, self.of.now_s), "link", link, self.of.now_s)
            elif not self.network.graph.edges[link]["known"]:
                self.of.log.find(incident, self.of.now_s, "known already")
                self.of.log.recover(
                    incident, self.of.now_s, f"link {link[0]}-{link[1]}: paths go round it already"
                )
        self.of.severed = True

    def mend_links(self, links: Ints, incident: int) -> None:
        """Cut links carry again, unless another incident holds them."""
        of = self.of
        for link in pairs(links):
            held = self.cut.get(link, {})
            if held.pop(incident, None) is None or held:
                continue
            del self.cut[link]
            self.network.set_link(*link, up=True)
            of.log.recover(incident, of.now_s, f"link {link[0]}-{link[1]} carries again")
            of.agenda.add(self._heard(link), "link-heard", link, of.now_s)
        of.severed = True

    def link_suspected(self, link: Link, time_s: float, since: float) -> None:
        """A neighbor hears nothing over a link any more: paths go round it."""
        held = self.cut.get(link, {})
        if not held or min(held.values()) != since:
            return
        self._believe_dead(link, time_s, list(held))

    def link_alarm(self, link: Link, time_s: float, cleared_s: float) -> None:
        """A link that carries is held to be dead: paths go round it until something is heard over it."""
        of = self.of
        if link in self.cut or not self.network.graph.edges[link]["known"]:
            return
        name = f"link {link[0]}-{link[1]}"
        of.log.suspect(Suspicion(time_s=time_s, tier="link", target=name, cleared_s=cleared_s))
        if of.recovery.on and of.recovery.reroute:
            self.network.set_link(*link, known=False)
            of.agenda.add(cleared_s, "link-heard", link)

    def link_heard(self, link: Link, time_s: float) -> None:
        """Heartbeats come over a link again: paths lead over it."""
        if link not in self.cut and link not in self.avoided:
            self.network.set_link(*link, known=True)
            self.of.log.clear(f"link {link[0]}-{link[1]}", time_s)

    def _believe_dead(self, link: Link, time_s: float, incidents: list[int]) -> None:
        of = self.of
        name = f"link {link[0]}-{link[1]}"
        of.log.suspect(Suspicion(time_s=time_s, tier="link", target=name, incident=min(incidents)))
        for incident in incidents:
            of.log.find(incident, time_s, f"{name} suspected")
        if of.recovery.on and of.recovery.reroute:
            self.network.set_link(*link, known=False)
            for incident in incidents:
                of.log.recover(incident, time_s, f"paths go round {name}")

    def lose_on_links(self, links: Ints, loss: float | None, incident: int) -> None:
        """Links lose messages; they are avoided from the first heartbeat on that is lost with all its retries."""
        of, base = self.of, self.of.model.config.network.loss
        for link in pairs(links):
            held = self.lossy.setdefault(link, {})
            if loss is None:
                if held.pop(incident, None) is not None:
                    of.log.recover(incident, of.now_s, f"link {link[0]}-{link[1]} loses no more than it did")
                    if self.avoided.get(link) == incident:
                        del self.avoided[link]
                        of.agenda.add(self._heard(link), "link-heard", link, of.now_s)
            else:
                held[incident] = loss
                of.agenda.add(self._first_lost(link, loss, incident), "lossy", link, float(incident))
            self.network.set_link(*link, loss=max([base, *held.values()]))

    def lossy_suspected(self, link: Link, time_s: float, incident: int) -> None:
        """So much was lost on a link that its neighbor holds it to be dead."""
        if incident in self.lossy.get(link, {}):
            self.avoided[link] = incident
            self._believe_dead(link, time_s, [incident])

    def slow_links(self, links: Ints, factor: float, incident: int) -> None:
        """Links take longer; after two heartbeats their nodes know how long, and paths follow."""
        of = self.of
        for link in pairs(links):
            held = self.slowed.setdefault(link, {})
            if factor == 1.0:
                if held.pop(incident, None) is not None:
                    of.log.recover(incident, of.now_s, f"link {link[0]}-{link[1]} is as fast as made")
            else:
                held[incident] = factor
            now = max([1.0, *held.values()])
            self.network.set_link(*link, factor=now)
            known_s = of.now_s + 2 * of.settings.detection.interval_s
            of.agenda.add(known_s, "seen", link, float(incident))

    def slowness_seen(self, link: Link, time_s: float, incident: int) -> None:
        """The nodes at a link have measured its latency anew."""
        of, factor = self.of, max([1.0, *self.slowed.get(link, {}).values()])
        name = f"link {link[0]}-{link[1]}"
        if incident in self.slowed.get(link, {}):
            of.log.find(incident, time_s, f"{name} takes {factor:g} times as long")
        if of.recovery.on and of.recovery.reroute:
            self.network.set_link(*link, seen=factor)
            if incident in self.slowed.get(link, {}):
                of.log.recover(incident, time_s, f"paths weigh {name} by its latency now")

    def _missed(self, link: Link, silent_s: float) -> float:
        """When the first of a link's two ends misses the other's heartbeats, s."""
        nodes = self.network.nodes
        ids = np.array([link[0] * nodes + link[1], link[1] * nodes + link[0]])
        return float(self.of.watch.found_s(Tier.LINK, ids, ids, np.full(2, silent_s)).min())

    def _heard(self, link: Link) -> float:
        """When both ends of a link have heard each other again, s."""
        nodes = self.network.nodes
        ids = np.array([link[0] * nodes + link[1], link[1] * nodes + link[0]])
        return float(self.of.watch.heard_s(Tier.LINK, ids, np.full(2, self.of.now_s)).max())

    def _first_lost(self, link: Link, loss: float, incident: int) -> float:
        """When a neighbor holds a lossy link to be dead: silence from the first heartbeats on that are lost for good.

        A heartbeat is sent again as every message is, so it is lost with the chance loss ** (retries + 1); the
        detector needs ``missed`` + 1 of them in a row, whose first is geometric but for runs that overlap.
        """
        of, nodes = self.of, self.network.nodes
        chance = loss ** (of.flow.mesh.retries + 1)
        chance **= of.settings.detection.missed + 1
        if chance <= 0.0:
            return np.inf
        key = rng.key(of.model.root_seed, f"resilience.lost/{of.log[incident].key}")
        u = rng.unit32(rng.draw(link[0] * nodes + link[1], 0, key)[0])
        beats = 1 if chance >= 1.0 else ceil(log(u) / log(1.0 - chance))
        return self._missed(link, of.now_s + (beats - 1) * of.settings.detection.interval_s)

    # -- memory -----------------------------------------------------------------------------------------------

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        kept: dict[str, Any] = {
            name: [(key, list(held.items())) for key, held in getattr(self, name).items()]
            for name in ("stopped", "cut", "lossy", "slowed")
        }
        return kept | {
            "avoided": list(self.avoided.items()),
            "moved": list(self.moved.items()),
            "booting": list(self.booting.items()),
        }

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        for name in ("stopped", "cut", "lossy", "slowed"):
            setattr(self, name, {key: dict(held) for key, held in memory[name]})
        for name in ("avoided", "moved", "booting"):
            setattr(self, name, dict(memory[name]))


def pairs(links: Ints) -> list[Link]:
    """`[n, 2]` links as pairs, the lower node first."""
    return [(min(a, b), max(a, b)) for a, b in np.asarray(links, np.int64).reshape(-1, 2).tolist()]
