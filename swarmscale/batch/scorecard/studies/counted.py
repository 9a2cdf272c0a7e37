"""The structure of a fleet, counted in its live model and in the tables of its strategies."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import networkx as nx

from ....agents.columns import read_traits
from ....agents.nodes import CoordinationNode
from ....agents.skills import TYPES
from ....choices import Choices
from ....model.emergence.settings import Emergence
from ....model.optimization.strategies import STRATEGIES
from ....model.resilience.incidents import LAYERS
from ....model.scaling import POLICIES
from ....model.swarm import SwarmModel
from ..size import UNWATCHED, Size
from .base import Draw, Figures, Study

if TYPE_CHECKING:
    from ....model.config import Config

RULES: dict[str, tuple[float, float, float]] = {
    "high-demand-reactive": (1.5, 2.0, 60.0),
    "predictive-scale-up": (1.3, 1.8, 30.0),
    "cost-optimization": (0.9, 0.7, 120.0),
    "emergency-scaling": (2.0, 3.0, 10.0),
}
"""Factor, limit and cooldown in s that the origin lists for its policies."""


def counted(model: SwarmModel) -> Figures:
    """What a model is made of, counted.

    Args:
        model: with a scaling policy, or its forecast window is unknown.
    """
    graph = model.hierarchy_graph(workers=True)
    outlook = None if model.scaler is None else model.scaler.outlook
    window_s = float("nan") if outlook is None else outlook.later.target.horizon * outlook.bin_s
    rules: Any = POLICIES.make("seed")
    return {
        "agents": float(len(model.workers)),
        "levels": float(nx.dag_longest_path_length(graph) + 1),
        "cluster_agents": float(model.fleet.size.max()),
        "nodes": float(len(model.agents_by_type[CoordinationNode])),
        "functions": float(model.cognition.number_of_nodes()),
        "domains": float(model.knowledge.number_of_nodes()),
        "traits": float(read_traits(model.fleet, model.fleet.live()[:1]).shape[1]),
        "types": float(len(TYPES)),
        "strategies": float(_shipped(STRATEGIES)),
        "policies": float(len(rules.factors)),
        "all_policies": float(_shipped(POLICIES)),
        "detectors": float(len(Emergence().detectors)),
        "layers": float(len(LAYERS)),
        "window_s": window_s,
        "rule_figures": float(_rule_figures()),
    }


def _shipped(choices: Choices[Any]) -> int:
    """How many members of a table are the project's own; a user's own are none of its claims."""
    return sum(choices[name].__module__.startswith("swarmscale.") for name in choices)


def _rule_figures() -> int:
    """How many of the figures that the origin lists for its policies are those of the policies here."""
    same = 0
    for name, listed in RULES.items():
        policy = POLICIES.make(name)
        here = tuple(getattr(policy, field) for field in ("factor", "limit", "cooldown_s"))
        same += sum(a == b for a, b in zip(here, listed, strict=True))
    return same


def config_of(size: Size) -> Config:
    """The fleet that is counted: the default preset, whole at any size, for counting takes no time."""
    return whole(size).config("llm-fleet", {**UNWATCHED, "scaling": "seed"})


def whole(size: Size) -> Size:
    """A size with nothing cut."""
    return replace(size, agents=None, seconds=None)


def measure(size: Size, _: Draw) -> Figures:
    """See :class:`.base.Study`."""
    return counted(SwarmModel(config_of(size), rng=0))


STRUCTURE = Study(
    name="structure",
    scenario="the model of llm-fleet as it is built, and the tables of strategies",
    measure=measure,
    kind="count",
)
