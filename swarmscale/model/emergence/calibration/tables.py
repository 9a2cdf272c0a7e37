"""A calibration as plain tables: titles, columns and cells in words, for a terminal and for Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from .acceptance import Line, acceptance
from .rates import delays, finding_rates, gate_rates, statistic_rates
from .run import Calibration
from .work import AFTER, BEFORE, DURING


class Sheet(NamedTuple):
    """A table to show.

    Attributes:
        title: in words.
        told: what its columns mean, a sentence or two.
        columns: names; those of the first ``texts`` are texts, the others numbers.
        rows: cells as text.
        texts: columns that are aligned left.
    """

    title: str
    told: str
    columns: tuple[str, ...]
    rows: Sequence[Sequence[str]]
    texts: int


def sheets(calibration: Calibration) -> list[Sheet]:
    """All tables of a calibration, the verdicts first."""
    return [
        _verdicts(acceptance(calibration)),
        _false_alarms(calibration),
        _false_findings(calibration),
        _power(calibration),
        _found(calibration),
        _delays(calibration),
    ]


def markdown(tables: list[Sheet], head: str) -> str:
    """Tables as a Markdown page.

    Args:
        tables: what to show.
        head: what stands above them.
    """
    lines = [head.rstrip(), ""]
    for sheet in tables:
        lines += [f"## {sheet.title}", sheet.told, "", "| " + " | ".join(sheet.columns) + " |"]
        marks = ["---" if place < sheet.texts else "---:" for place in range(len(sheet.columns))]
        lines += ["|" + "|".join(marks) + "|"]
        lines += ["| " + " | ".join(cells) + " |" for cells in sheet.rows] + [""]
    return "\n".join(lines)


def _verdicts(lines: list[Line]) -> Sheet:
    words = {True: "holds", False: "does not hold", None: "not measured"}
    rows = [(line.promise, words[line.holds], line.measured) for line in lines]
    kept = sum(line.holds is True for line in lines)
    told = f"{kept} of {len(lines)} lines hold. Each is judged by the tables below."
    return Sheet("What must hold", told, ("promise", "verdict", "measured"), rows, 3)


def _false_alarms(calibration: Calibration) -> Sheet:
    known = {case.name: case for case in calibration.nulls}
    table = statistic_rates(calibration, "null")
    rows = []
    for row in table[table["spoken"] > 0].to_dict("records"):
        case = known[row["case"]]
        null = case.pooled and (not case.statistics or row["statistic"] in case.statistics)
        counts = "" if null else "no"
        rows.append((row["case"], row["statistic"], str(row["parts"]), f"{row['spoken']:,}", _rate(row["rate"]),
                     _interval(row), _rate(row["rejected"]), _rate(row["abstained"]), counts))  # fmt: skip
    columns = ("system", "statistic", "N", "windows", "p <= .05", "95 %", "flagged", "abstained", "pooled")
    told = (
        "Share of windows in which a statistic's p is at most .05, of those in which it speaks; one window a run. "
        "*Flagged*: at the level at which its detector uses it. *Abstained*: share of all windows in which it says "
        "nothing. Where *pooled* says no, a low p is no false alarm of the statistic: the parts do move together, or "
        "another statistic is at stake."
    )
    return Sheet("False alarms of statistics", told, columns, rows, 2)


def _false_findings(calibration: Calibration) -> Sheet:
    known = {case.name: case for case in calibration.nulls}
    passed = {
        (row["case"], row["parts"]): row["passed"] for row in gate_rates(calibration).to_dict("records")
    }
    rows = []
    for row in finding_rates(calibration, "null").to_dict("records"):
        if known[row["case"]].finds:
            continue
        gate = _rate(passed[row["case"], row["parts"]])
        rows.append((row["case"], row["detector"], str(row["parts"]), str(row["runs"]), _rate(row["rate"]),
                     _interval(row), _rate(row["first"]), _rate(row["labeled"]), gate))  # fmt: skip
    columns = ("system", "detector", "N", "runs", "finding", "95 %", "one window", "labeled", "gate")
    told = (
        "Runs of three windows in which a finding persisted (two of three windows). *One window*: share of first "
        "windows that show it. *Labeled*: runs in which some window carries a label instead, such as a suspected "
        "common driver. *Gate*: share of windows that it lets pass."
    )
    return Sheet("False findings", told, columns, rows, 2)


def _power(calibration: Calibration) -> Sheet:
    known = {case.name: case.statistics for case in calibration.positives}
    rows = []
    for kind in ("power", "graph"):
        for row in statistic_rates(calibration, kind).to_dict("records"):
            if row["spoken"] == 0 or (kind == "power" and row["statistic"] not in known[row["case"]]):
                continue
            rows.append((row["case"], row["statistic"], str(row["parts"]), str(row["spoken"]),
                         _rate(row["rate"]), _interval(row), _rate(row["upper"]), _rate(row["rejected"]),
                         _rate(row["abstained"])))  # fmt: skip
    columns = ("system", "statistic", "N", "windows", "p <= .05", "95 %", "above", "flagged", "abstained")
    told = "First windows of runs in which the parts are coupled. *Above*: with a value above the null's mean as well."
    return Sheet("Power of statistics", told, columns, rows, 2)


def _found(calibration: Calibration) -> Sheet:
    rows = [
        (row["case"], row["detector"], str(row["parts"]), str(row["runs"]), _rate(row["rate"]), _interval(row),
         _rate(row["first"]), _rate(row["labeled"]))
        for row in finding_rates(calibration, "power").to_dict("records")
    ]  # fmt: skip
    columns = ("system", "detector", "N", "runs", "finding", "95 %", "one window", "labeled")
    told = (
        "Runs of three windows in which a finding persisted. A common share of the noise is a hidden common driver and "
        "a hidden mode has no questions: they are controls of a statistic, and no finding is expected."
    )
    return Sheet("Power of findings", told, columns, rows, 2)


def _delays(calibration: Calibration) -> Sheet:
    rows = [
        (row["case"], row["detector"], str(row["parts"]), str(row["runs"]), _rate(row["found"]),
         *(_windows(row[name]) for name in ("median", "p90")), _rate(row["withdrawn"]),
         *(_windows(row[name]) for name in ("end_median", "end_p90")))
        for row in delays(calibration).to_dict("records")
    ]  # fmt: skip
    columns = ("system", "detector", "N", "runs", "found", "delay", "p90", "withdrawn", "after", "p90 of it")
    told = (
        f"Coupling begins in the middle of window {BEFORE + 1}, lasts {DURING} windows, and {AFTER}.5 follow. *Delay*: "
        "windows from its begin to the first finding, median and 90th percentile over all runs. *After*: windows from "
        "its end to the finding's withdrawal, over runs with a finding. A half window is the least that can be."
    )
    return Sheet("Delays", told, columns, rows, 2)


def _rate(value: Any) -> str:
    """A share with three digits; a dash where there is none.

    >>> _rate(0.05), _rate(float("nan"))
    ('.050', '-')
    """
    if value != value:
        return "-"
    text = f"{float(value):.3f}"
    return text[1:] if text.startswith("0") else text


def _windows(value: float) -> str:
    """A number of windows; a dash where there is none and "never" where it is infinite."""
    if value != value:
        return "-"
    return "never" if value == float("inf") else f"{value:.1f}"


def _interval(row: Any) -> str:
    return f"{_rate(row['low'])} to {_rate(row['high'])}"
