"""``swarmscale sweep``: many runs by a sweep file, in a folder where the same command goes on after anything."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError
from .options import changed_tree, require_writable, start_logging
from .sweep_tables import as_json, show_plan, show_sweep

if TYPE_CHECKING:
    from ..batch.sweep import Sweep

REPORT = "sweep.html"
TABLE = "table.csv"


def sweep(
    file: Annotated[Path, typer.Argument(help="A sweep file (TOML).")],
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", help="Fix a setting: key=value, dotted key.")
    ] = None,
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
    retry: Annotated[bool, typer.Option("--retry", help="Make runs that failed or were late anew.")] = False,
    rng: Annotated[
        str | None, typer.Option(help="Seed of the first replication, in place of the file's.")
    ] = None,
    replications: Annotated[int | None, typer.Option(help="Runs a setting, in place of the file's.")] = None,
    plugin: Annotated[
        list[Path] | None, typer.Option(help="A Python file that registers strategies of your own.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the settings, and run nothing.")] = False,
    report: Annotated[bool, typer.Option(help="Write the HTML report.")] = True,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON and nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> int:
    """Make all runs of a sweep that its folder does not have yet; end with a table and the list of failures."""
    start_logging(0, quiet)
    from ..batch.plan_file import plan_of

    tree = changed_tree(file, set_ or [], rng, replications, plugin or [])
    plan = plan_of(tree, file.stem, file.parent)
    if dry_run:
        plan.check()
        show_plan(plan, json_)
        return 0
    folder = out or Path("out") / plan.name
    require_writable(folder)
    given: dict[str, Any] = {} if address is None else {"address": address}
    shown, started = not (json_ or quiet), time.perf_counter()
    from ..batch.sweep import sweep as make

    try:
        done = make(plan, out=folder, engine=engine, workers=workers, retry=retry, progress=shown, **given)
    except KeyboardInterrupt:
        typer.echo(f"interrupted; {_kept(folder)}, and the same command goes on there", err=True)
        return 130
    files = _write(done, folder, report)
    if json_:
        typer.echo(json.dumps(as_json(done), indent=2))
    elif not quiet:
        show_sweep(done, time.perf_counter() - started, files)
    return 1 if done.failed else 0


def _kept(folder: Path) -> str:
    """What an interrupted sweep leaves, in words."""
    from ..batch.store import Store

    try:
        progress = Store.open(folder).progress()
    except ConfigError:
        return "no run had ended"
    return f"{progress.ended} of {progress.total} runs are kept in {folder}"


def _write(done: Sweep, folder: Path, report: bool) -> list[str]:
    """Write the final table and the page; return the files' names."""
    from ..model.files import write_whole

    frame = done.frame()
    write_whole(folder / TABLE, lambda part: frame.to_csv(part, index=False))
    if not report:
        return [TABLE]
    from ..viz.sweep_report import write_sweep_report

    write_sweep_report(done, folder / REPORT)
    return [REPORT, TABLE]
