"""What a search found: the best feasible setting or the front, how sure that is, and how much it gains on the base."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import require
from ..model.config import Config
from ..model.files import write_whole
from .analysis.paired import figures
from .analysis.pareto import dominated
from .plan import Plan, RunId, Setting
from .search import Search
from .store import Store
from .verdict import FEASIBLE, Verdict

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class Gain:
    """What a setting gains on the base under the same seeds.

    Attributes:
        outcome: of both.
        base: the base's mean, NaN if a run of it did not end well.
        difference: mean of the setting's values - the base's, pair by pair.
        low: lower end of its 95 % interval (Student's), NaN with one replication.
        high: upper end.
        relative: difference / size of the base's mean.
    """

    outcome: str
    base: float
    difference: float
    low: float
    high: float
    relative: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuned:
    """A search, over or stopped.

    Attributes:
        store: where its runs are; setting 0 is the base, setting n trial n.
        search: what was sought.
        verdicts: on the base and then on each trial that is over.
        computed: runs that this call made.
        kept: runs that were there.
    """

    store: Store
    search: Search
    verdicts: tuple[Verdict, ...]
    computed: int
    kept: int

    @property
    def plan(self) -> Plan:
        """The plan with all settings that were tried."""
        return self.store.plan

    @property
    def complete(self) -> bool:
        """Whether all trials are over."""
        return len(self.verdicts) > self.search.trials

    @property
    def base(self) -> Verdict | None:
        """The verdict on the base; None if the first batch is not over."""
        return self.verdicts[0] if self.verdicts else None

    @property
    def trials(self) -> tuple[Verdict, ...]:
        """The verdicts on the trials, in order."""
        return self.verdicts[1:]

    @property
    def feasible(self) -> list[Verdict]:
        """Trials that keep all constraints."""
        return [verdict for verdict in self.trials if verdict.state == FEASIBLE]

    @property
    def front(self) -> list[Verdict]:
        """Feasible trials that no other one beats, by the first objective; with one objective, the best alone.

        Of trials that are alike the first stands.
        """
        points = np.array([self._point(verdict) for verdict in self.feasible])
        if not len(points):
            return []
        _, first = np.unique(points, axis=0, return_index=True)
        beaten = dominated(points[first])
        kept = [self.feasible[i] for i, out in zip(first, beaten, strict=True) if not out]
        return sorted(kept, key=lambda verdict: (self._point(verdict), verdict.setting))

    @property
    def best(self) -> Verdict | None:
        """The feasible trial with the best first objective; None if there is none."""
        front = self.front
        return front[0] if front else None

    def setting(self, verdict: Verdict) -> Setting:
        """What a trial changed."""
        return self.store.settings[verdict.setting]

    def config(self, verdict: Verdict) -> Config:
        """The config of a trial, for ``swarmscale run``."""
        config = self.plan.config(RunId(verdict.setting, 0))
        return config.changed(name=f"{self.store.name}-trial-{verdict.setting}")

    def gains(self, verdict: Verdict) -> list[Gain]:
        """What a trial gains on the base, objective by objective."""
        base = self.base
        assert base is not None
        found = []
        for objective in self.search.objectives:
            told = figures(base.values[objective.outcome], verdict.values[objective.outcome], resamples=100)
            found.append(
                Gain(
                    outcome=objective.outcome,
                    base=told["baseline_mean"],
                    difference=told["difference"],
                    low=told["low"],
                    high=told["high"],
                    relative=told["relative"],
                )
            )
        return found

    def frame(self) -> pd.DataFrame:
        """One row a trial: number, state, factors, then mean and interval of each outcome, and slacks.

        The base is the row with trial 0.
        """
        import pandas as pd

        rows = []
        for verdict in self.verdicts:
            row: dict[str, Any] = {"trial": verdict.setting, "state": verdict.state}
            row |= {
                f"set.{factor.key}": self.setting(verdict).get(factor.key) for factor in self.search.factors
            }
            for outcome in self.search.outcomes:
                low, high = verdict.interval(outcome)
                row |= {outcome: verdict.means[outcome], f"{outcome}.low": low, f"{outcome}.high": high}
            for constraint in self.search.constraints:
                row[f"slack.{constraint}"] = constraint.slack(verdict.means[constraint.outcome])
            rows.append(row)
        return pd.DataFrame(rows)

    def failures(self) -> dict[int, tuple[str, int]]:
        """By trial that failed: why (the first run's error) and how many of its runs did not end well."""
        errors = self.store.errors()
        found: dict[int, tuple[str, int]] = {}
        for run, error in sorted(errors.items()):
            first, count = found.get(run.setting, (error.split("\n")[0], 0))
            found[run.setting] = (first, count + 1)
        return {n: why for n, why in found.items() if n < len(self.verdicts)}

    def write(self, folder: Path) -> list[Path]:
        """Write ``trials.csv``, and ``best.toml``, or for several objectives the front's configs in ``front/``.

        Raises:
            ConfigError: if the folder cannot be written.
        """
        require(len(self.verdicts) > 0, "trials", "none", "at least one batch that is over")
        frame = self.frame()
        paths = [folder / "trials.csv"]
        write_whole(paths[0], lambda part: frame.to_csv(part, index=False))
        single = len(self.search.objectives) == 1
        for verdict in self.front:
            name = "best.toml" if single else f"front/trial-{verdict.setting}.toml"
            text = self.config(verdict).toml()
            write_whole(folder / name, _writes(text))
            paths.append(folder / name)
        return paths

    def _point(self, verdict: Verdict) -> tuple[float, ...]:
        """The objectives' means, less is better."""
        return tuple(o.sign * verdict.means[o.outcome] for o in self.search.objectives)


def _writes(text: str) -> Any:
    return lambda part: part.write_text(text, encoding="utf-8")
