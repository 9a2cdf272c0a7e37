"""Performance: how long tasks take, where they wait, and what has left its limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ....model.columns import BY_NAME
from ....model.records import Records
from ...alerts import LOOKED_AT
from ...figures import latency, stations
from ...figures.control import control_chart
from ...figures.lines import Line
from ...theme import BLUE, GREEN, PURPLE
from ..optimizing import BOTTLENECK, CHARTS, EFFECTS, THRESHOLDS, TRIALS
from ..panels import LivePage, Plot
from ..parts import column_tile, of_records

if TYPE_CHECKING:
    from plotly.graph_objects import Figure


def chart(column: str, title: str, y_title: str, color: str, unit: str) -> Callable[[Records], Figure | None]:
    """A column of the last 2,000 ticks with its adaptive limits."""
    c = BY_NAME[column]

    def figure(records: Records) -> Figure | None:
        raw = records.raw(max(len(records) - LOOKED_AT, 0))
        line = Line(name=title.lower(), values=c.value(raw), text=c.text, color=color, unit=unit)
        return control_chart(title, line, records.column("time_s")[-len(raw) :], y_title)

    return figure


LIMITS = "The band holds what the ticks before foretell; a mark is a jump that they do not explain."
NOTHING = "no task was answered yet: press Play"

PAGE = LivePage(
    path="performance",
    title="Performance",
    lead="How long tasks take, where they wait, and what has left its limits.",
    panels=(
        column_tile("response_p50_s", "response time, p50"),
        column_tile("response_p99_s", "response time, p99"),
        column_tile("network_mean_ms", "network part, mean"),
        column_tile("cluster_wait_mean_s", "wait in clusters, mean"),
        column_tile("coordination_efficiency", "coordination efficiency", "share"),
        column_tile("skill_match", "skill match", "share"),
        Plot(
            key="response",
            title="Response time",
            read="Half of the answers are faster than p50 (s), one in a hundred is slower than p99.",
            figure=of_records(latency.response),
            otherwise=NOTHING,
        ),
        Plot(
            key="stages",
            title="Where a task's time goes",
            read="The thickest layer (s) is the bottleneck; each is a mean over the tasks that passed it in that tick.",
            figure=of_records(latency.stages),
            otherwise=NOTHING,
        ),
        Plot(
            key="throughput",
            title="Throughput within its limits",
            read=f"Answers per second. {LIMITS}",
            figure=of_records(
                chart("throughput_per_s", "Throughput", "tasks answered per second (1/s)", BLUE, "1/s")
            ),
            otherwise=NOTHING,
        ),
        Plot(
            key="utilization",
            title="Utilization within its limits",
            read=f"Busy share of the ready agents (%). {LIMITS}",
            figure=of_records(
                chart("utilization", "Utilization", "busy / ready agent-seconds (%)", GREEN, "share")
            ),
            otherwise="no agent was ready yet: press Play",
        ),
        Plot(
            key="errors",
            title="Errors within their limits",
            read=f"Tasks dropped over tasks arrived (%). {LIMITS}",
            figure=of_records(chart("error_rate", "Errors", "tasks dropped / arrived (%)", PURPLE, "share")),
            otherwise="no task has arrived yet: press Play",
        ),
        Plot(
            key="backlog",
            title="Backlog by station",
            read="Tasks that wait or travel; a layer that only grows names the station that cannot keep up.",
            figure=of_records(stations.backlog),
        ),
        Plot(
            key="stations",
            title="Stations of the nodes",
            read="Near 100 % busy a station's queue explodes; a busiest node far above the mean is a hot spot.",
            figure=of_records(stations.station_load),
            otherwise="the first period is not over: press Play",
        ),
        Plot(
            key="drops",
            title="Drops by reason",
            read="Tasks dropped per second. Full queues point to capacity, lost and unreachable to the network, "
            "attempts to failures.",
            figure=of_records(stations.drops),
            otherwise="no task was dropped: crash agents or raise demand under Switches and faults to see some",
        ),
        BOTTLENECK,
        EFFECTS,
        TRIALS,
        *CHARTS,
        THRESHOLDS,
    ),
)
