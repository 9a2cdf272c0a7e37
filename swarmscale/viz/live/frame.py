"""The frame around every page: navigation, what steers time, tools at the side, and the board in the middle."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import solara
import solara.lab
from solara.server import kernel_context

from ...errors import ConfigError
from ..theme import BLUE, DARK_COLORS, VERMILLION
from .board import use_board
from .desk import Desk
from .loop import Loop
from .pages import experiments
from .panels import LivePage
from .session import SPEEDS, Session
from .stage import Asked, Stage
from .watching import use_seen

STATUS_S = 0.25
"""Least time between two looks at the time and size of what plays, s."""
SHOWN_NOTES = 30


def connected() -> Callable[[], bool]:
    """Tells whether a page of this kernel is there; to be asked for in the kernel's own thread."""
    try:
        context = kernel_context.get_current_context()
    except RuntimeError:
        return lambda: True
    status = kernel_context.PageStatus.CONNECTED
    return lambda: status in context.page_status.values()


def use_loop(session: Session) -> Loop:
    """A loop that runs while the component is there."""
    loop: Loop = solara.use_memo(lambda: Loop(session=session, connected=connected()), [id(session)])

    def begin() -> Callable[[], None]:
        thread = threading.Thread(target=loop.run, name="swarmscale-loop", daemon=True)
        if kernel_context.has_current_context():
            kernel_context.set_context_for_thread(kernel_context.get_current_context(), thread)
        session.watchers.append(loop.wake)
        thread.start()

        def end() -> None:
            session.watchers.remove(loop.wake)
            loop.stop()

        return end

    solara.use_effect(begin, [id(session)])
    return loop


@solara.component
def PageBoard(page: LivePage, desk: Desk, loop: Loop) -> None:
    """A page's board, fed by the loop while it is shown."""

    def enter(stage: Stage) -> Callable[[], None]:
        loop.enter(stage)
        return lambda: loop.leave(stage)

    def asked(what: Asked) -> None:
        if page.path == experiments.PATH:
            desk.lab.choose(shown=what.pick)
        else:
            desk.session.pick(what.pick)

    use_board(page, lambda: desk.view, asked, enter, [id(loop)])


@solara.component
def Steering(desk: Desk) -> None:
    """Play, step, speed, reset, and where the model is."""
    session = desk.session
    playing, _, _ = use_seen(session, lambda: (session.playing, session.speed, _where(desk)), STATUS_S)

    def step() -> None:
        session.play(False)
        session.advance(session.speed)

    def reset() -> None:
        try:
            session.reset()
        except ConfigError as error:
            session.note("warning", str(error))

    def speed(value: int) -> None:
        session.speed = value
        session.changed()

    with solara.Row(classes=["ss-steer"], gap="8px"):
        solara.Button(
            "Pause" if playing else "Play",
            icon_name="mdi-pause" if playing else "mdi-play",
            on_click=lambda: session.play(not session.playing),
            color="primary",
            classes=["ss-play"],
            attributes={"aria-label": "Pause the model" if playing else "Let the model run"},
        )
        solara.Button("Step", icon_name="mdi-skip-next", on_click=step, outlined=True, classes=["ss-step"])
        solara.Button("Reset", icon_name="mdi-restart", on_click=reset, outlined=True, classes=["ss-reset"])
        solara.Select("ticks a frame", values=list(SPEEDS), value=session.speed, on_value=speed, dense=True)
        solara.Text(_where(desk), classes=["ss-now"])


def _where(desk: Desk) -> str:
    """The time and size of what is looked at."""
    if desk.saved is not None:
        return f"{desk.saved.name}: {desk.saved.time_s:,.0f} s of {desk.saved.end_s:,.0f} s"
    model = desk.session.model
    return f"{model.now_s:,.0f} s · {len(model.fleet):,} agents"


@solara.component
def Log(session: Session) -> None:
    """What happened last, with reasons."""
    notes = use_seen(session, lambda: list(session.notes)[-SHOWN_NOTES:])
    with solara.Column(gap="2px", classes=["ss-log"]):
        if not notes:
            solara.Text("nothing happened yet")
        for note in reversed(notes):
            solara.Text(f"{note.time_s:,.0f} s · {note.text}", classes=[f"ss-note-{note.kind}"])


STYLE = (
    ".ss-now{white-space:nowrap;align-self:center;font-variant-numeric:tabular-nums}"
    ".ss-steer{flex-wrap:wrap;row-gap:18px!important;align-items:center;padding-top:10px} "
    ".ss-steer .v-select{max-width:120px;min-width:96px;margin-top:10px}"
    ".ss-nav{flex-wrap:wrap} .ss-nav a{text-decoration:none}"
    ".ss-log{font-size:.82rem;max-height:320px;overflow:auto} .ss-log span{overflow-wrap:anywhere}"
    f".ss-note-warning{{color:{VERMILLION}}} .ss-note-scaling{{color:{BLUE}}}"
    f".theme--dark .ss-note-warning{{color:{DARK_COLORS[VERMILLION]}}}"
    f".theme--dark .ss-note-scaling{{color:{DARK_COLORS[BLUE]}}}"
    ".ss-desk{display:grid;grid-template-columns:minmax(0,1fr) 340px;gap:16px;align-items:start}"
    ".ss-middle,.ss-side{min-width:0} @media (max-width:1000px){.ss-desk{grid-template-columns:minmax(0,1fr)}}"
    ".ss-part{border:1px solid rgba(128,138,150,.35);border-radius:12px;padding:4px 10px}"
    ".ss-part-head{justify-content:flex-start!important} .ss-part-body{padding:0 6px 10px}"
    ".v-application .ss-main{padding:8px 16px} @media (max-width:700px){.v-application .ss-main{padding:4px 6px}}"
)


@solara.component
def Shell(desk: Desk, page: LivePage, tools: Callable[[Desk, LivePage], Any]) -> None:
    """The whole window.

    Args:
        desk: what the tab has.
        page: the page that is open.
        tools: what stands at the side, or below on a narrow window.
    """
    loop = use_loop(desk.session)
    solara.Style(STYLE)
    with solara.AppBarTitle():
        solara.Text("Swarmscale")
    with solara.AppBar():
        solara.lab.ThemeToggle()
    with solara.Column(classes=["ss-main"], gap="8px"):
        with solara.Row(classes=["ss-nav"], gap="4px"):
            for other in desk.pages:
                with solara.Link(f"/{other.path}"):
                    solara.Button(
                        other.title,
                        text=other is not page,
                        color="primary" if other is page else None,
                        classes=[f"ss-nav-{other.path or 'overview'}"],
                        attributes={"aria-current": "page"} if other is page else {},
                    )
        if page.path != experiments.PATH:  # there is no time to steer
            Steering(desk)
        with solara.Div(classes=["ss-desk"]):
            with solara.Div(classes=["ss-middle"]):
                PageBoard(page, desk, loop).key(f"board-{page.path}")
            with solara.Div(classes=["ss-side"]):
                tools(desk, page)
