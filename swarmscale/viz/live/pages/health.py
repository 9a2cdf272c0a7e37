"""Health: what is broken, who knows, how it is made good, what it costs, and what has left its limits."""

from __future__ import annotations

from ..health_plots import FLOW_PLOTS, PLOTS
from ..health_tables import TABLES
from ..health_tiles import TILES
from ..panels import LivePage

_TABLE = {table.key: table for table in TABLES}
_PLOT = {plot.key: plot for plot in PLOTS}

PAGE = LivePage(
    path="health",
    title="Health",
    lead="What is broken, who knows, how it is made good, what it costs, and what has left its limits.",
    panels=(
        *TILES,
        _TABLE["alerts-table"],
        _TABLE["incidents"],
        _PLOT["timelines"],
        _PLOT["budget"],
        _PLOT["layers"],
        _PLOT["durations"],
        _PLOT["levels"],
        _PLOT["integration"],
        _TABLE["suspicions"],
        _TABLE["parts"],
        _TABLE["faults"],
        _TABLE["breakers"],
        _TABLE["beyond"],
        _TABLE["ways"],
        *FLOW_PLOTS,
    ),
)
