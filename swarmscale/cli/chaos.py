"""``swarmscale chaos``: a scenario with faults, many times, with and without what makes them good."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import require
from .options import load_plugins, require_writable, settings, start_logging

if TYPE_CHECKING:
    import pandas as pd

    from ..batch.chaos import Chaos
    from ..model.config import Config

REPORT, INCIDENTS, RESULT = "chaos.html", "incidents", "chaos.json"
WIDEST = 180


def chaos(
    config: Annotated[
        str, typer.Argument(help="A preset's name (storm, game-day, or any) or the path of a TOML file.")
    ] = "storm",
    runs: Annotated[int, typer.Option(help="Runs of each case, with seeds one after the other.")] = 5,
    rng: Annotated[str, typer.Option(help="The seed of the first run, a whole number.")] = "7",
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", help="Change a setting: key=value, dotted key.")
    ] = None,
    agents: Annotated[int | None, typer.Option(help="Agents at the start (fleet.agents).")] = None,
    seconds: Annotated[float | None, typer.Option(help="Simulated length of a run in s.")] = None,
    random: Annotated[
        float | None,
        typer.Option(
            help="In place of the scenario's own faults: so many an hour, of all kinds, drawn by the seed of the run."
        ),
    ] = None,
    without_recovery: Annotated[
        bool, typer.Option("--without-recovery", help="Also each case with nothing done about faults.")
    ] = False,
    by_layer: Annotated[
        bool, typer.Option("--by-layer", help="Also the faults of each of the four layers alone.")
    ] = False,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Also at half and at double the rates of faults.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for the results; out/chaos-<name> by default. A second call goes on there."
        ),
    ] = None,
    engine: Annotated[str, typer.Option(help="Where runs are made: processes, ray or here.")] = "processes",
    workers: Annotated[
        int | None, typer.Option(help="Runs at a time; one for each processor by default.")
    ] = None,
    retry: Annotated[bool, typer.Option("--retry", help="Make runs that failed or were late anew.")] = False,
    plugin: Annotated[
        list[Path] | None, typer.Option(help="A Python file that registers faults or strategies of your own.")
    ] = None,
    report: Annotated[bool, typer.Option(help="Write the HTML report.")] = True,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the results as JSON and nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> int:
    """Break a fleet many times; print what it holds up with 95 % intervals, and write every incident's time line."""
    start_logging(0, quiet or json_)
    plugins = [path.resolve() for path in plugin or []]
    load_plugins(plugins)
    require(runs >= 1, "--runs", runs, "1 or more")
    from ..batch.chaos import chaos as make
    from ..rng import root_seed

    base = _config(config, set_ or [], agents, seconds, random)
    folder = out or Path("out") / f"chaos-{base.name}"
    require_writable(folder)
    shown, started = not (json_ or quiet), time.perf_counter()
    how: dict[str, Any] = {} if engine == "here" else {"workers": workers}
    try:
        done = make(
            base,
            runs=runs,
            rng=root_seed(rng),
            without_recovery=without_recovery,
            by_layer=by_layer,
            sensitivity=sensitivity,
            out=folder,
            plugins=plugins,
            engine=engine,
            retry=retry,
            progress=shown,
            **how,
        )
    except KeyboardInterrupt:
        typer.echo(
            f"interrupted; finished runs are kept in {folder}, and the same command goes on there", err=True
        )
        return 130
    files = _write(done, folder, report)
    if json_:
        typer.echo(json.dumps(as_dict(done), indent=2))
    elif not quiet:
        _show(done, folder, time.perf_counter() - started, files)
    return 1 if done.done.failed else 0


def _config(
    name: str, pairs: list[str], agents: int | None, seconds: float | None, random: float | None
) -> Config:
    from ..batch.chaos import random_faults
    from ..model.config import Config

    changes = settings(pairs)
    for key, value in (("fleet.agents", agents), ("seconds", seconds)):
        if value is not None:
            changes.append((key, value))
    config = Config.load(name).changed(changes)
    if random is None:
        return config
    require(math.isfinite(random) and random > 0, "--random", random, "above 0 faults an hour")
    return random_faults(config, random)


def _write(done: Chaos, folder: Path, report: bool) -> list[str]:
    """Write all incidents, all figures and the page; return the files' names."""
    from ..batch.chaos_figures import incidents
    from ..model.files import write_parquet, write_whole

    table = incidents(done)
    write_parquet(folder / f"{INCIDENTS}.parquet", table, done.config.dt, {})
    write_whole(folder / f"{INCIDENTS}.csv", lambda part: table.to_csv(part, index=False))
    told = json.dumps(as_dict(done), indent=2)
    write_whole(folder / RESULT, lambda part: part.write_text(told, encoding="utf-8"))
    files = [RESULT, f"{INCIDENTS}.csv", f"{INCIDENTS}.parquet"]
    if report:
        from ..viz.chaos_report import write_chaos_report

        write_chaos_report(done, folder / REPORT)
        files.insert(0, REPORT)
    return files


def as_dict(done: Chaos) -> dict[str, Any]:
    """What came out, as plain values; NaN is null."""
    from ..batch.chaos_figures import differences, drops, faults, figures, layers

    tables = {
        "figures": figures(done), "layers": layers(done), "faults": faults(done), "drops": drops(done),
        "differences": differences(done),
    }  # fmt: skip
    failed = [
        {
            "case": done.cases[run.setting].name,
            "seed": done.done.plan.seed(run),
            "error": error.partition("\n")[0],
        }
        for run, error in done.done.failed.items()
    ]
    return {
        "name": done.config.name,
        "seconds": done.config.seconds,
        "agents": done.config.fleet.agents,
        "seeds": list(done.done.plan.seeds),
        "objective": done.config.resilience.health.objective,
        "cases": [
            {"name": case.name, "layer": case.layer, "rate": case.rate, "recovers": case.recovers}
            for case in done.cases
        ],
        **{name: _rows(table) for name, table in tables.items()},
        "failures": failed,
    }


def _rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON, which knows neither NaN nor infinity."""
    return [
        {
            str(name): None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in row.items()
        }
        for row in table.to_dict("records")
    ]


def _show(done: Chaos, folder: Path, seconds: float, files: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..viz.chaos_tables import chaos_sheets

    console = Console()
    console.width = min(console.width, WIDEST) if console.is_terminal else WIDEST
    for sheet in chaos_sheets(done):
        table = Table(
            title=sheet.title, title_justify="left", caption=sheet.note or None, caption_justify="left"
        )
        for i, name in enumerate(sheet.head):
            table.add_column(name, justify="left" if i == 0 else "right", overflow="fold")
        for row in sheet.rows:
            table.add_row(*(Text(text) for text in row))
        console.print(table)
    for run, error in list(done.done.failed.items())[:10]:
        where = f"{done.cases[run.setting].name}, seed {done.done.plan.seed(run)}"
        console.print(f"failed: {where}: {error.partition(chr(10))[0]}", highlight=False, markup=False)
    made = f"{done.done.computed} runs in {seconds:.1f} s, {done.done.kept} were there"
    console.print(f"{made}; {', '.join(files)} are in {folder}", highlight=False)
