"""The integration graph: components and edges with what was sent, what acted, how late, and how healthy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import networkx as nx

from .edges import COMPONENTS, EDGES, Edge

if TYPE_CHECKING:
    from .bus import Bus


def integration_graph(bus: Bus) -> nx.DiGraph[str]:
    """Six components and both directions of the seed's seven links.

    Vertices carry ``there``. Edges carry the counters ``sent``, ``consumed``, ``duplicates`` (copies refused),
    ``gaps``, ``lost`` and ``resubscriptions``, ``lag_s`` (from sending to acting, of the last event that acted),
    ``waits_s`` (how long the oldest event waits that has not), ``health`` and ``state``: see :func:`state_of`.
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    for name in COMPONENTS:
        graph.add_node(name, there=name in bus.there)
    for key in EDGES:
        edge = bus.edges[key]
        graph.add_edge(
            *key,
            sent=edge.sent,
            consumed=edge.consumed - edge.lost,
            duplicates=edge.duplicates,
            gaps=edge.gaps,
            lost=edge.lost,
            resubscriptions=edge.resubscriptions,
            lag_s=edge.lag_s,
            waits_s=edge.waits_s(bus.now_s),
            health=edge.health(),
            state=state_of(bus, edge),
        )
    return graph


def state_of(bus: Bus, edge: Edge) -> str:
    """What an edge looks like from its receiver's end.

    Returns:
        "absent" (one of its ends is not there), "repaired" (it was named and subscribed anew in the last two
        periods), "faulty" (the same, but nothing was repaired), "behind" (an event waits for longer than two periods
        to act), or "sound".
    """
    if not bus.carries(edge.sender, edge.receiver):
        return "absent"
    for found in reversed(bus.findings):
        if found.time_s < bus.now_s - bus.due_s:
            break
        if (found.sender, found.receiver) == (edge.sender, edge.receiver):
            return "faulty" if found.replayed < 0 else "repaired"
    return "behind" if edge.waits_s(bus.now_s) > bus.due_s else "sound"
