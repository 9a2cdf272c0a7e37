"""What stands at the side: everything that changes the model, explains it, or takes something away."""

from __future__ import annotations

from collections.abc import Callable

import solara

from .actions import Actions
from .desk import Desk
from .drill import Drill
from .experiments.side import Comparing, Watched
from .experiments.start import Start
from .experiments.watch import use_watch
from .export import Export
from .frame import Log
from .pages import experiments
from .pair import Compare
from .panels import LivePage, Plot
from .replay import Replay
from .settings import Settings
from .watching import use_seen


@solara.component
def Tools(desk: Desk, page: LivePage) -> None:
    """The tools of a page."""
    if page.path == experiments.PATH:
        LabTools(desk)
    else:
        RunTools(desk, page)


@solara.component
def LabTools(desk: Desk) -> None:
    """The tools of the page Experiments; while they are there, its stores are looked at."""
    lab, session = desk.lab, desk.session
    use_watch(lab, session)
    with solara.Column(gap="8px", classes=["ss-tools"]):
        Part("Watched", lambda: Watched(lab, session), opened=True).key("watched")
        Part("Compare", lambda: Comparing(lab, session), opened=True).key("comparing")
        Part("Start a sweep", lambda: Start(lab, session)).key("start")


@solara.component
def RunTools(desk: Desk, page: LivePage) -> None:
    """The tools of a run, part by part; what was picked opens by itself."""
    session = desk.session
    picked = use_seen(session, lambda: session.picked)
    _, turn = solara.use_state(0)

    def look(saved: object) -> None:
        desk.look(saved)  # type: ignore[arg-type]
        turn(lambda n: n + 1)

    with solara.Column(gap="8px", classes=["ss-tools"]):
        # with keys, so that each keeps its state when another one comes before it
        if picked:
            Part("Picked", lambda: Drill(session), opened=True).key("picked")
        Part("Log", lambda: Log(session), opened=True).key("log")
        Part("Switches and faults", lambda: Actions(session)).key("actions")
        Part("Settings", lambda: Settings(session)).key("settings")
        Part(
            "Export",
            lambda: Export(session, tuple(panel for panel in page.panels if isinstance(panel, Plot))),
        ).key("export")
        Part("Saved runs", lambda: Replay(desk.runs, desk.saved, look, session.most_agents)).key("saved")
        Part("Compare", lambda: Compare(session, desk.pairing, desk.saved, look)).key("compare")


@solara.component
def Part(title: str, content: Callable[[], object], opened: bool = False) -> None:
    """A part of the tools; what is closed is not made, so that a page loads fast.

    Args:
        title: on the button that opens and closes it.
        content: makes what is in it.
        opened: whether it is open at first.
    """
    is_open, set_open = solara.use_state(opened)
    with solara.Column(gap="4px", classes=["ss-part"]):
        solara.Button(
            title,
            icon_name="mdi-chevron-down" if is_open else "mdi-chevron-right",
            on_click=lambda: set_open(not is_open),
            text=True,
            classes=["ss-part-head"],
            attributes={"aria-expanded": "true" if is_open else "false"},
        )
        if is_open:
            with solara.Column(gap="4px", classes=["ss-part-body"]):
                content()
