"""Proposals: which settings a search tries next, batch by batch, given what became of those before."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..errors import ConfigError
from ..model.config import Config
from ..model.door import strategy_tables
from .factors import Factor, Listed
from .plan import Setting, applies, said
from .samplers import imported
from .search import Search
from .verdict import Verdict

RUNS = "runs that did not end well"
_WORST = 1e6
_TRIES = 24


class Proposals:
    """The course of a search: the same search and the same verdicts, in order, always give the same proposals.

    Nothing of it is stored: who told it everything from the start has it again. A strategy's key is chosen before
    its settings, and those that do not apply are not chosen at all.

    Attributes:
        search: what is sought.
    """

    def __init__(self, search: Search, base: Config, fixed: Setting) -> None:
        """Nothing is told yet.

        Args:
            search: what is sought.
            base: the config that settings change.
            fixed: dotted keys that hold in all of them.
        """
        self.search = search
        self._optuna = imported()
        self._base, self._fixed = base, fixed
        self._order = ordered(search.factors)
        self._study = self._optuna.create_study(
            directions=[objective.direction for objective in search.objectives],
            sampler=search.sampler.made(self._optuna, search.seed),
        )
        self._asked: list[Any] = []

    def ask(self) -> list[dict[str, Any]]:
        """The settings of the next batch."""
        self._asked = [self._study.ask() for _ in range(self.search.batch)]
        return [self._setting(trial) for trial in self._asked]

    def tell(self, verdicts: Sequence[Verdict]) -> None:
        """What became of the batch, or of its first settings if the rest will not be tried."""
        for trial, verdict in zip(self._asked, verdicts, strict=False):
            trial.set_constraint(RUNS, 0.0 if verdict.known else _WORST)
            for number, constraint in enumerate(self.search.constraints):
                mean = verdict.means[constraint.outcome]
                excess = constraint.excess(mean) if verdict.known else _WORST
                trial.set_constraint(f"{number} {constraint}", excess)
            values = [verdict.means[o.outcome] if verdict.known else 0.0 for o in self.search.objectives]
            self._study.tell(trial, values)

    def _setting(self, trial: Any) -> dict[str, Any]:
        setting: dict[str, Any] = {}
        for factor in self._order:
            if applies(factor.key, {**self._fixed, **setting}, self._base):
                setting[factor.key] = _suggested(trial, factor)
        return {f.key: setting[f.key] for f in self.search.factors if f.key in setting}


def ordered(factors: Sequence[Factor]) -> list[Factor]:
    """Strategies' own keys first, since they decide which other keys apply."""
    tables = strategy_tables(Config)
    return sorted(factors, key=lambda factor: factor.key not in tables)


def _suggested(trial: Any, factor: Factor) -> Any:
    if isinstance(factor, Listed):
        texts = [json.dumps(value, sort_keys=True) for value in factor.values]
        return factor.values[texts.index(trial.suggest_categorical(factor.key, texts))]
    if factor.whole:
        return trial.suggest_int(factor.key, int(factor.low), int(factor.high), log=factor.log)
    return float(trial.suggest_float(factor.key, float(factor.low), float(factor.high), log=factor.log))


def require_same(proposed: Sequence[Setting], there: Sequence[Setting], first: int) -> None:
    """Refuse stored trials that this search would not have chosen: another version of Optuna chose them.

    Args:
        proposed: settings of a batch.
        there: those that are stored, fewer or more.
        first: number of the batch's first trial.

    Raises:
        ConfigError: naming the first that differs.
    """
    for number, (mine, theirs) in enumerate(zip(proposed, there, strict=False), first):
        if mine != theirs:
            raise ConfigError(
                f"trial {number} is {said(theirs)} in the folder, but this version of Optuna chooses {said(mine)}; "
                "choose another folder, or go on with the version that began"
            )


def check_factors(search: Search, base: Config, fixed: Setting) -> None:
    """Refuse a factor that can never be used: unknown, of no strategy in the search, or with an end out of range.

    Each factor's ends are tried, or all its values, with some draws of the other factors.

    Raises:
        ConfigError: naming the factor.
    """
    rng = np.random.default_rng(search.seed)
    for factor in search.factors:
        if factor.key in fixed:
            raise ConfigError(
                f"search.over.{factor.key}: is set in [set] as well; it is either set or searched"
            )
        values = factor.values if isinstance(factor, Listed) else factor.at(np.array([0.0, 1.0]))
        for value in values:
            _check_value(search, factor, value, base, fixed, rng)


def _check_value(
    search: Search, factor: Factor, value: Any, base: Config, fixed: Setting, rng: np.random.Generator
) -> None:
    refusal: ConfigError | None = None
    for _ in range(_TRIES):
        drawn = {f.key: f.at(rng.random(1))[0] for f in search.factors} | {factor.key: value}
        setting = {key: v for key, v in drawn.items() if applies(key, {**fixed, **drawn}, base)}
        if factor.key not in setting:
            continue
        try:
            base.changed(fixed, setting)
        except ConfigError as error:
            refusal = error
        else:
            return
    never = ConfigError(f"search.over.{factor.key}: applies to no strategy that the search may choose")
    raise refusal or never
