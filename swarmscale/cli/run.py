"""``swarmscale run``: one scenario, a scorecard, records and a report."""

from __future__ import annotations

import json
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ConfigError, require
from ..rng import root_seed
from .options import load_plugins, require_writable, settings, start_logging

if TYPE_CHECKING:
    from rich.table import Table

    from ..model.config import Config
    from ..model.emergence.monitor import Monitor
    from ..model.summary import Summary
    from ..model.swarm import SwarmModel

log = logging.getLogger(__name__)
CHECKPOINT = "checkpoint.safetensors"


def run(
    config: Annotated[str, typer.Argument(help="A preset's name or the path of a TOML file.")] = "llm-fleet",
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", help="Change a setting: key=value, dotted key.")
    ] = None,
    rng: Annotated[str, typer.Option(help="The seed, a whole number; 'random' draws one.")] = "7",
    agents: Annotated[int | None, typer.Option(help="Agents at the start (fleet.agents).")] = None,
    seconds: Annotated[float | None, typer.Option(help="Simulated length of the run in s.")] = None,
    replications: Annotated[int, typer.Option(help="Independent runs, for intervals over a trace.")] = 1,
    trace_tasks: Annotated[
        float | None, typer.Option(help="Share of tasks whose way is logged, 0 to 1 (records.trace_tasks).")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the results; out/<name> by default.")] = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="Go on from a checkpoint, or from the folder of a run that was shared out."),
    ] = None,
    shards: Annotated[
        int | None, typer.Option(help="Share the model out over so many shards, by coordination node.")
    ] = None,
    on: Annotated[
        str | None, typer.Option(help="Where shards are: threads, ray, or mpi (under mpiexec).")
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(help="Ray cluster for the shards: auto or host:port; one of this machine by default."),
    ] = None,
    checkpoint_every: Annotated[
        float | None, typer.Option(help="Save a checkpoint each time so many simulated seconds have passed.")
    ] = None,
    plugin: Annotated[
        list[Path] | None, typer.Option(help="A Python file that registers strategies of your own.")
    ] = None,
    checkpoint: Annotated[bool, typer.Option(help="Also save a checkpoint of the end.")] = False,
    report: Annotated[bool, typer.Option(help="Write the HTML report.")] = True,
    json_: Annotated[
        bool, typer.Option("--json", help="Print the summary as JSON and nothing else.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help="Log more.")] = 0,
) -> int:
    """Run one scenario; end with the scorecard, and write records, summary and an HTML report."""
    start_logging(verbose, quiet)
    load_plugins(plugin or [])
    from ..model.summary import combine
    from ..model.swarm import SwarmModel

    require(replications >= 1, "--replications", replications, "1 or more")
    if shards is not None or on is not None or (resume is not None and resume.is_dir()):
        from .shards import begun, run_shared

        _refuse_alone(replications, checkpoint)
        if resume is not None:
            if set_ or (agents, seconds, trace_tasks) != (None, None, None):
                raise ConfigError(f"--resume {resume}: goes on with the settings that it has; give no others")
            made, seed = begun(resume)
        else:
            made = _config(config, set_ or [], agents, seconds, trace_tasks)
            seed = root_seed(None if rng == "random" else rng)
        folder = resume or out or Path("out") / made.name
        require_writable(folder)
        return run_shared(
            made,
            seed,
            folder=folder,
            shards=shards,
            on=on or "threads",
            address=address,
            every_s=checkpoint_every,
            resume=resume is not None,
            plugins=plugin or [],
            json_=json_,
            quiet=quiet,
        )
    model = (
        _resumed(resume, set_)
        if resume
        else SwarmModel(
            _config(config, set_ or [], agents, seconds, trace_tasks), rng=None if rng == "random" else rng
        )
    )
    folder = out or Path("out") / model.config.name
    require_writable(folder)
    shown = not (json_ or quiet)
    started = time.perf_counter()
    if not _run(model, folder, shown, report, checkpoint_every):
        return 130
    summary = model.summary()
    if replications > 1:
        summary = combine([summary, *_more(model, replications - 1, shown)])
    log.info("%d ticks in %.2f s", model.records.ticks, time.perf_counter() - started)
    try:
        _write(model, summary, folder, report)
        if checkpoint:
            model.save(folder / CHECKPOINT)
    except ConfigError as error:
        if not quiet and not json_:
            _print_scorecard(summary)
        raise ConfigError(f"{error}; {_there(folder)}") from None
    if json_:
        typer.echo(json.dumps(summary.as_dict(), indent=2))
    elif not quiet:
        _show(model, summary, folder, time.perf_counter() - started, report)
    return 0


def _refuse_alone(replications: int, checkpoint: bool) -> None:
    """Refuse options of a run that is not shared out over shards."""
    if replications > 1:
        raise ConfigError(
            "--replications: a run that is shared out over shards is one run; sweep makes replications"
        )
    if checkpoint:
        raise ConfigError("--checkpoint: with shards give --checkpoint-every, a time in simulated seconds")


def _config(
    name: str, pairs: list[str], agents: int | None, seconds: float | None, trace_tasks: float | None
) -> Config:
    from ..model.config import Config

    changes = settings(pairs)
    for key, value in (("fleet.agents", agents), ("seconds", seconds), ("records.trace_tasks", trace_tasks)):
        if value is not None:
            changes.append((key, value))
    return Config.load(name).changed(changes)


def _resumed(path: Path, pairs: list[str] | None) -> SwarmModel:
    from ..model.swarm import SwarmModel

    if pairs:
        raise ConfigError("--set cannot be given with --resume: a checkpoint keeps its settings")
    return SwarmModel.load(path)


def _run(model: SwarmModel, folder: Path, shown: bool, report: bool, every_s: float | None) -> bool:
    """Run to the end, with checkpoints on the way; at Ctrl-C keep what was recorded and say how to go on."""
    end_s = model.config.seconds
    every = end_s if every_s is None else every_s
    require(every > 0, "--checkpoint-every", every_s, "more than 0 s")
    from ..model.intelligence.prober import probe_at_end

    try:
        while model.now_s < end_s - 1e-9:
            model.run(min(every - model.now_s % every, end_s - model.now_s), progress=shown)
            if every_s is not None:
                _keep(model, folder)
        probe_at_end(model)
    except KeyboardInterrupt:
        again = model.save(folder / CHECKPOINT)
        _write(model, model.summary(), folder, report)
        typer.echo(
            f"interrupted at {model.now_s:g} s; what was recorded is in {folder}. "
            f"Go on with: swarmscale run --resume {again}",
            err=True,
        )
        return False
    return True


def _keep(model: SwarmModel, folder: Path) -> None:
    """Save a checkpoint on the way; where that fails, show what was measured so far and say how to go on."""
    try:
        model.save(folder / CHECKPOINT)
    except ConfigError as error:
        _print_scorecard(model.summary())
        raise ConfigError(f"{error}; stopped at {model.now_s:g} s; {_there(folder)}") from None


def _there(folder: Path) -> str:
    """What is whole in a folder after writing has failed."""
    there = sorted(path.name for path in folder.glob("[!.]*")) if folder.is_dir() else []
    if not there:
        return "nothing is in the folder"
    again = f"; go on with: swarmscale run --resume {folder / CHECKPOINT}" if CHECKPOINT in there else ""
    return f"whole in the folder: {', '.join(there)}{again}"


def _more(model: SwarmModel, count: int, shown: bool) -> list[Summary]:
    from ..model.intelligence.prober import probe_at_end
    from ..model.swarm import SwarmModel

    more = []
    for i in range(1, count + 1):
        twin = SwarmModel(model.config, rng=model.root_seed + i)
        twin.run(progress=shown)
        probe_at_end(twin)
        more.append(twin.summary())
    return more


def _write(model: SwarmModel, summary: Summary, folder: Path, report: bool) -> None:
    from ..viz.run_folder import write_run

    write_run(model, summary, folder, report=report)


def _print_scorecard(summary: Summary) -> None:
    from rich.console import Console

    console = Console()
    console.width = min(console.width, 120)
    console.print(scorecard(summary))


def _show(model: SwarmModel, summary: Summary, folder: Path, seconds: float, report: bool) -> None:
    from rich.console import Console

    console = Console()
    console.width = min(console.width, 120)
    console.print(scorecard(summary))
    for sentence in findings(model.emergence):
        console.print(sentence, highlight=False)
    console.print(f"demand: {summary.demand}", highlight=False)
    console.print(f"intervals: {summary.method}; seed {', '.join(map(str, summary.seeds))}", highlight=False)
    written = "report.html, " if report else ""
    console.print(
        f"{model.records.ticks:,} ticks in {seconds:.1f} s; {written}records.parquet, clusters.parquet, summary.json "
        f"and config.toml are in {folder}",
        highlight=False,
    )


def findings(monitor: Monitor | None) -> list[str]:
    """A line for each finding; one that says that there is none; nothing if no window was full."""
    if monitor is None or not monitor.verdicts:
        return []
    windows = len({verdict.end_s for verdict in monitor.verdicts})
    if not monitor.findings:
        return [f"emergence: nothing persisted over {windows} windows of {monitor.period_s:g} s"]
    lines = []
    for found in monitor.findings:
        until = "at the end" if found.holds else f"until {found.until_s:g} s"
        when = f"since {found.since_s:g} s, {until}, in {found.windows} of {windows} windows"
        lines.append(f"emergence: {when}: {found.sentence}")
    return lines


def scorecard(summary: Summary) -> Table:
    """The table of the metrics."""
    from rich.table import Table
    from rich.text import Text

    from ..viz.scorecard import scorecard_rows

    title = f"{summary.name}: {summary.agents:,} agents, {summary.seconds:,.0f} s"
    table = Table(title=title, title_justify="left", expand=True)
    table.add_column("metric and its definition", ratio=5)
    for name, ratio in (("value, 95 % interval", 2), ("seed's claim", 2), ("verdict", 2)):
        table.add_column(name, ratio=ratio)
    for metric, value, claim, verdict, definition in scorecard_rows(summary):
        what = Text.assemble((metric, "bold"), "\n", (definition, "dim"))
        table.add_row(what, Text(value), Text(claim), Text(verdict))
    return table
