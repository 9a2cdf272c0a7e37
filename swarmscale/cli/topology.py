"""``swarmscale topology``: topologies side by side for a demand: latency, load, cost and what outlives failures."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .options import load_plugins, require_writable, settings, start_logging

if TYPE_CHECKING:
    import pandas as pd

    from ..batch.topology_compare import Comparison

REPORT, RESULT, MESHES, LOSSES = "topology.html", "topology.json", "topologies.csv", "failures.csv"
WIDEST = 190


def topology(
    config: Annotated[
        str, typer.Argument(help="A preset's name or the path of a TOML file: its nodes, places and demand.")
    ] = "llm-fleet",
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", help="Change a setting: key=value, dotted key.")
    ] = None,
    rng: Annotated[str, typer.Option(help="The seed, a whole number; 'random' draws one.")] = "7",
    degree: Annotated[
        int | None, typer.Option(help="Links of a node of the rewired and the optimized mesh; 4 by default.")
    ] = None,
    failures: Annotated[int, typer.Option(help="Nodes or links that are lost at a time, at most.")] = 3,
    samples: Annotated[
        int | None,
        typer.Option(help="Sets of losses at most, drawn if there are more; 5,000, or 500 above 64 nodes."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the page and the tables as CSV and JSON; none by default.")
    ] = None,
    plugin: Annotated[
        list[Path] | None, typer.Option(help="A Python file that registers topologies of your own.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")] = False,
) -> int:
    """Compare all topologies, and one rewired for the demand, on the same places: what they cost and what they hold."""
    start_logging(0, False)
    load_plugins(plugin or [])
    from ..batch.topology_compare import compare_topologies
    from ..model.config import Config

    if out is not None:
        require_writable(out)
    chosen = Config.load(config).changed(settings(set_ or []))
    seed = None if rng == "random" else rng
    done = compare_topologies(chosen, seed, degree=degree, samples=samples, most=failures)
    files = [] if out is None else _write(done, out)
    if json_:
        typer.echo(json.dumps(as_dict(done), indent=2))
    else:
        _show(done, out, files)
    return 0


def as_dict(done: Comparison) -> dict[str, Any]:
    """What came out, as plain values; NaN is null."""
    return {
        "name": done.config.name,
        "nodes": done.config.fleet.nodes,
        "seed": done.root_seed,
        "degree": done.degree,
        "samples": done.samples,
        "crosses": done.crosses,
        "topologies": _rows(done.frame()),
        "failures": _rows(done.failures_frame()),
        "links": {mesh.name: mesh.ends.tolist() for mesh in done.meshes},
        "left_out": done.left_out,
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


def _write(done: Comparison, folder: Path) -> list[str]:
    """Write the page and all tables; return the files' names."""
    from ..model.files import write_whole
    from ..viz.topology_report import write_topology_report

    write_topology_report(done, folder / REPORT)
    texts = {
        RESULT: json.dumps(as_dict(done), indent=2),
        MESHES: done.frame().to_csv(index=False),
        LOSSES: done.failures_frame().to_csv(index=False),
    }
    for name, text in texts.items():
        write_whole(folder / name, lambda part, text=text: part.write_text(text, encoding="utf-8"))  # type: ignore[misc]
    return [REPORT, *texts]


def _show(done: Comparison, folder: Path | None, files: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..viz.theme import number
    from ..viz.topology_tables import topology_sheets

    console = Console()
    console.width = min(console.width, WIDEST) if console.is_terminal else WIDEST
    name, nodes = done.config.name, done.config.fleet.nodes
    low, high = done.config.network.latency_ms
    console.print(
        f"{name}: {nodes} nodes, {number(done.crosses, 'share')} of the tasks cross the mesh, "
        f"links of {low:g} to {high:g} ms by length, seed {done.root_seed}",
        highlight=False,
    )
    for sheet in topology_sheets(done):
        table = Table(title=sheet.title, title_justify="left", caption=sheet.note, caption_justify="left")
        for i, name in enumerate(sheet.head):
            table.add_column(name, justify="left" if i == 0 else "right", overflow="fold")
        for row in sheet.rows:
            table.add_row(*(Text(text) for text in row))
        console.print(table)
        if sheet.below:
            console.print(sheet.below, highlight=False, markup=False)
    if folder is not None:
        console.print(f"{', '.join(files)} are in {folder}", highlight=False)
