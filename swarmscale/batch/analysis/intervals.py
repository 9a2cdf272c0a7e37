"""A statistic of outcomes in each setting, or at each level of factors, with intervals over replications."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ...arrays import Bools, Floats, Ints
from ...errors import UnknownChoiceError
from ...model.intervals import student_ends
from .resampling import FEWEST, RESAMPLES, SEED, Statistic, bootstrap_ends, statistic_function
from .tidy import (
    DONE,
    SET,
    codes,
    factor_column,
    keys_of,
    outcome_column,
    replication_values,
    require_rows,
)

if TYPE_CHECKING:
    import pandas as pd

type Over = Literal["replications", "settings"]

OVER = ("replications", "settings")


@dataclass(frozen=True, slots=True)
class _Group:
    """One row of the result: its place, what it counts, and its independent draws."""

    place: dict[Any, Any]
    outcome: str
    counts: dict[str, int]
    draws: Floats


@dataclass(frozen=True, slots=True)
class _Arrays:
    """The fixed columns of a table as arrays, since groups are many."""

    done: Bools
    setting: Ints
    replication: Ints

    @classmethod
    def of(cls, frame: pd.DataFrame) -> _Arrays:
        numbers = (frame[name].to_numpy(np.int64) for name in ("setting", "replication"))
        return cls((frame["status"] == DONE).to_numpy(np.bool_), *numbers)


def intervals(
    frame: pd.DataFrame,
    outcomes: str | Sequence[str],
    by: str | Sequence[str] | None = None,
    *,
    statistic: Statistic = "mean",
    over: Over = "replications",
    level: float = 0.95,
    resamples: int = RESAMPLES,
    seed: int = SEED,
) -> pd.DataFrame:
    """A statistic of outcomes with its intervals, by setting or by factors.

    Runs of a replication share their seed in every setting, so the independent draws are replications: over
    several settings a draw is the mean of a replication's runs (see :func:`~.tidy.replication_values`). Runs that
    did not finish, or whose outcome could not be measured, are left out and counted.

    With few draws a bootstrap interval is too narrow: over 5 draws one of nominally 95 % holds 83 times in 100
    (docs/analysis.md). So Student's stands beside it for means, and a note says which to take.

    Args:
        frame: the final table of a sweep.
        outcomes: one or more of its outcomes.
        by: dotted keys of factors; by setting if None.
        statistic: ``mean``, ``median`` or a share in (0, 1) for a quantile.
        over: what the draws are: ``replications``, or ``settings`` (of their means) where the settings of the
            design are a random sample themselves and replications are few.
        level: nominal coverage, in (0, 1).
        resamples: of the bootstrap.
        seed: of the bootstrap.

    Returns:
        A row for each group and outcome: ``setting`` and the factors' columns, or those of ``by``; ``outcome``;
        ``runs``, of them ``failed`` (not done) and ``unmeasured``; ``n`` draws; ``value``; ``low`` and ``high`` by
        the bootstrap, and its ``method``; ``student_low`` and ``student_high``, NaN but for means; ``note``.

    Raises:
        UnknownChoiceError: if an outcome or a factor is not in the table.
    """
    import pandas as pd

    require_rows(frame)
    if over not in OVER:
        raise UnknownChoiceError("kind of draws", over, OVER)
    statistic_function(statistic)
    names = [outcomes] if isinstance(outcomes, str) else list(outcomes)
    keys = [by] if isinstance(by, str) else by
    columns = ["setting"] if keys is None else [factor_column(frame, key) for key in keys]
    shown = [*columns, *(SET + key for key in keys_of(frame))] if keys is None else columns
    places = codes(frame, columns)
    order = np.argsort(places, kind="stable")
    members = np.split(order, np.flatnonzero(np.diff(places[order])) + 1)
    heads = frame[shown].iloc[[rows[0] for rows in members]].to_dict("records")
    arrays = _Arrays.of(frame)
    groups = [
        _group(arrays, frame[outcome_column(frame, name)].to_numpy(np.float64), rows, place, name, over)
        for name in names
        for rows, place in zip(members, heads, strict=True)
    ]
    return pd.DataFrame(_rows(groups, statistic, over, level, resamples, seed))


def chosen_ends(table: pd.DataFrame) -> tuple[Floats, Floats]:
    """Of each row the interval to look at: Student's where there are few draws of a mean, else the bootstrap's.

    Args:
        table: from :func:`intervals`.
    """
    few = ((table["n"] < FEWEST) & table["student_low"].notna()).to_numpy(bool)
    low, high = (
        np.where(few, table[f"student_{end}"].to_numpy(np.float64), table[end].to_numpy(np.float64))
        for end in ("low", "high")
    )
    return low, high


def _group(
    arrays: _Arrays, values: Floats, rows: Ints, place: dict[Any, Any], outcome: str, over: Over
) -> _Group:
    """What the rows of one group tell of an outcome."""
    done, mine = arrays.done[rows], values[rows]
    known = done & np.isfinite(mine)
    cells = arrays.setting[rows][known]
    if over == "replications":
        draws = replication_values(mine[known], cells, arrays.replication[rows][known])
    else:
        _, cell = np.unique(cells, return_inverse=True)
        draws = np.bincount(cell, mine[known]) / np.bincount(cell) if len(cell) else np.zeros(0)
    counts = {"runs": len(rows), "failed": int((~done).sum()), "unmeasured": int((done & ~known).sum())}
    return _Group(place, outcome, counts, draws)


def _rows(
    groups: Sequence[_Group], statistic: Statistic, over: Over, level: float, resamples: int, seed: int
) -> list[dict[str, Any]]:
    """Groups with as many draws are answered together, since that is quicker by far."""
    alike: dict[int, list[int]] = defaultdict(list)
    for i, group in enumerate(groups):
        alike[len(group.draws)].append(i)
    compute = statistic_function(statistic)
    out: list[dict[str, Any]] = [{} for _ in groups]
    for n, places in alike.items():
        samples = np.array([groups[i].draws for i in places]).reshape(len(places), n)
        low, high, how = bootstrap_ends(samples, statistic, level=level, resamples=resamples, seed=seed)
        plain = student_ends(samples, level) if statistic == "mean" else (np.full(len(places), np.nan),) * 2
        values = compute(samples, axis=-1) if n else np.full(len(places), np.nan)
        for j, i in enumerate(places):
            group = groups[i]
            out[i] = {
                **group.place,
                "outcome": group.outcome,
                **group.counts,
                "n": n,
                "value": float(values[j]),
                "low": float(low[j]),
                "high": float(high[j]),
                "method": how[j],
                "student_low": float(plain[0][j]),
                "student_high": float(plain[1][j]),
                "note": _note(group, n, how[j], statistic, over),
            }
    return out


def _note(group: _Group, n: int, how: str, statistic: Statistic, over: Over) -> str:
    parts = []
    if n < 2:
        parts.append(f"no interval, since {'none' if not n else 'only one'} of the {over} has a value")
    elif n < FEWEST:
        instead = "; take Student's" if statistic == "mean" else ""
        parts.append(f"a bootstrap interval over only {n} {over} is too narrow{instead}")
    if how == "all alike":
        parts.append("all draws are alike, so the interval has no width")
    if group.counts["failed"]:
        parts.append(
            f"{group.counts['failed']} of {group.counts['runs']} runs did not finish and are left out"
        )
    if group.counts["unmeasured"]:
        parts.append(f"{group.counts['unmeasured']} finished runs have no value of it")
    return "; ".join(parts)
