"""Tables of named strategies: one file and one line add a member, here or from another package."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any

from .errors import ConfigError, UnknownChoiceError


class Choices[S](Mapping[str, Callable[..., S]]):
    """A family of strategies by name.

    A strategy is a frozen keyword-only dataclass; its fields are its settings. A package adds members
    through the entry-point group ``swarmscale.<kind with underscores>``, a script through :meth:`register`.

    Attributes:
        kind: what a member is called in messages, such as ``"dispatch rule"``.
    """

    def __init__(self, kind: str, /, **members: Callable[..., S]) -> None:
        self.kind = kind
        self._members: dict[str, Callable[..., S]] = dict(members)
        self._looked_outside = False

    def register(self, name: str) -> Callable[[type[S]], type[S]]:
        """Give a user's own strategy class a name in this table, as a decorator.

        Raises:
            ConfigError: if the name is taken by another class.
        """

        def add(member: type[S]) -> type[S]:
            taken = self._members.get(name)
            if taken is not None and getattr(taken, "__qualname__", "") != member.__qualname__:
                raise ConfigError(f"{self.kind} {name!r} is already registered; choose another name")
            self._members[name] = member
            return member

        return add

    def __getitem__(self, name: str) -> Callable[..., S]:
        if name not in self._members:
            self._look_outside()
        try:
            return self._members[name]
        except KeyError:
            raise UnknownChoiceError(self.kind, name, self._members) from None

    def __iter__(self) -> Iterator[str]:
        self._look_outside()
        return iter(self._members)

    def __len__(self) -> int:
        self._look_outside()
        return len(self._members)

    def fields(self, name: str) -> tuple[str, ...]:
        """Names of the settings of one member."""
        member: Any = self[name]
        return tuple(f.name for f in dataclasses.fields(member) if f.init)

    def make(self, name: str, **settings: Any) -> S:
        """A strategy by name, with the given settings and defaults for the rest.

        Raises:
            UnknownChoiceError: if the name or a setting is not known.
            ConfigError: if a setting breaks its rule.
        """
        member = self[name]
        known = self.fields(name)
        for field in settings:
            if field not in known:
                raise UnknownChoiceError(f"setting of {self.kind} {name!r}", field, known)
        _check_types(f"{self.kind} {name!r}", member, settings)
        return member(**settings)

    def name_of(self, strategy: object) -> str | None:
        """The name under which a strategy's class is registered, or None."""
        self._look_outside()
        for name, member in self._members.items():
            if type(strategy) is member:
                return name
        return None

    def dump(self, strategy: object) -> dict[str, Any]:
        """A strategy as its registered name (key ``name``) and its fields, fit for JSON or TOML.

        Raises:
            ConfigError: if its class is not registered.
        """
        name = self.name_of(strategy)
        if name is None:
            raise ConfigError(
                f"{type(strategy).__name__} is not a registered {self.kind}, so it cannot be stored; "
                f'put @swarmscale.register("{self.kind}", "your-name") above its class'
            )
        settings: Any = strategy
        return {"name": name} | {
            f.name: getattr(strategy, f.name) for f in dataclasses.fields(settings) if f.init
        }

    def _look_outside(self) -> None:
        if self._looked_outside:
            return
        self._looked_outside = True
        group = "swarmscale." + self.kind.replace(" ", "_")
        for point in entry_points(group=group):
            self._members.setdefault(point.name, point.load())


_PLAIN: dict[str, tuple[tuple[type, ...], str]] = {
    "float": ((int, float), "a number"),
    "int": ((int,), "a whole number"),
    "str": ((str,), "a text"),
    "bool": ((bool,), "true or false"),
}


def _check_types(owner: str, member: Any, settings: dict[str, Any]) -> None:
    """Refuse a setting of a plain type that was given as another one; a whole number will do for a float."""
    for field in dataclasses.fields(member):
        name = field.type if isinstance(field.type, str) else getattr(field.type, "__name__", "")
        if field.name not in settings or name not in _PLAIN:
            continue
        kinds, rule = _PLAIN[name]
        value: Any = settings[field.name]
        if not isinstance(value, kinds) or (name != "bool" and isinstance(value, bool)):
            raise ConfigError(f"{owner}: {field.name} = {value!r}, but it must be {rule}")
        if name == "float" and not math.isfinite(float(settings[field.name])):
            raise ConfigError(f"{owner}: {field.name} = {value!r}, but it must be finite")
