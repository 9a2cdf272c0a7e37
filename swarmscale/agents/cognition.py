"""The twelve cognitive functions of a fleet, and which of them feeds which."""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np

from ..arrays import Bools
from .skills import TYPES

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

PROFILE: dict[str, tuple[str, ...]] = {
    "analytical": ("reasoning", "memory", "pattern-recognition"),
    "creative": ("creativity", "learning", "pattern-recognition"),
    "practical": ("planning", "decision-making", "attention"),
    "emotional": ("emotional-processing", "social-cognition", "perception"),
    "social": ("social-cognition", "decision-making", "learning"),
    "systems": ("optimization", "planning", "attention"),
}
"""The functions that each intelligence type is good at.

From the types' authors: analysis, comparison and judgment (reasoning, pattern-recognition), coping with novelty
(creativity, learning), and fitting oneself to the world (planning, decision-making) are Sternberg's three
(1985); emotional-processing and the perception of emotions are branches of Mayer & Salovey (1997), understanding
and managing people (social-cognition) is Thorndike's (1920), and rules and detail (optimization, planning,
attention) are Baron-Cohen's systemizing (2003). Ours: memory for the analytical, pattern-recognition for the
creative, attention for the practical, social-cognition for the emotional, and decision-making and learning (from
others) for the social.
"""


def profiles() -> Bools:
    """`[6, 12]` whether each type is profiled for each function."""
    return np.array([[name in PROFILE[kind] for name in FUNCTIONS] for kind in TYPES])


def candidates(shares: Sequence[float]) -> Bools:
    """`[6, 12]` which functions the agents of each type can be set to, in a fleet with the given shares of types.

    They are those of the type's profile, and those for which no type in the fleet is profiled: somebody must do
    them.

    Args:
        shares: `[6]` relative frequency of each type; 0 where the fleet has none.

    >>> bool(candidates([1, 1, 1, 1, 1, 1])[0, 0]), bool(candidates([1, 0, 0, 0, 0, 0])[0, 0])
    (False, True)
    """
    profile = profiles()
    orphaned = ~profile[np.asarray(shares) > 0].any(axis=0)
    return profile | orphaned


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
