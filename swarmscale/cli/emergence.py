"""``swarmscale emergence``: the detectors on a file of anybody's series, or their error rates on known systems."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError, require
from .options import load_plugins, require_writable, start_logging

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from ..model.emergence.base import AnyDetector, Test, Verdict
    from ..model.emergence.persistence import Finding
    from ..model.emergence.reading import SeriesTable
    from ..model.emergence.watch import Watched

WIDEST = 150
MOST_WINDOWS = 12
"""Windows that a table shows, the last ones."""


def emergence(
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="A .csv or .parquet file of series, wide or long.")
    ] = None,
    window: Annotated[int, typer.Option(help="Samples in a window, 60 or more.")] = 300,
    step: Annotated[
        int | None, typer.Option(help="Samples from window to window; --window by default.")
    ] = None,
    series: Annotated[
        list[str] | None,
        typer.Option(help="A column or part to look at, or a pattern; all by default. Repeatable."),
    ] = None,
    exogenous: Annotated[
        list[str] | None,
        typer.Option(help="A column of what comes from outside, taken out first. Repeatable."),
    ] = None,
    commands: Annotated[
        list[str] | None, typer.Option(help="A column of what the root of a hierarchy ordered. Repeatable.")
    ] = None,
    time: Annotated[
        str | None, typer.Option(help="The column of times; time_s, time or t by default, if there is one.")
    ] = None,
    angles: Annotated[bool, typer.Option("--angles", help="The series are angles in radians.")] = False,
    detectors: Annotated[
        list[str] | None, typer.Option(help="A detector, or several with commas; all by default. Repeatable.")
    ] = None,
    rng: Annotated[int, typer.Option(help="The seed of the null draws, 0 or more.")] = 0,
    plugin: Annotated[
        list[Path] | None, typer.Option(help="A Python file that registers detectors of your own.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for emergence.parquet and findings.parquet.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")] = False,
    calibrate: Annotated[
        bool, typer.Option("--calibrate", help="Print error rates and power on known systems; takes no FILE.")
    ] = False,
    repetitions: Annotated[int | None, typer.Option(help="Runs of each known system (--calibrate).")] = None,
    parts: Annotated[int | None, typer.Option(help="Series of each known system (--calibrate).")] = None,
    samples: Annotated[int | None, typer.Option(help="Samples in a window (--calibrate).")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes (--calibrate).")] = None,
    write: Annotated[Path | None, typer.Option(help="A Markdown file for the tables (--calibrate).")] = None,
) -> int:
    """Look for emergence in series: each statistic against its null, window by window, and what persisted."""
    start_logging(0, False)
    load_plugins(plugin or [])
    require(rng >= 0, "--rng", rng, "0 or more")
    names = _names(detectors or [])
    effort: dict[str, Any] = {
        "repetitions": repetitions,
        "parts": parts,
        "samples": samples,
        "workers": workers,
        "write": write,
    }
    effort = {name: value for name, value in effort.items() if value is not None}
    if calibrate:
        if file is not None:
            raise ConfigError(f"--calibrate takes no file, but {file} was given")
        from .calibrate import calibrate as measured

        return measured(**effort, out=out, json_=json_, seed=rng, detectors=names)
    if effort:
        raise ConfigError(f"--{next(iter(effort))} is of --calibrate; leave it out for a file")
    if file is None:
        raise ConfigError("a .csv or .parquet file of series is needed, or --calibrate")
    from ..model.emergence.base import FEWEST_SAMPLES
    from ..model.emergence.reading import read_series
    from ..model.emergence.watch import watch

    chosen = _detectors(names)
    table = read_series(
        file, series=series or (), exogenous=exogenous or (), commands=commands or (), time=time
    )
    require(window >= FEWEST_SAMPLES, "--window", window, f"{FEWEST_SAMPLES} or more")
    require(
        len(table.series) >= window, "--window", window, f"at most {len(table.series)}, the file's samples"
    )
    if out is not None:
        require_writable(out)
    watched = watch(table.windows(window, step, angles=angles), chosen, rng)
    if out is not None:
        _write(out, watched, table)
    if json_:
        typer.echo(json.dumps(_as_dict(file, table, watched), indent=2))
    else:
        _show(file, table, watched, out)
    return 0


def _names(texts: Sequence[str]) -> list[str]:
    """Names from texts that may hold several with commas."""
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]


def _detectors(names: Sequence[str]) -> dict[str, AnyDetector] | None:
    """Detectors by name, with their own settings; None for all."""
    from ..model.emergence.detectors import DETECTORS

    return {name: DETECTORS.make(name) for name in names} or None


def _frames(watched: Watched) -> dict[str, pd.DataFrame]:
    from ..model.emergence.frames import findings_frame, verdicts_frame

    return {"emergence": verdicts_frame(watched.verdicts), "findings": findings_frame(watched.findings)}


def _write(out: Path, watched: Watched, table: SeriesTable) -> None:
    from ..model.files import write_parquet

    for name, frame in _frames(watched).items():
        write_parquet(out / f"{name}.parquet", frame, table.step_s, {})


def _as_dict(file: Path, table: SeriesTable, watched: Watched) -> dict[str, Any]:
    """The result for JSON: what is not known is null."""
    rows = {name: frame.to_dict("records") for name, frame in _frames(watched).items()}
    return {
        "file": str(file),
        "samples": len(table.series),
        "series": list(table.names),
        "step_s": table.step_s,
        "statistics": [_plain(row) for row in rows["emergence"]],
        "findings": [_plain(row) for row in rows["findings"]],
    }


def _plain(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        str(name): None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in row.items()
    }


def _show(file: Path, table: SeriesTable, watched: Watched, out: Path | None) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console()
    console.width = min(console.width, WIDEST) if console.is_terminal else WIDEST
    samples, parts = table.series.shape
    extra = "".join(
        f", {columns.shape[1]} {word}"
        for columns, word in ((table.exogenous, "from outside"), (table.commands, "of commands"))
        if columns.shape[1]
    )
    console.print(
        Text(f"{file}: {samples:,} samples of {parts:,} series{extra}, one every {table.step_s:g} s")
    )
    for name in sorted({verdict.detector for verdict in watched.verdicts}):
        mine = [verdict for verdict in watched.verdicts if verdict.detector == name]
        console.print()
        if any(_spoken(verdict) for verdict in mine):
            console.print(_table(name, mine))
        else:
            console.print(Text(name, style="italic"))
        for line in _words(mine, [found for found in watched.findings if found.detector == name]):
            console.print(Text(line))
    if out is not None:
        console.print()
        console.print(Text(f"{out} holds emergence.parquet and findings.parquet"))


def _spoken(verdict: Verdict) -> list[Test]:
    """Statistics that give a number."""
    return [test for test in verdict.tests if not test.abstained]


def _table(name: str, verdicts: Sequence[Verdict]) -> Table:
    from rich.table import Table
    from rich.text import Text

    from ..viz.theme import number

    shown = verdicts[-MOST_WINDOWS:]
    title = (
        name if len(shown) == len(verdicts) else f"{name}, the last {len(shown)} of {len(verdicts)} windows"
    )
    table = Table(title=title, title_justify="left")
    for heading in (
        "time, s",
        "statistic",
        "observed",
        "null: 95 %",
        "null: mean",
        "p",
        "effect",
        "of",
        "window",
    ):
        right = heading in ("observed", "null: 95 %", "null: mean", "p", "of")
        table.add_column(heading, justify="right" if right else "left", overflow="fold")
    for verdict in shown:
        span, spoken = f"{verdict.start_s:g} to {verdict.end_s:g}", _spoken(verdict)
        said = "found" if verdict.found else "not found"
        if verdict.abstained:
            said = "no verdict" if spoken else f"no verdict: {verdict.abstained}"
        for test in spoken:
            table.add_row(
                span,
                Text(test.statistic, style="bold" if test.rejected else ""),
                number(test.observed),
                f"{number(test.null_low)} to {number(test.null_high)}",
                number(test.null_mean),
                f"{test.p:.2g}" + ("*" if test.rejected else ""),
                f"{number(test.effect)} {test.effect_name}",
                f"{test.family:,}",
                said,
            )
        if not spoken:
            table.add_row(span, *[""] * 7, Text(said))
    return table


def _words(verdicts: Sequence[Verdict], findings: Sequence[Finding]) -> list[str]:
    """What a detector says in sentences: its findings, or what its last window shows and why there is no finding."""
    reasons = dict.fromkeys(verdict.abstained for verdict in verdicts if verdict.abstained)
    silent = sum(bool(verdict.abstained) for verdict in verdicts)
    if silent == len(verdicts):
        return [f"Nothing is said of any of the {silent} windows: {'; '.join(reasons)}"]
    lines = []
    for found in findings:
        until = "holds at the end" if found.holds else f"until {found.until_s:g} s"
        lines.append(
            f"Finding since {found.since_s:g} s, {until}, in {found.windows} windows, first from {found.first_s:g} s, "
            f"over {found.family:,} hypotheses: {found.sentence}"
        )
    if not findings:
        shown = sum(verdict.found for verdict in verdicts)
        lines.append(
            f"No finding: {shown} of {len(verdicts)} windows showed it, and 2 of 3 in a row must. "
            f"The last window: {verdicts[-1].sentence}"
        )
    if silent:
        lines.append(f"{silent} of {len(verdicts)} windows have no verdict: {'; '.join(reasons)}")
    return lines
