"""Two runs or two sweeps side by side: what changed in the config, and every outcome with its difference."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..errors import ConfigError

if TYPE_CHECKING:
    import pandas as pd

SWEEP, RUN = "sweep.json", "summary.json"
NOT_SET = "not set"


@dataclass(frozen=True, slots=True)
class Change:
    """A setting that differs.

    Attributes:
        key: dotted.
        one: its value in the first, as text; ``not set`` where it has none.
        other: in the second.
    """

    key: str
    one: str
    other: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """An outcome of both.

    Attributes:
        outcome: its key.
        one: its value in the first, NaN if it was not measured.
        other: in the second.
        low: lower end of the 95 % interval of other - one, NaN if there is none.
        high: upper end.
        method: how the interval was made, or why there is none.
        pairs: draws that were paired, 0 if none were.
    """

    outcome: str
    one: float
    other: float
    low: float = math.nan
    high: float = math.nan
    method: str = ""
    pairs: int = 0

    @property
    def difference(self) -> float:
        """Other minus one."""
        return self.other - self.one

    @property
    def relative(self) -> float:
        """The difference over the size of the first value; NaN if that is 0."""
        return self.difference / abs(self.one) if self.one else math.nan

    @property
    def clear(self) -> bool:
        """Whether the whole interval lies on one side of 0."""
        return not math.isnan(self.low) and not self.low <= 0 <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What two runs, or two sweeps, have and have not in common.

    Attributes:
        kind: ``runs`` or ``sweeps``.
        folders: both.
        names: both, as people call them; they differ.
        changes: settings that differ.
        rows: outcomes of both.
        sentence: how intervals were made, or why there are none.
        only: outcomes that one alone has, by its name.
        settings: of two sweeps, each common setting and outcome: see :mod:`.compare_sweeps`; empty for runs.
    """

    kind: Literal["runs", "sweeps"]
    folders: tuple[Path, Path]
    names: tuple[str, str]
    changes: tuple[Change, ...]
    rows: tuple[Difference, ...]
    sentence: str
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    settings: pd.DataFrame | None = None

    def as_dict(self) -> dict[str, Any]:
        """Everything as plain values for JSON; NaN becomes None."""
        return {
            "kind": self.kind,
            "names": list(self.names),
            "folders": [str(folder) for folder in self.folders],
            "changes": [{"key": c.key, "from": c.one, "to": c.other} for c in self.changes],
            "intervals": self.sentence,
            "only": {name: list(keys) for name, keys in self.only.items()},
            "metrics": {
                row.outcome: {
                    name: _number(getattr(row, name))
                    for name in ("one", "other", "difference", "relative", "low", "high")
                }
                | {"method": row.method, "pairs": row.pairs}
                for row in self.rows
            },
            "settings": [
                {name: _number(value) for name, value in row.items()}
                for row in ([] if self.settings is None else self.settings.to_dict("records"))
            ],
        }


def compare(one: str | Path, other: str | Path) -> Comparison:
    """Two folders of ``swarmscale run``, or two of ``swarmscale sweep``, side by side.

    Args:
        one: a folder.
        other: another one, of the same kind.

    Raises:
        ConfigError: if a folder holds neither, or they are not alike, or have nothing in common.
    """
    folders = Path(one), Path(other)
    kinds = [kind_of(folder) for folder in folders]
    if kinds[0] != kinds[1]:
        said = " and ".join(f"{folder} is a {kind}" for folder, kind in zip(folders, kinds, strict=True))
        raise ConfigError(f"{said}: only two runs or two sweeps can be compared")
    if kinds[0] == "run":
        from .compare_runs import compare_runs

        return compare_runs(*folders)
    from .compare_sweeps import compare_sweeps

    return compare_sweeps(*folders)


def kind_of(folder: Path) -> Literal["run", "sweep"]:
    """What a folder holds.

    Raises:
        ConfigError: if it is neither a run's nor a sweep's.
    """
    if (folder / SWEEP).is_file():
        return "sweep"
    if (folder / RUN).is_file():
        return "run"
    if not folder.exists():
        raise ConfigError(f"{folder}: there is no such folder")
    raise ConfigError(f"{folder}: holds neither {RUN} nor {SWEEP}; it is no folder of a run or a sweep")


def names_of(one: str, other: str, folders: tuple[Path, Path]) -> tuple[str, str]:
    """Both names; the folders' where they are alike, and with a number where these are too."""
    if one != other:
        return one, other
    first, second = (folder.resolve().name for folder in folders)
    return (first, second) if first != second else (f"{one} (1)", f"{other} (2)")


def flattened(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """A tree of settings by dotted keys; a strategy by its name, and its settings below it.

    >>> flattened({"name": "x", "scaling": {"name": "hpa", "target": 0.7}, "fleet": {"agents": 5}})
    {'name': 'x', 'scaling': 'hpa', 'scaling.target': 0.7, 'fleet.agents': 5}
    """
    out: dict[str, Any] = {}
    for key, value in tree.items():
        if isinstance(value, Mapping):
            below = flattened(value, f"{prefix}{key}.")
            if f"{prefix}{key}.name" in below:
                below = {prefix + key: below.pop(f"{prefix}{key}.name")} | below
            out |= below
        else:
            out[prefix + key] = value
    return out


def changes_between(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[Change, ...]:
    """Settings that differ between two trees, in the order of the first; the run's name is no setting."""
    before, after = flattened(one), flattened(other)
    keys = [key for key in dict.fromkeys([*before, *after]) if key != "name"]
    return tuple(
        Change(key, said(before.get(key)), said(after.get(key)))
        for key in keys
        if not alike(before.get(key), after.get(key))
    )


def alike(one: Any, other: Any) -> bool:
    """Whether two settings are the same: 60 and 60.0 are, true and 1 are not."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def said(value: Any) -> str:
    """A setting as text, as a sweep file would have it.

    >>> said(None), said(0.5), said("hpa"), said([1, 2]), said(True)
    ('not set', '0.5', 'hpa', '[1, 2]', 'true')
    """
    if value is None:
        return NOT_SET
    return value if isinstance(value, str) else json.dumps(value)


def _number(value: Any) -> Any:
    """A value for JSON, which knows neither NaN nor infinity."""
    if hasattr(value, "item"):
        value = value.item()
    return None if isinstance(value, float) and not math.isfinite(value) else value
