"""What stands in the side drawer."""

from __future__ import annotations

import solara

from .frame import Log
from .session import Session


@solara.component
def Tools(session: Session) -> None:
    """Everything that changes or explains the model, part by part."""
    with solara.Column(gap="8px"):
        with solara.Details("Log", expand=True):
            Log(session)
