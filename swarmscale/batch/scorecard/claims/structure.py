"""Claims of what there is: agents, levels, nodes, functions, strategies, traits. All are counted."""

from __future__ import annotations

from functools import partial

from ..studies.counted import RULES
from .base import Claim, bound

_counted = partial(Claim, area="size and parts", study="structure")
_RULE_FIGURES = float(sum(len(listed) for listed in RULES.values()))

STRUCTURE_CLAIMS: tuple[Claim, ...] = (
    _counted(
        key="agents",
        quote="Maximum Agents | 10,000+ | **50,000**",
        title="agents of the default scenario",
        figure="agents",
        text="agents alive in the model of llm-fleet as it is built; larger fleets in docs/scale.md",
        bound=bound("at least", 50_000),
    ),
    _counted(
        key="levels",
        quote="**5 Hierarchy Levels**",
        title="levels of the hierarchy",
        figure="levels",
        text="vertices on the longest path of model.hierarchy_graph(workers=True)",
        bound=bound("exactly", 5),
        note="the fifth level buys next to nothing (docs/structure.md)",
    ),
    _counted(
        key="cluster_agents",
        quote="**100-agent Clusters**",
        title="agents of the largest cluster",
        figure="cluster_agents",
        text="largest number of agents in a cluster",
        bound=bound("exactly", 100),
        note="whether that is the best size depends on load and coordination (docs/structure.md)",
    ),
    _counted(
        key="nodes",
        quote="**16 Coordination Nodes**",
        title="coordination nodes",
        figure="nodes",
        text="Mesa agents of type CoordinationNode",
        bound=bound("exactly", 16),
    ),
    _counted(
        key="functions",
        quote="**12 Cognitive Functions**",
        title="cognitive functions",
        figure="functions",
        text="vertices of model.cognition; each has a task of the battery",
        bound=bound("exactly", 12),
    ),
    _counted(
        key="domains",
        quote="Knowledge graph with 9 domains",
        title="domains of knowledge",
        figure="domains",
        text="vertices of model.knowledge",
        bound=bound("exactly", 9),
    ),
    _counted(
        key="strategies",
        quote="8 optimization strategies",
        title="optimization strategies",
        figure="strategies",
        text="strategies in the table that the optimizer chooses from",
        bound=bound("exactly", 8),
    ),
    _counted(
        key="policies",
        quote="5 scaling policies",
        title="rules of the origin's policy set",
        figure="policies",
        text="rules that the policy `seed` asks in turn",
        bound=bound("exactly", 5),
        beside=(("scaling policies in all", "all_policies", ""),),
        note="the origin claims five and lists four; the fifth (low demand) is from its code",
    ),
    _counted(
        key="rule_figures",
        quote='"high-demand-reactive": { factor: 1.5, maxScale: 2.0, cooldown: 60s }',
        title="figures of the listed policies that hold here",
        figure="rule_figures",
        text="of the twelve factors, limits and cooldowns that the origin lists, those that the policies here have "
        "as their defaults",
        bound=bound("exactly", _RULE_FIGURES),
    ),
    _counted(
        key="traits",
        quote="AI personality system (75+ traits)",
        title="personality traits of an agent",
        figure="traits",
        text="traits of an agent of the model",
        bound=bound("at least", 75),
    ),
    _counted(
        key="types",
        quote="Analytical, creative, practical, emotional, social, systems",
        title="intelligence types",
        figure="types",
        text="types that an agent may have",
        bound=bound("exactly", 6),
    ),
    _counted(
        key="forecast_window",
        quote="Predictive scaling with 5-minute forecast window",
        title="forecast window",
        figure="window_s",
        unit="s",
        text="horizon of the scaler's forecast of demand, in bins x their width",
        bound=bound("exactly", 300),
    ),
)
