"""The files of a store read back: damaged ones are told, and of several rows of a run one counts."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .run import DONE

if TYPE_CHECKING:
    import pyarrow as pa

log = logging.getLogger(__name__)


def read_part(path: Path, names: list[str]) -> pa.Table | None:
    """Some columns of a file; None, with a warning, if it is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        return pq.read_table(path, columns=names, partitioning=None).select(names)
    except FileNotFoundError:  # it was removed since it was listed
        return None
    except (OSError, pa.ArrowException, KeyError) as error:
        why = str(error).splitlines()[0]
        log.warning("%s cannot be read (%s); its runs count as missing", path, why)
        return None


def counting(table: pa.Table) -> pa.Table:
    """The row of each run that counts: that which ended well, else the latest; sorted by setting and replication."""
    if not len(table):
        return table
    setting, replication, started = (
        table[name].to_numpy() for name in ("setting", "replication", "started_at")
    )
    well = np.asarray(table["status"].to_numpy(zero_copy_only=False) == DONE)
    order = np.lexsort((started, well, replication, setting))
    s, r = setting[order], replication[order]
    last = np.append((s[1:] != s[:-1]) | (r[1:] != r[:-1]), True)
    return table.take(order[last])
