"""For Mesa's own page: any of our pages as a component of ``SolaraViz``, and such a page ready to run.

```python
import swarmscale as ss
from mesa.visualization import SolaraViz
from swarmscale.viz.live.mesa import component
from swarmscale.viz.live.pages import PAGES

model = ss.SwarmModel("tiny", rng=7)
page = SolaraViz(model, components=[component(one) for one in PAGES])
```
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import solara
import solara.lab
from mesa.visualization.utils import update_counter

from ...model.records import Records
from ...model.swarm import SwarmModel
from .assets import plotly_url
from .board import Board
from .panels import LivePage
from .session import Note
from .stage import Asked, Stage, spec_of


@dataclass(slots=True)
class ModelView:
    """A model as pages look at it; see :class:`~swarmscale.viz.live.panels.View`."""

    model: SwarmModel
    notes: Sequence[Note] = field(default_factory=list)

    @property
    def records(self) -> Records:
        """Its records."""
        return self.model.records


@solara.component
def ModelBoard(model: SwarmModel, page: LivePage) -> None:
    """A page's board beside Mesa's controls: frames go out after steps, when the one before was drawn."""
    version = update_counter.get()
    dark = solara.lab.use_dark_effective()
    spec = solara.use_memo(lambda: spec_of(page, plotly_url()), [page.path])
    held: dict[str, Any] = solara.use_memo(dict, [])
    element = Board.element(spec=spec, dark=dark)

    def attach() -> Callable[[], None]:
        widget: Any = solara.get_widget(element)

        def asked(_: Asked) -> None:
            """Mesa's page has no drill-down."""

        stage = Stage(
            page=page,
            view=lambda: held["view"],
            send=lambda message, buffers: widget.send(message, list(buffers)),
            asked=asked,
        )

        def next_frame() -> None:
            if stage.due:
                stage.show()

        stage.wake = next_frame
        held["stage"] = stage

        def heard(_: Any, message: Any, __: Any) -> None:
            if isinstance(message, dict):
                stage.heard(message)

        widget.on_msg(heard)
        return lambda: widget.on_msg(heard, remove=True)

    def news() -> None:
        stage: Stage = held["stage"]
        if stage.on_its_way:
            stage.dropped += 1
        stage.stale()
        stage.wake()

    held["view"] = ModelView(model)
    solara.use_effect(attach, [page.path])
    solara.use_effect(news, [version, id(model)])


def component(page: LivePage) -> Callable[[SwarmModel], Any]:
    """A page of ours as a component of ``SolaraViz``."""

    @solara.component
    def Shown(model: SwarmModel) -> None:
        ModelBoard(model, page)

    shown: Callable[[SwarmModel], Any] = Shown
    return shown


PARAMETERS: dict[str, Any] = {
    "config": {
        "type": "Select",
        "value": "tiny",
        "values": ["tiny", "flash-crowd", "llm-fleet"],
        "label": "preset",
    },
    "rng": {"type": "InputText", "value": "7", "label": "seed"},
}


def mesa_page(pages: Sequence[LivePage], preset: str = "tiny") -> Any:
    """``SolaraViz`` with some of our pages; each browser tab gets a model of its own."""
    from mesa.visualization import SolaraViz

    parts = [(component(page), i) for i, page in enumerate(pages)]
    parameters = PARAMETERS | {"config": PARAMETERS["config"] | {"value": preset}}

    @solara.component
    def Page() -> None:
        model = solara.use_reactive(solara.use_memo(lambda: SwarmModel(preset, rng=7), []))
        SolaraViz(model, components=parts, model_params=parameters, name="Swarmscale", play_interval=50)

    return Page
