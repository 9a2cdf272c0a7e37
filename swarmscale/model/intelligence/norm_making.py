"""Making the norm: many groups on several processes, resumable, one file a block of groups."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

from ...agents.cognition import FUNCTIONS
from ...arrays import Floats
from ...errors import ConfigError, require
from ...parent import end_with_parent
from ..files import write_whole
from .battery import BATTERY_VERSION
from .norm import Norm, norm_of
from .norm_groups import measured

BLOCK = 10
COLUMNS = (
    "group",
    "agents",
    *(f"{name}" for name in FUNCTIONS),
    *(f"{name}.again" for name in FUNCTIONS),
    "mean_skill",
    "best_skill",
    "listening",
    "network",
    "degree",
)


def make_norm(
    folder: Path, groups: int = 1000, processes: int | None = None, told: Callable[[int], None] | None = None
) -> Norm:
    """Measure the norm's groups and write ``norm.json`` and ``groups.parquet``; what is there already is kept.

    Args:
        folder: where blocks of groups are kept until all are there; made if need be.
        groups: groups, 30 or more.
        processes: as many as the machine has cores if None; the result does not depend on it.
        told: is called with the number of groups done.

    Raises:
        ConfigError: if the folder cannot be written or holds blocks of another version.
    """
    require(groups >= 30, "groups", groups, "30 or more")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder}: cannot be made: {error.strerror}") from None
    starts = range(0, groups, BLOCK)
    missing = [s for s in starts if not _path(folder, s).is_file()]
    done = groups - sum(min(BLOCK, groups - s) for s in missing)
    if told is not None:
        told(done)
    for start, rows in _blocks(missing, groups, processes or os.cpu_count() or 1):
        _write(_path(folder, start), rows)
        done += len(rows)
        if told is not None:
            told(done)
    rows = np.concatenate([_read(_path(folder, s)) for s in starts])
    norm = norm_of(rows)
    _write(folder / "groups.parquet", rows)
    norm.write(folder / "norm.json")
    return norm


def read_groups(path: Path) -> Floats:
    """`[groups, 31]` the groups in a file that :func:`make_norm` wrote."""
    return _read(path)


def _blocks(missing: list[int], groups: int, processes: int) -> Iterator[tuple[int, Floats]]:
    """The blocks that are not there yet, in any order that they are done in."""
    todo = [(s, min(s + BLOCK, groups)) for s in missing]
    if processes == 1 or len(todo) == 1:
        for first, last in todo:
            yield first, block(first, last)
        return
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=spawn, initializer=end_with_parent) as pool:
        from concurrent.futures import as_completed

        waiting = {pool.submit(block, first, last): first for first, last in todo}
        for future in as_completed(waiting):
            yield waiting[future], future.result()


def block(first: int, last: int) -> Floats:
    """`[n, 31]` groups ``first`` to ``last - 1``."""
    return np.array([measured(number) for number in range(first, last)])


def _path(folder: Path, start: int) -> Path:
    return folder / f"groups-{start:05d}.v{BATTERY_VERSION}.parquet"


def _write(path: Path, rows: Floats) -> None:
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(COLUMNS))
    write_whole(path, lambda part: table.to_parquet(part, index=False))


def _read(path: Path) -> Floats:
    import pandas as pd

    try:
        table = pd.read_parquet(path)
        return np.asarray(table[list(COLUMNS)].to_numpy(np.float64), np.float64)
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(f"{path}: holds no groups of the norm: {str(error).splitlines()[0]}") from None
