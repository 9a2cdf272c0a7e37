"""What an alert rule is, and how to add one.

A rule is a frozen keyword-only dataclass, registered as ``@swarmscale.register("alert rule", "my-rule")`` and asked for
by ``resilience.health.rules``. Each look of the health monitor it reads what is known and says, of each subject that
it is about, whether that is out of its limits. What it must remember goes out of ``start`` and comes back into
``judge``. When a reading becomes an alert, and what becomes of that, is the same for all rules; see
:mod:`swarmscale.model.health.alerts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from ..figures import Stretch

type Severity = Literal["info", "warning", "critical"]
type Side = Literal["above", "below", "both"]

METRICS: Mapping[str, str] = {
    "late_share": "share of the answers of the period that came after their deadline",
    "error_rate": "tasks dropped / tasks arrived, in the period",
    "shed_share": "tasks refused at the door / tasks arrived, in the period",
    "availability": "share of the tasks due in the period that were answered in time",
    "response_mean_s": "mean response time of the answers of the period, s",
    "throughput_per_s": "tasks answered / s, in the period",
    "utilization": "busy / ready agent-seconds of the period",
    "unseen_s": "time of which no figures have come, s",
    "component": "lowest of agents, clusters, nodes and controllers",
    "integration": "lowest share of an edge's events that acted within two periods",
    "system": "lowest of availability, share of answers in time and share not dropped, in the last minute",
    "overall": "the lowest of these three",
    "agents": "share of the agents that are believed to be up",
    "clusters": "share of the clusters with agents that have one that is ready",
    "nodes": "share of the nodes that are believed to be up",
    "controller": "share of a controller's due runs done within period and budget, each",
    "edge": "share of an edge's events that acted within two periods, each",
}
"""What rules may ask for, by name; those that say "each" have a value for each subject."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """An incident that was noticed and is not over.

    Attributes:
        key: names it, the same for every number of shards.
        fault: what struck.
        target: what was hit, in words.
        age_s: time since it began, s.
        overdue_s: time since the deadline by which it must be made good, s; below 0 before it.
    """

    key: str
    fault: str
    target: str
    age_s: float
    overdue_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What is known at a look.

    Attributes:
        time_s: s.
        period_s: time between two looks, s.
        run_s: length of the run as configured, s.
        objective: share of the tasks due that must be answered in time.
        figures: those of ``METRICS`` that have one value; NaN where there is none.
        parts: those that have a value for each subject, by subject.
        stretches: figures of all periods so far.
        incidents: those that were noticed and are not over.
        held: why a burning budget needs no alert of its own, as the aggregator tells it; empty if it does.
    """

    time_s: float
    period_s: float
    run_s: float
    objective: float
    figures: Mapping[str, float]
    parts: Mapping[str, Mapping[str, float]]
    stretches: Sequence[Stretch]
    incidents: Sequence[Open] = ()
    held: str = ""


class Reading(NamedTuple):
    """What a rule says of one subject.

    Attributes:
        subject: what it is about; empty for the whole fleet.
        value: the figure; NaN where there is none, and then it is never out.
        limit: the limit that it keeps to, or passed.
        out: whether it is beyond it.
        cause: why, in words.
        held: why it needs no alert of its own, in words; empty if it does.
    """

    subject: str
    value: float
    limit: float
    out: bool
    cause: str = ""
    held: str = ""


class AlertRule(Protocol):
    """Says what is out of its limits.

    Attributes:
        title: its name in alerts; the registered one if it is empty.
        severity: info, warning or critical.
        for_s: how long a subject must be out of its limits before an alert fires, s.
        text: what it means, in words.
    """

    @property
    def title(self) -> str: ...  # noqa: D102
    @property
    def severity(self) -> Severity: ...  # noqa: D102
    @property
    def for_s(self) -> float: ...  # noqa: D102
    @property
    def text(self) -> str: ...  # noqa: D102

    def start(self) -> Any:
        """What it remembers before the first look."""
        ...

    def judge(self, look: Look, memory: Any) -> tuple[Sequence[Reading], Any]:
        """One reading for each subject that there is now, and what to remember."""
        ...


def values_of(look: Look, metric: str) -> dict[str, float]:
    """Values of a metric by subject, that of the whole fleet by an empty one."""
    if metric in look.parts:
        return dict(look.parts[metric])
    value = look.figures.get(metric, float("nan"))
    return {"": value}
