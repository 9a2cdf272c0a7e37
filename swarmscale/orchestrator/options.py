"""Options by the names that the origin gave them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import ConfigError, UnknownChoiceError, require
from ..model.config import Config
from ..model.scaling.static import Static

FIRST_AGENTS = 10_000
"""Agents of the start where the host does not say how many."""

OPTIONS: dict[str, str] = {
    "maxAgents": "max_agents",
    "initialAgents": "agents",
    "enableIntelligence": "intelligence",
    "enableOptimization": "optimization",
    "enableAutoScaling": "auto_scaling",
    "config": "config",
    "seed": "rng",
    "maxOpenTasks": "limit",
}
"""The origin's names, and ours."""


def snake_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments of an orchestrator from options by the origin's names, or by ours.

    Raises:
        UnknownChoiceError: if a name is not known.
        ConfigError: if one is given twice.

    >>> snake_options({"maxAgents": 50_000, "enableAutoScaling": True})
    {'max_agents': 50000, 'auto_scaling': True}
    """
    out: dict[str, Any] = {}
    for name, value in options.items():
        plain = OPTIONS.get(name, name)
        if plain not in OPTIONS.values():
            raise UnknownChoiceError("option", name, [*OPTIONS, *OPTIONS.values()])
        if plain in out:
            raise ConfigError(f"option {name!r} is given twice")
        out[plain] = value
    return out


def config_of(
    config: str | Path | Mapping[str, Any] | Config,
    *,
    max_agents: int,
    agents: int | None,
    intelligence: bool,
    optimization: bool,
    auto_scaling: bool,
    limit: int | None,
    changes: Mapping[str, Any],
) -> Config:
    """The config of an orchestrator's fleet, by its arguments.

    Raises:
        ConfigError: if one of them cannot be used.
    """
    for name, value in (
        ("intelligence", intelligence), ("optimization", optimization), ("auto_scaling", auto_scaling),
    ):  # fmt: skip
        require(isinstance(value, bool), name, repr(value), "True or False")
    for name, number in (("max_agents", max_agents), ("agents", agents), ("limit", limit)):
        right = number is None or (isinstance(number, int) and not isinstance(number, bool) and number >= 1)
        require(right, name, repr(number), "a whole number, 1 or more")
    first = min(FIRST_AGENTS, max_agents) if agents is None else agents
    require(first <= max_agents, "agents", first, f"at most max_agents = {max_agents}")
    base = Config.load(config)
    mine: dict[str, Any] = {
        "fleet.agents": first, "fleet.max_agents": max_agents, "intelligence.on": intelligence,
        "optimization.on": optimization,
    }  # fmt: skip
    static = isinstance(base.scaling, Static)
    if not auto_scaling:
        mine["scaling"] = "static"
    elif static:
        mine["scaling"] = "quantile"
    if auto_scaling and base.scaler.min_agents > first:
        mine["scaler.min_agents"] = first
    return base.changed(mine | {name.replace("__", "."): value for name, value in changes.items()})
