"""A tab's laboratory: what it looks at, what was seen last, and the sweeps that it begins and stops."""

from __future__ import annotations

import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import tomli_w

from ....errors import ConfigError, require
from ....model.files import write_whole
from ..saved import inside
from .draft import NAME, plan_of
from .jobs import Jobs
from .readings import Readings
from .shelf import SHEET, TUNING, Listed, Shelf, look_for
from .sight import Choice, Sight, seen

if TYPE_CHECKING:
    from ....batch.plan import Plan
    from ....batch.store import Store

FILE = "sweep.toml"
LOOK_S = 1.0
"""Least time between two looks at the folder, s."""
READ_S = 2.0
"""Least time between two looks into stores that change by themselves, s."""
TRIAL = "trial"
TRIAL_S = 600.0
"""So long a trial run may take, s."""


@dataclass(slots=True)
class Lab:
    """What the page Experiments shows and does in one tab; safe to use from several threads.

    Attributes:
        root: folder of the stores.
        jobs: the server's, for all tabs.
        most_agents: largest fleet that a sweep may have.
        sight: what was seen last.
        owner: this session's name.
        watchers: are told of news.
    """

    root: Path
    jobs: Jobs
    most_agents: int = 1_000_000
    sight: Sight = field(init=False)
    owner: str = field(default_factory=lambda: secrets.token_hex(8))
    watchers: list[Callable[[], None]] = field(default_factory=list)
    _choice: Choice = field(default_factory=Choice)
    _readings: Readings = field(default_factory=Readings)
    _shelf: Shelf = field(init=False)
    _read_s: float = 0.0
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def __post_init__(self) -> None:
        self._shelf = Shelf(self.root, self.jobs)
        self.sight = Sight(root=self.root)

    def choose(self, **changes: Any) -> None:
        """Look at something else; see :class:`~.sight.Choice`."""
        with self._lock:
            self._choice = replace(self._choice, **changes)
            self._read_s = 0.0
        for watcher in tuple(self.watchers):
            watcher()

    def look(self) -> bool:
        """Look at the folder and into the chosen stores; whether anything is new. Takes a while: not for a frame."""
        stores = self._shelf.look()
        with self._lock:
            choice, old = self._choice, self.sight
            due = time.monotonic() - self._read_s >= READ_S
        if stores == old.stores and not due:
            return False
        if not due and look_for(stores, old.choice.shown) is not None:
            new = replace(old, stores=stores, shown=look_for(stores, old.choice.shown))
        else:
            self._read_s = time.monotonic()
            new = seen(self.root, stores, choice, self._readings, old)
        with self._lock:
            if choice is not self._choice:  # something else was chosen meanwhile
                return True
            self._choice = new.choice  # what stands in for names that there are not stays so
            if news(old) == news(new):
                return False
            self.sight = new
        return True

    def start(self, source: Mapping[str, Any] | Path, name: str, workers: int) -> Path:
        """Begin a sweep in a folder of its own, after every setting was tried.

        Args:
            source: what a sweep file says, or such a file.
            name: of the folder.
            workers: processes for runs.

        Raises:
            ConfigError: if it cannot be, or not now.
        """
        self.jobs.refuse()
        folder = self.folder_for(name)
        there = (folder / SHEET).exists() or self.jobs.job(folder) is not None
        require(
            not there,
            "name",
            repr(name),
            f"one that is not taken: {folder.name} has a sweep; go on with that one",
        )
        plan = plan_of(source, self.most_agents, every=True)
        file = self._written(tree_of(plan.as_dict()), folder / FILE)
        self.jobs.begin(self.owner, folder, command(file, folder, workers), workers)
        self.choose(shown=name)
        return folder

    def go_on(self, one: Listed, workers: int, *, retry: bool = False) -> None:
        """Go on with a sweep that has stopped, or make its failed runs again.

        Raises:
            ConfigError: if it cannot be.
        """
        from ....batch.sheet import read_sheet

        self.jobs.refuse()
        if one.kind == TUNING:
            raise ConfigError(f"{one.name} is a tuning; swarmscale tune goes on with it")
        file = one.folder / FILE
        if not file.is_file():
            file = self._written(tree_of(read_sheet(one.folder / SHEET)["plan"]), file)
        self.jobs.begin(self.owner, one.folder, command(file, one.folder, workers, retry=retry), workers)

    def stop(self, one: Listed) -> None:
        """Stop a sweep that a page began; finished runs stay.

        Raises:
            ConfigError: if it does not run, or was begun elsewhere.
        """
        self.jobs.stop(one.folder)

    def save(self, tree: Mapping[str, Any], name: str) -> Path:
        """Write a sweep file into the folder, for ``swarmscale sweep`` and for this page.

        Raises:
            ConfigError: if none may be begun here, or the file is there already.
        """
        self.jobs.refuse()
        file = self.folder_for(name).with_suffix(".toml")
        require(not file.exists(), "name", repr(name), f"one that is not taken: there is a {file.name}")
        return self._written(tree, file)

    def folder_for(self, name: str) -> Path:
        """The folder of a new sweep.

        Raises:
            ConfigError: if the name cannot be a folder's.
        """
        rule = "up to 60 of the letters A-Z, a-z, 0-9, _ and -"
        require(NAME.fullmatch(name.strip()) is not None, "name", repr(name), rule)
        return self.root.resolve() / name.strip()

    def files(self) -> tuple[str, ...]:
        """Sweep files below the folder, by their names."""
        top = self.root.resolve()
        found = [
            path for depth in ("*.toml", "*/*.toml") for path in sorted(top.glob(depth)) if _is_sweep(path)
        ]
        return tuple(path.relative_to(top).as_posix() for path in found if path.name != FILE)

    def file(self, name: str) -> Path:
        """The sweep file of a name.

        Raises:
            ConfigError: if there is none in the folder.
        """
        return inside(self.root, name)

    def trial(self, plan: Plan) -> float:
        """How long a run of a plan takes, s: one is made, in a process of its own, and thrown away.

        Raises:
            ConfigError: if none may be made now, or it fails.
        """
        from ....batch.store import Store

        place = Path(tempfile.mkdtemp(prefix="swarmscale-"))
        folder = place / TRIAL
        middle = dict(plan.settings[len(plan.settings) // 2])
        one = plan.but(seeds=plan.seeds[:1], settings=(middle,), design={"kind": "list"})
        tree = tree_of(one.as_dict())
        try:
            file = self._written(tree, place / FILE)
            self.jobs.begin(self.owner, folder, command(file, folder, 1), 1)
            self.jobs.wait(folder, TRIAL_S)
            if not (folder / SHEET).is_file():
                raise ConfigError(self.jobs.ended(folder) or f"{TRIAL}: ended without a run")
            return run_time(Store.open(folder))
        finally:
            self.jobs.forget(folder)
            shutil.rmtree(place, ignore_errors=True)

    @staticmethod
    def _written(tree: Mapping[str, Any], file: Path) -> Path:
        text = tomli_w.dumps(_without_none(tree))
        write_whole(file, lambda part: part.write_text(text, encoding="utf-8"))
        return file


def run_time(store: Store) -> float:
    """How long the only run of a store took, s.

    Raises:
        ConfigError: with its error, if it did not end well.
    """
    for error in store.errors().values():
        raise ConfigError(error.split("\n")[0])
    return float(store.log()["wall_s"].sum())


def command(file: Path, folder: Path, workers: int, *, retry: bool = False) -> list[str]:
    """What the command line is told."""
    words = ["sweep", str(file), "--out", str(folder), "--workers", str(workers), "--quiet", "--no-report"]
    return words + ["--retry"] * retry


def news(sight: Sight) -> tuple[Any, ...]:
    """What of a sight can be seen to be new."""
    keys = {name: part.key for name, part in sight.parts.items()}
    return sight.stores, sight.choice, sight.shown, sight.errors, sight.problem, keys


def tree_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The sweep file of a plan, which needs no other file.

    Args:
        facts: of :meth:`~swarmscale.batch.plan.Plan.as_dict`.
    """
    same = ("name", "base", "outcomes", "probe", "records", "time_limit_s", "plugins", "design")
    made = {name: facts[name] for name in same}
    if facts["design"].get("kind") == "list":
        made["design"] = facts["design"] | {"settings": facts["settings"]}
    return made | {"rng": facts["seeds"][0], "replications": len(facts["seeds"]), "set": facts["fixed"]}


def _is_sweep(path: Path) -> bool:
    import tomllib

    try:
        return "design" in tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False


def _without_none(tree: Any) -> Any:
    """Nested dicts without what TOML cannot say."""
    if isinstance(tree, Mapping):
        return {key: _without_none(value) for key, value in tree.items() if value is not None}
    if isinstance(tree, (list, tuple)):
        return [_without_none(value) for value in tree]
    return tree
