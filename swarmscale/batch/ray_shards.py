"""Shards on Ray actors: they meet by calling each other, and begin again from a checkpoint if one is lost."""

from __future__ import annotations

import dataclasses
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..arrays import Ints
from ..errors import ConfigError, require
from ..model.config import Config
from ..model.sharding.exchange import LostShardError
from .course import source_digest
from .engines.ray_cluster import SigTerm, cluster
from .engines.ray_worker import SOURCES, require_alike, versions
from .plugins import load_plugins
from .shards import Job, Whole, run_shard

PATIENCE_S = 600.0
"""Time after which a shard that hears nothing of another takes it for lost."""


class ActorExchange:
    """The exchange of one actor: parcels of the others are put into its box by their calls.

    Attributes:
        rank: number of this shard.
        size: number of shards.
    """

    def __init__(self, rank: int, size: int) -> None:
        self.rank, self.size = rank, size
        self._peers: Sequence[Any] = ()
        self._round = 0
        self._box: dict[tuple[int, int], Ints] = {}
        self._came = threading.Condition()

    def meet(self, peers: Sequence[Any]) -> None:
        """Make the others known: handles of the actors, by rank."""
        self._peers = peers

    def put(self, number: int, sender: int, parcel: Ints) -> None:
        """Take a parcel of another shard for a round."""
        with self._came:
            self._box[number, sender] = parcel
            self._came.notify_all()

    def trade(self, parcels: Sequence[Ints]) -> list[Ints]:
        """See :class:`swarmscale.model.sharding.exchange.Exchange`."""
        number, self._round = self._round, self._round + 1
        for rank, peer in enumerate(self._peers):
            if rank != self.rank:
                peer.put.remote(number, self.rank, np.ascontiguousarray(parcels[rank]))
        wanted = [(number, rank) for rank in range(self.size) if rank != self.rank]
        with self._came:
            if not self._came.wait_for(lambda: all(key in self._box for key in wanted), PATIENCE_S):
                raise LostShardError("a shard is gone, so the others stopped")
            return [
                parcels[rank] if rank == self.rank else self._box.pop((number, rank))
                for rank in range(self.size)
            ]

    def gather(self, parcel: Ints) -> list[Ints]:
        """See :class:`swarmscale.model.sharding.exchange.Exchange`."""
        return self.trade([parcel] * self.size)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A job as it goes to an actor on a machine that shares no plugins with this one.

    Attributes:
        tree: the config as plain values.
        rest: the other fields of the job.
        plugins: name and text of each plugin.
        versions: of the packages that results depend on.
        sources: digest of the sources that they depend on.
    """

    tree: dict[str, Any]
    rest: dict[str, Any]
    plugins: tuple[tuple[str, bytes], ...]
    versions: dict[str, str]
    sources: str

    @classmethod
    def of(cls, job: Job) -> Sent:
        """What is sent of a job."""
        left = ("config", "plugins")
        return cls(
            tree=job.config.tree(),
            rest={f.name: getattr(job, f.name) for f in dataclasses.fields(job) if f.name not in left},
            plugins=tuple((path.name, path.read_bytes()) for path in job.plugins),
            versions=versions(),
            sources=source_digest(SOURCES),
        )

    def job(self) -> Job:
        """The job, once its plugins have been run here.

        Raises:
            ConfigError: if this machine has other versions or sources.
        """
        require_alike(self)
        with tempfile.TemporaryDirectory(prefix="swarmscale-") as folder:
            for number, (name, text) in enumerate(self.plugins):
                path = Path(folder) / str(number) / name
                path.parent.mkdir()
                path.write_bytes(text)
                load_plugins([path])
        return Job(config=Config.parse(self.tree, "config"), **self.rest)


class ShardActor:
    """One shard as a Ray actor, which runs its part while it takes parcels."""

    def __init__(self, rank: int, size: int) -> None:
        self._exchange = ActorExchange(rank, size)

    def meet(self, peers: Sequence[Any]) -> None:
        """See :class:`ActorExchange`."""
        self._exchange.meet(peers)

    def put(self, number: int, sender: int, parcel: Ints) -> None:
        """See :class:`ActorExchange`."""
        self._exchange.put(number, sender, parcel)

    def run(self, sent: Sent) -> Whole | None:
        """See :func:`.shards.run_shard`."""
        return run_shard(sent.job(), self._exchange)


def on_ray(job: Job, shards: int, address: str | None, restarts: int) -> Whole:
    """Run all shards as actors of a Ray cluster.

    A lost actor or machine ends the others, and all begin again from the last checkpoint that is whole, or from the
    start if there is none.

    Raises:
        ConfigError: if Ray is not there, the model cannot be shared out, or shards were lost too often.
    """
    require(restarts >= 0, "restarts", restarts, "0 or more")
    with cluster(address, shards if address is None else None) as (ray, stopped):
        for again in range(restarts + 1):
            whole = _once(ray, job, shards, stopped)
            if whole is not None:
                return dataclasses.replace(whole, restarts=again)
            job = dataclasses.replace(job, resume=job.folder is not None)
    raise ConfigError(f"shards were lost {restarts + 1} times, so the run was given up")


def _once(ray: Any, job: Job, shards: int, stopped: SigTerm) -> Whole | None:
    """Run all shards; None if one was lost."""
    # Two calls may wait in an actor at a time beside the run: parcels must get in while it waits for others.
    make = ray.remote(num_cpus=1, max_concurrency=4, max_restarts=0)(ShardActor).remote
    actors = [make(rank, shards) for rank in range(shards)]
    try:
        ray.get([actor.meet.remote(actors) for actor in actors])
        sent = Sent.of(job)
        left = [actor.run.remote(sent) for actor in actors]
        first, whole = left[0], None
        while left:
            done, left = ray.wait(left, num_returns=1, timeout=1.0)
            stopped.leave_if_it_came()
            if not done:
                continue
            result = ray.get(done[0])
            whole = result if done[0] == first else whole
        return whole
    except ray.exceptions.RayActorError:
        return None
    except ray.exceptions.RayTaskError as error:
        cause = error.cause
        if isinstance(cause, LostShardError):
            return None
        if isinstance(cause, ConfigError):
            raise ConfigError(str(cause)) from None
        raise
    finally:
        for actor in actors:
            ray.kill(actor)
