"""Tables of a sweep's page: factors, failures, differences, settings, outcomes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

import numpy as np

from ..batch.analysis import chosen_ends, meaning, outcomes_of, paired, varied
from ..batch.analysis.effects import over_of
from ..batch.analysis.meaning import Meaning
from ..batch.analysis.tidy import DONE, SET, is_numeric, keys_of, label, levels_of, measured
from .page_tables import Cell, interval_cell, measured_cell, sortable
from .theme import digits, number

if TYPE_CHECKING:
    import pandas as pd

MOST_LEVELS = 8
"""Levels of a factor that are compared with its first one, and that are listed."""

MOST_FAILURES = 50


def words(setting: Mapping[Any, Any] | pd.Series[Any], keys: Sequence[str]) -> str:
    """A setting by its factors, in words.

    >>> words({"set.scaling": "hpa", "set.life.start_s": 30.0}, ["scaling", "life.start_s"])
    'scaling hpa, life.start_s 30'
    """
    return ", ".join(f"{key} {label(setting[SET + key], 4)}" for key in keys) or "the base"


def factors_table(frame: pd.DataFrame) -> str:
    """Every key of the design with the values that it took."""
    rows = []
    for key in keys_of(frame):
        levels = levels_of(frame, key)
        if is_numeric(frame[SET + key]) and len(levels) > MOST_LEVELS:
            text = f"{label(levels[0])} to {label(levels[-1])}"
        else:
            more = len(levels) - MOST_LEVELS
            text = ", ".join(map(label, levels[:MOST_LEVELS])) + (f" and {more} more" if more > 0 else "")
        rows.append((key, Cell(f"{len(levels):,}", float(len(levels))), text))
    if not rows:
        return "<p>Nothing was varied but the seed.</p>"
    return sortable(("setting", "values", "which"), rows, label="what was varied")


def failures_table(frame: pd.DataFrame) -> str:
    """Runs that did not end well, with the first line of their error; empty if there are none."""
    lost = frame[frame["status"] != DONE]
    if not len(lost):
        return ""
    keys = varied(frame)
    rows = [
        (
            Cell(f"{row['setting']}", float(row["setting"])),
            Cell(f"{row['replication']}", float(row["replication"])),
            Cell(f"{row['seed']}", float(row["seed"])),
            Cell(str(row["status"]), None, f"status-{row['status']}"),
            str(row["error"]) if isinstance(row["error"], str) else "",
            words(row, keys),
        )
        for row in lost[:MOST_FAILURES].to_dict("records")
    ]
    more = len(lost) - len(rows)
    said = f"<p>The first {len(rows)} of {len(lost)}.</p>" if more else ""
    head = ("setting", "replication", "seed", "ended as", "error", "where")
    return f"<h3>Runs that did not end well</h3>{said}" + sortable(head, rows, label="failures")


def pairs_tables(frame: pd.DataFrame, outcomes: Sequence[str]) -> str:
    """For each factor of few levels: differences against its first one under common random numbers."""
    parts = []
    for key in varied(frame):
        levels = levels_of(frame, key)
        if len(levels) > MOST_LEVELS:
            continue
        table = paired(frame, outcomes, key)
        table = table[table["pairs"] > 0]
        if not len(table):
            continue
        notes = "; ".join(dict.fromkeys(str(n) for n in table["note"] if n))
        parts.append(
            f"<h3>{escape(key)}: against {escape(label(levels[0]))}</h3><p>{escape(notes)}</p>"
            + sortable(
                PAIR_HEAD, [_pair(row) for row in table.to_dict("records")], label=f"differences by {key}"
            )
        )
    return "".join(parts)


PAIR_HEAD = (
    *("outcome", "level", "baseline's mean", "difference", "95 % interval", "relative", "p, Holm"),
    *("pairing is worth", "pairs"),
)


def _pair(row: Mapping[Any, Any]) -> tuple[Cell | str, ...]:
    known = meaning(str(row["outcome"]))
    relative = row["relative"]
    css = verdict(row["low"], row["high"], known)
    return (
        known.title,
        str(row["level"]),
        measured_cell(row["baseline_mean"], known.unit),
        Cell(gap(row["difference"], known.unit), row["difference"], css),
        ends(row["low"], row["high"], known.unit),
        Cell(signed(relative, "share"), relative, css),
        Cell(p_text(row["p_adjusted"]), row["p_adjusted"]),
        Cell(f"{digits(row['gain'])} × the runs" if math.isfinite(row["gain"]) else "–", row["gain"]),
        Cell(f"{row['pairs']}", float(row["pairs"])),
    )


def verdict(low: float, high: float, known: Meaning) -> str:
    """Class of a difference: better or worse if the whole interval is, clear if nobody says which is better."""
    if math.isnan(low) or low <= 0 <= high:
        return ""
    if known.better is None:
        return "clear"
    return "better" if (low > 0) == (known.better == "max") else "worse"


def signed(value: float, unit: str = "") -> str:
    """A number with its sign.

    >>> signed(0.5, "share"), signed(-2.0, "s"), signed(float("nan"))
    ('+50.0 %', '-2.00 s', '–')
    """
    return ("+" if value > 0 else "") + number(value, unit)


def gap(difference: float, unit: str = "") -> str:
    """A difference with its sign; of shares in percentage points, so that it is not taken for a relative one.

    >>> gap(0.021, "share"), gap(-3.0, "s")
    ('+2.10 points', '-3.00 s')
    """
    if unit == "share" and not math.isnan(difference):
        return f"{'+' if difference > 0 else ''}{digits(100 * difference)} points"
    return signed(difference, unit)


def ends(low: float, high: float, unit: str = "") -> Cell:
    """An interval by its ends, sorted by its lower one."""
    if math.isnan(low):
        return Cell("–", math.nan)
    return Cell(f"{gap(low, unit)} to {gap(high, unit)}", low)


def p_text(p: float) -> str:
    """A p-value in two digits.

    >>> p_text(0.0321), p_text(1e-9), p_text(float("nan"))
    ('0.032', '< 0.001', '–')
    """
    if math.isnan(p):
        return "–"
    return "< 0.001" if p < 0.001 else f"{p:.2g}"


def settings_table(frame: pd.DataFrame, tables: Mapping[str, pd.DataFrame]) -> str:
    """Every setting with the means of some outcomes and their intervals.

    Args:
        frame: the final table.
        tables: for each outcome its means by setting, from :func:`~swarmscale.batch.analysis.intervals`.
    """
    keys = varied(frame)
    columns: dict[str, list[Cell]] = {}
    table = None
    for name, table in tables.items():
        low, high = chosen_ends(table)
        unit = meaning(name).unit
        values = table["value"].to_numpy(np.float64)
        columns[name] = [interval_cell(v, a, b, unit) for v, a, b in zip(values, low, high, strict=True)]
    if table is None:
        return ""
    rows = []
    for i, row in enumerate(table.to_dict("records")):
        done = int(row["runs"] - row["failed"])
        places = [_place(row[SET + key]) for key in keys]
        rows.append(
            (
                Cell(f"{row['setting']}", float(row["setting"])),
                *places,
                *(column[i] for column in columns.values()),
                Cell(f"{done} of {row['runs']}", float(done)),
            )
        )
    head = ("setting", *keys, *(meaning(name).title for name in tables), "runs")
    return sortable(head, rows, label="settings")


def _place(value: Any) -> Cell:
    numeric = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(
        value, (bool, np.bool_)
    )
    return Cell(label(value), float(value) if numeric else None)


def outcomes_table(frame: pd.DataFrame, kind: str) -> str:
    """Every outcome over all settings: its range, what a replication moves, and where it is best."""
    rows = [_outcome(frame, name) for name in outcomes_of(frame)]
    head = (
        *("outcome", "lowest setting", "median", "highest setting", "between settings", "within a setting"),
        *("best in", "measured", "definition"),
    )
    noise = "Standard deviations of settings' means, and of the replications of a setting."
    if over_of(kind) == "settings":
        noise += " The settings of this design are a sample of points."
    return f"<p>{noise}</p>" + sortable(head, rows, label="outcomes")


def _outcome(frame: pd.DataFrame, name: str) -> tuple[Cell | str, ...]:
    known, rows = meaning(name), measured(frame, name)
    means = rows.groupby("setting")[name].mean()
    values = means.to_numpy(np.float64)
    within = rows.groupby("setting")[name].std(ddof=1).to_numpy(np.float64)
    low, middle, high = (
        (float(f(values)) for f in (np.min, np.median, np.max)) if len(values) else (math.nan,) * 3
    )
    spread = float(values.std(ddof=1)) if len(values) > 1 else math.nan
    noise = float(np.sqrt(np.nanmean(within**2))) if np.isfinite(within).any() else math.nan
    best = ""
    if known.better is not None and len(values) and high > low:
        at = int(values.argmin() if known.better == "min" else values.argmax())
        place = int(means.index.to_numpy(np.int64)[at])
        best = f"{place}: {words(rows[rows['setting'] == place].iloc[0], varied(frame))}"
    return (
        known.title,
        measured_cell(low, known.unit),
        measured_cell(middle, known.unit),
        measured_cell(high, known.unit),
        measured_cell(spread, known.unit),
        measured_cell(noise, known.unit),
        best,
        Cell(f"{len(rows)} of {len(frame)}", float(len(rows))),
        known.text,
    )
