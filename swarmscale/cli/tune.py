"""``swarmscale tune``: a search for good settings by a file, in a folder where the same command goes on."""

from __future__ import annotations

import dataclasses
import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import changed_tree, require_writable, start_logging

if TYPE_CHECKING:
    from ..batch.tuned import Tuned

PAGE = "tune.html"


def tune(
    file: Annotated[
        Path, typer.Argument(help="A TOML file: a sweep's, with a table 'search' in place of 'design'.")
    ],
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", help="Fix a setting: key=value, dotted key.")
    ] = None,
    trials: Annotated[int | None, typer.Option(help="Settings to try, in place of the file's.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder of the store; out/<name> by default. A second call goes on there."),
    ] = None,
    engine: Annotated[str, typer.Option(help="Where runs are made: processes, ray or here.")] = "processes",
    address: Annotated[
        str | None, typer.Option(help="Ray's cluster: auto or host:port; a local one by default.")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Runs at a time; one for each processor by default.")
    ] = None,
    rng: Annotated[
        str | None, typer.Option(help="Seed of the first replication, in place of the file's.")
    ] = None,
    replications: Annotated[int | None, typer.Option(help="Runs a setting, in place of the file's.")] = None,
    plugin: Annotated[
        list[Path] | None, typer.Option(help="A Python file that registers strategies of your own.")
    ] = None,
    report: Annotated[bool, typer.Option(help="Write the HTML page.")] = True,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON and nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> int:
    """Search for the setting with the best objective that keeps all constraints; end with it beside the base.

    Each trial is a setting with all replications, under the same seeds as every other. The exit code is 1 if no
    trial is feasible.
    """
    start_logging(0, quiet)
    from ..batch.tune import plan_of_search

    tree = changed_tree(file, set_ or [], rng, replications, plugin or [])
    plan = plan_of_search(tree, file.stem, file.parent)
    folder = out or Path("out") / plan.name
    require_writable(folder)
    given: dict[str, Any] = {} if address is None else {"address": address}
    shown, started = not (json_ or quiet), time.perf_counter()
    from ..batch.tune import tune as search

    try:
        found = search(
            plan, out=folder, engine=engine, workers=workers, trials=trials, progress=shown, **given
        )
    except KeyboardInterrupt:
        typer.echo(
            f"interrupted; finished runs are kept in {folder}, and the same command goes on there", err=True
        )
        return 130
    files = [str(path.relative_to(folder)) for path in found.write(folder)]
    if report:
        from ..viz.tune_report import write_tune_report

        write_tune_report(found, folder / PAGE)
        files.insert(0, PAGE)
    if json_:
        typer.echo(json.dumps(as_json(found), indent=2))
    elif not quiet:
        _show(found, folder, time.perf_counter() - started, files)
    return 0 if found.best is not None else 1


def as_json(found: Tuned) -> dict[str, Any]:
    """What came out, as plain values; NaN is null."""
    best = found.best
    return {
        "name": found.store.name,
        "folder": str(found.store.folder),
        "complete": found.complete,
        "computed": found.computed,
        "kept": found.kept,
        "best": None if best is None else best.setting,
        "setting": None if best is None else dict(found.setting(best)),
        "front": [verdict.setting for verdict in found.front],
        "gains": [] if best is None else [_plain(dataclasses.asdict(gain)) for gain in found.gains(best)],
        "trials": [_plain(row) for row in found.frame().to_dict("records")],
        "failures": {str(trial): why for trial, (why, _) in found.failures().items()},
    }


def _plain(row: dict[Any, Any]) -> dict[str, Any]:
    return {
        str(name): None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _show(found: Tuned, folder: Path, seconds: float, files: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..viz.tune_tables import failure_lines, states_line, tune_sheets

    console = Console()
    console.width = min(console.width, 160) if console.is_terminal else 160
    for sheet in tune_sheets(found):
        console.print(Text(sheet.title, "bold"))
        table = Table()
        for i, name in enumerate(sheet.head):
            table.add_column(name, justify="left" if i == 0 else "right", overflow="fold")
        for row in sheet.rows:
            table.add_row(*(Text(text) for text in row))
        console.print(table)
        for text in (sheet.note, sheet.below):
            if text:
                console.print(text, highlight=False, markup=False)
    for line in failure_lines(found):
        console.print(line, highlight=False, markup=False)
    console.print(
        f"{states_line(found)}; {found.computed} runs in {seconds:.1f} s, {found.kept} were there; "
        f"{_files(files)} in {folder}",
        highlight=False,
    )
    if found.best is not None:
        where = folder / next(name for name in files if name.endswith(".toml"))
        console.print(f"With new seeds: swarmscale run {where} --rng 1000 --replications 10", highlight=False)


def _files(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"
