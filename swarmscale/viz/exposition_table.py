"""The metrics that operators see: what each is called, in which unit, and how it follows from a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ..model.columns import in_system, ratio
from ..model.flow.ledger import CHANNELS, DROPS, MESSAGE_COLUMNS, TICKS_PER_S, Count
from . import exposition_parts as parts
from .exposition_parts import one
from .exposition_sight import Family, Sight, Values


def _count(name: str, which: Count, text: str) -> Family:
    return Family(name=name, kind="counter", text=text, read=lambda s: one(s.sum(which)))


def _seconds(name: str, which: Count, text: str) -> Family:
    return Family(
        name=f"{name}_seconds",
        kind="counter",
        unit="seconds",
        text=text,
        read=lambda s: one(s.sum_s(which)),
    )


def _by(values: Sequence[tuple[str, Count]]) -> Callable[[Sight], Values]:
    return lambda s: [((name,), s.sum(which)) for name, which in values]


def _message(part: str, name: str, text: str, unit: str = "") -> Family:
    column = MESSAGE_COLUMNS.index(part)
    scale = TICKS_PER_S if part == "latency_t" else 1.0

    def read(s: Sight) -> Values:
        return [((c,), float(s.total.message(i, column)[0]) / scale) for i, c in enumerate(CHANNELS)]

    return Family(name=name, kind="counter", unit=unit, text=text, labels=("channel",), read=read)


def _histogram(name: str, text: str) -> Family:
    return Family(name=f"{name}_seconds", kind="histogram", unit="seconds", text=text, read=lambda s: [])


_gauge = partial(Family, kind="gauge")
_counter = partial(Family, kind="counter")
C = Count
SCALED, HEALTHY, BROKEN = "a scaling policy", "`resilience.health.on`", "`resilience.on`"
PROBED, EMERGENT, OPTIMIZED = "`intelligence.on`", "`emergence.on`", "`optimization.on`"

FAMILIES: tuple[Family, ...] = (
    _counter(name="simulated_seconds", unit="seconds", text="simulated time that has passed",
             read=lambda s: one(s.ticks * s.total.dt)),
    _count("tasks_arrived", C.ARRIVED, "tasks that arrived"),
    _count("tasks_completed", C.COMPLETED, "tasks answered, from a cache or by an agent"),
    _counter(name="tasks_dropped", text="tasks dropped, by reason", labels=("reason",),
             read=_by([(c.name.lower().removeprefix("dropped_"), c) for c in DROPS])),
    _count("tasks_due", C.DUE, "tasks whose deadline has come, answered or not"),
    _count("tasks_met", C.MET, "tasks answered within their deadline, counted when it comes"),
    _count("tasks_late", C.LATE, "answers after the deadline of their class"),
    _count("tasks_started", C.STARTED, "tasks begun by an agent"),
    _count("tasks_interrupted", C.INTERRUPTED, "tasks taken out of the hands of failed or retired agents"),
    _count("tasks_resent", C.RESENT, "tasks sent anew by their entry node"),
    _count("tasks_duplicate", C.DUPLICATES, "answers that did not count, since their task was answered before"),
    _count("tasks_stolen", C.STOLEN, "waiting tasks that idle agents of another cluster took"),
    _count("tasks_split", C.SPLIT, "tasks that were split over several agents"),
    _counter(name="tasks_escalated", text="tasks that a loaded level handed up, by level", labels=("level",),
             read=_by([("cluster", C.ESCALATED_CLUSTER), ("zone", C.ESCALATED_ZONE), ("node", C.ESCALATED_NODE)])),
    _count("cache_lookups", C.CACHE_LOOKUPS, "tasks looked up in a result cache"),
    _count("cache_hits", C.CACHE_HITS, "tasks answered from a result cache"),
    _counter(name="tokens", text="tokens of answered tasks, by kind", labels=("kind",),
             read=_by([("prompt", C.PROMPT_TOKENS), ("generated", C.GENERATED_TOKENS)])),
    _gauge(name="tasks_open", text="tasks arrived and neither answered nor dropped, by place", labels=("place",),
           read=parts.waiting),
    _gauge(name="tasks_in_system", text="tasks arrived and neither answered nor dropped",
           read=lambda s: one(s.now(in_system))),
    _histogram("response", "time from arrival at the entry node to the answer there"),
    _histogram("network", "network part of it: ingress, links there and back, dispatch"),
    _histogram("cluster_wait", "time from a task's arrival at its cluster to its start"),
    _histogram("first_token", "time from arrival to the first token's arrival at the entry node"),
    _seconds("work_arrived", C.WORK_ARRIVED_T, "work that arrived, in seconds of a unit-speed agent"),
    _seconds("service", C.SERVICE_T, "time that answered tasks spent in agents' hands"),
    _gauge(name="agents", text="agents, by state", labels=("state",), read=parts.states),
    _seconds("agent_busy", C.BUSY_T, "agent-seconds at work"),
    _seconds("agent_ready", C.READY_T, "agent-seconds idle or busy"),
    _gauge(name="utilization_ratio", unit="ratio", text="busy / ready agent-seconds of the last tick",
           read=lambda s: one(s.now(lambda raw: ratio(raw.count(C.BUSY_T), raw.count(C.READY_T))))),
    _gauge(name="skill_match_ratio", unit="ratio",
           text="mean skill of the agents for the tasks that they began in the last tick",
           read=lambda s: one(s.now(lambda raw: ratio(raw.count(C.MATCH_SUM) / 255.0, raw.count(C.STARTED))))),
    _counter(name="cost_agent_seconds", unit="seconds",
             text="price of all agents so far, in agent-seconds at the price of 1; warm ones at theirs",
             read=lambda s: one(s.cost)),
    _gauge(name="nodes", text="coordination nodes that are up and down", labels=("state",), read=parts.nodes),
    _seconds("ingress_busy", C.INGRESS_BUSY_T, "time for which ingress stations served, summed over nodes"),
    _seconds("dispatch_busy", C.DISPATCH_BUSY_T, "time for which dispatch stations served, summed over nodes"),
    _message("messages", "messages", "messages to be delivered, by channel"),
    _message("sent", "messages_sent", "attempts to send messages, by channel"),
    _message("first_attempt", "messages_delivered_first", "messages delivered at the first attempt, by channel"),
    _message("delivered", "messages_delivered", "messages delivered in the end, by channel"),
    _message("bytes", "message_bytes", "bytes of all attempts to send messages, by channel", "bytes"),
    _message("latency_t", "message_latency_seconds", "latency of messages, summed, by channel", "seconds"),
    _counter(name="hosted_tasks_submitted", text="tasks that a host submitted, those refused included",
             read=lambda s: one(float(s.model.hosting.submitted))),
    _counter(name="hosted_tasks_collected", text="fates of tasks that a host submitted, by outcome",
             labels=("outcome",), read=parts.hosted),
    _gauge(name="hosted_tasks_open", text="tasks that a host submitted and whose fates it did not collect yet",
           read=lambda s: one(float(s.model.hosting.open))),
    _counter(name="controller_runs_due", text="times that a controller was due", labels=("controller",),
             read=parts.runs("due")),
    _counter(name="controller_runs_done", text="times that it acted", labels=("controller",),
             read=parts.runs("done")),
    _counter(name="scaling_events", text="changes of the fleet's size by the scaler, by direction",
             labels=("direction",), read=parts.events, where=SCALED),
    _gauge(name="scaling_demand", labels=("kind",), where=SCALED, read=parts.foretold,
           text="agents that demand keeps busy: now (demand), as foretold for 300 s later (forecast), and the upper "
           "quantile of the largest within the lead time (upper)"),
    _gauge(name="pool_units", text="units of resource pools", labels=("pool", "state"), read=parts.pools,
           where=SCALED),
    _gauge(name="alerts_firing", text="subjects for which an alert rule fires", labels=("rule", "severity"),
           read=parts.alerts_firing, where=HEALTHY),
    _counter(name="alerts_fired", text="times that an alert rule began to fire", labels=("rule", "severity"),
             read=parts.alerts_fired, where=HEALTHY),
    _gauge(name="alerts", text="alerts that are not resolved, by state", labels=("state",),
           read=parts.alert_states, where=HEALTHY),
    _gauge(name="health_ratio", unit="ratio", text="health, by part: the lowest share of what is part of it",
           labels=("part",), read=parts.health, where=HEALTHY),
    _gauge(name="objective_ratio", unit="ratio", text="share of the tasks due that must be answered in time",
           read=parts.objective, where=HEALTHY),
    _counter(name="faults", text="faults that struck, by fault and layer", labels=("fault", "layer"),
             read=parts.faults, where=BROKEN),
    _gauge(name="incidents_open", text="faults that are not made good", labels=("layer",),
           read=parts.incidents(over=False), where=BROKEN),
    _counter(name="incidents_recovered", text="faults that were made good", labels=("layer",),
             read=parts.incidents(over=True), where=BROKEN),
    _counter(name="suspicions", text="times that something was held to be dead, by tier", labels=("tier",),
             read=parts.suspicions, where=BROKEN),
    _gauge(name="collective_iq", text="collective IQ of the last probe, and the ends of its 95 % interval",
           labels=("estimate",), read=parts.iq, where=PROBED),
    _counter(name="probes", text="probes of the collective intelligence", read=parts.probes, where=PROBED),
    _gauge(name="decision_accuracy_ratio", unit="ratio", read=parts.decision, where=PROBED,
           text="questions of the last probe that a panel decided rightly"),
    _counter(name="emergence_findings", text="findings of emergence that persisted, by detector",
             labels=("detector",), read=parts.findings, where=EMERGENT),
    _counter(name="optimizer_trials", text="trials of the optimizer that ended, by strategy and end",
             labels=("strategy", "end"), read=parts.trials, where=OPTIMIZED),
    _gauge(name="optimizer_trying", text="1 while the optimizer tries a change", read=parts.trying,
           where=OPTIMIZED),
)  # fmt: skip
"""All metrics of a model, in the order of an exposition."""

MODELS = Family(
    name="models",
    kind="gauge",
    text="models that are told of: 1, or the live page's sessions",
    read=lambda s: [],
)
"""The one metric that is there even where no model is."""


def names() -> tuple[str, ...]:
    """Names that queries may use: those of all metrics, histograms with their three parts."""
    out: list[str] = [MODELS.full]
    for family in FAMILIES:
        endings = ("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",)
        out += [family.full + ending for ending in endings]
    return tuple(out)


def markdown() -> str:
    """All metrics as a table, as it stands in ``docs/metrics.md``."""
    lines = ["| metric | kind | unit | labels | what it is | only with |", "|---|---|---|---|---|---|"]
    for family in (MODELS, *FAMILIES):
        labels = ", ".join(f"`{label}`" for label in family.labels)
        lines.append(
            f"| `{family.full}` | {family.kind} | {family.unit} | {labels} | {family.text} | {family.where} |"
        )
    return "\n".join(lines) + "\n"
