"""What the final table of a sweep holds: its factors, its outcomes, and the rows that can be measured."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Floats, Ints
from ...errors import ConfigError, UnknownChoiceError

if TYPE_CHECKING:
    import pandas as pd

SET = "set."
"""Stands before a dotted key in the names of the columns of factors."""

FIXED = ("setting", "replication", "seed", "status", "error")
"""Columns that every table has."""

DONE = "done"


def keys_of(frame: pd.DataFrame) -> list[str]:
    """Dotted keys of the design, in the order of the columns."""
    return [str(name).removeprefix(SET) for name in frame.columns if str(name).startswith(SET)]


def varied(frame: pd.DataFrame) -> list[str]:
    """Dotted keys that take more than one value; a key that does not apply somewhere takes that as a value.

    >>> import pandas as pd
    >>> varied(pd.DataFrame({"set.scaling": ["hpa", "kpa"], "set.seconds": [60.0, 60.0]}))
    ['scaling']
    """
    return [key for key in keys_of(frame) if frame[SET + key].nunique(dropna=False) > 1]


def outcomes_of(frame: pd.DataFrame) -> list[str]:
    """Outcomes that were measured, in the order of the columns."""
    return [str(name) for name in frame.columns if name not in FIXED and not str(name).startswith(SET)]


def outcome_column(frame: pd.DataFrame, outcome: str) -> str:
    """The outcome itself.

    Raises:
        UnknownChoiceError: if the table has none of that name.
    """
    if outcome not in outcomes_of(frame):
        raise UnknownChoiceError("outcome of this sweep", outcome, outcomes_of(frame))
    return outcome


def factor_column(frame: pd.DataFrame, key: str) -> str:
    """The column of a factor's dotted key.

    Raises:
        UnknownChoiceError: if the design has no such key.
    """
    if key not in keys_of(frame):
        raise UnknownChoiceError("factor of this sweep", key, keys_of(frame))
    return SET + key


def numeric_factors(frame: pd.DataFrame) -> list[str]:
    """Factors whose values are all numbers, and not true or false."""
    return [key for key in varied(frame) if is_numeric(frame[SET + key])]


def is_numeric(values: pd.Series[Any]) -> bool:
    """Whether a column holds numbers alone."""
    return bool(values.notna().all()) and all(
        isinstance(v, (int, float, np.integer, np.floating)) and not isinstance(v, (bool, np.bool_))
        for v in values.unique()
    )


def levels_of(frame: pd.DataFrame, key: str) -> list[Any]:
    """Values of a factor: numbers in their order, others in that of the table; None where it does not apply."""
    column = frame[factor_column(frame, key)]
    values = [None if _absent(v) else v for v in column.drop_duplicates()]
    values = list(dict.fromkeys(values))
    return sorted(values, key=float) if is_numeric(column) else values


def has_level(frame: pd.DataFrame, key: str, level: Any) -> pd.Series[bool]:
    """`[rows]` whether a row has that value of a factor."""
    column = frame[factor_column(frame, key)]
    return column.isna() if _absent(level) else column == level


def measured(frame: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Rows of runs that finished and have a value of the outcome."""
    values = frame[outcome_column(frame, outcome)]
    return frame[(frame["status"] == DONE) & np.isfinite(values.astype(np.float64))]


def label(value: Any, digits: int = 6) -> str:
    """A value of a factor as text, a fraction in so many digits.

    >>> label(30.0), label("hpa"), label(True), label(None), label(12345.0)
    ('30', 'hpa', 'true', 'not set', '12,345')
    """
    if _absent(value):
        return "not set"
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (int, np.integer)):
        return f"{int(value):,}"
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return f"{int(number):,}" if number.is_integer() and abs(number) < 1e9 else f"{number:.{digits}g}"
    return str(value)


def codes(frame: pd.DataFrame, columns: Sequence[str]) -> Ints:
    """`[rows]` a number for each combination of the columns' values; all 0 if there are no columns."""
    if not columns or not len(frame):
        return np.zeros(len(frame), np.int64)
    grouped = frame.groupby(list(columns), dropna=False, sort=False)
    return np.asarray(grouped.ngroup().to_numpy(np.int64))


def replication_values(values: Floats, cells: Ints, replications: Ints) -> Floats:
    """One value for each replication, whose mean is the mean over cells of the cells' means.

    Runs of one replication share their seed, so they are no independent draws: what varies is a replication.
    With every run there, a replication's value is the plain mean over its cells. Where some are missing it is the
    linearization of the mean of means, so that a replication is not judged by which of its cells are there.

    Args:
        values: `[rows]`.
        cells: `[rows]` which setting a row belongs to.
        replications: `[rows]`.

    Returns:
        `[R]` in the order of the replications' numbers.

    Source:
        Taylor linearization of a ratio: Saerndal, Swensson & Wretman, *Model Assisted Survey Sampling* (1992), 5.5.

    >>> replication_values(np.array([1.0, 3.0, 5.0, 7.0]), np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]))
    array([3., 5.])
    """
    if not len(values):
        return np.zeros(0)
    _, cell = np.unique(cells, return_inverse=True)
    names, replication = np.unique(replications, return_inverse=True)
    number = np.bincount(cell)
    mean = np.bincount(cell, values) / number
    pull = (values - mean[cell]) / number[cell]
    spread = np.bincount(replication, pull) * len(names) / len(number)
    return np.asarray(mean.mean() + spread, np.float64)


def require_rows(frame: pd.DataFrame) -> None:
    """Refuse a table without runs or without its fixed columns.

    Raises:
        ConfigError: if it is no final table of a sweep.
    """
    missing = [name for name in FIXED if name not in frame.columns]
    if missing:
        raise ConfigError(f"the table has no column {missing[0]!r}; it is no final table of a sweep")
    if not len(frame):
        raise ConfigError("the table has no rows: no run of this sweep has ended yet")


def _absent(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
