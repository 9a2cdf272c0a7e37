"""Values of the page Health: how available the fleet is, what is broken and suspected, how fast it is made good."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ...agents.fleet import FAILED, RECOVERING
from ...arrays import Floats
from ...model.columns import Raw, ratio
from ...model.flow.ledger import Count
from ...model.integration.graph import state_of
from ...model.resilience.breaker import CLOSED
from ...model.resilience.measures import budget, is_pending
from ..alerts import alerts, breaches
from ..theme import number
from ..troubles import Troubles, troubles_of
from .panels import View
from .parts import DASH

if TYPE_CHECKING:
    from ...model.swarm import SwarmModel

LEVELS = {"component": "parts", "integration": "events", "system": "service"}
"""What stands on a tile for each level of health."""
DUE_SHARE = 0.99
"""Share of a tick's due tasks that must be answered in time for the tick to count as available (DESIGN, 3.5)."""


def seen(view: View) -> Troubles:
    """What broke in what is looked at: in its model, or what was saved with its records."""
    if view.model is not None:
        return troubles_of(view.model)
    saved: Troubles | None = getattr(view, "troubles", None)
    return Troubles() if saved is None else saved


def dead_nodes(model: SwarmModel) -> list[int]:
    """Nodes that are down."""
    return [k for k in model.mesh if not model.mesh.nodes[k]["up"]]


def cut_links(model: SwarmModel) -> list[tuple[int, int, float]]:
    """Links that are down themselves, with their latency in s."""
    return [(a, b, link["latency_s"]) for a, b, link in model.mesh.edges(data=True) if not link["up"]]


def dead(view: View) -> str:
    """Nodes that do not answer."""
    return str(len(dead_nodes(view.model))) if view.model is not None else DASH


def cut(view: View) -> str:
    """Links that are cut."""
    return str(len(cut_links(view.model))) if view.model is not None else DASH


def broken(raw: Raw) -> Floats:
    """`[T]` agents failed or under repair."""
    return raw.state("failed") + raw.state("recovering")


def in_time(raw: Raw) -> Floats:
    """`[T]` share of the tasks due that were answered in time; NaN where none was due."""
    return ratio(raw.count(Count.MET), raw.count(Count.DUE))


def by_task(view: View) -> str:
    """Availability so far, by task."""
    due, met = sums(view)
    return number(met / due, "share") if due else DASH


def by_time(view: View) -> str:
    """Availability so far, by time."""
    raw = view.records.raw()
    if not len(raw):
        return DASH
    due, met = raw.count(Count.DUE), raw.count(Count.MET)
    return number(float(np.mean(met >= DUE_SHARE * due)), "share")


def budget_left(view: View) -> str:
    """Share of the error budget that is left."""
    due, met = sums(view)
    return number(1.0 - budget(seen(view).objective, due, met).spent, "share") if due else DASH


def sums(view: View) -> tuple[float, float]:
    """Tasks due so far, and those of them that were answered in time."""
    raw = view.records.raw()
    return float(raw.count(Count.DUE).sum()), float(raw.count(Count.MET).sum())


def watched(value: Callable[[Troubles], str]) -> Callable[[View], str]:
    """A value of what is watched; a dash where nothing is."""

    def said(view: View) -> str:
        troubles = seen(view)
        return value(troubles) if troubles.watched else DASH

    return said


def time_to_detect(troubles: Troubles) -> str:
    """Mean time from an incident's begin to its first suspicion."""
    return mean_s([one.found_s - one.begins_s for one in troubles.log.incidents])


def time_to_recover(troubles: Troubles) -> str:
    """Mean time from an incident's begin until it is made good."""
    return mean_s([one.recovered_s - one.begins_s for one in troubles.log.incidents])


def mean_s(times: list[float]) -> str:
    """Mean of times of which some are not known."""
    known = np.array(times, np.float64)
    known = known[~np.isnan(known)]
    return number(float(known.mean()), "s") if len(known) else DASH


def recovered(troubles: Troubles) -> str:
    """Share of the incidents made good in time and without a lost task, of those that are judged."""
    judged = [one for one in troubles.log.incidents if not is_pending(one, troubles.now_s)]
    return number(sum(one.in_time for one in judged) / len(judged), "share") if judged else DASH


def suspected(view: View) -> str:
    """What is held to be dead now."""
    model = view.model
    if model is None or model.resilience is None:
        return DASH
    down = model.fleet.column("state")
    agents = int(((down == FAILED) | (down == RECOVERING)).sum())
    nodes = int((~model.network.known).sum())
    links = sum(not link["known"] for _, _, link in model.mesh.edges(data=True))
    return f"{agents + int(model.resilience.leads.known.sum()) + nodes + links:,}"


def open_breakers(view: View) -> str:
    """Clusters to which nothing new is sent, or a little on trial."""
    engine = view.model.resilience if view.model is not None else None
    if engine is None or engine.breakers is None:
        return DASH
    return f"{int((engine.breakers.state != CLOSED).sum()):,}"


def ill_ways(view: View) -> str:
    """Edges between components that are not sound."""
    bus = view.model.bus if view.model is not None else None
    if bus is None:
        return DASH
    return f"{sum(state_of(bus, bus.edges[key]) != 'sound' for key in bus.live())} of {len(bus.live())}"


def standing(which: str) -> Callable[[View], str]:
    """A figure of the health monitor's last look."""

    def said(view: View) -> str:
        looks = seen(view).standing
        return number(getattr(looks[-1], which), "share") if looks else DASH

    return said


def weakest(view: View) -> str:
    """The level with the lowest health at the last look, in a short word."""
    looks = seen(view).standing
    if not looks:
        return DASH
    worst = min(LEVELS, key=lambda level: float(getattr(looks[-1], level)))
    return LEVELS[worst] if looks[-1].overall < 1 else "nothing"


def alert_count(view: View) -> str:
    """Alerts that are not over: of the health monitor, or what can be told from the records where there is none."""
    troubles = seen(view)
    if troubles.alerts or troubles.standing:
        return str(len(troubles.firing))
    if not len(view.records):
        return DASH
    down = len(dead_nodes(view.model)) + len(cut_links(view.model)) if view.model is not None else 0
    return str(sum(alert.now for alert in alerts(view.records)) + len(breaches(view.records)) + down)
