"""``swarmscale scorecard``: every quantitative claim of the origin, measured, with a verdict."""

from __future__ import annotations

import json
import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import ConfigError, require
from .options import require_writable, start_logging

if TYPE_CHECKING:
    from ..batch.scorecard.card import Scorecard
    from ..batch.scorecard.size import Size
    from ..batch.scorecard.studies.base import Draw, Figures, Study

RESULT, PAGE, TEXT = "scorecard.json", "scorecard.html", "scorecard.md"
WIDEST = 200


def scorecard(
    seeds: Annotated[
        int | None,
        typer.Option(help="Draws of each study, with seeds one after the other; 5, or 2 with --quick."),
    ] = None,
    rng: Annotated[int, typer.Option(help="The first root seed, a whole number.")] = 7,
    only: Annotated[
        list[str] | None,
        typer.Option(
            help="A claim, a study or an area, such as decision, storm or cost; may be given again."
        ),
    ] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick", help="Small fleets and short runs: whether it works, not what claims are worth."
        ),
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Folder for JSON, Markdown and HTML, and for draws that a second call need not make again."
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option(help="Draws at a time; one for each processor by default.")
    ] = None,
    of: Annotated[
        Path | None, typer.Option("--of", help="Show a scorecard.json that is there, and measure nothing.")
    ] = None,
    sensitivity: Annotated[
        bool,
        typer.Option(
            "--sensitivity",
            help="Instead: the headline figures with each assumed value at half and at double; --only names "
            "scenarios or settings, such as llm-fleet or network.",
        ),
    ] = False,
    readme: Annotated[
        Path | None, typer.Option(help="A Markdown file: the table between its scorecard marks is made anew.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON and nothing else.")] = False,
) -> int:
    """Measure every quantitative claim of the origin over several seeds: definition, value, interval and verdict."""
    start_logging(0, json_)
    if out is not None:
        require_writable(out)
    if readme is not None:
        _marked(readme)
    if sensitivity:
        return _sensitivity(seeds, rng, only or [], quick, out, workers, json_, of or readme)
    card = _read(of) if of is not None else _measured(seeds, rng, only or [], quick, out, workers, not json_)
    files = [] if out is None else _write(card, out)
    if readme is not None:
        _fill(readme, card)
    if json_:
        typer.echo(json.dumps(card.as_dict(), indent=2))
    else:
        _show(card, out, files)
    return 1 if card.failures else 0


def _measured(
    seeds: int | None,
    rng: int,
    only: list[str],
    quick: bool,
    out: Path | None,
    workers: int | None,
    shown: bool,
) -> Scorecard:
    from ..batch.engines.base import processors
    from ..batch.scorecard.run import scorecard as make
    from ..batch.scorecard.size import FULL, QUICK
    from ..bench.machine import described, machine

    require(workers is None or workers >= 1, "--workers", workers, "1 or more")
    return make(
        seeds=seeds,
        rng=rng,
        size=QUICK if quick else FULL,
        only=only,
        out=out,
        processes=workers or processors(),
        timed=speed(),
        machine=described(machine()),
        progress=shown,
    )


def _sensitivity(
    seeds: int | None,
    rng: int,
    only: list[str],
    quick: bool,
    out: Path | None,
    workers: int | None,
    json_: bool,
    other: Path | None,
) -> int:
    """Measure and show what the headline figures depend on."""
    from ..batch.engines.base import processors
    from ..batch.scorecard.sensitivity import SCENES
    from ..batch.scorecard.sensitivity import sensitivity as make
    from ..batch.scorecard.size import FULL, QUICK
    from ..model.files import write_whole
    from ..viz.sensitivity_text import sensitivity_markdown

    require(workers is None or workers >= 1, "--workers", workers, "1 or more")
    if other is not None:
        raise ConfigError("--sensitivity goes with neither --of nor --readme")
    found = make(
        seeds=1 if seeds is None else seeds,
        rng=rng,
        size=QUICK if quick else FULL,
        scenes=[name for name in only if name in SCENES],
        settings=[name for name in only if name not in SCENES],
        out=out,
        processes=workers or processors(),
        progress=not json_,
    )
    told, text = json.dumps(found.as_dict(), indent=1) + "\n", sensitivity_markdown(found)
    if out is not None:
        for name, part in (("sensitivity.json", told), ("sensitivity.md", text)):
            write_whole(out / name, lambda path, part=part: path.write_text(part, encoding="utf-8"))  # type: ignore[misc]
    typer.echo(told if json_ else text, nl=False)
    return 0


def speed() -> Study:
    """The study of what is timed, which needs the bench."""
    from ..batch.scorecard.studies import TIMED
    from ..batch.scorecard.studies.base import Study

    return Study(
        name=TIMED,
        scenario="this machine, nothing beside it (`swarmscale bench`)",
        measure=timed,
        kind="repeats",
    )


def timed(size: Size, _: Draw) -> Figures:
    """Processor time of ticks by the number of agents, of agents made, and of a collective decision."""
    import numpy as np

    from ..agents.fleet import Fleet
    from ..batch.scorecard.size import UNWATCHED
    from ..bench.clock import cpu_s
    from ..bench.scaling import full_config, slope, tick_s
    from ..model.build import build_makeup
    from ..model.swarm import SwarmModel

    used = [tick_s(full_config(agents), 10)[0] for agents in size.timed]
    most = size.timed[-1]
    config = full_config(most)
    fleet = Fleet.empty(
        most // config.fleet.cluster_agents,
        config.fleet.cluster_agents,
        build_makeup(full_config(100)),
        np.uint64(1),
    )
    made_s = cpu_s(partial(fleet.spawn, most, 0.0))
    model = SwarmModel(config, rng=1)
    held = model.fleet.nbytes() + model.flow.hands.nbytes + sum(column.nbytes for column in model.flow.state)
    panel = SwarmModel(size.config("llm-fleet", UNWATCHED), rng=1).run(5.0)
    agents = min(500, size.agents or 500)
    panel.decide(agents=agents)
    decided_s = cpu_s(lambda: [panel.decide(agents=agents, seed=i) for i in range(size.decisions)])
    return {
        "slope": slope(size.timed, used),
        "smallest_ms": 1000 * used[0],
        "largest_ms": 1000 * used[-1],
        "spawned_per_s": most / made_s,
        "agent_bytes": held / most,
        "decision_cpu_ms": 1000 * decided_s / size.decisions,
    }


def _read(path: Path) -> Scorecard:
    from ..batch.scorecard.card import Scorecard

    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"--of {path}: cannot be read: {error.strerror or error}") from None
    except ValueError:
        raise ConfigError(f"--of {path}: is no JSON") from None
    try:
        return Scorecard.from_dict(facts)
    except ConfigError as error:
        raise ConfigError(f"--of {path}: {error}") from None


def _write(card: Scorecard, folder: Path) -> list[str]:
    """Write the result, the table and the page; return the files' names."""
    from ..model.files import write_whole
    from ..viz.claims_report import claims_html
    from ..viz.claims_text import claims_markdown

    texts = {
        RESULT: json.dumps(card.as_dict(), indent=1) + "\n",
        TEXT: claims_markdown(card),
        PAGE: claims_html(card),
    }
    for name, text in texts.items():
        write_whole(folder / name, lambda part, text=text: part.write_text(text, encoding="utf-8"))  # type: ignore[misc]
    return list(texts)


def _marked(path: Path) -> str:
    """A file's text, if it has the marks.

    Raises:
        ConfigError: if it cannot be read or has none.
    """
    from ..viz.claims_text import BEGIN, END

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeError) as error:
        raise ConfigError(f"--readme {path}: cannot be read: {error}") from None
    if not 0 <= text.find(BEGIN) < text.find(END):
        raise ConfigError(f"--readme {path}: but it must have the marks {BEGIN} and {END}")
    if not os.access(path, os.W_OK):
        raise ConfigError(f"--readme {path}: cannot be written")
    return text


def _fill(path: Path, card: Scorecard) -> None:
    from ..model.files import write_whole
    from ..viz.claims_text import filled_between

    text = filled_between(_marked(path), card)
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))


def _show(card: Scorecard, folder: Path | None, files: list[str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from ..viz.claims_text import LOOKS, heading, limit_text, value_text, verdict_text

    console = Console()
    console.width = min(console.width, WIDEST) if console.is_terminal else WIDEST
    console.print(heading(card), highlight=False, markup=False)
    table = Table(show_lines=False)
    for name in ("the origin's claim", "measured", "claimed", "value, 95 % interval", "verdict"):
        right = name.startswith(("claimed", "value"))
        table.add_column(name, justify="right" if right else "left", overflow="fold")
    area = ""
    for row in card.rows:
        if area and row.area != area:
            table.add_section()
        area = row.area
        style = LOOKS.get(row.verdict, "")
        quote = Text(row.quote.replace("*", ""))
        table.add_row(
            quote,
            Text(row.title),
            Text(limit_text(row)),
            Text(value_text(row)),
            Text(verdict_text(row), style),
        )
    console.print(table)
    for row in card.rows:
        if "cannot hold together" in row.together:
            console.print(f"{row.key}: {row.together}", highlight=False, markup=False)
    for where, error in card.failures.items():
        console.print(f"failed: {where}: {error}", highlight=False, markup=False)
    if folder is not None:
        console.print(f"{', '.join(files)} are in {folder}", highlight=False, markup=False)
