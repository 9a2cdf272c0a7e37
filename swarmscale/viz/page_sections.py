"""The sections of the report: which figures stand where, and how to read each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Floats
from ..model.columns import ratio
from .page_cards import Drawn, Panel, section
from .theme import BLUE

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ..model.swarm import SwarmModel


def drawn_sections(model: SwarmModel) -> list[Drawn]:
    """All sections with figures."""
    return [
        section("Overview", "What was asked of the fleet, and what it did.", _overview(model)),
        section("Performance", "How long tasks took, and where they waited.", _performance(model)),
        section(
            "Network", "Messages, the nodes' stations, and the way of tasks to a cluster.", _network(model)
        ),
        section("Clusters", "How evenly the work lay on the clusters.", _clusters(model)),
        section("Structure", "Who is linked with whom, and who is under whom.", _structure(model)),
        section("Tasks", "Single tasks, so that a slow one can be explained.", _tasks(model)),
    ]


def figures(model: SwarmModel) -> dict[str, Figure]:
    """Every figure of the report by name."""
    parts = (_overview, _performance, _network, _clusters, _structure, _tasks)
    return {p.key: p.figure for part in parts for p in part(model) if p.figure is not None}


def _overview(model: SwarmModel) -> list[Panel]:
    from .figures import agents, demand

    r = model.records
    return [
        Panel(
            key="capacity",
            figure=demand.demand_and_capacity(r),
            read="Where demand stays above the dashed line, work piles up; the gap below it is idle capacity.",
        ),
        Panel(
            key="throughput",
            figure=demand.throughput(r),
            read="Answers follow arrivals by the response time; a lasting gap is a growing backlog.",
        ),
        Panel(
            key="states",
            figure=agents.by_state(r),
            read="The height is the fleet; anything but busy and idle is capacity that is paid for and not there.",
        ),
        Panel(
            key="efficiency",
            figure=agents.efficiency(r),
            read="High utilization with falling coordination efficiency means that tasks wait for agents.",
        ),
    ]


def _performance(model: SwarmModel) -> list[Panel]:
    from .figures import agents, demand, latency, stations
    from .figures.control import control_chart
    from .figures.lines import column_line

    r = model.records
    line = column_line(r, "throughput_per_s", BLUE, "throughput")
    nothing = "no task was answered yet"
    return [
        Panel(
            key="response",
            figure=latency.response(r),
            read="Half of the answers are faster than p50, one in a hundred is slower than p99.",
            otherwise=nothing,
        ),
        Panel(
            key="stages",
            figure=latency.stages(r),
            read="The thickest layer is the bottleneck; each is a mean over the tasks that passed it in that tick.",
            otherwise=nothing,
        ),
        Panel(
            key="histograms",
            figure=latency.histograms(r),
            read="Peaks far apart lie orders of magnitude apart; a long right flank is the tail that p99 measures.",
            otherwise=nothing,
        ),
        Panel(
            key="limits",
            figure=control_chart(
                "Throughput within its limits", line, r.column("time_s"), "tasks per second (1/s)"
            ),
            read="The band holds what the ticks before foretell; a mark is a jump that they do not explain.",
            otherwise=nothing,
        ),
        Panel(
            key="misses",
            figure=latency.misses(r),
            read="Late answers came after the deadline of their class; dropped tasks got none.",
            otherwise="no answer was late and no task was dropped",
        ),
        Panel(
            key="backlog",
            figure=stations.backlog(r),
            read="A layer that only grows names the station that cannot keep up.",
        ),
        Panel(
            key="drops",
            figure=stations.drops(r),
            read="Full queues point to capacity, lost and unreachable to the network, attempts to failures.",
            otherwise="no task was dropped",
        ),
        Panel(
            key="tokens",
            figure=demand.tokens(r),
            read="Tokens count when their task is answered.",
            otherwise="tasks carry no tokens under this demand",
        ),
        Panel(
            key="first-token",
            figure=latency.first_token(r),
            read="What a reader in front of a screen waits for; it holds the network, the queue and the prefill.",
            otherwise="tasks carry no tokens under this demand",
        ),
        Panel(
            key="skill",
            figure=agents.skill_match(r),
            read="1 would be an ideal agent for each task; low values lengthen service.",
            otherwise="no task was begun yet",
        ),
    ]


def _network(model: SwarmModel) -> list[Panel]:
    from .figures import latency, messages, stations

    r, early = model.records, f"the first period of {model.records.cluster_period_s:g} s is not over"
    return [
        Panel(
            key="network",
            figure=latency.network(r),
            read="All of a response but waiting in a cluster and service: ingress, links there and back, dispatch.",
            otherwise="no task was dispatched yet",
        ),
        Panel(
            key="messages",
            figure=messages.by_channel(r),
            read="Grows with tasks on the hierarchy's channel, and with a cluster's size inside clusters.",
            otherwise="no message was sent yet",
        ),
        Panel(
            key="stations",
            figure=stations.station_load(r),
            read="Near 100 % a station's queue explodes; a busiest node far above the mean is a hot spot.",
            otherwise=early,
        ),
        Panel(
            key="nodes",
            figure=stations.load_by_node(r, model.hierarchy_arrays.node_of_cluster),
            read="Level dots are a balanced fleet; agents of a node that stand out got more, or heavier, tasks.",
            otherwise=early,
        ),
    ]


def _clusters(model: SwarmModel) -> list[Panel]:
    from .figures import clusters

    r, early = model.records, f"the first period of {model.records.cluster_period_s:g} s is not over"
    return [
        Panel(
            key="heat",
            figure=clusters.heat(r),
            read="A bright row is a cluster that is always busy, a bright column a moment when all were.",
            otherwise=early,
            wide=True,
        ),
        Panel(
            key="spread",
            figure=clusters.spread(r),
            read="A narrow heap means that dispatch spreads work evenly.",
            otherwise=early,
        ),
        Panel(
            key="queues",
            figure=clusters.queues(r),
            read="Clusters to the right have work that idle agents elsewhere could do.",
            otherwise="no task was waiting in a cluster at the end of the last period",
        ),
    ]


def _structure(model: SwarmModel) -> list[Panel]:
    from .figures import capabilities, cognition, structure

    return [
        Panel(
            key="mesh",
            figure=structure.mesh(model.mesh, node_load(model)),
            read="Nodes at their places, colored by the load of their agents; darker, wider links are faster.",
        ),
        Panel(
            key="hierarchy",
            figure=structure.hierarchy(model.hierarchy),
            read="Rings from the middle outward; width is agents, color is load. Click a part to look into it.",
        ),
        Panel(
            key="matrix",
            figure=capabilities.matrix(capabilities.demand(model.flow), capabilities.supply(model.fleet)),
            read="What ready agents of each kind could give to tasks of each type at the end of the run; where "
            "demand's bar is longer than supply's, its tasks also go to other kinds, who are slower at them.",
            otherwise="no agent was ready at the end of the run",
        ),
        Panel(
            key="cognition",
            figure=cognition.cognition(model.cognition_graph()),
            read="What a function gives is what those to its right work on; color is the load of its agents.",
        ),
    ]


def _tasks(model: SwarmModel) -> list[Panel]:
    from .figures import tasks

    return [
        Panel(
            key="tasks",
            figure=tasks.slowest_tasks(model.records.task_log()),
            read="Why was this task slow? The longest part of its bar is the answer; hover for where it was.",
            otherwise="no finished task was sampled: set records.trace_tasks to a share such as 0.001",
            wide=True,
        )
    ]


def node_load(model: SwarmModel) -> Floats:
    """`[K]` agents at a task over agents ready under each node, NaN where none is."""
    state, h = model.flow.state, model.hierarchy_arrays
    return ratio(
        h.node_sums(state.in_service.astype(np.float64)), h.node_sums(state.ready.astype(np.float64))
    )
