"""What a fault is, and how to add one.

A fault is a frozen keyword-only dataclass, registered as ``@swarmscale.register("fault", "my-fault")``, with the
fields of :class:`Fault`, four class attributes and four methods. What it breaks it breaks through the :class:`World`
alone, so that it need not know how the model keeps its agents, links and controllers. One that breaks other things
than its components says how many in ``parts``; one that goes on while it lasts is :class:`Staged` too; one that hits
many components at once has ``drawn``, the share of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal, Protocol, runtime_checkable

from ...arrays import Floats, Ints
from .incidents import IncidentLog, Layer

if TYPE_CHECKING:
    from ..swarm import SwarmModel

type Law = Literal["exponential", "weibull", "lognormal"]
type Disturbance = Literal["drop", "delay", "duplicate"]
type Hit = Literal["agent", "lead", "node", "link", "zone", "controller", "edge"]


class World(Protocol):
    """The model as faults see it. Every operation takes effect at ``now_s``, the begin of a tick.

    ``incident`` is the number in the log under which what follows is written down.

    Attributes:
        model: the model; read it, and change it through the methods here alone.
        log: incidents and suspicions so far.
        now_s: s.
    """

    @property
    def model(self) -> SwarmModel: ...  # noqa: D102
    @property
    def log(self) -> IncidentLog: ...  # noqa: D102
    @property
    def now_s(self) -> float: ...  # noqa: D102

    def agents_up(self) -> Ints:
        """Rows of the agents here that are neither failed nor silent, ascending."""
        ...

    def crash_agents(self, rows: Ints, incident: int) -> None:
        """Agents fall silent: they do nothing any more, and nobody knows."""
        ...

    def slow_agents(self, rows: Ints, factor: Floats, incident: int) -> None:
        """`[n]` factor >= 1 on the time that each agent takes for a task, as made, from its next task on."""
        ...

    def heal_agents(self, rows: Ints, incident: int) -> None:
        """Slow agents are as fast again as they were made."""
        ...

    def leads(self) -> Ints:
        """Numbers of the clusters here that have a lead that answers, ascending."""
        ...

    def crash_leads(self, clusters: Ints, incident: int) -> None:
        """The leads of clusters (by number) fall silent: no task is begun there until another is elected."""
        ...

    def stop_nodes(self, nodes: Ints, incident: int) -> None:
        """Coordination nodes stop: what waits in them is sent anew by those who sent it."""
        ...

    def start_nodes(self, nodes: Ints, incident: int) -> None:
        """Stopped nodes answer again."""
        ...

    def links(self) -> Ints:
        """`[L, 2]` the links of the mesh, a < b, in order."""
        ...

    def cut_links(self, links: Ints, incident: int) -> None:
        """`[n, 2]` links carry nothing any more."""
        ...

    def mend_links(self, links: Ints, incident: int) -> None:
        """`[n, 2]` cut links carry again."""
        ...

    def lose_on_links(self, links: Ints, loss: float | None, incident: int) -> None:
        """`[n, 2]` links lose each message with this chance; None: as configured again."""
        ...

    def slow_links(self, links: Ints, factor: float, incident: int) -> None:
        """`[n, 2]` links take this factor of their latency; 1: as made again."""
        ...

    def controllers(self) -> list[str]:
        """Names of the controllers that run, in their order."""
        ...

    def stall(self, controller: str, until_s: float, incident: int) -> None:
        """A controller does not act until then."""
        ...

    def break_controller(self, controller: str, times: int, incident: int) -> None:
        """A controller throws the next so many times that it would act."""
        ...

    def edges(self) -> list[tuple[str, str]]:
        """Edges of the integration graph, sender and receiver, in order."""
        ...

    def disturb(self, sender: str, receiver: str, how: Disturbance, until_s: float, incident: int) -> None:
        """An edge of the integration graph drops, delays or duplicates events until then, or until it is repaired."""
        ...


class Fault(Protocol):
    """Something that breaks.

    Attributes:
        layer: of the four by which faults are reported.
        shared: whether it may strike in a model that is shared out over shards.
        hits: what its components are. Agents, leads and zones are each in one shard, all else is in every shard.
        at_once: whether its time between failures is that of the whole, of which it hits many components at once;
            else each component fails by itself.
        mtbf_s: mean time between failures of one component, from the end of one to the next, s; None or infinity: it
            strikes only when it is told to.
        law: law of that time: exponential, weibull or lognormal.
        shape: shape of the Weibull law, or coefficient of variation of the lognormal one.
        for_s: mean time after which the fault is over by itself, s; None or infinity: never. Where the class itself
            says None it lasts until something is done about it, and nobody may say otherwise.
        for_law: law of it.
        for_shape: shape of it.
        deadline_s: time within which the fleet must have made it good, s.
    """

    layer: ClassVar[Layer]
    shared: ClassVar[bool]
    hits: ClassVar[Hit]
    at_once: ClassVar[bool]

    @property
    def mtbf_s(self) -> float | None: ...  # noqa: D102
    @property
    def law(self) -> Law: ...  # noqa: D102
    @property
    def shape(self) -> float: ...  # noqa: D102
    @property
    def for_s(self) -> float | None: ...  # noqa: D102
    @property
    def for_law(self) -> Law: ...  # noqa: D102
    @property
    def for_shape(self) -> float: ...  # noqa: D102
    @property
    def deadline_s(self) -> float: ...  # noqa: D102

    def components(self, world: World) -> Ints:
        """Numbers of what it can hit now, ascending: of clusters, nodes, zones, places among controllers and edges.

        A link a - b has the number a x nodes + b. Of agents these are rows of the fleet; draws, scripts and whoever
        calls the injector know them by their unique ids.
        """
        ...

    def target(self, world: World, components: Ints) -> str:
        """These components in words, as ``"node 3"`` or ``"agent 4711 in cluster 12"``."""
        ...

    def begin(self, world: World, components: Ints, ends_s: float, incident: int) -> None:
        """Break these components; the fault is over by itself at ``ends_s``, infinity for never."""
        ...

    def end(self, world: World, components: Ints, incident: int) -> None:
        """The fault is over."""
        ...


@runtime_checkable
class Sized(Protocol):
    """A fault that breaks other things than its components."""

    def parts(self, world: World, components: Ints) -> int:
        """How many single things it breaks, each of which must be made good: links, agents and leads, ..."""
        ...


@runtime_checkable
class Staged(Protocol):
    """A fault that goes on while it lasts."""

    def stages(self, draws: Floats, lasts_s: float) -> Floats:
        """`[m]` times after its begin at which it goes on, s, in any order.

        Args:
            draws: `[n]` one number in (0, 1) for each component.
            lasts_s: s; infinity if it is not over by itself.
        """
        ...

    def go_on(self, world: World, components: Ints, stage: int, incident: int) -> None:
        """The stage of this number is reached."""
        ...
