"""The alert rules by name, and those that are always there; see :mod:`.base` for how to add one."""

from __future__ import annotations

from ....choices import Choices
from .base import AlertRule
from .burning import BurnRate
from .control import Adaptive, Ewma, Shewhart
from .incident import Incidents
from .limit import Limit

ALERT_RULES: Choices[AlertRule] = Choices(
    "alert rule",
    **{
        "limit": Limit,
        "shewhart": Shewhart,
        "ewma": Ewma,
        "adaptive": Adaptive,
        "burn-rate": BurnRate,
        "incidents": Incidents,
    },
)

ALWAYS: tuple[AlertRule, ...] = (
    Incidents(title="open incident", text="something is held to be broken"),
    Incidents(
        title="overdue incident", overdue=True, severity="critical", text="it was not made good in time"
    ),
    BurnRate(title="fast burn", speed="fast", text="a lot of the error budget goes in a short time"),
    BurnRate(title="medium burn", speed="medium", text="the error budget goes too fast for long"),
    BurnRate(title="slow burn", speed="slow", severity="warning", text="it will not last"),
    Limit(
        title="late answers", metric="late_share", limit=0.01, for_s=30.0,
        text="more answers are late than the origin's emergency rule tolerates",
    ),
    Limit(
        title="errors", metric="error_rate", limit=0.0015, for_s=30.0, severity="critical",
        text="more tasks are dropped than the origin's emergency rule tolerates",
    ),
    Limit(title="shedding", metric="shed_share", limit=0.0, text="load is refused at the door"),
    Limit(
        title="agents out", metric="agents", limit=0.95, side="below",
        text="more than a twentieth of the agents is held to be failed or under repair",
    ),
    Limit(
        title="nodes out", metric="nodes", limit=1.0, side="below", severity="critical",
        text="a coordination node is held to be down",
    ),
    Limit(
        title="controller fails", metric="controller", limit=0.9, side="below",
        text="a controller throws, stalls or overruns its budget",
    ),
    Limit(
        title="edge fails", metric="edge", limit=0.9, side="below",
        text="events of an edge of the integration graph do not act in time",
    ),
    Limit(
        title="no figures", metric="unseen_s", limit=30.0, severity="critical",
        text="nothing is known of the fleet: figures do not come",
    ),
    Ewma(
        title="slower answers", severity="info",
        text="the mean response time is above what it was at first, and stays so"),
    Adaptive(title="response jumps", text="the mean response time has left its adaptive limits"),
    Adaptive(
        title="throughput falls", metric="throughput_per_s", side="below",
        text="throughput has left its adaptive limits",
    ),
)  # fmt: skip
"""Rules that are always there. The limits of late answers and errors are those of the origin's emergency scaling."""
