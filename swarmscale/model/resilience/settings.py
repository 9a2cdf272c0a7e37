"""Settings of resilience: what breaks, how it is found, and what is done about it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..health.rules import ALERT_RULES
from ..section import Section, Share, choice, setting
from .detection import FAILURE_DETECTORS
from .faults import FAULTS


class Told(Section):
    """A fault that strikes at a given time."""

    at_s: float = setting(0.0, "when it strikes", "s", ge=0)
    fault: choice(FAULTS) = Field(description="what strikes, a name or a table with its settings")  # type: ignore[valid-type]
    components: tuple[int, ...] = setting(
        (), "numbers of what is hit, as the fault counts them; none given: drawn"
    )
    number: int | None = setting(None, "how many are drawn", ge=1)
    share: Share | None = setting(None, "share of all that is drawn, in place of number")
    for_s: float | None = setting(
        None, "how long it lasts, in place of the fault's own law; none given: by that law", "s", gt=0
    )
    title: str = setting("", "name of the incident in the report")


class Detection(Section):
    """How heartbeats are sent, and when their absence is believed."""

    detector: choice(FAILURE_DETECTORS) = Field(  # type: ignore[valid-type]
        default_factory=lambda: FAILURE_DETECTORS.make("phi"),
        description="when silence is believed to be death",
    )
    interval_s: float = setting(1.0, "time between two heartbeats (agents, leads, nodes)", "s", gt=0)
    law: Literal["normal", "gamma", "lognormal"] = setting(
        "normal",
        "how a heartbeat is off its clock: normal about it, or late by a gamma or lognormal delay of cv 1",
    )
    cv: float = setting(
        0.05, "standard deviation of the time between two heartbeats over its mean (assumed)", ge=0, le=1
    )
    window: int = setting(1000, "gaps that a detector remembers", "gaps", ge=10, le=10_000)
    missed: int = setting(
        2, "heartbeats in a row that a link may lose before its silence counts", "heartbeats", ge=0, le=100
    )
    agents: bool = setting(True, "whether leads watch their agents by heartbeats")


class Recovery(Section):
    """What is done about what was found."""

    on: bool = setting(True, "whether anything is done")
    agents: Literal["restart", "replace", "none"] = setting(
        "restart", "what becomes of agents held to be dead: begun again, or replaced by new ones"
    )
    restart_s: float = setting(10.0, "mean time until a restarted agent is ready again (assumed)", "s", ge=0)
    restart_cv: float = setting(0.5, "coefficient of variation of it (lognormal)", ge=0, le=3)
    elect: bool = setting(True, "whether clusters elect a new lead")
    rehome: bool = setting(True, "whether clusters of a dead node are put under other nodes, and come back")
    reroute: bool = setting(True, "whether paths go round links and nodes held to be dead")
    rebalance: bool = setting(
        True, "whether tasks leave clusters where nobody is ready for others of their node"
    )
    resend_s: float = setting(2.0, "time without an answer after which a task is sent anew", "s", gt=0)
    retries: int = setting(12, "times that a task is sent anew at most", ge=0, le=31)
    backoff: float = setting(1.6, "factor on that wait with each time", ge=1, le=10)
    longest_s: float = setting(15.0, "longest wait before a task is sent anew", "s", gt=0)
    jitter: Share = setting(0.5, "share of the wait that is drawn: none at 0, all of it at 1")
    deadlines: Literal["count", "enforce"] = setting(
        "count",
        "what becomes of tasks past the deadline of their class: only counted, or cancelled where they wait",
    )


class Breaker(Section):
    """Circuit breakers of clusters: where too much fails, nothing new is sent for a while."""

    on: bool = setting(True, "whether clusters have one")
    failures: Share = setting(
        0.5, "share of a period's begun tasks that were interrupted, from which it opens"
    )
    least: int = setting(10, "interrupted tasks of a period from which it may open", "tasks", ge=1)
    period_s: float = setting(10.0, "time over which tasks are counted", "s", gt=0)
    open_s: float = setting(10.0, "time until it is tried again", "s", gt=0)


class Admission(Section):
    """How many tasks a node lets in: an adaptive limit, so that overload is refused at the door."""

    on: bool = setting(False, "whether load is shed")
    period_s: float = setting(1.0, "time between two looks", "s", gt=0)
    patience: Share = setting(0.5, "share of the shortest deadline that a task may wait before load is shed")
    least: int = setting(20, "tasks that a node always lets in", "tasks", ge=1)


class Pace(Section):
    """The watch over agents that become slow."""

    on: bool = setting(False, "whether leads watch how long their agents take")
    period_s: float = setting(10.0, "time between two looks", "s", gt=0)
    slower: float = setting(2.0, "factor on an agent's service time that must be found", gt=1)
    false_per_hour: float = setting(
        0.004, "chance that a sound agent is drained within an hour, by design", gt=0, lt=1
    )


class Health(Section):
    """The health monitor, the guard over controllers, and alerts."""

    on: bool = setting(True, "whether controllers are guarded and integration is watched")
    period_s: float = setting(10.0, "time between two looks at components, links and limits", "s", gt=0)
    isolate: bool = setting(
        True, "whether a controller that throws is set aside and begun again, instead of ending the run"
    )
    backoff_s: float = setting(10.0, "first wait before such a controller is begun again", "s", gt=0)
    longest_s: float = setting(300.0, "longest wait; it doubles with each time", "s", gt=0)
    objective: Share = setting(
        0.9995, "share of the tasks due that must be answered in time: the error budget is the rest"
    )
    rules: tuple[choice(ALERT_RULES), ...] = Field(  # type: ignore[valid-type]
        default=(),
        description="alert rules besides those that are always there; one of the same title replaces it",
    )


class Resilience(Section):
    """What breaks, how it is found, and what is done about it."""

    on: bool = setting(True, "whether heartbeats are watched and faults have a place")
    faults: tuple[choice(FAULTS), ...] = Field(  # type: ignore[valid-type]
        default=(), description="what breaks by itself, each with its own law"
    )
    script: tuple[Told, ...] = setting((), "what breaks at given times")
    trace: str = setting("", "a CSV file with more of these: at_s, fault, components or number, for_s")
    scale: float = setting(1.0, "factor on the rates of all faults that break by themselves", ge=0)
    detection: Detection = Detection()
    recovery: Recovery = Recovery()
    breaker: Breaker = Breaker()
    admission: Admission = Admission()
    pace: Pace = Pace()
    health: Health = Health()
