"""Time lines of incidents as lists that fold: what failed or took longest in full, the rest in a sentence a fault."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np

from ..model.resilience.incidents import LAYERS, Incident, IncidentLog
from ..model.resilience.measures import is_pending, tally
from .theme import digits, number
from .trouble_tables import outcome

MOST = 50
"""Time lines of a kind of fault in full."""


def time_lines(log: IncidentLog, end_s: float, most: int = MOST) -> str:
    """Time lines as HTML, one list a kind of fault; empty without an incident.

    Args:
        log: all incidents.
        end_s: end of the run, s.
        most: time lines of a kind that stand there in full: those with a name first, then those that were not made
            good in time, then those that took longest.
    """
    kinds = sorted({(LAYERS.index(one.layer), one.fault) for one in log.incidents})
    return "".join(
        _kind([one for one in log.incidents if one.fault == fault], fault, end_s, most) for _, fault in kinds
    )


def chosen(incidents: Sequence[Incident], end_s: float, most: int) -> list[Incident]:
    """Those of which the time line stands there in full, in the order of their begins."""

    def weight(one: Incident) -> tuple[bool, bool, float, float]:
        failed = not one.in_time and not is_pending(one, end_s)
        took_s = (one.recovered_s if one.over else end_s) - one.begins_s
        return not one.title, not failed, -took_s, one.begins_s

    return sorted(sorted(incidents, key=weight)[:most], key=lambda one: one.begins_s)


def _kind(incidents: Sequence[Incident], fault: str, end_s: float, most: int) -> str:
    mine = tally(incidents, end_s, fault)
    shown = chosen(incidents, end_s, most)
    kept = {id(one) for one in shown}
    rest = [one for one in incidents if id(one) not in kept]
    head = f"{fault}, {incidents[0].layer}: {mine.injected:,} {'incident' if mine.injected == 1 else 'incidents'}"
    if mine.judged:
        head += f", {mine.in_time:,} of {mine.judged:,} made good in time"
    body = "".join(_line(one) for one in shown)
    return (
        f"<details><summary>{escape(head)}</summary>{body}"
        + (f"<p>{escape(_summary(rest, end_s))}</p>" if rest else "")
        + "</details>"
    )


def _line(one: Incident) -> str:
    """One incident: a sentence, and behind it what happened when."""
    name = f"{one.title}: " if one.title else ""
    text = f"{one.begins_s:,.1f} s: {name}{one.target}, {outcome(one)}"
    if one.over:
        text += f" after {digits(one.recovered_s - one.begins_s)} s"
    for count, word in ((one.displaced, "displaced"), (one.lost, "lost")):
        if count:
            text += f", {count:,} task{'s' if count > 1 else ''} {word}"
    rows = "".join(f"<dt>{time_s:,.2f} s</dt><dd>{escape(what)}</dd>" for time_s, what in one.line)
    return f"<details><summary>{escape(text)}</summary><dl>{rows}</dl></details>"


def _summary(rest: Sequence[Incident], end_s: float) -> str:
    """The others in a sentence."""
    mine = tally(rest, end_s)
    parts = [f"{mine.injected:,} more, {mine.in_time:,} of them made good in time"]
    for times, what in ((mine.detect_s, "suspected"), (mine.recover_s, "made good")):
        if len(times):
            middle, most = digits(float(np.median(times))), digits(float(times.max()))
            parts.append(f"{what} after {middle} s in the median, {most} s at most")
    if mine.displaced or mine.lost:
        parts.append(f"{mine.displaced:,} tasks displaced, {mine.lost:,} lost")
    if mine.pending:
        parts.append(f"{mine.pending:,} still open before their deadline")
    return "; ".join(parts) + "."


def figure_text(value: float, low: float, high: float, unit: str) -> str:
    """A figure for a cell, with its interval in brackets if it has one.

    >>> figure_text(0.98, 0.95, 0.99, "share"), figure_text(2.5, math.nan, math.nan, "s")
    ('98.0 % [95.0, 99.0]', '2.50 s')
    """
    if math.isnan(value) or math.isnan(low):
        return number(value, unit)
    scale = 100 if unit == "share" else 1
    return f"{number(value, unit)} [{digits(scale * low, unit)}, {digits(scale * high, unit)}]"
