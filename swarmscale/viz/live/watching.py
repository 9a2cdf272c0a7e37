"""How a component follows a session: rendered again when something that it shows is new, and never at each frame."""

from __future__ import annotations

import time
from collections.abc import Callable

import solara

from .session import Session

LEAST_S = 0.5
"""Least time between two looks while a model plays, s."""


def use_seen[T](session: Session, what: Callable[[], T], least_s: float = LEAST_S) -> T:
    """What a session shows of itself; the component is rendered again only when that is another value.

    Args:
        session: what is followed.
        what: gives a value that can be compared.
        least_s: time between two looks while the model plays, s; when it stands still each change is looked at.
    """
    seen: T
    seen, set_seen = solara.use_state(what())

    def follow() -> Callable[[], None]:
        last = [0.0]

        def look() -> None:
            now = time.monotonic()
            if now - last[0] >= least_s or not session.playing:
                last[0] = now
                set_seen(what())

        session.watchers.append(look)
        return lambda: session.watchers.remove(look)

    solara.use_effect(follow, [id(session)])
    return seen
