"""What stands in the side drawer: everything that changes the model, explains it, or takes something away."""

from __future__ import annotations

import solara

from .actions import Actions
from .desk import Desk
from .drill import Drill
from .export import Export
from .frame import Log
from .pair import Compare
from .panels import LivePage, Plot
from .replay import Replay
from .settings import Settings
from .watching import use_seen


@solara.component
def Tools(desk: Desk, page: LivePage) -> None:
    """The drawer, part by part; what was picked opens by itself."""
    session = desk.session
    picked = use_seen(session, lambda: session.picked)
    _, turn = solara.use_state(0)

    def look(saved: object) -> None:
        desk.look(saved)  # type: ignore[arg-type]
        turn(lambda n: n + 1)

    with solara.Column(gap="8px", classes=["ss-tools"]):
        if picked:
            with solara.Details("Picked", expand=True):
                Drill(session)
        with solara.Details("Log", expand=True):
            Log(session)
        with solara.Details("Switches and faults", expand=False):
            Actions(session)
        with solara.Details("Settings", expand=False):
            Settings(session)
        with solara.Details("Export", expand=False):
            Export(session, tuple(panel for panel in page.panels if isinstance(panel, Plot)))
        with solara.Details("Saved runs", expand=desk.saved is not None):
            Replay(desk.runs, desk.saved, look, session.most_agents)
        with solara.Details("Compare", expand=False):
            Compare(session, desk.pairing, desk.saved, look)
