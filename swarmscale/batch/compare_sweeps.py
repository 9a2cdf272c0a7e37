"""Two sweeps side by side, from their stores: paired where settings and seeds are alike."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..arrays import Floats
from ..errors import ConfigError
from ..model.intervals import student_ends
from .analysis.paired import figures
from .analysis.tidy import SET, keys_of, label, measured, replication_values
from .compare import Change, Comparison, Difference, changes_between, flattened, names_of, said
from .store import Store

PAIRED = (
    "{pairs:,} pairs of runs agree in seed and setting ({seeds} seeds, {settings} settings): intervals are of their "
    "differences (common random numbers), Student's over seeds, 95 %."
)
ONE_SEED = (
    "{pairs:,} pairs of runs agree in setting and in the one seed that both sweeps have, so the differences are of "
    "that seed alone and have no interval; more replications would give one."
)
UNPAIRED = (
    "No seed is in both sweeps, so nothing is paired: intervals are Welch's of the means over {settings} common "
    "settings, each sweep's seeds taken as independent draws, 95 %."
)


def compare_sweeps(one: Path, other: Path) -> Comparison:
    """Two sweeps side by side; see :func:`~.compare.compare`.

    Settings are alike if all keys that either sweep varies have the same values; a key that one of them does not
    vary has there the value of its base.

    Args:
        one: the folder of a sweep.
        other: of another one.

    Returns:
        The comparison; ``settings`` has a row for each common setting and outcome: the keys, ``outcome``, ``one``,
        ``other``, ``difference``, ``low`` and ``high`` (Student's over seeds; NaN if unpaired), ``pairs``.

    Raises:
        ConfigError: if a store cannot be read, or the sweeps have no outcome or no setting in common.
    """
    stores = Store.open(one), Store.open(other)
    names = names_of(stores[0].name, stores[1].name, (one, other))
    keys = list(dict.fromkeys(key for store in stores for key in keys_of(store.frame())))
    tables = _table(stores[0], keys), _table(stores[1], keys)
    outcomes = [list(store.columns.outcomes) for store in stores]
    common = [name for name in outcomes[0] if name in outcomes[1]]
    if not common:
        raise ConfigError(
            f"{one} and {other}: have no outcome in common ({_few(outcomes[0])} and {_few(outcomes[1])})"
        )
    cells = set(tables[0]["_cell"]) & set(tables[1]["_cell"])
    if not cells:
        raise ConfigError(
            f"{one} and {other}: have no setting in common, so there is nothing to compare "
            f"(varied are {', '.join(keys) or 'no keys'})"
        )
    mine = tuple(table[table["_cell"].isin(cells)] for table in tables)
    seeds = set(mine[0]["seed"]) & set(mine[1]["seed"])
    rows = [_difference(mine[0], mine[1], name, bool(seeds)) for name in common]
    return Comparison(
        kind="sweeps",
        folders=(one, other),
        names=names,
        changes=_changes(*stores),
        rows=tuple(rows),
        sentence=_sentence(rows, len(seeds), len(cells)),
        only={
            name: tuple(key for key in known if key not in common)
            for name, known in zip(names, outcomes, strict=True)
            if set(known) - set(common)
        },
        settings=_by_setting(mine[0], mine[1], common, keys),
    )


def _table(store: Store, keys: Sequence[str]) -> pd.DataFrame:
    """The final table with a column for each key, and ``_cell``, the setting as text.

    Raises:
        ConfigError: if no run has ended.
    """
    frame = store.frame()
    if not len(frame):
        raise ConfigError(f"{store.folder}: no run of this sweep has ended yet")
    base = flattened(store.plan.base.changed(store.plan.fixed).tree())
    lacking = {SET + key: _told(base.get(key)) for key in keys if key not in keys_of(frame)}
    frame = frame.assign(**lacking)
    columns = [SET + key for key in keys]
    texts = (
        [" ".join(f"{value!r}" for value in row) for row in _plain(frame[columns])]
        if keys
        else [""] * len(frame)
    )
    return frame.assign(_cell=texts)


def _plain(frame: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Rows in which 60 and 60.0 are the same."""
    return [tuple(label(value, 17) for value in row) for row in frame.itertuples(index=False, name=None)]


def _told(value: Any) -> Any:
    return value if value is None or isinstance(value, (str, int, float, bool)) else json.dumps(value)


def _difference(one: pd.DataFrame, other: pd.DataFrame, outcome: str, paired: bool) -> Difference:
    """An outcome over all common settings, in pairs or not."""
    sides = measured(one, outcome), measured(other, outcome)
    if paired:
        both = _pairs(*sides, outcome)
        draws = [
            replication_values(both[side].to_numpy(np.float64), _codes(both["_cell"]), _codes(both["seed"]))
            for side in ("_one", "_other")
        ]
        told = figures(draws[0], draws[1], resamples=100)
        n = int(told["n"])
        return Difference(
            outcome=outcome, one=told["baseline_mean"], other=told["level_mean"], low=told["low"],
            high=told["high"], pairs=len(both),
            method=f"paired over {n} seeds" if n > 1 else "one seed, no interval" if n else "no pair has a value",
        )  # fmt: skip
    shared = set(sides[0]["_cell"]) & set(sides[1]["_cell"])
    draws = [
        replication_values(side[outcome].to_numpy(np.float64), _codes(side["_cell"]), _codes(side["seed"]))
        for side in (table[table["_cell"].isin(shared)] for table in sides)
    ]
    means = [float(draw.mean()) if len(draw) else float("nan") for draw in draws]
    low, high = welch(draws[0], draws[1])
    fewest = min(map(len, draws))
    method = (
        f"unpaired, {len(draws[0])} and {len(draws[1])} seeds"
        if fewest > 1
        else "too few seeds for an interval"
    )
    return Difference(outcome=outcome, one=means[0], other=means[1], low=low, high=high, method=method)


def _pairs(one: pd.DataFrame, other: pd.DataFrame, outcome: str) -> pd.DataFrame:
    by = ["_cell", "seed"]
    return one[[*by, outcome]].rename(columns={outcome: "_one"}).merge(
        other[[*by, outcome]].rename(columns={outcome: "_other"}), on=by
    )  # fmt: skip


def _codes(column: pd.Series[Any]) -> np.ndarray[Any, np.dtype[np.int64]]:
    return np.asarray(pd.factorize(column, sort=True)[0], np.int64)


def welch(one: Floats, other: Floats, level: float = 0.95) -> tuple[float, float]:
    """Interval of the difference of two means of independent draws, other minus one; NaN with fewer than two each.

    Source:
        Welch, *The generalization of 'Student's' problem*, Biometrika 34 (1947).

    >>> low, high = welch(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0]))
    >>> round(low, 3), round(high, 3)
    (-1.267, 3.267)
    """
    from scipy.special import stdtrit

    if min(len(one), len(other)) < 2:
        return float("nan"), float("nan")
    parts = np.array([x.var(ddof=1) / len(x) for x in (one, other)])
    gap, error = float(other.mean() - one.mean()), float(np.sqrt(parts.sum()))
    if error == 0:
        return gap, gap
    free = parts.sum() ** 2 / (parts**2 / (np.array([len(one), len(other)]) - 1)).sum()
    half = float(stdtrit(free, 0.5 + level / 2)) * error
    return gap - half, gap + half


def _by_setting(
    one: pd.DataFrame, other: pd.DataFrame, outcomes: Sequence[str], keys: Sequence[str]
) -> pd.DataFrame:
    rows = []
    places = one.drop_duplicates("_cell").set_index("_cell")[[SET + key for key in keys]].to_dict("index")
    for outcome in outcomes:
        sides = measured(one, outcome), measured(other, outcome)
        means = [side.groupby("_cell")[outcome].mean() for side in sides]
        gaps = _pairs(*sides, outcome).assign(gap=lambda t: t["_other"] - t["_one"])
        held = {str(cell): part["gap"].to_numpy(np.float64) for cell, part in gaps.groupby("_cell")}
        for cell, place in places.items():
            gap = held.get(str(cell), np.zeros(0))
            low, high = student_ends(gap.reshape(1, -1))
            values = [float(mean.get(cell, np.nan)) for mean in means]
            told = float(gap.mean()) if len(gap) else values[1] - values[0]
            rows.append(
                place
                | {"outcome": outcome, "one": values[0], "other": values[1], "difference": told}
                | {"low": float(low[0]), "high": float(high[0]), "pairs": len(gap)}
            )
    return pd.DataFrame(rows)


def _sentence(rows: Sequence[Difference], seeds: int, settings: int) -> str:
    pairs = max(row.pairs for row in rows)
    text = UNPAIRED if not seeds else PAIRED if seeds > 1 else ONE_SEED
    return text.format(pairs=pairs, seeds=seeds, settings=settings)


def _changes(one: Store, other: Store) -> tuple[Change, ...]:
    """What differs in the plans: the config of all runs, the design, the seeds, the versions."""
    plans = one.plan, other.plan
    configs = [plan.base.changed(plan.fixed).tree() for plan in plans]
    facts = [
        {
            "design": {k: said(v) for k, v in flattened(plan.design).items()},
            "settings": len(plan.settings),
            "seeds": said(list(plan.seeds)),
            "time_limit_s": plan.time_limit_s,
            "version": store.versions,
        }
        for plan, store in zip(plans, (one, other), strict=True)
    ]
    return changes_between(*configs) + changes_between(*facts)


def _few(names: Sequence[str]) -> str:
    return ", ".join(names[:4]) + (" ..." if len(names) > 4 else "")
