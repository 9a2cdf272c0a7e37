"""Panels of the optimization engine on the live pages: what limits the fleet, what was tried, thresholds, new links."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import TYPE_CHECKING

from ...model.optimization_metrics import gain
from ..figures import optimization, structure
from ..optimization_tables import (
    METRIC_UNITS,
    THRESHOLD_HEADS,
    TITLES,
    TRIAL_HEADS,
    threshold_rows,
    trial_rows,
)
from ..page_optimization import BOTTLENECK_READ, CHARTED, EFFECT_READ, THRESHOLD_READ, y_title
from ..page_sections import node_load
from ..theme import number
from .panels import Plot, Table, Tile, View
from .parts import DASH

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ...model.optimization.engine import Optimizer
    from ...model.swarm import SwarmModel

OFF = "set optimization.on under Settings and start anew to see the engine at work"


def optimizer_of(view: View) -> Optimizer | None:
    """The engine of what is looked at."""
    return view.model.optimizer if view.model is not None else None


def engine_version(view: View) -> Hashable:
    """Another value after another look, and when a trial begins or ends."""
    engine = optimizer_of(view)
    return None if engine is None else (len(engine.looks), len(engine.trials), engine.trying)


def of_engine(figure: Callable[[Optimizer], Figure | None]) -> Callable[[View], Figure | None]:
    """A figure of the engine; nothing without it."""

    def drawn(view: View) -> Figure | None:
        engine = optimizer_of(view)
        return None if engine is None else figure(engine)

    return drawn


def limited(view: View) -> str:
    """What limits the fleet, by the last look."""
    engine = optimizer_of(view)
    return DASH if engine is None or engine.found is None else engine.found.kind


def states(view: View) -> str:
    """Trials kept and rolled back, and whether one is under way."""
    engine = optimizer_of(view)
    if engine is None:
        return DASH
    kept, undone = (sum(one.state == state for one in engine.trials) for state in ("kept", "rolled back"))
    return f"{kept} / {undone}" + (" + 1" if engine.trying else "")


def gained(view: View) -> str:
    """Mean gain of the changes that were kept."""
    engine = optimizer_of(view)
    return DASH if engine is None else number(gain(engine.trials).value, "share")


def out_of_range(view: View) -> str:
    """Metrics that are out of range, of those that are judged."""
    engine = optimizer_of(view)
    if engine is None or not engine.thresholds.series:
        return DASH
    readings = [one for one in engine.thresholds.series[-1] if one.state != "learning"]
    return (
        f"{sum(one.state != 'in range' for one in readings)} of {len(readings)}" if readings else "learning"
    )


TILES = (
    Tile(
        key="bottleneck-kind",
        title="limited by",
        text="what limits the fleet, by the engine's last look; a dash where optimization is off",
        value=limited,
    ),
    Tile(
        key="trials-kept",
        title="changes kept / undone",
        text="changes of the optimization engine that were kept and that were rolled back, and one that is being tried "
        "(number)",
        value=states,
    ),
    Tile(
        key="trials-gain",
        title="gain of a kept change",
        text="mean relative fall of the metric that a kept change was to lower (%)",
        value=gained,
    ),
    Tile(
        key="thresholds-out",
        title="out of range",
        text="metrics whose average is beyond its adaptive limits, of those that are judged (number)",
        value=out_of_range,
    ),
)
"""For the Overview."""


def _rows(rows: Callable[[Optimizer], list[tuple[str, ...]]]) -> Callable[[View], Sequence[tuple[str, ...]]]:
    def told(view: View) -> Sequence[tuple[str, ...]]:
        engine = optimizer_of(view)
        return () if engine is None else rows(engine)

    return told


BOTTLENECK = Plot(
    key="bottleneck",
    title="What limits the fleet",
    read=BOTTLENECK_READ,
    figure=of_engine(lambda engine: optimization.bottleneck(engine.looks)),
    otherwise=OFF,
    version=engine_version,
    hides=True,
)
EFFECTS = Plot(
    key="effects",
    title="Effect of each change that was tried",
    read=EFFECT_READ,
    figure=of_engine(lambda engine: optimization.effects(engine.trials)),
    otherwise=OFF,
    version=engine_version,
    hides=True,
)
TRIALS = Table(
    key="trials",
    title="Changes that were tried",
    read="The newest first; expected by theory, measured between the windows before and after, with its interval.",
    heads=TRIAL_HEADS,
    rows=_rows(lambda engine: trial_rows(engine.trials)),
    otherwise=OFF,
    wide=True,
    hides=True,
)
THRESHOLDS = Table(
    key="thresholds",
    title="Adaptive thresholds",
    read="Where the average of each metric lies between its limits at the last look, and its target.",
    heads=THRESHOLD_HEADS,
    rows=_rows(threshold_rows),
    otherwise=OFF,
    wide=True,
    hides=True,
)


def _chart(metric: str) -> Plot:
    def figure(engine: Optimizer) -> Figure | None:
        return optimization.threshold(
            engine.thresholds.series, metric, f"Threshold of {TITLES[metric]}", y_title(metric),
            unit=METRIC_UNITS[metric], trials=engine.trials,
        )  # fmt: skip

    return Plot(
        key=f"threshold-{metric.replace('_', '-')}",
        title=f"Threshold of {TITLES[metric]}",
        read=THRESHOLD_READ,
        figure=of_engine(figure),
        otherwise=OFF,
        version=engine_version,
        hides=True,
    )


CHARTS = tuple(_chart(metric) for metric in CHARTED)
"""For the page Performance."""


def mesh(model: SwarmModel) -> Figure:
    """The mesh, now; with the engine's new links and the node that limits the fleet, if it is at work."""
    engine = model.optimizer
    if engine is None or not engine.looks:
        return structure.mesh(model.mesh, node_load(model))
    return optimization.rewired(model.mesh, engine.links, node_load(model), limiting_node(model))


def limiting_node(model: SwarmModel) -> int:
    """The node that the engine's last look names, itself or over its cluster; -1 for none."""
    found = None if model.optimizer is None else model.optimizer.found
    if found is None or found.at < 0 or found.kind == "none":
        return -1
    if found.kind in ("ingress", "dispatch", "network"):
        return found.at if found.at in model.mesh else -1
    return int(model.hierarchy_arrays.node_of_cluster[found.at])
