"""A race: all policies on all traces with the same demand, forecasts and random numbers, over sweeps of their knobs."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError, require
from ..model.flow.traces import Trace, shipped
from ..model.scaling.base import ScalingPolicy
from .course import (
    Rules,
    bounds_key,
    cell_key,
    course_trace,
    opened,
    prepare,
    read_json,
    trace_key,
    write_bounds,
    write_cell,
)
from .knobs import Entrant, Variant, entrants
from .tables import cell_rows, table_a, table_b
from .workers import Job, workers

if TYPE_CHECKING:
    import pandas as pd

STORE = "store"


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """What came out of a race.

    Attributes:
        rules: that held for everybody.
        entrants: names of the policies, in order.
        traces: names of the traces, in order.
        cells: one row for each trace, policy, value of its knob and part (``fit`` or ``score``).
        table_a: one row for each trace, policy and share of violations; see :func:`~swarmscale.batch.tables.table_a`.
        table_b: one row for each trace and policy, at its default knob, over the scored part.
        computed: runs that were made.
        kept: runs that an earlier call had made.
    """

    rules: Rules
    entrants: tuple[str, ...]
    traces: tuple[str, ...]
    cells: pd.DataFrame
    table_a: pd.DataFrame
    table_b: pd.DataFrame
    computed: int
    kept: int

    def write(self, folder: Path) -> list[Path]:
        """Write ``frontier``, ``table_a`` and ``table_b`` as CSV and Parquet.

        Raises:
            ConfigError: if the folder cannot be written.
        """
        from ..model.records import write_whole

        done = []
        for name, frame in (("frontier", self.cells), ("table_a", self.table_a), ("table_b", self.table_b)):
            for ending, write in ((".csv", frame.to_csv), (".parquet", frame.to_parquet)):
                done.append(folder / f"{name}{ending}")
                write_whole(done[-1], lambda part, write=write: write(part, index=False))  # type: ignore[misc]
        return done


def race(
    traces: Sequence[str | Path | Trace] | None = None,
    policies: Sequence[str | ScalingPolicy[Any]] | None = None,
    *,
    rules: Rules | None = None,
    out: str | Path | None = None,
    processes: int = 1,
    begin: Callable[[], None] | None = None,
    progress: bool = False,
) -> Race:
    """Run all policies, at every value of their knobs, on all traces.

    Finished runs are kept in ``out/store``, each in a file named by a hash of policy, settings, trace, version and
    sources; a second call makes only those that are missing. Neither the number of processes nor the order of the
    runs can change a figure.

    Args:
        traces: shipped names, paths of CSV files, or traces; all shipped ones with demand per bin if None.
        policies: registered names or policy objects; all registered ones if None.
        rules: what holds for everybody.
        out: folder of the store; None keeps nothing.
        processes: worker processes; with 1 all is done in this one.
        begin: called first in each worker process, for instance to import plugins; it must be picklable.
        progress: show a progress bar.

    Raises:
        UnknownChoiceError: if a trace or a policy is not known.
        ConfigError: if a trace cannot be used, nobody races, or the folder cannot be written.
    """
    given = rules or Rules()
    listed = _named([course_trace(source) for source in (_all_traces() if traces is None else traces)])
    who = entrants(policies)
    require(processes >= 1, "processes", processes, "1 or more")
    with _folder(out) as store, workers(processes, begin, progress) as run:
        courses = [_Course.of(trace, given, store) for trace in listed]
        run([job for course in courses if (job := course.preparation(given))], "traces")
        cells = [cell for course in courses for cell in _cells(course, who, given, store)]
        laps = {cell.path: cell.job(given) for cell in cells}
        todo = [job for path, job in laps.items() if read_json(path) is None]
        limits = [course.limits(given) for course in courses if read_json(course.bounds) is None]
        run([*limits, *todo], "runs")
        frame = cell_rows((c.course.trace.name, c.entrant, c.variant, read_json(c.path) or {}) for c in cells)
        bounds = {course.trace.name: read_json(course.bounds) or {} for course in courses}
    return Race(
        rules=given,
        entrants=tuple(entrant.name for entrant in who),
        traces=tuple(trace.name for trace in listed),
        cells=frame,
        table_a=table_a(frame, bounds, given.violations),
        table_b=table_b(frame),
        computed=len(todo),
        kept=len(laps) - len(todo),
    )


@dataclass(frozen=True, slots=True)
class _Course:
    """A trace and its files in the store."""

    trace: Trace
    key: str
    file: Path
    bounds: Path

    @classmethod
    def of(cls, trace: Trace, rules: Rules, store: Path) -> _Course:
        key = trace_key(trace, rules)
        return cls(trace, key, store / f"{key}.npz", store / f"{bounds_key(key, rules)}.json")

    def preparation(self, rules: Rules) -> Job | None:
        """What writes its file, None if that is there."""
        return None if zipfile.is_zipfile(self.file) else (prepare, (self.trace, rules, self.file))

    def limits(self, rules: Rules) -> Job:
        """What writes its bounds."""
        return write_bounds, (self.file, rules, self.bounds)


@dataclass(frozen=True, slots=True)
class _Cell:
    """One run: a policy at one value of its knob on a course."""

    course: _Course
    entrant: Entrant
    variant: Variant
    path: Path

    def job(self, rules: Rules) -> Job:
        """What makes it."""
        return write_cell, (self.course.file, rules, self.variant.policy, self.path)


def _cells(course: _Course, who: Sequence[Entrant], rules: Rules, store: Path) -> list[_Cell]:
    """All runs on a course."""
    load = opened(course.file)
    peak = int(load.need[rules.parts(load)["fit"]].max())
    return [
        _Cell(course, entrant, variant, store / f"{cell_key(course.key, variant.policy)}.json")
        for entrant in who
        for variant in entrant.variants(peak)
    ]


def _all_traces() -> list[str]:
    return [info.name for info in shipped() if not info.requests]


def _named(traces: list[Trace]) -> list[Trace]:
    if not traces:
        raise ConfigError("traces = none, but there must be at least one")
    names = [trace.name for trace in traces]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"traces: {name} is there {names.count(name)} times, but once is enough")
    return traces


@contextmanager
def _folder(out: str | Path | None) -> Iterator[Path]:
    if out is not None:
        yield Path(out) / STORE
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
