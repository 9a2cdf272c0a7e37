"""The columns of a run's records: each with its unit, its definition, and how it follows from what was counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..agents.fleet import STATE_NAMES
from ..arrays import Floats
from .flow.ledger import CHANNELS, DROPS, HELD, MESSAGE_COLUMNS, TICKS_PER_S, Count

QUANTILES = (0.5, 0.95, 0.99)
TIMED = ("response", "network", "first_token")
STATES = STATE_NAMES[1:]


class Raw:
    """Rows of what was counted, by name, as float64 columns `[T]`."""

    def __init__(
        self, counts: np.ndarray[tuple[int, int], np.dtype[np.int64]], floats: Floats, dt: float
    ) -> None:
        self._counts = counts
        self._floats = floats
        self.dt = dt

    def __len__(self) -> int:
        return len(self._counts)

    def count(self, which: Count) -> Floats:
        """`[T]` one count."""
        return self._counts[:, which].astype(np.float64)

    def seconds(self, which: Count) -> Floats:
        """`[T]` a sum of times, in s."""
        return self.count(which) / TICKS_PER_S

    def message(self, channel: int, column: int) -> Floats:
        """`[T]` one message count."""
        at = len(Count) + channel * len(MESSAGE_COLUMNS) + column
        return self._counts[:, at].astype(np.float64)

    def state(self, name: str) -> Floats:
        """`[T]` agents in a state at the tick's end."""
        at = len(Count) + len(CHANNELS) * len(MESSAGE_COLUMNS) + STATES.index(name)
        return self._counts[:, at].astype(np.float64)

    def quantile(self, timed: str, which: int) -> Floats:
        """`[T]` a quantile of a histogrammed time, in s; NaN where nothing was counted."""
        return self._floats[:, TIMED.index(timed) * len(QUANTILES) + which]


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column.

    Attributes:
        name: its name; a unit at the end where one could be mistaken.
        unit: its unit, empty for a plain number or share.
        text: its definition.
        value: from what was counted to `[T]`.
        whole: whether it holds whole numbers.
    """

    name: str
    unit: str
    text: str
    value: Callable[[Raw], Floats]
    whole: bool = False


def ratio(part: Floats, whole: Floats) -> Floats:
    """Part over whole, NaN where the whole is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(whole != 0, part / whole, np.nan)


def integer_columns() -> int:
    """Whole numbers kept for each tick."""
    return len(Count) + len(CHANNELS) * len(MESSAGE_COLUMNS) + len(STATES)


def float_columns() -> int:
    """Floats kept for each tick."""
    return len(TIMED) * len(QUANTILES)


def by_agents(raw: Raw) -> Floats:
    """`[T]` tasks answered by agents, not from a cache."""
    return raw.count(Count.COMPLETED) - raw.count(Count.CACHE_HITS)


def dropped(raw: Raw) -> Floats:
    """`[T]` tasks dropped, for all reasons."""
    return np.sum([raw.count(c) for c in DROPS], axis=0)


def in_system(raw: Raw) -> Floats:
    """`[T]` tasks that have arrived and neither ended nor been dropped, at the tick's end."""
    return np.sum([raw.count(c) for c in HELD], axis=0)


def provisioned(raw: Raw) -> Floats:
    """`[T]` agent-seconds paid for: ready (exact), and starting, draining, failed, recovering at the tick's end."""
    others = [raw.state(s) for s in ("starting", "draining", "failed", "recovering")]
    return raw.seconds(Count.READY_T) + np.sum(others, axis=0) * raw.dt


def _counted(which: Count, text: str, name: str | None = None) -> Column:
    return Column(
        name=name or which.name.lower(), unit="", text=text, value=lambda raw: raw.count(which), whole=True
    )


def _mean(name: str, total: Count, number: Count, text: str, unit: str = "s") -> Column:
    scale = 1000.0 if unit == "ms" else 1.0
    return Column(
        name=name,
        unit=unit,
        text=text,
        value=lambda raw: scale * ratio(raw.seconds(total), raw.count(number)),
    )


def _quantiles(timed: str, unit: str, what: str) -> list[Column]:
    scale = 1000.0 if unit == "ms" else 1.0

    def column(i: int) -> Column:
        share = f"p{QUANTILES[i] * 100:.0f}"
        return Column(
            name=f"{timed}_{share}_{unit}",
            unit=unit,
            text=f"{share} of {what}, from a histogram with bins 2.2 % wide",
            value=lambda raw: scale * raw.quantile(timed, i),
        )

    return [column(i) for i in range(len(QUANTILES))]


def _messages() -> list[Column]:
    def column(channel: int, part: int) -> Column:
        name, what = CHANNELS[channel], MESSAGE_COLUMNS[part]
        return Column(
            name=f"{name.replace('-', '_')}_{what.replace('latency_t', 'latency_s')}",
            unit={"bytes": "bytes", "latency_t": "s"}.get(what, ""),
            text=f"channel {name}: {_MESSAGE_TEXT[what]}",
            value=(lambda raw: raw.message(channel, part) / TICKS_PER_S)
            if what == "latency_t"
            else (lambda raw: raw.message(channel, part)),
            whole=what != "latency_t",
        )

    return [column(c, p) for c in range(len(CHANNELS)) for p in range(len(MESSAGE_COLUMNS))]


_MESSAGE_TEXT = {
    "messages": "messages to be delivered",
    "sent": "attempts to send them",
    "first_attempt": "messages delivered at the first attempt",
    "delivered": "messages delivered in the end",
    "bytes": "bytes of all attempts",
    "latency_t": "summed latency",
}
_STATE_TEXT = {
    "warm": "pooled, not yet started",
    "starting": "on their way to ready",
    "idle": "ready, without a task",
    "busy": "ready, at a task",
    "draining": "finishing a last task",
    "retired": "finished, their rows about to be freed",
    "failed": "failed, no repair begun",
    "recovering": "under repair",
    "helping": "ready, at a part of another agent's task",
}


def _states() -> list[Column]:
    def column(name: str) -> Column:
        return Column(
            name=f"agents_{name}",
            unit="agents",
            text=f"agents {_STATE_TEXT[name]}, at the tick's end",
            value=lambda raw: raw.state(name),
            whole=True,
        )

    return [column(name) for name in STATES]


C = Count
COLUMNS: tuple[Column, ...] = (
    _counted(C.ARRIVED, "tasks that arrived"),
    _counted(C.COMPLETED, "tasks answered, from a cache or by an agent"),
    Column(name="dropped", unit="", text="tasks dropped, for all reasons", value=dropped, whole=True),
    _counted(C.DROPPED_INGRESS_FULL, "tasks dropped since the entry node's ingress queue was full"),
    _counted(C.DROPPED_DISPATCH_FULL, "tasks dropped since the home node's dispatch queue was full"),
    _counted(C.DROPPED_CLUSTER_FULL, "tasks dropped since the cluster's queue was full"),
    _counted(C.DROPPED_LOST, "tasks whose message was lost more often than it may be sent again"),
    _counted(C.DROPPED_UNREACHABLE, "tasks without a live path, home or cluster"),
    _counted(C.DROPPED_ATTEMPTS, "tasks interrupted as often as they may be begun"),
    _counted(C.DROPPED_EXPIRED, "tasks cancelled where they waited, past the deadline of their class"),
    _counted(C.DROPPED_SHED, "tasks not let in since the node had no room"),
    _counted(C.DROPPED_RETRIES, "tasks lost from sight as often as they may be sent anew"),
    _counted(C.LATE, "answers after the deadline of their class"),
    _counted(C.DUE, "tasks whose deadline has come, answered or not"),
    _counted(C.MET, "of them those answered within it"),
    _counted(C.INTERRUPTED, "tasks taken out of the hands of failed or retired agents"),
    _counted(C.RESENT, "tasks sent anew by their entry node"),
    _counted(C.DUPLICATES, "answers that did not count, since their task was answered before"),
    _counted(C.SILENT, "agents that crashed and are not suspected yet, at the tick's end", "agents_silent"),
    _counted(C.STARTED, "tasks begun by an agent"),
    _counted(C.SPLIT, "tasks that were split over several agents when they were begun"),
    _counted(C.CACHE_HITS, "tasks answered from a result cache"),
    _counted(C.CACHE_LOOKUPS, "tasks looked up in a result cache"),
    _counted(C.INVALIDATED, "answers taken out of result caches since they went out of date"),
    _counted(C.STOLEN, "waiting tasks that idle agents of another cluster took"),
    _counted(C.HOPS, "hops over the mesh"),
    _counted(C.LOCAL, "tasks whose home is their entry node"),
    _counted(C.ESCALATED_CLUSTER, "tasks that a loaded cluster handed to its zone"),
    _counted(C.ESCALATED_ZONE, "tasks that a loaded zone handed to its node"),
    _counted(C.ESCALATED_NODE, "tasks that a loaded node handed to another"),
    _counted(C.WAITING_INGRESS, "tasks waiting at ingress, at the tick's end"),
    _counted(C.WAITING_DISPATCH, "tasks waiting at dispatch, at the tick's end"),
    _counted(C.WAITING_CLUSTER, "tasks waiting in clusters, at the tick's end"),
    _counted(C.IN_TRANSIT, "tasks in service at a node's station or on a link, at the tick's end"),
    _counted(C.IN_SERVICE, "tasks in agents' hands, at the tick's end"),
    _counted(C.RESENDING, "tasks that their entry node will send anew, at the tick's end"),
    Column(
        name="in_system",
        unit="",
        text="tasks arrived and not ended, at the tick's end",
        value=in_system,
        whole=True,
    ),
    Column(
        name="arrival_rate_per_s",
        unit="1/s",
        text="tasks arrived / s",
        value=lambda r: r.count(C.ARRIVED) / r.dt,
    ),
    Column(
        name="throughput_per_s",
        unit="1/s",
        text="tasks answered / s",
        value=lambda r: r.count(C.COMPLETED) / r.dt,
    ),
    Column(
        name="offered_agents",
        unit="agents",
        text="work that arrived / s, in unit-speed agents",
        value=lambda r: r.seconds(C.WORK_ARRIVED_T) / r.dt,
    ),
    Column(
        name="helped_s",
        unit="s",
        text="agent-seconds of parts of split tasks, but for the part of the agent that has the task; when begun",
        value=lambda r: r.seconds(C.HELPED_T),
    ),
    Column(
        name="spared_s",
        unit="s",
        text="pure service time of answered tasks beyond their time in hands: others did it meanwhile, as parts",
        value=lambda r: r.seconds(C.SPARED_T),
    ),
    Column(
        name="utilization",
        unit="",
        text="busy / ready agent-seconds",
        value=lambda r: ratio(r.count(C.BUSY_T), r.count(C.READY_T)),
    ),
    Column(
        name="coordination_efficiency",
        unit="",
        text="sum of pure service time (work / speed, at most the time in hands) / sum of response time, answered "
        "tasks",
        value=lambda r: ratio(r.count(C.USEFUL_T) - r.count(C.SPARED_T), r.count(C.RESPONSE_T)),
    ),
    Column(
        name="resource_efficiency",
        unit="",
        text="pure service time of answered tasks / agent-seconds ready, starting, draining, failed or recovering",
        value=lambda r: ratio(r.seconds(C.USEFUL_T), provisioned(r)),
    ),
    Column(
        name="error_rate",
        unit="",
        text="tasks dropped / tasks arrived",
        value=lambda r: ratio(dropped(r), r.count(C.ARRIVED)),
    ),
    _mean(
        "response_mean_s",
        C.RESPONSE_T,
        C.COMPLETED,
        "mean response time: arrival to answer at the entry node",
    ),
    *_quantiles("response", "s", "the response time"),
    Column(
        name="network_mean_ms",
        unit="ms",
        text="mean network part of the response time: ingress, links there and back, dispatch",
        value=lambda r: 1000 * ratio(r.seconds(C.NETWORK_T), r.count(C.DISPATCHED) + r.count(C.CACHE_HITS)),
    ),
    *_quantiles("network", "ms", "the network part of the response time"),
    _mean("ingress_wait_ms", C.INGRESS_WAIT_T, C.INGRESS_DONE, "mean wait at ingress", "ms"),
    _mean("dispatch_wait_ms", C.DISPATCH_WAIT_T, C.DISPATCHED, "mean wait at dispatch", "ms"),
    _mean("cluster_wait_mean_s", C.CLUSTER_WAIT_T, C.STARTED, "mean wait in the cluster's queue"),
    Column(
        name="service_mean_s",
        unit="s",
        text="mean time in an agent's hands",
        value=lambda r: ratio(r.seconds(C.SERVICE_T), by_agents(r)),
    ),
    Column(
        name="skill_match",
        unit="",
        text="mean skill of the agents for the tasks that they began",
        value=lambda r: ratio(r.count(C.MATCH_SUM) / 255.0, r.count(C.STARTED)),
    ),
    Column(
        name="prompt_tokens_per_s",
        unit="1/s",
        text="prompt tokens of answered tasks / s",
        value=lambda r: r.count(C.PROMPT_TOKENS) / r.dt,
    ),
    Column(
        name="generated_tokens_per_s",
        unit="1/s",
        text="generated tokens of answered tasks / s",
        value=lambda r: r.count(C.GENERATED_TOKENS) / r.dt,
    ),
    Column(
        name="first_token_mean_s",
        unit="s",
        text="mean time from arrival to the first token's arrival at the entry node",
        value=lambda r: ratio(
            r.seconds(C.FIRST_TOKEN_T), np.where(r.count(C.PROMPT_TOKENS) > 0, by_agents(r), 0)
        ),
    ),
    *_quantiles("first_token", "s", "the time to the first token"),
    *_states(),
    *_messages(),
)
BY_NAME = {column.name: column for column in COLUMNS}
