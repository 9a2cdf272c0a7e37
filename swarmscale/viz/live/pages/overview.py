"""Overview: what is asked of the fleet, what it does, and every agent of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....arrays import Floats, Ints
from ....model.columns import STATES, Raw, ratio
from ....model.flow.ledger import Count
from ...figures import agents, capabilities, clusters, demand
from ...theme import number
from .. import cells, optimizing
from ..panels import Canvas, LivePage, Plot, Tile, View
from ..parts import DASH, NO_MODEL, column_tile, of_model, of_records, scaler_of, tile

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ....model.swarm import SwarmModel


def fleet(raw: Raw) -> Floats:
    """`[T]` agents in any state."""
    return np.asarray(np.sum([raw.state(name) for name in STATES], axis=0), np.float64)


def late(raw: Raw) -> Floats:
    """`[T]` late answers over answers."""
    return ratio(raw.count(Count.LATE), raw.count(Count.COMPLETED))


def agents_now(view: View) -> str:
    """Agents of the model, or of the last row of the records."""
    if view.model is not None:
        return f"{len(view.model.fleet):,}"
    ticks = len(view.records)
    return f"{int(fleet(view.records.raw(ticks - 1))[-1]):,}" if ticks else DASH


def price(view: View) -> str:
    """Price paid so far."""
    scaler = scaler_of(view)
    return number(scaler.cost) if scaler is not None else DASH


def now(view: View) -> str:
    """Simulated time."""
    return clock(len(view.records) * view.records.dt)


def clock(seconds: float) -> str:
    """A time as hours, minutes and seconds.

    >>> clock(178), clock(90_061), clock(0.5)
    ('0:02:58', '1 d 1:01:01', '0:00:00.5')
    """
    whole, part = divmod(round(seconds, 3), 1)
    minutes, s = divmod(int(whole), 60)
    hours, m = divmod(minutes, 60)
    days, h = divmod(hours, 24)
    return (f"{days} d " if days else "") + f"{h}:{m:02}:{s:02}" + f"{part:.3g}"[1:]


def matrix(model: SwarmModel) -> Figure | None:
    """Types by kinds, now."""
    return capabilities.matrix(capabilities.demand(model.flow), capabilities.supply(model.fleet))


def lately(view: View) -> tuple[Ints, Ints, Ints] | None:
    """Sizes, tasks in hands and ready agents of the clusters: the model's now, or of the records' last period."""
    if view.model is not None:
        state = view.model.flow.state
        return view.model.fleet.size, state.in_service, state.ready
    if not view.records.periods:
        return None
    series = view.records.cluster_series(view.records.periods)
    return series["size"][0], series["in_service"][0], series["ready"][0]


def sizes(view: View) -> Figure | None:
    """Histogram of sizes."""
    known = lately(view)
    return clusters.sizes(known[0]) if known is not None else None


def loads(view: View) -> Figure | None:
    """Histogram of loads; nothing before the first tick."""
    known = lately(view) if len(view.records) else None
    return clusters.loads(known[1], known[2]) if known is not None else None


TILES = (
    Tile(
        key="agents",
        title="agents",
        text="agents in the fleet, whatever their state",
        value=agents_now,
        course=lambda view: fleet(view.records.raw(max(len(view.records) - 600, 0))),
    ),
    column_tile("utilization", "utilization", "share"),
    column_tile("throughput_per_s", "throughput"),
    column_tile("response_p95_s", "response time, p95"),
    tile("late-share", "late answers", "share", "answers after the deadline of their class / answers", late),
    column_tile("error_rate", "errors", "share"),
    Tile(
        key="price",
        title="price paid",
        text="agent-seconds x price, warm ones at the pool's price, and starts; since the policy is in force. "
        "A dash: without a scaling policy nothing is counted",
        value=price,
    ),
    Tile(
        key="time", title="simulated time", text="time that was simulated since the start, h:min:s", value=now
    ),
)

PAGE = LivePage(
    path="",
    title="Overview",
    lead="What is asked of the fleet, and what it does.",
    panels=(
        *TILES,
        *optimizing.TILES,
        Canvas(
            key="fleet",
            title="Every agent",
            read="A cell is an agent, in the order of clusters and nodes; choose what its color stands for, and click "
            "one to open it. Load is the busy share (%) of its cluster, skill the best one (%) of its six.",
            choices=cells.CHOICES,
            paint=cells.paint,
            otherwise=NO_MODEL,
            picked=cells.picked,
        ),
        Plot(
            key="capacity",
            title="Demand against capacity",
            read="Where demand (agents) stays above the dashed line, work piles up; the gap below it is idle capacity.",
            figure=of_records(demand.demand_and_capacity),
        ),
        Plot(
            key="states",
            title="Agents by state",
            read="The height is the fleet (agents); anything but busy and idle is capacity that is paid for and not "
            "there.",
            figure=of_records(agents.by_state),
        ),
        Plot(
            key="sizes",
            title="Sizes of the clusters",
            read="How many clusters (number) have how many agents; coordination costs grow with a cluster's size.",
            figure=sizes,
            otherwise="no cluster is known yet: press Play until the first period is over",
        ),
        Plot(
            key="loads",
            title="Loads of the clusters",
            read="How many clusters (number) are how busy (%); a narrow heap means that dispatch spreads work evenly.",
            figure=loads,
        ),
        Plot(
            key="matrix",
            title="Types of tasks by kinds of agents",
            read="Cells (agents) are what ready agents of a kind could give to tasks of a type; beside them the type's "
            "share (%) of demand and of what agents could give to their own types: where demand's bar is longer, its "
            "tasks also go to other kinds, who are slower at them.",
            figure=of_model(matrix),
            otherwise=f"nobody is ready yet: press Play, or {NO_MODEL}",
            wide=True,
        ),
    ),
)
