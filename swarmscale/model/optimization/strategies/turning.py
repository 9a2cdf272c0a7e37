"""Knobs that are settings: turned by a switch, undone by the switch back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

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
    """A setting as it is; a strategy with its fields; None for a field of a strategy that goes with it."""
    now: Any = model.config.tree()
    for part in key.split("."):
        if not isinstance(now, dict) or part not in now:
            return None
        now = now[part]
    return None if key.rpartition(".")[0] in ("dispatch.rule", "network.topology") else now
