"""The store of a sweep: a folder with its plan, and a Parquet file a worker with the rows of finished runs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from ..errors import ConfigError
from ..model.files import write_whole
from .parts import counting, read_part
from .plan import Plan, RunId
from .run import DONE, FAILED, KILLED, LATE
from .schema import FINAL, LOG, Columns, examples
from .search import SEARCH
from .sheet import read_sheet, refuse_other, sheet_of
from .writer import RUNS, Writer, kept_name

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

SHEET = "sweep.json"
LATELY_S = 120.0


class Progress(NamedTuple):
    """How far a sweep has come.

    Attributes:
        total: runs of the plan.
        done: that ended well.
        failed: with an exception.
        killed: whose worker died.
        late: over their time limit.
        runs_per_s: lately, NaN before two have ended.
        remaining_s: for the runs that are missing at that rate, NaN if it is not known.
    """

    total: int
    done: int
    failed: int
    killed: int
    late: int
    runs_per_s: float
    remaining_s: float

    @property
    def ended(self) -> int:
        """Runs with a row."""
        return self.done + self.failed + self.killed + self.late


class Store:
    """A sweep on disk; see the module.

    Attributes:
        folder: where it is.
    """

    def __init__(self, folder: Path, sheet: dict[str, Any]) -> None:
        self.folder = folder
        self._sheet = sheet

    @classmethod
    def create(cls, folder: str | Path, plan: Plan) -> Store:
        """The store of a plan, a new one or the one that is in the folder.

        Raises:
            ConfigError: if the folder holds another plan, or cannot be written.
        """
        place, sheet = Path(folder), sheet_of(plan)
        if (place / SHEET).exists():
            there = read_sheet(place / SHEET)
            refuse_other(place, there, sheet)
            sheet = there | {"plan": sheet["plan"]}  # a name or a time limit may have changed
            if sheet == there:
                return cls(place, there)
        write_whole(place / SHEET, lambda part: part.write_text(json.dumps(sheet, indent=1), "utf-8"))
        return cls(place, sheet)

    @classmethod
    def open(cls, folder: str | Path) -> Store:
        """The store in a folder.

        Raises:
            ConfigError: if there is none, it cannot be read, or a newer version wrote it.
        """
        place = Path(folder)
        if not (place / SHEET).is_file():
            raise ConfigError(f"{place}: holds no {SHEET}; it is no folder of a sweep")
        return cls(place, read_sheet(place / SHEET))

    @cached_property
    def plan(self) -> Plan:
        """What the sweep does; its plugins are run.

        Raises:
            ConfigError: if a plugin is gone or was changed since.
        """
        return Plan.from_dict(self._sheet["plan"])

    @property
    def name(self) -> str:
        """The sweep's name."""
        return str(self._sheet["plan"]["name"])

    @property
    def versions(self) -> dict[str, str]:
        """Versions of what made it, by name."""
        return dict(self._sheet["versions"])

    @property
    def design(self) -> dict[str, Any]:
        """How the settings were made."""
        return dict(self._sheet["plan"]["design"])

    @property
    def settings(self) -> list[dict[str, Any]]:
        """The settings, without running a plugin."""
        return list(self._sheet["plan"]["settings"])

    @cached_property
    def columns(self) -> Columns:
        """What a row has, and of what type."""
        over = self.design.get("over", {}) if self.design.get("kind") == SEARCH else None
        settings = (
            self.settings if over is None else examples(over)
        )  # those of a search are not all there yet
        return Columns.of(settings, self._sheet["columns"])

    def runs(self) -> list[RunId]:
        """All runs of the plan."""
        plan = self._sheet["plan"]
        return [RunId(s, r) for s in range(len(plan["settings"])) for r in range(len(plan["seeds"]))]

    def writer(self, worker: str) -> Writer:
        """Where a worker puts its rows; no two may have the same name."""
        return Writer(self.folder, worker, self.columns)

    def statuses(self) -> dict[RunId, str]:
        """How each run ended that has a row; reads four columns only."""
        rows = self._rows(["setting", "replication", "status", "started_at"]).to_pydict()
        return {
            RunId(setting, replication): status
            for setting, replication, status in zip(
                rows["setting"], rows["replication"], rows["status"], strict=True
            )
        }

    def missing(self, retry: bool = False) -> list[RunId]:
        """Runs that are to be made: those without a row and those whose worker died.

        Args:
            retry: also those that failed or were late.
        """
        again = {KILLED, FAILED, LATE} if retry else {KILLED}
        known = self.statuses()
        return [run for run in self.runs() if known.get(run) in {None, *again}]

    def frame(self) -> pd.DataFrame:
        """The final table: one row a run, sorted; nothing in it depends on when or where a run was made.

        Columns ``setting``, ``replication``, ``seed``, ``status``, ``error`` (its first line), the settings' keys as
        ``set.<key>``, and the outcomes.
        """
        import pyarrow.compute as pc

        table = self._rows([*FINAL, *self.columns.keys, *self.columns.outcomes, "started_at"])
        first = pc.list_element(pc.split_pattern(table["error"], "\n", max_splits=1), 0)
        table = table.set_column(table.schema.get_field_index("error"), "error", first)
        frame: pd.DataFrame = table.drop_columns(["started_at"]).to_pandas()
        return frame

    def log(self) -> pd.DataFrame:
        """When, where and how long each run was made, sorted like :meth:`frame`."""
        frame: pd.DataFrame = self._rows(["setting", "replication", "status", *LOG]).to_pandas()
        return frame

    def errors(self) -> dict[RunId, str]:
        """The whole error of each run that did not end well."""
        rows = self._rows(["setting", "replication", "status", "error", "started_at"]).to_pylist()
        return {RunId(r["setting"], r["replication"]): r["error"] for r in rows if r["status"] != DONE}

    def query(self, sql: str) -> pd.DataFrame:
        """What DuckDB answers; ``runs`` is the final table, ``log`` the timings.

        Raises:
            ConfigError: if DuckDB is not installed or refuses.
        """
        try:
            import duckdb
        except ImportError:
            raise ConfigError("a query needs DuckDB: pip install 'swarmscale[sweep]'") from None
        with duckdb.connect() as base:
            base.register("runs", self.frame())
            base.register("log", self.log())
            try:
                frame: pd.DataFrame = base.sql(sql).df()
                return frame
            except duckdb.Error as error:
                raise ConfigError(f"query: {' '.join(str(error).split())}") from None

    def kept(self, kind: str, run: RunId, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """What is kept of a run beside its row.

        Args:
            kind: ``records`` or ``incidents``.
            run: which run.
            columns: those wanted; None for all.

        Raises:
            ConfigError: if it is not there or cannot be read.
        """
        import pandas as pd

        path = self.folder / kind / kept_name(*run)
        try:
            return pd.read_parquet(path, columns=None if columns is None else list(columns))
        except (OSError, ValueError) as error:
            raise ConfigError(f"{path}: cannot be read: {' '.join(str(error).split())}") from None

    def progress(self) -> Progress:
        """How far it has come; the rate is that of the last rows, within two minutes before the newest."""
        import numpy as np

        rows = self._rows(["setting", "replication", "status", "started_at", "wall_s"])
        counts = Counter(rows["status"].to_pylist())
        ends = (
            np.sort(rows["started_at"].to_numpy() + rows["wall_s"].to_numpy()) if len(rows) else np.zeros(0)
        )
        lately = ends[ends >= ends[-1] - LATELY_S] if len(ends) else ends
        span = float(lately[-1] - lately[0]) if len(lately) > 1 else 0.0
        rate = (len(lately) - 1) / span if span > 0 else float("nan")
        total = len(self.runs())
        return Progress(
            total=total,
            done=counts[DONE],
            failed=counts[FAILED],
            killed=counts[KILLED],
            late=counts[LATE],
            runs_per_s=rate,
            remaining_s=(total - len(rows)) / rate,
        )

    def parts(self) -> list[Path]:
        """The files with rows."""
        return sorted((self.folder / RUNS).glob("[!.]*.parquet"))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else may add runs meanwhile; what a dead process left half written is removed.

        Raises:
            ConfigError: if somebody does.
        """
        with (self.folder / "sweep.lock").open("w", encoding="utf-8") as lock:
            if not locked(lock):
                raise ConfigError(f"{self.folder}: another process is at work on this sweep")
            for part in [*self.folder.glob(".sweep.json.*"), *self.folder.glob("*/.*.parquet.*")]:
                part.unlink(missing_ok=True)
            yield

    def _rows(self, names: list[str]) -> pa.Table:
        """Some columns of the rows that count, one a run, sorted by setting and replication."""
        import pyarrow as pa

        tables = [table for path in self.parts() if (table := read_part(path, names)) is not None]
        schema = self.columns.schema()
        wanted = pa.schema([schema.field(name) for name in names])
        return counting(pa.concat_tables(tables) if tables else wanted.empty_table())


def locked(file: TextIO) -> bool:
    """Lock a file until it is closed or this process ends; False if another has it. Windows has no such locks."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
