"""Series from a CSV or Parquet file, wide or long, checked before any detector sees them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ...arrays import Floats
from ...errors import ConfigError, UnknownChoiceError
from .base import Window
from .watch import windows_of

if TYPE_CHECKING:
    import pandas as pd

LONG = ("part", "value")
"""Columns by which a long table is known: one row a time and part."""
NAMELESS = "Unnamed: 0"
"""What a first column without a name is called once it is read: a numbering of the rows, or their times."""
TIMES = ("time_s", "time", "t", NAMELESS)
"""Columns that are taken for the time if they are there and none is named."""
UNEVEN = 0.01
"""Share of a step by which steps of the time may differ."""
SEPARATORS = ",;\t"


class SeriesTable(NamedTuple):
    """Series of a file, in the order of its columns.

    Attributes:
        series: `[T, M]`.
        names: `[M]`.
        exogenous: `[T, E]` what comes from outside.
        commands: `[T, C]` what the root ordered.
        start_s: first time, s; 0 without a column of times.
        step_s: time between samples, s; 1 without a column of times.
    """

    series: Floats
    names: tuple[str, ...]
    exogenous: Floats
    commands: Floats
    start_s: float
    step_s: float

    def windows(
        self, length: int = 300, step: int | None = None, *, angles: bool = False
    ) -> Iterator[Window]:
        """Windows of so many samples, every ``step`` samples; one after the other by default.

        Raises:
            ConfigError: if there is no whole window.
        """
        return windows_of(
            self.series,
            length=length,
            step=length if step is None else step,
            exogenous=self.exogenous,
            commands=self.commands,
            names=self.names,
            angles=angles,
            start_s=self.start_s,
            step_s=self.step_s,
        )


def read_series(
    path: str | Path,
    *,
    series: Sequence[str] = (),
    exogenous: Sequence[str] = (),
    commands: Sequence[str] = (),
    time: str | None = None,
) -> SeriesTable:
    """Read series from a table.

    Args:
        path: a ``.csv`` file with a line of names, or a ``.parquet`` file. Wide: one row a time, one column a part.
            Long: columns ``part`` and ``value`` and a time, one row a time and part.
        series: names of columns or parts to look at, or patterns such as ``cluster_*``; by default all that are
            not named otherwise.
        exogenous: what comes from outside and may move all parts at once.
        commands: what the root of a hierarchy ordered.
        time: the column of times, in seconds or as dates; ``time_s``, ``time`` or ``t`` by default, if there is one.

    Raises:
        ConfigError: if the file cannot be read, a column is not there, not numeric, or has gaps, times are not in even
            steps, or fewer than two series are left.
    """
    file = Path(path)
    table, times = _wide(file, _load(file), time)
    for name in (*exogenous, *commands):
        _known(table, name)
    taken = {*exogenous, *commands}
    names = _chosen(table, series, taken)
    if len(names) < 2:
        raise ConfigError(
            f"{file}: {len(names)} series {'is' if len(names) == 1 else 'are'} left, but 2 are needed"
        )
    start_s, step_s = (0.0, 1.0) if times is None else _steps(file, times)
    return SeriesTable(
        _numbers(file, table, names),
        tuple(names),
        _numbers(file, table, list(exogenous)),
        _numbers(file, table, list(commands)),
        start_s,
        step_s,
    )


def _load(file: Path) -> pd.DataFrame:
    import pandas as pd

    if file.suffix not in (".csv", ".parquet"):
        raise ConfigError(f"{file}: must be a .csv or a .parquet file")
    try:
        if file.suffix == ".parquet":
            table = pd.read_parquet(file)
            if not isinstance(table.index, pd.RangeIndex):
                table = table.reset_index(names=table.index.name or NAMELESS)
        else:
            with file.open(encoding="utf-8-sig") as lines:
                head = lines.readline()
            table = pd.read_csv(file, sep=max(SEPARATORS, key=head.count), encoding="utf-8-sig")
    except pd.errors.EmptyDataError:
        raise ConfigError(f"{file}: is empty") from None
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read: {error.strerror or error}") from None
    except (ValueError, pd.errors.ParserError) as error:
        raise ConfigError(f"{file}: is no {file.suffix[1:]} table: {error}") from None
    if not len(table):
        raise ConfigError(f"{file}: has no rows")
    table.columns = table.columns.astype(str)
    numbered = list(table.columns) == [str(i) for i in range(table.shape[1])]
    if file.suffix == ".csv" and not numbered and all(_is_number(name) for name in table.columns):
        raise ConfigError(f"{file}: the first line must hold the names of the columns, not numbers")
    twice = table.columns[table.columns.duplicated()]
    if len(twice):
        raise ConfigError(f"{file}: has two columns called {twice[0]!r}")
    return table


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _wide(file: Path, table: pd.DataFrame, time: str | None) -> tuple[pd.DataFrame, pd.Series | None]:
    """One row a time, and the times; None if the table has none."""
    if time is not None:
        _known(table, time)
    else:
        time = next((name for name in TIMES if name in table), None)
    if not set(LONG) <= set(table.columns):
        times = None if time is None else table[time]
        return (table if time is None else table.drop(columns=time)), times
    if time is None:
        raise ConfigError(f"{file}: a long table needs a column of times; name it with --time")
    part, value = LONG
    again = table.duplicated([time, part])
    if again.any():
        row = table[again].iloc[0]
        raise ConfigError(f"{file}: part {row[part]} has two values at time {row[time]}")
    wide = table.pivot(index=time, columns=part, values=value)  # sorts times and parts
    if len(table) < wide.size:
        at, which = np.argwhere(wide.isna().to_numpy())[0]
        raise ConfigError(f"{file}: part {wide.columns[which]} has no value at time {wide.index[at]}")
    wide.columns = wide.columns.astype(str)
    return wide.reset_index(drop=True), wide.index.to_series().reset_index(drop=True)


def _known(table: pd.DataFrame, name: str) -> None:
    if name not in table:
        raise UnknownChoiceError("column", name, list(table.columns))


def _chosen(table: pd.DataFrame, patterns: Sequence[str], taken: set[str]) -> list[str]:
    """Names of the columns that are series, in the table's order."""
    free = [name for name in table.columns if name not in taken]
    if not patterns:
        return free
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in free):
            raise UnknownChoiceError("column", pattern, free)
    return [name for name in free if any(fnmatchcase(name, pattern) for pattern in patterns)]


def _numbers(file: Path, table: pd.DataFrame, names: list[str]) -> Floats:
    """`[T, n]` columns as numbers without gaps."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    for name in names:
        column = table[name]
        if not (is_numeric_dtype(column) or is_bool_dtype(column)):
            raise ConfigError(
                f"{file}: column {name!r} is not numeric, such as {str(column.iloc[0])!r}; choose others with --series"
            )
    numbers = table[names].to_numpy(np.float64, na_value=np.nan)
    bad = ~np.isfinite(numbers)
    if bad.any():
        row, column_at = np.argwhere(bad)[0]
        raise ConfigError(
            f"{file}: column {names[column_at]!r} is {numbers[row, column_at]} in row {row + 1}, "
            "but all numbers must be finite"
        )
    return np.ascontiguousarray(numbers)


def _steps(file: Path, times: pd.Series) -> tuple[float, float]:
    """First time and step, s."""
    import pandas as pd
    from pandas.api.types import is_numeric_dtype

    if is_numeric_dtype(times):
        seconds = times.to_numpy(np.float64, na_value=np.nan)
    else:
        try:
            dates = pd.to_datetime(times, utc=True)
        except (ValueError, TypeError):
            raise ConfigError(
                f"{file}: times must be seconds or dates, not such as {str(times.iloc[0])!r}"
            ) from None
        seconds = ((dates - dates.iloc[0]) / pd.Timedelta(seconds=1)).to_numpy(np.float64, na_value=np.nan)
    if not np.isfinite(seconds).all():
        raise ConfigError(f"{file}: no time in row {int(np.argmax(~np.isfinite(seconds))) + 1}")
    if len(seconds) < 2:
        return float(seconds[0]), 1.0
    steps = np.diff(seconds)
    step = float(np.median(steps))
    uneven = (steps <= 0) | (np.abs(steps - step) > UNEVEN * abs(step))
    if uneven.any():
        at = int(np.argmax(uneven))
        raise ConfigError(
            f"{file}: times must rise in even steps, but go from {times.iloc[at]} to {times.iloc[at + 1]} "
            f"in row {at + 2}, where others go by {step:g} s"
        )
    return float(seconds[0]), step
