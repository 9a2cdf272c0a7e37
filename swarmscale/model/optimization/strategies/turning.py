"""Knobs that are settings: turned by a switch, undone by the switch back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ...config import Config
from ...door import strategy_tables

if TYPE_CHECKING:
    from ...swarm import SwarmModel


def turn_settings(model: SwarmModel, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Switch settings; return what the switch back takes.

    Raises:
        ConfigError: if they cannot be switched; nothing is changed then.
    """
    before = {key: _at(model, key) for key in changes}
    model.switch(changes)
    return {key: value for key, value in before.items() if value is not None}


def turn_back(model: SwarmModel, kept: Mapping[str, Any]) -> None:
    """Switch settings back to what they were."""
    model.switch(dict(kept))


def _at(model: SwarmModel, key: str) -> Any:
    """A setting as it is; a strategy with its name and fields; None for a field, which goes with its strategy."""
    table = strategy_tables(Config).get(key)
    now: Any = model.config
    for part in key.split("."):
        now = getattr(now, part, None)
    if table is not None:
        return table.dump(now)
    return None if key.rpartition(".")[0] in strategy_tables(Config) else now
