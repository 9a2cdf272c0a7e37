"""Saved runs: the folder of a run or a checkpoint as something that pages can look at, at any time of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, require
from ...model.records import Records
from ...model.stored import StoredRecords
from ...model.swarm import SwarmModel
from ..emergence import Emergence, emergence_of, read_emergence
from ..probes import Probes, probes_of, read_probes
from ..troubles import Troubles, read_troubles, troubles_of
from .session import Note

if TYPE_CHECKING:
    from ...model.scaling.scaler import Scaler

CHECKPOINTS = ".safetensors"
MOST_LISTED = 200
MOST_DEPTH = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A saved run, looked at as at a time; see :class:`~swarmscale.viz.live.panels.View`.

    Attributes:
        name: for people.
        whole: all records.
        records: those until the time.
        model: the model; None where records alone were saved, and at any time but the end.
        notes: what had happened until then.
        warm_up_s: time at the start that metrics leave out, s.
        metrics: of a run's ``summary.json``, the metrics by key, as they were at the end.
        end: the model of the end, if one was saved.
        told: all notes.
        probes: those made until the time.
        measured: all probes.
        emergence: what was said of the windows that were full at the time.
        watched: what was said of all windows.
        troubles: what had broken until the time.
        broken: all that broke.
    """

    name: str
    whole: Records
    records: Records
    model: SwarmModel | None = None
    notes: Sequence[Note] = ()
    warm_up_s: float = 0.0
    metrics: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    end: SwarmModel | None = None
    told: Sequence[Note] = ()
    probes: Probes = field(default_factory=Probes)
    measured: Probes = field(default_factory=Probes)
    emergence: Emergence = field(default_factory=Emergence)
    watched: Emergence = field(default_factory=Emergence)
    troubles: Troubles = field(default_factory=Troubles)
    broken: Troubles = field(default_factory=Troubles)

    @property
    def end_s(self) -> float:
        """Simulated time at which it was saved, s."""
        return len(self.whole) * self.whole.dt

    @property
    def time_s(self) -> float:
        """The time that is looked at, s."""
        return len(self.records) * self.whole.dt

    def at(self, time_s: float) -> Saved:
        """The same run, looked at as at a time in s; on the same arrays."""
        records = self.whole.until(time_s)
        now = len(records) * self.whole.dt
        notes = tuple(note for note in self.told if note.time_s <= now)
        model = self.end if now >= self.end_s else None
        return replace(
            self, records=records, model=model, notes=notes, probes=self.measured.until(now),
            emergence=self.watched.until(now), troubles=self.broken.until(now),
        )  # fmt: skip


def listing(root: Path) -> tuple[str, ...]:
    """Names of what can be opened under a folder, the newest first: folders of runs and checkpoints."""
    found: list[tuple[float, str]] = []
    top = root.resolve()
    for depth in range(1, MOST_DEPTH + 1):
        for path in top.glob("/".join(["*"] * depth)):
            if path.suffix == CHECKPOINTS or (path / "records.parquet").is_file():
                try:
                    inside(root, str(path.relative_to(top)))
                    found.append((path.stat().st_mtime, path.relative_to(top).as_posix()))
                except (ConfigError, OSError):
                    continue
    return tuple(name for _, name in sorted(found, key=lambda pair: (-pair[0], pair[1]))[:MOST_LISTED])


def inside(root: Path, name: str) -> Path:
    """The file or folder of a name under a folder, links followed.

    Raises:
        ConfigError: if it is anywhere else, or not there.
    """
    top = root.resolve()
    try:
        place = (top / name.strip()).resolve()
        there = place.is_relative_to(top) and place != top and place.exists()
    except (OSError, ValueError, RuntimeError):
        there = False
    # one refusal for both, so that nobody learns what lies outside
    require(there, "saved run", repr(name), f"the name of a run or checkpoint in {root}")
    return place


def opened(root: Path, name: str, *, most_agents: int = 1_000_000) -> Saved:
    """The saved run of a name under a folder.

    Args:
        root: no file outside of it is opened.
        name: relative to it.
        most_agents: largest fleet that a checkpoint may have.

    Raises:
        ConfigError: if there is none, or it cannot be read.
    """
    place = inside(root, name)
    if place.is_dir():
        return of_folder(place, name)
    require(place.suffix == CHECKPOINTS, "saved run", repr(name), f"a run's folder or a file *{CHECKPOINTS}")
    return of_checkpoint(place, name, most_agents)


def of_folder(folder: Path, name: str) -> Saved:
    """The run in a folder that ``swarmscale run`` wrote; its records alone.

    Raises:
        ConfigError: if it cannot be read.
    """
    records = StoredRecords.open(folder)
    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        metrics, warm_up_s = dict(summary["metrics"]), float(summary["warm_up_s"])
    except FileNotFoundError:
        metrics, warm_up_s = {}, 0.0  # a run that was interrupted
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{name}: summary.json cannot be read: {type(error).__name__}: {error}") from None
    told = [*_rows(folder / "scaling.parquet", _scaled), *_rows(folder / "recommendations.parquet", _advised)]
    seen = (read_probes(folder), read_emergence(folder), read_troubles(folder, len(records) * records.dt))
    made = _made(name, records, None, told, metrics, *seen)
    return replace(made, warm_up_s=warm_up_s)


def of_checkpoint(path: Path, name: str, most_agents: int = 1_000_000) -> Saved:
    """The model of a checkpoint with all its records.

    Raises:
        ConfigError: if it cannot be read, or has too many agents.
    """
    model = SwarmModel.load(path)
    require(
        len(model.fleet) <= most_agents,
        "agents",
        len(model.fleet),
        f"at most {most_agents}, the limit of this page",
    )
    told = notes_of(model.scaler)
    return _made(
        name, model.records, model, told, {}, probes_of(model), emergence_of(model), troubles_of(model)
    )


def _made(
    name: str,
    records: Records,
    model: SwarmModel | None,
    told: Sequence[Note],
    metrics: Mapping[str, Any],
    probes: Probes,
    said: Emergence,
    broken: Troubles,
) -> Saved:
    told = sorted(told, key=lambda note: note.time_s)
    return Saved(
        name=name, whole=records, records=records, model=model, notes=tuple(told), metrics=metrics, end=model,
        told=tuple(told), probes=probes, measured=probes, emergence=said, watched=said, troubles=broken, broken=broken,
    )  # fmt: skip


def notes_of(scaler: Scaler | None) -> list[Note]:
    """A scaler's events and recommendations as lines of the log."""
    if scaler is None:
        return []
    events = [_scaled({k: getattr(e, k) for k in _EVENT}) for e in scaler.events]
    return [*events, *(Note(told.time_s, "advice", told.text) for told in scaler.advisor.given)]


_EVENT = ("time_s", "policy", "before", "after", "pool", "reason")


def _scaled(row: Mapping[str, Any]) -> Note:
    pool = f", stopped by pool {row['pool']}" if row["pool"] else ""
    text = f"{row['policy']}: {row['before']:,} to {row['after']:,} agents{pool}: {row['reason']}"
    return Note(float(row["time_s"]), "scaling", text)


def _advised(row: Mapping[str, Any]) -> Note:
    return Note(float(row["time_s"]), "advice", str(row["text"]))


def _rows(path: Path, note: Any) -> list[Note]:
    """A table's rows as notes; none if the file is not there."""
    import pandas as pd

    if not path.is_file():
        return []
    try:
        return [note(row) for row in pd.read_parquet(path).to_dict("records")]
    except (OSError, KeyError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
