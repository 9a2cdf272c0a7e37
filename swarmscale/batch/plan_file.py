"""The sweep file: what a TOML file says, turned into a plan."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError, UnknownChoiceError, require
from ..model.config import Config
from ..model.presets import preset_names
from ..rng import root_seed
from .design import flat, settings_of
from .plan import Plan
from .plugins import load_plugins

_FIELDS: dict[str, tuple[tuple[type, ...], str]] = {
    "name": ((str,), "a text"),
    "base": ((str, Mapping, Config), "a preset's name or the path of a TOML file"),
    "replications": ((int,), "a whole number"),
    "rng": ((int, str), "a whole number"),
    "outcomes": ((list, tuple), "a list of names"),
    "probe": ((bool,), "true or false"),
    "records": ((bool,), "true or false"),
    "incidents": ((bool,), "true or false"),
    "time_limit_s": ((int, float), "a number of seconds"),
    "plugins": ((list, tuple), "a list of paths"),
    "set": ((Mapping,), "a table of dotted keys"),
    "design": ((Mapping,), "a table"),
}


def read_tree(path: Path) -> dict[str, Any]:
    """What a TOML file says.

    Raises:
        ConfigError: if it cannot be read or is no TOML.
    """
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: not a TOML file: {error}") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ConfigError(f"{path}: cannot be read: {reason}") from None


def plan_of(tree: Mapping[str, Any], name: str, folder: Path) -> Plan:
    """The plan of a sweep file's words; see :meth:`~swarmscale.batch.plan.Plan.load`.

    Args:
        tree: its keys and values.
        name: the sweep's name, if the file gives none.
        folder: where relative paths begin.
    """
    _check(tree)
    plugins = tuple((folder / path).absolute() for path in tree.get("plugins", ()))
    load_plugins(plugins)
    base = _base(tree.get("base", "llm-fleet"), folder)
    fixed = flat(tree.get("set", {}))
    design = dict(tree.get("design", {"kind": "list", "settings": [{}]}))
    if isinstance(design.get("over"), Mapping):
        design["over"] = flat(design["over"])
    first, count = root_seed(tree.get("rng", 7)), tree.get("replications", 1)
    require(count >= 1, "replications", count, "1 or more")
    return Plan(
        name=tree.get("name", name),
        base=base,
        settings=tuple(settings_of(design, base, fixed)),
        seeds=tuple(range(first, first + count)),
        outcomes=tuple(tree.get("outcomes", ())),
        probe=tree.get("probe", False),
        records=tree.get("records", False),
        incidents=tree.get("incidents", False),
        time_limit_s=tree.get("time_limit_s"),
        plugins=plugins,
        design=design,
        fixed=fixed,
    )


def _base(given: Any, folder: Path) -> Config:
    if isinstance(given, str) and given not in preset_names() and (folder / given).is_file():
        return Config.load(folder / given)
    return Config.load(given)


def _check(tree: Mapping[str, Any]) -> None:
    for key, value in tree.items():
        if key not in _FIELDS:
            raise UnknownChoiceError("key of a sweep file", key, _FIELDS)
        kinds, rule = _FIELDS[key]
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ConfigError(f"{key} = {value!r}, but it must be {rule}")
