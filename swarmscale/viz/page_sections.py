"""The sections of the report: which figures stand where, and how to read each."""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats
from ..model.columns import ratio
from .theme import DARK, LIGHT, dark_words, template

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ..model.swarm import SwarmModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """One figure and what is said about it.

    Attributes:
        key: its name in the page.
        figure: what is drawn, None if there is nothing to draw.
        read: how to read it.
        otherwise: what is said where there is nothing to draw.
        wide: whether it takes the whole width.
    """

    key: str
    figure: Figure | None
    read: str
    otherwise: str = ""
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A section as HTML, with its title."""

    title: str
    html: str


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

    r = model.records
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
    from .figures import structure

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


def section(title: str, lead: str, panels: list[Panel]) -> Drawn:
    """A section of figures as HTML."""
    shown = [p for p in panels if p.figure is not None]
    narrow = [p for p in shown if not p.wide]
    alone = narrow[0].key if len(narrow) % 2 else ""
    cards = "\n".join(_card(p, p.wide or p.key == alone) for p in shown)
    missing = "".join(f"<li>{escape(p.otherwise)}</li>" for p in panels if p.figure is None)
    # several figures may lack for the same reason, which is said once
    missing = "".join(dict.fromkeys(f"{item}</li>" for item in missing.split("</li>") if item))
    none = f'<ul class="none">{missing}</ul>' if missing else ""
    return Drawn(
        title,
        f'<section id="{title.lower()}"><h2>{title}</h2><p>{escape(lead)}</p>'
        f'<div class="grid">{cards}</div>{none}</section>',
    )


def _card(panel: Panel, wide: bool) -> str:
    assert panel.figure is not None
    plain: dict[str, Any] = json.loads(panel.figure.to_json())
    layout = plain["layout"]
    layout.pop("template", None)
    title = layout.pop("title")
    definitions = layout.pop("meta", {}).get("definitions", [])
    layout["margin"] = {**layout["margin"], "t": 16}
    note = title.get("subtitle", {}).get("text", "")
    terms = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in definitions)
    return (
        f'<article class="card{" wide" if wide else ""}" id="figure-{panel.key}"><h3>{escape(title["text"])}</h3>'
        f"<p>{escape(panel.read)}</p>"
        + (f'<p class="note">{escape(note)}</p>' if note else "")
        + f'<script type="application/json">{script_json({"data": plain["data"], "layout": layout})}</script>'
        f'<div class="plot" style="height:{layout["height"]}px" role="img" aria-label="{escape(title["text"])}"></div>'
        + (f"<details><summary>Definitions</summary><dl>{terms}</dl></details>" if terms else "")
        + "</article>"
    )


def looks_json() -> str:
    """Both templates, and how colors change between them, for the page's script."""
    looks = {"light": template(LIGHT), "dark": template(DARK)}
    return script_json({"templates": looks, "words": dark_words()})


def script_json(value: object) -> str:
    """JSON that may stand in a script element: no character of it can end the element."""
    text = json.dumps(value, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
