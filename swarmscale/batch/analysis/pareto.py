"""Pareto fronts: settings that no other one beats in every objective, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...arrays import Bools, Floats
from ...errors import ConfigError, UnknownChoiceError, require
from .resampling import SEED
from .tidy import SET, keys_of, measured, outcome_column, require_rows

if TYPE_CHECKING:
    import pandas as pd

type Direction = Literal["min", "max"]

DIRECTIONS = ("min", "max")


def dominated(points: Floats) -> Bools:
    """Whether another point is at least as good in every objective and better in one; less is better.

    Args:
        points: `[S, K]` values of the objectives.

    >>> dominated(np.array([[1.0, 3.0], [2.0, 2.0], [2.0, 3.0], [1.0, 3.0]]))
    array([False, False,  True, False])
    """
    no_worse = np.ones((len(points), len(points)), np.bool_)
    better = np.zeros_like(no_worse)
    for values in points.T:
        no_worse &= values[:, None] <= values[None, :]
        better |= values[:, None] < values[None, :]
    return np.asarray((no_worse & better).any(axis=0))


def pareto(
    frame: pd.DataFrame, objectives: Mapping[str, Direction], *, resamples: int = 499, seed: int = SEED
) -> pd.DataFrame:
    """Each setting's means, whether it is on the front, and in which share of bootstrap resamples it is.

    Replications are resampled, the same ones in every setting, since their runs share seeds. Settings without a
    finished run that has all objectives are left out; in a resample that holds no run of a setting, that setting
    keeps its mean.

    Args:
        frame: the final table of a sweep.
        objectives: outcomes, each with ``min`` or ``max``: which is better.
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        A row a setting, in their order: ``setting``, the factors' columns, the objectives' means, ``runs``,
        ``front``, and ``share`` of the resamples in which it is on the front, NaN with one replication.

    Raises:
        UnknownChoiceError: if an outcome or a direction is not known.
        ConfigError: if there are no two objectives, or no setting has them all.
    """
    import pandas as pd

    require_rows(frame)
    require(len(objectives) >= 2, "objectives", ", ".join(objectives) or "none", "two or more")
    for name, direction in objectives.items():
        outcome_column(frame, name)
        if direction not in DIRECTIONS:
            raise UnknownChoiceError(f"direction of {name}", direction, DIRECTIONS)
    known = frame
    for name in objectives:
        known = measured(known, name)
    if not len(known):
        raise ConfigError(f"objectives {', '.join(objectives)}: no finished run has a value of each")
    settings, cell = np.unique(known["setting"].to_numpy(np.int64), return_inverse=True)
    replications, draw = np.unique(known["replication"].to_numpy(np.int64), return_inverse=True)
    sign = np.array([1.0 if direction == "min" else -1.0 for direction in objectives.values()])
    values = np.full((len(settings), len(replications), len(sign)), np.nan)
    values[cell, draw] = known[list(objectives)].to_numpy(np.float64) * sign
    means = np.nanmean(values, axis=1)
    table = known.drop_duplicates("setting").set_index("setting").loc[settings]
    return pd.DataFrame(
        {
            "setting": settings,
            **{SET + key: table[SET + key].to_numpy() for key in keys_of(frame)},
            **{name: (means * sign)[:, i] for i, name in enumerate(objectives)},
            "runs": np.bincount(cell),
            "front": ~dominated(means),
            "share": _shares(values, means, resamples, seed),
        }
    )


def _shares(values: Floats, means: Floats, resamples: int, seed: int) -> Floats:
    """`[S]` share of resamples of the replications in which a setting is on the front.

    Args:
        values: `[S, R, K]` objectives, NaN where a run is missing.
        means: `[S, K]` over the replications.
        resamples: how many.
        seed: of them.
    """
    number = values.shape[1]
    if number < 2:
        return np.full(len(values), np.nan)
    generator = np.random.default_rng(seed)
    known = np.isfinite(values[:, :, 0]).astype(np.float64)
    filled = np.nan_to_num(values)
    count = np.zeros(len(values))
    for _ in range(resamples):
        weight = np.bincount(generator.integers(0, number, number), minlength=number).astype(np.float64)
        runs = known @ weight
        sums = np.einsum("srk,r->sk", filled, weight)
        now = np.where(runs[:, None] > 0, sums / np.maximum(runs, 1.0)[:, None], means)
        count += ~dominated(now)
    return np.asarray(count / resamples, np.float64)
