"""The settings: every field of the config with its unit, range and meaning; a refusal stands beside its field."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import solara

from ...model.config import Config
from ...model.presets import preset_about, preset_names
from .fields import GROUPS, FormField
from .forms import SEED, WHOLE, Form, applied, matching
from .session import Session
from .watching import use_seen

MOST_SHOWN = 16
RUNNING = "as it runs now"
STYLE = (
    ".ss-hint{font-size:.75rem;line-height:1.25;opacity:.75;display:block;margin:-10px 0 10px}"
    ".ss-refused{color:#C4420A;font-size:.8rem;display:block;overflow-wrap:anywhere}"
    ".theme--dark .ss-refused{color:#FF9B6A} .ss-form{max-width:640px} .ss-form .v-text-field:not(.v-textarea)"
    "{padding-top:14px!important;margin-top:2px} .ss-form .v-messages__message{line-height:1.25}"
)


@solara.component
def FieldInput(
    shown: FormField, text: str, refused: str, changed: bool, on_text: Callable[[str], None]
) -> None:
    """One setting: label with unit, what may be given, and why it is refused.

    Args:
        shown: the setting.
        text: what stands in it.
        refused: why that is refused; empty if it is not.
        changed: whether it differs from the running model's.
        on_text: is told what was typed.
    """
    label = f"{shown.label} · changed" if changed else shown.label
    if shown.kind in ("choice", "strategy", "flag"):
        if shown.kind == "flag":
            solara.Checkbox(
                label=label, value=text == "true", on_value=lambda on: on_text("true" if on else "false")
            )
        else:
            solara.Select(label, values=list(shown.options), value=text, on_value=on_text, dense=True)
        if refused:
            solara.Text(refused, classes=["ss-refused"])
        solara.Text(shown.hint, classes=["ss-hint"])
    else:
        common: dict[str, Any] = {
            "value": text,
            "on_value": on_text,
            "error": refused or False,
            "message": shown.hint,
        }
        if shown.kind == "json":
            solara.Text(
                label, style={"font-size": ".75rem"}
            )  # a text area shows its own label while empty alone
            solara.InputTextArea(label, rows=3, **common)
        else:
            solara.InputText(label, dense=True, **common)


@solara.component
def Settings(session: Session) -> None:
    """All settings by group, with a search; Apply begins anew with them, Revert goes back to the running ones.

    Args:
        session: whose model is made anew.
    """
    running = use_seen(session, lambda: session.config)
    seed_now = use_seen(session, lambda: str(session.model.root_seed))
    preset, set_preset = solara.use_state(RUNNING)
    draft, set_draft = solara.use_state({})
    seed, set_seed = solara.use_state("")
    late, set_late = solara.use_state({})
    base = solara.use_memo(lambda: running if preset == RUNNING else Config.load(preset), [preset, running])
    form = Form(base, draft)
    judged = solara.use_memo(form.judged, [base, draft])
    refusals: Mapping[str, str] = {**judged.refusals, **late}
    changed = form.changed(running)

    def begin_from(name: str) -> None:
        set_preset(name)
        set_draft({})
        set_late({})

    def revert() -> None:
        begin_from(RUNNING)
        set_seed("")

    def typed(key: str, text: str) -> None:
        set_draft(dict(form.typed(key, text).draft))
        set_late({})

    def apply() -> None:
        refused = applied(session, form, seed or seed_now)
        if refused:
            set_late(dict(refused))
        else:
            revert()

    solara.Style(STYLE)
    with solara.Column(gap="6px", classes=["ss-form", "ss-settings"]):
        solara.Select(
            "begin from", values=[RUNNING, *preset_names()], value=preset, on_value=begin_from, dense=True
        )
        about = "the settings of the running model" if preset == RUNNING else preset_about(preset)
        solara.Text(about, classes=["ss-hint"])
        solara.InputText(
            "seed", value=seed or seed_now, on_value=lambda text: [set_seed(text), set_late({})], dense=True,
            error=refusals.get(SEED, False), message="the number that, with the settings, determines a run",
        )  # fmt: skip
        with solara.Row(gap="8px"):
            number = len(changed)
            solara.Button("Apply and begin anew", on_click=apply, color="primary", classes=["ss-apply"])
            solara.Button("Revert", on_click=revert, outlined=True, classes=["ss-revert"])
        solara.Text(
            f"{number} {'setting differs' if number == 1 else 'settings differ'} from the running model"
            if number else "all settings are those of the running model",
            classes=["ss-changes"],
        )  # fmt: skip
        for key, line in refusals.items():
            if key != SEED:
                solara.Text(line if key == WHOLE else f"refused: {line}", classes=["ss-refused"])
        Fields(form, refusals, changed, typed)


@solara.component
def Fields(
    form: Form, refusals: Mapping[str, str], changed: frozenset[str], on_text: Callable[[str, str], None]
) -> None:
    """The fields of one group, or those that a search finds.

    Args:
        form: what stands in them.
        refusals: by key.
        changed: keys of those that differ from the running model's.
        on_text: is told key and text of what was typed.
    """
    group, set_group = solara.use_state("fleet")
    words, set_words = solara.use_state("")
    fields = form.fields
    marks = {name: sum(f.group == name and f.key in changed for f in fields) for name in GROUPS}
    titles = {
        name: title + (f" · {marks[name]} changed" if marks[name] else "") for name, title in GROUPS.items()
    }
    names = {title: name for name, title in titles.items()}
    solara.InputText(
        "search all settings",
        value=words,
        on_value=lambda text: set_words(text or ""),
        continuous_update=True,
        dense=True,
        clearable=True,
    )
    if words:
        found = matching(fields, words)
    else:
        solara.Select(
            "group", values=list(names), value=titles[group], on_value=lambda title: set_group(names[title]),
            dense=True,
        )  # fmt: skip
        found = tuple(f for f in fields if f.group == group)
    for shown in found[: MOST_SHOWN if words else None]:
        FieldInput(
            shown, form.text(shown), refusals.get(shown.key, ""), shown.key in changed,
            lambda text, key=shown.key: on_text(key, text),
        ).key(shown.key)  # fmt: skip
    if not found:
        solara.Text(f"no setting has {words!r} in its name or meaning", classes=["ss-hint"])
    if words and len(found) > MOST_SHOWN:
        solara.Text(f"and {len(found) - MOST_SHOWN} more: type another word", classes=["ss-hint"])
