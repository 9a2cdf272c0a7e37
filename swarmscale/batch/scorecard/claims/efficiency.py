"""Claims of efficiency: coordination, resources, utilization, balance."""

from __future__ import annotations

from functools import partial

from .base import SHARE, Claim, bound

_COORDINATION = "sum of pure service time / sum of response time, answered tasks"
_RESOURCE = (
    "pure service time of answered tasks / agent-seconds ready, starting, draining, failed or recovering; at most "
    "the utilization, for what is useful is busy and what is provisioned includes what is ready"
)
_BUSY = "busy / ready agent-seconds"
_llm = partial(Claim, study="llm-fleet")
_most = partial(Claim, study="growth")

_coordination = partial(_llm, area="coordination efficiency", unit="share", possible=SHARE)
_resource = partial(Claim, area="resource efficiency", unit="share", possible=SHARE)
_utilization = partial(Claim, area="utilization", unit="share", text=_BUSY, possible=SHARE)

EFFICIENCY_CLAIMS: tuple[Claim, ...] = (
    _coordination(
        key="coordination_85",
        quote="Coordination Efficiency | 85%+",
        title="coordination efficiency",
        figure="coordination_efficiency",
        text=_COORDINATION,
        bound=bound("at least", 0.85),
        rivals=(("coordination_92", "same"),),
    ),
    _coordination(
        key="coordination_92",
        quote="92% average efficiency across all clusters",
        title="coordination efficiency",
        figure="coordination_efficiency",
        text=_COORDINATION,
        bound=bound("at least", 0.92),
        beside=(("p5 of clusters", "coordination_efficiency_p5", "share"),),
        rivals=(("coordination_85", "same"),),
        note="every network and queueing delay counts against it, and so do agents that help beside their own type",
    ),
    _coordination(
        key="coordination_worst",
        quote="92% average efficiency across all clusters",
        title="coordination efficiency, worst cluster",
        figure="coordination_efficiency_worst",
        text=f"least over clusters of: {_COORDINATION}",
        bound=bound("at least", 0.92),
    ),
    _resource(
        key="resource_80",
        quote="Resource Efficiency | 80%+",
        title="resource efficiency, fleet sized for its peak",
        study="llm-fleet",
        figure="resource_efficiency",
        text=_RESOURCE,
        bound=bound("at least", 0.80),
        beside=(("utilization", "utilization", "share"),),
        rivals=(("resource_88", "same"), ("utilization_70", "no more than")),
    ),
    _resource(
        key="resource_88",
        quote="Resource Efficiency | 80%+ | **88%**",
        title="resource efficiency, fleet sized for its peak",
        study="llm-fleet",
        figure="resource_efficiency",
        text=_RESOURCE,
        bound=bound("at least", 0.88),
        rivals=(("resource_80", "same"), ("utilization_70", "no more than")),
    ),
    _resource(
        key="resource_88_scaled",
        quote="Resource Efficiency | 80%+ | **88%**",
        title="resource efficiency, fleet sized by forecasts",
        study="llm-fleet-scaled",
        figure="resource_efficiency",
        text=_RESOURCE,
        bound=bound("at least", 0.88),
        beside=(("utilization", "utilization", "share"), ("late answers", "late_share", "share")),
        rivals=(("utilization_70_scaled", "no more than"),),
    ),
    _resource(
        key="resource_88_most",
        quote="Resource Efficiency | 80%+ | **88%**",
        title="resource efficiency, the most at the same objective",
        study="growth",
        figure="most_efficiency",
        text="the same where a fixed fleet is offered the most that it bears with at most .1 % errors, of a demand "
        "that never varies",
        bound=bound("at least", 0.88),
        beside=(("utilization", "most_utilization", "share"),),
        rivals=(("utilization_70_most", "no more than"),),
        note="a bound for every fleet that must bear peaks",
    ),
    _utilization(
        key="utilization_70",
        quote="<70% resource utilization",
        title="utilization of the agents, fleet sized for its peak",
        study="llm-fleet",
        figure="utilization",
        bound=bound("below", 0.70),
        rivals=(("utilization_88", "same"), ("resource_88", "no less than")),
    ),
    _utilization(
        key="utilization_88",
        quote="88% resource utilization with intelligent optimization",
        title="utilization of the agents, fleet sized for its peak",
        study="llm-fleet",
        figure="utilization",
        bound=bound("at least", 0.88),
        rivals=(("utilization_70", "same"),),
    ),
    _utilization(
        key="utilization_70_scaled",
        quote="<70% resource utilization",
        title="utilization of the agents, fleet sized by forecasts",
        study="llm-fleet-scaled",
        figure="utilization",
        bound=bound("below", 0.70),
        rivals=(("utilization_88_scaled", "same"), ("resource_88_scaled", "no less than")),
    ),
    _utilization(
        key="utilization_88_scaled",
        quote="88% resource utilization with intelligent optimization",
        title="utilization of the agents, fleet sized by forecasts",
        study="llm-fleet-scaled",
        figure="utilization",
        bound=bound("at least", 0.88),
        rivals=(("utilization_70_scaled", "same"),),
    ),
    _utilization(
        key="utilization_70_most",
        quote="<70% resource utilization",
        title="utilization of the agents, the most that they bear",
        study="growth",
        figure="most_utilization",
        bound=bound("below", 0.70),
        rivals=(("resource_88_most", "no less than"),),
    ),
    _llm(
        key="balance_nodes",
        area="balance",
        quote="Optimal load balancing across all coordination nodes",
        title="balance over nodes (Jain)",
        figure="nodes_jain",
        unit="share",
        text="Jain's index of the busy shares of the nodes' dispatch stations; 1 = all alike",
        possible=SHARE,
        note='"optimal" is no figure',
    ),
    _llm(
        key="balance_clusters",
        area="balance",
        title="balance over clusters (Jain)",
        figure="balance_jain",
        unit="share",
        text="Jain's index of the clusters' utilization; 1 = all alike",
        beside=(("coefficient of variation", "balance_cv", "share"),),
        possible=SHARE,
    ),
)
