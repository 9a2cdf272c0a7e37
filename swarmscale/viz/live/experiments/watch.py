"""A thread that looks at the stores while their page is open, at most once a second, and tells what is new."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import solara
from solara.server import kernel_context

from ..frame import connected
from ..session import Session
from .lab import LOOK_S, Lab

LOG = logging.getLogger(__name__)
SHARE = 0.25
"""Of its time at most it looks; a folder that takes long is looked at less often."""


@dataclass(slots=True)
class Watch:
    """Looks until it is stopped.

    Attributes:
        lab: what looks.
        told: is called when something is new.
        connected: whether a page is there.
    """

    lab: Lab
    told: Callable[[], None]
    connected: Callable[[], bool] = lambda: True
    _stop: threading.Event = field(default_factory=threading.Event)
    _wake: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Go round until :meth:`stop`."""
        while not self._stop.is_set():
            begun = time.monotonic()
            try:
                if self.connected() and self.lab.look():
                    self.told()
            except Exception:  # whatever is wrong with one look, the next one may do
                LOG.exception("looking at %s", self.lab.root)
            took = time.monotonic() - begun
            self._wake.wait(max(LOOK_S, took / SHARE))
            self._wake.clear()

    def wake(self) -> None:
        """Look at once."""
        self._wake.set()

    def stop(self) -> None:
        """End, at the latest after the present look."""
        self._stop.set()
        self._wake.set()


def use_watch(lab: Lab, session: Session) -> None:
    """A watch while the component is there."""

    def begin() -> Callable[[], None]:
        watch = Watch(lab, session.changed, connected())
        thread = threading.Thread(target=watch.run, name="swarmscale-watch", daemon=True)
        if kernel_context.has_current_context():
            kernel_context.set_context_for_thread(kernel_context.get_current_context(), thread)
        lab.watchers.append(watch.wake)
        thread.start()

        def end() -> None:
            lab.watchers.remove(watch.wake)
            watch.stop()

        return end

    solara.use_effect(begin, [id(lab)])
