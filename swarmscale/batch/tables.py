"""A race's tables: frontiers of cost over violations, and what each policy does at its default."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ..model.scaling.frontier import cost_at
from .knobs import Entrant, Variant

DEFAULT = "quantile"
"""The policy whose savings are told."""

BASELINES = ("hpa", "seed", "kpa", "static")
"""Those against which they are told."""


def cell_rows(cells: Iterable[tuple[str, Entrant, Variant, Mapping[str, Any]]]) -> pd.DataFrame:
    """One row for each run and part: trace, policy, knob, its value, whether it is the default, part, figures."""
    rows = []
    for trace, entrant, variant, figures in cells:
        for part in ("fit", "score"):
            rows.append(
                {
                    "trace": trace,
                    "policy": entrant.name,
                    "knob": entrant.knob.label if entrant.knob else "",
                    "value": np.nan if variant.value is None else variant.value,
                    "default": variant.default,
                    "part": part,
                    **figures[part],
                }
            )
    return pd.DataFrame(rows)


def table_a(
    cells: pd.DataFrame, bounds: Mapping[str, Mapping[str, float]], violations: Sequence[float]
) -> pd.DataFrame:
    """Cost at equal violations, relative to the oracle's, of each policy on each trace.

    Args:
        cells: from :func:`cell_rows`.
        bounds: for each trace, the relaxed bound relative to the oracle by the text of the violation.
        violations: shares of work.

    Returns:
        Columns ``trace``, ``policy``, ``violation``; ``cost``: on the frontier of the scored part itself, infinity
        where no value of the knob violates as little; ``chosen``: the knob's cheapest value among those that violate
        no more in the part before; ``chosen_cost`` and ``chosen_violation``: what it then does in the scored part;
        ``bound``: what perfect foresight pays that may violate as much.
    """
    rows = []
    for (trace, policy), group in cells.groupby(["trace", "policy"], sort=False):
        fit, scored = (group[group["part"] == part].reset_index(drop=True) for part in ("fit", "score"))
        v, c = (scored[name].to_numpy(np.float64) for name in ("violation", "cost_per_oracle"))
        for violation in violations:
            rows.append(
                {
                    "trace": trace,
                    "policy": policy,
                    "violation": violation,
                    "cost": cost_at(violation, v, c),
                    **_chosen(fit, scored, violation),
                    "bound": bounds[str(trace)].get(str(violation), np.nan),
                }
            )
    return pd.DataFrame(rows)


def _chosen(fit: pd.DataFrame, scored: pd.DataFrame, violation: float) -> dict[str, float]:
    """The knob chosen on the first part, and what it does in the second; rows of both belong together."""
    within = fit.index[fit["violation"] <= violation]
    if not len(within):
        return {"chosen": np.nan, "chosen_cost": np.inf, "chosen_violation": np.nan}
    row = scored.loc[fit.loc[within, "cost_per_oracle"].idxmin()]
    return {
        "chosen": row["value"],
        "chosen_cost": row["cost_per_oracle"],
        "chosen_violation": row["violation"],
    }


def savings(equal: pd.DataFrame, policy: str = DEFAULT, baselines: Sequence[str] = BASELINES) -> pd.DataFrame:
    """What a policy saves against baselines at equal violations.

    Args:
        equal: from :func:`table_a`.
        policy: who saves; without it in the race the table is empty.
        baselines: whom it is compared with, those of them that race.

    Returns:
        Columns ``trace``, ``violation``, ``policy``, ``baseline``; ``saving``: 1 - cost / cost of the baseline, below
        0 where the policy is dearer, NaN where either violates more at every value of its knob.
    """
    places = list(zip(equal["trace"], equal["violation"], strict=True))
    costs = dict(zip(zip(places, equal["policy"], strict=True), equal["cost"], strict=True))
    rows = []
    for place in dict.fromkeys(places):
        for baseline in baselines:
            if (place, policy) in costs and (place, baseline) in costs:
                mine, other = float(costs[place, policy]), float(costs[place, baseline])
                both = np.isfinite(mine) and np.isfinite(other)
                rows.append((*place, policy, baseline, 1 - mine / other if both else np.nan))
    return pd.DataFrame(rows, columns=["trace", "violation", "policy", "baseline", "saving"])


def table_b(cells: pd.DataFrame) -> pd.DataFrame:
    """What each policy does at its default knob on each trace, over the scored part."""
    rows = cells[cells["default"] & (cells["part"] == "score")]
    return rows.drop(columns=["default", "part"]).reset_index(drop=True)


def over_traces(frame: pd.DataFrame, column: str, how: str = "median") -> pd.Series[float]:
    """A column's median (or ``max``) over the traces for each policy, in the policies' order."""
    grouped = frame.groupby("policy", sort=False)[column]
    return grouped.max() if how == "max" else grouped.median()
