"""The report's section on optimization: what limited the fleet, what was tried, and what it gained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .optimization_tables import (
    METRIC_UNITS,
    THRESHOLD_HEADS,
    TITLES,
    TRIAL_HEADS,
    threshold_rows,
    trial_rows,
)
from .page_cards import Drawn, Panel, section
from .page_parts import plain_table
from .page_sections import node_load

if TYPE_CHECKING:
    from ..model.swarm import SwarmModel

LEAD = (
    "What limited the fleet in this run, which knobs were turned against it, and what was measured before and after. A "
    "change stays only if its metric fell beyond what chance and demand explain; docs/optimization.md."
)
CHARTED = ("latency_ms", "throughput_per_s", "utilization", "error_rate")
BOTTLENECK_READ = (
    "Near 100 % busy a station's queue explodes; the squares on top name what limited the fleet at each look."
)
EFFECT_READ = "Below 0 the change helped; a bar that crosses 0 is chance. What was not kept was undone."
THRESHOLD_READ = (
    "The average stays in the band while nothing has changed; triangles below are changes that were tried."
)
REWIRED_READ = "Green links were laid by the engine, dashed ones were there before its first look."


def optimization_section(model: SwarmModel) -> list[Drawn]:
    """The section; nothing for a run without the engine."""
    optimizer = model.optimizer
    if optimizer is None or not optimizer.looks:
        return []
    drawn = section("Optimization", LEAD, optimization_panels(model))
    told = plain_table("Changes that were tried", TRIAL_HEADS, trial_rows(optimizer.trials))
    told += plain_table("Adaptive thresholds at the last look", THRESHOLD_HEADS, threshold_rows(optimizer))
    return [Drawn(drawn.title, drawn.html.removesuffix("</section>") + told + "</section>")]


def optimization_panels(model: SwarmModel) -> list[Panel]:
    """The section's figures: the same as on the live pages."""
    from .figures import optimization

    optimizer = model.optimizer
    assert optimizer is not None
    charts = [
        Panel(
            key=f"threshold-{metric.replace('_', '-')}",
            figure=optimization.threshold(
                optimizer.thresholds.series, metric, f"Threshold of {TITLES[metric]}", y_title(metric),
                unit=METRIC_UNITS[metric], trials=optimizer.trials,
            ),
            read=THRESHOLD_READ,
            otherwise="the engine has not looked yet",
        )
        for metric in CHARTED
    ]  # fmt: skip
    rewired = {(min(a, b), max(a, b)) for a, b in model.mesh.edges} != set(optimizer.links)
    return [
        Panel(
            key="bottleneck",
            figure=optimization.bottleneck(optimizer.looks),
            read=BOTTLENECK_READ,
            wide=True,
        ),
        Panel(
            key="effects",
            figure=optimization.effects(optimizer.trials),
            read=EFFECT_READ,
            otherwise="nothing was tried",
            wide=True,
        ),
        *charts,
        Panel(
            key="rewired",
            figure=optimization.rewired(model.mesh, optimizer.links, node_load(model)) if rewired else None,
            read=REWIRED_READ,
            otherwise="the mesh has the links that it had",
            wide=True,
        ),
    ]


def y_title(metric: str) -> str:
    """A metric's name with its unit."""
    unit = METRIC_UNITS[metric]
    return f"{TITLES[metric]} ({'%' if unit == 'share' else unit or 'tasks'})"
