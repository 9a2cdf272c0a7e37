"""The folder of a race as frames: its frontier, and costs at equal violations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ....errors import ConfigError, UnknownChoiceError
from ...race_report import FULL_AXES
from ...race_tables import relative, share

if TYPE_CHECKING:
    import pandas as pd
    from plotly.graph_objects import Figure

FILES = {
    "race": ("frontier.parquet", "table_a.parquet"),
    "full race": ("full_frontier.parquet", "full_equal.parquet"),
}
"""By kind: the runs, and costs at equal violations."""
PAGES = {"race": "race.html", "full race": "full_race.html"}
"""By kind: the report."""
STORE = "store"


@dataclass(frozen=True, slots=True, eq=False)
class RaceFrames:
    """A race that was run.

    Attributes:
        kind: ``race`` or ``full race``.
        cells: one row for each trace, policy, value of its knob and part.
        equal: one row for each trace, policy and share of violations.
    """

    kind: str
    cells: pd.DataFrame
    equal: pd.DataFrame

    @property
    def traces(self) -> list[str]:
        """Names of the traces, in the race's order."""
        return [str(name) for name in dict.fromkeys(self.cells["trace"])]

    @property
    def runs(self) -> int:
        """Runs that were made."""
        return int((self.cells["part"] == "score").sum())

    def frontier(self, trace: str) -> Figure:
        """Cost over violations on a trace, as in the race's report.

        Raises:
            UnknownChoiceError: if it was not raced on.
        """
        from ...figures.frontier import frontier_figure

        if trace not in self.traces:
            raise UnknownChoiceError("trace of this race", trace, self.traces)
        if self.kind == "full race":
            return frontier_figure(self.cells, trace, {}, *FULL_AXES)
        mine = self.equal[self.equal["trace"] == trace].groupby("violation")["bound"].first()
        return frontier_figure(self.cells, trace, {float(str(v)): float(b) for v, b in mine.items()})

    def table(self, trace: str) -> list[tuple[str, ...]]:
        """A row for each policy: cost relative to the oracle's at up to three equal shares of violations."""
        mine = self.equal[self.equal["trace"] == trace]
        shares = sorted(set(mine["violation"]))[:SHARES]
        costs = {(p, v): c for p, v, c in zip(mine["policy"], mine["violation"], mine["cost"], strict=True)}
        return [
            (str(policy), *(f"{relative(costs[policy, v])} at {share(v)}" for v in shares))
            for policy in dict.fromkeys(mine["policy"])
        ]


SHARES = 3
"""Shares of violations that the table shows, the smallest ones."""


def race_kinds(folder: Path) -> list[str]:
    """The races that a folder holds: each fidelity that was written out, or one that is still in its store alone."""
    done = [kind for kind, (cells, _) in FILES.items() if (folder / cells).is_file()]
    return done or (["race"] if _runs_in_store(folder) else [])


def _runs_in_store(folder: Path) -> bool:
    store = folder / STORE
    return store.is_dir() and any(path.suffix in (".json", ".npz") for path in store.iterdir())


def read_race(folder: Path, kind: str) -> RaceFrames:
    """The frames of a race.

    Raises:
        ConfigError: if they are not there yet, or cannot be read.
    """
    import pandas as pd

    try:
        cells, equal = (pd.read_parquet(folder / name) for name in FILES[kind])
        made = RaceFrames(kind, cells, equal)
        for frame, names in (
            (cells, ("policy", "violation", "cost_per_oracle")),
            (equal, ("violation", "cost")),
        ):
            for name in names:
                frame[name]
        _ = made.runs, made.traces
    except FileNotFoundError:
        raise ConfigError("the race is not over: its tables come at its end") from None
    except KeyError as error:
        raise ConfigError(f"{folder.name}: no race's table: there is no column {error}") from None
    except (OSError, ValueError) as error:
        raise ConfigError(f"{folder.name}: cannot be read: {str(error).splitlines()[0]}") from None
    return made
