"""What chaos runs come to: tables of figures with 95 % intervals over runs, by case, by layer and by fault."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Floats
from ..model.flow.ledger import DROPS
from ..model.intervals import Figure, mean_over_runs, share_over_runs, student_ends
from ..model.resilience.frames import told_frame
from ..model.resilience.incidents import LAYERS, IncidentLog
from ..model.resilience.measures import Tally, by_fault, by_layer, tally
from .analysis.intervals import chosen_ends, intervals
from .chaos import OUTCOMES, Case, Chaos

if TYPE_CHECKING:
    import pandas as pd

POOLED = ("recovery", "mttd_s", "mttr_s")
"""Outcomes that are made of the incidents of all runs together, not of a figure for each run."""
SHARES = (
    "availability_tasks", "availability_time", "error_rate", "late_share", "delivery_first", "delivery_hops",
    "delivery",
)  # fmt: skip
"""Outcomes that lie between 0 and 1."""
TALLIED = (
    "injected",
    "components",
    "found",
    "missed",
    "recovered",
    "in_time",
    "pending",
    "displaced",
    "lost",
)
"""Whole numbers of a tally, summed over runs."""
ALL = "all"

type Split = Callable[[IncidentLog, float], dict[str, Tally]]


def figures(chaos: Chaos) -> pd.DataFrame:
    """One row a case and outcome: ``case``, ``outcome``, ``value``, ``low``, ``high``, ``n``, ``note``.

    Of most outcomes the value is the mean over runs, with Student's interval over fewer than eight runs and the
    bootstrap's (BCa) over more. Recovery and times are of all incidents of all runs; see :func:`pooled`.
    """
    import pandas as pd

    plain = [name for name in OUTCOMES if name not in POOLED]
    found = intervals(chaos.frame, plain)
    found["low"], found["high"] = _possible(found["outcome"], *chosen_ends(found))
    found["case"] = [chaos.cases[number].name for number in found["setting"]]
    rows: list[dict[Any, Any]] = found[["case", "outcome", "value", "low", "high", "n", "note"]].to_dict(
        "records"
    )
    for number, case in enumerate(chaos.cases):
        of_runs = [tally(log.incidents, chaos.config.seconds) for log in chaos.logs[number]]
        for name, figure in pooled(of_runs).items():
            told = {"note": f"{figure.n:,} incidents of {len(of_runs):,} runs"}
            rows.append({"case": case.name, "outcome": name} | figure._asdict() | told)
    order = {name: i for i, name in enumerate(OUTCOMES)}
    places = {case.name: i for i, case in enumerate(chaos.cases)}
    rows.sort(key=lambda row: (places[str(row["case"])], order[str(row["outcome"])]))
    return pd.DataFrame(rows)


def _possible(outcomes: Iterable[str], low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Ends of intervals, cut off at what there can be: none of these figures is below 0, no share above 1."""
    shares = np.array([name in SHARES for name in outcomes])
    return np.maximum(low, 0.0), np.where(shares, np.minimum(high, 1.0), high)


def pooled(of_runs: Sequence[Tally]) -> dict[str, Figure]:
    """Recovery share, time to detect and time to recovery over the incidents of several runs."""
    return {
        "recovery": share_over_runs([one.in_time for one in of_runs], [one.judged for one in of_runs]),
        "mttd_s": _not_below_0(mean_over_runs([one.detect_s for one in of_runs])),
        "mttr_s": _not_below_0(mean_over_runs([one.recover_s for one in of_runs])),
    }


def _not_below_0(time_s: Figure) -> Figure:
    return time_s._replace(low=max(time_s.low, 0.0)) if time_s.low < 0 else time_s


def layers(chaos: Chaos) -> pd.DataFrame:
    """One row a case and layer, and a row ``all`` for each case; see :func:`faults`."""
    return _split(
        chaos, "layer", lambda log, end_s: by_layer(log, end_s) | {ALL: tally(log.incidents, end_s)}
    )


def faults(chaos: Chaos) -> pd.DataFrame:
    """One row a case and kind of fault: numbers summed over runs, and ``recovery``, ``mttd_s`` and ``mttr_s``.

    Each of the last three with its interval in ``<name>_low`` and ``<name>_high``; ``layer`` is the fault's own.
    """
    table = _split(chaos, "fault", by_fault)
    where = {one.fault: one.layer for logs in chaos.logs for log in logs for one in log.incidents}
    table.insert(1, "layer", [where[name] for name in table["fault"]])
    places = {case.name: i for i, case in enumerate(chaos.cases)}
    keys = zip(table["case"], table["layer"], table["fault"], range(len(table)), strict=True)
    ordered = sorted(keys, key=lambda key: (places[key[0]], LAYERS.index(key[1]), key[2]))
    return table.iloc[[key[3] for key in ordered]].reset_index(drop=True)


def _split(chaos: Chaos, by: str, split: Split) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for number, case in enumerate(chaos.cases):
        of_runs = [split(log, chaos.config.seconds) for log in chaos.logs[number]]
        for name in dict.fromkeys(name for one in of_runs for name in one):
            mine = [one[name] for one in of_runs if name in one]
            row: dict[str, object] = {"case": case.name, by: name, "runs": len(of_runs)}
            row |= {key: sum(getattr(one, key) for one in mine) for key in TALLIED}
            for key, (value, low, high, _) in pooled(mine).items():
                row |= {key: value, f"{key}_low": low, f"{key}_high": high}
            rows.append(row)
    columns = ["case", by, "runs", *TALLIED]
    columns += [f"{key}{end}" for key in POOLED for end in ("", "_low", "_high")]
    return pd.DataFrame(rows, columns=columns)


def drops(chaos: Chaos) -> pd.DataFrame:
    """Tasks dropped in a run, by reason: ``case``, ``reason``, ``value``, ``low``, ``high`` (Student), ``share``.

    The last is that of the tasks that arrived.
    """
    import pandas as pd

    names = [which.name.lower() for which in DROPS]
    rows = []
    for number, case in enumerate(chaos.cases):
        runs = [frame.sum() for frame in chaos.records(number, [*names, "arrived"])]
        arrived = sum(float(run["arrived"]) for run in runs)
        for name in names:
            each = np.array([float(run[name]) for run in runs])
            low, high = student_ends(each.reshape(1, -1))
            rows.append(
                {
                    "case": case.name,
                    "reason": name.removeprefix("dropped_").replace("_", " "),
                    "value": float(each.mean()) if len(each) else np.nan,
                    "low": max(float(low[0]), 0.0) if len(each) > 1 else np.nan,
                    "high": float(high[0]),
                    "share": float(each.sum()) / arrived if arrived else np.nan,
                }
            )
    return pd.DataFrame(rows)


def differences(chaos: Chaos) -> pd.DataFrame:
    """What recovery changes, run against run with the same seed: ``case`` and its ``twin``, ``outcome``, ``value``.

    The value is that with recovery less that without, with Student's interval over the runs that both made.
    """
    import pandas as pd

    frame = chaos.frame.set_index(["setting", "replication"])
    rows = []
    for number, case in enumerate(chaos.cases):
        twin = next((i for i, other in enumerate(chaos.cases) if _twins(case, other)), None)
        if twin is None:
            continue
        for name in OUTCOMES:
            gaps = (frame.loc[number][name] - frame.loc[twin][name]).dropna().to_numpy(np.float64)
            low, high = student_ends(gaps.reshape(1, -1))
            rows.append(
                {
                    "case": case.name,
                    "twin": chaos.cases[twin].name,
                    "outcome": name,
                    "n": len(gaps),
                    "value": float(gaps.mean()) if len(gaps) else np.nan,
                    "low": float(low[0]),
                    "high": float(high[0]),
                }
            )
    return pd.DataFrame(rows, columns=["case", "twin", "outcome", "n", "value", "low", "high"])


def _twins(case: Case, other: Case) -> bool:
    """Whether two cases differ in recovery alone, the first having it."""
    alike = (case.layer, case.rate) == (other.layer, other.rate)
    return alike and case.recovers and not other.recovers


def courses(chaos: Chaos, case: int) -> tuple[Floats, Floats, Floats]:
    """`[T]` ends of ticks in s, `[R, T]` tasks due and `[R, T]` those answered in time, of a case's runs."""
    runs = chaos.records(case, ["time_s", "due", "met"])
    if not runs:
        return np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0))
    return (
        runs[0]["time_s"].to_numpy(np.float64),
        np.stack([one["due"].to_numpy(np.float64) for one in runs]),
        np.stack([one["met"].to_numpy(np.float64) for one in runs]),
    )


def incidents(chaos: Chaos) -> pd.DataFrame:
    """All incidents of all runs: ``case``, ``seed``, and the columns of a run's incidents with their time lines."""
    import pandas as pd

    tables = []
    for number, case in enumerate(chaos.cases):
        for run, log in zip(chaos.runs(number), chaos.logs[number], strict=True):
            table = told_frame(log)
            table.insert(0, "case", case.name)
            table.insert(1, "seed", chaos.done.plan.seed(run))
            tables.append(table)
    if not tables:
        tables = [told_frame(IncidentLog()).assign(case="", seed=0)]
    return pd.concat([table for table in tables if len(table)] or tables[:1], ignore_index=True)
