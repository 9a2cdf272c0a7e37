"""``swarmscale optimize``: what limits a fleet, what was tried about it, and what may be done next."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import require
from .options import load_plugins, require_writable, settings, start_logging

if TYPE_CHECKING:
    from ..model.swarm import SwarmModel


def optimize(
    config: Annotated[str, typer.Argument(help="A preset's name or the path of a TOML file.")] = "llm-fleet",
    set_: Annotated[
        list[str] | None, typer.Option("--set", "-s", help="Change a setting: key=value, dotted key.")
    ] = None,
    rng: Annotated[str, typer.Option(help="The seed, a whole number; 'random' draws one.")] = "7",
    seconds: Annotated[float | None, typer.Option(help="Simulated time, s; by default the config's.")] = None,
    analyze: Annotated[
        bool,
        typer.Option("--analyze", help="At the end run each possible change in a forked twin, against none."),
    ] = False,
    twin_seconds: Annotated[
        float, typer.Option(help="Simulated time over which twins are compared (--analyze), s.")
    ] = 300.0,
    out: Annotated[Path | None, typer.Option(help="Where trials.csv, looks.csv and twins.csv go.")] = None,
    plugin: Annotated[
        list[Path] | None, typer.Option(help="A Python file that registers strategies of your own.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress bar.")] = False,
) -> int:
    """Run a fleet with the optimization engine on and print bottlenecks, trials and recommendations."""
    start_logging(0, False)
    load_plugins(plugin or [])
    require(twin_seconds > 0, "--twin-seconds", twin_seconds, "above 0")
    from ..model.config import Config
    from ..model.optimization.twins import in_twins
    from ..model.swarm import SwarmModel

    if out is not None:
        require_writable(out)
    changes: list[tuple[str, Any]] = [("optimization.on", True), *settings(set_ or [])]
    model = SwarmModel(Config.load(config).changed(changes), rng=None if rng == "random" else rng)
    model.run(seconds, progress=not quiet)
    advice = model.recommendations()
    engine = model.optimizer
    assert engine is not None
    told: list[Any] = []
    if analyze:
        told = in_twins(
            model, engine.asked, engine.strategies, seconds=twin_seconds, settle_s=engine.settings.settle_s
        )
    _show(model, [one.words for one in advice], told if analyze else None)
    if out is not None:
        _write(model, told, out)
    return 0


def _show(model: SwarmModel, advice: list[str], told: list[Any] | None) -> None:
    from rich.console import Console

    console = Console()
    console.width = min(console.width, 140)
    engine = model.optimizer
    assert engine is not None
    assert engine.found is not None
    console.print(
        f"[bold]{model.config.name}[/]: {len(model.fleet):,} agents after {model.now_s:g} s\n"
        f"now: [bold]{engine.found.kind}[/]: {engine.found.words}",
        highlight=False,
    )
    console.print(_ahead(engine), highlight=False)
    _print(console, "what limited it", ("kind", "share of time"), _kinds(model))
    console.print("[bold]trials[/]" if engine.trials else "trials: none", highlight=False)
    for trial in engine.trials:
        console.print(_trial_line(trial), highlight=False)
    console.print("[bold]recommendations[/]", highlight=False)
    for line in advice:
        console.print(f"  {line}", highlight=False)
    for name, why in engine.refused.items():
        console.print(f"  [dim]{name}: not now: {why}[/]", highlight=False)
    if told is not None:
        console.print(
            "[bold]in forked twins, the same future with the change and without[/]", highlight=False
        )
        for one in told:
            console.print(_twin_line(one), highlight=False)


def _trial_line(trial: Any) -> str:
    """A trial in two lines."""
    found = f"  {trial.time_s:g} s, against {trial.kind}: [bold]{trial.strategy}[/]: {trial.words}\n    "
    if trial.state == "trying":
        return found + "being tried"
    figures = (
        f"{trial.metric} {trial.before:.4g} before, {trial.after:.4g} after, {100 * trial.change:+.1f} % "
    )
    return (
        found
        + figures
        + f"({100 * trial.low:+.1f} to {100 * trial.high:+.1f}): {trial.state}: {trial.reason}"
    )


def _ahead(engine: Any) -> str:
    """The next 300 s, as foretold, and how often such intervals held."""
    told, score = engine.foresight.last, engine.foresight.score()
    if told is None:
        return "nothing is foretold yet"
    held = (
        f"; 90 % intervals held in {score.p95_covered:.0%} and {score.per_s_covered:.0%} of {score.bins} bins"
        if score.bins
        else ""
    )
    return (
        f"in 300 s: p95 {told.p95_s:.3g} s ({told.p95_low_s:.3g} to {told.p95_high_s:.3g}), "
        f"{told.per_s:.4g} answered a second ({told.per_s_low:.4g} to {told.per_s_high:.4g}){held}"
    )


def _twin_line(one: Any) -> str:
    """What a change did to a twin, in two lines."""
    head = f"  [bold]{one.strategy}[/]: {one.words}\n    "
    if one.why_not:
        return f"{head}{one.why_not}"
    others = "".join(f"; {name} {100 * x:+.1f} %" for name, x in (one.others or {}).items() if x == x)
    return (
        f"{head}{one.metric} {one.without:.4g} without, {one.changed:.4g} with, {100 * one.relative:+.1f} % "
        f"({100 * one.low:+.1f} to {100 * one.high:+.1f}, 90 %){others}"
    )


def _kinds(model: SwarmModel) -> list[tuple[str, str]]:
    """Share of the looks that found each kind."""
    from ..model.optimization.log import looks_frame

    assert model.optimizer is not None
    counts = looks_frame(model.optimizer)["kind"].value_counts(normalize=True)
    return [(str(kind), f"{share:.1%}") for kind, share in counts.items()]


def _print(console: Any, title: str, names: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.table import Table

    table = Table(title=title, title_justify="left")
    for name in names:
        table.add_column(name)
    for row in rows:
        table.add_row(*row)
    console.print(table if rows else f"{title}: none")


def _write(model: SwarmModel, told: list[Any], folder: Path) -> None:
    import dataclasses

    import pandas as pd

    from ..model.files import write_whole
    from ..model.optimization.log import looks_frame, trials_frame

    assert model.optimizer is not None
    frames = {"trials": trials_frame(model.optimizer.trials), "looks": looks_frame(model.optimizer)}
    if told:
        frames["twins"] = pd.DataFrame([dataclasses.asdict(one) for one in told])
    for name, frame in frames.items():
        text = frame.to_csv(index=False)
        write_whole(folder / f"{name}.csv", lambda part, text=text: part.write_text(text, encoding="utf-8"))  # type: ignore[misc]
