"""A plan: everything that a sweep will do, settings times replications, checked before anything runs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, NamedTuple

from ..choices import Choices
from ..errors import ConfigError, require
from ..model.config import Config
from ..model.door import strategy_tables
from .outcomes import PROBED, outcome_keys
from .plugins import load_plugins, plugin_hash

type Setting = Mapping[str, Any]


class RunId(NamedTuple):
    """A run of a plan: its setting and its replication, both counted from 0."""

    setting: int
    replication: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Everything that a sweep will do.

    Replication r has the same seed in every setting: common random numbers.

    Attributes:
        name: in titles and as the folder's name.
        base: the config that all settings change.
        settings: dotted keys with their values, one mapping a setting.
        seeds: root seeds, one a replication.
        outcomes: keys of metrics or names of registered outcomes; none for all.
        probe: measure collective IQ at a run's end; true by itself if an outcome asks for it.
        records: keep each run's records.
        incidents: keep each run's incidents.
        time_limit_s: wall-clock time that a run may take, s; None for any.
        plugins: the user's own Python files, run before anything else in each process.
        design: how the settings were made: ``kind``, ``over``, and the kind's own fields.
        fixed: dotted keys that hold in every setting, beside the setting's own.
    """

    name: str
    base: Config
    settings: tuple[Setting, ...]
    seeds: tuple[int, ...]
    outcomes: tuple[str, ...] = ()
    probe: bool = False
    records: bool = False
    incidents: bool = False
    time_limit_s: float | None = None
    plugins: tuple[Path, ...] = ()
    design: Mapping[str, Any] = field(default_factory=lambda: {"kind": "list"})
    fixed: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        require(len(self.settings) > 0, "settings", "none", "at least one")
        require(len(self.seeds) > 0, "replications", len(self.seeds), "1 or more")
        require(len(set(self.seeds)) == len(self.seeds), "seeds", list(self.seeds), "all different")
        for seed in self.seeds:
            require(0 <= seed < 2**63, "rng", seed, "0 or more, below 2**63")
        limit = self.time_limit_s
        require(limit is None or limit > 0, "time_limit_s", limit, "above 0")
        outcome_keys(self.outcomes)
        given = (self.fixed, *self.settings)
        fixed, *settings = ({key: _plain_value(key, v) for key, v in one.items()} for one in given)
        for key in self.keys:
            require(key not in fixed, f"set.{key}", fixed.get(key), "either set or varied, not both")
        object.__setattr__(self, "fixed", fixed)
        object.__setattr__(self, "design", _plain_design(self.design))
        object.__setattr__(self, "settings", tuple(settings))
        object.__setattr__(self, "probe", self.probe or any(key in PROBED for key in self.outcomes))

    @classmethod
    def load(cls, source: str | Path | Mapping[str, Any] | Plan) -> Plan:
        """A plan from a TOML file, from a dict with the same keys, or a plan itself; its plugins are run.

        Raises:
            UnknownChoiceError: if a name is not known.
            ConfigError: if the file cannot be read or says something that cannot be.
        """
        if isinstance(source, Plan):
            return source
        from .plan_file import plan_of, read_tree

        if isinstance(source, Mapping):
            return plan_of(source, "sweep", Path.cwd())
        path = Path(source)
        return plan_of(read_tree(path), path.stem, path.parent)

    @property
    def keys(self) -> tuple[str, ...]:
        """Dotted keys that any setting changes, in the order in which they come up."""
        return tuple(dict.fromkeys(key for setting in self.settings for key in setting))

    @property
    def columns(self) -> tuple[str, ...]:
        """The outcomes, all of them if none was asked for."""
        return outcome_keys(self.outcomes)

    def runs(self) -> list[RunId]:
        """All runs: settings in order, each with all its replications."""
        return [RunId(s, r) for s in range(len(self.settings)) for r in range(len(self.seeds))]

    def seed(self, run: RunId) -> int:
        """Root seed of a run, the same for all runs of a replication."""
        return self.seeds[run.replication]

    def config(self, run: RunId) -> Config:
        """The config of a run.

        Raises:
            ConfigError: if the setting cannot be used.
        """
        return self.base.changed(self.fixed, self.settings[run.setting])

    def check(self) -> None:
        """Try every setting.

        Raises:
            ConfigError: for the first that cannot be used; it names the setting.
        """
        for number in range(len(self.settings)):
            try:
                self.config(RunId(number, 0))
            except ConfigError as error:
                raise ConfigError(f"setting {number} ({said(self.settings[number])}): {error}") from None

    def digest(self) -> str:
        """SHA-256 of all that decides what comes out: not the name, nor the time limit, nor where plugins lie."""
        return hashlib.sha256(json.dumps(self.deciding(), sort_keys=True).encode()).hexdigest()

    def deciding(self) -> dict[str, Any]:
        """What decides what comes out, as plain values."""
        facts = self.as_dict()
        for name in ("name", "time_limit_s", "plugins"):
            del facts[name]
        return facts | {"plugin_hashes": [plugin_hash(path) for path in self.plugins]}

    def as_dict(self) -> dict[str, Any]:
        """All as plain values for JSON.

        Raises:
            ConfigError: if the base holds a strategy that is not registered.
        """
        facts = {f.name: getattr(self, f.name) for f in fields(self)}
        facts["base"] = self.base.tree()
        facts["plugins"] = [str(path) for path in self.plugins]
        if not self.incidents:  # stores of sweeps that keep none stay what they were
            del facts["incidents"]
        plain: dict[str, Any] = json.loads(json.dumps(facts, default=_listed))
        return plain

    @classmethod
    def from_dict(cls, facts: Mapping[str, Any]) -> Plan:
        """The plan that :meth:`as_dict` gave; its plugins are run first.

        Raises:
            ConfigError: if a plugin is missing, or the base cannot be used.
        """
        plugins = tuple(Path(path) for path in facts["plugins"])
        load_plugins(plugins)
        return cls(
            **dict(facts)
            | {
                "base": Config.parse(facts["base"], "base"),
                "settings": tuple(facts["settings"]),
                "seeds": tuple(facts["seeds"]),
                "outcomes": tuple(facts["outcomes"]),
                "plugins": plugins,
            }
        )

    def but(self, **changes: Any) -> Plan:
        """This plan with some fields changed."""
        return replace(self, **changes)


def said(setting: Setting) -> str:
    """A setting in words, as on a command line."""
    return ", ".join(f"{key}={value}" for key, value in setting.items()) or "the base"


def chosen(key: str, table: Choices[Any], setting: Setting, base: Config) -> str | None:
    """The name of the strategy at a dotted key in a setting; None if it has none."""
    value = setting.get(key)
    if value is None:
        value = base
        for part in key.split("."):
            value = getattr(value, part)
        return table.name_of(value)
    return value["name"] if isinstance(value, Mapping) else str(value)


def applies(key: str, setting: Setting, base: Config) -> bool:
    """Whether a key such as ``scaling.hpa.target`` says anything in a setting: it does where ``hpa`` is chosen."""
    for holder, table in _TABLES.items():
        if key.startswith(holder + "."):
            only, dot, _ = key[len(holder) + 1 :].partition(".")
            return not dot or only == chosen(holder, table, setting, base)
    return True


_TABLES = strategy_tables(Config)


def _plain_value(key: str, value: Any) -> Any:
    """A value as JSON would give it back; a strategy by its name and fields."""
    if key in _TABLES and not isinstance(value, (str, Mapping)):
        value = _TABLES[key].dump(value)
    try:
        return json.loads(json.dumps(value, default=_listed, allow_nan=False))
    except (TypeError, ValueError):
        raise ConfigError(f"{key} = {value!r}, but it must be a plain value") from None


def _plain_design(design: Mapping[str, Any]) -> dict[str, Any]:
    """A design as JSON would give it back; a list's settings are the plan's, so they are not kept twice."""
    out = {key: value for key, value in design.items() if key != "settings"}
    if "over" in out:
        out["over"] = {
            key: [_plain_value(key, one) for one in given] if not isinstance(given, Mapping) else dict(given)
            for key, given in out["over"].items()
        }
    return out


def _listed(value: Any) -> Any:
    """What JSON does not know, as what it knows: numpy's numbers and arrays, tuples, mappings."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Path):
        return str(value)
    raise TypeError(type(value).__name__)
