"""The columns of a sweep's rows: what a run was, how it went, what came out, when and where it ran."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pyarrow as pa

FINAL = ("setting", "replication", "seed", "status", "error")
LOG = ("config_hash", "started_at", "wall_s", "cpu_s", "build_s", "worker", "host")
_TEXTS = ("status", "error", "config_hash", "worker", "host")
_PREFIX = "set."


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of one sweep.

    Attributes:
        types: ``set.<key>`` of each factor with its type: float, int, bool, str, or json where types are mixed.
        outcomes: names of the outcomes.
    """

    types: Mapping[str, str]
    outcomes: tuple[str, ...]

    @classmethod
    def of(cls, settings: Sequence[Mapping[str, Any]], outcomes: Sequence[str]) -> Columns:
        """The columns for some settings and outcomes."""
        values: dict[str, list[Any]] = {}
        for setting in settings:
            for key, value in setting.items():
                values.setdefault(_PREFIX + key, []).append(value)
        types = {key: _type(some, len(some) < len(settings)) for key, some in values.items()}
        return cls(types=types, outcomes=tuple(outcomes))

    @property
    def keys(self) -> tuple[str, ...]:
        """The factors' columns."""
        return tuple(self.types)

    def schema(self) -> pa.Schema:
        """Name and type of each column."""
        import pyarrow as pa

        arrow = {"float": pa.float64(), "int": pa.int64(), "bool": pa.bool_()}
        fields: list[tuple[str, Any]] = [("setting", pa.int32()), ("replication", pa.int32())]
        fields.append(("seed", pa.int64()))
        fields += [(name, pa.string()) for name in FINAL[3:]]
        fields += [(key, arrow.get(kind, pa.string())) for key, kind in self.types.items()]
        fields += [(name, pa.float64()) for name in self.outcomes]
        fields += [(name, pa.string() if name in _TEXTS else pa.float64()) for name in LOG]
        return pa.schema(fields)

    def stored(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row as the file has it: every column, NaN for outcomes and times that there are not."""
        out: dict[str, Any] = {name: row.get(name) for name in FINAL}
        for key, kind in self.types.items():
            value = row.get(key)
            out[key] = json.dumps(value) if kind == "json" and key in row else value
        out |= {name: float(row.get(name, "nan")) for name in self.outcomes}
        for name in LOG:
            out[name] = str(row.get(name, "")) if name in _TEXTS else float(row.get(name, "nan"))
        return out


def examples(over: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Settings from which the columns of any settings follow that a search may choose, the base included.

    Args:
        over: values, or a range, of each factor.
    """
    found: list[dict[str, Any]] = [{}]
    for key, given in over.items():
        values = [float(given["low"])] if isinstance(given, Mapping) else given
        found += [{key: value} for value in values]
    return found


def _type(values: Sequence[Any], gaps: bool) -> str:
    """The type that holds all values; numbers with gaps are floats, so that a table with and without them is alike."""
    kinds = {type(value) for value in values}
    if kinds == {int}:
        return "float" if gaps else "int"
    if kinds <= {int, float}:
        return "float"
    if kinds in ({bool}, {str}):
        return kinds.pop().__name__
    return "json"
