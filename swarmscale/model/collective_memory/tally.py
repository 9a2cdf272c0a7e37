"""The accounts of the collective memory: operations, staleness, convergence, messages, calibration."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from ...arrays import Bools, Floats, Ints
from ..flow.ledger import BINS, bin_edges
from .base import DONE, GAVE_UP, READ, REFUSED, WRITE, Outcome
from .facts import RELATIONS

if TYPE_CHECKING:
    import pandas as pd

COUNTS = (
    "writes", "reads", "refused_writes", "refused_reads", "gave_up_writes", "gave_up_reads", "stale", "write_s",
    "read_s", "converged", "convergence_s", "messages", "delivered", "message_bytes", "message_s", "judged",
    "squared_error",
)  # fmt: skip
"""What is counted: operations done, refused at once and given up; stale reads; summed seconds of writes, of reads and
from write to convergence; writes that converged; messages, those delivered, their bytes and seconds; beliefs read of
which the truth is known, and their summed squared error."""

SERIES = (
    "time_s",
    "facts",
    "bytes",
    "stale_share",
    "refused",
    "convergence_s",
    "write_ms",
    "brier",
    "efficiency",
)
_AT = {name: i for i, name in enumerate(COUNTS)}


def share(part: float, whole: float) -> float:
    """Part over whole; NaN where the whole is 0."""
    return part / whole if whole else float("nan")


@dataclass(slots=True)
class Tally:
    """What was counted since the start, and a row for each period.

    Attributes:
        count: `[len(COUNTS)]` since the start.
        marked: the same at the last row.
        write_hist: `[1024]` latencies of writes in the bins of :func:`bin_edges`.
        convergence_hist: `[1024]` times to convergence in the same.
        judged: `[9, 3]` for each relation: beliefs judged, those of facts that held, summed squared error.
        rows: `[P, len(SERIES)]`.
    """

    count: Floats = field(default_factory=lambda: np.zeros(len(COUNTS)))
    marked: Floats = field(default_factory=lambda: np.zeros(len(COUNTS)))
    write_hist: Ints = field(default_factory=lambda: np.zeros(BINS, np.int64))
    convergence_hist: Ints = field(default_factory=lambda: np.zeros(BINS, np.int64))
    judged: Floats = field(default_factory=lambda: np.zeros((len(RELATIONS), 3)))
    rows: Floats = field(default_factory=lambda: np.zeros((0, len(SERIES))))

    def add(self, outcome: Outcome, converged_s: Floats) -> None:
        """Count what came of a span, and the times of the writes that converged in it, s."""
        took = outcome.done_s - outcome.ended.start_s
        for kind, name in ((WRITE, "write"), (READ, "read")):
            mine = outcome.ended.kind == kind
            done = mine & (outcome.status == DONE)
            self._count(f"{name}s", done.sum())
            self._count(f"refused_{name}s", (mine & (outcome.status == REFUSED)).sum())
            self._count(f"gave_up_{name}s", (mine & (outcome.status == GAVE_UP)).sum())
            self._count(f"{name}_s", took[done].sum())
            if kind == WRITE:
                self.write_hist += _hist(took[done])
        self._count("stale", (outcome.stale & (outcome.status == DONE)).sum())
        self._count("converged", len(converged_s))
        self._count("convergence_s", converged_s.sum())
        self.convergence_hist += _hist(converged_s)
        for name, amount in zip(
            ("messages", "delivered", "message_bytes", "message_s"), outcome.messages, strict=True
        ):
            self._count(name, amount)

    def judge(self, relation: Ints, belief: Floats, truth: Bools) -> None:
        """Count beliefs whose truth is known."""
        np.add.at(
            self.judged, relation, np.stack([np.ones(len(belief)), truth, (belief - truth) ** 2], axis=1)
        )
        self._count("judged", len(belief))
        self._count("squared_error", ((belief - truth) ** 2).sum())

    def row(self, time_s: float, facts: int, size: int, efficiency: float) -> None:
        """Close a period: facts and bytes held, s."""
        new = self.count - self.marked
        values = (
            time_s, facts, size, share(new[_AT["stale"]], new[_AT["reads"]]), _refusals(new),
            share(new[_AT["convergence_s"]], new[_AT["converged"]]),
            1000 * share(new[_AT["write_s"]], new[_AT["writes"]]),
            share(new[_AT["squared_error"]], new[_AT["judged"]]), efficiency,
        )  # fmt: skip
        self.rows = np.concatenate([self.rows, np.array([values], np.float64)])
        self.marked = self.count.copy()

    def of(self, name: str) -> float:
        """One count since the start."""
        return float(self.count[_AT[name]])

    def refused(self) -> int:
        """Operations refused or given up since the start."""
        return int(_refusals(self.count))

    def frame(self) -> pd.DataFrame:
        """The rows as a tidy table."""
        import pandas as pd

        table = pd.DataFrame(self.rows, columns=list(SERIES))
        return table.astype({"facts": np.int64, "bytes": np.int64, "refused": np.int64})

    def _count(self, name: str, amount: float) -> None:
        self.count[_AT[name]] += amount


def quantile_s(hist: Ints, at: float) -> float:
    """Time below which a share of a histogram lies, s: the upper edge of its bin; NaN where nothing was counted."""
    run = np.cumsum(hist)
    if not run[-1]:
        return float("nan")
    i = int(np.searchsorted(run, at * run[-1]))
    return float(bin_edges()[i + 1]) if i else 0.0


def _hist(seconds: Floats) -> Ints:
    return np.asarray(np.histogram(seconds, bin_edges())[0], np.int64)


def _refusals(count: Floats) -> float:
    names = ("refused_writes", "refused_reads", "gave_up_writes", "gave_up_reads")
    return float(sum(count[_AT[name]] for name in names))
