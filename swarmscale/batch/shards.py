"""One model shared out over shards: on threads of this process, on MPI ranks, or on Ray actors."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, UnknownChoiceError, require
from ..model.config import Config
from ..model.sharding.exchange import Alone, Exchange, LostShardError, Table
from ..model.sharding.whole import digest, whole_records
from ..model.swarm import SwarmModel
from .plugins import load_plugins
from .shard_files import latest, mark, shard_file

if TYPE_CHECKING:
    from ..model.emergence.monitor import Monitor
    from ..model.records import Records
    from ..model.scaling.advice import Recommendation
    from ..model.scaling.events import ScalingEvent
    from ..model.summary import Summary

WAYS = ("threads", "mpi", "ray")
"""Where shards may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What every shard of a model does.

    Attributes:
        config: the settings.
        rng: the seed.
        seconds: simulated time at which it ends, s; None for the config's end.
        folder: where checkpoints are; None for none.
        checkpoint_every_s: simulated time between two checkpoints, s; None for none.
        resume: whether to go on from the last checkpoint in the folder.
        plugins: the user's own modules.
        progress: whether the first shard shows a progress bar.
    """

    config: Config
    rng: int
    seconds: float | None = None
    folder: Path | None = None
    checkpoint_every_s: float | None = None
    resume: bool = False
    plugins: tuple[Path, ...] = ()
    progress: bool = False

    @property
    def end_s(self) -> float:
        """Simulated time at which it ends, s."""
        return self.config.seconds if self.seconds is None else self.seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """What came out of a model that was shared out.

    Attributes:
        config: the settings.
        root_seed: the seed.
        shards: number of shards.
        records: of the whole model.
        summary: its metrics.
        digest: of its state; the same for every number of shards.
        agents: in the fleet at the end.
        events: what the scaler did.
        given: what it recommended.
        wall_s: time that the ticks took, checkpoints included, s.
        ticks: that were made, those before a resume not counted.
        restarts: times that all shards began again since one was lost.
        emergence: what was said of it; None where nobody looked.
    """

    config: Config
    root_seed: int
    shards: int
    records: Records
    summary: Summary
    digest: str
    agents: int
    events: list[ScalingEvent]
    given: list[Recommendation]
    wall_s: float
    ticks: int
    restarts: int = 0
    emergence: Monitor | None = None


def run_shard(job: Job, exchange: Exchange) -> Whole | None:
    """Run one shard to the end; all shards of a model call it together.

    Args:
        job: what to do; the same for all.
        exchange: where they meet.

    Returns:
        The whole model at the first shard, None at the others.
    """
    model = _begun(job, exchange)
    begun_s, started = model.now_s, time.perf_counter()
    while model.now_s < job.end_s - 1e-9:
        every = job.checkpoint_every_s or job.end_s
        stretch = min(every - model.now_s % every, job.end_s - model.now_s)
        model.run(stretch, progress=job.progress and exchange.rank == 0)
        if job.folder is not None and job.checkpoint_every_s is not None:
            save(model, job.folder)
    wall_s = time.perf_counter() - started
    records, state, agents = whole_records(model), digest(model), model.crew.members()
    if records is None:
        return None
    model.records = records
    return Whole(
        config=model.config,
        root_seed=model.root_seed,
        shards=exchange.size,
        records=records,
        summary=model.summary(),
        digest=state,
        agents=agents,
        events=model.scaler.events if model.scaler else [],
        given=model.scaler.advisor.given if model.scaler else [],
        emergence=model.emergence,
        wall_s=wall_s,
        ticks=round((model.now_s - begun_s) / model.config.dt),
    )


def save(model: SwarmModel, folder: Path) -> None:
    """Write a checkpoint of all shards, which call it together; it counts only when all have written theirs."""
    exchange, tick = model.shard.exchange, round(model.time)
    model.save(shard_file(folder, tick, exchange.rank, exchange.size))
    model.crew.total(0)  # all have written
    if exchange.rank == 0:
        mark(folder, tick, exchange.size)


def _begun(job: Job, exchange: Exchange) -> SwarmModel:
    if job.resume:
        require(job.folder is not None, "resume", job.resume, "given with a folder of checkpoints")
        assert job.folder is not None
        tick = latest(job.folder, exchange.size)
        if tick is not None:
            return SwarmModel.load(
                shard_file(job.folder, tick, exchange.rank, exchange.size),
                exchange=exchange,
            )
    return SwarmModel(job.config, rng=job.rng, exchange=exchange)


def run_shards(
    config: str | Path | Config = "llm-fleet",
    *,
    rng: int = 7,
    shards: int = 2,
    on: str = "threads",
    seconds: float | None = None,
    folder: str | Path | None = None,
    checkpoint_every_s: float | None = None,
    resume: bool = False,
    address: str | None = None,
    restarts: int = 3,
    plugins: tuple[Path, ...] = (),
    progress: bool = False,
    **changes: Any,
) -> Whole:
    """Run one model shared out over shards, bit for bit as it would run alone.

    Args:
        config: a preset's name, the path of a TOML file, or a config.
        rng: the seed.
        shards: number of them, at most the coordination nodes.
        on: ``threads`` of this process, or ``ray`` actors. For MPI start the command line by ``mpiexec``.
        seconds: simulated time at which it ends, s; None for the config's end.
        folder: where checkpoints are kept; with Ray on several machines one that all of them see.
        checkpoint_every_s: simulated time between two checkpoints, s.
        resume: go on from the last checkpoint in the folder.
        address: of a Ray cluster; None starts one on this machine.
        restarts: times that all shards begin again from the last checkpoint after one was lost (Ray).
        plugins: Python files that register strategies of your own.
        progress: show a progress bar.
        changes: dotted keys, ``__`` for the dot.

    Raises:
        ConfigError: if the model cannot be shared out, or the shards cannot be started.
    """
    require(shards >= 1, "shards", shards, "1 or more")
    if on not in WAYS or on == "mpi":
        raise UnknownChoiceError("place for shards", on, [way for way in WAYS if way != "mpi"])
    load_plugins(plugins)
    made = Config.load(config).changed({name.replace("__", "."): value for name, value in changes.items()})
    job = Job(
        config=made,
        rng=rng,
        seconds=seconds,
        folder=None if folder is None else Path(folder),
        checkpoint_every_s=checkpoint_every_s,
        resume=resume,
        plugins=plugins,
        progress=progress,
    )
    if on == "ray":
        from .ray_shards import on_ray

        return on_ray(job, shards, address, restarts)
    return on_threads(job, shards)


def on_threads(job: Job, shards: int) -> Whole:
    """Run all shards in threads of this process; kernels run side by side, since they hold no lock."""
    if shards == 1:
        alone = run_shard(job, Alone())
        assert alone is not None
        return alone
    table = Table(shards)
    done: list[Whole | None] = [None] * shards
    failed: list[BaseException | None] = [None] * shards

    def work(rank: int) -> None:
        try:
            done[rank] = run_shard(job, table.seat(rank))
        except BaseException as error:
            failed[rank] = error
            table.leave()

    threads = [threading.Thread(target=work, args=(rank,), daemon=True) for rank in range(shards)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            thread.join()
    except KeyboardInterrupt:
        table.leave()
        raise
    errors = [error for error in failed if error is not None]
    causes = [error for error in errors if not isinstance(error, LostShardError)]
    if errors:
        raise (causes or errors)[0]
    whole = done[0]
    if whole is None:
        raise ConfigError("the first shard gave no result")
    return whole
