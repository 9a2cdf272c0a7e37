"""A race: all policies on all traces with the same demand, forecasts and random numbers, over sweeps of their knobs."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
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
from .tables import cell_rows, savings, table_a, table_b
from .workers import Job, workers

if TYPE_CHECKING:
    import pandas as pd

STORE = "store"
MINUTE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Race:
    """What came out of a race.

    Attributes:
        rules: that held for everybody.
        entrants: names of the policies, in order.
        traces: names of the traces, in order.
        minute_traces: those of them whose bins are one minute long.
        cells: one row for each trace, policy, value of its knob and part (``fit`` or ``score``).
        table_a: one row for each trace, policy and share of violations; see :func:`~swarmscale.batch.tables.table_a`.
        table_b: one row for each trace and policy, at its default knob, over the scored part.
        savings: one row for each trace, share of violations and baseline; see
            :func:`~swarmscale.batch.tables.savings`.
        computed: runs that were made.
        kept: runs that an earlier call had made.
    """

    rules: Rules
    entrants: tuple[str, ...]
    traces: tuple[str, ...]
    minute_traces: tuple[str, ...]
    cells: pd.DataFrame
    table_a: pd.DataFrame
    table_b: pd.DataFrame
    savings: pd.DataFrame
    computed: int
    kept: int

    def write(self, folder: Path) -> list[Path]:
        """Write ``frontier``, ``table_a``, ``table_b`` and ``savings`` as CSV and Parquet.

        Raises:
            ConfigError: if the folder cannot be written.
        """
        names = ("table_a", "table_b", "savings")
        return write_frames(folder, {"frontier": self.cells} | {name: getattr(self, name) for name in names})


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
        policies: names of registered policies or variants, or policy objects; all that have names if None.
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
    listed = named([course_trace(source) for source in (_all_traces() if traces is None else traces)])
    who = entrants(policies)
    require(processes >= 1, "processes", processes, "1 or more")
    with store_folder(out) as store, workers(processes, begin, progress) as run:
        courses = [_Course.of(trace, given, store) for trace in listed]
        seen = [course.told(rules, store) for course in courses for rules in _outlooks(who, given)]
        run([job for course in seen if (job := course.preparation())], "traces")
        cells = [cell for course in courses for cell in _cells(course, who, store)]
        laps = {cell.path: cell for cell in cells}
        missing = [cell for path, cell in laps.items() if read_json(path) is None]
        todo = [cell.job() for cell in sorted(missing, key=lambda cell: -cell.steps)]
        limits = [course.limits() for course in courses if read_json(course.bounds) is None]
        run([*limits, *todo], "runs")
        frame = cell_rows((c.course.trace.name, c.entrant, c.variant, read_json(c.path) or {}) for c in cells)
        bounds = {course.trace.name: read_json(course.bounds) or {} for course in courses}
    equal = table_a(frame, bounds, given.violations)
    return Race(
        rules=given,
        entrants=tuple(entrant.name for entrant in who),
        traces=tuple(trace.name for trace in listed),
        minute_traces=tuple(trace.name for trace in listed if trace.step_s == MINUTE_S),
        cells=frame,
        table_a=equal,
        table_b=table_b(frame),
        savings=savings(equal),
        computed=len(todo),
        kept=len(laps) - len(todo),
    )


def write_frames(folder: Path, frames: Mapping[str, pd.DataFrame]) -> list[Path]:
    """Write tables by their names as CSV and Parquet, each whole or not at all; return the paths.

    Raises:
        ConfigError: if the folder cannot be written.
    """
    from ..model.files import write_whole

    done = []
    for name, frame in frames.items():
        for ending, write in ((".csv", frame.to_csv), (".parquet", frame.to_parquet)):
            done.append(folder / f"{name}{ending}")
            write_whole(done[-1], lambda part, write=write: write(part, index=False))  # type: ignore[misc]
    return done


@dataclass(frozen=True, slots=True)
class _Course:
    """A trace under the rules, and its files in the store."""

    trace: Trace
    rules: Rules
    key: str
    file: Path
    bounds: Path

    @classmethod
    def of(cls, trace: Trace, rules: Rules, store: Path) -> _Course:
        key = trace_key(trace, rules)
        return cls(trace, rules, key, store / f"{key}.npz", store / f"{bounds_key(key, rules)}.json")

    def told(self, rules: Rules, store: Path) -> _Course:
        """The same trace under rules that differ in the forecaster."""
        return self if rules is self.rules else _Course.of(self.trace, rules, store)

    def preparation(self) -> Job | None:
        """What writes its file, None if that is there."""
        return None if zipfile.is_zipfile(self.file) else (prepare, (self.trace, self.rules, self.file))

    def limits(self) -> Job:
        """What writes its bounds."""
        return write_bounds, (self.file, self.rules, self.bounds)


@dataclass(frozen=True, slots=True)
class _Cell:
    """One run: a policy at one value of its knob on a course of so many steps."""

    course: _Course
    entrant: Entrant
    variant: Variant
    path: Path
    steps: int

    def job(self) -> Job:
        """What makes it."""
        return write_cell, (self.course.file, self.course.rules, self.variant.policy, self.path)


def _outlooks(who: Sequence[Entrant], rules: Rules) -> list[Rules]:
    """The rules, once for each forecaster that somebody sees."""
    own = {repr(e.forecaster): replace(rules, forecaster=e.forecaster) for e in who if e.forecaster}
    return [rules, *own.values()]


def _cells(course: _Course, who: Sequence[Entrant], store: Path) -> list[_Cell]:
    """All runs on a course, those with a forecaster of their own on that course as they see it."""
    load = opened(course.file)
    peak = int(load.need[course.rules.parts(load)["fit"]].max())
    cells = []
    for entrant in who:
        mine = course.told(_outlooks([entrant], course.rules)[-1], store)
        for variant in entrant.variants(peak):
            path = store / f"{cell_key(mine.key, variant.policy)}.json"
            cells.append(_Cell(mine, entrant, variant, path, len(load)))
    return cells


def _all_traces() -> list[str]:
    return [info.name for info in shipped() if not info.requests]


def named(traces: list[Trace]) -> list[Trace]:
    """The traces, if there is one and none is there twice.

    Raises:
        ConfigError: if not.
    """
    if not traces:
        raise ConfigError("traces = none, but there must be at least one")
    names = [trace.name for trace in traces]
    for name in names:
        if names.count(name) > 1:
            raise ConfigError(f"traces: {name} is there {names.count(name)} times, but once is enough")
    return traces


@contextmanager
def store_folder(out: str | Path | None) -> Iterator[Path]:
    """The store in a folder, or one that is gone afterwards."""
    if out is not None:
        yield Path(out) / STORE
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)
