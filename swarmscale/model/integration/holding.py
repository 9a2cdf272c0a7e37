"""The state of a controller, held while it acts, so that an act that fails leaves nothing half done in it."""

from __future__ import annotations

import copy
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np

from ..controllers import of_config

_PLAIN = (bool, int, float, str, type(None), np.generic)


class Held:
    """What a controller remembers, as it was before it acted; nothing where it offers no memory."""

    def __init__(self, controller: Any) -> None:
        self._controller = controller
        self._offers = hasattr(controller, "memory") and hasattr(controller, "remember")
        self._memory: Any = None
        self._arrays: dict[str, Any] | None = None
        if not self._offers:
            return
        memory = controller.memory()
        self._memory = copied(memory) if of_config(controller) else copy.deepcopy(memory)
        if getattr(controller, "act_changes_arrays", False):
            self._arrays = {name: array.copy() for name, array in controller.arrays().items()}

    def put_back(self) -> bool:
        """Give it back; whether there was anything."""
        if self._offers:
            self._controller.remember(self._memory)
        if self._arrays is not None:
            self._controller.take(self._arrays)
        return self._offers


def copied(value: Any) -> Any:
    """A memory of which nothing that can be changed in place is shared with the original.

    Frozen dataclasses and plain values are immutable and stay themselves, also as members of a list, so that a long
    history costs one copy of its references.

    >>> kept = copied(history := [1, [2]])
    >>> history[1].append(3); kept
    [1, [2]]
    """
    if isinstance(value, list):
        return (
            value[:] if all(map(_immutable, value[:1])) and not _mixed(value) else [copied(v) for v in value]
        )
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, dict):
        return {key: copied(v) for key, v in value.items()}
    if isinstance(value, tuple) and not all(map(_immutable, value)):
        parts = [copied(v) for v in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    if is_dataclass(value) and not isinstance(value, type) and not _immutable(value):
        twin = copy.copy(value)
        for f in fields(value):
            setattr(twin, f.name, copied(getattr(value, f.name)))
        return twin
    return value


def _immutable(value: Any) -> bool:
    if isinstance(value, _PLAIN):
        return True
    return is_dataclass(value) and bool(type(value).__dataclass_params__.frozen)  # type: ignore[union-attr]


def _mixed(values: list[Any]) -> bool:
    """Whether a list holds values of several kinds, each of which must be looked at."""
    return len(set(map(type, values))) > 1
