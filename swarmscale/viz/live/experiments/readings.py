"""The frames of stores, each read once for as long as its files stay as they are."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....errors import ConfigError
from .races import RaceFrames, read_race
from .shelf import Listed, stamp

if TYPE_CHECKING:
    import pandas as pd

MOST_ERRORS = 30
MOST_KEPT = 12


@dataclass(frozen=True, slots=True, eq=False)
class SweepFrames:
    """A sweep's results so far.

    Attributes:
        name: of the store.
        mark: of its files; another one when any changed.
        frame: the final table, of the runs that have ended.
        settings: of the design.
        kind: of the design.
        asked: outcomes that were asked for.
        errors: setting, replication, status and error's first line of runs that did not end well, at most 30.
    """

    name: str
    mark: Hashable
    frame: pd.DataFrame
    settings: list[dict[str, Any]]
    kind: str
    asked: tuple[str, ...]
    errors: tuple[tuple[str, ...], ...]

    @property
    def factors(self) -> list[str]:
        """Dotted keys that more than one value was planned for."""
        keys = dict.fromkeys(key for setting in self.settings for key in setting)
        return [key for key in keys if len({repr(setting.get(key)) for setting in self.settings}) > 1]

    @property
    def outcomes(self) -> list[str]:
        """Outcomes that were measured."""
        from ....batch.analysis import outcomes_of

        return outcomes_of(self.frame)

    def levels(self, key: str) -> list[Any]:
        """Values of a factor that are planned: numbers in their order, others in that of the design."""
        values = list({repr(v): v for v in (setting.get(key) for setting in self.settings)}.values())
        numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in values)
        return sorted(values) if numbers else values


def read_sweep(one: Listed) -> SweepFrames:
    """The results of a sweep so far.

    Raises:
        ConfigError: if it cannot be read.
    """
    from ....batch.store import Store

    mark = stamp(one.folder)
    store = Store.open(one.folder)
    frame = store.frame()
    bad = frame[frame["status"] != "done"].head(MOST_ERRORS)
    columns = zip(*(bad[name] for name in ("setting", "seed", "status", "error")), strict=True)
    return SweepFrames(
        name=one.name,
        mark=mark,
        frame=frame,
        settings=store.settings,
        kind=str(store.design.get("kind", "list")),
        asked=tuple(store.columns.outcomes),
        errors=tuple((str(s), str(seed), status, error or "") for s, seed, status, error in columns),
    )


@dataclass(slots=True)
class Readings:
    """What was read, by store; the oldest is forgotten first."""

    _kept: dict[tuple[Path, str], tuple[Hashable, Any]] = field(default_factory=dict)

    def sweep(self, one: Listed) -> SweepFrames:
        """The results of a sweep so far; see :func:`read_sweep`."""
        found: SweepFrames = self._read(one, read_sweep)
        return found

    def race(self, one: Listed) -> RaceFrames:
        """The frames of a race; see :func:`~.races.read_race`."""
        found: RaceFrames = self._read(one, lambda one: read_race(one.folder, one.kind))
        return found

    def _read(self, one: Listed, read: Callable[[Listed], Any]) -> Any:
        place, mark = (one.folder, one.kind), stamp(one.folder)
        kept = self._kept.pop(place, None)
        if kept is None or kept[0] != mark:
            try:
                kept = mark, read(one)
            except ConfigError:
                raise
            except Exception as error:  # a folder of somebody else's may hold anything
                raise ConfigError(f"{one.name}: cannot be read: {type(error).__name__}: {error}") from None
        self._kept[place] = kept
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return kept[1]
