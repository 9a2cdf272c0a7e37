"""What tables say of emergence: findings, the statistics of the last window, and what was not said."""

from __future__ import annotations

import math

from ..model.emergence.base import Test, Verdict
from .emergence import Emergence
from .theme import digits

FINDING_HEADS = ("since", "until", "detector", "what was found", "p", "effect", "family")
LAST_HEADS = ("detector", "statistic", "observed", "null, mean and 95 %", "p", "effect", "family", "verdict")
ABSTENTION_HEADS = ("detector", "statistic", "reason", "windows", "last at")
"""Of the tables."""
DASH = "–"
MOST_ROWS = 24
"""Of a table."""


def chance(p: float) -> str:
    """A p-value for people.

    >>> chance(0.0321), chance(0.00004), chance(float("nan"))
    ('0.0321', '< 0.0001', '–')
    """
    return "–" if math.isnan(p) else "< 0.0001" if p < 1e-4 else f"{p:.3g}"


def why(verdict: Verdict, test: Test | None) -> str:
    """Why a verdict has no number of a statistic; empty where it has one."""
    if test is not None and not math.isnan(test.observed) and not test.abstained:
        return ""
    return (test.abstained if test is not None else "") or verdict.abstained or "no number was given"


def finding_rows(seen: Emergence) -> list[tuple[str, ...]]:
    """Findings, the newest first: since, until, detector, sentence, p, effect, family."""
    return [
        (
            _at(one.since_s),
            "now" if math.isnan(one.until_s) else _at(one.until_s),
            one.detector,
            one.sentence,
            chance(one.p),
            f"{_known(one.effect)} {one.effect_name}".strip(),
            f"{one.family:,}",
        )
        for one in sorted(seen.findings, key=lambda one: -one.since_s)[:MOST_ROWS]
    ]


def last_rows(seen: Emergence) -> list[tuple[str, ...]]:
    """The last window's statistics, each with its null, or why there is no number."""
    rows: list[tuple[str, ...]] = []
    for name in seen.detectors:
        verdict = seen.last(name)
        if verdict is None or verdict.end_s < seen.verdicts[-1].end_s:
            continue
        if not verdict.tests:
            rows.append((name, "all", *[DASH] * 5, f"abstained: {why(verdict, None)}"))
        rows += [_last_row(verdict, test) for test in verdict.tests]
    return rows


def _last_row(verdict: Verdict, test: Test) -> tuple[str, ...]:
    if reason := why(verdict, test):
        return (verdict.detector, test.statistic, *[DASH] * 5, f"abstained: {reason}")
    null = _known(test.null_mean)
    if math.isfinite(test.null_low):
        null += f" [{digits(test.null_low)}, {digits(test.null_high)}]"
    effect = f"{digits(test.effect)} {test.effect_name}".strip() if math.isfinite(test.effect) else DASH
    said = "null rejected" if test.rejected else "null holds"
    return (
        verdict.detector, test.statistic, digits(test.observed), null, chance(test.p), effect,
        f"{test.family:,}", said,
    )  # fmt: skip


def abstentions(seen: Emergence) -> list[tuple[str, ...]]:
    """Why detectors and their statistics gave no number: detector, statistic, reason, windows, the last one's end."""
    found: dict[tuple[str, str, str], tuple[int, float]] = {}
    for verdict in seen.verdicts:
        for statistic, reason in _silent(verdict):
            key = (verdict.detector, statistic, reason)
            found[key] = (found.get(key, (0, 0.0))[0] + 1, verdict.end_s)
    rows = sorted(found.items(), key=lambda pair: -pair[1][1])[:MOST_ROWS]
    return [(*key, f"{number:,}", _at(end_s)) for key, (number, end_s) in rows]


def _silent(verdict: Verdict) -> list[tuple[str, str]]:
    if verdict.abstained:
        return [("all", verdict.abstained)]
    return [(test.statistic, reason) for test in verdict.tests if (reason := why(verdict, test))]


def _at(time_s: float) -> str:
    return f"{time_s:,.0f}\N{NO-BREAK SPACE}s"


def _known(value: float) -> str:
    return digits(value) if math.isfinite(value) else DASH
