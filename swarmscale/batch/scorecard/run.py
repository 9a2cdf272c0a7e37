"""A scorecard made: all draws of all studies that are asked for, on all processors, then the timings alone."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ...errors import UnknownChoiceError, require
from ..course import read_json
from ..race import store_folder
from ..workers import workers
from .card import Row, Scorecard, row_of
from .claims import CLAIMS, Claim
from .measuring import attempt, figures_of, is_whole, kept_in, measure, over_draws
from .size import FULL, Size
from .studies import STUDIES, TIMED
from .studies.base import Draw, Figures, Study
from .studies.foresight import all_traces

ROOT = 7
"""The first root seed by default."""


def scorecard(
    *,
    seeds: int | None = None,
    rng: int = ROOT,
    size: Size = FULL,
    only: Sequence[str] = (),
    out: str | Path | None = None,
    processes: int = 1,
    timed: Study | None = None,
    machine: str = "",
    progress: bool = False,
) -> Scorecard:
    """Measure every claim, or those that are asked for.

    Draws that are measured are kept in ``out/store``; a second call measures only what is missing or was made by
    another version. Neither the number of processes nor the order can change a figure, timings apart.

    Args:
        seeds: draws of each study that has seeds, from ``rng`` on; as many as the size says if None.
        rng: the first root seed.
        size: ``FULL``, or ``QUICK`` for a first look.
        only: keys of claims, names of studies or areas; all if empty.
        out: folder of the store; None keeps nothing.
        processes: worker processes.
        timed: the study of timings; without it their claims are not measured.
        machine: where it is measured, in words.
        progress: show a progress bar.

    Raises:
        UnknownChoiceError: if a name in ``only`` is not known.
        ConfigError: if there is no seed, or the folder cannot be written.
    """
    number = size.seeds if seeds is None else seeds
    require(number >= 1, "seeds", number, "1 or more")
    require(0 <= rng < 2**63 - number, "rng", rng, "0 or more, below 2**63")
    require(processes >= 1, "processes", processes, "1 or more")
    begun = time.perf_counter()
    asked = chosen(only)
    roots = tuple(range(rng, rng + number))
    wanted = {claim.study for claim in asked}
    studies = [study for study in STUDIES.values() if study.name in wanted]
    plan = {study.name: draws_of(study, size, roots) for study in studies}
    held: dict[str, list[dict[str, Any]]] = {}
    with store_folder(out) as store:
        paths = {
            (study.name, draw): kept_in(store, study, size, draw)
            for study in studies
            for draw in plan[study.name]
        }
        jobs = [
            (measure, (name, size, draw, path)) for (name, draw), path in paths.items() if not is_whole(path)
        ]
        with workers(min(processes, max(len(jobs), 1)), None, progress) as run:
            run(jobs, "scorecard")
        for (name, _), path in paths.items():
            held.setdefault(name, []).append(read_json(path) or {"error": "nothing was written"})
    if timed is not None and TIMED in wanted:
        plan[TIMED] = list(range(size.repeats))
        held[TIMED] = [attempt(timed, size, repeat) for repeat in plan[TIMED]]
    by_name: dict[str, Study] = STUDIES | ({} if timed is None else {TIMED: timed})
    figures = {name: _figures(by_name[name], told) for name, told in held.items()}
    rows = tuple(
        _row(claim, by_name.get(claim.study), held.get(claim.study, []), command(claim, number, rng, size))
        for claim in asked
    )
    return Scorecard(
        size=size.name,
        seeds=roots,
        machine=machine,
        rows=rows,
        figures=figures,
        failures=_failures(plan, held),
        seconds=time.perf_counter() - begun,
    )


def chosen(only: Sequence[str]) -> list[Claim]:
    """The claims that are asked for, by key, study or area; all if none is named.

    Raises:
        UnknownChoiceError: if a name is not known.
    """
    known = dict.fromkeys([*(c.key for c in CLAIMS), *STUDIES, TIMED, *(c.area for c in CLAIMS)])
    for name in only:
        if name not in known:
            raise UnknownChoiceError("claim, study or area", name, list(known))
    return [c for c in CLAIMS if not only or {c.key, c.study, c.area} & set(only)]


def draws_of(study: Study, size: Size, roots: Sequence[int]) -> list[Draw]:
    """What a study draws."""
    drawn: dict[str, Callable[[], list[Draw]]] = {
        "seeds": lambda: list(roots),
        "traces": lambda: list(size.traces or all_traces()),
        "count": lambda: [0],
        "repeats": lambda: list(range(size.repeats)),
    }
    return drawn[study.kind]()


def command(claim: Claim, seeds: int, rng: int, size: Size) -> str:
    """What reproduces a row."""
    words = ["swarmscale scorecard", f"--only {claim.key}"]
    words += [f"--seeds {seeds}"] if seeds != size.seeds else []
    words += [f"--rng {rng}"] if rng != ROOT else []
    words += ["--quick"] if size.name == "quick" else []
    return " ".join(words)


def _row(claim: Claim, study: Study | None, held: Sequence[Mapping[str, Any]], text: str) -> Row:
    """A row from what all draws of its study gave."""
    draws = [figures_of(one) for one in held if "figures" in one]
    nothing = {"value": math.nan, "low": math.nan, "high": math.nan, "n": 0, "beside": (), "words": ""}
    if study is None or not draws:
        why = "its study failed" if held else "nothing measured it"
        return row_of(claim, study, nothing | {"why": why}, text)
    value, low, high, n = over_draws(study, draws, claim.figure)
    lost = len(held) - len(draws)
    if study.pooled and claim.figure in study.pooled:
        n = len(draws)
    found = {
        "value": value, "low": low, "high": high, "n": n,
        "beside": _beside(claim, study, draws),
        "words": study.words(_means(study, draws)) if study.words and "{words}" in claim.note else "",
        "why": f"{lost} of {len(held)} draws failed" if lost else "",
    }  # fmt: skip
    return row_of(claim, study, found, text)


def _beside(claim: Claim, study: Study, draws: Sequence[Figures]) -> list[tuple[str, float, str]]:
    """Figures that are told with a value."""
    told = [(label, over_draws(study, draws, name).value, unit) for label, name, unit in claim.beside]
    return [one for one in told if not math.isnan(one[1])]


def _means(study: Study, draws: Sequence[Figures]) -> dict[str, float]:
    names = dict.fromkeys(name for draw in draws for name in draw)
    return {name: over_draws(study, draws, name).value for name in names}


def _figures(study: Study, held: Sequence[Mapping[str, Any]]) -> dict[str, tuple[float, float, float]]:
    """All figures of a study, each over its draws."""
    draws = [figures_of(one) for one in held if "figures" in one]
    names = dict.fromkeys(
        [*(name for draw in draws for name in draw), *((study.pooled or {}) if draws else ())]
    )
    told = {name: over_draws(study, draws, name) for name in names}
    return {name: (one.value, one.low, one.high) for name, one in told.items()}


def _failures(
    plan: Mapping[str, Sequence[Draw]], held: Mapping[str, Sequence[Mapping[str, Any]]]
) -> dict[str, str]:
    return {
        f"{name}, draw {draw}": one["error"]
        for name, draws in plan.items()
        for draw, one in zip(draws, held[name], strict=True)
        if "error" in one
    }
