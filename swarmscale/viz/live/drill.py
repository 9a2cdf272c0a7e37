"""The drill-down: what was picked, from the fleet down to one agent."""

from __future__ import annotations

from html import escape

import solara

from .agent_facts import TASK_HEADS
from .facts import FLEET, Facts, facts
from .session import Session
from .traits import STYLE as TRAITS_STYLE
from .traits import traits_html
from .watching import use_seen

MOST_BELOW = 24
STYLE = (
    ".ss-facts{border-collapse:collapse;width:100%;font-size:.85rem} .ss-facts td,.ss-facts th{text-align:left;"
    "padding:2px 8px 2px 0;vertical-align:top;overflow-wrap:anywhere} .ss-facts td:nth-child(2){"
    "font-variant-numeric:tabular-nums} .ss-drill .v-btn{text-transform:none;letter-spacing:0}"
    ".ss-facts.ss-rows td+td{white-space:nowrap} .ss-facts abbr{text-decoration:underline dotted;cursor:help}"
    ".ss-facts abbr{white-space:nowrap}"
)


@solara.component
def Drill(session: Session) -> None:
    """What is known of the thing that was picked, with links to what holds it and to what it holds.

    Args:
        session: whose ``picked`` path is shown; links pick another.
    """

    def look() -> Facts | None:
        with session.lock:
            return facts(session.model, session.picked) if session.picked else None

    found = use_seen(session, look, least_s=1.5)
    solara.Style(STYLE + TRAITS_STYLE)
    with solara.Column(gap="4px", classes=["ss-drill"]):
        if found is None:
            solara.Text("click a node, a cluster or an agent on a page, or begin here:")
            solara.Button(
                "fleet", on_click=lambda: session.pick(FLEET), outlined=True, classes=["ss-pick-fleet"]
            )
            return
        Breadcrumbs(session, found)
        if found.missing:
            solara.Text(found.missing, classes=["ss-refused"])
        FactTable(found)
        if found.traits:
            solara.Text("its 76 traits by group, up = above the fleet's mean; point at a bar for its name")
            solara.HTML(tag="div", unsafe_innerHTML=traits_html(found.traits))
        if found.tasks:
            solara.Text("last sampled tasks begun in this agent's row, the newest first")
            Rows(TASK_HEADS, found.tasks)
        Below(session, found).key(found.path)


@solara.component
def Breadcrumbs(session: Session, found: Facts) -> None:
    """Links to what holds the thing."""
    with solara.Row(gap="2px", style={"flex-wrap": "wrap", "align-items": "center"}):
        for path, name in found.above:
            solara.Button(
                name, on_click=lambda path=path: session.pick(path), text=True, classes=["ss-above"]
            )
            solara.Text("›")
        solara.HTML(tag="strong", unsafe_innerHTML=_plain(found.heading))
        solara.Button("close", on_click=lambda: session.pick(""), text=True, classes=["ss-close"])


@solara.component
def FactTable(found: Facts) -> None:
    """The lines; the definition of each is its tooltip."""

    def name(text: str, meaning: str) -> str:
        return f'<abbr tabindex="0" title="{_plain(meaning)}">{_plain(text)}</abbr>'

    rows = "".join(f"<tr><td>{name(f.name, f.text)}</td><td>{_plain(f.value)}</td></tr>" for f in found.rows)
    solara.HTML(tag="div", unsafe_innerHTML=f'<table class="ss-facts">{rows}</table>')


@solara.component
def Rows(heads: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> None:
    """A table of text."""
    head = "".join(f'<th scope="col">{_plain(h)}</th>' for h in heads)
    body = "".join("<tr>" + "".join(f"<td>{_plain(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    table = (
        f'<div style="overflow-x:auto"><table class="ss-facts ss-rows"><tr>{head}</tr>{body}</table></div>'
    )
    solara.HTML(tag="div", unsafe_innerHTML=table)


@solara.component
def Below(session: Session, found: Facts) -> None:
    """Links to what the thing holds, a screenful at first."""
    whole, set_whole = solara.use_state(False)
    if not found.below:
        return
    shown = found.below if whole else found.below[:MOST_BELOW]
    with solara.Row(gap="2px", style={"flex-wrap": "wrap"}):
        for path, name in shown:
            solara.Button(
                name, on_click=lambda path=path: session.pick(path), text=True, classes=["ss-below"]
            )
        if len(found.below) > len(shown):
            more = f"{len(found.below) - len(shown):,} more"
            solara.Button(more, on_click=lambda: set_whole(True), outlined=True, classes=["ss-more"])


def _plain(text: str) -> str:
    """Text without meaning as HTML."""
    return escape(text)
