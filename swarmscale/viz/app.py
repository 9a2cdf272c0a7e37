"""The live page as a script for Solara: ``solara run viz/app.py``, or ``swarmscale app`` with its checks and limits."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import solara
import solara.lab

from swarmscale.errors import ConfigError
from swarmscale.viz.live.desk import Desk
from swarmscale.viz.live.experiments.jobs import Jobs
from swarmscale.viz.live.frame import Shell
from swarmscale.viz.live.metrics import SessionMetrics
from swarmscale.viz.live.pages import TITLES
from swarmscale.viz.live.session import Session
from swarmscale.viz.live.sessions import Sessions
from swarmscale.viz.live.settings_env import AppSettings
from swarmscale.viz.live.tools import Tools

SETTINGS = AppSettings.read()
SESSIONS = Sessions(SETTINGS.max_sessions)
METRICS = SessionMetrics.at(SETTINGS.metrics_port)
JOBS = Jobs(Path(SETTINGS.experiments), allowed=SETTINGS.sweeps)
admitted = solara.reactive(True)
desk: solara.Reactive[Desk | None] = solara.reactive(None)
refused = solara.reactive("")


def begin() -> Callable[[], None]:
    """A browser tab came: it gets a model of its own, if there is room."""
    admitted.value = SESSIONS.enter()
    if not admitted.value:
        return lambda: None
    number = ""
    try:
        session = Session.of(SETTINGS.preset, seed=7, most_agents=SETTINGS.max_agents)
        number = METRICS.enter(session)
        desk.value = Desk(session, Path(SETTINGS.runs), jobs=JOBS)
    except ConfigError as error:
        refused.value = str(error)

    def end() -> None:
        if desk.value is not None:
            desk.value.pairing.choose(None)
            desk.value.session.play(False)
        METRICS.leave(number)
        SESSIONS.leave()

    return end


solara.lab.on_kernel_start(begin)


@solara.component
def View(path: str) -> None:
    """One page, or why there is none."""
    if not admitted.value:
        solara.Error(SESSIONS.full)
    elif desk.value is None:
        solara.Error(refused.value or "no model could be made")
    else:
        page = desk.value.page(path)
        solara.Title(f"Swarmscale: {page.title}")
        Shell(desk.value, page, Tools)


@solara.component
def Layout(children: Any = ()) -> None:
    """The window; pages have their own navigation, which shows on every width."""
    with solara.AppLayout(title="Swarmscale", navigation=False):
        solara.Column(children=children)


def _component(path: str) -> Any:
    @solara.component
    def Page() -> None:
        View(path)

    return Page


routes = [
    solara.Route(path=path or "/", component=_component(path), label=title, layout=None if path else Layout)
    for path, title in TITLES.items()
]
