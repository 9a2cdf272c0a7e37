"""Paired differences under common random numbers: what a level of a factor changes, run against run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...arrays import Bools, Floats
from ...errors import ConfigError, UnknownChoiceError, require
from ...model.intervals import student_ends
from .resampling import FEWEST, RESAMPLES, SEED, bootstrap_ends
from .tidy import (
    SET,
    codes,
    factor_column,
    has_level,
    keys_of,
    label,
    levels_of,
    measured,
    outcome_column,
    replication_values,
    require_rows,
)

if TYPE_CHECKING:
    import pandas as pd

type Correction = Literal["holm", "sidak", "none"]

CORRECTIONS = ("holm", "sidak", "none")


@dataclass(frozen=True, slots=True)
class Pairs:
    """Runs of two levels that agree in all else.

    Attributes:
        one: `[P]` values of the baseline.
        other: `[P]` values of the level.
        cells: `[P]` a number for each combination of the other settings.
        replications: `[P]` replication of each pair.
    """

    one: Floats
    other: Floats
    cells: np.ndarray[Any, np.dtype[np.int64]]
    replications: np.ndarray[Any, np.dtype[np.int64]]

    def __len__(self) -> int:
        return len(self.one)

    @property
    def over(self) -> str:
        """What the independent draws are: replications, or the other settings where there is one replication."""
        return "settings" if len(np.unique(self.replications)) < 2 else "replications"

    def draws(self, values: Floats) -> Floats:
        """One value a draw."""
        if self.over == "settings":
            return replication_values(values, np.zeros_like(self.cells), self.cells)
        return replication_values(values, self.cells, self.replications)


def paired(
    frame: pd.DataFrame,
    outcomes: str | Sequence[str],
    factor: str,
    *,
    baseline: Any = None,
    correction: Correction = "holm",
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> pd.DataFrame:
    """Differences of each level of a factor against a baseline, pair by pair.

    A pair is two runs of the same replication, so of the same seed, whose other settings are alike; settings of
    the factor itself (``scaling.hpa.target`` for ``scaling``) may differ. What is independent are replications:
    a draw is the mean of a replication's differences. With one replication the draws are the other settings.

    Args:
        frame: the final table of a sweep.
        outcomes: one or more of its outcomes.
        factor: dotted key of the factor.
        baseline: the level that others are compared with; the first one by default.
        correction: for several levels, of each outcome on its own. ``holm``: p-values step down, intervals are
            each level's own. ``sidak``: intervals are widened so that all of them hold at once with the stated
            probability if levels were independent, and p-values likewise. ``none``.
        level: nominal coverage, in (0, 1).
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        A row for each outcome and level but the baseline: ``factor``, ``level``, ``baseline`` (texts),
        ``outcome``, ``pairs``, ``n`` draws, ``baseline_mean`` and ``level_mean`` over the pairs, ``difference``
        (level - baseline), ``low`` and ``high`` (Student's), ``bootstrap_low`` and ``bootstrap_high``,
        ``relative`` (difference / baseline's mean) with ``relative_low`` and ``relative_high``, ``p`` (two-sided,
        Student's), ``p_adjusted``, ``correction``, ``gain`` (variance of the unpaired difference / of the paired
        one: how many times the replications it would take without common random numbers), ``note``.

    Raises:
        UnknownChoiceError: if an outcome, the factor, the level or the correction is not known.
        ConfigError: if the factor has one level alone.

    Source:
        Common random numbers: Law, *Simulation Modeling and Analysis*, 5th ed. (2015), 11.2; Holm, *A simple
        sequentially rejective multiple test procedure*, Scand. J. Statist. 6 (1979); Sidak, JASA 62 (1967).
    """
    import pandas as pd

    require_rows(frame)
    require(0 < level < 1, "level", level, "in (0, 1)")
    if correction not in CORRECTIONS:
        raise UnknownChoiceError("correction", correction, CORRECTIONS)
    levels = levels_of(frame, factor)
    if len(levels) < 2:
        raise ConfigError(f"factor {factor}: has one level alone, so there is nothing to compare")
    first = levels[0] if baseline is None else baseline
    if first not in levels:
        raise UnknownChoiceError(f"level of {factor}", label(first), map(label, levels))
    others = [value for value in levels if value != first]
    each = level ** (1 / len(others)) if correction == "sidak" else level
    rows = []
    for name in [outcomes] if isinstance(outcomes, str) else outcomes:
        mine = [
            _row(pairs_of(frame, name, factor, first, other), each, resamples, seed)
            | {"factor": factor, "level": label(other), "baseline": label(first), "outcome": name}
            for other in others
        ]
        adjusted = adjust([row["p"] for row in mine], correction)
        rows += [
            row | {"p_adjusted": p, "correction": correction} for row, p in zip(mine, adjusted, strict=True)
        ]
    return pd.DataFrame(rows, columns=list(COLUMNS))


COLUMNS = (
    *("factor", "level", "baseline", "outcome", "pairs", "n", "baseline_mean", "level_mean", "difference"),
    *("low", "high", "bootstrap_low", "bootstrap_high", "relative", "relative_low", "relative_high"),
    *("p", "p_adjusted", "correction", "gain", "note"),
)


def pairs_of(frame: pd.DataFrame, outcome: str, factor: str, baseline: Any, level: Any) -> Pairs:
    """Runs of two levels of a factor that share the replication and all other settings.

    Args:
        frame: the final table of a sweep.
        outcome: of both.
        factor: dotted key.
        baseline: one level.
        level: the other.
    """
    known = measured(frame, outcome_column(frame, outcome))
    mine = factor_column(frame, factor)
    free = [SET + key for key in keys_of(frame) if SET + key != mine and not key.startswith(factor + ".")]
    known = known.assign(_cell=codes(known, free))
    by = ["_cell", "replication"]
    sides = [
        known.loc[has_level(known, factor, value).to_numpy(bool), [*by, outcome]].rename(
            columns={outcome: side}
        )
        for value, side in ((baseline, "_one"), (level, "_other"))
    ]
    both = sides[0].merge(sides[1], on=by)
    return Pairs(
        both["_one"].to_numpy(np.float64),
        both["_other"].to_numpy(np.float64),
        both["_cell"].to_numpy(np.int64),
        both["replication"].to_numpy(np.int64),
    )


def _row(pairs: Pairs, level: float, resamples: int, seed: int) -> dict[str, Any]:
    """The figures of two levels."""
    return figures(
        pairs.draws(pairs.one),
        pairs.draws(pairs.other),
        level=level,
        resamples=resamples,
        seed=seed,
        over=pairs.over,
    ) | {"pairs": len(pairs)}


def figures(
    one: Floats,
    other: Floats,
    *,
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = SEED,
    over: str = "replications",
) -> dict[str, Any]:
    """What paired draws tell: difference, its intervals, p-value, and what pairing gained.

    Args:
        one: `[n]` the baseline's draws.
        other: `[n]` those of the level, in the same order.
        level: nominal coverage.
        resamples: of the bootstrap.
        seed: of the bootstrap.
        over: what the draws are, for the note.
    """
    n, gaps = len(one), other - one
    base = float(one.mean()) if n else np.nan
    low, high = (float(end[0]) for end in student_ends(gaps.reshape(1, n), level))
    soft = bootstrap_ends(gaps.reshape(1, n), level=level, resamples=resamples, seed=seed) if n else None
    scale = abs(base) if base else np.nan
    difference = float(gaps.mean()) if n else np.nan
    return {
        "n": n,
        "baseline_mean": base,
        "level_mean": float(other.mean()) if n else np.nan,
        "difference": difference,
        "low": low,
        "high": high,
        "bootstrap_low": float(soft[0][0]) if soft else np.nan,
        "bootstrap_high": float(soft[1][0]) if soft else np.nan,
        "relative": difference / scale,
        "relative_low": low / scale,
        "relative_high": high / scale,
        "p": _p_value(gaps),
        "gain": _gain(one, other),
        "note": _note(n, gaps, over),
    }


def _p_value(gaps: Floats) -> float:
    """Two-sided p-value of Student's test that the mean difference is 0; NaN with fewer than two draws."""
    from scipy.special import stdtr

    n = len(gaps)
    if n < 2:
        return float("nan")
    spread = float(gaps.std(ddof=1))
    if spread == 0:
        return 0.0 if gaps[0] else 1.0
    return float(2 * stdtr(n - 1, -abs(float(gaps.mean())) / (spread / np.sqrt(n))))


def _gain(one: Floats, other: Floats) -> float:
    if len(one) < 2:
        return float("nan")
    apart = float(one.var(ddof=1) + other.var(ddof=1))
    together = float((other - one).var(ddof=1))
    return apart / together if together else (np.inf if apart else float("nan"))


def _note(n: int, gaps: Floats, over: str) -> str:
    parts = []
    if not n:
        return "no two runs agree in all but this factor, so nothing is paired"
    if over == "settings":
        parts.append("one replication: the draws are the other settings, taken as a sample of settings")
    if n < 2:
        parts.append("no interval with one draw")
    elif np.ptp(gaps) == 0:
        parts.append("all differences are alike, so the interval has no width")
    elif n < FEWEST:
        parts.append(f"only {n} draws: the bootstrap interval is too narrow, Student's is not")
    return "; ".join(parts)


def adjust(p: Sequence[float], correction: Correction) -> list[float]:
    """P-values corrected for how many there are; NaN ones stay and do not count.

    >>> [round(x, 3) for x in adjust([0.01, 0.04, 0.03], "holm")]
    [0.03, 0.06, 0.06]
    >>> [round(x, 4) for x in adjust([0.01, 0.04], "sidak")]
    [0.0199, 0.0784]
    """
    values = np.asarray(p, np.float64)
    known: Bools = ~np.isnan(values)
    m = int(known.sum())
    out = values.copy()
    if correction == "sidak":
        out[known] = -np.expm1(m * np.log1p(-np.minimum(values[known], 1 - 1e-16)))
    elif correction == "holm":
        order = np.argsort(values[known], kind="stable")
        stepped = np.minimum(np.maximum.accumulate(values[known][order] * (m - np.arange(m))), 1.0)
        sorted_back = np.empty(m)
        sorted_back[order] = stepped
        out[known] = sorted_back
    return [float(x) for x in out]
