"""Rows of the scorecard that the emergence monitor fills."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from .intervals import clopper_pearson
from .metric import Metric, Reading

if TYPE_CHECKING:
    from .emergence.base import Verdict
    from .swarm import SwarmModel

WATCHED = ("coordination", "innovation", "self-organization", "collective-intelligence")
"""The shipped detectors; one that a user added has its findings in the run's folder."""

_watched = partial(
    Metric, value=None, unit="share", where="a run longer than emergence.window_s with emergence.on"
)


def by_window(verdicts: Sequence[Verdict]) -> list[list[Verdict]]:
    """What all detectors said of each window, in the order of time."""
    found: dict[float, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.end_s, []).append(verdict)
    return list(found.values())


def share_of(hits: int, trials: int, what: str) -> Reading | None:
    """A share with its interval; None without a trial."""
    if not trials:
        return None
    low, high = clopper_pearson(hits, trials)
    return Reading(
        hits / trials, float(low), float(high), f"{hits:,} of {trials:,} {what}; Clopper & Pearson"
    )


def _found(detector: str) -> Callable[[SwarmModel], Reading | None]:
    """Share of the windows that a detector looked at in which it found something, each window alone."""

    def read(model: SwarmModel) -> Reading | None:
        monitor = model.emergence
        if monitor is None:
            return None
        told = [one for one in monitor.verdicts if one.detector == detector and not one.abstained]
        persisted = sum(one.detector == detector for one in monitor.findings)
        what = f"windows; {persisted:,} {'finding' if persisted == 1 else 'findings'} persisted"
        return share_of(sum(one.found for one in told), len(told), what)

    return read


def _passed(model: SwarmModel) -> Reading | None:
    """Share of the windows that the gate let through."""
    monitor = model.emergence
    if monitor is None:
        return None
    windows = by_window(monitor.verdicts)
    return share_of(sum(not one[0].gate for one in windows), len(windows), "windows")


EMERGENCE_METRICS: tuple[Metric, ...] = (
    *(
        _watched(
            key=f"emergence_{name.replace('-', '_')}",
            title=f"{name.replace('-intelligence', ' intelligence')}: windows that show it",
            text="windows in which the detector alone rejected its null / windows of which it said anything; about its "
            "level (5 %) where nothing emerges; source: docs/emergence_calibration.md",
            of_model=_found(name),
        )
        for name in WATCHED
    ),
    _watched(
        key="emergence_gate",
        title="windows that passed the emergence gate",
        text="windows whose series were long, lively and steady enough to be used / windows that were full",
        of_model=_passed,
    ),
)
