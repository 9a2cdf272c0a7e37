"""A worker's part of a store: a file of rows, written whole after each run, and a new one when it is full."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from ..model.files import write_whole
from .run import Row
from .schema import Columns

RUNS, KEPT = "runs", ("records", "incidents")
"""Folders of a store: of the rows, and of what may be kept of each run beside its row."""

ROWS = 256
"""Rows of a part; more would make writing it anew dearer, fewer would make more files."""


def kept_name(setting: int, replication: int) -> str:
    """Name of the file of a run in a folder of what is kept."""
    return f"{setting}-{replication}.parquet"


class Writer:
    """Adds rows to a store, for one worker.

    Attributes:
        worker: its name, in the files' names.
        rows: of the part that is being filled.
    """

    def __init__(self, folder: Path, worker: str, columns: Columns) -> None:
        self.worker = worker
        self.rows: list[dict[str, Any]] = []
        self._folder = folder
        self._columns = columns
        self._schema = columns.schema()
        self._part = 0

    def add(self, row: Row) -> None:
        """Store a finished run: its files, then its row. A row once written never changes.

        Raises:
            ConfigError: if a file cannot be written, as on a full disk; what was there before is still there.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        if len(self.rows) == ROWS:
            self.rows, self._part = [], self._part + 1
        for kind in KEPT:
            if kind in row:
                path = self._folder / kind / kept_name(row["setting"], row["replication"])
                write_whole(path, partial(Path.write_bytes, data=row[kind]))
        rows = [*self.rows, self._columns.stored({"worker": self.worker, **row})]
        table = pa.Table.from_pylist(rows, self._schema)
        path = self._folder / RUNS / f"{self.worker}-{self._part}.parquet"
        write_whole(path, lambda part: pq.write_table(table, part, compression="zstd"))
        self.rows = rows
