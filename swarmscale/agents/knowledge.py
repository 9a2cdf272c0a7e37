"""The nine domains of knowledge that a fleet shares, and how strongly they are linked at the start."""

from __future__ import annotations

import networkx as nx

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
