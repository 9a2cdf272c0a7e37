"""How much each factor of a search mattered to an objective, by PED-ANOVA over the trials."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .factors import Listed
from .samplers import imported

if TYPE_CHECKING:
    from .factors import Factor
    from .search import Objective
    from .tuned import Tuned

FEWEST = 10
"""Trials below which nothing is said."""


def importances(tuned: Tuned, objective: Objective) -> dict[str, float]:
    """Share of each factor in telling the best tenth of the trials from the rest; empty with too few trials.

    Failed trials are left out; infeasible ones count, since it is the objective alone that is explained.

    Args:
        tuned: the search.
        objective: one of its objectives.

    Source:
        Watanabe, Bansal & Hutter, *PED-ANOVA: Efficiently Quantifying Hyperparameter Importance in Arbitrary
        Subspaces*, IJCAI (2023), as Optuna has it.
    """
    known = [verdict for verdict in tuned.trials if verdict.known]
    values = [verdict.means[objective.outcome] for verdict in known]
    if len(known) < FEWEST or len(set(values)) < 2:
        return {}
    optuna = imported()
    study = optuna.create_study(direction=objective.direction)
    for verdict, value in zip(known, values, strict=True):
        setting = tuned.setting(verdict)
        held = [factor for factor in tuned.search.factors if factor.key in setting]
        study.add_trial(
            optuna.trial.create_trial(
                value=value,
                params={factor.key: _told(factor, setting[factor.key]) for factor in held},
                distributions={factor.key: _distribution(optuna, factor) for factor in held},
            )
        )
    found = optuna.importance.get_param_importances(study)
    return {str(key): float(share) for key, share in found.items()}


def _told(factor: Factor, value: Any) -> Any:
    return json.dumps(value, sort_keys=True) if isinstance(factor, Listed) else value


def _distribution(optuna: Any, factor: Factor) -> Any:
    kinds = optuna.distributions
    if isinstance(factor, Listed):
        return kinds.CategoricalDistribution([_told(factor, value) for value in factor.values])
    if factor.whole:
        return kinds.IntDistribution(int(factor.low), int(factor.high), log=factor.log)
    return kinds.FloatDistribution(float(factor.low), float(factor.high), log=factor.log)
