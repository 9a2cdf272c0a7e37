"""The loop of a session: advances its model while it plays, and sends the stage's frames as they are drawn."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from ...errors import ConfigError
from .session import Session
from .stage import Stage

FRAME_S = 1 / 15
"""Least time between two frames, s."""
LOST_S = 3.0
"""Without a page for so long a model pauses, s."""
IDLE_S = 0.25


@dataclass(slots=True)
class Loop:
    """Runs in a thread of its own until it is stopped.

    Attributes:
        session: whose model plays.
        stage: what is shown now; None between two pages.
        connected: whether a page is there.
    """

    session: Session
    connected: Callable[[], bool] = lambda: True
    stage: Stage | None = None
    _stop: threading.Event = field(default_factory=threading.Event)
    _wake: threading.Event = field(default_factory=threading.Event)
    _version: int = -1

    def run(self) -> None:
        """Go round until :meth:`stop`."""
        lost_s: float | None = None
        while not self._stop.is_set():
            begun = time.monotonic()
            if self.connected():
                lost_s = None
            elif self.session.playing:
                lost_s = begun if lost_s is None else lost_s
                if begun - lost_s > LOST_S:
                    self.session.play(False)
                    self.session.note("page", "paused: no page is connected")
            self.round()
            left = FRAME_S - (time.monotonic() - begun)
            if self.session.playing:
                if left > 0:
                    self._stop.wait(left)
            else:
                self._wake.wait(max(left, 0.005) if self._busy() else IDLE_S)
                self._wake.clear()

    def round(self) -> None:
        """Advance if it plays; send a frame if one may be sent and something is new, else drop it."""
        session, stage = self.session, self.stage
        if session.playing:
            try:
                session.advance(session.speed)
            except ConfigError as error:
                session.play(False)
                session.note("warning", f"stopped: {error}")
        if stage is None:
            return
        if session.version != self._version:
            self._version = session.version
            stage.stale()
        if stage.due:
            stage.show()
        elif stage.on_its_way and session.playing:
            stage.dropped += 1

    def enter(self, stage: Stage) -> None:
        """Show another page."""
        stage.wake = self.wake
        self.stage, self._version = stage, -1
        self.wake()

    def leave(self, stage: Stage) -> None:
        """No longer show a page."""
        if self.stage is stage:
            self.stage = None

    def wake(self) -> None:
        """Look at once whether there is something to do."""
        self._wake.set()

    def stop(self) -> None:
        """End, at the latest after the present round."""
        self._stop.set()
        self._wake.set()

    def _busy(self) -> bool:
        return self.stage is not None and (self.stage.on_its_way or self.stage.due)
