"""The engine that makes runs in this process, one after the other: for debugging, and for small sweeps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..plan import RunId
from ..run import run_one
from ..store import Store
from .base import Begin, OnDone, Stop, worker_name


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """Makes runs in this process. What kills a run kills it too; time limits hold between ticks."""

    def run(
        self, store: Store, runs: Sequence[RunId], begin: Begin | None, on_done: OnDone, stop: Stop
    ) -> None:
        """See :class:`~swarmscale.batch.engines.base.Engine`."""
        if begin is not None:
            begin()
        writer = store.writer(worker_name())
        for run in runs:
            if stop():
                return
            row = run_one(store.plan, run)
            writer.add(row)
            on_done(run, row["status"])
