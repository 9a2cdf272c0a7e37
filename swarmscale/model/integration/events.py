"""What components tell each other: typed events, and which edge carries which.

An event is a frozen dataclass of numbers, texts, tuples and arrays, so that a checkpoint can keep it. In a model that
is shared out over shards it holds the same in all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...arrays import Floats

if TYPE_CHECKING:
    from ..health.figures import Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """Nothing but a sign that the edge carries; sent once a period where nothing else was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """So many members are out, or back, since this was told last.

    Attributes:
        out: agents that are held to be failed, or are under repair.
        members: agents in the fleet.
        down: numbers of the nodes that are held to be down.
    """

    out: int
    members: int
    down: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Estimates:
    """What is thought of clusters, for those who dispatch.

    Attributes:
        pace: `[Q, 6]` s that a cluster is thought to need for a second of work of each type.
        trust: `[Q]` share of its tasks that it is thought to finish at the first attempt.
    """

    pace: Floats
    trust: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeLoad:
    """How loaded nodes are at the end of a tick.

    Attributes:
        waiting: `[K]` tasks that wait in each node's clusters.
        in_service: `[K]` tasks in the hands of their agents.
        ready: `[K]` agents that are idle or busy.
        work_s: `[K]` s of unit-speed work waiting and in hands.
    """

    waiting: tuple[int, ...]
    in_service: tuple[int, ...]
    ready: tuple[int, ...]
    work_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What nodes may hold from now on; what is left of it is taken anew each tick.

    Attributes:
        hold: `[K]` tasks waiting and in hands under each node; infinite where there is no limit.
        rate_per_s: `[K]` tasks that each can answer in a second.
    """

    hold: tuple[float, ...]
    rate_per_s: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Practice:
    """What practice has brought, of which newcomers have none.

    Attributes:
        newcomer: agent-seconds that an agent without practice takes for work, over those that the fleet takes now.
    """

    newcomer: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Resized:
    """The scaler has called for agents, or let some go.

    Attributes:
        before: agents ready and starting before.
        after: the same afterwards.
        ready_at_s: when the last of those called for is ready, s.
    """

    before: int
    after: int
    ready_at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shed:
    """Tasks were refused at the door: their work arrived, but does not wait.

    Attributes:
        tasks: refused since this was told last.
    """

    tasks: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Overload:
    """How much of the load is refused.

    Attributes:
        share: of the tasks that came to the nodes since this was told last, in [0, 1].
        node: that refused most; -1 for none.
    """

    share: float
    node: int = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Capacity that is held to be gone.

    Attributes:
        agents: held to be failed, or under repair.
        members: agents in the fleet.
        nodes: numbers of those held to be down.
    """

    agents: int
    members: int
    nodes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was recorded of the fleet is complete up to a tick.

    Attributes:
        until_tick: rows of the records that may be read: ticks 1 to this one.
    """

    until_tick: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How fast the error budget burns.

    Attributes:
        availability: share of the tasks due so far that were answered in time.
        burn: of the last hour or less: share of tasks late or lost, over that which the objective allows.
        burn_now: the same of the last five minutes or less.
        left: share of the error budget that is left; negative if it is overspent.
        held: why burning needs no alert of its own, in words: something is done about it already; else empty.
        stretch: figures of the period.
    """

    availability: float
    burn: float
    burn_now: float
    left: float
    held: str = ""
    stretch: Stretch | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenIncidents:
    """Incidents that were noticed and are not over: what is lost meanwhile is theirs.

    Attributes:
        keys: their keys, the oldest first; the same for every number of shards.
    """

    keys: tuple[str, ...] = ()


type Event = Any
"""Any frozen dataclass of those above, or of a component's own."""
