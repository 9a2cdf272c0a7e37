"""The engine of worker processes on this machine; a worker that dies takes only its run with it."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ...errors import ConfigError, require
from ...model.swarm import SwarmModel
from ...parent import end_with_parent
from ..plan import Plan, RunId
from ..run import DONE, KILLED, LATE, late_error, lost_row, run_one
from ..store import Store
from ..writer import Writer
from .base import GRACE_S, LOOK_S, Begin, OnDone, Stop, processors, worker_name

AHEAD = 2
"""Runs a worker that are handed to the pool before their turn."""

BREAKS = 3
"""Pools that may break before any run has ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Processes:
    """Makes runs in processes of this machine.

    Attributes:
        workers: processes; None for one a processor.
    """

    workers: int | None = None

    def __post_init__(self) -> None:
        require(self.workers is None or self.workers >= 1, "workers", self.workers, "1 or more")

    def run(
        self, store: Store, runs: Sequence[RunId], begin: Begin | None, on_done: OnDone, stop: Stop
    ) -> None:
        """See :class:`~swarmscale.batch.engines.base.Engine`."""
        count = min(self.workers or processors(), max(len(runs), 1))
        Crew(store, count, begin, on_done, stop).make(list(runs))


class Crew:
    """A pool at work on some runs; broken pools are made anew.

    Attributes:
        left: runs that nobody has begun, the next one last.
        out: runs in the pool, with the time at which they were handed over.
    """

    def __init__(self, store: Store, workers: int, begin: Begin | None, on_done: OnDone, stop: Stop) -> None:
        self.left: list[RunId] = []
        self.out: dict[Future[str], tuple[RunId, float]] = {}
        self._store, self._workers = store, workers
        self._place = Place(str(store.folder), begin)
        self._on_done, self._stop = on_done, stop
        self._writer: Writer | None = None
        self._ended, self._broken = 0, 0

    def make(self, runs: list[RunId]) -> None:
        """Make all runs."""
        self.left = runs[::-1]
        while self.left:
            before = self._ended
            try:
                with pool_of(self._workers) as pool:
                    self._work(pool)
            except BrokenProcessPool:
                self._pick_up(progress=self._ended > before)
            if self._stop():
                return

    def _work(self, pool: Any) -> None:
        """Hand over runs and take them back, until there are none left or somebody says stop."""
        limit = self._store.plan.time_limit_s
        timeout = None if limit is None else limit + GRACE_S
        while (self.left or self.out) and not self._stop():
            while self.left and len(self.out) < AHEAD * self._workers:
                run = self.left.pop()
                future = pool.schedule(work, args=(self._place, run), timeout=timeout)
                self.out[future] = (run, time.time())
            done, _ = wait(self.out, timeout=LOOK_S, return_when=FIRST_COMPLETED)
            for future in done:
                self._take(future)

    def _take(self, future: Future[str]) -> None:
        """What became of a run."""
        from pebble import ProcessExpired

        run, handed_s = self.out[future]
        try:
            status = future.result()
        except ProcessExpired as death:
            status = self._lost(run, KILLED, f"its worker died ({cause(death.exitcode)})", handed_s)
        except TimeoutError:
            status = self._lost(run, LATE, late_error(self._store.plan), handed_s)
        del self.out[future]
        self._ended += 1
        self._on_done(run, status)

    def _lost(self, run: RunId, status: str, error: str, since_s: float) -> str:
        """Store what a run could not say; if it had said it and died afterwards, that stands."""
        known = self._store.statuses().get(run)
        if known == DONE:
            return known
        if self._writer is None:
            self._writer = self._store.writer(worker_name())
        self._writer.add(lost_row(self._store.plan, run, status, error, since_s))
        return status

    def _pick_up(self, progress: bool) -> None:
        """Take back what was in a pool that broke; what breaks one pool after the other is given up."""
        self._broken += 1
        if not self._ended and self._broken == BREAKS:
            raise ConfigError(
                "worker processes die before they begin a run; if a script calls sweep(), it must do so under "
                "if __name__ == '__main__'"
            )
        known = self._store.statuses()
        for run, handed_s in self.out.values():
            if known.get(run) == DONE:
                self._on_done(run, DONE)
            elif progress or not self._ended:
                self.left.append(run)
            else:
                self._on_done(run, self._lost(run, KILLED, "its worker died as it began", handed_s))
        self.out.clear()


def cause(exit_code: int | None) -> str:
    """Why a process ended, in words."""
    if exit_code is None or exit_code >= 0:
        return f"exit code {exit_code}"
    return signal.Signals(-exit_code).name


@contextmanager
def pool_of(workers: int) -> Iterator[Any]:
    """A pool of spawned processes that leave Ctrl-C to this one; none outlives the block."""
    from pebble import ProcessPool

    context = multiprocessing.get_context("spawn")
    pool: Any = ProcessPool(max_workers=workers, initializer=begin_worker, context=context)
    try:
        with held_back(signal.SIGINT):
            pool.schedule(
                os.getpid
            )  # starts processes and the threads that start more; they inherit what is held back
        yield pool
    finally:
        pool.stop()
        pool.join()


@contextmanager
def held_back(number: signal.Signals) -> Iterator[None]:
    """A signal waits until the block is over; processes and threads that begin in it never get it."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {number})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# -- in a worker process ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker finds its plan and puts its rows.

    Attributes:
        folder: of the store.
        begin: called before the plan is read.
    """

    folder: str
    begin: Begin | None = field(default=None, compare=False)


@cache
def bench(place: Place) -> tuple[Plan, Writer]:
    """What a worker keeps from one run to the next."""
    if place.begin is not None:
        place.begin()
    store = Store.open(place.folder)
    return store.plan, store.writer(worker_name())


def begin_worker() -> None:
    """End with the parent (rows are written whole or not at all); load what is compiled, so that no time limit pays."""
    end_with_parent()
    SwarmModel("tiny", rng=0).run(2.0).summary()


def work(place: Place, run: RunId) -> str:
    """Make a run, store its row, and say how it ended."""
    try:
        plan, writer = bench(place)
        row = run_one(plan, run)
        writer.add(row)
    except ConfigError as error:
        raise ConfigError(str(error)) from None  # other kinds do not come through the pipe
    let_go()
    return str(row["status"])


def let_go() -> None:
    """Free the last run's model, which is full of circles, without a look at what was there before it."""
    settle()
    gc.collect()


@cache
def settle() -> None:
    """Once a worker has made its first run, all that it then holds it will hold to its end: 100 ms less a run."""
    gc.collect()
    gc.freeze()
