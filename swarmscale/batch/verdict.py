"""Verdicts: what became of a trial, its means over replications with their intervals, and whether it is feasible."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..arrays import Floats
from ..model.intervals import student_ends
from .run import DONE
from .search import Search

if TYPE_CHECKING:
    import pandas as pd

FEASIBLE, INFEASIBLE, FAILED = STATES = ("feasible", "infeasible", "failed")
"""What may become of a trial."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a setting.

    Attributes:
        setting: its number in the store; trial numbers are the same, and 0 is the base.
        values: `[R]` by outcome: one value a replication, NaN where a run did not end well.
        statuses: how each replication ended.
        state: ``feasible``, ``infeasible``, or ``failed`` if a run did not end well or an outcome has no value.
    """

    setting: int
    values: Mapping[str, Floats]
    statuses: tuple[str, ...]
    state: str

    @property
    def known(self) -> bool:
        """Whether all replications have all outcomes."""
        return self.state != FAILED

    @property
    def means(self) -> dict[str, float]:
        """Mean of each outcome over the replications."""
        return {name: float(values.mean()) for name, values in self.values.items()}

    def interval(self, outcome: str) -> tuple[float, float]:
        """Student's 95 % interval of an outcome's mean; NaN with one replication."""
        low, high = student_ends(self.values[outcome].reshape(1, -1), 0.95)
        return float(low[0]), float(high[0])


def verdicts(
    frame: pd.DataFrame, search: Search, replications: int, settings: Sequence[int]
) -> list[Verdict]:
    """The verdicts on some settings.

    Args:
        frame: the final table.
        search: objectives and constraints.
        replications: that each setting has.
        settings: numbers, in the order wanted.
    """
    groups = dict(tuple(frame.groupby("setting")))
    found = []
    for number in settings:
        rows = groups[number].set_index("replication").reindex(range(replications))
        done = (rows["status"] == DONE).to_numpy(bool)
        values = {name: np.where(done, rows[name].to_numpy(np.float64), np.nan) for name in search.outcomes}
        known = all(np.isfinite(v).all() for v in values.values())
        means = {name: float(v.mean()) for name, v in values.items()}
        state = (FEASIBLE if search.feasible(means) else INFEASIBLE) if known else FAILED
        found.append(
            Verdict(setting=number, values=values, statuses=tuple(rows["status"].fillna("")), state=state)
        )
    return found
