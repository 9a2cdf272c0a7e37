"""A user's CSV file, read once and refused in one line that names file, row, column, value and rule."""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...arrays import Bools, Floats
from ...errors import ConfigError

_LARGEST_SECONDS = 1e11  # the year 5138; epoch milliseconds of our days are above it
_STEP_TOLERANCE = 0.01  # sub-second steps are often rounded to milliseconds
_EXACT_WHOLE = 2.0**53


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Table:
    """The cells of a CSV file as text, with the line on which each row stands.

    Attributes:
        label: the file as the user named it.
        columns: by lower-case name, `[R]` cells, stripped of spaces.
        lines: `[R]` line number in the file, from 1 (the header's line counts).
    """

    label: str
    columns: dict[str, NDArray[np.object_]]
    lines: NDArray[np.int64]

    def one_of(self, wanted: Sequence[str]) -> str | None:
        """The one column among the wanted names, or None.

        Raises:
            ConfigError: if there are several.
        """
        found = [name for name in wanted if name in self.columns]
        if len(found) > 1:
            raise ConfigError(
                f"{self.label}: columns {' and '.join(map(repr, found))} mean the same; keep one"
            )
        return found[0] if found else None

    def needed(self, wanted: Sequence[str], what: str) -> str:
        """The one column among the wanted names.

        Raises:
            ConfigError: if there is none, with the nearest name in the file, or if there are several.
        """
        name = self.one_of(wanted)
        if name is None:
            raise ConfigError(
                f"{self.label}, row 1: no {what} column; one of {', '.join(wanted)} is needed, "
                f"found {', '.join(map(repr, self.columns))}.{self._meant(wanted, 0.5)}"
            )
        return name

    def refuse_misspelt(self, known: Sequence[str]) -> None:
        """Refuse a column that is nearly, but not quite, a known one.

        Raises:
            ConfigError: if there is such a column.
        """
        meant = self._meant(known, 0.75)
        if meant:
            raise ConfigError(f"{self.label}, row 1: a column has an unknown name.{meant}")

    def numbers(self, column: str) -> Floats:
        """A column as numbers from 0 up.

        Raises:
            ConfigError: at the first cell that is not a finite number, or is negative.
        """
        values = self._floats(column)
        self.hold(values >= 0, column, "0 or more")
        return values

    def whole_numbers(self, column: str) -> NDArray[np.int64]:
        """A column as whole numbers from 0 up.

        Raises:
            ConfigError: at the first cell that is none.
        """
        values = self.numbers(column)
        self.hold((values == np.floor(values)) & (values <= _EXACT_WHOLE), column, "a whole number")
        return values.astype(np.int64)

    def seconds(self, column: str) -> Floats:
        """A column of times in seconds since its first row.

        Args:
            column: ISO-8601 stamps (no zone means UTC) or numbers of seconds; the first cell decides.

        Raises:
            ConfigError: at the first cell that is not a time.
        """
        if column != "timestamp" or _is_number(self.columns[column][0]):
            values = self._floats(column)
            in_seconds = np.abs(values) < _LARGEST_SECONDS
            self.hold(in_seconds, column, "in seconds (this looks like milliseconds: divide by 1000)")
        else:
            values = self._stamps(column)
        since_first: Floats = values - values[0]
        return since_first

    def ascending(self, time_s: Floats, column: str, *, strictly: bool) -> None:
        """Refuse a time that goes back, or, strictly, one that stands still.

        Raises:
            ConfigError: at the first such row.
        """
        steps = np.diff(time_s)
        bad = np.flatnonzero(steps <= 0 if strictly else steps < 0)
        if bad.size:
            at = int(bad[0])
            rule = "later than" if strictly else "no earlier than"
            raise self._refusal(
                at + 1, column, f"{rule} {self.columns[column][at]!r} in row {self.lines[at]}"
            )

    def regular_step(self, time_s: Floats, column: str) -> float:
        """Seconds between rows, to within 1 % of a step everywhere.

        Raises:
            ConfigError: at the first gap that differs, with its length.
        """
        gaps = np.diff(time_s)
        usual = float(np.sort(gaps)[(gaps.size - 1) // 2])
        bad = np.flatnonzero(np.abs(gaps - usual) > _STEP_TOLERANCE * usual)
        if bad.size:
            at = int(bad[0])
            raise ConfigError(
                f"{self.label}, row {self.lines[at + 1]}, column {column!r}: "
                f"{self.columns[column][at + 1]!r} comes {gaps[at]:g} s after row {self.lines[at]}, "
                f"but the step must be regular ({usual:g} s here); fill the gap or cut the file there"
            )
        return float(time_s[-1]) / gaps.size

    def hold(self, good: Bools, column: str, rule: str) -> None:
        """Refuse the first row that is not good.

        Args:
            good: `[R]` whether the row keeps the rule.
            column: the column that the rule is about.
            rule: what a cell must be, to read after "must be".

        Raises:
            ConfigError: if any row is not good.
        """
        if not good.all():
            raise self._refusal(int(np.argmin(good)), column, rule)

    def _floats(self, column: str) -> Floats:
        cells = self.columns[column]
        try:
            values: Floats = cells.astype(np.float64)
        except ValueError:
            good = np.fromiter(map(_is_number, cells), np.bool_, cells.size)
            self.hold(good, column, "a number")
            raise
        self.hold(np.isfinite(values), column, "a finite number")
        return values

    def _stamps(self, column: str) -> Floats:
        import pandas as pd

        cells = pd.Series(self.columns[column], dtype=object)
        stamps = pd.to_datetime(cells, format="ISO8601", utc=True, errors="coerce")
        self.hold(stamps.notna().to_numpy(np.bool_), column, "a time such as 2025-01-31T08:00:00Z")
        seconds = (stamps - stamps.iloc[0]) / pd.Timedelta(seconds=1)
        return np.asarray(seconds, np.float64)

    def _refusal(self, index: int, column: str, rule: str) -> ConfigError:
        cell, line = self.columns[column][index], self.lines[index]
        return ConfigError(f"{self.label}, row {line}, column {column!r}: {cell!r}, but it must be {rule}")

    def _meant(self, wanted: Sequence[str], cutoff: float) -> str:
        for name in self.columns:
            near = difflib.get_close_matches(name, wanted, n=1, cutoff=cutoff)
            if near and near[0] != name:
                return f" Did you mean {near[0]!r} by {name!r}?"
        return ""


def read_table(raw: bytes, label: str) -> Table:
    """The cells of a CSV file; empty lines are passed over.

    Args:
        raw: the file's bytes: UTF-8 text, comma-separated, names in the first row.
        label: what the file is called in refusals.

    Raises:
        ConfigError: if it is not such a file, or has fewer than two rows of data.
    """
    import pandas as pd

    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{label}, row {line}: not UTF-8 text, but it must be a CSV file") from None
    if "\0" in text:
        raise ConfigError(f"{label}: holds binary data, but it must be a CSV file")
    if not text.strip():
        raise ConfigError(f"{label}: is empty, but it must have a header and at least 2 rows")
    try:
        # Without a header pandas neither renames nor takes a surplus first column for an index.
        frame = pd.read_csv(
            io.StringIO(text), header=None, dtype=str, keep_default_na=False, skip_blank_lines=False
        )
    except pd.errors.ParserError as error:
        raise ConfigError(f"{label}{_malformed(str(error))}") from None
    cells = np.char.strip(frame.fillna("").to_numpy(dtype=np.str_)).astype(np.object_)
    return _table(cells, label)


def _table(cells: NDArray[np.object_], label: str) -> Table:
    filled = np.flatnonzero((cells != "").any(axis=1))
    names = [str(name).lower() for name in cells[filled[0]]]
    if len(names) == 1 and re.search(r"[;\t|]", names[0]):
        raise ConfigError(f"{label}, row 1: {names[0]!r}, but columns must be parted by commas")
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ConfigError(f"{label}, row 1: column {twice!r} stands there twice, but names must differ")
    body = filled[1:]
    if body.size < 2:
        raise ConfigError(f"{label}: {body.size} rows of data, but there must be at least 2")
    columns = {name: cells[body, at] for at, name in enumerate(names)}
    return Table(label=label, columns=columns, lines=(body + 1).astype(np.int64))


def _malformed(reason: str) -> str:
    fields = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", reason)
    if fields:
        return f", row {fields[2]}: {fields[3]} fields, but there must be {fields[1]}, as in row 1"
    opened = re.search(r"EOF inside string starting at row (\d+)", reason)
    if opened:
        return f", row {int(opened[1]) + 1}: a quotation mark is never closed"
    return f": is not a CSV file ({' '.join(reason.split())})"


def _is_number(cell: object) -> bool:
    try:
        float(str(cell))
    except ValueError:
        return False
    return True
