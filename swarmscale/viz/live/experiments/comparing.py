"""What is drawn of sweeps: effects by level, two factors together, paired differences, Pareto fronts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ....batch.analysis import Interaction, interaction, intervals, objectives_of, paired, pareto
from ....batch.analysis.effects import MOST_LEVELS, binned, bins_in_order, over_of
from ....batch.analysis.intervals import chosen_ends
from ....batch.analysis.resampling import FEWEST
from ....batch.analysis.tidy import SET, has_level, label
from ....errors import ConfigError
from ...figures.experiments import Ends, Front
from .readings import SweepFrames

if TYPE_CHECKING:
    import pandas as pd

MOST_SERIES = 8
STORE = "store"
"""The factor by which the runs of two stores are told apart when they are paired."""


@dataclass(frozen=True, slots=True, eq=False)
class Effect:
    """An outcome at the levels of a factor.

    Attributes:
        outcome: what was measured.
        factor: dotted key.
        levels: all of them, as texts, also those that no run has yet.
        series: values with intervals, a line each.
        note: what is to be said of it.
    """

    outcome: str
    factor: str
    levels: tuple[str, ...]
    series: tuple[Ends, ...]
    note: str


def effect(sweeps: Sequence[SweepFrames], outcome: str, factor: str, second: str = "") -> Effect:
    """An outcome by the levels of a factor: a line for each sweep, or for each level of a second factor.

    Args:
        sweeps: the one that is watched, then others.
        outcome: of all of them; those that lack it have no line.
        factor: dotted key, likewise.
        second: of the first sweep, if it is the only one; empty for none.

    Raises:
        UnknownChoiceError: if the first sweep has no such outcome or factor.
    """
    first, *others = sweeps
    if second and second != factor and not others:
        series = _by_second(first, outcome, factor, second)
    else:
        able = [first, *(s for s in others if factor in s.factors and outcome in s.outcomes)]
        series = [_series(s, s.frame, outcome, factor, s.name if others else outcome) for s in able]
    levels = [name for sweep in sweeps if factor in sweep.factors for name in _levels(sweep, factor)]
    n = min((count for one in series for count in one.n), default=0)
    how = "Student's, for draws are few" if n < FEWEST else "by the bootstrap"
    return Effect(
        outcome=outcome,
        factor=factor,
        levels=tuple(dict.fromkeys(levels)),
        series=tuple(series[:MOST_SERIES]),
        note=f"means with 95 % intervals over {over_of(first.kind)}, {how}",
    )


def _levels(sweep: SweepFrames, factor: str) -> list[str]:
    planned = sweep.levels(factor)
    if len(planned) <= MOST_LEVELS or any(isinstance(level, str) for level in planned):
        return [label(level) for level in planned]
    return [label(level) for level in bins_in_order(sweep.frame, factor, binned(sweep.frame))]


def _by_second(sweep: SweepFrames, outcome: str, factor: str, second: str) -> list[Ends]:
    table = binned(sweep.frame)
    parts = [
        (label(level), table[has_level(table, second, level).to_numpy(bool)])
        for level in bins_in_order(sweep.frame, second, table)
    ]
    return [_series(sweep, rows, outcome, factor, name, ready=True) for name, rows in parts if len(rows)]


def _series(
    sweep: SweepFrames, frame: pd.DataFrame, outcome: str, factor: str, name: str, *, ready: bool = False
) -> Ends:
    table = frame if ready else binned(frame)
    rows = intervals(table, outcome, factor, over=over_of(sweep.kind))
    order = {level: i for i, level in enumerate(_levels(sweep, factor))}
    rows = rows.assign(level=[label(value) for value in rows[SET + factor]])
    rows = rows.iloc[np.argsort([order.get(level, len(order)) for level in rows["level"]], kind="stable")]
    low, high = chosen_ends(rows)
    return Ends(
        name=name,
        at=tuple(rows["level"]),
        value=tuple(map(float, rows["value"])),
        low=tuple(map(float, low)),
        high=tuple(map(float, high)),
        n=tuple(int(n) for n in rows["n"]),
    )


def together(sweep: SweepFrames, outcome: str, factor: str, second: str) -> Interaction:
    """The mean outcome at each pair of levels of two factors.

    Raises:
        UnknownChoiceError: if the sweep has no such outcome or factor.
        ConfigError: if it is the same factor twice.
    """
    if factor == second:
        raise ConfigError(f"factor {factor}: is there twice; choose another second factor")
    return interaction(sweep.frame, outcome, second, factor)


def differences(sweeps: Sequence[SweepFrames], outcome: str, factor: str) -> pd.DataFrame:
    """Paired differences under common random numbers: of a factor's levels, or of other sweeps against the first.

    Args:
        sweeps: one, whose levels are compared with the first one; or several, whose runs with the same seed and
            settings are compared.
        outcome: of all of them.
        factor: dotted key, for one sweep.

    Raises:
        UnknownChoiceError: if there is no such outcome or factor.
        ConfigError: if there is nothing to compare.
    """
    if len(sweeps) == 1:
        return paired(sweeps[0].frame, outcome, factor)
    rows = paired(_joined(sweeps, outcome), outcome, STORE)
    if not rows["pairs"].any():
        raise ConfigError("these sweeps have no run of the same settings and seed, so nothing is paired")
    return rows[rows["pairs"] > 0]


def _joined(sweeps: Sequence[SweepFrames], outcome: str) -> pd.DataFrame:
    """The runs of several sweeps in one table, with the sweep as a factor and the seed in place of the replication."""
    import pandas as pd

    parts = []
    for sweep in sweeps:
        if outcome in sweep.outcomes:
            settings = [name for name in sweep.frame.columns if name.startswith(SET)]
            part = sweep.frame[["setting", "seed", "status", "error", *settings, outcome]]
            parts.append(part.assign(**{SET + STORE: sweep.name}))
    frame = pd.concat(parts, ignore_index=True)
    return frame.assign(replication=pd.factorize(frame["seed"], sort=True)[0])


def fronts(sweeps: Sequence[SweepFrames]) -> tuple[dict[str, Any], tuple[Front, ...]]:
    """Settings by the objectives of the first sweep, and which of them no other beats.

    Returns:
        The objectives with their directions, two or three; a front for each sweep that has them all.

    Raises:
        ConfigError: if there are no two objectives, or no setting has them all.
    """
    first = sweeps[0]
    objectives = objectives_of(first.frame, first.asked)
    if len(objectives) < 2:
        raise ConfigError("a front needs two outcomes of which it is known which way is better")
    able = [s for s in sweeps if all(name in s.outcomes for name in objectives)]
    return dict(objectives), tuple(_front(sweep, objectives) for sweep in able)


def _front(sweep: SweepFrames, objectives: Any) -> Front:
    rows = pareto(sweep.frame, objectives, resamples=1)  # how sure the front is stands in the report alone
    settings = [
        ", ".join(f"{key} = {label(row[SET + key])}" for key in sweep.factors)
        for row in rows.to_dict("records")
    ]
    values = {name: tuple(float(v) for v in rows[name]) for name in objectives}
    return Front(name=sweep.name, values=values, front=tuple(map(bool, rows["front"])), text=tuple(settings))
