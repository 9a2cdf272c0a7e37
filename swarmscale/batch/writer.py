"""A worker's part of a store: a file of rows, written whole after each run, and a new one when it is full."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..model.files import write_whole
from .run import Row
from .schema import Columns

ROWS = 256
"""Rows of a part; more would make writing it anew dearer, fewer would make more files."""


class Writer:
    """Adds rows to a store, for one worker.

    Attributes:
        worker: its name, in the files' names.
        rows: of the part that is being filled.
    """

    def __init__(self, runs: Path, records: Path, worker: str, columns: Columns) -> None:
        self.worker = worker
        self.rows: list[dict[str, Any]] = []
        self._runs, self._records = runs, records
        self._columns = columns
        self._schema = columns.schema()
        self._part = 0

    def add(self, row: Row) -> None:
        """Store a finished run: its records, then its row. A row once written never changes.

        Raises:
            ConfigError: if a file cannot be written, as on a full disk; what was there before is still there.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        if len(self.rows) == ROWS:
            self.rows, self._part = [], self._part + 1
        records: bytes | None = row.get("records")
        if records is not None:
            name = f"{row['setting']}-{row['replication']}.parquet"
            write_whole(self._records / name, lambda part: part.write_bytes(records))
        rows = [*self.rows, self._columns.stored({"worker": self.worker, **row})]
        table = pa.Table.from_pylist(rows, self._schema)
        path = self._runs / f"{self.worker}-{self._part}.parquet"
        write_whole(path, lambda part: pq.write_table(table, part, compression="zstd"))
        self.rows = rows
