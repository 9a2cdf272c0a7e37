"""Rates of a calibration with exact intervals: false alarms, power, abstentions, delays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ....arrays import Floats
from ...intervals import clopper_pearson
from .run import Calibration

if TYPE_CHECKING:
    import pandas as pd

LEVEL = 0.05
"""Level at which a statistic's p is judged here, whatever the level at which its detector uses it."""


def one_sided(hits: int, runs: int, level: float) -> tuple[float, float]:
    """Lower and upper limit of a chance, each of which errs with ``1 - level``."""
    low, high = clopper_pearson(hits, runs, 2 * level - 1)
    return float(low), float(high)


def statistic_rates(calibration: Calibration, kind: str) -> pd.DataFrame:
    """Share of runs in whose last window each statistic's p is at most .05, of those in which it spoke.

    Args:
        calibration: what came out.
        kind: "null", "power" or "graph".

    Returns:
        One row a case, number of parts and statistic: ``runs``, ``spoken``, ``hits``, ``rate``, ``low`` and ``high``
        (95 %), ``abstained`` (share), ``rejected`` (share at the detector's own level), ``upper`` (share of those
        that spoke with p at most .05 above the null's mean), ``observed`` (median).
    """
    table = calibration.statistics
    table = table[table["kind"] == kind]
    last = table.groupby(["case", "parts", "repetition"], sort=False)["window"].transform("max")
    table = table[table["window"] == last] if kind == "null" else table[table["window"] == 0]
    keys = ["parts", "case", "detector", "statistic"]
    spoken = ~table["abstained"]
    hit = spoken & (table["p"] <= LEVEL)
    table = table.assign(spoken=spoken, hit=hit, rise=hit & table["above"], own=spoken & table["rejected"])
    groups = table.groupby(keys, sort=False)
    out = groups.agg(
        runs=("hit", "size"),
        spoken=("spoken", "sum"),
        hits=("hit", "sum"),
        own=("own", "sum"),
        rises=("rise", "sum"),
        observed=("observed", "median"),
    ).reset_index()
    for name, count in (("rate", "hits"), ("rejected", "own"), ("upper", "rises")):
        out[name] = _share(out[count], out["spoken"])
    out["abstained"] = 1 - _share(out["spoken"], out["runs"])
    out["low"], out["high"] = clopper_pearson(out["hits"].to_numpy(), out["spoken"].to_numpy())
    return out


def finding_rates(calibration: Calibration, kind: str) -> pd.DataFrame:
    """Share of runs of three windows in which each detector's finding persisted.

    Returns:
        One row a case, number of parts and detector: ``runs``, ``found``, ``rate``, ``low``, ``high`` (95 %), and
        ``first`` (share of all runs whose first window shows it), ``labeled`` (share with a label instead).
    """
    keys = ["parts", "case", "detector"]
    table = calibration.findings
    table = table[(table["kind"] == kind) & (table["windows"] >= 3)]
    groups = table.groupby(keys, sort=False)
    out = groups.agg(
        runs=("found", "size"), found=("found", "sum"), labeled=("labeled", "mean")
    ).reset_index()
    out["rate"] = _share(out["found"], out["runs"])
    out["low"], out["high"] = clopper_pearson(out["found"].to_numpy(), out["runs"].to_numpy())
    windows = calibration.statistics
    windows = windows[(windows["kind"] == kind) & (windows["window"] == 0)]
    first = windows.groupby([*keys, "repetition"])["found"].first().groupby(keys).mean().rename("first")
    return out.merge(first.reset_index(), on=keys, how="left")


def delays(calibration: Calibration) -> pd.DataFrame:
    """Windows from onset to the first persistent finding and from offset to its withdrawal.

    Returns:
        One row a case, number of parts and detector: ``runs``, ``found`` (share), ``median`` and ``p90`` of the delay
        over all runs (infinite where it was not found), ``withdrawn`` (share of those found), ``end_median`` and
        ``end_p90``.
    """
    table = calibration.findings
    table = table[table["kind"] == "delay"]
    rows = []
    for keys, group in table.groupby(["parts", "case", "detector"], sort=False):
        delay = group["delay"].to_numpy(np.float64)
        end = group["withdrawal"].to_numpy(np.float64)
        end = end[np.isfinite(delay)]
        row = dict(zip(("parts", "case", "detector"), keys, strict=True))
        row |= {"runs": len(delay), "found": float(np.isfinite(delay).mean())}
        row |= {"median": _quantile(delay, 0.5), "p90": _quantile(delay, 0.9)}
        row |= {"withdrawn": float(np.isfinite(end).mean()) if len(end) else np.nan}
        row |= {"end_median": _quantile(end, 0.5), "end_p90": _quantile(end, 0.9)}
        rows.append(row)
    import pandas as pd

    return pd.DataFrame(rows)


def gate_rates(calibration: Calibration) -> pd.DataFrame:
    """Share of the last windows of each null that the gate lets pass."""
    table = calibration.statistics
    table = table[(table["kind"] == "null") & (table["window"] == 0)]
    runs = table.groupby(["parts", "case", "repetition"], sort=False)["gate"].first()
    return runs.groupby(["parts", "case"], sort=False).mean().rename("passed").reset_index()


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    return part / whole.where(whole > 0)


def _quantile(values: Floats, q: float) -> float:
    """The smallest value that at least a share q does not exceed; NaN of nothing."""
    if not len(values):
        return float("nan")
    return float(np.quantile(values, q, method="inverted_cdf"))
