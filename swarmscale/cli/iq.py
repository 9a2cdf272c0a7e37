"""``swarmscale iq``: the collective IQ of a fleet, with all that a reader needs to judge it; or the norm anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import ConfigError, require
from .options import load_plugins, require_writable, settings, start_logging

if TYPE_CHECKING:
    from ..model.intelligence.norm import Norm
    from ..model.intelligence.probe import Probe


def iq(
    config: Annotated[str, typer.Argument(help="A preset's name or the path of a TOML file.")] = "llm-fleet",
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", help="Change a setting: key=value, dotted key.")
    ] = None,
    rng: Annotated[str, typer.Option(help="The seed, a whole number; 'random' draws one.")] = "7",
    agents: Annotated[int | None, typer.Option(help="Agents at the start (fleet.agents).")] = None,
    seconds: Annotated[float, typer.Option(help="Simulated time before the fleet is probed, s.")] = 60.0,
    panels: Annotated[
        int | None, typer.Option(help="Panels; intelligence.standard_panels by default.")
    ] = None,
    panel_agents: Annotated[int | None, typer.Option(help="Agents of each panel.")] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Also put the battery to the whole fleet at once.")
    ] = False,
    effects: Annotated[
        bool, typer.Option("--effects", help="Also measure what depends on each function, by weakening it.")
    ] = False,
    norm_file: Annotated[
        Path | None, typer.Option(help="A norm of your own; the shipped one by default.")
    ] = None,
    norm: Annotated[
        bool,
        typer.Option(
            "--norm", help="Make the norm anew in --out, resumable, on all cores; no fleet is probed."
        ),
    ] = False,
    groups: Annotated[int, typer.Option(help="Groups of the norm (--norm).")] = 1000,
    processes: Annotated[
        int | None, typer.Option(help="Processes of the norm (--norm); all cores by default.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Where iq.json, or the norm, is written.")] = None,
    plugin: Annotated[
        list[Path] | None, typer.Option(help="A Python file that registers strategies of your own.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")] = False,
) -> int:
    """Probe a fleet's collective IQ and print it with interval, scores, factor and validity."""
    start_logging(0, False)
    load_plugins(plugin or [])
    if norm:
        return _make_norm(out or Path("out") / "norm", groups, processes)
    from ..model.config import Config
    from ..model.intelligence.ablation import ablated
    from ..model.intelligence.norm import read_norm, shipped_norm
    from ..model.intelligence.probe import probe, whole_fleet
    from ..model.swarm import SwarmModel

    held = shipped_norm() if norm_file is None else read_norm(norm_file)
    changes = [*settings(set_ or []), ("intelligence.on", False)]
    if agents is not None:
        changes.append(("fleet.agents", agents))
    if out is not None:
        require_writable(out)
    model = SwarmModel(Config.load(config).changed(changes), rng=None if rng == "random" else rng)
    require(seconds >= 0, "--seconds", seconds, "0 or more")
    model.run(seconds=seconds)
    count = panels if panels is not None else model.config.intelligence.standard_panels
    found = probe(model, panels=count, agents=panel_agents, norm=held)
    all_at_once = whole_fleet(model) if whole else None
    caused = ablated(model) if effects else []
    told = _facts(model.config.name, len(model.fleet), found, held, all_at_once)
    told["effects"] = [effect._asdict() for effect in caused]
    if out is not None:
        from ..model.files import write_whole

        text = json.dumps(told, indent=2)
        write_whole(out / "iq.json", lambda part: part.write_text(text, encoding="utf-8"))
    if json_:
        typer.echo(json.dumps(told, indent=2))
    else:
        _show(told)
    return 0


def _facts(name: str, agents: int, found: Probe, norm: Norm, whole: Probe | None) -> dict[str, Any]:
    """Everything that is printed, as plain values."""
    iq = found.iq
    facts: dict[str, Any] = {
        "config": name,
        "agents": agents,
        "time_s": found.time_s,
        "panels": iq.panels,
        "panel_agents": iq.agents,
        "iq": _number(iq.iq),
        "iq_low": _number(iq.low),
        "iq_high": _number(iq.high),
        "text": iq.text(),
        "iq_absolute": _number(iq.absolute),
        "percentile": _number(iq.percentile),
        "second_factor": _number(iq.second),
        "functions": _rows(found, iq.z),
        "norm": {
            "digest": norm.digest,
            "version": norm.version,
            "groups": norm.groups,
            "sem": norm.sem,
            "retest": norm.retest,
            "task_retest": norm.task_retest.tolist(),
            "factor": norm.factor,
            "separate": norm.separate,
            "validity": norm.validity,
        },
    }
    if whole is not None:
        facts["whole_fleet"] = {"iq_absolute": _number(whole.iq.absolute), "functions": _rows(whole, None)}
    return facts


def _rows(found: Probe, z: Any) -> list[dict[str, Any]]:
    names = found.panels[0].functions
    rows = []
    for f, name in enumerate(names):
        row = {"function": name, "score": float(found.score[f]), "se": _number(float(found.se[f])),
               "bound": float(found.bound[f]), "efficiency": float(found.score[f] / found.bound[f]),
               "process_loss": float(found.bound[f] - found.score[f])}  # fmt: skip
        rows.append(row if z is None else row | {"z": float(z[f])})
    return rows


def _number(x: float) -> float | None:
    return None if x != x else float(x)


def _show(told: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.width = min(console.width, 120)
    norm = told["norm"]
    size = f"{told['panels']} panels of {told['panel_agents']:.0f}"
    console.print(
        f"[bold]{told['config']}[/]: {told['agents']:,} agents after {told['time_s']:g} s, {size}\n"
        f"collective IQ [bold]{told['text']}[/], 95 % interval; absolute {told['iq_absolute']:.1f}; "
        + (f"percentile {told['percentile']:.0f} of the norm; " if told["percentile"] is not None else "")
        + f"second factor {told['second_factor']:+.2f}",
        highlight=False,
    )
    if told["iq"] is None:
        console.print("no size-normed IQ: the norm holds groups of 20 to 2,000 agents", highlight=False)
    _table(console, "panels", told["functions"])
    if "whole_fleet" in told:
        _table(console, "whole fleet at once, absolute", told["whole_fleet"]["functions"])
    f, s, v = norm["factor"], norm["separate"], norm["validity"]
    loadings = Table(title="the norm's factor", title_justify="left")
    for name in ("function", "loading", "second", "retest"):
        loadings.add_column(name, justify="left" if name == "function" else "right")
    for row, a, b, r in zip(
        told["functions"], f["loadings"], f["second_loadings"], norm["task_retest"], strict=True
    ):
        loadings.add_row(row["function"], f"{a:.2f}", f"{b:+.2f}", f"{r:.2f}")
    console.print(loadings)
    console.print(
        f"norm {norm['digest']}, version {norm['version']}, {norm['groups']:,} groups: first factor {f['share']:.1%} "
        f"of the variance [{f['low']:.1%}, {f['high']:.1%}], null {f['null']:.1%} (Horn, 95 %); "
        f"{f['factors']} factors; second {f['second']:.1%}; alpha {f['alpha']:.2f}, omega {f['omega']:.2f}; "
        f"retest {norm['retest']:.3f}, SEM {norm['sem']:.2f} points\n"
        f"the seven tasks without the pooling code alone: {s['share']:.1%} [{s['low']:.1%}, {s['high']:.1%}], null "
        f"{s['null']:.1%}; omega {s['omega']:.2f}\n"
        f"a task left out is foretold by the others with r = {v['others']:.2f}, by mean skill {v['mean_skill']:.2f}, "
        f"by the best member's {v['best_skill']:.2f}; the others add {v['gain']:.1%} of explained variance\n"
        "A share of variance belongs to the norm's population and to shared code: it is no claim about nature.",
        highlight=False,
    )
    if told["effects"]:
        table = Table(title="right verdicts lost where the function before is weak", title_justify="left")
        for name in ("function", "followed by", "lost", "se"):
            table.add_column(name, justify="left" if name in ("function", "followed by") else "right")
        for e in told["effects"]:
            table.add_row(e["source"], e["target"], f"{e['loss']:.1%}", f"{e['se']:.1%}")
        console.print(table)


def _table(console: Any, title: str, rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    names = [
        "function",
        "score",
        "se",
        "bound",
        "efficiency",
        "process loss",
        *(["z"] if "z" in rows[0] else []),
    ]
    for name in names:
        table.add_column(name, justify="left" if name == "function" else "right", no_wrap=name == "function")
    for r in rows:
        se = "-" if r["se"] is None else f"{r['se']:.3f}"
        cells = [r["function"], f"{r['score']:.3f}", se, f"{r['bound']:.3f}", f"{r['efficiency']:.0%}",
                 f"{r['process_loss']:.3f}", *([f"{r['z']:+.2f}"] if "z" in r else [])]  # fmt: skip
        table.add_row(*cells)
    console.print(table)


def _make_norm(folder: Path, groups: int, processes: int | None) -> int:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from ..model.intelligence.norm_making import make_norm

    require_writable(folder)
    if processes is not None:
        require(processes >= 1, "--processes", processes, "1 or more")
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*parts, transient=True) as bar:
            task = bar.add_task("groups", total=groups)
            norm = make_norm(folder, groups, processes, lambda done: bar.update(task, completed=done))
    except KeyboardInterrupt:
        raise ConfigError(
            f"interrupted; what was measured is in {folder}, the same command goes on"
        ) from None
    f = norm.factor
    typer.echo(
        f"norm {norm.digest} of {norm.groups:,} groups in {folder / 'norm.json'}: first factor {f['share']:.1%} "
        f"[{f['low']:.1%}, {f['high']:.1%}], null {f['null']:.1%}; omega {f['omega']:.2f}; retest {norm.retest:.3f}"
    )
    return 0
