"""A session: one model of one browser tab, and all that may be done to it. Knows nothing of Solara."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ...errors import ConfigError, require
from ...model.config import Config
from ...model.swarm import SwarmModel

if TYPE_CHECKING:
    from ...model.records import Records

MOST_NOTES = 500
SPEEDS = (1, 2, 5, 10, 30, 60)
"""Ticks in a frame."""


@dataclass(frozen=True, slots=True)
class Note:
    """One line of the log.

    Attributes:
        time_s: simulated time, s.
        kind: ``action``, ``scaling``, ``advice``, ``warning`` or ``page``.
        text: what happened, with its reason.
    """

    time_s: float
    kind: str
    text: str


@dataclass(slots=True)
class Session:
    """A model, whether it plays, and a log of what was done to it; safe to use from several threads.

    Attributes:
        model: what is simulated; another object after a reset.
        most_agents: largest fleet that may be asked for.
        playing: whether the model advances.
        speed: ticks in a frame.
        version: counts every change, so that who draws knows that there is something new.
        log: what happened.
        picked: path of what the drill-down shows, such as ``node/3`` or ``agent/17``; empty for nothing.
    """

    model: SwarmModel
    most_agents: int = 1_000_000
    playing: bool = False
    speed: int = 1
    version: int = 0
    log: list[Note] = field(default_factory=list)
    picked: str = ""
    lock: threading.RLock = field(default_factory=threading.RLock)
    watchers: list[Callable[[], None]] = field(default_factory=list)
    _events: int = 0
    _advised: int = 0

    @classmethod
    def of(
        cls,
        config: str | Mapping[str, Any] | Config,
        *,
        seed: int | None = None,
        most_agents: int = 1_000_000,
    ) -> Session:
        """A session with a new model.

        Raises:
            ConfigError: if the config breaks a rule, or asks for more agents than are allowed.
        """
        session = cls(model=_made(config, seed, most_agents), most_agents=most_agents)
        session.note(
            "page", f"{session.model.config.name}: {len(session.model.fleet):,} agents are ready to start"
        )
        return session

    @property
    def records(self) -> Records:
        """See :class:`View`."""
        return self.model.records

    @property
    def notes(self) -> Sequence[Note]:
        """See :class:`View`."""
        return self.log

    @property
    def config(self) -> Config:
        """The settings of the model."""
        return self.model.config

    def advance(self, ticks: int) -> None:
        """Simulate some ticks."""
        with self.lock:
            for _ in range(ticks):
                self.model.step()
            self._listen()
        self.changed()

    def play(self, on: bool) -> None:
        """Start or stop."""
        if on != self.playing:
            self.playing = on
            self.changed()

    def reset(self, config: str | Mapping[str, Any] | Config | None = None, seed: int | None = None) -> None:
        """Begin anew, with the same settings or others; a refusal leaves all as it was.

        Raises:
            ConfigError: as in :meth:`of`.
        """
        made = _made(
            self.config if config is None else config,
            self.model.root_seed if seed is None else seed,
            self.most_agents,
        )
        with self.lock:
            self.playing = False
            self.model, self.log, self.picked = made, [], ""
            self._events = self._advised = 0
        self.note("page", f"{made.config.name}: {len(made.fleet):,} agents, seed {made.root_seed}")

    def do(self, what: str, operation: Callable[[SwarmModel], object]) -> object:
        """Do something to the model, and write it down; refusals are raised and written down as well.

        Args:
            what: for the log, such as ``"100 agents crash"``.
            operation: is given the model.
        """
        with self.lock:
            try:
                result = operation(self.model)
                self._listen()
            except ConfigError as error:
                self.note("warning", f"{what}: refused: {error}")
                raise
        self.note("action", what)
        return result

    def pick(self, path: str) -> None:
        """Show something in the drill-down."""
        self.picked = path
        self.changed()

    def note(self, kind: str, text: str) -> None:
        """Write a line into the log."""
        with self.lock:
            self.log.append(Note(self.model.now_s, kind, text))
            del self.log[:-MOST_NOTES]
        self.changed()

    def changed(self) -> None:
        """Tell who watches that something is new."""
        self.version += 1
        for watcher in tuple(self.watchers):
            watcher()

    def _listen(self) -> None:
        """Take new scaling events and recommendations into the log."""
        scaler = self.model.scaler
        if scaler is None:
            self._events = self._advised = 0  # a scaler that comes later counts from 0
            return
        for event in scaler.events[self._events :]:
            pool = f", stopped by pool {event.pool}" if event.pool else ""
            text = f"{event.policy}: {event.before:,} to {event.after:,} agents{pool}: {event.reason}"
            self.log.append(Note(event.time_s, "scaling", text))
        for told in scaler.advisor.given[self._advised :]:
            self.log.append(Note(told.time_s, "advice", told.text))
        self._events, self._advised = len(scaler.events), len(scaler.advisor.given)
        del self.log[:-MOST_NOTES]


def _made(config: str | Mapping[str, Any] | Config, seed: int | None, most: int) -> SwarmModel:
    wanted = Config.load(config)
    require(
        wanted.fleet.agents <= most,
        "fleet.agents",
        wanted.fleet.agents,
        f"at most {most}, the limit of this page",
    )
    return SwarmModel(wanted, rng=seed)
