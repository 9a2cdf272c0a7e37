"""``swarmscale compare``: two runs or two sweeps side by side."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .options import require_writable, start_logging

if TYPE_CHECKING:
    from ..batch.compare import Comparison, Difference

PAGE = "compare.html"
WIDEST = 150
MOST_CHANGES = 30


def compare(
    one: Annotated[Path, typer.Argument(metavar="A", help="Folder of a run or of a sweep.")],
    other: Annotated[Path, typer.Argument(metavar="B", help="Another one of the same kind.")],
    out: Annotated[Path | None, typer.Option(help="Folder for compare.html, both side by side.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Also print metrics that do not differ.")] = False,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the comparison as JSON and nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> int:
    """Compare two folders: what changed in the config, and every metric with its difference and interval."""
    start_logging(0, quiet)
    from ..batch.compare import compare as side_by_side

    found = side_by_side(one, other)
    if out is not None:
        require_writable(out)
        from ..viz.compare_report import write_compare_report

        write_compare_report(found, out / PAGE)
    if json_:
        typer.echo(json.dumps(found.as_dict(), indent=2))
    elif not quiet:
        _show(found, all_, None if out is None else out / PAGE)
    return 0


def _show(found: Comparison, everything: bool, page: Path | None) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    console.width = min(console.width, WIDEST) if console.is_terminal else WIDEST
    one, other = found.names
    changes = Table(title=f"Settings that differ: {len(found.changes)}", title_justify="left")
    for name in ("setting", one, other):
        changes.add_column(name, overflow="fold")
    for change in found.changes[:MOST_CHANGES]:
        changes.add_row(Text(change.key), Text(change.one), Text(change.other))
    if found.changes:
        console.print(changes)
    else:
        console.print("Both have the same settings.", highlight=False)
    if len(found.changes) > MOST_CHANGES:
        console.print(f"and {len(found.changes) - MOST_CHANGES} more", highlight=False)
    console.print(_table(found, everything))
    console.print(Text(found.sentence))
    for name, keys in found.only.items():
        console.print(Text(f"Only {name} has: {', '.join(keys)}"))
    if page is not None:
        console.print(Text(f"{page} shows both side by side"))


def _table(found: Comparison, everything: bool) -> object:
    from rich.table import Table
    from rich.text import Text

    one, other = found.names
    table = Table(title=f"Metrics, {other} minus {one}", title_justify="left")
    for i, name in enumerate(("metric", one, other, "difference", "95 % interval", "relative", "interval")):
        table.add_column(name, justify="right" if 0 < i < 6 else "left", overflow="fold")
    for row in found.rows:
        measured = not (math.isnan(row.one) and math.isnan(row.other))
        if measured and (everything or row.difference):
            table.add_row(*(Text(cell, style="bold" if row.clear else "") for cell in _cells(row)))
    return table


def _cells(row: Difference) -> tuple[str, ...]:
    from ..batch.analysis.meaning import meaning
    from ..viz.sweep_sheets import ends, gap, signed
    from ..viz.theme import number

    told = meaning(row.outcome)
    return (
        told.title,
        number(row.one, told.unit),
        number(row.other, told.unit),
        gap(row.difference, told.unit),
        ends(row.low, row.high, told.unit).text,
        signed(row.relative, "share"),
        row.method,
    )
