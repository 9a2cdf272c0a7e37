"""``swarmscale emergence --calibrate``: error rates, power and delays of the detectors on known systems."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ..errors import require
from .options import require_writable

if TYPE_CHECKING:
    from ..model.emergence.calibration import Calibration, Effort
    from ..model.emergence.calibration.tables import Sheet

PARTS = (30, 500)


def calibrate(
    repetitions: int = 400,
    parts: int | None = None,
    samples: int = 300,
    workers: int | None = None,
    write: Path | None = None,
    out: Path | None = None,
    json_: bool = False,
    seed: int = 0,
    detectors: Sequence[str] = (),
) -> int:
    """Run every detector on every control and print what came out.

    Args:
        repetitions: runs of each null, 4 or more.
        parts: number of parts; 30 and then 500 if None.
        samples: in a window, 60 or more.
        workers: processes; one a processor if None. The result does not depend on it.
        write: a Markdown file for the tables, written whole or not at all.
        out: a folder for ``calibration.json``, ``statistics.parquet`` and ``runs.parquet``.
        json_: whether to print JSON and nothing else.
        seed: of all random numbers, 0 or more.
        detectors: names of those to calibrate; all if empty.

    Returns:
        The exit code: 0.

    Raises:
        ConfigError: if a number is out of its range or a file cannot be written.
    """
    from ..model.emergence.calibration import acceptance
    from ..model.emergence.calibration.tables import sheets

    effort = effort_of(repetitions, parts, samples)
    for folder in (out, None if write is None else write.parent):
        if folder is not None:
            require_writable(folder)
    began_s = time.perf_counter()
    calibration = _run(effort, workers, seed, detectors, shown=not json_)
    took_s = time.perf_counter() - began_s
    tables = sheets(calibration)
    if out is not None:
        _store(out, calibration)
    if write is not None:
        _page(write, tables, effort, took_s, seed)
    if json_:
        typer.echo(json.dumps(_facts(calibration), indent=2))
        return 0
    _show(tables)
    kept = [line.holds for line in acceptance(calibration)]
    typer.echo(f"{sum(h is True for h in kept)} of {len(kept)} lines hold; {took_s:.0f} s")
    return 0


def effort_of(repetitions: int, parts: int | None = None, samples: int = 300) -> Effort:
    """How much is run for so many repetitions: a quarter of them for power and a tenth for delays, less at N = 500.

    Raises:
        ConfigError: if a number is out of its range.
    """
    from ..model.emergence.base import FEWEST_SAMPLES
    from ..model.emergence.calibration import Effort

    require(repetitions >= 4, "--repetitions", repetitions, "4 or more")
    require(parts is None or parts >= 2, "--parts", parts, "2 or more")
    require(samples >= FEWEST_SAMPLES, "--samples", samples, f"{FEWEST_SAMPLES} or more")
    sizes = PARTS if parts is None else (parts,)
    shares = [1.0 if size < 200 else 0.25 for size in sizes]
    return Effort(
        repetitions=repetitions,
        parts=sizes,
        samples=samples,
        powers=tuple(max(1, round(repetitions / 4 * share)) for share in shares),
        delays=tuple(max(1, round(repetitions / 10 * share)) for share in shares),
    )


def _run(
    effort: Effort, workers: int | None, seed: int, detectors: Sequence[str], shown: bool
) -> Calibration:
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from ..model.emergence.calibration import calibrated
    from ..model.emergence.detectors import DETECTORS

    chosen = {name: DETECTORS.make(name) for name in detectors} or None
    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*parts, transient=True, disable=not shown, speed_estimate_period=300) as bar:
        task = bar.add_task("repetitions", total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        return calibrated(effort, detectors=chosen, seed=seed, workers=workers, told=told)


def _show(tables: list[Sheet]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.width = 150 if not console.is_terminal else min(console.width, 150)
    for sheet in tables:
        table = Table(title=sheet.title, title_justify="left")
        for place, name in enumerate(sheet.columns):
            table.add_column(name, justify="left" if place < sheet.texts else "right", overflow="fold")
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)


def _page(path: Path, tables: list[Sheet], effort: Effort, took_s: float, seed: int) -> None:
    """The tables as a Markdown file with the command and the machine beside them."""
    from ..bench.machine import processor
    from ..model.emergence.calibration.tables import markdown
    from ..model.files import write_whole

    options = [f"--repetitions {effort.repetitions}"]
    if effort.parts != PARTS:
        options.append(f"--parts {effort.parts[0]}")
    if effort.samples != 300:
        options.append(f"--samples {effort.samples}")
    options.append(f"--write {path.as_posix() if not path.is_absolute() else path.name}")
    head = HEAD.format(
        command="swarmscale emergence --calibrate " + " ".join(options),
        minutes=took_s / 60,
        processor=processor(),
        seed=seed,
        samples=effort.samples,
        parts=" and ".join(f"{n}" for n in effort.parts),
        repetitions=effort.repetitions,
        powers=" and ".join(f"{n}" for n in effort.powers),
        delays=" and ".join(f"{n}" for n in effort.delays),
    )
    text = markdown(tables, head)
    write_whole(path, lambda part: part.write_text(text, encoding="utf-8"))


HEAD = """# Calibration of the emergence detectors
Every detector was run on systems of which it is known what their parts do: nulls, in which whatever is found is a false
alarm, and positives, whose coupling can be switched. The systems are in `swarmscale/model/emergence/controls`; what the
statistics are is told in [emergence.md](emergence.md).

```
{command}
```
writes this page: {minutes:.1f} minutes on {processor}, seed {seed}. Windows have T = {samples} samples of N = {parts}
parts. There are {repetitions} runs of each null, {powers} of each positive, and {delays} in which coupling begins and
ends. Intervals are exact (Clopper and Pearson 1934). Controls whose answer does not depend on N are run with the first
one only.
"""


def _store(folder: Path, calibration: Calibration) -> None:
    """Rates as JSON, and every row behind them as Parquet."""
    from ..model.files import write_whole

    text = json.dumps(_facts(calibration), indent=2)
    write_whole(folder / "calibration.json", lambda part: part.write_text(text, encoding="utf-8"))
    for name, frame in (("statistics", calibration.statistics), ("runs", calibration.findings)):
        write_whole(folder / f"{name}.parquet", partial(frame.to_parquet, index=False))


def _facts(calibration: Calibration) -> dict[str, Any]:
    """All rates for JSON; what is not known is null."""
    from ..model.emergence.calibration import acceptance
    from ..model.emergence.calibration.rates import delays, finding_rates, gate_rates, statistic_rates

    frames = {
        "false_alarms": statistic_rates(calibration, "null"),
        "false_findings": finding_rates(calibration, "null"),
        "gate": gate_rates(calibration),
        "power_of_statistics": statistic_rates(calibration, "power"),
        "graphs": statistic_rates(calibration, "graph"),
        "power_of_findings": finding_rates(calibration, "power"),
        "delays": delays(calibration),
    }
    facts: dict[str, Any] = {"acceptance": [line._asdict() for line in acceptance(calibration)]}
    for name, frame in frames.items():
        facts[name] = [{key: _plain(value) for key, value in row.items()} for row in frame.to_dict("records")]
    return facts


def _plain(value: Any) -> Any:
    """A value for JSON; a number that is not finite is null.

    >>> _plain(float("inf")), _plain(0.5), _plain("voters")
    (None, 0.5, 'voters')
    """
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    return value
