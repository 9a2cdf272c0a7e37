"""Switches of a running model: another scaling policy, dispatch rule or topology, from the next tick on.

A switch changes the model's config as well, so a checkpoint taken after it goes on bit for bit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from . import build
from .config import Config
from .door import strategy_tables
from .flow.network import Network
from .scaling.seeing import standing

if TYPE_CHECKING:
    from .swarm import SwarmModel

SWITCHES = ("scaling", "dispatch.rule", "network.topology")
"""Dotted keys of the strategies that can be switched while a model runs."""


def switch(model: SwarmModel, changes: Mapping[str, Any]) -> str:
    """Change strategies of a running model; a refusal leaves the model as it was.

    Args:
        model: between two ticks.
        changes: dotted keys, each one of ``SWITCHES`` or a setting of it, as in
            ``{"scaling": "target", "scaling.target": 0.6}``.

    Returns:
        What was before and what is now, in words, for a log.

    Raises:
        UnknownChoiceError: if a strategy is not known.
        ConfigError: if a key cannot be switched live, nothing would change, or a value breaks its rule.
    """
    for key in changes:
        if not any(key == name or key.startswith(name + ".") for name in SWITCHES):
            raise ConfigError(
                f"{key} cannot be switched while the model runs; there are: {', '.join(SWITCHES)}. "
                "Change it in the settings and begin anew"
            )
    before, after = model.config, model.config.changed(changes)
    changed = [name for name in SWITCHES if _at(before, name) != _at(after, name)]
    if not changed:
        raise ConfigError(f"{next(iter(changes), 'nothing')}: it is so already")
    mesh = _relinked(model, after) if "network.topology" in changed else None
    if "scaling" in changed:
        _switch_scaler(model, after)
    model.config = after
    if "dispatch.rule" in changed:
        model.flow.rule = after.dispatch.rule
    if mesh is not None:
        model.flow.network = model.network = mesh
    return said(before, after)


def said(before: Config, after: Config) -> str:
    """What a switch from one config to another changes, in words."""
    changed = [name for name in SWITCHES if _at(before, name) != _at(after, name)]
    return "; ".join(f"{_words(name, before)} to {_words(name, after, short=True)}" for name in changed)


def _switch_scaler(model: SwarmModel, config: Config) -> None:
    """Make the scaler anew: its policy begins without memory.

    A scaler that follows another one takes over what is known of demand, the accounts and the pools; the first
    one begins its accounts now, on pools that hold the fleet that is there.
    """
    old, new = model.scaler, build.build_scaler(config)
    if new is not None and old is not None:
        new.remember({**old.memory(), "_memory": new.memory()["_memory"]})
    elif new is not None:
        new.begin(model.records.ticks, standing(model))
    model.dispatcher.put_first(old, new)
    model.scaler = new
    model.watch_controllers()


def _relinked(model: SwarmModel, config: Config) -> Network:
    """The same nodes with other links; a node that is down stays down, and a link that was cut stays cut."""
    old, c = model.network, config.network
    new = Network.build(c.topology, old.nodes, c.latency_ms, model.root_seed, loss=c.loss)
    for k, place in old.graph.nodes(data=True):
        new.graph.nodes[k].update(up=place["up"], known=place["known"])
    for a, b, link in old.graph.edges(data=True):
        if new.graph.has_edge(a, b):
            new.graph.edges[a, b].update(link)
    new.rebuild()
    new.version = old.version + 1
    return new


def _at(config: Config, key: str) -> Any:
    value: Any = config
    for part in key.split("."):
        value = getattr(value, part)
    return value


def _words(key: str, config: Config, *, short: bool = False) -> str:
    """A strategy in words, with the settings that are not its defaults."""
    table, strategy = strategy_tables(Config)[key], _at(config, key)
    name = table.name_of(strategy)
    text = name or type(strategy).__name__
    if name is not None:
        own = [(f.name, getattr(strategy, f.name), f.default) for f in dataclasses.fields(strategy) if f.init]
        settings = ", ".join(f"{setting} {value}" for setting, value, default in own if value != default)
        text += f" ({settings})" if settings else ""
    return text if short else f"{table.kind} {text}"
