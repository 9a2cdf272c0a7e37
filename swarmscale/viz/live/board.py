"""The widget that draws a page in the browser."""

from __future__ import annotations

from pathlib import Path

import anywidget
import traitlets

HERE = Path(__file__).parent


class Board(anywidget.AnyWidget):
    """A page of panels, drawn by ``board.js``; frames go to it as messages and are acknowledged.

    Attributes:
        spec: from :func:`~swarmscale.viz.live.stage.spec_of`, sent once.
        dark: whether the dark look is on.
    """

    _esm = HERE / "board.js"
    _css = HERE / "board.css"
    spec = traitlets.Dict().tag(sync=True)
    dark = traitlets.Bool(False).tag(sync=True)
