"""What lies below a folder: sweeps, tunings and races, each a line; what did not change is not read again."""

from __future__ import annotations

import os
import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from ....errors import ConfigError
from ...theme import length
from ..parts import DASH
from .jobs import NOTE, Jobs, last_words
from .races import FILES, STORE, race_kinds, read_race

if TYPE_CHECKING:
    from ....batch.store import Progress, Store

SWEEP, TUNING = "sweep", "tuning"
SHEET = "sweep.json"
RUNNING, STOPPED, OVER = "runs", "stopped", "over"
BEGINS = "begins: its processes start"
MOST_DEPTH = 3
MOST_LISTED = 200
SECOND = "#full"
"""Behind the name of a folder's second race, that in the full fidelity."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A store in a line.

    Attributes:
        name: the folder's, relative to the root.
        kind: ``sweep``, ``tuning``, ``race`` or ``full race``.
        folder: where it is.
        changed_s: when it changed last, s since 1970.
        progress: how far it has come, None for a race.
        runs: that were made.
        state: whether it runs, has stopped before its end, or is over.
        problem: why it cannot be read; empty if it can.
    """

    name: str
    kind: str
    folder: Path
    changed_s: float
    progress: Progress | None = None
    runs: int = 0
    state: str = OVER
    problem: str = ""

    def row(self) -> tuple[str, ...]:
        """For the table: name, kind, runs, progress, last change."""
        when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.changed_s))
        if self.problem:
            return self.name, self.kind, DASH, self.problem, when
        if self.progress is None:
            return self.name, self.kind, f"{self.runs:,}", self.state, when
        return self.name, self.kind, counted(self.progress), how_far(self.progress, self.state), when


def counted(progress: Progress) -> str:
    """Runs by status in words."""
    parts = [f"{progress.done:,} of {progress.total:,} done"]
    parts += [f"{n:,} {name}" for name in ("failed", "killed", "late") if (n := getattr(progress, name))]
    return ", ".join(parts)


def how_far(progress: Progress, state: str) -> str:
    """Share of the runs that have ended, and how long the rest takes while it runs."""
    if state == OVER:
        return OVER
    share = f"{100 * progress.ended // max(progress.total, 1)} %, {state}"
    known = state == RUNNING and progress.remaining_s == progress.remaining_s
    return share + (f", {length(max(round(progress.remaining_s), 1))} left" if known else "")


@dataclass(slots=True)
class Shelf:
    """The stores below a folder.

    Attributes:
        root: the folder.
        jobs: knows which ones run.
    """

    root: Path
    jobs: Jobs
    _kept: dict[tuple[Path, str], tuple[Hashable, Listed]] = field(default_factory=dict)

    def look(self) -> tuple[Listed, ...]:
        """All stores, the one that changed last first."""
        places = [(folder, kind) for folder in folders(self.root.resolve()) for kind in kinds(folder)]
        found = [self._listed(folder, kind) for folder, kind in places]
        self._kept = {place: self._kept[place] for place in places}
        return tuple(sorted(found, key=lambda one: (-one.changed_s, one.name))[:MOST_LISTED])

    def _listed(self, folder: Path, kind: str) -> Listed:
        mark = (stamp(folder), is_running(folder, self.jobs) if kind == SWEEP else None)
        old = self._kept.get((folder, kind))
        if old is not None and old[0] == mark:
            return old[1]
        made = listed(folder, kind, self.root.resolve(), running=bool(mark[1]))
        self._kept[folder, kind] = mark, made
        return made


def listed(folder: Path, kind: str, root: Path, *, running: bool) -> Listed:
    """The line of a store; one that cannot be read says why."""
    from ....batch.store import Store

    name = folder.relative_to(root).as_posix()
    if kind == "full race" and "race" in race_kinds(folder):
        name += SECOND
    changed_s = max((time_ns for _, time_ns, _ in stamp(folder)), default=0) / 1e9
    try:
        if kind in FILES:
            over = (folder / FILES[kind][0]).is_file()
            runs = read_race(folder, kind).runs if over else len(list((folder / STORE).glob("*.json")))
            state = OVER if over else STOPPED if time.time() - changed_s > STILL_S else RUNNING
            return Listed(name=name, kind=kind, folder=folder, changed_s=changed_s, runs=runs, state=state)
        if not (folder / SHEET).is_file():  # a page began it, and that is all
            state, problem = (RUNNING, BEGINS) if running else (STOPPED, last_words(folder) or "never began")
            return Listed(
                name=name, kind=kind, folder=folder, changed_s=changed_s, state=state, problem=problem
            )
        store = Store.open(folder)
        kind, progress = kind_of(store), progress_of(store)
    except ConfigError as error:
        problem = str(error).removeprefix(f"{folder}: ").replace(f"{root}/", "")
        return Listed(name=name, kind=kind, folder=folder, changed_s=changed_s, problem=problem)
    except Exception as error:  # a folder of somebody else's may hold anything
        problem = f"cannot be read: {type(error).__name__}: {error}".split("\n")[0]
        return Listed(name=name, kind=kind, folder=folder, changed_s=changed_s, problem=problem)
    state = RUNNING if running else OVER if progress.ended >= progress.total else STOPPED
    return Listed(
        name=name, kind=kind, folder=folder, changed_s=changed_s, progress=progress, runs=progress.ended, state=state
    )  # fmt: skip


STILL_S = 30.0
"""So long after its last file a race that is not over no longer counts as running, s."""


def folders(top: Path, depth: int = MOST_DEPTH) -> Iterator[Path]:
    """Folders with a store, down to some depth; what lies in a store is not looked at."""
    try:
        inner = sorted(
            place.path for place in os.scandir(top) if place.is_dir() and not place.name.startswith(".")
        )
    except OSError:
        return
    for path in map(Path, inner):
        if kinds(path):
            yield path
        elif depth > 1:
            yield from folders(path, depth - 1)


def kind_of(store: Store) -> str:
    """Whether a store is that of a sweep or of a tuning."""
    from ....batch.search import SEARCH

    return TUNING if store.design.get("kind") == SEARCH else SWEEP


def progress_of(store: Store) -> Progress:
    """How far a store has come; a tuning has all its trials to make, and makes settings as it goes."""
    progress = store.progress()
    if kind_of(store) == SWEEP:
        return progress
    seeds = progress.total // max(len(store.settings), 1)
    total = max((int(store.design["trials"]) + 1) * seeds, progress.total)
    return progress._replace(total=total, remaining_s=(total - progress.ended) / progress.runs_per_s)


def kinds(folder: Path) -> list[str]:
    """What a folder holds, as far as its files' names tell: a tuning is told from a sweep when it is opened."""
    if (folder / SHEET).is_file() or (folder / NOTE).is_file():
        return [SWEEP]
    return race_kinds(folder)


def stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of the files that a store's line depends on."""
    names = {SHEET, NOTE, *(name for pair in FILES.values() for name in pair)}
    found = [folder / name for name in names]
    for inner in ("runs", STORE):
        if (folder / inner).is_dir():
            found += [Path(one.path) for one in os.scandir(folder / inner) if not one.name.startswith(".")]
    out = []
    for path in found:
        try:
            facts = path.stat()
        except OSError:
            continue
        out.append((path.name, facts.st_mtime_ns, facts.st_size))
    return tuple(sorted(out))


def is_running(folder: Path, jobs: Jobs) -> bool:
    """Whether a process is at work on a sweep: one that a page began, or any that holds its lock."""
    return jobs.job(folder) is not None or is_locked(folder / "sweep.lock")


def is_locked(path: Path) -> bool:
    """Whether a process holds a lock on a file; told without touching it, where the system lists its locks."""
    try:
        inode = path.stat().st_ino
        lines = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except (OSError, ValueError):
        return False
    return any(part.endswith(f":{inode}") for line in lines for part in line.split())


def look_for(stores: tuple[Listed, ...], name: str) -> Listed | None:
    """The store of a name."""
    return next((one for one in stores if one.name == name), None)
