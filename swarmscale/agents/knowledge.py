"""The nine domains of knowledge that a fleet shares, and how strongly they are linked: at the start and by use."""

from __future__ import annotations

import networkx as nx
import numpy as np

from ..arrays import Bools, Floats, Ints

DOMAINS = (
    "market-dynamics",
    "agent-behavior",
    "coordination-strategies",
    "economic-principles",
    "social-patterns",
    "optimization-techniques",
    "risk-management",
    "innovation-processes",
    "collective-decision-making",
)

ASSUMED_WEIGHTS = (
    ("market-dynamics", "agent-behavior", 0.8),
    ("agent-behavior", "coordination-strategies", 0.9),
    ("coordination-strategies", "collective-decision-making", 0.7),
    ("economic-principles", "market-dynamics", 0.9),
    ("social-patterns", "agent-behavior", 0.8),
    ("optimization-techniques", "coordination-strategies", 0.7),
    ("risk-management", "economic-principles", 0.8),
    ("innovation-processes", "optimization-techniques", 0.6),
)


def knowledge_graph() -> nx.Graph[str]:
    """The nine domains with their starting links.

    The weights are assumed, not measured: every edge says so until use changes it.

    Returns:
        Vertices in the order of :data:`DOMAINS`, each with its ``index``; edges with ``weight`` in [0, 1]
        and ``origin``, here always ``"assumed"``.

    >>> knowledge_graph().edges["market-dynamics", "agent-behavior"]["weight"]
    0.8
    """
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from((name, {"index": i}) for i, name in enumerate(DOMAINS))
    graph.add_weighted_edges_from(ASSUMED_WEIGHTS, origin="assumed")
    return graph


def together(baskets: Bools) -> tuple[Floats, Ints]:
    """How strongly domains go together in baskets: what one node looked up, or what is known of one subject.

    Args:
        baskets: `[B, 9]` whether each basket holds facts of each domain.

    Returns:
        `[9, 9]` baskets with both domains / baskets with either, in [0, 1], 0 where there is none; and `[9, 9]`
        baskets with both.

    Source:
        The coefficient of Jaccard (1912), "The distribution of the flora in the alpine zone".

    >>> together(np.array([[True, True], [True, False]]))[0][0].tolist()
    [1.0, 0.5]
    """
    held = baskets.astype(np.int64)
    both = held.T @ held
    each = both.diagonal()
    either = each[:, None] + each[None, :] - both
    return np.asarray(both / np.maximum(either, 1), np.float64), np.asarray(both, np.int64)


def use(graph: nx.Graph[str], strength: Floats, count: Ints, keep: float) -> None:
    """Let links follow the use of a period: ``weight = keep * weight + (1 - keep) * strength``.

    A link whose domains go together grows towards the strength of that, any other one decays; both by half of the
    way in a half-life. A link is "measured" once its domains were used together, and counts how often.

    Args:
        graph: the domains, changed in place.
        strength: `[9, 9]` symmetric, in [0, 1].
        count: `[9, 9]` times that both were used together.
        keep: ``2 ** (-period / half-life)``, in (0, 1).
    """
    names = list(graph)
    for a, b in zip(*np.triu_indices(len(names), 1), strict=True):
        one, other, times = names[a], names[b], int(count[a, b])
        if times and not graph.has_edge(one, other):
            graph.add_edge(one, other, weight=0.0, origin="measured")
        if graph.has_edge(one, other):
            link = graph.edges[one, other]
            link["weight"] = keep * link["weight"] + (1.0 - keep) * float(strength[a, b])
            if times:
                link["origin"] = "measured"
                link["uses"] = link.get("uses", 0) + times


def note_provenance(graph: nx.Graph[str], facts: Ints, sources: Ints, size: Ints) -> None:
    """Write on each domain how many facts it holds, from how many sources, in how many bytes; `[9]` each."""
    for i, name in enumerate(graph):
        graph.nodes[name].update(facts=int(facts[i]), sources=int(sources[i]), bytes=int(size[i]))
