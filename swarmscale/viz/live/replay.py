"""Open a saved run or a checkpoint, and move through its time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import solara

from ...errors import ConfigError
from .saved import Saved, listing, opened


@solara.component
def Replay(
    root: Path, saved: Saved | None, on_saved: Callable[[Saved | None], None], most_agents: int = 1_000_000
) -> None:
    """A list of saved runs, a field for the name of one, and a slider for the time to look at.

    Args:
        root: the folder of saved runs; nothing outside of it can be opened.
        saved: what is looked at; None for the running model.
        on_saved: is told what to look at: at another time, another run, or None for the running model.
        most_agents: largest fleet that a checkpoint may have.
    """
    name, set_name = solara.use_state(saved.name if saved is not None else "")
    refused, set_refused = solara.use_state("")
    looked, set_looked = solara.use_state(0)
    names = solara.use_memo(lambda: list(listing(root)), [str(root), looked])

    def open_(wanted: str) -> None:
        set_name(wanted)
        try:
            found = opened(root, wanted, most_agents=most_agents)
        except ConfigError as error:
            set_refused(str(error))
        else:
            set_refused("")
            on_saved(found)

    def move(time_s: float) -> None:
        if saved is not None:
            on_saved(saved.at(time_s))

    with solara.Column(gap="6px", classes=["ss-form", "ss-replay"]):
        if names:
            solara.Select(
                "saved runs, the newest first", values=names, value=name if name in names else None, on_value=open_,
                dense=True,
            )  # fmt: skip
        else:
            solara.Text(f"no run is saved in {root}: swarmscale run --out {root}/my-run makes one")
        solara.InputText(
            "or its name", value=name, on_value=open_, error=refused or False, dense=True,
            message=f"a run's folder or a checkpoint in {root}",
        )  # fmt: skip
        solara.Button("Look again", on_click=lambda: set_looked(looked + 1), text=True, classes=["ss-look"])
        if saved is not None:
            solara.Text(f"{saved.name}: {saved.time_s:,.0f} s of {saved.end_s:,.0f} s", classes=["ss-at"])
            solara.SliderFloat(
                "time (s)", value=saved.time_s, min=0.0, max=saved.end_s, step=saved.whole.dt, on_value=move,
                thumb_label=False,
            )  # fmt: skip
            solara.Button(
                "Back to the running model",
                on_click=lambda: on_saved(None),
                outlined=True,
                classes=["ss-back"],
            )
