"""What an engine is: it makes runs and has them stored, and says of each how it ended."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Sequence
from typing import Protocol

from ..plan import RunId
from ..store import Store

type Begin = Callable[[], None]
type OnDone = Callable[[RunId, str], None]
type Stop = Callable[[], bool]


GRACE_S = 5.0
"""A run looks at its time between two ticks; one that is so much later still is stopped with its worker."""

LOOK_S = 0.5
"""Time between two questions whether to stop."""


class Engine(Protocol):
    """Makes runs of a sweep, anywhere.

    Whatever happens to a run, it has a row in the store before ``on_done`` hears of it; a run's own failure is no
    reason to stop. To add one, write a frozen keyword-only dataclass with this method and a line in ``ENGINES``, or
    put ``@swarmscale.register("engine", "name")`` above it.
    """

    def run(
        self, store: Store, runs: Sequence[RunId], begin: Begin | None, on_done: OnDone, stop: Stop
    ) -> None:
        """Make the runs, in any order, and return when all are done.

        Args:
            store: where their rows go; ``store.plan`` says what they are.
            runs: which ones.
            begin: called first in each process that makes runs; it must be picklable.
            on_done: told of each run and its status, in this process.
            stop: asked now and then; if it says True, runs that have not ended are dropped.

        Raises:
            ConfigError: if rows cannot be stored, or there is nobody to make runs.
            KeyboardInterrupt: at Ctrl-C; runs that have not ended are dropped, those that have are in the store.
        """


def worker_name() -> str:
    """A name for this process's part of a store that no other process has."""
    return f"{os.getpid()}-{secrets.token_hex(4)}"


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
