"""``sweep.json``: what a store holds beside its rows: the format, the plan, and what made it."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from .plan import Plan

VERSION = 1
PACKAGES = ("swarmscale", "numpy", "numba", "mesa")


def sheet_of(plan: Plan) -> dict[str, Any]:
    """Everything that is written of a plan, as plain values.

    Raises:
        ConfigError: if the plan holds a strategy that is not registered, or a plugin is gone.
    """
    deciding = plan.deciding()
    return {
        "format": VERSION,
        "digest": plan.digest(),
        "plan": plan.as_dict(),
        "columns": list(plan.columns),
        "plugin_hashes": deciding["plugin_hashes"],
        "versions": {"python": platform.python_version()} | {name: version(name) for name in PACKAGES},
    }


def read_sheet(path: Path) -> dict[str, Any]:
    """What :func:`sheet_of` gave, from its file.

    Raises:
        ConfigError: if it cannot be read, or a newer version wrote it.
    """
    try:
        sheet = json.loads(path.read_text("utf-8"))
        form = int(sheet["format"])
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (ValueError, KeyError, TypeError):
        raise ConfigError(f"{path}: is no file of a sweep") from None
    if form > VERSION:
        raise ConfigError(
            f"{path}: has format {form}, but this version reads up to {VERSION}; update swarmscale"
        )
    return dict(sheet)


def refuse_other(folder: Path, there: Mapping[str, Any], given: Mapping[str, Any]) -> None:
    """Refuse a folder that holds another plan than the given one.

    Raises:
        ConfigError: naming the first difference.
    """
    if there["digest"] == given["digest"]:
        return
    old = there["plan"] | {"plugin_hashes": there["plugin_hashes"]}
    new = given["plan"] | {"plugin_hashes": given["plugin_hashes"]}
    for name in ("name", "time_limit_s", "plugins"):
        del old[name], new[name]
    where, before, now = difference(old, new, "") or ("plan", "another", "this")
    raise ConfigError(
        f"{folder}: holds another sweep: {where} is {before} there and {now} here; choose another folder"
    )


def difference(old: Any, new: Any, where: str) -> tuple[str, str, str] | None:
    """Where two trees of plain values differ first, and what either says there; None if they are alike."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in dict.fromkeys([*old, *new]):
            if found := difference(old.get(key), new.get(key), f"{where}.{key}" if where else str(key)):
                return found
        return None
    if isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for i, (a, b) in enumerate(zip(old, new, strict=True)):
            if found := difference(a, b, f"{where}[{i}]"):
                return found
        return None
    if old == new:
        return None
    return where, _short(old), _short(new)


def _short(value: Any) -> str:
    text = json.dumps(value)
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return text if len(text) <= 60 else text[:57] + "..."
