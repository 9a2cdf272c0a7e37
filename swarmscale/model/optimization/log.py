"""What the engine saw and did: one row a look, one entry a trial."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan
from typing import TYPE_CHECKING, Literal

import numpy as np

from ...arrays import Floats
from .base import KINDS, Bottleneck, Kind

if TYPE_CHECKING:
    import pandas as pd

    from .engine import Optimizer

type State = Literal["trying", "kept", "rolled back"]

STATIONS = ("ingress", "links", "dispatch", "clusters", "agents")
"""Kinds of stations in the order of their columns."""
LOOK_COLUMNS = (
    "time_s", "kind", "at", "throughput_per_s", "bound_per_s", "response_s", "least_response_s",
    *(f"{name}_utilization" for name in STATIONS),
    *(f"{name}_wait_s" for name in STATIONS),
)  # fmt: skip
"""Columns of a look; ``kind`` is its place in :data:`.base.KINDS`."""


def look_row(found: Bottleneck) -> tuple[float, ...]:
    """What is kept of a look; see :data:`LOOK_COLUMNS`."""
    stations = [found.station(name) for name in STATIONS]
    return (
        found.until_s, float(KINDS.index(found.kind)), float(found.at), found.throughput_per_s, found.bound_per_s,
        found.response_s, found.least_response_s, *(one.utilization for one in stations),
        *(one.wait_s for one in stations),
    )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A change that was tried.

    Attributes:
        number: from 1.
        time_s: when the knob was turned, s.
        kind: what limited the fleet then.
        evidence: the sentence that said so.
        strategy: whose change it is.
        knob: what was turned.
        words: what was done, in words.
        metric: what it is judged by, one of :data:`.base.METRICS`.
        expected: relative change of the metric that theory expected; NaN if it said nothing.
        drawn: relative gain that was drawn for the strategy when it was chosen (Thompson sampling).
        rivals: how many other strategies had something to propose.
        cost_s: agent-seconds that the change cost.
        messages: that it cost.
        state: "trying", "kept" or "rolled back".
        ended_s: when that was decided, s; NaN while it is tried.
        before: the metric before.
        after: the metric afterwards, as if demand were what it was before.
        change: relative change, negative is less.
        low: lower end of its interval, at twice the engine's level.
        high: its upper end.
        p: chance of such a change or a better one if the knob does nothing.
        reason: why it was kept or rolled back, in words.
    """

    number: int
    time_s: float
    kind: Kind
    evidence: str
    strategy: str
    knob: str
    words: str
    metric: str
    expected: float
    drawn: float
    rivals: int
    cost_s: float
    messages: int
    state: State = "trying"
    ended_s: float = nan
    before: float = nan
    after: float = nan
    change: float = nan
    low: float = nan
    high: float = nan
    p: float = nan
    reason: str = ""


def trials_frame(trials: Sequence[Trial]) -> pd.DataFrame:
    """Tidy table: one row a trial, with the columns of :class:`Trial`."""
    import pandas as pd

    names = list(Trial.__dataclass_fields__)
    return pd.DataFrame([[getattr(trial, name) for name in names] for trial in trials], columns=names)


def looks_frame(optimizer: Optimizer) -> pd.DataFrame:
    """Tidy table: one row a look; ``kind`` in words."""
    import pandas as pd

    frame = pd.DataFrame(looks_array(optimizer.looks), columns=list(LOOK_COLUMNS))
    frame["kind"] = [KINDS[int(k)] for k in frame["kind"]]
    frame["at"] = frame["at"].astype(int)
    return frame


def looks_array(looks: Sequence[Sequence[float]]) -> Floats:
    """`[L, len(LOOK_COLUMNS)]` the looks so far."""
    return np.array(looks, np.float64).reshape(-1, len(LOOK_COLUMNS))
