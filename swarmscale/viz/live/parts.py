"""What pages are made of again and again: tiles of columns, and figures of records or of a model alone."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Floats
from ...model.columns import BY_NAME, Raw
from ...model.records import Records
from ...model.scaling.scaler import Scaler
from ..probes import Probes, probes_of
from ..theme import number
from .panels import Tile, View

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

    from ...model.swarm import SwarmModel

DASH = "–"
COURSE_TICKS = 600
"""Ticks of a tile's small line, the last ones."""
NO_MODEL = "a saved run without its model: open a checkpoint to see this"
NO_SCALER = "this fleet keeps its size: choose a scaling policy under Switches and faults"


def tile(key: str, title: str, unit: str, text: str, value: Callable[[Raw], Floats]) -> Tile:
    """A tile of a figure of the last tick, with its course over the last 600."""

    def now(view: View) -> str:
        ticks = len(view.records)
        return number(float(value(view.records.raw(ticks - 1))[-1]), unit) if ticks else DASH

    def course(view: View) -> Floats:
        return value(view.records.raw(max(len(view.records) - COURSE_TICKS, 0)))

    return Tile(key=key, title=title, text=f"{text}; the last tick's", value=now, course=course)


def column_tile(column: str, title: str, unit: str = "") -> Tile:
    """A tile of a column, with the column's own definition."""
    c = BY_NAME[column]
    return tile(column.replace("_", "-"), title, unit or c.unit, c.text, c.value)


def of_records(figure: Callable[[Records], Figure | None]) -> Callable[[View], Figure | None]:
    """A figure that needs the records alone; nothing before the first tick."""
    return lambda view: figure(view.records) if len(view.records) else None


def of_model(figure: Callable[[SwarmModel], Figure | None]) -> Callable[[View], Figure | None]:
    """A figure that needs the model; nothing without it."""
    return lambda view: figure(view.model) if view.model is not None else None


def scaler_of(view: View) -> Scaler | None:
    """The scaler of what is looked at."""
    return view.model.scaler if view.model is not None else None


def seen_probes(view: View) -> Probes:
    """Probes of what is looked at: of its model, or those that were saved with its records."""
    if view.model is not None:
        return probes_of(view.model)
    saved: Probes | None = getattr(view, "probes", None)
    return Probes() if saved is None else saved


def of_probes(figure: Callable[[Probes], Figure | None]) -> Callable[[View], Figure | None]:
    """A figure that needs the probes alone; nothing before the first one."""
    return lambda view: figure(probes) if len(probes := seen_probes(view)) else None


def probes_version(view: View) -> Hashable:
    """Another value when there is another probe."""
    return seen_probes(view).version


def last(values: Floats) -> float:
    """The last value; NaN if there is none."""
    return float(values[-1]) if len(values) else float(np.nan)
