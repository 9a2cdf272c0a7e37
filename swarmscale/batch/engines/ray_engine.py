"""The engine of a Ray cluster: actors make runs anywhere, and rows come back to be stored here."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ...errors import ConfigError, require
from ..plan import RunId
from ..run import FAILED, KILLED, LATE, late_error, lost_row
from ..store import Store
from .base import GRACE_S, LOOK_S, Begin, OnDone, Stop, worker_name
from .ray_cluster import SigTerm, cluster, require_address
from .ray_worker import Parcel, RayWorker

AGAIN = 2
"""How often a run is made again whose worker or node was lost."""

STARTS = 3
"""Workers that may die one after the other as they begin."""

SIZE_S = 5.0
"""Time between two looks at how large the cluster is."""

PATIENCE_S = 60.0
"""Time that a cluster without a processor may take to get one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ray:
    """Makes runs on a Ray cluster.

    A run whose worker or node is lost is made again elsewhere, twice at most. Plugins are sent along; nodes need
    the same swarmscale, but no common disk. Where this process is connected to Ray already, that connection is used.

    Attributes:
        address: ``auto``, ``host:port``, or None for a local cluster that ends with the sweep.
        workers: runs at the same time; None for one a processor of the cluster.
    """

    address: str | None = None
    workers: int | None = None

    def __post_init__(self) -> None:
        require(self.workers is None or self.workers >= 1, "workers", self.workers, "1 or more")
        require_address(self.address)

    def run(
        self, store: Store, runs: Sequence[RunId], begin: Begin | None, on_done: OnDone, stop: Stop
    ) -> None:
        """See :class:`~swarmscale.batch.engines.base.Engine`."""
        with cluster(self.address, self.workers) as (ray, came):
            RayCrew(ray, store, self.workers, on_done, stop, came).make(runs, Parcel.of(store.plan, begin))


@dataclass(frozen=True, slots=True)
class Errand:
    """What an actor is doing.

    Attributes:
        actor: who.
        run: what; None while it begins.
        since_s: when it was sent, s since 1970.
    """

    actor: Any
    run: RunId | None
    since_s: float


class RayCrew:
    """Actors at work on some runs, one run each, so that a run's time is its own.

    Attributes:
        left: runs that nobody has begun.
        lost: how often each run was lost with its worker.
        idle: actors that are ready.
        errands: by the promise of their result.
    """

    def __init__(
        self, ray: Any, store: Store, workers: int | None, on_done: OnDone, stop: Stop, came: SigTerm
    ) -> None:
        self.left: deque[RunId] = deque()
        self.lost: Counter[RunId] = Counter()
        self.idle: list[Any] = []
        self.errands: dict[Any, Errand] = {}
        self._ray, self._store, self._plan = ray, store, store.plan
        self._writer = store.writer(worker_name())
        self._asked, self._on_done, self._stop, self._came = workers, on_done, stop, came
        self._actor = ray.remote(num_cpus=1, max_restarts=0)(RayWorker)
        self._wanted, self._looked_s = 0, 0.0
        self._failed_starts, self._heard_s = 0, time.time()

    def make(self, runs: Sequence[RunId], parcel: Parcel) -> None:
        """Make the runs."""
        self.left.extend(runs)
        sent = self._ray.put(parcel)
        try:
            while (self.left or self._busy) and not self._stop():
                self._came.leave_if_it_came()
                self._hire(sent)
                self._hand_out()
                self._take()
                self._stop_late()
        finally:
            for actor in [*self.idle, *(errand.actor for errand in self.errands.values())]:
                self._ray.kill(actor)

    @property
    def _busy(self) -> int:
        """Runs that are being made."""
        return sum(errand.run is not None for errand in self.errands.values())

    def _hire(self, parcel: Any) -> None:
        """Ask for as many actors as there are processors, or work for."""
        self._look()
        there = len(self.idle) + len(self.errands)
        for _ in range(min(self._wanted, len(self.left) + self._busy) - there):
            actor = self._actor.remote()
            self.errands[actor.begin.remote(parcel)] = Errand(actor, None, time.time())

    def _look(self) -> None:
        """See how large the cluster is: nodes come and go."""
        now = time.time()
        if now - self._looked_s < SIZE_S:
            return
        self._looked_s = now
        processors = int(self._ray.cluster_resources().get("CPU", 0))
        if processors < 1 and now - self._heard_s > PATIENCE_S:
            raise ConfigError(
                f"the Ray cluster has had no processor for {PATIENCE_S:g} s; finished runs are kept"
            )
        self._wanted = self._asked or max(processors, 1)

    def _hand_out(self) -> None:
        while self.left and self.idle:
            actor, run = self.idle.pop(), self.left.popleft()
            self.errands[actor.make.remote(run)] = Errand(actor, run, time.time())

    def _take(self) -> None:
        """Take back what is ready."""
        ready, _ = self._ray.wait(list(self.errands), num_returns=1, timeout=LOOK_S)
        for promise in ready:
            errand = self.errands.pop(promise)
            if errand.run is None:
                self._begun(errand, promise)
            else:
                self._made(errand, errand.run, promise)

    def _begun(self, errand: Errand, promise: Any) -> None:
        """Whether an actor is ready."""
        try:
            problem = self._ray.get(promise)
        except self._ray.exceptions.RayError as error:
            self._failed_starts += 1
            why = cause(error)
            if "ModuleNotFoundError" in why:
                raise ConfigError(
                    f"a Ray node lacks what runs need: {why}; install swarmscale there"
                ) from None
            if self._failed_starts >= STARTS:
                raise ConfigError(f"Ray workers die as they begin: {why}") from None
            return
        if problem:
            raise ConfigError(problem)
        self._failed_starts, self._heard_s = 0, time.time()
        self.idle.append(errand.actor)

    def _made(self, errand: Errand, run: RunId, promise: Any) -> None:
        """What became of a run."""
        try:
            row = self._ray.get(promise)
        except self._ray.exceptions.RayTaskError as error:
            row = lost_row(self._plan, run, FAILED, cause(error), errand.since_s)
        except self._ray.exceptions.RayError:
            self._ray.kill(errand.actor)
            self._again(errand, run)
            return
        self._heard_s = time.time()
        self.idle.append(errand.actor)
        self._keep(run, row)

    def _again(self, errand: Errand, run: RunId) -> None:
        """A run was lost: make it next, or give it up."""
        self.lost[run] += 1
        if self.lost[run] <= AGAIN:
            self.left.appendleft(run)
            return
        error = f"its worker or node was lost {self.lost[run]} times"
        self._keep(run, lost_row(self._plan, run, KILLED, error, errand.since_s))

    def _stop_late(self) -> None:
        """Stop runs that do not come back, with their workers."""
        limit = self._plan.time_limit_s
        if limit is None:
            return
        for promise, errand in list(self.errands.items()):
            if errand.run is not None and time.time() - errand.since_s > limit + GRACE_S:
                del self.errands[promise]
                self._ray.kill(errand.actor)
                self._keep(
                    errand.run, lost_row(self._plan, errand.run, LATE, late_error(self._plan), errand.since_s)
                )

    def _keep(self, run: RunId, row: dict[str, Any]) -> None:
        self._writer.add(row)
        self._on_done(run, row["status"])


def cause(error: Exception) -> str:
    """The last line of what Ray tells of an error: what went wrong there."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
