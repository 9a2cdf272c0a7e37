"""Main effects of factors and interactions of two: means by level, and what adding them up leaves unexplained."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Floats
from .intervals import Over, intervals
from .resampling import RESAMPLES, SEED, Statistic
from .tidy import (
    SET,
    factor_column,
    is_numeric,
    label,
    levels_of,
    measured,
    outcome_column,
    require_rows,
    varied,
)

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 12
"""Levels of a numeric factor up to which each stands for itself."""

BINS = 6
MOST_TOGETHER = 24
"""Levels of a factor up to which it is looked at together with another one."""

SAMPLED = ("latin-hypercube", "sobol", "saltelli", "morris")
"""Kinds of designs whose settings are points of a space, so that they are a sample themselves."""


def over_of(kind: str) -> Over:
    """What draws are independent in a design of that kind."""
    return "settings" if kind in SAMPLED else "replications"


def binned(frame: pd.DataFrame, most: int = MOST_LEVELS, bins: int = BINS) -> pd.DataFrame:
    """The table with numeric factors of many levels in bins of about as many settings each, as texts.

    Args:
        frame: the final table of a sweep.
        most: levels up to which a factor stays as it is.
        bins: number of bins.
    """
    out = frame.copy()
    for key in varied(frame):
        column = frame[SET + key]
        if is_numeric(column) and column.nunique() > most:
            values = column.to_numpy(np.float64)
            edges = np.unique(np.quantile(np.unique(values), np.linspace(0, 1, bins + 1)))
            place = np.clip(np.searchsorted(edges, values, side="right") - 1, 0, len(edges) - 2)
            names = [f"{label(float(a), 3)} to {label(float(b), 3)}" for a, b in pairwise(edges)]
            out[SET + key] = [names[i] for i in place]
    return out


def bins_in_order(frame: pd.DataFrame, key: str, table: pd.DataFrame) -> list[Any]:
    """Levels of a factor of a binned table, in the order of the numbers where they are bins.

    Args:
        frame: the table as it was.
        key: dotted key.
        table: from :func:`binned`.
    """
    levels = levels_of(table, key)
    column = frame[factor_column(frame, key)]
    if not is_numeric(column) or levels == levels_of(frame, key):
        return levels
    least = {name: float(column[(table[SET + key] == name).to_numpy(bool)].min()) for name in levels}
    return sorted(levels, key=lambda name: least[name])


def main_effects(
    frame: pd.DataFrame,
    outcome: str,
    *,
    kind: str = "grid",
    statistic: Statistic = "mean",
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> pd.DataFrame:
    """An outcome at each level of each factor, over all settings that have it.

    Args:
        frame: the final table of a sweep.
        outcome: one of its outcomes.
        kind: of the design: in a grid or a list draws are replications, in a sampled one settings.
        statistic: see :func:`~.intervals.intervals`.
        level: nominal coverage, in (0, 1).
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        ``factor``, ``level`` (as text; numeric factors of more than 12 levels in bins), and the columns of
        :func:`~.intervals.intervals`, factors and levels in their order.
    """
    import pandas as pd

    require_rows(frame)
    outcome_column(frame, outcome)
    table, parts = binned(frame), []
    for key in varied(frame):
        rows = intervals(
            table,
            outcome,
            key,
            statistic=statistic,
            over=over_of(kind),
            level=level,
            resamples=resamples,
            seed=seed,
        )
        order = {label(value): i for i, value in enumerate(bins_in_order(frame, key, table))}
        rows.insert(0, "level", [label(value) for value in rows[SET + key]])
        rows.insert(0, "factor", key)
        rows = rows.iloc[np.argsort([order[name] for name in rows["level"]], kind="stable")]
        parts.append(rows.drop(columns=SET + key))
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()


def shares(frame: pd.DataFrame, outcome: str) -> dict[str, float]:
    """Share of the variance between settings' means that each factor explains alone, 0 to 1.

    In a balanced grid shares of factors and of their interactions add up to 1; in others they overlap. Of several
    factors one with a level of its own in every setting has NaN, since it would explain everything.

    Args:
        frame: the final table of a sweep.
        outcome: one of its outcomes.

    Source:
        Eta squared: Pearson (1911); Cohen, *Statistical Power Analysis* (1988), 8.2.
    """
    table = binned(frame)
    means = _setting_means(table, outcome)
    keys = varied(frame)
    return {
        key: np.nan
        if len(keys) > 1 and means[SET + key].nunique(dropna=False) == len(means)
        else _explained(means, [SET + key], outcome)
        for key in keys
    }


def noise_share(frame: pd.DataFrame, outcome: str) -> float:
    """Share of the variance between settings' means that is noise of the replications, 0 to 1.

    Shares of factors and interactions that are not far above it tell nothing. Replications share their luck across
    settings, so the noise is what is left of a run beyond its setting's and its replication's mean.

    Args:
        frame: the final table of a sweep.
        outcome: one of its outcomes.

    Returns:
        The share; NaN if no two settings have the same two finished replications.
    """
    known = measured(frame, outcome)
    wide = known.pivot(index="setting", columns="replication", values=outcome).dropna()
    values = wide.to_numpy(np.float64)
    settings, replications = values.shape
    if settings < 2 or replications < 2:
        return float("nan")
    means = values.mean(axis=1)
    rest = values - means[:, None] - values.mean(axis=0)[None, :] + values.mean()
    noise = float((rest**2).sum()) / ((settings - 1) * (replications - 1)) / replications
    between = float(means.var(ddof=1))
    return min(noise / between, 1.0) if between > 0 else float("nan")


def _setting_means(table: pd.DataFrame, outcome: str) -> pd.DataFrame:
    known = measured(table, outcome)
    means = known.groupby("setting", sort=True)[outcome].mean()
    first = known.drop_duplicates("setting").set_index("setting")
    return first.assign(**{outcome: means}).reset_index()


def _explained(means: pd.DataFrame, by: list[str], outcome: str) -> float:
    values = means[outcome].to_numpy(np.float64)
    total = float(((values - values.mean()) ** 2).sum()) if len(values) else 0.0
    if total <= 1e-24 * max(1.0, float((values * values).sum()) if len(values) else 1.0):
        return float("nan")
    fitted = means.groupby(by, dropna=False)[outcome].transform("mean").to_numpy(np.float64)
    return float(((fitted - values.mean()) ** 2).sum() / total)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """Two factors together.

    Attributes:
        outcome: what was measured.
        down: dotted key of the rows' factor.
        across: dotted key of the columns' factor.
        rows: its levels as texts.
        columns: those of the other one.
        means: `[rows, columns]` mean outcome, NaN where no run finished.
        beyond: `[rows, columns]` the mean less what both factors give when added up.
        share: of the variance between settings' means that both explain together beyond each alone.
    """

    outcome: str
    down: str
    across: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    means: Floats
    beyond: Floats
    share: float


def interaction(frame: pd.DataFrame, outcome: str, down: str, across: str, bins: int = BINS) -> Interaction:
    """How the effect of one factor depends on another.

    Args:
        frame: the final table of a sweep.
        outcome: one of its outcomes.
        down: dotted key of a factor.
        across: dotted key of another one.
        bins: for numeric factors of more than 12 levels.
    """
    table = binned(frame, bins=bins)
    means = _setting_means(table, outcome)
    sides = [[label(v) for v in bins_in_order(frame, key, table)] for key in (down, across)]
    places = [
        means[SET + key].map(label).map({name: i for i, name in enumerate(names)}).to_numpy(np.int64)
        for key, names in zip((down, across), sides, strict=True)
    ]
    sums, number = np.zeros((2, len(sides[0]), len(sides[1])))
    np.add.at(sums, tuple(places), means[outcome].to_numpy(np.float64))
    np.add.at(number, tuple(places), 1.0)
    grid = np.where(number > 0, sums / np.maximum(number, 1.0), np.nan)
    both = _explained(means, [SET + down, SET + across], outcome)
    alone = sum(_explained(means, [SET + key], outcome) for key in (down, across))
    return Interaction(
        outcome=outcome,
        down=down,
        across=across,
        rows=tuple(sides[0]),
        columns=tuple(sides[1]),
        means=grid,
        beyond=grid - _additive(grid),
        share=max(both - alone, 0.0) if not np.isnan(both) else both,
    )


def strongest(frame: pd.DataFrame, outcome: str, bins: int = BINS) -> Interaction | None:
    """The two factors that explain the most together beyond each alone; None if there are no two of few levels."""
    table = binned(frame, bins=bins)
    keys = [key for key in varied(frame) if table[SET + key].nunique(dropna=False) <= MOST_TOGETHER]
    found = [interaction(frame, outcome, a, b, bins) for a, b in combinations(keys, 2)]
    return max(found, key=lambda i: -1.0 if np.isnan(i.share) else i.share, default=None)


def _additive(grid: Floats) -> Floats:
    """The best sum of a value a row and a value a column, by least squares over the cells that are known."""
    rows, columns = grid.shape
    i, j = np.nonzero(~np.isnan(grid))
    if not len(i):
        return grid.copy()
    x = np.zeros((len(i), rows + columns))
    x[np.arange(len(i)), i] = 1.0
    x[np.arange(len(i)), rows + j] = 1.0
    found, *_ = np.linalg.lstsq(x, grid[i, j], rcond=None)
    return np.asarray(found[:rows, None] + found[None, rows:], np.float64)
