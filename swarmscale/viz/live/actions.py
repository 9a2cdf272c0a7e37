"""What can be done while the model runs: live switches, and buttons that scale, break and restore."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import solara
import solara.lab

from ...errors import ConfigError
from ...model.config import Config
from ...model.door import strategy_tables
from ...model.switches import SWITCHES, said
from .fields import FormField
from .forms import Form
from .operating import Input, Operation, run
from .operations import ALERTS, FLEET, GROUPS, OPERATIONS
from .session import Session
from .settings import STYLE, FieldInput
from .strikes import AGENTS, MESH
from .watching import use_seen

TITLES = {"scaling": "scaling policy", "dispatch.rule": "dispatch rule", "network.topology": "topology"}
TEXTS = {
    "scaling": "says how many agents are wanted. The scaler is made anew: the policy begins without memory, while "
    "accounts, pools and what is known of demand stay",
    "dispatch.rule": "chooses a cluster for each task that leaves dispatch from the next tick on",
    "network.topology": "links the nodes anew; nodes that are down and links that are cut stay so, and tasks on "
    "their way arrive as they were sent",
}


OPEN = (FLEET, AGENTS, MESH, ALERTS)
"""Groups that are open at first."""


@solara.component
def Actions(session: Session) -> None:
    """Switches of policy, rule and topology, and a button for each operation.

    Args:
        session: whose model is changed.
    """
    solara.Style(STYLE)
    with solara.Column(gap="10px", classes=["ss-actions", "ss-form"]):
        for key in SWITCHES:
            Switch(session, key).key(key)
        for group in GROUPS:
            Group(session, group).key(group)


@solara.component
def Group(session: Session, group: str) -> None:
    """Buttons under a heading that opens and closes them; what is closed is not made.

    Args:
        session: whose model is changed.
        group: the heading.
    """
    opened, set_opened = solara.use_state(group in OPEN)
    with solara.Column(gap="8px"):
        solara.Button(
            group, icon_name="mdi-chevron-down" if opened else "mdi-chevron-right", text=True, small=True,
            on_click=lambda: set_opened(not opened), classes=["ss-part-head", "ss-group"],
            attributes={"aria-expanded": "true" if opened else "false"},
        )  # fmt: skip
        for operation in OPERATIONS if opened else ():
            if operation.group == group:
                Act(session, operation).key(operation.key)


@solara.component
def Switch(session: Session, key: str) -> None:
    """A strategy that can be exchanged while the model runs, with its settings.

    Args:
        session: whose model is changed.
        key: dotted key of the strategy.
    """
    config: Config = use_seen(session, lambda: session.config)
    draft, set_draft = solara.use_state({})
    refused, set_refused = solara.use_state("")
    form = Form(config, draft)
    fields = [f for f in form.fields if f.key == key or f.key.startswith(key + ".")]
    judged = form.judged()
    refusals = dict(judged.refusals)

    def typed(field: FormField, text: str) -> None:
        set_draft(dict(form.typed(field.key, text).draft))
        set_refused("")

    def switch() -> None:
        made = judged.config
        if made is None:
            return
        try:
            changes = changes_of(made, key)
            session.do(said(config, made) or TITLES[key], lambda model: model.switch(changes))
        except ConfigError as error:
            set_refused(str(error))
        else:
            set_draft({})

    with solara.Column(gap="2px"):
        for field in fields:
            shown = replace(field, title=TITLES[key], text=TEXTS[key]) if field.key == key else field
            FieldInput(
                shown, form.text(field), refusals.get(field.key, ""), field.key in draft,
                lambda text, field=field: typed(field, text),
            ).key(field.key)  # fmt: skip
        if refused:
            solara.Text(refused, classes=["ss-refused"])
        solara.Button(
            f"Switch {TITLES[key]}", on_click=switch, outlined=True, disabled=not draft,
            classes=[f"ss-switch-{key.replace('.', '-')}"],
        )  # fmt: skip


def changes_of(config: Config, key: str) -> dict[str, Any]:
    """A config's strategy and all its settings as dotted keys."""
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    settings = strategy_tables(Config)[key].dump(value)
    name = settings.pop("name")
    return {key: name} | {f"{key}.{setting}": given for setting, given in settings.items()}


@solara.component
def Act(session: Session, operation: Operation) -> None:
    """A button with its inputs; what is refused stands beside them.

    Args:
        session: whose model is changed.
        operation: what the button does.
    """
    typed, set_typed = solara.use_state({})
    refusals, set_refusals = solara.use_state({})
    start = use_seen(session, lambda: {one.name: one.start(session) for one in operation.inputs}, least_s=2.0)
    texts = start | typed

    def put(name: str, text: str) -> None:
        set_typed(typed | {name: text})
        set_refusals({})

    def act() -> None:
        refused = run(session, operation, texts)
        set_refusals(dict(refused))
        if not refused:
            set_typed({})

    beside: Any = solara.lab.use_task(act, dependencies=None)

    with solara.Row(gap="8px", classes=["ss-act"], style={"flex-wrap": "wrap", "align-items": "flex-start"}):
        for one in operation.inputs:
            least = "110px" if one.options is None else "180px"
            with solara.Div(style={"flex": f"1 1 {least}", "min-width": least}):
                Given(one, session, texts[one.name], refusals.get(one.name, ""), put)
        with solara.Tooltip(operation.text):
            solara.Button(
                operation.title, on_click=beside if operation.slow else act, outlined=True, disabled=beside.pending,
                classes=[f"ss-act-{operation.key}"], attributes={"title": operation.text},
            )  # fmt: skip
        if not operation.inputs and refusals:
            solara.Text(" ".join(refusals.values()), classes=["ss-refused"])


@solara.component
def Given(one: Input, session: Session, text: str, refused: str, on_text: Callable[[str, str], None]) -> None:
    """An input of an operation: a number, or one of some texts.

    Args:
        one: what is asked for.
        session: whose model is changed.
        text: what stands in it.
        refused: why that is refused; empty if it is not.
        on_text: is told the input's name and what was typed.
    """
    ask = one.options
    options = use_seen(session, lambda: tuple(ask(session)) if ask is not None else (), least_s=2.0)
    if ask is None:
        solara.InputText(
            one.label,
            value=text,
            on_value=lambda typed: on_text(one.name, typed),
            error=refused or False,
            dense=True,
        )
        return
    shown = text if text in options else ""
    solara.Select(
        one.label, values=[*options] if shown else ["", *options], value=shown, dense=True,
        on_value=lambda typed: on_text(one.name, typed),
    )  # fmt: skip
    if refused:
        solara.Text(refused, classes=["ss-refused"])
