"""``swarmscale run --shards``: one model on threads, on MPI ranks or on Ray actors."""

from __future__ import annotations

import dataclasses
import json
import os
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import typer

from ..errors import ConfigError, UnknownChoiceError, require

if TYPE_CHECKING:
    from ..batch.shards import Job, Whole
    from ..model.config import Config

START = "start.json"
"""What a shared run was begun with, for going on."""


def run_shared(
    config: Config,
    seed: int,
    *,
    folder: Path,
    shards: int | None,
    on: str,
    address: str | None,
    every_s: float | None,
    resume: bool,
    plugins: list[Path],
    json_: bool,
    quiet: bool,
) -> int:
    """Run a model that is shared out, and write its tables; return the exit code."""
    from ..batch.shards import WAYS, Job, on_threads
    from ..model.sharding.shard import refuse

    if on not in WAYS:
        raise UnknownChoiceError("place for shards", on, WAYS)
    if every_s is not None:
        require(
            every_s > 0 and every_s % config.dt == 0,
            "--checkpoint-every",
            every_s,
            f"a multiple of dt = {config.dt:g}",
        )
    job = Job(
        config=config,
        rng=seed,
        folder=folder,
        checkpoint_every_s=every_s,
        resume=resume,
        plugins=tuple(path.absolute() for path in plugins),
        progress=not (json_ or quiet),
    )
    if on == "mpi":
        return _on_ranks(job, shards, folder, json_, quiet)
    count = 2 if shards is None else shards
    require(count >= 1, "--shards", count, "1 or more")
    if count > 1:
        refuse(config)
    _note_start(folder, config, seed)
    try:
        if on == "ray":
            from ..batch.ray_shards import on_ray

            whole = on_ray(dataclasses.replace(job, folder=folder.absolute()), count, address, restarts=3)
        else:
            whole = on_threads(job, count)
    except KeyboardInterrupt:
        again = f"swarmscale run --resume {folder} --shards {count} --on {on}"
        kept = f"go on from the last checkpoint with: {again}" if every_s else "no checkpoint was asked for"
        typer.echo(f"interrupted; {kept}", err=True)
        return 130
    _finish(whole, folder, json_, quiet)
    return 0


def begun(folder: Path) -> tuple[Config, int]:
    """Config and seed of the shared run in a folder, for going on.

    Raises:
        ConfigError: if it holds none.
    """
    from ..model.config import Config

    try:
        seed = int(json.loads((folder / START).read_text(encoding="utf-8"))["rng"])
        tree = tomllib.loads((folder / "config.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            f"--resume {folder}: holds no run that was shared out over shards: {error}"
        ) from None
    return Config.parse(tree, str(folder / "config.toml")), seed


def _on_ranks(job: Job, shards: int | None, folder: Path, json_: bool, quiet: bool) -> int:
    """One rank of those that ``mpiexec`` started; whoever cannot go on ends them all."""
    from ..batch.shards import run_shard
    from ..model.sharding.mpi import MpiExchange
    from ..model.sharding.shard import refuse

    exchange = MpiExchange()
    first = exchange.rank == 0
    told = exchange.gather(np.frombuffer(job.rng.to_bytes(32, "little"), np.int64))[0]
    job = dataclasses.replace(
        job, rng=int.from_bytes(told.tobytes(), "little")
    )  # a seed drawn is the first rank's
    try:
        require(
            shards in (None, exchange.size),
            "--shards",
            shards,
            f"as many as mpiexec started, {exchange.size}",
        )
        if exchange.size > 1:
            refuse(job.config)
        if first:
            _note_start(folder, job.config, job.rng)
    except ConfigError:
        if first:
            raise
        return 2
    try:
        whole = run_shard(dataclasses.replace(job, progress=job.progress and first), exchange)
    except BaseException as error:
        sys.stderr.write(f"swarmscale: shard {exchange.rank}: {error or type(error).__name__}\n")
        sys.stderr.flush()
        if exchange.size == 1:
            raise
        exchange.end_all()
        os._exit(1)
    if whole is not None:
        _finish(whole, folder, json_, quiet)
    return 0


def _note_start(folder: Path, config: Config, seed: int) -> None:
    from ..model.files import write_whole

    for name, text in (("config.toml", config.toml()), (START, json.dumps({"rng": seed}))):
        write_whole(folder / name, lambda part, text=text: part.write_text(text, encoding="utf-8"))  # type: ignore[misc]


def _finish(whole: Whole, folder: Path, json_: bool, quiet: bool) -> None:
    from ..viz.run_folder import write_emergence, write_tables

    told = {"digest": whole.digest, "shards": whole.shards, "restarts": whole.restarts}
    digest = write_tables(
        whole.records, whole.summary, whole.config, folder, events=whole.events, given=whole.given, extra=told
    )
    if whole.emergence is not None:
        meta = {"swarmscale.config_hash": digest, "swarmscale.root_seed": str(whole.root_seed)}
        write_emergence(whole.emergence, folder, whole.config.dt, meta)
    if json_:
        typer.echo(json.dumps(whole.summary.as_dict() | told, indent=2))
    elif not quiet:
        _show(whole, folder)


def _show(whole: Whole, folder: Path) -> None:
    from rich.console import Console

    from .run import findings, scorecard

    console = Console()
    console.width = min(console.width, 120)
    console.print(scorecard(whole.summary))
    for sentence in findings(whole.emergence):
        console.print(sentence, highlight=False)
    again = f", begun again {whole.restarts} times after a shard was lost" if whole.restarts else ""
    console.print(
        f"{whole.agents:,} agents at the end on {whole.shards} shards{again}; {whole.ticks:,} ticks in "
        f"{whole.wall_s:.1f} s, {1000 * whole.wall_s / max(whole.ticks, 1):.2f} ms each; digest {whole.digest}",
        highlight=False,
    )
    console.print(
        f"records.parquet, clusters.parquet, summary.json and config.toml are in {folder}", highlight=False
    )
