"""Records of a run read back from its folder: what was written, and of what was counted all that follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats
from ..errors import ConfigError
from .columns import BY_NAME, QUANTILES, STATES, TIMED, Raw, float_columns, integer_columns
from .files import read_records
from .flow.ledger import CHANNELS, MESSAGE_COLUMNS, TICKS_PER_S, Count
from .records import CLUSTER_COLUMNS, Records

if TYPE_CHECKING:
    import pandas as pd


class KnownRaw(Raw):
    """What was counted as far as it is known.

    Attributes:
        missing: whether anything was asked for that is not known; set it to False to ask anew.
    """

    missing: bool = False

    def count(self, which: Count) -> Floats:
        """See :meth:`Raw.count`; NaN where it is not known."""
        values = super().count(which)
        self.missing |= bool(np.isnan(values).any())
        return values


class StoredRecords(Records):
    """Records whose columns are those of ``records.parquet``.

    Of what was counted, :meth:`raw` has what follows from the columns, to the last digit, and NaN for the rest.
    Histograms and the nodes' series were not written, so they are empty.
    """

    def __init__(self, table: pd.DataFrame, dt: float, window_s: float, cluster_period_s: float) -> None:
        super().__init__(dt, window_s, cluster_period_s)
        self.ticks = len(table)
        self._table = table
        self._tasks: pd.DataFrame | None = None
        self._counts = counted(table, dt)  # type: ignore[assignment]  # floats, for NaN where nothing is known
        self._floats = np.full((len(table), float_columns()), np.nan)
        for i, timed in enumerate(TIMED):
            for j, share in enumerate(QUANTILES):
                unit, scale = ("ms", 1000.0) if timed == "network" else ("s", 1.0)
                name = f"{timed}_p{share * 100:.0f}_{unit}"
                self._floats[:, i * len(QUANTILES) + j] = table[name].to_numpy(np.float64) / scale

    @classmethod
    def open(cls, folder: Path) -> StoredRecords:
        """The records in the folder of a run.

        Raises:
            ConfigError: if it holds none, or they cannot be read.
        """
        import pandas as pd
        import pyarrow.parquet as pq

        path = folder / "records.parquet"
        if not path.is_file():
            raise ConfigError(f"{folder}: holds no records.parquet; it is no folder of a run")
        table = read_records(path)
        meta = pq.read_schema(path).metadata or {}
        dt = float(meta.get(b"swarmscale.dt_s", b"1.0"))
        clusters, tasks = folder / "clusters.parquet", folder / "tasks.parquet"
        try:
            series = pd.read_parquet(clusters) if clusters.is_file() else None
            log = pd.read_parquet(tasks) if tasks.is_file() else None
            period = float(series["time_s"].iloc[0]) if series is not None and len(series) else 60.0
            records = cls(table, dt, period, period)
            records._tasks = log
            if series is not None:
                records._clusters = _cumulated(series)
        except (OSError, KeyError, ValueError) as error:
            raise ConfigError(f"{folder}: cannot be read: {str(error).splitlines()[0]}") from None
        return records

    def raw(self, first: int = 0, last: int | None = None) -> KnownRaw:
        """See :meth:`Records.raw`."""
        stop = self.ticks if last is None else min(last, self.ticks)
        return KnownRaw(self._counts[first:stop], self._floats[first:stop], self.dt)

    def column(self, name: str) -> Floats:
        """See :meth:`Records.column`."""
        if name in BY_NAME:
            return self._table[name].to_numpy(np.float64)[: self.ticks]
        return super().column(name)

    def frame(self) -> pd.DataFrame:
        """See :meth:`Records.frame`."""
        return self._table[: self.ticks]

    def task_log(self) -> pd.DataFrame:
        """The sampled tasks that had arrived; see :meth:`Records.task_log`."""
        if self._tasks is None:
            return super().task_log()
        return self._tasks[self._tasks["arrived"] <= self.ticks * self.dt]


def counted(table: pd.DataFrame, dt: float) -> Floats:
    """`[T, C]` what was counted in each tick, as far as the columns of a table tell it; NaN where they do not.

    A mean times its number, rounded, is the sum that it was made of: sums are whole numbers below 2**53. Ready time
    follows from the efficiency of the resources, so it is known in ticks in which somebody answered; in others it is
    taken as if the agents that are ready at the end had been so for the whole tick.
    """
    out = np.full((len(table), integer_columns()), np.nan)

    def of(name: str) -> Floats:
        if name not in table:  # written before there was such a thing
            return np.zeros(len(table))
        return np.asarray(table[name].to_numpy(np.float64))

    def total(mean: str, number: Floats, scale: float = TICKS_PER_S) -> Floats:
        return np.asarray(np.where(number > 0, np.rint(of(mean) * number * scale), 0.0))

    for which in Count:
        if which.name.lower() in BY_NAME:
            out[:, which] = of(which.name.lower())
    for c, channel in enumerate(CHANNELS):
        for p, what in enumerate(MESSAGE_COLUMNS):
            name = f"{channel.replace('-', '_')}_{what.replace('latency_t', 'latency_s')}"
            scale = TICKS_PER_S if what == "latency_t" else 1.0
            out[:, len(Count) + c * len(MESSAGE_COLUMNS) + p] = np.rint(of(name) * scale)
    for i, state in enumerate(STATES):
        out[:, integer_columns() - len(STATES) + i] = of(f"agents_{state}")

    out[:, Count.SILENT], out[:, Count.HELPING] = of("agents_silent"), of("agents_helping")
    completed, started = out[:, Count.COMPLETED], out[:, Count.STARTED]
    by_agents = completed - out[:, Count.CACHE_HITS]
    out[:, Count.WORK_ARRIVED_T] = np.rint(of("offered_agents") * dt * TICKS_PER_S)
    out[:, Count.PROMPT_TOKENS] = np.rint(of("prompt_tokens_per_s") * dt)
    out[:, Count.GENERATED_TOKENS] = np.rint(of("generated_tokens_per_s") * dt)
    out[:, Count.RESPONSE_T] = response = total("response_mean_s", completed)
    out[:, Count.CLUSTER_WAIT_T] = total("cluster_wait_mean_s", started)
    out[:, Count.SERVICE_T] = total("service_mean_s", by_agents)
    out[:, Count.MATCH_SUM] = total("skill_match", started, 255.0)
    for which, name in ((Count.HELPED_T, "helped_s"), (Count.SPARED_T, "spared_s")):
        out[:, which] = np.rint(of(name) * TICKS_PER_S)
    useful = total("coordination_efficiency", response, 1.0) + out[:, Count.SPARED_T]
    out[:, Count.USEFUL_T] = useful
    others = (
        sum(of(f"agents_{s}") for s in ("starting", "draining", "failed", "recovering")) * dt * TICKS_PER_S
    )
    at_end = (of("agents_idle") + of("agents_busy") + of("agents_helping")) * dt * TICKS_PER_S
    with np.errstate(divide="ignore", invalid="ignore"):
        ready = np.where(useful > 0, np.rint(useful / of("resource_efficiency") - others), at_end)
    out[:, Count.READY_T] = ready
    out[:, Count.BUSY_T] = total("utilization", ready, 1.0)
    return out


def _cumulated(series: pd.DataFrame) -> list[Any]:
    """Rows of the clusters' series as :class:`Records` holds them: sums so far, in whole steps of time."""
    rows: list[Any] = []
    for _, part in series.groupby("time_s", sort=True):
        now = []
        for i, name in enumerate(CLUSTER_COLUMNS):
            if i < 4:
                now.append(part[name].to_numpy(np.int64))
                continue
            scale = 1.0 if name == "completed" else TICKS_PER_S
            gain = np.rint(part[name.replace("_t", "_s")].to_numpy(np.float64) * scale).astype(np.int64)
            if rows:
                gain[: rows[-1].shape[1]] += rows[-1][i]
            now.append(gain)
        rows.append(np.stack(now))
    return rows
