"""Tiles of the page Health: how available the fleet is, what is broken and suspected, how fast it is made good."""

from __future__ import annotations

from ...model.flow.ledger import Count
from ...model.resilience.measures import FALSE
from .health_values import (
    alert_count,
    broken,
    budget_left,
    by_task,
    by_time,
    cut,
    dead,
    ill_ways,
    in_time,
    open_breakers,
    recovered,
    standing,
    suspected,
    time_to_detect,
    time_to_recover,
    watched,
    weakest,
)
from .panels import Tile
from .parts import column_tile, tile

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
        text="what has that health: parts (component health), events between components (integration) or the service "
        "to tasks (system); which one it is stands in a table below",
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
        text="agents that are begun anew, leads, nodes and links that are held to be dead (number), rightly or not",
        value=suspected,
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
    tile(
        "resending",
        "to be sent anew",
        "",
        "tasks that their entry node keeps to send them again, at the tick's end (tasks)",
        lambda raw: raw.count(Count.RESENDING),
    ),
    Tile(
        key="breakers-open",
        title="breakers open",
        text="clusters to which nothing new is sent, or a little on trial, since too much failed there (number)",
        value=open_breakers,
    ),
    Tile(
        key="ways-ill",
        title="edges not sound",
        text="directions of links between components that are faulty, behind or just repaired (number), of those there",
        value=ill_ways,
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
