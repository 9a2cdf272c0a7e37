"""A search's tables as rows of text, for the terminal and for the page. Imports no Plotly."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

from ..batch.analysis.meaning import meaning
from ..batch.factors import Listed
from ..batch.verdict import FEASIBLE, STATES, Verdict
from .race_tables import Sheet
from .theme import number

if TYPE_CHECKING:
    from ..batch.tuned import Tuned

MOST_FRONT = 20
"""Trials of a front that a table shows."""

EDGE = 0.02
"""Share of a range that counts as its end."""


def tune_sheets(tuned: Tuned) -> list[Sheet]:
    """What was found; nothing if no trial is feasible."""
    best = tuned.best
    if best is None:
        return [closest_sheet(tuned)]
    if len(tuned.search.objectives) == 1:
        return [setting_sheet(tuned, best), outcome_sheet(tuned, best)]
    return [front_sheet(tuned)]


def setting_sheet(tuned: Tuned, verdict: Verdict) -> Sheet:
    """The factors of a trial beside the base's."""
    setting = tuned.setting(verdict)
    base = tuned.plan.base.changed(tuned.plan.fixed)
    rows: list[tuple[str, ...]] = [
        (factor.key, word(setting[factor.key]), base_word(base, factor.key))
        for factor in tuned.search.factors
        if factor.key in setting
    ]
    return Sheet(
        title=f"Best feasible setting: trial {verdict.setting} of {len(tuned.trials)}",
        note="",
        head=("factor", "best", "base"),
        rows=rows,
    )


def outcome_sheet(tuned: Tuned, verdict: Verdict) -> Sheet:
    """Objectives with what they gain on the base, and constraints with their slack."""
    gains = {gain.outcome: gain for gain in tuned.gains(verdict)}
    rows: list[tuple[str, ...]] = []
    for objective in tuned.search.objectives:
        name, unit = objective.outcome, meaning(objective.outcome).unit
        gain = gains[name]
        change = with_ends(gain.difference, gain.low, gain.high, unit)
        share = "" if math.isnan(gain.relative) else f", {gain.relative:+.1%}"
        rows.append(
            (
                f"{objective.direction} {name}",
                mean(verdict, name),
                number(gain.base, unit),
                change + share,
                "",
            )
        )
    for constraint in tuned.search.constraints:
        name, unit = constraint.outcome, meaning(constraint.outcome).unit
        base = tuned.base.means[name] if tuned.base is not None else math.nan
        slack = number(constraint.slack(verdict.means[name]), unit)
        rows.append((str(constraint), mean(verdict, name), number(base, unit), "", slack))
    replications = len(tuned.plan.seeds)
    return Sheet(
        title="What it does",
        note=f"Means over {replications} replication{'s' if replications > 1 else ''} with 95 % intervals (Student's).",
        head=("outcome", "best", "base", "best - base, same seeds", "slack"),
        rows=rows,
        below=verdict_on(tuned, verdict),
    )


def verdict_on(tuned: Tuned, verdict: Verdict) -> str:
    """Whether a trial beats the base, in a sentence; and whether constraints hold at the ends of intervals too."""
    said = []
    objective, gain = tuned.search.objectives[0], tuned.gains(verdict)[0]
    better, worse = sorted((objective.sign * gain.low, objective.sign * gain.high))
    base = tuned.base
    if base is None or math.isnan(gain.difference):
        said.append("The base has no value to compare with: a run of it did not end well.")
    elif objective.sign * gain.difference >= 0:
        said.append(f"No trial beats the base in {objective.outcome}.")
    elif math.isnan(better):
        said.append("It beats the base; how surely takes two replications or more.")
    elif worse < 0:
        said.append("It beats the base: the interval of the difference excludes 0.")
    else:
        said.append("Its gain on the base may be chance: the interval of the difference holds 0.")
    if base is not None and base.state != FEASIBLE and base.known:
        said.append("The base breaks a constraint.")
    for constraint in tuned.search.constraints:
        low, high = verdict.interval(constraint.outcome)
        if constraint.slack(high if constraint.most else low) < 0:
            said.append(f"{constraint}: kept by the mean, but not by its whole interval.")
    return " ".join([*said, *edges(tuned, verdict)])


def edges(tuned: Tuned, verdict: Verdict) -> list[str]:
    """Factors whose value lies at an end of its range, so that a wider one may hold something better."""
    said = []
    for factor in tuned.search.factors:
        value = tuned.setting(verdict).get(factor.key)
        if isinstance(factor, Listed) or value is None:
            continue
        scale = math.log if factor.log else float
        place = (scale(value) - scale(factor.low)) / (scale(factor.high) - scale(factor.low))
        if min(place, 1 - place) < EDGE:
            end = "lower" if place < 0.5 else "upper"
            said.append(
                f"{factor.key} lies at the {end} end of its range: a wider one may hold something better."
            )
    return said


def front_sheet(tuned: Tuned) -> Sheet:
    """The trials of the front, by the first objective."""
    front, search = tuned.front, tuned.search
    rows = [_front_row(tuned, verdict, str(verdict.setting)) for verdict in front[:MOST_FRONT]]
    if tuned.base is not None:
        rows.append(_front_row(tuned, tuned.base, "base"))
    more = f"{len(front) - MOST_FRONT} more are in front/ and trials.csv. " if len(front) > MOST_FRONT else ""
    slacks = tuple(f"slack of {constraint}" for constraint in search.constraints)
    return Sheet(
        title=f"Pareto front: {len(front)} of {len(tuned.trials)} trials",
        note="No feasible trial is at least as good in all objectives and better in one. "
        f"Means over {len(tuned.plan.seeds)} replications with 95 % intervals.",
        head=(
            "trial",
            *(factor.key for factor in search.factors),
            *(f"{o.direction} {o.outcome}" for o in search.objectives),
            *slacks,
        ),
        rows=rows,
        below=more,
    )


def _front_row(tuned: Tuned, verdict: Verdict, name: str) -> tuple[str, ...]:
    setting, search = tuned.setting(verdict), tuned.search
    base = tuned.plan.base.changed(tuned.plan.fixed)
    values = (
        word(setting[f.key]) if f.key in setting else base_word(base, f.key) if name == "base" else "–"
        for f in search.factors
    )
    slacks = (number(c.slack(verdict.means[c.outcome]), meaning(c.outcome).unit) for c in search.constraints)
    return (name, *values, *(mean(verdict, o.outcome) for o in search.objectives), *slacks)


def closest_sheet(tuned: Tuned) -> Sheet:
    """Where no trial is feasible: for each constraint how close the closest trial came."""
    rows: list[tuple[str, ...]] = []
    known = [verdict for verdict in tuned.trials if verdict.known]
    for constraint in tuned.search.constraints:
        name, unit = constraint.outcome, meaning(constraint.outcome).unit
        slacks = [constraint.slack(verdict.means[name]) for verdict in known]
        nearest = known[slacks.index(max(slacks))] if known else None
        kept = sum(slack >= 0 for slack in slacks)
        closest = "–" if nearest is None else f"{mean(nearest, name)} (trial {nearest.setting})"
        slack = "–" if nearest is None else number(constraint.slack(nearest.means[name]), unit)
        rows.append((str(constraint), f"{kept} of {len(tuned.trials)}", closest, slack))
    return Sheet(
        title=f"No feasible setting in {len(tuned.trials)} trials",
        note=states_line(tuned),
        head=("constraint", "kept by trials", "closest", "slack there"),
        rows=rows,
        below="Loosen a constraint, widen [search.over], or try more.",
    )


def states_line(tuned: Tuned) -> str:
    """How the trials ended, in a sentence."""
    counts = Counter(verdict.state for verdict in tuned.trials)
    told = ", ".join(f"{counts[state]} {state}" for state in STATES if counts[state]) or "none over"
    return f"{told} of {tuned.search.trials} trials"


def failure_lines(tuned: Tuned, most: int = 8) -> list[str]:
    """Trials that failed, with the first error of each."""
    found = tuned.failures()
    lines = [
        f"{'the base' if trial == 0 else f'trial {trial}'} failed: {count} of {len(tuned.plan.seeds)} runs: {why}"
        for trial, (why, count) in found.items()
    ]
    return lines[:most] + ([f"and {len(lines) - most} more, see trials.csv"] if len(lines) > most else [])


def mean(verdict: Verdict, outcome: str) -> str:
    """An outcome's mean with its interval."""
    return with_ends(verdict.means[outcome], *verdict.interval(outcome), meaning(outcome).unit)


def with_ends(value: float, low: float, high: float, unit: str) -> str:
    """A number with both ends of its interval, if it has one."""
    if math.isnan(low):
        return number(value, unit)
    return f"{number(value, unit)} [{number(low, unit)}, {number(high, unit)}]"


def word(value: Any) -> str:
    """A factor's value."""
    return (
        f"{value:.5g}" if isinstance(value, float) else value if isinstance(value, str) else json.dumps(value)
    )


def base_word(base: Any, key: str) -> str:
    """The value that a config has at a dotted key; a dash for a setting of a strategy that it has not chosen."""
    tree: Any = base.tree()
    for part in key.split("."):
        if not isinstance(tree, dict):
            return "–"
        if part not in tree:
            if tree.get("name") != part:
                return "–"
            continue
        tree = tree[part]
    return word(tree["name"] if isinstance(tree, dict) and "name" in tree else tree)
