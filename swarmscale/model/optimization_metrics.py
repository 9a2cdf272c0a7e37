"""Rows of the scorecard that tell of the optimization engine: what limited the fleet, what was tried and gained."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from . import intervals
from .metric import Metric, Reading
from .optimization.base import KINDS, Kind
from .optimization.log import LOOK_COLUMNS, Trial, looks_array

if TYPE_CHECKING:
    from .swarm import SwarmModel

_tried = partial(Metric, value=None, where="a run with optimization.on")
KIND_AT = LOOK_COLUMNS.index("kind")
_WORDS: dict[Kind, str] = {
    "ingress": "the ingress stations",
    "dispatch": "the dispatch stations",
    "network": "the way over the mesh",
    "queues": "full clusters",
    "imbalance": "full clusters or nodes beside others that are not",
    "service": "the time in hands",
    "waste": "agents that have nothing to do",
    "memory": "a memory that holds what nobody asks for",
    "none": "nothing",
}


def trials_of_model(model: SwarmModel) -> list[Trial]:
    """Trials of a model's run; none where ``optimization`` is off."""
    return [] if model.optimizer is None else model.optimizer.trials


def gain(trials: Sequence[Trial]) -> intervals.Figure:
    """Mean relative gain of the changes that were kept, with Student's interval over them; NaN without one."""
    return intervals.mean([-one.change for one in trials if one.state == "kept"])


def kind_shares(looks: Sequence[Sequence[float]]) -> dict[Kind, float]:
    """Share of the looks at which each kind of bottleneck was named; none without a look."""
    rows = looks_array(looks)
    if not len(rows):
        return {}
    counts = np.bincount(rows[:, KIND_AT].astype(np.int64), minlength=len(KINDS))
    return {kind: float(count) / len(rows) for kind, count in zip(KINDS, counts, strict=True)}


def _number(state: str) -> Callable[[SwarmModel], Reading | None]:
    """How many trials are in a state; all of them for an empty one."""

    def read(model: SwarmModel) -> Reading | None:
        if model.optimizer is None:
            return None
        trials = model.optimizer.trials
        under_way = sum(one.state == "trying" for one in trials)
        note = f"{under_way} under way" if under_way and not state else ""
        return Reading(float(sum(state in ("", one.state) for one in trials)), note=note)

    return read


def _gain(model: SwarmModel) -> Reading | None:
    value, low, high, n = gain(trials_of_model(model))
    if not n:
        return None
    note = f"{n} kept, Student; what is kept was chosen for its gain, so that the mean is somewhat too high"
    return Reading(value, low, high, note)


def _limited(kind: Kind) -> Metric:
    def read(model: SwarmModel) -> Reading | None:
        if model.optimizer is None or not model.optimizer.looks:
            return None
        return Reading(kind_shares(model.optimizer.looks)[kind], note=f"{len(model.optimizer.looks):,} looks")

    return _tried(
        key=f"limited_by_{kind}",
        title=f"limited by {kind}",
        unit="share",
        text=f"looks of the engine at which {_WORDS[kind]} limited the fleet / all looks",
        of_model=read,
    )


OPTIMIZATION_METRICS: tuple[Metric, ...] = (
    _tried(
        key="optimization_trials",
        title="changes tried",
        unit="",
        text="trials of the optimization engine that were begun",
        of_model=_number(""),
    ),
    _tried(
        key="optimization_kept",
        title="changes kept",
        unit="",
        text="trials whose metric fell beyond what chance and demand explain, and that made nothing else worse",
        of_model=_number("kept"),
    ),
    _tried(
        key="optimization_rolled_back",
        title="changes rolled back",
        unit="",
        text="trials that were undone",
        of_model=_number("rolled back"),
    ),
    _tried(
        key="optimization_gain",
        title="gain of a kept change",
        unit="share",
        text="mean relative fall of the metric that a kept change was to lower, from the window before it to the next",
        where="a run with optimization.on in which a change was kept",
        of_model=_gain,
    ),
    *(_limited(kind) for kind in KINDS),
)
