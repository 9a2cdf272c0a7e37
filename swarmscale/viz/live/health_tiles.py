"""Tiles of the page Health: how available the fleet is, what is broken and suspected, how fast it is made good."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Floats
from ...model.columns import Raw, ratio
from ...model.flow.ledger import Count
from ...model.resilience.measures import FALSE, budget
from ..alerts import alerts, breaches
from ..theme import number
from ..troubles import Troubles, troubles_of
from .panels import Tile, View
from .parts import DASH, column_tile, tile

if TYPE_CHECKING:
    from ...model.swarm import SwarmModel

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
    from ...model.resilience.measures import is_pending

    judged = [one for one in troubles.log.incidents if not is_pending(one, troubles.now_s)]
    return number(sum(one.in_time for one in judged) / len(judged), "share") if judged else DASH


def standing(which: str) -> Callable[[View], str]:
    """A figure of the health monitor's last look."""

    def said(view: View) -> str:
        looks = seen(view).standing
        return number(getattr(looks[-1], which), "share") if looks else DASH

    return said


def weakest(view: View) -> str:
    """The level with the lowest health at the last look."""
    looks = seen(view).standing
    if not looks:
        return DASH
    levels = ("component", "integration", "system")
    worst = min(levels, key=lambda level: float(getattr(looks[-1], level)))
    return worst if looks[-1].overall < 1 else "nothing"


def alert_count(view: View) -> str:
    """Alerts that are not over: of the health monitor, or what can be told from the records where there is none."""
    troubles = seen(view)
    if troubles.alerts or troubles.standing:
        return str(len(troubles.firing))
    if not len(view.records):
        return DASH
    down = len(dead_nodes(view.model)) + len(cut_links(view.model)) if view.model is not None else 0
    return str(sum(alert.now for alert in alerts(view.records)) + len(breaches(view.records)) + down)


TILES = (
    Tile(
        key="availability-tasks",
        title="answered in time",
        text="availability by task: answered within their deadline / tasks whose deadline came, so far",
        value=by_task,
        course=lambda view: in_time(view.records.raw(max(len(view.records) - 600, 0))),
    ),
    Tile(
        key="availability-time",
        title="available time",
        text="availability by time: share of ticks in which at least 99 % of the tasks due were answered in time",
        value=by_time,
    ),
    Tile(
        key="budget-left",
        title="error budget left",
        text="1 - tasks missed / tasks that resilience.health.objective lets be missed, so far; negative if overspent",
        value=budget_left,
    ),
    Tile(
        key="health",
        title="overall health",
        text="the lowest of component, integration and system health at the monitor's last look (%)",
        value=standing("overall"),
    ),
    Tile(
        key="weakest",
        title="its cause",
        text="the level with that health: component, integration or system; the part itself stands in a table below",
        value=weakest,
    ),
    Tile(
        key="alerts",
        title="alerts",
        text="alerts that are not over (number); where no monitor looks: figures beyond their limits or objectives, "
        "dead nodes and cut links",
        value=alert_count,
    ),
    Tile(
        key="open",
        title="open incidents",
        text="faults of which something is not made good yet (number), with those that nobody has noticed",
        value=watched(lambda troubles: f"{len(troubles.open):,}"),
    ),
    Tile(
        key="suspected",
        title="suspected now",
        text="agents, leads, nodes and links that are held to be dead (number), rightly or not",
        value=watched(lambda troubles: f"{len(troubles.suspected):,}"),
    ),
    Tile(
        key="false",
        title="false suspicions",
        text="suspicions so far of what was alive (number)",
        value=watched(lambda troubles: f"{sum(one.incident == FALSE for one in troubles.log.suspicions):,}"),
    ),
    tile(
        "silent",
        "silent agents",
        "",
        "agents that crashed and are not suspected yet, at the tick's end",
        lambda raw: raw.count(Count.SILENT),
    ),
    Tile(
        key="mttd",
        title="MTTD",
        text="mean time to detect: from a fault's begin to its first suspicion, of those that were suspected (s)",
        value=watched(time_to_detect),
    ),
    Tile(
        key="mttr",
        title="MTTR",
        text="mean time to recovery: from a fault's begin until nothing of it is left, of those made good (s)",
        value=watched(time_to_recover),
    ),
    Tile(
        key="recovery",
        title="recovery share",
        text="made good within their deadline without a lost task / faults of which that is decided (%)",
        value=watched(recovered),
    ),
    Tile(
        key="displaced",
        title="tasks displaced",
        text="tasks that incidents interrupted or that had to be sent anew for them, so far (number)",
        value=watched(lambda troubles: f"{sum(one.displaced for one in troubles.log.incidents):,}"),
    ),
    Tile(
        key="lost",
        title="tasks lost",
        text="tasks that were dropped for incidents, so far (number)",
        value=watched(lambda troubles: f"{sum(one.lost for one in troubles.log.incidents):,}"),
    ),
    tile(
        "resent",
        "tasks sent anew",
        "",
        "tasks that their entry node sent again since no answer came (tasks)",
        lambda raw: raw.count(Count.RESENT),
    ),
    tile("broken", "agents failed", "", "agents failed or under repair, at the tick's end", broken),
    Tile(key="dead", title="dead nodes", text="coordination nodes that do not answer (number)", value=dead),
    Tile(key="cut", title="cut links", text="links of the mesh that are cut (number)", value=cut),
    tile(
        "interrupted",
        "tasks interrupted",
        "",
        "tasks taken out of the hands of failed or retired agents (tasks)",
        lambda raw: raw.count(Count.INTERRUPTED),
    ),
    column_tile("error_rate", "errors", "share"),
)
