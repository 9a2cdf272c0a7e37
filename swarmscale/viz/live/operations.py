"""What can be done to a running model: inputs, meaning, and what it does. Knows no Solara."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ...agents.fleet import BUSY, IDLE, STARTING
from ...errors import ConfigError, require
from ...model.intelligence.panels import ready_slots

if TYPE_CHECKING:
    from ...model.swarm import SwarmModel
    from .session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A number that an operation needs.

    Attributes:
        name: as refusals name it.
        label: for people, with its unit.
        start: what stands there at first, given the session.
        whole: whether it must be a whole number.
    """

    name: str
    label: str
    start: Callable[[Session], str]
    whole: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Something that a button does.

    Attributes:
        key: its name in the page.
        title: on the button.
        text: what it does, for the tooltip.
        inputs: what it needs.
        said: for the log, with ``{name}`` for each input.
        act: does it; given the session, the model and the inputs' values by name.
        slow: whether it may take longer than a click: it is done beside the page, which stays as quick as before.
    """

    key: str
    title: str
    text: str
    inputs: tuple[Input, ...]
    said: str
    act: Callable[[Session, SwarmModel, Mapping[str, Any]], object]
    slow: bool = False


def run(session: Session, operation: Operation, typed: Mapping[str, str]) -> Mapping[str, str]:
    """Do it, unless something is refused; the log tells of both.

    Args:
        session: whose model is changed.
        operation: what is done.
        typed: text of each input, by name.

    Returns:
        Refusals by the inputs' names, or by none where it has no inputs; empty if it was done.
    """
    values: dict[str, Any] = {}
    refusals: dict[str, str] = {}
    for one in operation.inputs:
        text = typed.get(one.name, "").strip()
        try:
            values[one.name] = int(text.replace(",", "")) if one.whole else float(text.replace(",", ""))
        except ValueError:
            what = "a whole number" if one.whole else "a number"
            refusals[one.name] = f"{one.name} = {text!r}, but it must be {what}"
    if refusals:
        return refusals
    try:
        said = operation.said.format(**values)
        session.do(said, lambda model: operation.act(session, model, values))
    except ConfigError as error:
        return {blamed_input(str(error), operation.inputs): str(error)}
    return {}


def blamed_input(refusal: str, inputs: Sequence[Input]) -> str:
    """The input that a refusal names at its begin; else the last one, and none where there is none."""
    named = [one.name for one in inputs if refusal.startswith(f"{one.name} ")]
    return named[0] if named else inputs[-1].name if inputs else ""


def probe_now(model: SwarmModel) -> None:
    """Let the prober look at the fleet as it stands, and keep what it found in its series.

    Raises:
        ConfigError: if the fleet has no prober, or nobody is ready.
    """
    if model.prober is None:
        raise ConfigError("this fleet is not probed: set intelligence.on under Settings")
    if not ready_slots(model).any():
        raise ConfigError("no agent is ready, so there is nobody to probe")
    model.prober.act(model)


def scale_to(model: SwarmModel, agents: int, most: int) -> None:
    """Start agents, or let some go, so that so many are ready or starting."""
    require(0 <= agents <= most, "agents", agents, f"from 0 to {most}, the limit of this page")
    state = model.fleet.column("state")
    there = int(((state == IDLE) | (state == BUSY) | (state == STARTING)).sum())
    if agents > there:
        room = most - len(model.fleet)
        require(
            agents - there <= room, "agents", agents, f"at most {there + room}: others are draining or failed"
        )
        model.spawn(agents - there)
    else:
        model.drain_workers(model.crew.to_release(there - agents))


def crash(model: SwarmModel, agents: int) -> None:
    """Let ready agents fail, drawn by the model's own generator."""
    state = model.fleet.column("state")
    ready = np.flatnonzero((state == IDLE) | (state == BUSY))
    require(1 <= agents <= len(ready), "agents", agents, f"from 1 to {len(ready)}, the ready agents")
    model.fail_workers(np.sort(model.rng.choice(ready, agents, replace=False)))


def _node(model: SwarmModel, node: int, *, up: bool) -> int:
    """A node that is up, or one that is down."""
    which = [k for k, place in model.network.graph.nodes(data=True) if place["up"] == up]
    state = "up" if up else "down"
    known = ", ".join(map(str, which[:12])) + (" ..." if len(which) > 12 else "")
    require(node in which, "node", node, f"a node that is {state}: {known or 'there is none'}")
    return node


def _link(model: SwarmModel, a: int, b: int, *, up: bool) -> tuple[int, int]:
    """The ends of a link that is up, or of one that is cut."""
    graph = model.network.graph
    require(a in graph, "from", a, f"a node, from 0 to {len(graph) - 1}")
    ends = sorted(n for n in graph[a] if graph.edges[a, n]["up"] == up)
    state = "linked with" if up else "whose link was cut at"
    known = ", ".join(map(str, ends)) or "there is none"
    require(b in ends, "to", b, f"a node {state} node {a}: {known}")
    return a, b


def _first(*, up: bool) -> Callable[[Session], str]:
    def start(session: Session) -> str:
        nodes = session.model.network.graph.nodes(data=True)
        return str(next((k for k, place in nodes if place["up"] == up), 0))

    return start


def _end(place: int, *, up: bool) -> Callable[[Session], str]:
    def start(session: Session) -> str:
        edges = session.model.network.graph.edges(data=True)
        return str(next((sorted(e[:2])[place] for e in edges if e[2]["up"] == up), place))

    return start


def _ends(*, up: bool) -> tuple[Input, Input]:
    return (
        Input(name="from", label="from node", start=_end(0, up=up)),
        Input(name="to", label="to node", start=_end(1, up=up)),
    )


OPERATIONS = (
    Operation(
        key="scale", title="Scale to", said="scale to {agents:,} agents",
        text="Starts agents, which are ready after their start-up time, or lets the surplus finish their tasks and "
        "leave: starting ones first, then of the largest clusters. A scaling policy decides anew at its next period.",
        inputs=(Input(name="agents", label="agents, ready and starting", start=lambda s: str(len(s.model.fleet))),),
        act=lambda s, m, v: scale_to(m, v["agents"], s.most_agents),
    ),
    Operation(
        key="crash", title="Crash agents", said="{agents:,} agents crash",
        text="Ready agents, drawn by the model's own random stream, fail now; their tasks go back to their clusters' "
        "queues, and the agents are ready again after life.repair_s.",
        inputs=(Input(name="agents", label="agents", start=lambda s: str(max(1, len(s.model.fleet) // 10))),),
        act=lambda s, m, v: crash(m, v["agents"]),
    ),
    Operation(
        key="kill-node", title="Kill node", said="node {node} stops answering",
        text="The coordination node stops answering; paths go round it, and tasks that need it are dropped as "
        "unreachable.",
        inputs=(Input(name="node", label="node", start=_first(up=True)),),
        act=lambda s, m, v: m.kill_node(_node(m, v["node"], up=True)),
    ),
    Operation(
        key="restore-node", title="Restore node", said="node {node} answers again",
        text="A node that was killed answers again; links that were cut stay cut.",
        inputs=(Input(name="node", label="node", start=_first(up=False)),),
        act=lambda s, m, v: m.revive_node(_node(m, v["node"], up=False)),
    ),
    Operation(
        key="cut-link", title="Cut link", said="the link between nodes {from} and {to} is cut",
        text="The link goes down in both directions; messages take the shortest path that is left.",
        inputs=_ends(up=True),
        act=lambda s, m, v: m.cut_link(*_link(m, v["from"], v["to"], up=True)),
    ),
    Operation(
        key="restore-link", title="Restore link", said="the link between nodes {from} and {to} is up again",
        text="A link that was cut comes up again.",
        inputs=_ends(up=False),
        act=lambda s, m, v: m.restore_link(*_link(m, v["from"], v["to"], up=False)),
    ),
    Operation(
        key="flash-crowd", title="Flash crowd", said="arrivals times {factor:g} of the configured rate",
        text="Multiplies the rate of arrivals from the next bin on, until another factor is given; 1 is as "
        "configured.",
        inputs=(Input(name="factor", label="factor on arrivals", start=lambda s: "3", whole=False),),
        act=lambda s, m, v: _crowd(m, v["factor"]),
    ),
    Operation(
        key="probe", title="Probe now", said="the fleet is probed", inputs=(), slow=True,
        text="Puts the twelve tasks of the battery to panels of ready agents as they are now, lets a panel decide on "
        "questions with known answers, and adds the result to the series under Intelligence.",
        act=lambda s, m, v: probe_now(m),
    ),
)  # fmt: skip


def _crowd(model: SwarmModel, factor: float) -> None:
    require(0 <= factor <= 1000, "factor", factor, "from 0 to 1000")
    model.scale_demand(factor)
