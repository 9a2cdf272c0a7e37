"""Jobs on a pool of processes, or in this one, with a progress bar."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any

from ..parent import end_with_parent

type Job = tuple[Callable[..., None], tuple[Any, ...]]
type Run = Callable[[Sequence[Job], str], None]


@contextmanager
def workers(processes: int, begin: Callable[[], None] | None, progress: bool) -> Iterator[Run]:
    """Something that does jobs, in any order, and returns when all are done.

    Processes are spawned, so that they share nothing with this one; what a job is made of is pickled. At the first
    error, and at Ctrl-C, jobs that have not begun are dropped and those that have are finished.

    Args:
        processes: worker processes; with 1 jobs are done here.
        begin: called first in each worker process.
        progress: show a progress bar.
    """
    if processes == 1:
        yield lambda jobs, what: _here(jobs, what, progress)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(begin,)) as pool:
        yield lambda jobs, what: _there(pool, jobs, what, progress)


def _here(jobs: Sequence[Job], what: str, progress: bool) -> None:
    with _bar(len(jobs), what, progress) as advance:
        for do, arguments in jobs:
            do(*arguments)
            advance()


def _there(pool: ProcessPoolExecutor, jobs: Sequence[Job], what: str, progress: bool) -> None:
    with _bar(len(jobs), what, progress) as advance:
        futures = [pool.submit(do, *arguments) for do, arguments in jobs]
        try:
            for future in as_completed(futures):
                future.result()
                advance()
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _begin(begin: Callable[[], None] | None) -> None:
    """Leave Ctrl-C to the parent, end with it, and get ready."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if begin is not None:
        begin()


@contextmanager
def _bar(total: int, what: str, shown: bool) -> Iterator[Callable[[], None]]:
    if not shown or not total:
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    parts = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*parts, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda: bar.advance(task)
