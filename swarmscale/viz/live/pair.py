"""Choose what a session is compared with: a saved run, or the same seed with other settings in lockstep."""

from __future__ import annotations

from collections.abc import Callable

import solara

from ...errors import ConfigError
from ...model.columns import BY_NAME
from .compare import HEADS, Pairing, compared
from .drill import Rows
from .forms import WHOLE, Form, blamed
from .saved import Saved
from .session import Session
from .settings import Fields
from .twin import Twin
from .watching import use_seen


@solara.component
def Compare(
    session: Session,
    pairing: Pairing,
    saved: Saved | None = None,
    on_look: Callable[[Saved | None], None] = lambda saved: None,
) -> None:
    """The other run: a saved one, or one with other settings that steps along; and the scorecard of both.

    Args:
        session: this run.
        pairing: is told what the other one is.
        saved: a saved run that is open, to be compared with.
        on_look: is told to look at the running model again, once the saved run is the other one.
    """
    _, set_round = solara.use_state(0)
    editing, set_editing = solara.use_state(False)

    def choose(action: Callable[[], None]) -> None:
        action()
        session.changed()
        set_round(lambda n: n + 1)

    def with_saved() -> None:
        if saved is not None:
            choose(lambda: pairing.choose(saved, saved.name))
            on_look(None)

    def with_twin(twin: Twin) -> None:
        choose(lambda: pairing.choose(twin.second, "other settings", twin))
        set_editing(False)

    def column(name: str) -> None:
        pairing.column = name
        choose(lambda: None)

    with solara.Column(gap="6px", classes=["ss-form", "ss-compare"]):
        if saved is not None:
            solara.Button(
                f"Compare with {saved.name}", on_click=with_saved, outlined=True, classes=["ss-with-saved"]
            )
        else:
            solara.Text("open a saved run to compare with it, or let the same seed run with other settings:")
        solara.Button(
            "Other settings, same seed", on_click=lambda: set_editing(not editing), outlined=True,
            classes=["ss-with-twin"],
        )  # fmt: skip
        if editing:
            Beside(session, with_twin)
        if pairing.other is not None:
            solara.Select(
                "column to draw", values=list(BY_NAME), value=pairing.column, on_value=column, dense=True
            )
            Scores(session, pairing).key(str(id(pairing.other)))
            solara.Button(
                "Compare no longer", on_click=lambda: choose(lambda: pairing.choose(None)), text=True,
                classes=["ss-alone"],
            )  # fmt: skip


@solara.component
def Scores(session: Session, pairing: Pairing) -> None:
    """The scorecard of both runs.

    Args:
        session: this run.
        pairing: says what the other one is.
    """

    def look() -> tuple[tuple[str, ...], ...]:
        with session.lock:
            other = pairing.beside(session)
            return tuple(compared(session, other)) if other is not None else ()

    found = use_seen(session, look, least_s=2.0)
    if found:
        Rows(("metric", "this run", pairing.name or "other run", HEADS[3]), found)
    else:
        solara.Text("nothing to compare yet: press Play")


@solara.component
def Beside(session: Session, on_twin: Callable[[Twin], None]) -> None:
    """The settings of a second run on the same seed.

    Args:
        session: the first run.
        on_twin: is told of the second one.
    """
    draft, set_draft = solara.use_state({})
    late, set_late = solara.use_state({})
    form = Form(session.config, draft)
    judged = form.judged()

    def typed(key: str, text: str) -> None:
        set_draft(dict(form.typed(key, text).draft))
        set_late({})

    def begin() -> None:
        if judged.config is None:
            return
        try:
            twin = Twin.of(session, judged.config)
        except ConfigError as error:
            set_late({blamed(str(error), [*draft, *(f.key for f in form.fields)]): str(error)})
        else:
            on_twin(twin)

    refusals = {**judged.refusals, **late}
    Fields(form, refusals, form.changed(session.config), typed)
    if WHOLE in refusals:
        solara.Text(refusals[WHOLE], classes=["ss-refused"])
    solara.Button("Run beside", on_click=begin, color="primary", disabled=not draft, classes=["ss-beside"])
