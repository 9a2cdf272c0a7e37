"""A form: typed texts on top of a config, which of them are refused and why, and the config that they make."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError
from ...model.config import Config
from .fields import FormField, form_fields, holder_of, value_of

if TYPE_CHECKING:
    from .session import Session

WHOLE = ""
"""In place of a key: a refusal of the settings together."""
SEED = "seed"
"""In place of a key: the seed."""


@dataclass(frozen=True, slots=True)
class Form:
    """Settings as they are being edited.

    Attributes:
        base: the settings that nothing was typed for.
        draft: what was typed, by the fields' keys.
    """

    base: Config
    draft: Mapping[str, str] = field(default_factory=dict)

    @property
    def fields(self) -> tuple[FormField, ...]:
        """All fields with the values of the base."""
        return form_fields(self.base, self.draft)

    def typed(self, key: str, text: str) -> Form:
        """This form after something was typed; what equals the base's value is taken out again."""
        rest = {k: v for k, v in self.draft.items() if k != key}
        now = next((f for f in form_fields(self.base, self.draft) if f.key == key), None)
        if now is not None and text.strip() == now.value:
            return replace(self, draft=rest)
        return replace(self, draft=rest | {key: text})

    def text(self, shown: FormField) -> str:
        """What stands in a field."""
        return self.draft.get(shown.key, shown.value)

    def changed(self, running: Config) -> frozenset[str]:
        """Keys of the fields that differ from the settings of a running model."""
        there = {f.key: f.value for f in form_fields(running, self.draft)}
        return frozenset(f.key for f in self.fields if self.text(f).strip() != there.get(f.key))

    def judged(self) -> Judged:
        """The config that the form makes, or which fields are refused.

        Every refused field is found, not the first alone: what is refused is left out and the rest tried again.
        """
        refusals: dict[str, str] = {}
        values: dict[str, Any] = {}
        shown = {f.key: f for f in self.fields}
        for key, text in self.draft.items():
            if key in shown:
                try:
                    values[key] = value_of(shown[key], text)
                except ConfigError as error:
                    refusals[key] = str(error)
        made = None
        while True:
            try:
                made = self.base.changed(values)
                break
            except ConfigError as error:
                key = blamed(str(error), list(values)) or self._culprit(values)
                refusals[key] = str(error)
                if key not in values:
                    break
                del values[key]
        return Judged(made if not refusals else None, refusals)

    def _culprit(self, values: Mapping[str, Any]) -> str:
        """The one field without which the rest is accepted; no key if there is none."""
        for key in reversed(list(values)):
            try:
                self.base.changed({k: v for k, v in values.items() if k != key})
            except ConfigError:
                continue
            return key
        return WHOLE


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of a form.

    Attributes:
        config: the settings, None if anything is refused.
        refusals: by key, the line that says what it must be.
    """

    config: Config | None
    refusals: Mapping[str, str]


def blamed(refusal: str, keys: Sequence[str]) -> str:
    """The key that a refusal is about; empty if it names none of them.

    >>> blamed("seconds = 120, but it must be a multiple of dt = 7", ["fleet.agents", "dt"])
    'dt'
    >>> blamed("fleet.skill_own.1 = 2, but it must be at most 1", ["fleet.skill_own"])
    'fleet.skill_own'
    >>> blamed("dispatch.rule.d = 0, but it must be from 1 to 16", ["dispatch.rule.jsq.d"])
    'dispatch.rule.jsq.d'
    """
    found: list[tuple[int, int, str]] = []
    for key in keys:
        holder, last = holder_of(key), key.rsplit(".", 1)[-1]
        names = [f"{holder}.{last}", last] if holder else [key]
        for rank, name in enumerate(names):
            place = re.search(rf"(?<![\w.]){re.escape(name)}(?!\w)", refusal)
            if place:
                found.append((rank, place.start(), key))
                break
    # a longer key is the more particular one: dispatch.rule.d before dispatch.rule
    return min(found, key=lambda f: (f[0], f[1], -len(f[2])))[2] if found else WHOLE


def matching(fields: Sequence[FormField], words: str) -> tuple[FormField, ...]:
    """The fields that hold every one of some words in their key, title, meaning or unit."""
    wanted = words.lower().split()
    return tuple(
        f
        for f in fields
        if all(w in f"{f.key} {f.title} {f.text} {f.unit} {f.group}".lower() for w in wanted)
    )


def applied(session: Session, form: Form, seed: str) -> Mapping[str, str]:
    """Begin anew with a form's settings; what is refused leaves the session as it was.

    Args:
        session: its model is made anew.
        form: the settings.
        seed: as typed.

    Returns:
        Refusals by key, ``SEED`` for the seed; empty if it was done.
    """
    judged = form.judged()
    if not re.fullmatch(r"\s*\d{1,30}\s*", seed):
        return {**judged.refusals, SEED: f"seed = {seed!r}, but it must be a whole number, 0 or more"}
    if judged.config is None:
        return judged.refusals
    try:
        session.reset(judged.config, int(seed))
    except ConfigError as error:
        keys = [*form.draft, *(f.key for f in form.fields)]
        return {blamed(str(error), keys): str(error)}
    return {}
