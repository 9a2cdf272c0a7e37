"""The widget that draws a page in the browser, and how a stage is put behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import solara
import solara.lab
import traitlets
from solara.server import settings

from .assets import PLOTLY, plotly_folder, plotly_url
from .panels import LivePage, View
from .stage import Asked, Stage, spec_of

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


def served_plotly() -> str:
    """Address of plotly.js, once Solara's server knows where it lies, whoever started that server."""
    assets, folder = settings.assets, plotly_folder()
    if folder is not None and not any((path / PLOTLY).is_file() for path in assets.extra_paths()):
        assets.extra_locations = [*assets.extra_locations, str(folder)]
    return plotly_url()


def use_board(
    page: LivePage,
    view: Callable[[], View],
    asked: Callable[[Asked], None],
    enter: Callable[[Stage], Callable[[], None]],
    dependencies: list[Any],
) -> None:
    """Put a page's board here, with a stage behind it while it is there.

    Args:
        page: what is shown.
        view: gives what is looked at now.
        asked: is told what the browser asks for.
        enter: is given the stage when the board is there; what it returns is called when it goes.
        dependencies: with others of these the stage is made anew.
    """
    dark = solara.lab.use_dark_effective()
    spec = solara.use_memo(lambda: spec_of(page, served_plotly()), [page.path])
    element = Board.element(spec=spec, dark=dark)

    def attach() -> Callable[[], None]:
        widget: Any = solara.get_widget(element)
        stage = Stage(
            page=page,
            view=view,
            send=lambda message, buffers: widget.send(message, list(buffers)),
            asked=asked,
        )

        def heard(_: Any, message: Any, __: Any) -> None:
            if isinstance(message, dict):
                stage.heard(message)

        widget.on_msg(heard)
        leave = enter(stage)

        def end() -> None:
            leave()
            widget.on_msg(heard, remove=True)

        return end

    solara.use_effect(attach, [page.path, *dependencies])
