"""What ``swarmscale sweep`` prints: its settings, means by setting, and what failed."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import pandas as pd

    from ..batch.plan import Plan
    from ..batch.sweep import Sweep

MOST_SETTINGS, MOST_OUTCOMES, MOST_FAILURES = 40, 8, 20
"""Rows and columns that a terminal shows at most; all are in the files."""


def show_plan(plan: Plan, as_text: bool) -> None:
    """Print the settings of a plan and how many runs they make; as JSON if asked for."""
    runs = len(plan.settings) * len(plan.seeds)
    if as_text:
        facts = {"name": plan.name, "runs": runs, "seeds": list(plan.seeds), "settings": list(plan.settings)}
        typer.echo(json.dumps(facts, indent=2))
        return
    console, table = _console(), _table([("setting", "right"), *((key, "left") for key in plan.keys)])
    for number, setting in enumerate(plan.settings):
        table.add_row(str(number), *(_text(setting.get(key)) for key in plan.keys))
    console.print(table)
    console.print(
        f"{plan.name}: {len(plan.settings)} settings x {len(plan.seeds)} replications = {runs} runs; "
        f"seeds {plan.seeds[0]} to {plan.seeds[-1]}",
        highlight=False,
    )


def as_json(done: Sweep) -> dict[str, Any]:
    """What came out, as plain values; NaN is null."""
    frame = done.frame()
    return {
        "name": done.store.name,
        "folder": str(done.store.folder),
        "runs": len(done.store.runs()),
        "computed": done.computed,
        "kept": done.kept,
        "statuses": dict(Counter(frame["status"])),
        "settings": [_plain(row) for row in done.means().to_dict("records")],
        "failures": [_plain(row) for row in _failures(frame).to_dict("records")],
    }


def show_sweep(done: Sweep, seconds: float, files: list[str]) -> None:
    """Print means by setting if they are few, failures, and where everything is."""
    console, frame = _console(), done.frame()
    means, columns = done.means(), done.store.columns
    if len(means) <= MOST_SETTINGS and len(columns.outcomes) <= MOST_OUTCOMES:
        heads = [("setting", "right"), *((key.removeprefix("set."), "left") for key in columns.keys)]
        table = _table([*heads, ("runs", "right"), *((name, "right") for name in columns.outcomes)])
        for row in means.to_dict("records"):
            table.add_row(*(_text(value) for value in row.values()))
        console.print(table)
    failures = _failures(frame)
    for row in failures.head(MOST_FAILURES).to_dict("records"):
        where = f"setting {row['setting']}, replication {row['replication']}, seed {row['seed']}"
        console.print(f"{row['status']}: {where}: {row['error']}", highlight=False, markup=False)
    if len(failures) > MOST_FAILURES:
        console.print(f"and {len(failures) - MOST_FAILURES} more, see {files[-1]}", highlight=False)
    counts = ", ".join(f"{number} {status}" for status, number in Counter(frame["status"]).items())
    console.print(
        f"{counts} of {len(done.store.runs())} runs; {done.computed} made in {seconds:.1f} s, {done.kept} were there; "
        f"{' and '.join(files)} in {done.store.folder}",
        highlight=False,
    )


def _failures(frame: pd.DataFrame) -> pd.DataFrame:
    """Runs that did not end well."""
    return frame.loc[frame["status"] != "done", ["setting", "replication", "seed", "status", "error"]]


def _console() -> Any:
    from rich.console import Console

    console = Console()
    console.width = min(console.width, 160) if console.is_terminal else 160
    return console


def _table(heads: list[tuple[str, Any]]) -> Any:
    from rich.table import Table

    table = Table()
    for name, justify in heads:
        table.add_column(name, justify=justify, overflow="fold")
    return table


def _text(value: Any) -> str:
    """A value for a cell; a dash for what there is not."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        str(name): None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }
