"""The twelve cognitive functions of a fleet, and which of them feeds which."""

from __future__ import annotations

import networkx as nx

FUNCTIONS = (
    "perception",
    "attention",
    "memory",
    "reasoning",
    "learning",
    "planning",
    "decision-making",
    "creativity",
    "social-cognition",
    "emotional-processing",
    "pattern-recognition",
    "optimization",
)

FEEDS = (
    ("perception", "attention"),
    ("perception", "pattern-recognition"),
    ("attention", "memory"),
    ("attention", "creativity"),
    ("memory", "reasoning"),
    ("memory", "learning"),
    ("memory", "pattern-recognition"),
    ("reasoning", "decision-making"),
    ("reasoning", "creativity"),
    ("reasoning", "planning"),
    ("learning", "creativity"),
    ("decision-making", "optimization"),
    ("creativity", "optimization"),
    ("social-cognition", "decision-making"),
    ("emotional-processing", "social-cognition"),
    ("pattern-recognition", "creativity"),
    ("pattern-recognition", "optimization"),
)


def cognition_graph() -> nx.DiGraph[str]:
    """The twelve functions and the 17 edges along which one's output is the next one's input.

    The graph has no cycle, so a task's functions can be worked through in topological order.

    Returns:
        Vertices in the order of :data:`FUNCTIONS`, each with its ``index`` in arrays of shape `[F]`.

    >>> sorted(cognition_graph().predecessors("decision-making"))
    ['reasoning', 'social-cognition']
    """
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from((name, {"index": i}) for i, name in enumerate(FUNCTIONS))
    graph.add_edges_from(FEEDS)
    return graph
