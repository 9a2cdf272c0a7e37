"""Buttons that break things and mend them. Knows no Solara."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, get_args

from ...model.resilience.base import Disturbance
from . import striking
from .operating import Input, Operation
from .striking import ARROW, strike

if TYPE_CHECKING:
    from .session import Session

AGENTS, MESH, WHOLE, INSIDE = (
    "Break agents",
    "Break nodes and links",
    "Break many at once",
    "Break the machinery",
)
"""Headings."""


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


def _for(start: str = "") -> Input:
    return Input(name="for_s", label="for (s) or none", start=lambda s: start, whole=False, optional=True)


def _agents(part: int) -> Input:
    return Input(name="agents", label="agents", start=lambda s: str(max(1, len(s.model.fleet) // part)))


def _number(name: str, label: str, start: str, *, whole: bool = True) -> Input:
    return Input(name=name, label=label, start=lambda s: start, whole=whole)


def chosen(name: str, label: str, options: Callable[[Session], Sequence[str]]) -> Input:
    """One of some texts."""
    return Input(name=name, label=label, start=lambda s: next(iter(options(s)), ""), options=options)


def controllers(session: Session) -> Sequence[str]:
    """Names of the controllers that a fault can hit."""
    engine = session.model.resilience
    return engine.world.controllers() if engine is not None else ()


def edges(session: Session) -> Sequence[str]:
    """Edges of the integration graph that carry events."""
    engine = session.model.resilience
    return [ARROW.join(edge) for edge in engine.world.edges()] if engine is not None else ()


STRIKES = (
    Operation(
        key="crash", group=AGENTS, title="Crash agents", said="{agents:,} agents crash",
        text="Ready agents, drawn by the model's own random stream, fall silent; a task in their hands stays there "
        "until their heartbeats are missed, then it goes back to its cluster's queue and the agent is begun "
        "anew. With resilience.on off they fail at once and are ready again after life.repair_s.",
        inputs=(_agents(10),),
        act=lambda s, m, v: striking.crash(m, v["agents"]),
    ),
    Operation(
        key="slow", group=AGENTS, title="Slow agents", said="{agents:,} agents take {factor:g} times as long",
        text="Agents that are up, drawn, take that much longer for each task from their next one on, for a time or "
        "until they are begun anew.",
        inputs=(_agents(20), _number("factor", "factor on their time", "3", whole=False), _for()),
        act=lambda s, m, v: striking.slow(m, v["agents"], v["factor"], v["for_s"]),
    ),
    Operation(
        key="crash-leads", group=AGENTS, title="Crash leads", said="cluster leads crash: {leads:,}",
        text="Leads of clusters, drawn, fall silent: no task is begun there until the members miss their heartbeats "
        "and have elected another one.",
        inputs=(_number("leads", "cluster leads", "1"),),
        act=lambda s, m, v: striking.crash_leads(m, v["leads"]),
    ),
    Operation(
        key="kill-node", group=MESH, title="Kill node", said="node {node} stops answering",
        text="The coordination node stops answering. Until its heartbeats are missed tasks still go there and have to "
        "be sent anew; then paths go round it and its zones go to other nodes. Without a time it is down until "
        "it is restored.",
        inputs=(Input(name="node", label="node", start=_first(up=True)), _for()),
        act=lambda s, m, v: striking.kill_node(m, v["node"], v["for_s"]),
    ),
    Operation(
        key="restore-node", group=MESH, title="Restore node", said="node {node} is restored",
        text="A node that is down boots and answers again; links that were cut stay cut.",
        inputs=(Input(name="node", label="node", start=_first(up=False)),),
        act=lambda s, m, v: striking.restore_node(m, v["node"]),
    ),
    Operation(
        key="cut-link", group=MESH, title="Cut link", said="the link between nodes {from} and {to} is cut",
        text="The link carries nothing in both directions; once that is noticed, messages take the shortest path that "
        "is left.",
        inputs=(*_ends(up=True), _for()),
        act=lambda s, m, v: striking.cut_link(m, v["from"], v["to"], v["for_s"]),
    ),
    Operation(
        key="restore-link", group=MESH, title="Restore link", said="the link between nodes {from} and {to} is up again",
        text="A link that is cut comes up again.",
        inputs=_ends(up=False),
        act=lambda s, m, v: striking.restore_link(m, v["from"], v["to"]),
    ),
    Operation(
        key="slow-link", group=MESH, title="Slow link",
        said="the link between nodes {from} and {to} takes {factor:g} times as long",
        text="A latency spike: the link takes that much longer, for this or a drawn time; paths follow once that is "
        "measured.",
        inputs=(*_ends(up=True), _number("factor", "factor on its latency", "10", whole=False), _for()),
        act=lambda s, m, v: striking.spoil_link(m, "latency-spike", v, "factor"),
    ),
    Operation(
        key="lossy-link", group=MESH, title="Lossy link",
        said="the link between nodes {from} and {to} loses {loss:.0%} of its messages",
        text="The link loses each message with this chance, for this or a drawn time; what loses too many heartbeats "
        "is avoided.",
        inputs=(*_ends(up=True), _number("loss", "chance of loss, 0 to 1", "0.2", whole=False), _for()),
        act=lambda s, m, v: striking.spoil_link(m, "link-loss", v, "loss"),
    ),
    Operation(
        key="partition", group=MESH, title="Partition", said="nodes cut from the rest: {nodes}",
        text="Drawn nodes lose all links to the others, for this or a drawn time; then both sides merge, and no "
        "answer counts twice.",
        inputs=(Input(name="nodes", label="nodes cut off", start=lambda s: str(max(1, s.model.network.nodes // 4))),
                _for()),
        act=lambda s, m, v: striking.partition(m, v["nodes"], v["for_s"]),
    ),
    Operation(
        key="zone-failure", group=WHOLE, title="Fail zone", said="zone {zone} fails",
        text="All agents and leads of a zone fall silent in one moment: a correlated failure.",
        inputs=(_number("zone", "zone", "0"),),
        act=lambda s, m, v: strike(m, "zone-failure", components=[v["zone"]]),
    ),
    Operation(
        key="restart-all", group=WHOLE, title="Restart all nodes", said="all nodes restart within {spread_s:g} s",
        text="All coordination nodes stop in one moment; each boots again at a drawn time within this many seconds.",
        inputs=(_number("spread_s", "all are back within (s)", "10", whole=False),),
        act=lambda s, m, v: strike(m, "restart-all", {"spread_s": v["spread_s"]}),
    ),
    Operation(
        key="stall", group=INSIDE, title="Stall controller", said="controller {controller} hangs",
        text="The controller does not act, for this or a drawn time, or until the guard has noticed and begun it "
        "anew.",
        inputs=(chosen("controller", "controller", controllers), _for("60")),
        act=lambda s, m, v: strike(m, "controller-stall", {"controller": v["controller"]}, for_s=v["for_s"]),
    ),
    Operation(
        key="break-controller", group=INSIDE, title="Break controller",
        said="controller {controller} throws, times: {times}",
        text="The controller throws the next so many times that it acts; the guard sets it aside and begins it anew "
        "after a wait that doubles.",
        inputs=(chosen("controller", "controller", controllers), _number("times", "times", "1")),
        act=lambda s, m, v: strike(m, "controller-exception", {"controller": v["controller"], "times": v["times"]}),
    ),
    Operation(
        key="disturb", group=INSIDE, title="Disturb edge", said="the events of {edge} are disturbed: {how}",
        text="Events from one component to another are dropped, come late, or come twice, until it is over or the "
        "edge was named, subscribed anew and replayed.",
        inputs=(chosen("edge", "from one component to another", edges),
                chosen("how", "what becomes of events", lambda s: get_args(Disturbance.__value__)),
                _for("120")),
        act=lambda s, m, v: striking.disturb(m, v["edge"], v["how"], v["for_s"]),
    ),
)  # fmt: skip
