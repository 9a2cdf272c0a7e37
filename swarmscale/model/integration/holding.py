"""The state of a controller, held while it acts, so that an act that fails leaves nothing half done in it."""

from __future__ import annotations

import copy
from dataclasses import is_dataclass
from typing import Any

import numpy as np

from ..controllers import of_config

_PLAIN = frozenset((bool, int, float, str, type(None)))
SHORT = 16
"""Members of a list or tuple up to which each of them is copied."""


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
    """A memory of which nothing that may be changed in place is shared with the original.

    Frozen dataclasses and plain values stay themselves. So do the members of a long list or tuple: that is a history,
    to which more is added and of which members are replaced, and copying each of them at every act would cost more
    than most acts do.

    >>> kept = copied(history := [1, [2]])
    >>> history[1].append(3); kept
    [1, [2]]
    """
    kind = type(value)
    if kind in _PLAIN:
        return value
    if kind is list:
        return value[:] if len(value) > SHORT else [copied(v) for v in value]
    if kind is dict:
        return {key: copied(v) for key, v in value.items()}
    if isinstance(value, np.ndarray):
        return value.copy()
    if isinstance(value, tuple):
        if len(value) > SHORT:
            return value
        parts = [copied(v) for v in value]
        return kind(*parts) if hasattr(value, "_fields") else tuple(parts)
    if is_dataclass(kind) and not kind.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        twin = copy.copy(value)
        for name in kind.__dataclass_fields__:
            setattr(twin, name, copied(getattr(value, name)))
        return twin
    return value
