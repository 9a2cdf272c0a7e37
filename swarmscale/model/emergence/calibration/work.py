"""Runs of a calibration, one after another in any process: what each detector said of each window, as plain rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any, NamedTuple

import numpy as np

from ....errors import ConfigError
from ....rng import generator
from ..base import AnyDetector, Verdict, Window
from ..controls.base import Plan
from ..controls.graphs import planted_graph
from ..gates import gate
from ..persistence import Finding
from ..watch import begin, look
from .cases import Case, GraphCase

BEFORE, DURING, AFTER = 2, 5, 5
"""Windows before the coupling, with it, and after it; it begins and ends in the middle of a window."""
NODES = 500


class Spoken(NamedTuple):
    """A statistic of a window: a row of the table of statistics."""

    case: str
    kind: str
    parts: int
    repetition: int
    window: int
    detector: str
    statistic: str
    p: float
    above: bool
    rejected: bool
    abstained: bool
    found: bool
    gate: bool
    observed: float


class Persisted(NamedTuple):
    """What became of a run: a row of the table of findings.

    ``found`` says whether anything persisted; ``delay`` and ``withdrawal`` are windows from onset to the first finding
    after it and from offset to its end, infinite where there was none and NaN where coupling was not switched.
    """

    case: str
    kind: str
    parts: int
    repetition: int
    windows: int
    detector: str
    found: bool
    labeled: bool
    delay: float
    withdrawal: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Some repetitions of a case, for one process.

    Attributes:
        case: what is run.
        kind: "null", "power", "delay" or "graph".
        parts: M.
        samples: T.
        first: first repetition.
        last: the one after the last.
        whole: repetitions from 0 up that last for three windows; the others last for one.
        seed: of the calibration.
        detectors: by name.
    """

    case: Case | GraphCase
    kind: str
    parts: int
    samples: int
    first: int
    last: int
    whole: int
    seed: int
    detectors: Mapping[str, AnyDetector]


def work(task: Task) -> tuple[list[Spoken], list[Persisted]]:
    """Rows of a task's repetitions; each has random numbers of its own, whatever process makes it.

    Raises:
        ConfigError: if a detector refuses a window; the text names the run.
    """
    spoken: list[Spoken] = []
    persisted: list[Persisted] = []
    for repetition in range(task.first, task.last):
        stream = f"calibration/{task.kind}/{task.case.name}/{task.parts}/{repetition}"
        rng = generator(task.seed, stream)
        try:
            if isinstance(task.case, GraphCase):
                spoken.append(_graph(task, task.case, repetition, rng))
            else:
                _run(task, task.case, repetition, rng, spoken, persisted)
        except ConfigError as error:
            raise ConfigError(f"{stream}: {error}") from None
    return spoken, persisted


def _run(
    task: Task,
    case: Case,
    repetition: int,
    rng: np.random.Generator,
    spoken: list[Spoken],
    persisted: list[Persisted],
) -> None:
    """One run: windows, what was said of each, and what persisted."""
    plan = _plan(task, repetition)
    windows = case.control.run(plan, rng)
    lead = len(windows) - plan.windows
    detectors = {name: task.detectors[name] for name in case.detectors if name in task.detectors}
    watching, seed = begin(detectors), int(rng.integers(2**53))
    labels = dict.fromkeys(detectors, False)
    for number, window in enumerate(windows):
        verdicts, watching = look(detectors, watching, window, seed)
        if number < lead:
            continue
        passed = gate(window).passed
        for verdict in verdicts:
            labels[verdict.detector] |= bool(verdict.label)
            spoken += _rows(task, repetition, number - lead, verdict, passed)
    for name in detectors:
        found = watching.persistences[name].findings
        delay, withdrawal = _times(task, plan, found, windows[lead])
        row = Persisted(task.case.name, task.kind, task.parts, repetition, plan.windows, name, bool(found),
                        labels[name], delay, withdrawal)  # fmt: skip
        persisted.append(row)


def _plan(task: Task, repetition: int) -> Plan:
    if task.kind == "delay":
        half = task.samples // 2
        onset = BEFORE * task.samples + half
        offset = onset + DURING * task.samples
        return Plan(task.parts, task.samples, BEFORE + DURING + AFTER + 1, onset=onset, offset=offset)
    windows = task.case.windows if isinstance(task.case, Case) else None
    return Plan(task.parts, task.samples, windows or (3 if repetition < task.whole else 1))


def _rows(task: Task, repetition: int, number: int, verdict: Verdict, passed: bool) -> list[Spoken]:
    return [
        Spoken(task.case.name, task.kind, task.parts, repetition, number, verdict.detector, test.statistic, test.p,
               bool(test.observed > test.null_mean), test.rejected, bool(test.abstained), verdict.found, passed,
               test.observed)
        for test in verdict.tests
    ]  # fmt: skip


def _times(task: Task, plan: Plan, found: Sequence[Finding], first: Window) -> tuple[float, float]:
    """Windows from onset to the first finding that ends after it, and from offset to the end of the last one."""
    if task.kind != "delay" or plan.onset is None or plan.offset is None:
        return np.nan, np.nan
    length = plan.samples * first.step_s
    onset_s = first.start_s + plan.onset * first.step_s
    offset_s = first.start_s + plan.offset * first.step_s
    real = [one for one in found if one.since_s > onset_s and one.since_s <= offset_s + length]
    if not real:
        return inf, np.nan
    last = found[-1]
    end = inf if last.holds else max(last.until_s - offset_s, 0.0) / length
    return (real[0].since_s - onset_s) / length, end


def _graph(task: Task, case: GraphCase, repetition: int, rng: np.random.Generator) -> Spoken:
    from ..estimators.modularity import modularity_z

    links = planted_graph(NODES, case.groups, case.within, case.between, rng)
    found = modularity_z(links, rng=rng, nodes=NODES)
    return Spoken(case.name, task.kind, NODES, repetition, 0, "graph", "modularity of a graph", found.p, found.z > 0,
                  found.p <= 0.05, False, found.p <= 0.05, True, found.z)  # fmt: skip


def frames(spoken: list[Spoken], persisted: list[Persisted]) -> tuple[Any, Any]:
    """Both tables as data frames, in an order that does not depend on who made which row when."""
    import pandas as pd

    statistics = pd.DataFrame(spoken, columns=list(Spoken._fields))
    findings = pd.DataFrame(persisted, columns=list(Persisted._fields))
    by = ["kind", "parts", "case", "repetition"]
    return (
        statistics.sort_values([*by, "window", "detector", "statistic"], ignore_index=True),
        findings.sort_values([*by, "detector"], ignore_index=True),
    )
