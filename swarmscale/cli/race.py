"""``swarmscale race``: scaling policies side by side on demand traces."""

from __future__ import annotations

import json
import math
import os
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError, UnknownChoiceError, require
from .options import load_plugins, require_writable, start_logging

if TYPE_CHECKING:
    import pandas as pd

    from ..batch.course import Rules
    from ..batch.full_race import FullRace
    from ..batch.race import Race

FIDELITIES = ("fast", "full")
MOST_COLUMNS = 11
WIDEST = 160


def race(
    traces: Annotated[
        list[str] | None,
        typer.Argument(
            help="Shipped traces or CSV files; by default all shipped ones with demand per bin, in the full fidelity "
            "those with bins of one minute."
        ),
    ] = None,
    policies: Annotated[str, typer.Option(help="Names, with commas between; all by default.")] = "all",
    startup: Annotated[float, typer.Option(help="Start-up time of an agent in s.")] = 60.0,
    mean_agents: Annotated[float, typer.Option(help="Mean demand to which each trace is scaled.")] = 400.0,
    fidelity: Annotated[
        str, typer.Option(help="fast: the fleet as a number of agents; full: the task-level model.")
    ] = "fast",
    hours: Annotated[float, typer.Option(help="Length of each trace's window in the full fidelity.")] = 2.0,
    arrivals: Annotated[
        str, typer.Option(help="smooth, or poisson: tasks arrive at random, alike for all.")
    ] = "smooth",
    warm_agents: Annotated[int, typer.Option(help="Size of a warm pool.")] = 0,
    forecaster: Annotated[str, typer.Option(help="Whose forecasts all policies see.")] = "ensemble",
    violations: Annotated[
        str, typer.Option(help="Shares of work at which costs are compared, with commas between.")
    ] = ".001,.003,.01",
    out: Annotated[Path, typer.Option(help="Folder for the results; a second call goes on there.")] = Path(
        "out/race"
    ),
    plugin: Annotated[
        list[Path] | None, typer.Option(help="A Python file that registers policies of your own.")
    ] = None,
    rng: Annotated[str, typer.Option(help="The seed of arrivals, a whole number.")] = "7",
    processes: Annotated[
        int | None, typer.Option(help="Worker processes; one for each processor by default.")
    ] = None,
    report: Annotated[bool, typer.Option(help="Write the HTML page.")] = True,
    json_: Annotated[bool, typer.Option("--json", help="Print the tables as JSON and nothing else.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
) -> int:
    """Race scaling policies over sweeps of their knobs; print cost at equal violations, and write it all."""
    start_logging(0, quiet)
    load_plugins(plugin or [])
    if fidelity not in FIDELITIES:
        raise UnknownChoiceError("fidelity", fidelity, FIDELITIES)
    count = _processors() if processes is None else processes
    require(count >= 1, "--processes", count, "1 or more")
    rules = _rules(startup, mean_agents, arrivals, warm_agents, forecaster, violations, rng)
    names = None if policies == "all" else _parts(policies, "--policies")
    require_writable(out)
    begin = partial(load_plugins, plugin) if plugin else None
    shown, started = not (json_ or quiet), time.perf_counter()
    common: dict[str, Any] = {"out": out, "processes": count, "begin": begin, "progress": shown}
    try:
        done = _run(traces or None, names, rules, hours if fidelity == "full" else None, common)
    except KeyboardInterrupt:
        typer.echo(
            f"interrupted; finished runs are kept in {out}, and the same command goes on there", err=True
        )
        return 130
    files = [path.name for path in done.write(out) if path.suffix == ".csv"]
    if report:
        from ..viz.race_report import write_race_report

        files.insert(0, "full_race.html" if fidelity == "full" else "race.html")
        write_race_report(done, out / files[0])
    if json_:
        typer.echo(json.dumps(_tables(done), indent=2))
    elif not quiet:
        _show(done, out, time.perf_counter() - started, files)
    return 0


def _run(
    traces: list[str] | None,
    names: list[str] | None,
    rules: Rules,
    hours: float | None,
    common: dict[str, Any],
) -> Race | FullRace:
    """The race in the fast fidelity, or in the full one if hours are given."""
    if hours is None:
        from ..batch.race import race as fast_race

        return fast_race(traces, names, rules=rules, **common)
    from ..batch.full import FullRules
    from ..batch.full_race import full_race

    return full_race(traces, names, full=FullRules(rules=rules, hours=hours), **common)


def _tables(done: Race | FullRace) -> dict[str, list[dict[str, Any]]]:
    """The tables for JSON."""
    names = (
        ("table_a", "table_b", "savings") if hasattr(done, "table_a") else ("equal", "defaults", "savings")
    )
    return {name: _records(getattr(done, name)) for name in names}


def _rules(
    startup: float, mean_agents: float, arrivals: Any, warm: int, forecaster: str, violations: str, rng: str
) -> Rules:
    from ..batch.course import Rules
    from ..model.forecasting import FORECASTERS
    from ..model.scaling.load import FluidFleet
    from ..rng import root_seed

    fleet = FluidFleet(startup_s=startup, mean_agents=mean_agents, arrivals=arrivals, warm_agents=warm)
    return Rules(
        fleet=fleet,
        forecaster=FORECASTERS.make(forecaster),
        violations=tuple(_shares(violations)),
        seed=root_seed(rng),
    )


def _parts(text: str, option: str) -> list[str]:
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not parts:
        raise ConfigError(f"{option} {text!r}: but there must be at least one")
    return parts


def _shares(text: str) -> list[float]:
    try:
        return [float(part) for part in _parts(text, "--violations")]
    except ValueError:
        raise ConfigError(f"--violations {text}: but it must be shares such as .001,.01") from None


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows for JSON, which knows neither NaN nor infinity."""
    return [
        {
            str(name): None if isinstance(value, float) and not math.isfinite(value) else value
            for name, value in row.items()
        }
        for row in frame.to_dict("records")
    ]


def _show(done: Race | FullRace, folder: Path, seconds: float, files: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..viz.race_report import sheets_of

    console = Console()
    console.width = min(console.width, WIDEST) if console.is_terminal else WIDEST
    for sheet in sheets_of(done):
        if len(sheet.head) > MOST_COLUMNS:
            continue  # for the page
        table = Table(
            title=sheet.title,
            title_justify="left",
            caption=" ".join(text for text in (sheet.note, sheet.below) if text) or None,
            caption_justify="left",
        )
        for i, name in enumerate(sheet.head):
            table.add_column(name, justify="left" if i == 0 else "right", overflow="fold")
        for row in sheet.rows:
            table.add_row(*(Text(text) for text in row))
        console.print(table)
    console.print(
        f"{done.computed} runs in {seconds:.1f} s, {done.kept} were there; {', '.join(files)} are in {folder}, "
        "each table also as .parquet",
        highlight=False,
    )
