"""The settings of a run: one frozen tree, checked once, with one door of dotted keys."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, Self

import tomli_w
from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticSerializationError

from ..agents.topology import TOPOLOGIES
from ..errors import ConfigError, UnknownChoiceError
from .collective_memory.settings import CollectiveMemory
from .emergence.settings import Emergence
from .flow.dispatch import DISPATCH_RULES
from .flow.laws import LawName
from .flow.sources import SOURCES
from .forecasting import FORECASTERS
from .intelligence.settings import Intelligence
from .learning.settings import Learning
from .optimization.settings import Optimization
from .resilience.settings import Resilience
from .scaling import POLICIES
from .section import Section, Share, choice, setting


class Fleet(Section):
    """How many agents, of what make, in what hierarchy."""

    agents: int = setting(10_000, "agents at the start", "agents", ge=1, le=200_000_000)
    nodes: int = setting(16, "coordination nodes", "nodes", ge=1, le=4096)
    zone_clusters: int = setting(8, "clusters in a zone at most", "clusters", ge=1, le=1000)
    cluster_agents: int = setting(100, "agents in a cluster at most", "agents", ge=1, le=100)
    speed_cv: float = setting(
        0.2, "coefficient of variation of the agents' speed (lognormal, mean 1)", ge=0, le=2
    )
    skill_own: tuple[Share, Share] = setting((0.9, 1.0), "lowest and highest skill for the agent's own type")
    skill_other: tuple[Share, Share] = setting(
        (0.5, 0.8), "lowest and highest skill for the five other types"
    )
    type_shares: tuple[float, ...] = setting(
        (1.0,) * 6, "relative frequency of the six intelligence types", min_length=6, max_length=6
    )
    communication: Literal["mesh", "star", "tree", "none"] = setting(
        "tree", "how the agents of a cluster coordinate on a task"
    )
    message_cost: float = setting(
        0.0005, "share by which one coordination message lengthens a task's service", ge=0, le=1
    )
    span: int = setting(10, "agents that one lead talks to (communication by tree)", "agents", ge=2, le=100)
    max_agents: int | None = setting(
        None,
        "largest fleet that scaling may make; none given: four times agents",
        "agents",
        ge=1,
        le=200_000_000,
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for name in ("skill_own", "skill_other"):
            low, high = getattr(self, name)
            if not 0.02 <= low <= high:
                raise ValueError(
                    f"fleet.{name} = {[low, high]}, but it must be [low, high] with .02 <= low <= high"
                )
        if min(self.type_shares) < 0 or sum(self.type_shares) <= 0:
            raise ValueError("fleet.type_shares must be 0 or more, and not all 0")
        return self


class TaskClass(Section):
    """One class of tasks."""

    name: str = setting("task", "name of the class")
    share: float = setting(1.0, "relative frequency", gt=0)
    type: Literal["analytical", "creative", "practical", "emotional", "social", "systems"] = setting(
        "analytical", "intelligence type that the task asks for"
    )
    work_s: float = setting(3.5, "mean work, in seconds of a unit-speed agent", "s", gt=0)
    law: LawName | Literal["tokens"] = setting(
        "exponential", "law of the work; tokens = prefill and decode of a traced request"
    )
    cv: float = setting(1.0, "coefficient of variation of the work", ge=0, le=10)
    deadline_s: float = setting(60.0, "time from arrival to answer that counts as in time", "s", gt=0)


class Demand(Section):
    """What arrives, where and when."""

    source: choice(SOURCES) = Field(  # type: ignore[valid-type]
        default_factory=lambda: SOURCES.make("poisson"), description="where arrivals come from"
    )
    load: float | None = setting(
        0.7, "mean offered work over the work that the first fleet can do; sets the rate", ge=0, le=100
    )
    mean_rate_per_s: float | None = setting(None, "mean arrivals per second, in place of load", "1/s", gt=0)
    scale: float | None = setting(None, "factor on the source's own rate, in place of load", gt=0)
    at_end: Literal["repeat", "hold", "stop"] = setting("repeat", "what follows the end of a trace")
    bin_s: float = setting(1.0, "width of the bins by which arrivals are drawn", "s", gt=0, le=3600)
    classes: tuple[TaskClass, ...] = setting((TaskClass(),), "classes of tasks", min_length=1, max_length=16)
    locality: Share = setting(0.5, "share of tasks whose home is the node where they enter")
    entry_skew: float = setting(0.0, "Zipf exponent of the entry nodes' shares; 0 = all alike", ge=0, le=5)
    keys: int = setting(10_000, "number of different keys that tasks ask for", "keys", ge=1, le=10_000_000)
    zipf: float = setting(0.9, "Zipf exponent of the keys", ge=0, le=5)
    prefill_ms: float = setting(0.12, "time of a unit-speed agent for a prompt token", "ms", ge=0)
    decode_ms: float = setting(30.0, "time of a unit-speed agent for a generated token", "ms", ge=0)

    @model_validator(mode="before")
    @classmethod
    def _one_rate(cls, given: Any) -> Any:
        """A rate or a scale takes the place of the default load."""
        if isinstance(given, Mapping) and "load" not in given and {"mean_rate_per_s", "scale"} & set(given):
            return {**given, "load": None}
        return given

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = [n for n in ("load", "mean_rate_per_s", "scale") if getattr(self, n) is not None]
        if len(given) != 1:
            raise ValueError(
                f"exactly one of demand.load, demand.mean_rate_per_s and demand.scale sets the rate, but "
                f"{' and '.join('demand.' + n for n in given) or 'none'} is given"
            )
        return self


class Station(Section):
    """A node's ingress or dispatch station."""

    service_ms: float = setting(0.0, "mean service time of a task", "ms", ge=0)
    overhead_ms: float = setting(0.0, "added once for each batch", "ms", ge=0)
    law: LawName = setting("lognormal", "law of the service time")
    cv: float = setting(0.5, "coefficient of variation of the service time", ge=0, le=10)
    batch: int = setting(1, "tasks served together at most", "tasks", ge=1, le=10_000)
    queue: int = setting(1_000_000, "tasks that may wait; more are dropped", "tasks", ge=0)


class Dispatch(Station):
    """The dispatch station and its rule."""

    rule: choice(DISPATCH_RULES) = Field(  # type: ignore[valid-type]
        default_factory=lambda: DISPATCH_RULES.make("jsq"), description="how a cluster is chosen"
    )


class Network(Section):
    """The mesh between the coordination nodes."""

    topology: choice(TOPOLOGIES) = Field(  # type: ignore[valid-type]
        default_factory=lambda: TOPOLOGIES.make("mesh"), description="who is linked with whom"
    )
    latency_ms: tuple[float, float] = setting(
        (1.0, 20.0), "latency of the nearest and of the farthest link", "ms"
    )
    jitter: Share = setting(0.1, "coefficient of variation of a hop's latency")
    loss: float = setting(0.001, "chance that a message is lost on a hop", ge=0, lt=1)
    retries: int = setting(3, "times that a lost message is sent again at most", ge=0, le=100)
    timeout_ms: float = setting(50.0, "wait before a lost message is sent again", "ms", ge=0)
    local_ms: float = setting(0.05, "latency between a node and its clusters", "ms", ge=0)
    task_bytes: int = setting(2048, "size of a task's message", "bytes", ge=1)
    bandwidth_mbit_s: float | None = setting(
        None,
        "what a link carries in a second, which its messages' size takes time of; none given: no limit",
        "Mbit/s",
        gt=0,
    )
    compression: float = setting(1.0, "size of a task's message over that of the compressed one", ge=1, le=20)
    compress_ms: float = setting(
        0.2,
        "time that compressing a task and unpacking it takes, where there is compression (assumed)",
        "ms",
        ge=0,
    )
    control_bytes: int = setting(128, "size of any other message", "bytes", ge=1)

    @model_validator(mode="after")
    def _check(self) -> Self:
        low, high = self.latency_ms
        if not 0 <= low <= high:
            raise ValueError(
                f"network.latency_ms = {[low, high]}, but it must be [low, high] with 0 <= low <= high"
            )
        return self


class Cluster(Section):
    """The clusters' queues."""

    queue: int = setting(1_000_000, "tasks that may wait in a cluster; more are dropped", "tasks", ge=0)
    attempts: int = setting(3, "times that a task is begun at most before it is dropped", ge=1, le=15)


class Delegation(Section):
    """When a loaded cluster, zone or node hands a task one level up."""

    on: bool = setting(False, "whether anything is handed up")
    cluster_load: float = setting(1.0, "tasks per ready agent from which a cluster asks its zone", gt=0)
    zone_load: float = setting(
        1.0, "tasks per ready agent of its best cluster from which a zone asks its node", gt=0
    )
    node_load: float = setting(0.95, "tasks per ready agent from which a node asks two others", gt=0)
    decision_ms: float = setting(0.5, "delay of each step up", "ms", ge=0)


class Cache(Section):
    """Result caches of the entry nodes."""

    size: int = setting(0, "keys that a node may hold; 0 = no cache", "keys", ge=0)
    lookup_ms: float = setting(0.0, "time that looking up takes", "ms", ge=0)
    change_per_s: float = setting(
        0.0, "times that the answer to a key goes out of date, for each key; all nodes are told", "1/s", ge=0
    )


class Parallel(Section):
    """Fork-join: large tasks are split over idle agents of their cluster when they are begun."""

    ways: int = setting(1, "agents that share a large task at most; 1 = none is split", "agents", ge=1, le=64)
    from_s: float = setting(
        10.0, "work from which a task is large, in seconds of a unit-speed agent", "s", gt=0
    )
    join_ms: float = setting(
        5.0, "time that splitting a task and joining its parts takes (assumed)", "ms", ge=0
    )


class Stealing(Section):
    """Work stealing: idle agents take tasks that wait in other clusters of their node."""

    on: bool = setting(False, "whether clusters with idle agents take waiting tasks of their siblings")
    after_s: float = setting(
        0.0, "time that a task must have waited before it may be taken; 0 = any that waits", "s", ge=0
    )


class Records(Section):
    """What is kept of a run."""

    cluster_period_s: float = setting(60.0, "time between two rows of the clusters' series", "s", gt=0)
    window_s: float = setting(60.0, "time that one kept histogram covers", "s", gt=0)
    trace_tasks: Share = setting(0.0, "share of tasks whose way is logged")
    warm_up_s: float = setting(0.0, "time at the start that the summary leaves out", "s", ge=0)
    stationary: bool = setting(False, "whether batch means give intervals (the demand has no trend)")


class Life(Section):
    """The life cycle of an agent."""

    start_s: float = setting(30.0, "mean time from the decision until a cold agent is ready", "s", ge=0)
    start_cv: float = setting(0.0, "coefficient of variation of it (lognormal)", ge=0, le=3)
    warm_start_s: float = setting(1.0, "the same mean for an agent from the warm pool", "s", ge=0)
    warm_start_cv: float = setting(0.0, "coefficient of variation of that (lognormal)", ge=0, le=3)
    repair_s: float = setting(30.0, "time from failure until the agent is ready again", "s", ge=0)


class Scaler(Section):
    """How the decisions of a scaling policy are prepared and carried out."""

    period_s: float = setting(10.0, "time between two decisions", "s", gt=0)
    slo_utilization: float = setting(0.9, "utilization up to which an agent meets its objective", gt=0, le=1)
    min_agents: int = setting(1, "agents that are always kept", "agents", ge=1)
    warm_agents: int = setting(0, "agents kept in the warm pool", "agents", ge=0)
    pools: Literal["origin", "none"] = setting("origin", "resource pools that agents stand on")
    forecaster: choice(FORECASTERS) = Field(  # type: ignore[valid-type]
        default_factory=lambda: FORECASTERS.make("ensemble"), description="how demand is foretold"
    )
    bin_s: float = setting(60.0, "width of the bins by which demand is foretold", "s", gt=0)
    level: float = setting(0.95, "level of the upper forecast quantiles", gt=0, lt=1)
    price: float = setting(1.0, "price of an agent-second, starting or ready", gt=0)
    warm_price: float = setting(0.1, "price of an agent-second in the warm pool", ge=0)
    start_price: float = setting(0.0, "price of each start of an agent", ge=0)


class Config(Section):
    """All settings of a run.

    Build one by :meth:`load`, change one by :meth:`changed`; every field has a default.
    """

    name: str = setting("custom", "name of the run")
    dt: float = setting(1.0, "length of a tick", "s", gt=0, le=3600)
    seconds: float = setting(3600.0, "simulated length of a run", "s", gt=0)
    fleet: Fleet = Fleet()
    demand: Demand = Demand()
    ingress: Station = Station()
    dispatch: Dispatch = Dispatch()
    network: Network = Network()
    cluster: Cluster = Cluster()
    delegation: Delegation = Delegation()
    cache: Cache = Cache()
    parallel: Parallel = Parallel()
    stealing: Stealing = Stealing()
    life: Life = Life()
    scaling: choice(POLICIES) = Field(  # type: ignore[valid-type]
        default_factory=lambda: POLICIES.make("static"), description="how the number of agents is chosen"
    )
    scaler: Scaler = Scaler()
    intelligence: Intelligence = Intelligence()
    learning: Learning = Learning()
    collective_memory: CollectiveMemory = CollectiveMemory()
    emergence: Emergence = Emergence()
    resilience: Resilience = Resilience()
    optimization: Optimization = Optimization()
    records: Records = Records()

    @model_validator(mode="after")
    def _check(self) -> Self:
        spans = [
            ("seconds", self.seconds),
            ("records.cluster_period_s", self.records.cluster_period_s),
            ("records.window_s", self.records.window_s),
        ]
        if self.scaling != POLICIES.make("static"):
            spans += [("scaler.period_s", self.scaler.period_s), ("scaler.bin_s", self.scaler.bin_s)]
        for name, span in spans:
            if not whole(span / self.dt):
                raise ValueError(f"{name} = {span:g}, but it must be a multiple of dt = {self.dt:g}")
        if self.parallel.ways > 1 and (self.learning.on or self.resilience.pace.on):
            who = "learning.on" if self.learning.on else "resilience.pace.on"
            raise ValueError(
                f"parallel.ways = {self.parallel.ways}, but it must be 1 where {who} = true: who shares a task "
                "cannot be judged by how long it took"
            )
        if self.cache.size > self.demand.keys:
            raise ValueError(
                f"cache.size = {self.cache.size}, but it must be at most demand.keys = {self.demand.keys}"
            )
        return self

    @classmethod
    def load(cls, source: str | Path | Mapping[str, Any] | Config) -> Config:
        """A config from a preset's name, the path of a TOML file, a nested dict, or a config itself.

        Raises:
            UnknownChoiceError: if no preset has this name.
            ConfigError: if the file cannot be read or a field breaks its rule.
        """
        if isinstance(source, Config):
            return source
        if isinstance(source, Mapping):
            return cls.parse(source, "config")
        from .presets import preset_path

        path = preset_path(str(source))
        try:
            with path.open("rb") as file:
                tree = tomllib.load(file)
        except tomllib.TOMLDecodeError as error:
            raise ConfigError(f"{source}: not a TOML file: {error}") from None
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ConfigError(f"{source}: cannot be read: {reason}") from None
        return cls.parse({"name": path.stem} | tree, str(source))

    @classmethod
    def parse(cls, tree: Mapping[str, Any], origin: str) -> Config:
        """A config from a nested dict; refusals name the field.

        Raises:
            ConfigError: if a field is unknown or breaks its rule.
        """
        try:
            return cls.model_validate(tree)
        except ValidationError as error:
            raise _one_line(error, origin) from None

    def changed(self, *pairs: Mapping[str, Any] | Iterable[tuple[str, Any]], **keys: Any) -> Config:
        """This config with some fields changed through dotted keys, in any order.

        ``{"dispatch.rule": "jsq", "dispatch.rule.d": 3}`` names a strategy and one of its settings; naming
        another strategy resets its settings to their defaults. ``"dispatch.rule.jsq.d"`` applies only where
        ``jsq`` is chosen.

        Raises:
            UnknownChoiceError: if a key or a strategy's name is unknown.
            ConfigError: if a key is given twice or a value breaks its rule.
        """
        wanted: dict[str, Any] = {}
        for given in (*pairs, keys):
            for key, value in given.items() if isinstance(given, Mapping) else given:
                if key in wanted:
                    raise ConfigError(f"{key} is given twice, as {wanted[key]!r} and as {value!r}")
                wanted[key] = value
        from .door import apply

        return Config.parse(apply(_plain(self), wanted), "config")

    def tree(self) -> dict[str, Any]:
        """The config as nested dicts of plain values; strategies by name and fields.

        Raises:
            ConfigError: if a strategy is not registered.
        """
        try:
            return self.model_dump(mode="json")
        except PydanticSerializationError as error:
            raise ConfigError(str(error).partition("ConfigError: ")[2] or str(error)) from None

    def toml(self) -> str:
        """The config as TOML text that :meth:`load` reads back."""
        return tomli_w.dumps(_without_none(self.tree()))


def whole(x: float) -> bool:
    """Whether a ratio is a whole number, up to rounding."""
    return abs(x - round(x)) < 1e-9 * max(1.0, abs(x))


def _plain(value: Any) -> Any:
    """Sections as dicts, all else, strategies too, as it is."""
    if isinstance(value, Section):
        return {name: _plain(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def _without_none(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {k: _without_none(v) for k, v in tree.items() if v is not None}
    if isinstance(tree, list):
        return [_without_none(v) for v in tree]
    return tree


def _one_line(error: ValidationError, origin: str) -> ConfigError:
    first = error.errors(include_url=False)[0]
    cause = first.get("ctx", {}).get("error")
    where = ".".join(str(part) for part in first["loc"] if "[" not in str(part))
    listed = any(
        isinstance(part, int) for part in first["loc"]
    )  # of many alike it is said which, and in which file
    place = f"{origin}, " if listed and origin != "config" else ""
    if isinstance(cause, ConfigError):
        text = f"{place}{where}: {cause}" if listed else str(cause)
        return type(cause).__new__(type(cause), text)
    if isinstance(cause, ValueError):
        return ConfigError(str(cause))
    if first["type"] == "extra_forbidden":
        from .door import known_fields

        *path, name = where.split(".")
        kind = f"setting of {'.'.join(path)}" if path else "setting"
        refusal = UnknownChoiceError(kind, name, known_fields(Config, path))
        return UnknownChoiceError.__new__(UnknownChoiceError, f"{place}{refusal}")
    rule = first["msg"].replace("Input should be ", "").replace("Value should ", "")
    return ConfigError(
        f"{place}{where or origin} = {first['input']!r}, but it must be {rule[0].lower()}{rule[1:]}"
    )
