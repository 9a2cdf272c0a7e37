"""The scorecard as rows of text, for the terminal and for the report. Imports no Plotly."""

from __future__ import annotations

import math

from ..model.summary import Measured, Summary
from .theme import digits, number, suffix

SIGNS = {"met": "✓", "not met": "✗", "open": "~", "not measured": "–", "": ""}


def scorecard_rows(summary: Summary) -> list[tuple[str, str, str, str, str]]:
    """One row a metric: title, value with its 95 % interval, the claim, sign and verdict, definition."""
    return [
        (m.metric.title, value_text(m), m.metric.claim, verdict_text(m), m.metric.text)
        for m in summary.metrics
    ]


def value_text(measured: Measured) -> str:
    """A value with its unit and, in brackets, its 95 % interval if there is one."""
    unit = measured.metric.unit
    if math.isnan(measured.low) or math.isnan(measured.value):
        return number(measured.value, unit)
    scale = 100 if unit == "share" else 1
    ends = f"{digits(scale * measured.low, unit)}, {digits(scale * measured.high, unit)}"
    return f"{digits(scale * measured.value, unit)} [{ends}]{suffix(unit)}"


def verdict_text(measured: Measured) -> str:
    """The verdict behind its sign, so that color is never all that tells them apart."""
    return f"{SIGNS[measured.verdict]} {measured.verdict}".strip()


def measured_in_run(measured: Measured) -> bool:
    """Whether a run can measure it at all."""
    return measured.metric.value is not None or not math.isnan(measured.value)
