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

from ..errors import ConfigError, require
from .options import load_plugins, require_writable, start_logging

if TYPE_CHECKING:
    import pandas as pd

    from ..batch.course import Rules
    from ..batch.race import Race

MOST_COLUMNS = 11


def race(
    traces: Annotated[
        list[str] | None,
        typer.Argument(help="Shipped traces or CSV files; all shipped ones with demand per bin by default."),
    ] = None,
    policies: Annotated[str, typer.Option(help="Names, with commas between; all by default.")] = "all",
    startup: Annotated[float, typer.Option(help="Start-up time of an agent in s.")] = 60.0,
    mean_agents: Annotated[float, typer.Option(help="Mean demand to which each trace is scaled.")] = 400.0,
    fidelity: Annotated[str, typer.Option(help="fast: the fleet as a number of agents.")] = "fast",
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
    from ..batch import race as meeting

    if fidelity != "fast":
        raise ConfigError(f"--fidelity {fidelity}: but it must be fast; `swarmscale run` has the full model")
    count = _processors() if processes is None else processes
    require(count >= 1, "--processes", count, "1 or more")
    rules = _rules(startup, mean_agents, arrivals, warm_agents, forecaster, violations, rng)
    names = None if policies == "all" else _parts(policies, "--policies")
    require_writable(out)
    begin = partial(load_plugins, plugin) if plugin else None
    shown, started = not (json_ or quiet), time.perf_counter()
    try:
        done = meeting.race(
            traces or None, names, rules=rules, out=out, processes=count, begin=begin, progress=shown
        )
    except KeyboardInterrupt:
        typer.echo(
            f"interrupted; finished runs are kept in {out}, and the same command goes on there", err=True
        )
        return 130
    done.write(out)
    if report:
        from ..viz.race_report import write_race_report

        write_race_report(done, out / "race.html")
    if json_:
        typer.echo(
            json.dumps(
                {name: _records(getattr(done, name)) for name in ("table_a", "table_b", "savings")}, indent=2
            )
        )
    elif not quiet:
        _show(done, out, time.perf_counter() - started, report)
    return 0


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


def _show(done: Race, folder: Path, seconds: float, report: bool) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..viz.race_tables import sheets

    console = Console()
    console.width = min(console.width, 140) if console.is_terminal else 140
    for sheet in sheets(done):
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
        f"{done.computed} runs in {seconds:.1f} s, {done.kept} were there; "
        f"{'race.html, ' if report else ''}frontier, table_a, table_b and savings as .csv and .parquet are in {folder}",
        highlight=False,
    )
