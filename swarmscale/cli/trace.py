"""``swarmscale trace``: list, describe, draw and check demand traces."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
from pathlib import Path
from typing import Annotated

import typer

from ..errors import ConfigError
from ..model.flow.traces import Requests, Trace, describe, load, shipped

app = typer.Typer(help="List, describe, draw and check demand traces.", no_args_is_help=True)

DEFAULT_STEP_S = 10.0
Source = Annotated[str, typer.Argument(metavar="NAME_OR_PATH", help="A shipped trace or your own CSV file.")]
Step = Annotated[
    float | None,
    typer.Option(
        help=f"Seconds per bin (default: the trace's own, or {DEFAULT_STEP_S:g} for single requests)"
    ),
]


@app.command("list")
def list_traces() -> None:
    """List the traces that come with the package."""
    from rich.console import Console
    from rich.table import Column, Table

    table = Table(Column("name", no_wrap=True), "unit", "licence", "what it shows", "source")
    for info in shipped():
        table.add_row(info.name, info.unit, info.licence, info.description, info.citation)
    Console().print(table)


@app.command()
def show(
    source: Source,
    step: Step = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, not a table.")] = False,
) -> None:
    """Print length, mean, peak, variation, daily correlation and dispersion of a trace."""
    trace = _trace(source, step)
    figures = describe(trace)
    origin = {"name": trace.name, "unit": trace.unit, "source": trace.source, "licence": trace.licence}
    if as_json:
        typer.echo(json.dumps(origin | figures))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("figure", "value")
    for name, text in origin.items():
        table.add_row(name, Text(text))
    for name, value in figures.items():
        table.add_row(name, "-" if value is None else f"{value:,.7g}")
    Console().print(table)


@app.command()
def analyze(
    source: Source,
    step: Step = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, not sentences.")] = False,
) -> None:
    """Say which periods, trend, lasting changes of level and bursts a trace has, with their significance."""
    from ..model.demand_analysis import analyze as analysis_of
    from ..model.demand_words import sentences

    trace = _trace(source, step)
    found = analysis_of(trace.demand, trace.step_s)
    if as_json:
        typer.echo(json.dumps({"name": trace.name, "step_s": trace.step_s} | dataclasses.asdict(found)))
        return
    typer.echo(f"{trace.name}: {trace.demand.size:,} bins of {trace.step_s:g} s")
    for sentence in sentences(found):
        typer.echo(f"  {sentence}")


@app.command()
def plot(
    source: Source,
    out: Annotated[Path, typer.Option(help="The HTML file to write; it works offline.")],
    step: Step = None,
) -> None:
    """Draw a trace into one self-contained HTML file."""
    from plotly.io import to_html

    from ..viz.figures.traces import trace_figure

    figure = trace_figure(_trace(source, step))
    _write(out, to_html(figure, include_plotlyjs=True, full_html=True))
    typer.echo(f"wrote {out}")


@app.command()
def check(source: Source) -> None:
    """Say what a file was recognised as, or refuse it in one line."""
    loaded = load(source)
    if isinstance(loaded, Trace):
        text = f"demand in {loaded.demand.size:,} bins of {loaded.step_s:g} s, unit: {loaded.unit}"
    else:
        marks = ("prompt_tokens", "generated_tokens", "work_s")
        held = [name for name in marks if getattr(loaded, name) is not None]
        span = f"{loaded.time_s.size:,} requests over {loaded.time_s[-1]:g} s"
        text = f"{span}, with {', '.join(held) or 'times alone'}"
    typer.echo(f"OK: {source}: {text}")


def _trace(source: str, step: float | None) -> Trace:
    loaded = load(source)
    if isinstance(loaded, Requests):
        return loaded.binned(DEFAULT_STEP_S if step is None else step)
    if step is None:
        return loaded
    return dataclasses.replace(loaded, step_s=step, demand=loaded.rates(step))


def _write(path: Path, text: str) -> None:
    """Replace a file as a whole, so that a reader never finds half of one."""
    if not path.name:
        raise ConfigError(f"--out = {path}, but it must name a file")
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, path)
    except OSError as error:
        raise ConfigError(f"--out = {path}, but it cannot be written there ({error.strerror})") from None
    finally:
        with contextlib.suppress(OSError):
            partial.unlink()
