"""Files of a run: written whole or not at all, with units and the schema's version in their metadata."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ConfigError
from .columns import BY_NAME, COLUMNS

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SCHEMA = 1


def write_parquet(path: Path, table: pd.DataFrame, dt: float, extra: dict[str, str]) -> Path:
    """Write a table with the schema's version and units in its metadata, whole or not at all.

    Raises:
        ConfigError: if the folder cannot be written.
    """
    import pyarrow.parquet as pq

    data = labeled(table, dt, extra)
    write_whole(path, lambda part: pq.write_table(data, part, compression="zstd"))
    return path


def labeled(table: pd.DataFrame, dt: float, extra: dict[str, str]) -> pa.Table:
    """A table with the schema's version and units in its metadata."""
    import pyarrow as pa

    data = pa.Table.from_pandas(table, preserve_index=False)
    units = {name: BY_NAME[name].unit for name in table.columns if name in BY_NAME} | {"time_s": "s"}
    meta = {
        "swarmscale.schema": str(SCHEMA),
        "swarmscale.dt_s": repr(dt),
        "swarmscale.units": json.dumps(units),
    }
    return data.replace_schema_metadata({**(data.schema.metadata or {}), **meta, **extra})


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place and move it there when it is whole.

    Raises:
        ConfigError: if the folder cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise ConfigError(f"{path.parent}: cannot be written: {error.strerror or error}") from None
    part = Path(name)
    try:
        write(part)
        part.chmod(0o644)
        part.replace(path)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)


def read_records(path: str | Path) -> pd.DataFrame:
    """The table of a ``records.parquet`` of this or an older schema.

    Columns that an older file lacks are NaN; a file of a newer schema is refused.

    Raises:
        ConfigError: if the file cannot be read, is no records file or is newer than this version.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        data = pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise ConfigError(f"{path}: cannot be read as Parquet: {str(error).splitlines()[0]}") from None
    meta = data.schema.metadata or {}
    if b"swarmscale.schema" not in meta:
        raise ConfigError(f"{path}: is no records file of swarmscale (it has no swarmscale.schema)")
    schema = int(meta[b"swarmscale.schema"])
    if schema > SCHEMA:
        raise ConfigError(
            f"{path}: has schema {schema}, but this version reads up to {SCHEMA}; update swarmscale"
        )
    table: pd.DataFrame = data.to_pandas()
    for column in COLUMNS:
        if column.name not in table:
            table[column.name] = np.nan
    return table.loc[:, ["time_s", *BY_NAME]]
