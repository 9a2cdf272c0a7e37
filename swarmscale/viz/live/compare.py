"""Two runs side by side: the scorecard's metrics with their differences, and a column of both over time."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...model.columns import BY_NAME
from ...model.metric import Stretch
from ...model.metrics import METRICS
from ...model.stored import KnownRaw
from ..theme import digits, number
from .panels import LivePage, Plot, Table, View
from .saved import Saved
from .twin import Twin

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

HEADS = ("metric", "this run", "other run", "difference")
NOBODY = "choose a run to compare with, under Compare"
COLUMNS = ("throughput_per_s", "response_p95_s", "utilization", "agents_busy")
"""Columns that are always drawn."""


@dataclass(slots=True)
class Pairing:
    """What a session is compared with.

    Attributes:
        other: the other run; None for nothing.
        name: of the other run.
        column: a column of the records to be drawn besides the usual ones.
        twin: the other session, if it steps along.
    """

    other: View | None = None
    name: str = ""
    column: str = "error_rate"
    twin: Twin | None = None

    def choose(self, other: View | None, name: str = "", twin: Twin | None = None) -> None:
        """Compare with something else; a twin that stepped along stops."""
        if self.twin is not None:
            self.twin.leave()
        self.other, self.name, self.twin = other, name, twin

    def beside(self, view: View) -> View | None:
        """The other run as far as this one has come, so that the metrics are those of the same time."""
        now_s = len(view.records) * view.records.dt
        return self.other.at(now_s) if isinstance(self.other, Saved) else self.other


def scores(view: View) -> dict[str, float]:
    """The scorecard's metrics of a run so far, by key; NaN where a run of this kind cannot tell."""
    records, model = view.records, view.model
    warm_up_s = (
        model.config.records.warm_up_s if model is not None else float(getattr(view, "warm_up_s", 0.0))
    )
    first = min(round(warm_up_s / records.dt), len(records))
    whole = Stretch(records, first, len(records))
    found = {m.key: math.nan for m in METRICS}
    if len(records) > first:
        found |= {m.key: _known(m.value, whole) for m in METRICS if m.value is not None}
    if model is not None and model.scaler is not None:
        found |= {m.key: float(m.scaled(model.scaler)) for m in METRICS if m.scaled is not None}
    if model is not None:
        read = {m.key: m.of_model(model) for m in METRICS if m.of_model is not None}
        found |= {key: one.value for key, one in read.items() if one is not None}
    return found | _stored(view)


def _known(value: Callable[[Stretch], float], stretch: Stretch) -> float:
    """A metric's value; NaN if it was made of something that was not stored."""
    raw = stretch.raw
    if not isinstance(raw, KnownRaw):
        return float(value(stretch))
    raw.missing = False
    found = float(value(stretch))
    return math.nan if raw.missing else found


def _stored(view: View) -> dict[str, float]:
    """Metrics that were saved with a run, where its end is looked at."""
    metrics: Mapping[str, Any] = getattr(view, "metrics", {})
    if not metrics or getattr(view, "time_s", 0.0) < getattr(view, "end_s", 0.0):
        return {}
    known = {m.key for m in METRICS}
    return {k: float(m["value"]) for k, m in metrics.items() if k in known and m.get("value") is not None}


def compared(one: View, other: View) -> list[tuple[str, str, str, str]]:
    """A row for each metric that either run has: title, both values with their unit, other minus one.

    Args:
        one: a run.
        other: another one.
    """
    a, b = scores(one), scores(other)
    return [
        (m.title, number(a[m.key], m.unit), number(b[m.key], m.unit), difference(a[m.key], b[m.key], m.unit))
        for m in METRICS
        if not (math.isnan(a[m.key]) and math.isnan(b[m.key]))
    ]


def difference(one: float, other: float, unit: str) -> str:
    """Other minus one with its sign; of shares in percentage points.

    >>> difference(0.5, 0.75, "share"), difference(3.0, 2.0, "s"), difference(1.0, float("nan"), "s")
    ('+25.0 points', '-1.00 s', '–')
    """
    gap = other - one
    if math.isnan(gap):
        return "–"
    sign = "+" if gap > 0 else ""
    return f"{sign}{digits(100 * gap)} points" if unit == "share" else f"{sign}{number(gap, unit)}"


def overlaid(
    one: View, other: View, column: str, names: tuple[str, str] = ("this run", "other run")
) -> Figure:
    """A column of both runs over simulated time, on the shorter of their ticks.

    Args:
        one: a run.
        other: another one; where it has ended, or not come so far, nothing is drawn.
        column: of the records.
        names: of both, in the legend.

    Raises:
        UnknownChoiceError: if there is no such column.
    """
    from ..figures.overlay import overlaid_records

    return overlaid_records(one.records, other.records, column, names)


def comparison_page(pairing: Pairing) -> LivePage:
    """A page on which the board draws both runs.

    Args:
        pairing: says what the view is compared with, at each frame.
    """

    def rows(view: View) -> list[tuple[str, ...]]:
        other = pairing.beside(view)
        return [*compared(view, other)] if other is not None else []

    def figure(column: Callable[[], str]) -> Callable[[View], Figure | None]:
        def draw(view: View) -> Figure | None:
            if pairing.other is None or not len(view.records):
                return None
            return overlaid(view, pairing.other, column(), ("this run", pairing.name or "other run"))

        return draw

    def usual(column: str) -> Plot:
        return Plot(
            key=f"both-{column.replace('_', '-')}", title=column.replace("_", " "), otherwise=NOBODY,
            read=f"{BY_NAME[column].text}; this run and the other one", figure=figure(lambda: column),
        )  # fmt: skip

    plots = [usual(column) for column in COLUMNS]
    chosen = Plot(
        key="both-chosen", title="A column of your choice", otherwise=NOBODY, wide=True,
        read="the column that is chosen under Compare; this run and the other one",
        figure=figure(lambda: pairing.column),
    )  # fmt: skip
    table = Table(
        key="both", title="Scorecard", heads=HEADS, rows=rows, otherwise=NOBODY, wide=True,
        read="each metric of both runs until this one's time, and other minus this",
    )  # fmt: skip
    return LivePage(
        path="compare", title="Compare", lead="What is better, and by how much, in two runs?",
        panels=(table, *plots, chosen),
    )  # fmt: skip
