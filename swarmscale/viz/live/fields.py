"""Every setting as a field of a form: what it is, what may be typed, and what a typed text means. Knows no Solara."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

from ...choices import Choices
from ...errors import ConfigError
from ...model.config import Config
from ...model.door import strategy_tables
from ...model.parameters import parameters
from .kinds import Kind, annotation_of, attributes_of, kind_of, rule_of

GROUPS = {
    "run": "Run", "fleet": "Fleet", "demand": "Demand", "ingress": "Ingress stations", "dispatch": "Dispatch",
    "network": "Network", "cluster": "Clusters", "delegation": "Delegation", "cache": "Caches",
    "parallel": "Parallel parts of a task", "stealing": "Work stealing",
    "life": "Life of an agent", "scaling": "Scaling policy", "scaler": "Scaler", "intelligence": "Intelligence",
    "learning": "Learning", "collective_memory": "Collective memory", "emergence": "Emergence",
    "resilience": "Resilience: what breaks", "resilience.detection": "Resilience: detection",
    "resilience.recovery": "Resilience: recovery", "resilience.breaker": "Resilience: circuit breakers",
    "resilience.admission": "Resilience: admission", "resilience.pace": "Resilience: watch over slow agents",
    "resilience.health": "Resilience: health and alerts", "optimization": "Optimization", "records": "Records",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class FormField:
    """One setting in a form.

    Attributes:
        key: dotted key; a strategy's own setting names the strategy too, as in ``dispatch.rule.jsq.d``.
        group: one of ``GROUPS``.
        title: for people.
        unit: empty for none.
        text: what it means.
        rule: what it must be, empty if anything goes.
        kind: what is typed.
        options: of a choice.
        optional: whether nothing may be given.
        value: as text.
    """

    key: str
    group: str
    title: str
    unit: str
    text: str
    rule: str
    kind: Kind
    options: tuple[str, ...] = ()
    optional: bool = False
    value: str = ""

    @property
    def label(self) -> str:
        """Title and unit."""
        return (
            f"{self.title} ({self.unit})" if self.unit and self.unit not in self.title.split() else self.title
        )

    @property
    def hint(self) -> str:
        """Meaning and rule in one line."""
        return "; ".join(part for part in (self.text, self.rule) if part)

    @property
    def said(self) -> str:
        """The key as refusals name it: without the strategy's name."""
        holder = holder_of(self.key)
        return f"{holder}.{self.key.rsplit('.', 1)[1]}" if holder else self.key


@cache
def _tables() -> dict[str, Choices[Any]]:
    return strategy_tables(Config)


def holder_of(key: str) -> str:
    """The strategy field that a setting belongs to; empty if it belongs to none."""
    return next((name for name in _tables() if key.startswith(name + ".")), "")


def group_of(key: str) -> str:
    """The one of ``GROUPS`` in which a setting stands: the longest that its key begins with.

    >>> group_of("resilience.on"), group_of("resilience.pace.on"), group_of("scaling"), group_of("dt")
    ('resilience', 'resilience.pace', 'scaling', 'run')
    """
    parts = key.split(".")
    names = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return next((name for name in names if name in GROUPS), "run")


def form_fields(config: Config, draft: Mapping[str, str] | None = None) -> tuple[FormField, ...]:
    """All settings of a config in the config's order, with the settings of the strategies that a draft chooses.

    Args:
        config: gives the values.
        draft: texts that were typed, by key; a strategy chosen there brings its own settings with their defaults.
    """
    found: list[FormField] = []
    for key, unit, text in parameters():
        group = group_of(key)
        if key in _tables():
            found += _strategy(config, draft or {}, key, group, text)
            continue
        info, value = _at(config, key)
        kind, options, optional = kind_of(info.annotation)
        told = text_of(value) if kind != "json" else _listed(config, key)
        found.append(
            FormField(
                key=key, group=group, title=_title(key), unit=unit, text=text, kind=kind, options=options,
                rule=rule_of(info.metadata, optional=optional), optional=optional, value=told,
            )
        )  # fmt: skip
    return tuple(found)


def _strategy(
    config: Config, draft: Mapping[str, str], key: str, group: str, text: str
) -> Iterable[FormField]:
    """A strategy's choice, and the settings of the one that is chosen."""
    table, now = _tables()[key], _at(config, key)[1]
    name = table.name_of(now)
    options = (*table, *(() if name else (type(now).__name__,)))
    yield FormField(
        key=key, group=group, title=_title(key) if "." in key else "policy", unit="", text=text, rule="",
        kind="strategy", options=options, value=name or type(now).__name__,
    )  # fmt: skip
    chosen = draft.get(key) or name
    if chosen is None or chosen not in table:
        return
    member: Any = table[chosen]
    meanings = attributes_of(member)
    given = table.dump(now) if chosen == name else {}
    for f in dataclasses.fields(member):
        if not f.init:
            continue
        value = given.get(f.name, None if f.default is dataclasses.MISSING else f.default)
        kind, members, optional = kind_of(annotation_of(f.type))
        yield FormField(
            key=f"{key}.{chosen}.{f.name}", group=group, title=f"{chosen}: {f.name.replace('_', ' ')}", unit="",
            text=meanings.get(f.name, ""), rule="", kind=kind, options=members, optional=optional,
            value=text_of(value),
        )  # fmt: skip


def text_of(value: Any) -> str:
    """A value as it is typed.

    >>> text_of((0.9, 1.0)), text_of(None), text_of(True), text_of(0.1)
    ('0.9, 1.0', '', 'true', '0.1')
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (tuple, list)):
        if all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in value):
            return ", ".join(str(v) for v in value)
        plain = [v.model_dump(mode="json") if isinstance(v, BaseModel) else v for v in value]
        return json.dumps(plain, default=_plain)
    return str(value)


def _listed(config: Config, key: str) -> str:
    """A list of sections or strategies as JSON, an entry a line; strategies by name and fields."""
    path, _, last = key.rpartition(".")
    section: Any = config
    for part in path.split(".") if path else ():
        section = getattr(section, part)
    try:
        entries = section.model_dump(mode="json", include={last})[last]
    except PydanticSerializationError:  # a strategy that is not registered cannot be typed
        return text_of(getattr(section, last))
    return "[" + ",\n ".join(json.dumps(entry) for entry in entries) + "]"


def _plain(value: Any) -> Any:
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else str(value)  # type: ignore[arg-type]


def value_of(field: FormField, text: str) -> Any:
    """What a typed text means.

    Raises:
        ConfigError: if it is not of the field's kind.
    """
    text = text.strip()
    if not text and field.kind != "text":
        if field.optional:
            return None
        raise ConfigError(f"{field.said} is empty, but it must be {_WANTED[field.kind]}")
    if not text and field.optional:
        return None
    try:
        return _READ[field.kind](text)
    except ValueError:
        raise ConfigError(f"{field.said} = {text!r}, but it must be {_WANTED[field.kind]}") from None


def _flag(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _number(text: str) -> float:
    return float(text.replace("_", ""))


def _whole(text: str) -> int:
    return int(text.replace(",", "").replace("_", ""))


def _numbers(text: str) -> list[float]:
    return [_number(part) for part in text.strip("[]() ").split(",") if part.strip()]


_READ: dict[str, Any] = {
    "number": _number, "whole": _whole, "flag": _flag, "numbers": _numbers, "json": json.loads, "text": str,
    "choice": str, "strategy": str,
}  # fmt: skip
_WANTED = {
    "number": "a number", "whole": "a whole number", "flag": "true or false", "json": "JSON",
    "numbers": "numbers with commas between them", "text": "a text", "choice": "one of the options",
    "strategy": "one of the options",
}  # fmt: skip


def _at(config: Config, key: str) -> tuple[Any, Any]:
    """Pydantic's field and its value."""
    *path, last = key.split(".")
    section: Any = config
    for part in path:
        section = getattr(section, part)
    return type(section).model_fields[last], getattr(section, last)


def _title(key: str) -> str:
    """The last name of a key without its unit.

    >>> _title("demand.mean_rate_per_s"), _title("network.local_ms"), _title("dt")
    ('mean rate', 'local', 'dt')
    """
    name = key.rsplit(".", 1)[-1]
    for end in ("_per_s", "_ms", "_s"):
        name = name.removesuffix(end)
    return name.replace("_", " ")
