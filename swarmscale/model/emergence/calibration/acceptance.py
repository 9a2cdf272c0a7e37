"""What a calibration must show, line by line: whether it holds, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .rates import LEVEL, delays, finding_rates, gate_rates, one_sided, statistic_rates
from .run import Calibration

if TYPE_CHECKING:
    import pandas as pd

POWERS = {  # case: (detector, least power of its finding)
    "Vicsek, noise 3": ("coordination", 0.9),
    "Vicsek, noise 5": ("coordination", 0.9),
    "Kuramoto, .8 Kc": ("coordination", 0.9),
    "Kuramoto, 1.5 Kc": ("coordination", 0.9),
    "voters": ("coordination", 0.9),
    "modules": ("self-organization", 0.9),
}
ALIKE = ("shared transient", "colonies, 50 ticks old", "shared driver, told", "shared driver, not told")
"""Nulls whose parts look alike without links."""
BY_CHANCE = 3 * LEVEL**2 * (1 - LEVEL) + LEVEL**3
"""Chance that two or three of three independent windows show what is not there."""
POWERFUL = 0.9
"""Power from which on delays are promised."""
SLOWEST, LONGEST = 3.0, 4.0
"""Windows from onset to finding, and from offset to withdrawal."""


class Line(NamedTuple):
    """One promise.

    Attributes:
        promise: in words.
        holds: whether it does; None where nothing was measured.
        measured: the figure that decides, in words.
    """

    promise: str
    holds: bool | None
    measured: str


def acceptance(calibration: Calibration) -> list[Line]:
    """All promises, in the order of the tables."""
    return [
        *_statistics(calibration),
        *_findings(calibration),
        *_never(calibration),
        *_gate(calibration),
        *_powers(calibration),
        *_answers(calibration),
        *_delays(calibration),
    ]


def _statistics(calibration: Calibration) -> list[Line]:
    """False alarms of each statistic: generator by generator, and pooled over them."""
    rates = pooled_nulls(calibration, statistic_rates(calibration, "null"))
    lines = []
    for (parts, statistic), rows in rates.groupby(["parts", "statistic"], sort=False):
        spoken = rows[rows["spoken"] > 0]
        if not len(spoken):
            lines.append(Line(f"{statistic}, N = {parts}: false alarms", None, "it never spoke"))
            continue
        limits = [
            one_sided(int(h), int(n), 0.999)[0] for h, n in zip(spoken["hits"], spoken["spoken"], strict=True)
        ]
        worst, highest = int(np.argmax(limits)), spoken.iloc[int(np.argmax(spoken["rate"]))]
        lines.append(
            Line(
                f"{statistic}, N = {parts}: lower 99.9 % limit of every generator at most .05, rate at most .10",
                bool(max(limits) <= 0.05 and highest["rate"] <= 0.10),
                f"limit {max(limits):.3f} ({spoken['case'].iloc[worst]}), rate {highest['rate']:.3f} "
                f"({highest['case']}; {int(highest['spoken'])} windows)",
            )
        )
        hits, runs = int(spoken["hits"].sum()), int(spoken["spoken"].sum())
        rate = hits / runs
        lines.append(
            Line(
                f"{statistic}, N = {parts}: pooled false alarms between .02 and .06",
                0.02 <= rate <= 0.06,
                f"{rate:.4f} of {runs:,} windows",
            )
        )
    return lines


def pooled_nulls(calibration: Calibration, rates: pd.DataFrame) -> pd.DataFrame:
    """Rows of nulls that count: of cases that are pooled, and of the statistics that are null in them."""
    known = {case.name: case for case in calibration.nulls}
    keep = [
        known[case].pooled and (not known[case].statistics or statistic in known[case].statistics)
        for case, statistic in zip(rates["case"], rates["statistic"], strict=True)
    ]
    return rates[keep]


def _findings(calibration: Calibration) -> list[Line]:
    rates = finding_rates(calibration, "null")
    known = {case.name for case in calibration.nulls if case.pooled and not case.finds}
    rates = rates[rates["case"].isin(known)]
    lines = []
    for (parts, detector), rows in rates.groupby(["parts", "detector"], sort=False):
        hits, runs = int(rows["found"].sum()), int(rows["runs"].sum())
        high = one_sided(hits, runs, 0.95)[1]
        lines.append(
            Line(
                f"{detector}, N = {parts}: upper 95 % limit of false findings at most .05",
                high <= 0.05,
                f"{hits} of {runs:,} runs of three windows, limit {high:.4f}",
            )
        )
    return lines


def _never(calibration: Calibration) -> list[Line]:
    """What looks alike without links is found no more often than two of three windows at the level of a window."""
    rates = finding_rates(calibration, "null")
    rates = rates[rates["detector"] == "coordination"]
    lines = []
    for name in ALIKE:
        rows = rates[rates["case"] == name]
        if not len(rows):
            continue
        hits, runs = int(rows["found"].sum()), int(rows["runs"].sum())
        windows = float((rows["first"] * rows["runs"]).sum() / runs)
        said = f"{hits} of {runs} runs, chance {BY_CHANCE:.4f}; {windows:.3f} of first windows"
        lines.append(
            Line(
                f"{name}: coordination never but by chance", one_sided(hits, runs, 0.95)[0] <= BY_CHANCE, said
            )
        )
    return lines


def _gate(calibration: Calibration) -> list[Line]:
    known = {case.name for case in calibration.nulls if case.stationary and case.detectors != ("innovation",)}
    rates = gate_rates(calibration)
    rates = rates[rates["case"].isin(known)]
    if not len(rates):
        return []
    worst = rates.iloc[int(np.argmin(rates["passed"]))]
    said = f"least {worst['passed']:.3f} ({worst['case']}, N = {worst['parts']})"
    return [
        Line(
            "the gate lets at least 90 % of stationary null windows pass", bool(worst["passed"] >= 0.9), said
        )
    ]


def _powers(calibration: Calibration) -> list[Line]:
    lines = []
    for row in finding_rates(calibration, "power").to_dict("records"):
        wanted, least = POWERS.get(row["case"], ("", 0.0))
        if wanted == row["detector"]:
            said = f"{row['rate']:.2f} of {row['runs']} runs; single windows {row['first']:.2f}"
            lines.append(
                Line(
                    f"{row['case']}, N = {row['parts']}: found with power at least {least:g}",
                    row["rate"] >= least,
                    said,
                )
            )
    for row in statistic_rates(calibration, "power").to_dict("records"):
        wanted_p = {"psi": 0.9, "macro": 0.9}.get(row["statistic"])
        if row["case"] == "hidden slow mode" and wanted_p is not None:
            said = f"{row['upper']:.2f} of {row['spoken']} windows"
            promise = (
                f"hidden slow mode, N = {row['parts']}: {row['statistic']} above its null, power at least .9"
            )
            lines.append(Line(promise, row["upper"] >= wanted_p, said))
        if row["case"] == "injected novelties" and row["statistic"] == "novelty":
            said = f"{row['rate']:.2f} of {row['spoken']} windows at .05; {row['rejected']:.2f} at the detector's level"
            lines.append(
                Line("injected novelties at 2 %: novelty, power at least .6", row["rate"] >= 0.6, said)
            )
    for row in statistic_rates(calibration, "graph").to_dict("records"):
        said = f"{row['rate']:.3f} of {row['runs']} graphs, median z {row['observed']:.1f}"
        if row["case"].startswith("random"):
            lines.append(Line("modularity of random graphs: rate at most .10", row["rate"] <= 0.10, said))
        else:
            lines.append(Line("modularity of planted graphs: power at least .9", row["rate"] >= 0.9, said))
    return lines


def _answers(calibration: Calibration) -> list[Line]:
    lines = []
    for row in statistic_rates(calibration, "power").to_dict("records"):
        if row["case"].startswith("synergy") and row["statistic"] == "assembly bonus":
            said = f"{row['rate']:.2f} of {row['spoken']} windows"
            lines.append(
                Line("true synergy at n = 5: assembly bonus, power at least .7", row["rate"] >= 0.7, said)
            )
    for row in statistic_rates(calibration, "null").to_dict("records"):
        named = row["case"] in ("truth of the majority", "truth of the best member")
        if named and row["statistic"] == "assembly bonus":
            said = f"{row['rate']:.3f} of {row['spoken']} windows"
            lines.append(Line(f"{row['case']}: assembly bonus at most .09", row["rate"] <= 0.09, said))
    return lines


def _delays(calibration: Calibration) -> list[Line]:
    """How soon what is found with a power of .9 or more is found, and how soon it is withdrawn."""
    lines = []
    for row in delays(calibration).to_dict("records"):
        if row["found"] < POWERFUL:
            continue
        name = f"{row['case']}, {row['detector']}, N = {row['parts']}"
        said = f"median {row['median']:g}, p90 {row['p90']:g} of {row['runs']} runs"
        promise = f"{name}: median delay at most {SLOWEST:g} windows"
        lines.append(Line(promise, bool(row["median"] <= SLOWEST), said))
        end = f"median {row['end_median']:g}, p90 {row['end_p90']:g}; {row['withdrawn']:.2f} withdrawn in the run"
        promise = f"{name}: nine of ten withdrawn within {LONGEST:g} windows"
        lines.append(Line(promise, bool(row["end_p90"] <= LONGEST), end))
    return lines
