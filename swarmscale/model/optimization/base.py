"""What a strategy of optimization is: it says which knob it would turn and what it expects, turns it, and undoes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    from ..swarm import SwarmModel

type Kind = Literal[
    "ingress", "dispatch", "network", "queues", "imbalance", "service", "waste", "memory", "none"
]
"""What limits a fleet: the node's stations, the way over the mesh, clusters that are full all over, clusters or nodes
that are full while others are not, the time in hands alone, agents that have nothing to do, a memory that holds what
nobody asks for, or nothing."""

KINDS: tuple[Kind, ...] = (
    "ingress", "dispatch", "network", "queues", "imbalance", "service", "waste", "memory", "none",
)  # fmt: skip

METRICS = (
    "response_s", "network_s", "wait_s", "agent_s_per_task", "warm_s_per_task", "error_rate", "memory_bytes",
)  # fmt: skip
"""What a trial may be judged by; less is better in each. See :mod:`.figures`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StationUse:
    """One kind of station over a window.

    Attributes:
        name: "ingress", "links", "dispatch", "clusters" (their queues) or "agents".
        visits: of a completed task, on average.
        service_s: mean time of a visit without wait, s.
        demand_s: visits x service, s a completed task (the service demand).
        servers: in all.
        utilization: busy share of their time, mean; NaN where it has no meaning.
        busiest: the same of the busiest node or cluster.
        busiest_at: its number; -1 if there is none.
        wait_s: mean wait a completed task, s.
    """

    name: str
    visits: float
    service_s: float
    demand_s: float
    servers: float
    utilization: float
    busiest: float
    busiest_at: int
    wait_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bottleneck:
    """What limited the fleet over a window, and the evidence for it.

    Attributes:
        from_s: begin of the window, s.
        until_s: its end, s.
        kind: see :data:`Kind`.
        at: number of the node or cluster that is meant; -1 for all.
        words: a sentence with the figures that say so.
        throughput_per_s: tasks answered a second.
        response_s: their mean response time, s.
        bound_per_s: largest throughput that the service demands allow (asymptotic bound); infinite if nothing binds.
        balanced_per_s: largest throughput with as many tasks in the fleet as now (balanced job bound).
        binds: name of the station kind with the largest demand a server, by that bound.
        least_response_s: response time without any wait, s.
        stations: one for each kind.
    """

    from_s: float
    until_s: float
    kind: Kind
    at: int
    words: str
    throughput_per_s: float
    response_s: float
    bound_per_s: float
    balanced_per_s: float
    binds: str
    least_response_s: float
    stations: tuple[StationUse, ...]

    def station(self, name: str) -> StationUse:
        """One kind of station by its name."""
        return next(one for one in self.stations if one.name == name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A change that a strategy would make now.

    Attributes:
        strategy: its name.
        knob: what is turned: the dotted key of a setting, or "homes", "members", "size", "links".
        words: what would be done, in words.
        metric: what it is to lower, one of :data:`METRICS`.
        expected: relative change of the metric that theory expects; negative is less; NaN if it says nothing.
        changes: dotted keys and values for :meth:`SwarmModel.switch`, if the knob is a setting.
        moves: numbers for a strategy that does something else.
        cost_s: agent-seconds that the change itself costs.
        messages: that it costs.
    """

    strategy: str
    knob: str
    words: str
    metric: str
    expected: float
    changes: Mapping[str, Any] = field(default_factory=dict)
    moves: tuple[Any, ...] = ()
    cost_s: float = 0.0
    messages: int = 0


class Strategy(Protocol):
    """A way to make a fleet better by one knob.

    To add one, write a frozen keyword-only dataclass with the three methods in a file of its own, and give it a name in
    the table of ``model/optimization/strategies/__init__.py``, or add your own with
    ``@swarmscale.register("optimization strategy", "my-strategy")``. It is stored by name and fields, so it keeps
    nothing to itself: what undoing needs goes out of ``turn``, in numbers, texts, tuples and arrays.
    """

    def propose(self, model: SwarmModel, found: Bottleneck) -> Proposal | str:
        """What it would do now, or in words why it can do nothing; nothing is changed.

        All shards of a model are asked together and must answer alike.
        """
        ...

    def turn(self, model: SwarmModel, proposal: Proposal) -> Any:
        """Do it, between two ticks; return what :meth:`undo` needs.

        Raises:
            ConfigError: if it cannot be done after all; nothing is changed then.
        """
        ...

    def undo(self, model: SwarmModel, proposal: Proposal, kept: Any) -> None:
        """Put things back as they were, as far as the world allows: messages sent and time spent stay so."""
        ...
