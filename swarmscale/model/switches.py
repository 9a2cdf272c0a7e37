"""Switches of a running model: another policy, rule or topology, and settings that can be turned live.

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
from .flow.caching import resized
from .flow.network import Network
from .scaling.seeing import standing

if TYPE_CHECKING:
    from .swarm import SwarmModel

SWITCHES = ("scaling", "dispatch.rule", "network.topology")
"""Dotted keys of the strategies that can be switched while a model runs."""


KNOBS = (
    "ingress.batch",
    "dispatch.batch",
    "cache.size",
    "parallel.ways",
    "parallel.from_s",
    "stealing.on",
    "stealing.after_s",
    "network.compression",
    "collective_memory.retention_s",
    "scaler.warm_agents",
)
"""Dotted keys of plain settings that can be turned while a model runs."""


def switch(model: SwarmModel, changes: Mapping[str, Any]) -> str:
    """Change strategies of a running model; a refusal leaves the model as it was.

    Args:
        model: between two ticks.
        changes: dotted keys, each one of ``SWITCHES`` or a setting of it, as in
            ``{"scaling": "target", "scaling.target": 0.6}``, or one of ``KNOBS``.

    Returns:
        What was before and what is now, in words, for a log.

    Raises:
        UnknownChoiceError: if a strategy is not known.
        ConfigError: if a key cannot be switched live, nothing would change, or a value breaks its rule.
    """
    for key in changes:
        if key not in KNOBS and not any(key == name or key.startswith(name + ".") for name in SWITCHES):
            raise ConfigError(
                f"{key} cannot be switched while the model runs; there are: {', '.join((*SWITCHES, *KNOBS))}. "
                "Change it in the settings and begin anew"
            )
    before, after = model.config, model.config.changed(changes)
    changed = [name for name in (*SWITCHES, *KNOBS) if _at(before, name) != _at(after, name)]
    if not changed:
        raise ConfigError(f"{next(iter(changes), 'nothing')}: it is so already")
    _refuse_what_is_not_there(model, changed)
    mesh = _relinked(model, after) if "network.topology" in changed else None
    if "scaling" in changed:
        _switch_scaler(model, after)
    model.config = after
    if "dispatch.rule" in changed:
        model.flow.rule = after.dispatch.rule
    if mesh is not None:
        model.flow.network = model.network = mesh
    _turn(model, changed, after)
    return said(before, after)


def said(before: Config, after: Config) -> str:
    """What a switch from one config to another changes, in words."""
    changed = [name for name in SWITCHES if _at(before, name) != _at(after, name)]
    turned = [name for name in KNOBS if _at(before, name) != _at(after, name)]
    return "; ".join(
        [f"{_words(name, before)} to {_words(name, after, short=True)}" for name in changed]
        + [f"{name} {_at(before, name):g} to {_at(after, name):g}" for name in turned]
    )


def _refuse_what_is_not_there(model: SwarmModel, changed: list[str]) -> None:
    """Refuse to turn settings of parts that the model has not."""
    for key, part, switched_on in (
        ("collective_memory.retention_s", model.collective_memory, "collective_memory.on = true"),
        ("scaler.warm_agents", model.scaler, "a scaling policy other than static"),
    ):
        if key in changed and part is None:
            raise ConfigError(f"{key} cannot be switched: the model was made without {switched_on}")


def _turn(model: SwarmModel, changed: list[str], config: Config) -> None:
    """Put plain settings in force."""
    flow, names = model.flow, set(changed)
    if "ingress.batch" in names:
        flow.ingress = flow.ingress._replace(batch=config.ingress.batch)
    if "dispatch.batch" in names:
        flow.dispatch = flow.dispatch._replace(batch=config.dispatch.batch)
    if "cache.size" in names:
        flow.cache = resized(flow.cache, config.cache.size, build.build_cache(config))
    if names & {"cache.size", "parallel.ways", "parallel.from_s"}:
        flow.clusters = build.build_rule(config, flow.fleet.size, int(flow.helping > 0))._replace(
            closed=flow.clusters.closed
        )
    flow.steals, flow.steal_after_s = config.stealing.on, config.stealing.after_s
    if "network.compression" in names:
        flow.hop_s = build.hop_s(config.network)
        flow.mesh = flow.mesh._replace(task_bytes=build.message_bytes(config.network))
        flow.skills_changed()
    if "collective_memory.retention_s" in names and model.collective_memory is not None:
        model.collective_memory.settings = config.collective_memory
    if "scaler.warm_agents" in names and model.scaler is not None:
        model.scaler.limits = dataclasses.replace(model.scaler.limits, warm=config.scaler.warm_agents)


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
