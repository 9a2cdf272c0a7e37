"""A race in the full fidelity: all policies in the task-level model along windows of traces, with common arrivals."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import require
from ..model.flow.traces import Trace, shipped
from ..model.scaling.base import ScalingPolicy
from ..model.scaling.frontier import cost_at
from .course import course_trace, read_json
from .full import (
    FullRules,
    full_cell_key,
    opened_window,
    prepare_window,
    window_key,
    write_full_cell,
)
from .knobs import Entrant, Variant, entrants
from .race import named, store_folder, write_frames
from .tables import savings, table_b
from .workers import Job, workers

if TYPE_CHECKING:
    import pandas as pd

MINUTE_TRACES = ("ms-app1", "ms-app3", "crane13")
"""The shipped traces with bins of one minute, which race by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FullRace:
    """What came out of a race in the full fidelity.

    Attributes:
        full: rules that held for everybody.
        entrants: names of the policies, in order.
        traces: names of the traces, in order.
        cells: one row for each trace, policy and value of its knob.
        equal: one row for each trace, policy and share of violations; see :func:`equal_costs`.
        defaults: one row for each trace and policy, at its default knob.
        savings: one row for each trace, share of violations and baseline.
        computed: runs that were made.
        kept: runs that an earlier call had made.
    """

    full: FullRules
    entrants: tuple[str, ...]
    traces: tuple[str, ...]
    cells: pd.DataFrame
    equal: pd.DataFrame
    defaults: pd.DataFrame
    savings: pd.DataFrame
    computed: int
    kept: int

    def write(self, folder: Path) -> list[Path]:
        """Write ``full_frontier``, ``full_equal``, ``full_defaults`` and ``full_savings`` as CSV and Parquet.

        Raises:
            ConfigError: if the folder cannot be written.
        """
        names = ("equal", "defaults", "savings")
        frames = {"full_frontier": self.cells} | {f"full_{name}": getattr(self, name) for name in names}
        return write_frames(folder, frames)


def full_race(
    traces: Sequence[str | Path | Trace] | None = None,
    policies: Sequence[str | ScalingPolicy[Any]] | None = None,
    *,
    full: FullRules | None = None,
    out: str | Path | None = None,
    processes: int = 1,
    begin: Callable[[], None] | None = None,
    progress: bool = False,
) -> FullRace:
    """Run all policies, at few values of their knobs, in the task-level model on a window of each trace.

    All draw the same arrivals, work and homes, since those depend on the seed alone. The store is kept as in
    :func:`~swarmscale.batch.race.race`.

    Args:
        traces: shipped names, paths of CSV files, or traces; the shipped ones with bins of one minute if None.
        policies: names of registered policies or variants, or policy objects; all that have names if None.
        full: what holds for everybody.
        out: folder of the store; None keeps nothing.
        processes: worker processes; with 1 all is done in this one.
        begin: called first in each worker process, for instance to import plugins; it must be picklable.
        progress: show a progress bar.

    Raises:
        UnknownChoiceError: if a trace or a policy is not known.
        ConfigError: if a trace cannot be used, nobody races, or the folder cannot be written.
    """
    given = full or FullRules()
    listed = named([course_trace(source) for source in (_minute_traces() if traces is None else traces)])
    who = entrants(policies)
    require(processes >= 1, "processes", processes, "1 or more")
    with store_folder(out) as store, workers(processes, begin, progress) as run:
        windows = [
            (trace, key, store / f"{key}.npz") for trace in listed for key in [window_key(trace, given)]
        ]
        new = [w for w in windows if not zipfile.is_zipfile(w[2])]
        run([(prepare_window, (trace, given, path)) for trace, _, path in new], "windows")
        laps = [
            _Lap.of(trace, key, path, entrant, variant, store)
            for trace, key, path in windows
            for peak in [opened_window(path).peak]
            for entrant in who
            for variant in entrant.variants(peak, full=True)
        ]
        missing = {lap.path: lap for lap in laps if read_json(lap.path) is None}
        run([lap.job(given) for lap in missing.values()], "runs")
        cells = _frame(laps)
    equal = equal_costs(cells, given.rules.violations)
    return FullRace(
        full=given,
        entrants=tuple(entrant.name for entrant in who),
        traces=tuple(trace.name for trace in listed),
        cells=cells,
        equal=equal,
        defaults=table_b(cells),
        savings=savings(equal),
        computed=len(missing),
        kept=len({lap.path for lap in laps}) - len(missing),
    )


def equal_costs(cells: pd.DataFrame, violations: Sequence[float]) -> pd.DataFrame:
    """Cost at equal shares of late or dropped tasks of each policy on each trace.

    Args:
        cells: one row for each run.
        violations: shares of tasks.

    Returns:
        Columns ``trace``, ``policy``, ``violation``; ``cost``: relative to the fluid oracle, on the policy's frontier,
        infinity where no value of its knob violates as little; ``over_cheapest``: the same / that of the cheapest
        policy there.
    """
    import pandas as pd

    rows = []
    for (trace, policy), group in cells.groupby(["trace", "policy"], sort=False):
        v, c = (group[name].to_numpy(np.float64) for name in ("violation", "cost_per_oracle"))
        rows += [
            {"trace": trace, "policy": policy, "violation": at, "cost": cost_at(at, v, c)}
            for at in violations
        ]
    frame = pd.DataFrame(rows)
    cheapest = frame.groupby(["trace", "violation"])["cost"].transform("min")
    return frame.assign(over_cheapest=frame["cost"] / cheapest)


@dataclass(frozen=True, slots=True)
class _Lap:
    """One run: a policy at one value of its knob along a window."""

    trace: Trace
    window: Path
    entrant: Entrant
    variant: Variant
    path: Path

    @classmethod
    def of(
        cls, trace: Trace, key: str, window: Path, entrant: Entrant, variant: Variant, store: Path
    ) -> _Lap:
        name = full_cell_key(key, variant.policy, entrant.forecaster)
        return cls(trace, window, entrant, variant, store / f"{name}.json")

    def job(self, full: FullRules) -> Job:
        """What makes it."""
        return write_full_cell, (
            self.window,
            full,
            self.variant.policy,
            self.entrant.forecaster,
            self.path,
        )


def _frame(laps: Sequence[_Lap]) -> pd.DataFrame:
    """One row for each run."""
    import pandas as pd

    return pd.DataFrame(
        [
            {
                "trace": lap.trace.name,
                "policy": lap.entrant.name,
                "knob": lap.entrant.knob.label if lap.entrant.knob else "",
                "value": np.nan if lap.variant.value is None else lap.variant.value,
                "default": lap.variant.default,
                "part": "score",
                **(read_json(lap.path) or {}),
            }
            for lap in laps
        ]
    )


def _minute_traces() -> list[str]:
    """Those that this version ships."""
    return [info.name for info in shipped() if info.name in MINUTE_TRACES]
