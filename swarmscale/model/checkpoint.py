"""Checkpoints: arrays as safetensors, the rest as JSON in its header, never a pickle."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import networkx as nx
import numpy as np
from mesa.time import Priority, Schedule

from ..agents.fleet import HELPING
from ..agents.squads import Squad
from ..choices import Choices
from ..errors import ConfigError
from . import build
from .config import Config
from .files import write_whole
from .flow.hands import Hands
from .flow.network import Network
from .memory import dump, restore
from .sharding.exchange import Alone, Exchange

if TYPE_CHECKING:
    from .swarm import SwarmModel

FORMAT = 7
type Arrays = dict[str, np.ndarray[Any, Any]]


def config_hash(config: Config) -> str:
    """Digest of a config's settings."""
    text = json.dumps(config.tree(), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def seal(header: dict[str, Any], arrays: Arrays) -> str:
    """Digest of all that a checkpoint holds, by which damage and changes are noticed."""
    total = hashlib.blake2b(json.dumps(header, sort_keys=True).encode(), digest_size=16)
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        total.update(f"{name} {array.dtype.str} {array.shape}".encode())
        total.update(array.tobytes())
    return total.hexdigest()


def version() -> str:
    """Version of this package."""
    from .. import __version__

    return __version__


def save(model: SwarmModel, path: Path) -> Path:
    """Write a checkpoint; see :meth:`SwarmModel.save`."""
    from safetensors import SafetensorError
    from safetensors.numpy import save_file

    def write(part: Path) -> None:
        try:
            save_file(arrays, part, metadata={"swarmscale": text})
        except SafetensorError as error:  # a full disk comes as one of these
            raise OSError(str(error)) from None

    header = {
        "format": FORMAT,
        "version": version(),
        "config": model.config.tree(),
        "config_hash": config_hash(model.config),
        "root_seed": model.root_seed,
        "time": float(model.time),
        "running": bool(model.running),
        "next_id": model.agent_id_counter,
        "demand": {"next_bin": model.flow.demand.next_bin, "rate_scale": model.flow.demand.rate_scale},
        "failures_due": bool(np.isfinite(model._last_failure_check)),
        "network": model.network.state(),
        "knowledge": nx.node_link_data(model.knowledge, edges="links"),
        "controllers": model.dispatcher.state(),
        "rng": _generator_state(model.rng),
        "random": _random_state(model.random.getstate()),
        "log_missed": model.records.log_missed,
        "resilience": dump(model.resilience.memory()) if model.resilience is not None else None,
        "bus": dump(model.bus.memory()) if model.bus is not None else None,
        "guard": dump(model.guard.memory()) if model.guard is not None else None,
        "squads": dump(list(model.fleet.squads)),
        "shard": [model.shard.exchange.rank, model.shard.exchange.size],
    }
    arrays = {name: np.ascontiguousarray(a) for name, a in _arrays(model).items()}
    text = json.dumps(header | {"digest": seal(header, arrays)})
    write_whole(path, write)
    return path


def load(
    cls: type[SwarmModel], path: Path, register: list[type], exchange: Exchange | None = None
) -> SwarmModel:
    """The model of a checkpoint; see :meth:`SwarmModel.load`."""
    from safetensors import SafetensorError, safe_open

    if not path.exists():
        raise ConfigError(f"{path}: there is no such file")
    try:
        with safe_open(path, framework="numpy") as file:
            meta = file.metadata() or {}
            if "swarmscale" not in meta:
                raise ConfigError(f"{path}: is no checkpoint of swarmscale")
            header = json.loads(meta["swarmscale"])
            arrays: Arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, json.JSONDecodeError) as error:
        raise ConfigError(f"{path}: is no checkpoint of swarmscale, or it is damaged: {error}") from None
    if header.get("format") != FORMAT or header.get("version") != version():
        raise ConfigError(
            f"{path}: was written by swarmscale {header.get('version')} (format {header.get('format')}), "
            f"but this is {version()} (format {FORMAT}); resume it there, or run it anew from its config"
        )
    if header.pop("digest", None) != seal(header, arrays):
        raise ConfigError(f"{path}: does not match its digest; the file is damaged or was changed")
    here, there = (exchange or Alone()), header["shard"]
    if there != [here.rank, here.size]:
        raise ConfigError(
            f"{path}: is shard {there[0]} of {there[1]}, but this is shard {here.rank} of {here.size}; resume it with "
            "as many shards as it was saved by"
        )
    with _registered(register):
        config = Config.parse(header["config"], str(path))
        if config_hash(config) != header["config_hash"]:
            raise ConfigError(f"{path}: its config does not match its hash; the file was changed")
        model = cls(config, rng=header["root_seed"], exchange=exchange)
        try:
            _restore(model, header, arrays)
        except (KeyError, ValueError, TypeError, IndexError, AttributeError) as error:
            raise ConfigError(f"{path}: what it holds is not what a checkpoint holds: {error!r}") from None
    return model


def _arrays(model: SwarmModel) -> Arrays:
    flow, out = model.flow, {}
    for prefix, columns in _groups(model).items():
        for name, array in columns.items():
            out[f"{prefix}.{name}"] = array
    for i, pool in enumerate(flow.pools):
        for name, array in pool.used()._asdict().items():
            out[f"pool{i}.{name}"] = array
    out["fleet.size"] = model.fleet.size
    out["pointer"], out["told"] = flow.pointer, flow.told
    out["ledger.count"] = flow.ledger.count  # what operations since the last tick have counted
    for name in ("messages", "due", "met"):
        out[f"ledger.{name}"] = getattr(flow.ledger, name)
    for name in ("zone_of_cluster", "node_of_zone", "node_of_cluster"):
        out[f"hierarchy.{name}"] = getattr(model.hierarchy_arrays, name)
    for name, array in model.records.arrays().items():
        out[f"records.{name}"] = array
    return out


def _groups(model: SwarmModel) -> dict[str, dict[str, Any]]:
    flow, given = model.flow, model.population.given
    cache = {name: getattr(flow.cache, name) for name in ("after", "before", "used")}
    return (
        {
            "rows": model.fleet.rows._asdict(),
            "hands": {"real": flow.hands.cards.real, "service": flow.hands.service},
            "state": flow.state._asdict(),
            "ingress": flow.ingress_servers._asdict(),
            "dispatch": flow.dispatch_servers._asdict(),
            "cache": cache,
        }
        | (
            {"lessons": flow.lessons._asdict(), "learner": model.learner.arrays()}
            if model.learner is not None
            else {}
        )
        | ({"emergence": model.emergence.arrays()} if model.emergence is not None else {})
        | ({"given": {"uid": given.uid, "traits": given.traits}} if len(given.uid) else {})
        | ({"hosting": model.hosting.arrays(flow)} if model.hosting.submitted else {})
    )


def _restore(model: SwarmModel, header: dict[str, Any], arrays: Arrays) -> None:
    flow, fleet = model.flow, model.fleet

    def group(prefix: str) -> Arrays:
        n = len(prefix) + 1
        return {name[n:]: a.copy() for name, a in arrays.items() if name.startswith(prefix + ".")}

    for name, array in group("hierarchy").items():
        setattr(model.hierarchy_arrays, name, array)
    territory = model.shard.territory
    territory.follow(model.hierarchy_arrays)
    flow.hierarchy = territory.part(model.hierarchy_arrays)
    while fleet.clusters < len(arrays["fleet.size"]):
        from ..agents.nodes import Cluster

        Cluster(model, int(territory.clusters[fleet.add_clusters(1)[0]]))
    clusters = len(arrays["fleet.size"])
    for name, array in arrays.items():
        if name.split(".")[0] in ("rows", "hands", "state") and len(array) != clusters:
            raise ValueError(f"{name} is of {len(array)} clusters, but there are {clusters}")
    fleet.rows = fleet.rows._replace(**group("rows"))
    fleet.size = arrays["fleet.size"].copy()
    fleet.version += 1
    flow.hands = Hands.of(**cast(dict[str, Any], group("hands")))
    flow.state = flow.state._replace(**group("state"))
    flow.ingress_servers = flow.ingress_servers._replace(**group("ingress"))
    flow.dispatch_servers = flow.dispatch_servers._replace(**group("dispatch"))
    flow.cache = flow.cache._replace(**cast(dict[str, Any], group("cache")))
    flow.pointer, flow.told = arrays["pointer"].copy(), arrays["told"].copy()
    if model.learner is not None:
        flow.lessons = flow.lessons._replace(**cast(dict[str, Any], group("lessons")))
        model.learner.take(group("learner"))
    if model.emergence is not None:
        model.emergence.take(group("emergence"), model)
    if "given.uid" in arrays:
        model.population.given.add(arrays["given.uid"], arrays["given.traits"])
    if "hosting.numbers" in arrays:
        model.hosting.take(group("hosting"), flow)
    flow.ledger.count[:] = arrays["ledger.count"]
    for name in ("messages", "due", "met"):
        getattr(flow.ledger, name)[:] = arrays[f"ledger.{name}"]
    for i, pool in enumerate(flow.pools):
        pool.replace(pool.used()._replace(**group(f"pool{i}")))
    flow.helping = int((fleet.rows.state == HELPING).sum())
    flow.clusters = build.build_rule(model.config, fleet.size, int(flow.helping > 0))
    flow.demand.next_bin = header["demand"]["next_bin"]
    flow.demand.rate_scale = header["demand"]["rate_scale"]
    flow.network = model.network = Network.restored(header["network"])
    flow._seen = (-1, -1)
    model.knowledge = nx.node_link_graph(header["knowledge"], edges="links")
    fleet.next_uid = header["next_id"]
    fleet.squads[:] = restore(header["squads"], {Squad.__module__})
    model.agent_id_counter = header["next_id"]
    model.records.restore(group("records"))
    model.records.log_missed = header["log_missed"]
    model._last_failure_check = 0.0 if header["failures_due"] else np.inf
    model.rng.bit_generator.state = _numpy_state(header["rng"])
    state = header["random"]
    model.random.setstate((state[0], tuple(state[1]), state[2]))
    _set_clock(model, header["time"], header["running"])
    model.dispatcher.restore(header["controllers"])
    if model.prober is not None:
        model.prober.mirror(model)
    if model.resilience is not None:
        model.resilience.remember(restore(header["resilience"], model.resilience.modules()))
    if model.bus is not None:
        model.bus.remember(restore(header["bus"], model.bus.modules()))
    if model.guard is not None:
        model.guard.remember(restore(header["guard"], model.guard.modules()))
    if header["controllers"]:
        model._watch()


def _set_clock(model: SwarmModel, time: float, running: bool) -> None:
    """Put Mesa's clock, and the event that runs a step, to the checkpoint's time."""
    from mesa.time import EventGenerator

    model.running = running
    if not time:
        return
    model._default_schedule.stop()
    model.time = time
    model.steps = round(time)
    schedule = Schedule(interval=1.0, start=time + 1.0)
    model._default_schedule = EventGenerator(model, model._do_step, schedule, priority=Priority.HIGH).start()


def _generator_state(generator: np.random.Generator) -> dict[str, Any]:
    state: dict[str, Any] = json.loads(json.dumps(generator.bit_generator.state, default=_plain))
    return state


def _plain(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else int(value)


def _numpy_state(state: dict[str, Any]) -> dict[str, Any]:
    return state


def _random_state(state: tuple[Any, ...]) -> list[Any]:
    return [state[0], list(state[1]), state[2]]


class _registered:  # noqa: N801
    """Makes the user's classes known while a checkpoint is read."""

    def __init__(self, classes: list[type]) -> None:
        self._classes = classes

    def __enter__(self) -> None:
        for cls in self._classes:
            table, name = registration(cls)
            table.register(name)(cls)

    def __exit__(self, *_: object) -> None:
        """They stay known: the model uses them."""


def registration(cls: type) -> tuple[Choices[Any], str]:
    """The table and name that a class was registered under.

    Raises:
        ConfigError: if it never was.
    """
    found = getattr(cls, "__swarmscale_choice__", None)
    if found is None:
        raise ConfigError(
            f'{cls.__name__} is not registered; put @swarmscale.register("family", "name") above it'
        )
    table: Choices[Any]
    table, name = found
    return table, name
