"""Tables of what broke: a row for each incident, each moment of its time line, and each suspicion; and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from .incidents import Incident, IncidentLog, Suspicion

if TYPE_CHECKING:
    import pandas as pd

_KEPT = tuple(f.name for f in fields(Incident) if f.name != "line")
_SUSPECTED = tuple(f.name for f in fields(Suspicion))

INCIDENTS = ("incident", *_KEPT, "detect_s", "recover_s", "found", "over", "in_time")
"""Columns: its number in the log, the fields of :class:`.incidents.Incident`, times from its begin, and verdicts."""
LINES = ("incident", "time_s", "text")
SUSPICIONS = _SUSPECTED

_TYPES: Mapping[str, Any] = {
    **dict.fromkeys(
        ("begins_s", "ends_s", "deadline_s", "found_s", "recovered_s", "detect_s", "recover_s"), np.float64
    ),
    **dict.fromkeys(("time_s", "cleared_s"), np.float64),
    **dict.fromkeys(("incident", "size", "left", "displaced", "lost"), np.int64),
    **dict.fromkeys(("found", "over", "in_time"), np.bool_),
}


def incidents_frame(log: IncidentLog) -> pd.DataFrame:
    """Tidy table: one row an incident, in the order of the log; times that there are not are NaN or infinity."""
    rows = [
        [
            number,
            *(getattr(one, name) for name in _KEPT),
            one.found_s - one.begins_s,
            one.recovered_s - one.begins_s,
            one.found,
            one.over,
            one.in_time,
        ]
        for number, one in enumerate(log.incidents)
    ]
    return _typed(rows, INCIDENTS)


def lines_frame(log: IncidentLog) -> pd.DataFrame:
    """Tidy table: one row a moment of an incident's time line."""
    rows = [[number, time_s, text] for number, one in enumerate(log.incidents) for time_s, text in one.line]
    return _typed(rows, LINES)


def told_frame(log: IncidentLog) -> pd.DataFrame:
    """The table of incidents with a column ``line``: each time line as JSON, pairs of s and what happened."""
    table = incidents_frame(log)
    table["line"] = np.array([json.dumps(one.line) for one in log.incidents], object)
    return table


def log_told(table: pd.DataFrame) -> IncidentLog:
    """The log from which :func:`told_frame` was made, without its suspicions."""
    log = log_of(table)
    for one, line in zip(log.incidents, table["line"].tolist(), strict=True):
        one.line = [(float(time_s), str(text)) for time_s, text in json.loads(line)]
    return log


def suspicions_frame(log: IncidentLog) -> pd.DataFrame:
    """Tidy table: one row a suspicion; incident -1 is a false one."""
    return _typed([[getattr(one, name) for name in SUSPICIONS] for one in log.suspicions], SUSPICIONS)


def log_of(
    incidents: pd.DataFrame, lines: pd.DataFrame | None = None, suspicions: pd.DataFrame | None = None
) -> IncidentLog:
    """The log from which the tables were made."""
    log = IncidentLog()
    for row in incidents[list(_KEPT)].to_dict("records"):
        log.incidents.append(Incident(**{str(name): value for name, value in row.items()}))
    if lines is not None:
        number, time_s, text = (lines[name].tolist() for name in LINES)
        for which, at, what in zip(number, time_s, text, strict=True):
            log.incidents[which].line.append((at, what))
    if suspicions is not None:
        for row in suspicions[list(SUSPICIONS)].to_dict("records"):
            log.suspicions.append(Suspicion(**{str(name): value for name, value in row.items()}))
    return log


def _typed(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> pd.DataFrame:
    """The same types in an empty table as in a full one."""
    import pandas as pd

    table = pd.DataFrame(rows, columns=list(names))
    return table.astype({name: _TYPES.get(name, object) for name in names})
