"""The records of a run: one row a tick, series of clusters and nodes, histograms, the log of sampled tasks."""

from __future__ import annotations

import copy
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats, Ints
from .columns import BY_NAME, COLUMNS, QUANTILES, STATES, Raw, float_columns, integer_columns
from .counting import bin_middles, skill_match, states, take
from .files import write_parquet
from .flow.engine import TaskFlow
from .flow.ledger import (
    AT_CLUSTER,
    BINS,
    CHANNELS,
    FINISH,
    HISTOGRAMS,
    STAGES,
    START,
    Count,
    Ledger,
)

if TYPE_CHECKING:
    import pandas as pd

    from .sharding.territory import Territory


CLUSTER_COLUMNS = (
    "size",
    "ready",
    "waiting",
    "in_service",
    "busy_t",
    "ready_t",
    "response_t",
    "useful_t",
    "completed",
)
NODE_COLUMNS = ("ingress_busy_t", "dispatch_busy_t")


class Records:
    """What a run leaves behind; grows by one row a tick.

    Attributes:
        dt: length of a tick, s.
        ticks: rows so far.
        window_s: time that one kept histogram covers, s.
        cluster_period_s: time between two rows of the clusters' series, s.
    """

    def __init__(self, dt: float, window_s: float, cluster_period_s: float) -> None:
        self.dt = dt
        self.window_s = window_s
        self.cluster_period_s = cluster_period_s
        self.ticks = 0
        self._window_ticks = round(window_s / dt)
        self._period_ticks = round(cluster_period_s / dt)
        self._counts = np.zeros((256, integer_columns()), np.int64)
        self._floats = np.zeros((256, float_columns()))
        self._window = np.zeros((len(HISTOGRAMS), BINS), np.int64)
        self._windows: list[Ints] = []
        self._clusters: list[Ints] = []
        self._nodes: list[Ints] = []
        self._matches: list[Floats] = []
        self._log: list[tuple[Any, ...]] = []
        self.log_missed = 0
        self._shares = np.array(QUANTILES)
        self._middles = bin_middles()

    def __len__(self) -> int:
        return self.ticks

    def add(self, flow: TaskFlow, territory: Territory) -> None:
        """Write the row of the tick that the flow just did, and clear its ledger."""
        t = self._next_row()
        ledger, row = flow.ledger, self._counts[t]
        take(
            ledger.count, ledger.messages, ledger.hist, row, self._window, self._shares, self._middles,
            self._floats[t],
        )  # fmt: skip
        row[-len(STATES) :] = states(flow)
        self._end_row()
        self.add_series(flow, self.ticks, territory)

    def add_counted(self, counted: Ints) -> None:
        """Write a row from what :func:`counted_in` gave for a tick, summed over all parts of the fleet."""
        t = self._next_row()
        whole, hist = counted[: integer_columns()], counted[integer_columns() :].astype(np.int32)
        take(
            whole[: len(Count)], whole[len(Count) : -len(STATES)].reshape(len(CHANNELS), -1),
            hist.reshape(len(HISTOGRAMS), BINS), self._counts[t], self._window, self._shares, self._middles,
            self._floats[t],
        )  # fmt: skip
        self._counts[t, -len(STATES) :] = whole[-len(STATES) :]
        self._end_row()

    def _next_row(self) -> int:
        """Number of the next row, for which there is room then."""
        if self.ticks == len(self._counts):
            self._counts = np.concatenate([self._counts, np.zeros_like(self._counts)])
            self._floats = np.concatenate([self._floats, np.zeros_like(self._floats)])
        return self.ticks

    def _end_row(self) -> None:
        self.ticks += 1
        if self.ticks % self._window_ticks == 0:
            self._windows.append(self._window.astype(np.int32))
            self._window[:] = 0

    def add_series(self, flow: TaskFlow, tick: int, territory: Territory) -> None:
        """Write the rows of the clusters and nodes here if a period ends with this tick, and log its sampled tasks."""
        if tick % self._period_ticks == 0:
            self._series(flow, territory)
        self._take_log(flow.ledger, flow.fleet.slots, territory)

    def _series(self, flow: TaskFlow, territory: Territory) -> None:
        s = flow.state
        self._clusters.append(
            np.stack([flow.fleet.size, *(getattr(s, name) for name in CLUSTER_COLUMNS[1:])])
        )
        self._matches.append(skill_match(flow, len(self._matches), territory))
        self._nodes.append(np.stack([flow.ingress_servers.busy_t, flow.dispatch_servers.busy_t]))

    def _take_log(self, ledger: Ledger, slots: int, territory: Territory) -> None:
        n = int(ledger.log_used[0])
        if n:
            columns = (ledger.log_uid, ledger.log_stage, ledger.log_time, ledger.log_place)
            uid, stage, time, place = (column[:n].copy() for column in columns)
            if not territory.alone:  # places in the arrays here become numbers in the whole model
                at_cluster = stage == AT_CLUSTER
                at_agent = ((stage == START) | (stage == FINISH)) & (place >= 0)
                place[at_cluster] = territory.clusters[place[at_cluster]]
                place[at_agent] = territory.rows_of_all(place[at_agent], slots)
            self._log.append((uid, stage, time, place))
        self.log_missed += int(ledger.log_used[1])
        ledger.log_used[:] = 0

    def raw(self, first: int = 0, last: int | None = None) -> Raw:
        """What was counted in the ticks [first, last)."""
        stop = self.ticks if last is None else min(last, self.ticks)
        return Raw(self._counts[first:stop], self._floats[first:stop], self.dt)

    def column(self, name: str) -> Floats:
        """`[T]` one column of :meth:`frame`.

        Raises:
            UnknownChoiceError: if there is no such column.
        """
        if name == "time_s":
            return np.asarray(np.arange(1, self.ticks + 1) * self.dt, np.float64)
        if name not in BY_NAME:
            from ..errors import UnknownChoiceError

            raise UnknownChoiceError("column of the records", name, ["time_s", *BY_NAME])
        return BY_NAME[name].value(self.raw())

    def frame(self) -> pd.DataFrame:
        """Tidy table of the run, one row a tick: ``time_s`` (end of the tick) and the columns of ``COLUMNS``."""
        import pandas as pd

        raw = self.raw()
        columns: dict[str, Any] = {"time_s": self.column("time_s")}
        for column in COLUMNS:
            values = column.value(raw)
            columns[column.name] = values.astype(np.int64) if column.whole else values
        return pd.DataFrame(columns)

    def histogram(self, which: str, first_s: float = 0.0, last_s: float = np.inf) -> Ints:
        """`[1024]` counts of a histogram over the whole windows within [first_s, last_s).

        Args:
            which: response, network, cluster_wait or first_token.
            first_s: s.
            last_s: s.
        """
        row = HISTOGRAMS.index(which)
        total = np.zeros(BINS, np.int64)
        for i, window in enumerate(self._windows):
            if i * self.window_s >= first_s - 1e-9 and (i + 1) * self.window_s <= last_s + 1e-9:
                total += window[row]
        rest_s = len(self._windows) * self.window_s
        if rest_s >= first_s - 1e-9 and self.ticks * self.dt <= last_s + 1e-9:
            total += self._window[row]
        return total

    def windows(self) -> Ints:
        """`[W, 4, 1024]` the whole windows' histograms."""
        if not self._windows:
            return np.zeros((0, len(HISTOGRAMS), BINS), np.int64)
        return np.stack(self._windows).astype(np.int64)

    def cluster_series(self, every: int = 1) -> dict[str, Any]:
        """The clusters' series: ``time_s`` `[P]` and, for each name, a list of P arrays `[Q]`.

        Names: size, ready, waiting, in_service (at that time), busy_s, ready_s (agent-seconds in the period),
        response_s, useful_s (summed response and pure service time of the tasks that agents answered in the
        period), completed (those tasks).

        Args:
            every: periods taken together as one; those beyond the last whole one are left out.
        """
        taken = self._clusters[every - 1 :: every]
        out: dict[str, Any] = {"time_s": (np.arange(len(taken)) + 1) * every * self.cluster_period_s}
        for i, name in enumerate(CLUSTER_COLUMNS):
            values = [rows[i] for rows in taken]
            if i < 4:
                out[name] = values
            else:
                scale = 1.0 if name == "completed" else 1 / 2**20
                out[name.replace("_t", "_s")] = [scale * gain for gain in _gains(values)]
        return out

    @property
    def periods(self) -> int:
        """Rows of the clusters' and nodes' series so far."""
        return len(self._clusters)

    def node_series(self) -> dict[str, Any]:
        """The nodes' series: ``time_s`` `[P]`, ``ingress_busy`` and ``dispatch_busy``: busy shares `[P, K]`."""
        out: dict[str, Any] = {"time_s": (np.arange(len(self._nodes)) + 1) * self.cluster_period_s}
        for i, name in enumerate(("ingress_busy", "dispatch_busy")):
            gains = _gains([rows[i] for rows in self._nodes])
            out[name] = np.array(gains) / 2**20 / self.cluster_period_s if gains else np.zeros((0, 0))
        return out

    def matches(self) -> dict[str, Floats]:
        """How well agents fit their tasks, one drawn cluster a period.

        Returns:
            ``time_s`` `[P]`; ``achieved`` `[P]`, summed skill of the agents for the tasks in their hands; ``best``
            `[P]`, the largest sum that these tasks could have with the cluster's ready agents.
        """
        pairs: Floats = np.array(self._matches, np.float64).reshape(-1, 2)
        time_s = np.asarray((np.arange(len(pairs)) + 1) * self.cluster_period_s, np.float64)
        return {"time_s": time_s, "achieved": pairs[:, 0], "best": pairs[:, 1]}

    def cluster_frame(self) -> pd.DataFrame:
        """The clusters' series as a tidy table: time_s, cluster, and the columns of :meth:`cluster_series`."""
        import pandas as pd

        series = self.cluster_series()
        sizes = [len(rows) for rows in series["size"]]
        columns: dict[str, Any] = {
            "time_s": np.repeat(series["time_s"], sizes),
            "cluster": np.concatenate([np.arange(n) for n in sizes]) if sizes else np.zeros(0, np.int64),
        }
        for name, values in series.items():
            if name != "time_s":
                columns[name] = np.concatenate(values) if values else np.zeros(0)
        return pd.DataFrame(columns)

    def task_log(self) -> pd.DataFrame:
        """The sampled tasks, one row each: their key, the time of each stage in s, node, cluster, agent's row.

        ``attempts`` counts how often an agent began it; ``reason`` is why it was dropped. Times of stages that it
        did not reach are NaN; of stages reached more than once the last time stands.
        """
        import pandas as pd

        if not self._log:
            return pd.DataFrame(
                columns=["uid", *STAGES, "entry", "home", "cluster", "row", "attempts", "reason"]
            )
        uid, stage, time, place = (np.concatenate(parts) for parts in zip(*self._log, strict=True))
        order = np.argsort(time, kind="stable")
        uid, stage, time, place = uid[order], stage[order], time[order], place[order]
        keys, row = np.unique(uid, return_inverse=True)
        out: dict[str, Any] = {"uid": keys}
        for i, name in enumerate(STAGES):
            at = np.full(len(keys), np.nan)
            mine = stage == i
            at[row[mine]] = time[mine]
            out[name] = at
        for name, i in (("entry", 0), ("home", 3), ("cluster", 6), ("row", 7), ("reason_code", 9)):
            where = np.full(len(keys), -1, np.int64)
            mine = stage == i
            where[row[mine]] = place[mine]
            out[name] = where
        out["attempts"] = np.bincount(row[stage == 7], minlength=len(keys))
        names = {int(c): c.name.lower().removeprefix("dropped_") for c in Count}
        out["reason"] = [names[int(c)] if c >= 0 else "" for c in out.pop("reason_code")]
        return pd.DataFrame(out)

    def log_back(self, ticks: int) -> list[tuple[Ints, Ints, Floats, Ints]]:
        """The last entries of the log of sampled tasks, the newest tick first: keys, stages, times in s, places.

        Args:
            ticks: of ticks in which there are entries, at most so many.
        """
        return list(reversed(self._log[-ticks:]))

    def write(self, folder: Path, extra: dict[str, str] | None = None) -> list[Path]:
        """Write ``records.parquet``, ``clusters.parquet`` and, if tasks were sampled, ``tasks.parquet``.

        Each file is written beside its place and moved there whole; schema version and units stand in its
        metadata.

        Raises:
            ConfigError: if the folder cannot be written.
        """
        tables: list[tuple[str, pd.DataFrame]] = [
            ("records.parquet", self.frame()),
            ("clusters.parquet", self.cluster_frame()),
        ]
        if self._log:
            tables.append(("tasks.parquet", self.task_log()))
        return [write_parquet(folder / name, table, self.dt, extra or {}) for name, table in tables]

    def joined(self, parts: list[dict[str, Any]], owner: Ints) -> Records:
        """These records with the series and logs of all parts of the fleet, which each part has for itself.

        Args:
            parts: :meth:`arrays` of each part.
            owner: `[Q]` part that holds each cluster.
        """
        whole = copy.copy(self)
        whole._clusters, whole._nodes, whole._log = [], [], []
        whole._matches = list(np.sum([part["matches"] for part in parts], axis=0))
        for i in range(len(self._clusters)):
            rows = [part[f"clusters.{i}"] for part in parts]
            series = np.zeros((len(CLUSTER_COLUMNS), sum(r.shape[1] for r in rows)), np.int64)
            for rank, mine in enumerate(rows):
                series[:, np.flatnonzero(owner[: series.shape[1]] == rank)] = mine
            whole._clusters.append(series)
            whole._nodes.append(np.sum([part[f"nodes.{i}"] for part in parts], axis=0))
        for part in parts:
            if "log.uid" in part:
                whole._log.append(tuple(part[f"log.{name}"] for name in ("uid", "stage", "time", "place")))
        return whole

    def until(self, time_s: float) -> Records:
        """These records as they stood at a time, in s, on the same arrays: for looking back, not for going on.

        Histograms end with the last whole window before that time.
        """
        part = copy.copy(self)
        part.ticks = ticks = min(max(math.floor(time_s / self.dt + 1e-9), 0), self.ticks)
        if ticks == self.ticks:
            return part
        part._counts, part._floats = self._counts[:ticks], self._floats[:ticks]
        part._windows = self._windows[: ticks // self._window_ticks]
        part._window = np.zeros_like(self._window)
        periods = ticks // self._period_ticks
        part._clusters, part._nodes = self._clusters[:periods], self._nodes[:periods]
        part._matches = self._matches[:periods]
        until = [(entry, entry[2] <= ticks * self.dt) for entry in self._log]
        part._log = [tuple(column[seen] for column in entry) for entry, seen in until if seen.any()]
        return part

    def arrays(self) -> dict[str, np.ndarray[Any, Any]]:
        """All that a checkpoint must hold, by name."""
        out: dict[str, np.ndarray[Any, Any]] = {
            "counts": self._counts[: self.ticks],
            "floats": self._floats[: self.ticks],
            "window": self._window,
            "windows": self.windows().astype(np.int32),
        }
        for i, rows in enumerate(self._clusters):
            out[f"clusters.{i}"] = rows
        for i, rows in enumerate(self._nodes):
            out[f"nodes.{i}"] = rows
        out["matches"] = np.array(self._matches).reshape(-1, 2)
        if self._log:
            for name, parts in zip(
                ("uid", "stage", "time", "place"), zip(*self._log, strict=True), strict=True
            ):
                out[f"log.{name}"] = np.concatenate(parts)
        return out

    def restore(self, arrays: dict[str, np.ndarray[Any, Any]]) -> None:
        """Take back what :meth:`arrays` gave."""
        self.ticks = len(arrays["counts"])
        size = max(256, self.ticks)
        self._counts = np.zeros((size, integer_columns()), np.int64)
        self._floats = np.zeros((size, float_columns()))
        self._counts[: self.ticks] = arrays["counts"]
        self._floats[: self.ticks] = arrays["floats"]
        self._window = arrays["window"].copy()
        self._windows = [w.copy() for w in arrays["windows"]]
        for name, target in (("clusters", self._clusters), ("nodes", self._nodes)):
            target.clear()
            while f"{name}.{len(target)}" in arrays:
                target.append(arrays[f"{name}.{len(target)}"].copy())
        self._matches = list(arrays["matches"])
        self._log = []
        if "log.uid" in arrays:
            self._log = [tuple(arrays[f"log.{n}"].copy() for n in ("uid", "stage", "time", "place"))]


def _gains(cumulative: list[Ints]) -> list[Ints]:
    """Differences of cumulative rows whose length may grow."""
    out = []
    for i, now in enumerate(cumulative):
        gain = now.copy()
        if i:
            gain[: len(cumulative[i - 1])] -= cumulative[i - 1]
        out.append(gain)
    return out
