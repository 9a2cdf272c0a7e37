"""What strategies remember, as JSON and back: dataclasses, tuples, numbers, texts and arrays, bit for bit.

Nothing is imported by a name found in a file: a dataclass is looked up among the modules that the caller names.
"""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np

from ..errors import ConfigError

_PLAIN = (bool, int, str, type(None))


def dump(memory: object) -> Any:
    """A memory as JSON-ready values.

    Raises:
        ConfigError: if it holds something else than dataclasses, tuples, lists, dicts with texts for keys, numbers,
            texts, None and arrays of numbers.

    >>> dump((1, 0.5, "a", None))
    {'tuple': [1, {'float': '0x1.0000000000000p-1'}, 'a', None]}
    """
    if isinstance(memory, np.generic):
        return dump(memory.item())
    if isinstance(memory, _PLAIN):
        return memory
    if isinstance(memory, float):  # as hexadecimal text: exact, and infinity and NaN have one too
        return {"float": memory.hex()}
    if isinstance(memory, np.ndarray) and memory.dtype.kind in "biuf":
        return {"array": memory.tobytes().hex(), "dtype": memory.dtype.str, "shape": list(memory.shape)}
    if dataclasses.is_dataclass(memory) and not isinstance(memory, type):
        fields = {f.name: dump(getattr(memory, f.name)) for f in dataclasses.fields(memory)}
        return {"class": type(memory).__qualname__, "module": type(memory).__module__, "fields": fields}
    if isinstance(memory, tuple):
        return {"tuple": [dump(item) for item in memory]}
    if isinstance(memory, list):
        return {"list": [dump(item) for item in memory]}
    if isinstance(memory, dict) and all(isinstance(key, str) for key in memory):
        return {"dict": {key: dump(value) for key, value in memory.items()}}
    raise ConfigError(
        f"a memory holds a {type(memory).__name__}, but it must be a number, a text, an array of numbers, or a "
        f"dataclass, tuple, list or dict of these"
    )


def restore(data: Any, modules: set[str]) -> Any:
    """The memory that :func:`dump` wrote.

    Args:
        data: JSON-ready values.
        modules: names of the loaded modules whose dataclasses may be made.

    Raises:
        ConfigError: if the data is damaged or asks for a class from elsewhere.
    """
    if isinstance(data, _PLAIN):
        return data
    if not isinstance(data, dict):
        raise ConfigError(f"a memory holds {data!r}, which no checkpoint writes")
    if "float" in data:
        return float.fromhex(data["float"])
    if "array" in data:
        flat = np.frombuffer(bytes.fromhex(data["array"]), np.dtype(data["dtype"]))
        return flat.reshape(data["shape"]).copy()
    if "tuple" in data:
        return tuple(restore(item, modules) for item in data["tuple"])
    if "list" in data:
        return [restore(item, modules) for item in data["list"]]
    if "dict" in data:
        return {key: restore(value, modules) for key, value in data["dict"].items()}
    kind = _class(data, modules)
    fields = {name: restore(value, modules) for name, value in data["fields"].items()}
    made = {f.name: fields.pop(f.name) for f in dataclasses.fields(kind) if f.init and f.name in fields}
    memory = kind(**made)
    for name, value in fields.items():
        object.__setattr__(memory, name, value)
    return memory


def same(a: object, b: object) -> bool:
    """Whether two memories are the same in every bit."""
    return bool(dump(a) == dump(b))


def _class(data: dict[str, Any], modules: set[str]) -> Any:
    module, name = data.get("module"), str(data.get("class"))
    if module not in modules or module not in sys.modules:
        raise ConfigError(f"a memory asks for {module}.{name}, which none of its strategies defines")
    kind: Any = sys.modules[module]
    for part in name.split("."):
        kind = getattr(kind, part, None)
    if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        raise ConfigError(f"a memory asks for {module}.{name}, which is no dataclass")
    return kind
