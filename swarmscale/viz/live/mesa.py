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
from mesa.visualization.utils import update_counter

from ...model.records import Records
from ...model.swarm import SwarmModel
from .board import use_board
from .panels import LivePage
from .session import Note
from .stage import Stage


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
    held: dict[str, Any] = solara.use_memo(dict, [])
    held["view"] = ModelView(model)

    def enter(stage: Stage) -> Callable[[], None]:
        def next_frame() -> None:
            if stage.due:
                stage.show()

        stage.wake = next_frame
        held["stage"] = stage
        return lambda: None

    def news() -> None:
        stage: Stage = held["stage"]
        if stage.on_its_way:
            stage.dropped += 1
        stage.stale()
        stage.wake()

    # Mesa's page has no drill-down, so what is asked for goes nowhere
    use_board(page, lambda: held["view"], lambda _: None, enter, [])
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
