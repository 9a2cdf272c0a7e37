"""A calibration: all detectors on all cases, on some processes; the result does not depend on how many."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

from ....errors import require
from ....parent import end_with_parent
from ..base import AnyDetector
from ..watch import all_detectors
from .cases import Case, Effort, GraphCase, graph_cases, null_cases, positive_cases
from .work import Persisted, Spoken, Task, frames, work

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 10
"""Repetitions that a process makes at a time."""


class Calibration(NamedTuple):
    """What came out.

    Attributes:
        statistics: one row a statistic and window, columns of :class:`~.work.Spoken`.
        findings: one row a run and detector, columns of :class:`~.work.Persisted`.
        effort: what was asked for.
        nulls: cases without, whose rates are to be low.
        positives: cases with emergence.
    """

    statistics: pd.DataFrame
    findings: pd.DataFrame
    effort: Effort
    nulls: tuple[Case, ...]
    positives: tuple[Case, ...]


def calibrated(
    effort: Effort | None = None,
    *,
    detectors: Mapping[str, AnyDetector] | None = None,
    nulls: tuple[Case, ...] | None = None,
    positives: tuple[Case, ...] | None = None,
    graphs: tuple[GraphCase, ...] | None = None,
    seed: int = 0,
    workers: int | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Calibration:
    """Run detectors on systems of which it is known what they do.

    Args:
        effort: how much; the full one by default.
        detectors: by name; all of the table by default. They must be picklable.
        nulls: systems in which nothing is to be found; all of :func:`~.cases.null_cases` by default.
        positives: systems in which something is; all of :func:`~.cases.positive_cases` by default.
        graphs: all of :func:`~.cases.graph_cases` by default.
        seed: 0 or more; the same seed gives the same tables, whatever the number of processes.
        workers: processes; one a processor by default, 1 for this one.
        told: is called with repetitions done and in all.

    Raises:
        ConfigError: if a number is out of its range.
    """
    require(workers is None or workers >= 1, "workers", workers, "1 or more")
    require(seed >= 0, "seed", seed, "0 or more")
    given = effort or Effort()
    without = null_cases() if nulls is None else nulls
    with_ = positive_cases() if positives is None else positives
    shapes = graph_cases() if graphs is None else graphs
    chosen = dict(all_detectors() if detectors is None else detectors)
    without, with_ = (_seen(cases, chosen) for cases in (without, with_))
    tasks = _tasks(given, without, with_, shapes, chosen, seed)
    total, done = sum(task.last - task.first for task in tasks), 0
    spoken: list[Spoken] = []
    persisted: list[Persisted] = []
    for count, (said, held) in _worked(tasks, workers or os.cpu_count() or 1):
        spoken += said
        persisted += held
        done += count
        if told is not None:
            told(done, total)
    return Calibration(*frames(spoken, persisted), given, without, with_)


def _seen(cases: tuple[Case, ...], detectors: Mapping[str, AnyDetector]) -> tuple[Case, ...]:
    """Cases that at least one of the detectors looks at."""
    return tuple(case for case in cases if any(name in detectors for name in case.detectors))


def _tasks(
    effort: Effort,
    nulls: tuple[Case, ...],
    positives: tuple[Case, ...],
    graphs: tuple[GraphCase, ...],
    detectors: Mapping[str, AnyDetector],
    seed: int,
) -> list[Task]:
    """All work in pieces, the longest first so that processes end together."""
    out: list[Task] = []

    def add(case: Case | GraphCase, kind: str, parts: int, runs: int, whole: int) -> None:
        size = max(1, CHUNK // (4 if kind == "delay" else 1))
        out.extend(
            Task(case=case, kind=kind, parts=parts, samples=effort.samples, first=first,
                 last=min(first + size, runs), whole=whole, seed=seed, detectors=detectors)
            for first in range(0, runs, size)
        )  # fmt: skip

    for place, parts in reversed(list(enumerate(effort.parts))):
        powers, delays = effort.powers[place], effort.delays[place]
        for case in positives:
            if case.sized or place == 0:
                if case.delayed:
                    add(case, "delay", parts, delays, 0)
                add(case, "power", parts, powers, powers)
        for case in nulls:
            if case.sized or place == 0:
                add(case, "null", parts, effort.repetitions, effort.runs_of_three)
    for graph in graphs:
        runs = effort.repetitions if graph.groups == 1 else ceil(effort.repetitions / 4)
        add(graph, "graph", 0, runs, 0)
    return out


def _worked(tasks: list[Task], workers: int) -> Iterator[tuple[int, tuple[list[Spoken], list[Persisted]]]]:
    """Repetitions and rows of each piece of work, in any order."""
    if workers == 1 or len(tasks) <= 1:
        for task in tasks:
            yield task.last - task.first, work(task)
        return
    spawn = multiprocessing.get_context("spawn")
    processes = min(workers, len(tasks))
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=end_with_parent) as pool:
        waiting = {pool.submit(work, task): task for task in tasks}
        for future in as_completed(waiting):
            task = waiting.pop(future)
            yield task.last - task.first, future.result()
