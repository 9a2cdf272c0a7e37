"""A store whose settings come one batch after the other, as a search chooses them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..errors import ConfigError
from ..model.files import write_whole
from .plan import Plan
from .sheet import difference, read_sheet, sheet_of
from .store import SHEET, Store


def grown(folder: str | Path, plan: Plan) -> Store:
    """The store of a plan; one that is there gets the settings that it lacks, and keeps those that it has more.

    Args:
        folder: where it is, or will be.
        plan: its settings begin like those that are there, or the other way about.

    Raises:
        ConfigError: if the folder holds something else, or cannot be written.
    """
    place = Path(folder)
    sheet = sheet_of(plan)
    if (place / SHEET).exists():
        there = read_sheet(place / SHEET)
        _refuse_other(place, there, sheet)
        settings = max(there["plan"]["settings"], sheet["plan"]["settings"], key=len)
        sheet = sheet_of(plan.but(settings=tuple(settings))) | {"versions": there["versions"]}
        if sheet == there:
            return Store(place, sheet)
    text = json.dumps(sheet, indent=1)
    write_whole(place / SHEET, lambda part: part.write_text(text, "utf-8"))
    return Store(place, sheet)


def _refuse_other(folder: Path, there: dict[str, Any], given: dict[str, Any]) -> None:
    """Refuse a folder that holds another search: only more trials, or fewer, are the same one."""
    count = min(len(there["plan"]["settings"]), len(given["plan"]["settings"]))
    found = difference(_core(there, count), _core(given, count), "")
    if found is not None:
        where, before, now = found
        raise ConfigError(
            f"{folder}: holds another search: {where} is {before} there and {now} here; choose another folder"
        )


def _core(sheet: dict[str, Any], count: int) -> dict[str, Any]:
    """What must be alike, with so many settings."""
    plan = {name: value for name, value in sheet["plan"].items() if name not in _FREE}
    design = {name: value for name, value in plan["design"].items() if name != "trials"}
    return plan | {
        "settings": plan["settings"][:count],
        "design": design,
        "plugin_hashes": sheet["plugin_hashes"],
    }


_FREE = ("name", "time_limit_s", "plugins")
