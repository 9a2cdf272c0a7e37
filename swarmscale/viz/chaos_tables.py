"""The tables of chaos runs as rows of text, for the terminal and for the page. Imports no Plotly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..batch.chaos_figures import ALL, differences, drops, faults, figures, layers
from ..model.metrics import METRICS
from .incident_lines import figure_text
from .race_tables import Sheet
from .theme import number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..batch.chaos import Chaos

METRIC = {metric.key: metric for metric in METRICS}
ACROSS = ("availability_tasks", "availability_time", "recovery", "mttd_s", "mttr_s", "budget_spent", "error_rate",
          "delivery_hops")  # fmt: skip
"""Outcomes in the table of all cases."""
SHORT = {
    "availability_tasks": "by task",
    "availability_time": "by time",
    "recovery": "recovery",
    "mttd_s": "to detect",
    "mttr_s": "to recovery",
    "budget_spent": "budget spent",
    "error_rate": "errors",
    "delivery_hops": "first-attempt hops",
}
NOTE = (
    "Mean over runs with its 95 % interval (Student's below 8 runs, the bootstrap's from 8 on); recovery is of all "
    "incidents (exact, or over runs where that is wider), times are of all incidents over runs."
)


def chaos_sheets(chaos: Chaos) -> list[Sheet]:
    """Figures, incidents by layer and by fault, all cases side by side, and drops by reason."""
    found = figures(chaos)
    values = {(row["case"], row["outcome"]): row for row in found.to_dict("records")}
    names = [case.name for case in chaos.cases]
    sheets = [_figures(chaos, values)]
    split = layers(chaos)
    sheets += [_layers(rows, name) for name, rows in _by_case(split, names[:1] + _bare(chaos))]
    sheets += [_faults(rows, name) for name, rows in _by_case(faults(chaos), names[:1])]
    if len(names) > len(names[:1] + _bare(chaos)):
        sheets.append(_across(names, values))
    dropped = _drops(chaos)
    return [*sheets, *([dropped] if dropped else [])]


def _bare(chaos: Chaos) -> list[str]:
    """The twin of the first case that does not recover, if there is one."""
    return [case.name for case in chaos.cases[1:2] if not case.recovers]


def _by_case(table: Any, names: list[str]) -> list[tuple[str, list[dict[Any, Any]]]]:
    rows = table.to_dict("records")
    found = [(name, [row for row in rows if row["case"] == name]) for name in names]
    return [(name, mine) for name, mine in found if mine]


def text_of(row: Mapping[Any, Any], unit: str, name: str = "value") -> str:
    """A figure with its interval and unit."""
    prefix = "" if name == "value" else f"{name}_"
    value, low, high = (float(row[key]) for key in (name, f"{prefix}low", f"{prefix}high"))
    return figure_text(value, low, high, unit)


def _figures(chaos: Chaos, values: Mapping[tuple[str, str], Mapping[Any, Any]]) -> Sheet:
    """What the scenario comes to, and what it would without recovery."""
    shown = [chaos.cases[0].name, *_bare(chaos)]
    head = ["figure", *shown]
    gaps = {row["outcome"]: row for row in differences(chaos).to_dict("records") if row["case"] == shown[0]}
    if gaps:
        head.append("what recovery changes")
    head.append("claim")
    rows = []
    for key in dict.fromkeys(outcome for _, outcome in values):
        metric = METRIC[key]
        cells = [metric.title, *(text_of(values[name, key], metric.unit) for name in shown)]
        if gaps:
            cells.append(_signed(gaps[key], metric.unit))
        rows.append((*cells, metric.claim))
    runs = len(chaos.done.plan.seeds)
    title = f"{chaos.config.name}: {runs} run{'s' if runs > 1 else ''} of {chaos.config.seconds:,.0f} s"
    return Sheet(title=title, note=NOTE, head=tuple(head), rows=rows)


def _signed(row: Mapping[Any, Any], unit: str) -> str:
    text = text_of(row, unit)
    return f"+{text}" if row["value"] > 0 else text


COUNTED = (
    "injected", "found", "over unseen", "to detect", "to recovery", "recovered in time", "deadline ahead", "displaced",
    "lost",
)  # fmt: skip
"""Columns of a table of incidents."""


def _layers(rows: list[dict[Any, Any]], name: str) -> Sheet:
    return Sheet(
        title=f"Incidents by layer, {name}",
        note=f"Numbers are sums over {rows[0]['runs']} runs; displaced and lost are tasks.",
        head=("layer", *COUNTED),
        rows=[_incidents(row, "all layers" if row["layer"] == ALL else row["layer"]) for row in rows],
    )


def _faults(rows: list[dict[Any, Any]], name: str) -> Sheet:
    told = [_incidents(row, row["fault"]) for row in rows]
    return Sheet(
        title=f"Incidents by fault, {name}",
        note="",
        head=("fault", "layer", *COUNTED),
        rows=[(cells[0], row["layer"], *cells[1:]) for cells, row in zip(told, rows, strict=True)],
    )


def _incidents(row: Mapping[Any, Any], name: str) -> tuple[str, ...]:
    counts = {
        key: f"{int(row[key]):,}" for key in ("injected", "found", "missed", "pending", "displaced", "lost")
    }
    return (
        name, counts["injected"], counts["found"], counts["missed"], text_of(row, "s", "mttd_s"),
        text_of(row, "s", "mttr_s"), text_of(row, "share", "recovery"), counts["pending"], counts["displaced"],
        counts["lost"],
    )  # fmt: skip


def _across(names: list[str], values: Mapping[tuple[str, str], Mapping[Any, Any]]) -> Sheet:
    rows = [(name, *(text_of(values[name, key], METRIC[key].unit) for key in ACROSS)) for name in names]
    return Sheet(
        title="All cases",
        note="The same demand and draws of faults in each; rates are those of faults that strike by themselves.",
        head=("case", *(SHORT[key] for key in ACROSS)),
        rows=rows,
    )


def _drops(chaos: Chaos) -> Sheet | None:
    """Dropped tasks by reason, those reasons that came up; None if no task was dropped."""
    table = drops(chaos)
    some = table[table["value"] > 0]
    if not len(some):
        return None
    names = [case.name for case in chaos.cases if case.name in set(some["case"])]
    by = {(row["case"], row["reason"]): row for row in table.to_dict("records")}
    rows = [
        (reason, *(_dropped(by[name, reason]) for name in names)) for reason in dict.fromkeys(some["reason"])
    ]
    return Sheet(
        title="Tasks dropped in a run, by reason",
        note="With the share of the tasks that arrived.",
        head=("reason", *names),
        rows=rows,
    )


def _dropped(row: Mapping[Any, Any]) -> str:
    return f"{text_of(row, '')}, {number(row['share'], 'share')}" if row["value"] else "0"
