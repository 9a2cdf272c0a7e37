"""Plots of the page Health: error budget, incidents, faults by layer, suspicion, events between components, drops."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TYPE_CHECKING

import numpy as np

from ...model.resilience.watching import Tier, watcher
from ..figures import (
    agents,
    latency,
    resilience,
    resilience_budget,
    resilience_graph,
    resilience_layers,
    resilience_levels,
    stations,
)
from ..figures.resilience_levels import MOST_ROWS, Silent
from .health_tables import BREAK
from .health_values import seen
from .panels import Plot, View
from .parts import of_model, of_records

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ...model.swarm import SwarmModel


def until_now(view: View) -> Hashable:
    """Another value after another event of the log, and at each tick while something is open."""
    troubles = seen(view)
    return troubles.version, troubles.now_s if troubles.open else 0.0


def component_health(model: SwarmModel) -> Mapping[str, float]:
    """Share of the due runs of each component's controllers done in time, the lowest of several."""
    if model.guard is None:
        return {}
    titles = {
        str(getattr(one, "title", "")): getattr(one, "component", None)
        for one in model.dispatcher.controllers
    }
    found: dict[str, float] = {}
    for name, share in model.guard.component_health().items():
        component = titles.get(name)
        if component is not None:
            found[component] = min(found.get(component, 1.0), share)
    return found


def integration(model: SwarmModel) -> Figure | None:
    """Components and their events, as they are now."""
    return (
        resilience_graph.integration(model.bus.graph(), component_health(model))
        if model.bus is not None
        else None
    )


def suspicion(model: SwarmModel) -> Figure | None:
    """How suspected is what is silent now."""
    return resilience_levels.levels(silent(model), model.now_s)


def silent(model: SwarmModel) -> list[Silent]:
    """What sends no heartbeats now, with its level of suspicion; of many, what is silent for longest."""
    world = model.resilience
    if world is None:
        return []
    slots, nodes = model.fleet.slots, model.hierarchy_arrays.nodes
    numbers = model.shard.territory.clusters
    found: list[tuple[float, Tier, int, int, str]] = []  # since, tier, sender, watcher, words
    for row, one in world.agents.silent.items():
        cluster = int(numbers[row // slots])
        found.append((one.since_s, Tier.AGENT, one.uid, cluster, f"agent {one.uid}"))
    for q, (_, since_s) in world.leads.fell.items():
        cluster = int(numbers[q])
        found.append((since_s, Tier.LEAD, cluster, cluster, f"lead of cluster {cluster}"))
    for k, held in world.routes.stopped.items():
        found.append((min(held.values()), Tier.NODE, k, k, f"node {k}"))
    for (a, b), held in world.routes.cut.items():
        found.append((min(held.values()), Tier.LINK, a * nodes + b, a * nodes + b, f"link {a}-{b}"))
    longest = sorted(found)[:MOST_ROWS]
    limit = float(getattr(world.settings.detection.detector, "phi", 1.0))
    out: list[Silent] = []
    for tier in Tier:
        mine = [one for one in longest if one[1] == tier]
        since, ids, groups = (np.array([one[i] for one in mine]) for i in (0, 2, 3))
        if mine:
            groups = watcher(groups) if tier in (Tier.AGENT, Tier.LEAD) else groups
            levels = world.watch.levels(tier, ids, groups, since.astype(np.float64), model.now_s)
            out += [
                Silent(tier=tier.name.lower(), target=one[4], since_s=one[0], level=float(level), limit=limit)
                for one, level in zip(mine, levels.tolist(), strict=True)
            ]
    return out


PLOTS = (
    Plot(
        key="budget",
        title="Availability and error budget",
        read=resilience_budget.BUDGET_READ,
        figure=lambda view: (
            resilience_budget.budget(view.records, seen(view).log, seen(view).objective)
            if len(view.records)
            else None
        ),
        otherwise="no task was due so far: press Play",
        wide=True,
    ),
    Plot(
        key="timelines",
        title="Time lines of incidents",
        read=resilience.TIMELINE_READ,
        figure=lambda view: resilience.timelines(seen(view).log, seen(view).now_s),
        otherwise=f"nothing broke so far: {BREAK}",
        wide=True,
        version=until_now,
    ),
    Plot(
        key="layers",
        title="Faults by layer",
        read=resilience_layers.LAYER_READ,
        figure=lambda view: resilience_layers.by_layer(seen(view).log, seen(view).now_s),
        otherwise=f"nothing broke so far: {BREAK}",
    ),
    Plot(
        key="durations",
        title="Until found, until made good",
        read=resilience_layers.DURATION_READ,
        figure=lambda view: resilience_layers.durations(seen(view).log),
        otherwise=f"nothing was found or made good so far: {BREAK}",
        version=lambda view: seen(view).version,
    ),
    Plot(
        key="integration",
        title="Components and their events",
        read=resilience_graph.GRAPH_READ,
        figure=of_model(integration),
        otherwise="components tell each other nothing: set resilience.health.on under Settings, or open a checkpoint",
    ),
    Plot(
        key="levels",
        title="Silent, and how suspected",
        read=resilience_levels.LEVEL_READ,
        figure=of_model(suspicion),
        otherwise="everything sends its heartbeats: crash agents or kill a node under Switches and faults",
    ),
)
FLOW_PLOTS = (
    Plot(
        key="states",
        title="States of the fleet",
        read="Agents by state; failed and recovering ones are paid for and do no work.",
        figure=of_records(agents.by_state),
    ),
    Plot(
        key="drops",
        title="Drops by reason",
        read="Tasks dropped per second. Full queues point to capacity, lost and unreachable to the network, attempts "
        "and retries to failures, expired to deadlines, shed to admission.",
        figure=of_records(stations.drops),
        otherwise="no task was dropped: crash agents or raise demand under Switches and faults to see some",
    ),
    Plot(
        key="misses",
        title="Late answers and errors",
        read="Late answers came after the deadline of their class; dropped tasks got none (% of tasks).",
        figure=of_records(latency.misses),
        otherwise="no answer was late and no task was dropped: raise demand under Switches and faults to see some",
    ),
)
