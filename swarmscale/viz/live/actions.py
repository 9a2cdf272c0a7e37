"""What can be done while the model runs: live switches, and buttons that scale, break and restore."""

from __future__ import annotations

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
from .operations import OPERATIONS, Operation, run
from .session import Session
from .settings import FieldInput
from .watching import use_seen

TITLES = {"scaling": "scaling policy", "dispatch.rule": "dispatch rule", "network.topology": "topology"}
TEXTS = {
    "scaling": "says how many agents are wanted. The scaler is made anew: the policy begins without memory, while "
    "accounts, pools and what is known of demand stay",
    "dispatch.rule": "chooses a cluster for each task that leaves dispatch from the next tick on",
    "network.topology": "links the nodes anew; nodes that are down and links that are cut stay so, and tasks on "
    "their way arrive as they were sent",
}


@solara.component
def Actions(session: Session) -> None:
    """Switches of policy, rule and topology, and a button for each operation.

    Args:
        session: whose model is changed.
    """
    with solara.Column(gap="10px", classes=["ss-actions", "ss-form"]):
        for key in SWITCHES:
            Switch(session, key).key(key)
        for operation in OPERATIONS:
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
            with solara.Div(style={"flex": "1 1 110px", "min-width": "110px"}):
                solara.InputText(
                    one.label, value=texts[one.name], on_value=lambda text, name=one.name: put(name, text),
                    error=refusals.get(one.name, False), dense=True,
                )  # fmt: skip
        with solara.Tooltip(operation.text):
            solara.Button(
                operation.title, on_click=beside if operation.slow else act, outlined=True, disabled=beside.pending,
                classes=[f"ss-act-{operation.key}"], attributes={"title": operation.text},
            )  # fmt: skip
        if not operation.inputs and refusals:
            solara.Text(" ".join(refusals.values()), classes=["ss-refused"])
