"""The dotted door: how flat keys such as ``dispatch.rule.d`` change the tree of settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin

from pydantic import BaseModel

from ..choices import Choices
from ..errors import ConfigError, UnknownChoiceError
from .section import ChoiceOf


def strategy_tables(section: type[BaseModel], prefix: str = "") -> dict[str, Choices[Any]]:
    """The fields that hold a strategy, by dotted key, with their tables."""
    found: dict[str, Choices[Any]] = {}
    for name, field in section.model_fields.items():
        key = f"{prefix}{name}"
        marks = [m for m in field.metadata if isinstance(m, ChoiceOf)]
        if marks:
            found[key] = marks[0].table
        elif isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            found |= strategy_tables(field.annotation, key + ".")
    return found


def known_fields(section: type[BaseModel], path: list[str]) -> list[str]:
    """Names of the fields of the section at a path (numbers step into tuples of sections)."""
    for part in path:
        if part.isdigit():
            continue
        annotation: Any = section.model_fields[part].annotation
        while get_origin(annotation) is not None:
            annotation = get_args(annotation)[0]
        section = annotation
    return list(section.model_fields)


def apply(tree: dict[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """The tree with dotted keys applied: strategies' names first, then single fields.

    Raises:
        UnknownChoiceError: if a key names no field; the nearest one is offered.
        ConfigError: if a field belongs to a strategy that is not chosen.
    """
    from .config import Config

    tables = strategy_tables(Config)
    later: list[tuple[str, Any]] = []
    for key, value in wanted.items():
        if key in tables:
            _choose(tree, key, value, tables[key])
        else:
            later.append((key, value))
    exclusive = {"demand.load", "demand.mean_rate_per_s", "demand.scale"}
    if exclusive & {k for k, v in later if v is not None}:
        tree["demand"] |= {"load": None, "mean_rate_per_s": None, "scale": None}
    for key, value in later:
        holder = next((t for t in tables if key.startswith(t + ".")), None)
        if holder is not None:
            _set_strategy_field(tree, holder, key[len(holder) + 1 :], value, tables[holder])
        else:
            _set_field(tree, Config, key, value)
    return tree


def _choose(tree: dict[str, Any], key: str, value: Any, table: Choices[Any]) -> None:
    *path, last = key.split(".")
    section = _walk(tree, path)
    if isinstance(value, str):
        table[value]
        if table.name_of(section[last]) != value:
            section[last] = {"name": value}
    else:
        section[last] = value


def _set_strategy_field(
    tree: dict[str, Any], holder: str, field: str, value: Any, table: Choices[Any]
) -> None:
    *path, last = holder.split(".")
    chosen = _walk(tree, path)[last]
    if not isinstance(chosen, dict):
        chosen = table.dump(chosen)
        _walk(tree, path)[last] = chosen
    only, dot, rest = field.partition(".")
    if dot:
        if rest not in table.fields(only):
            raise UnknownChoiceError(f"setting of {table.kind} {only!r}", rest, table.fields(only))
        if only != chosen["name"]:
            return
        field = rest
    known = table.fields(chosen["name"])
    if field not in known:
        offer = f"its settings are: {', '.join(known)}" if known else "it has no settings"
        raise ConfigError(
            f"{holder}.{field}: the {table.kind} {chosen['name']!r} has no such setting; {offer}"
        )
    chosen[field] = value


def _set_field(tree: dict[str, Any], section: type[BaseModel], key: str, value: Any) -> None:
    here: Any = tree
    parts = key.split(".")
    for i, part in enumerate(parts):
        last = i == len(parts) - 1
        if isinstance(here, (list, tuple)):
            raise ConfigError(f"{key}: {'.'.join(parts[:i])} is a list; give it whole")
        if part not in here:
            raise UnknownChoiceError("setting", key, _all_keys(tree))
        if last:
            if isinstance(here[part], dict) and not isinstance(value, Mapping):
                inner = ", ".join(f"{key}.{name}" for name in here[part])
                raise ConfigError(f"{key} is a group of settings; change one of them: {inner}")
            here[part] = value
        elif isinstance(here[part], dict):
            here = here[part]
        else:
            raise UnknownChoiceError("setting", key, _all_keys(tree))


def _walk(tree: dict[str, Any], path: list[str]) -> dict[str, Any]:
    for part in path:
        tree = tree[part]
    return tree


def _all_keys(tree: Mapping[str, Any], prefix: str = "") -> list[str]:
    keys: list[str] = []
    for name, value in tree.items():
        keys += _all_keys(value, f"{prefix}{name}.") if isinstance(value, dict) else [prefix + name]
    return keys
