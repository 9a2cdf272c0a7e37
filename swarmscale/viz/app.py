"""The live page as a script for Solara: ``solara run viz/app.py``, or ``swarmscale app`` with its checks and limits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import solara
import solara.lab

from swarmscale.errors import ConfigError
from swarmscale.viz.live.frame import Shell
from swarmscale.viz.live.pages import PAGES
from swarmscale.viz.live.panels import LivePage
from swarmscale.viz.live.session import Session
from swarmscale.viz.live.sessions import Sessions
from swarmscale.viz.live.settings_env import AppSettings
from swarmscale.viz.live.tools import Tools

SETTINGS = AppSettings.read()
SESSIONS = Sessions(SETTINGS.max_sessions)
admitted = solara.reactive(True)
session: solara.Reactive[Session | None] = solara.reactive(None)
refused = solara.reactive("")


def begin() -> Callable[[], None]:
    """A browser tab came: it gets a model of its own, if there is room."""
    admitted.value = SESSIONS.enter()
    if not admitted.value:
        return lambda: None
    try:
        session.value = Session.of(SETTINGS.preset, seed=7, most_agents=SETTINGS.max_agents)
    except ConfigError as error:
        refused.value = str(error)

    def end() -> None:
        if session.value is not None:
            session.value.play(False)
        SESSIONS.leave()

    return end


solara.lab.on_kernel_start(begin)


@solara.component
def View(page: LivePage) -> None:
    """One page, or why there is none."""
    solara.Title(f"Swarmscale: {page.title}")
    if not admitted.value:
        solara.Error(SESSIONS.full)
    elif session.value is None:
        solara.Error(refused.value or "no model could be made")
    else:
        Shell(session.value, page, PAGES, Tools)


@solara.component
def Layout(children: Any = ()) -> None:
    """The window; pages have their own navigation, which shows on every width."""
    with solara.AppLayout(title="Swarmscale", navigation=False, sidebar_open=True):
        solara.Column(children=children)


def _component(page: LivePage) -> Any:
    @solara.component
    def Page() -> None:
        View(page)

    return Page


routes = [
    solara.Route(
        path=page.path or "/", component=_component(page), label=page.title, layout=Layout if i == 0 else None
    )
    for i, page in enumerate(PAGES)
]
