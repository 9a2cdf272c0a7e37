"""Measuring: one draw of a study in a process of its own, kept in a file, and what all draws come to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...model.intervals import Figure, mean, share_over_runs
from ..course import digest, read_json, source_digest, write_json
from .size import Size
from .studies import STUDIES
from .studies.base import Draw, Figures, Study

SOURCES = (
    "agents", "model", "batch/scorecard/studies", "batch/scorecard/size.py", "batch/scorecard/usl.py", "batch/race.py",
    "batch/course.py", "batch/knobs.py", "batch/tables.py", "batch/outcomes.py",
)  # fmt: skip
"""What a figure depends on; another version of it is measured anew."""


def kept_in(store: Path, study: Study, size: Size, draw: Draw) -> Path:
    """The file of a draw; another size, draw or version gives another one."""
    from ... import __version__

    return store / f"{study.name}-{digest(__version__, source_digest(SOURCES), study.name, size, draw)}.json"


def measure(name: str, size: Size, draw: Draw, path: Path) -> None:
    """Measure a draw of a study and write its figures; whatever goes wrong is written in their place."""
    write_json(path, attempt(STUDIES[name], size, draw))


def attempt(study: Study, size: Size, draw: Draw) -> dict[str, Any]:
    """``{"figures": ...}`` of a draw, or ``{"error": ...}``."""
    try:
        figures = study.measure(size, draw)
    except (Exception, SystemExit) as error:
        return {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
    return {"figures": {key: value if math.isfinite(value) else None for key, value in figures.items()}}


def is_whole(path: Path) -> bool:
    """Whether a draw was measured well."""
    return "figures" in (read_json(path) or {})


def figures_of(held: Mapping[str, Any]) -> Figures:
    """The figures of a draw; NaN where there was nothing to measure."""
    return {key: math.nan if value is None else float(value) for key, value in held["figures"].items()}


def over_draws(study: Study, draws: Sequence[Figures], name: str) -> Figure:
    """A figure over all draws: their mean with Student's 95 % interval, or a share of all trials together.

    A draw in which there was nothing to measure is left out. A count has no interval.
    """
    if study.pooled and name in study.pooled:
        hits, trials = ([round(draw[key]) for draw in draws] for key in study.pooled[name])
        return share_over_runs(hits, trials)
    values = np.array([draw.get(name, math.nan) for draw in draws])
    values = values[~np.isnan(values)]
    if study.kind == "count" and len(values):
        return Figure(float(values[0]), n=1)
    return mean(values)
