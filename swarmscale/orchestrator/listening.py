"""Listeners: a host's callbacks, called after a tick, none of which can hurt the fleet."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import ConfigError, UnknownChoiceError
from .events import EVENTS, Event

type Callback = Callable[[Event], object]
ALL = "*"


class CallbackError(RuntimeError):
    """A host's callback has failed; the fleet is whole and goes on.

    Attributes:
        failures: event and error of every callback that failed.
        advanced: what the call that ended with this has brought; None if it was none that brings anything.
    """

    def __init__(self, failures: Sequence[tuple[Event, Exception]]) -> None:
        event, error = failures[0]
        more = f", and {len(failures) - 1} more" if len(failures) > 1 else ""
        super().__init__(
            f"a callback for {event.name!r} failed at {event.time_s:g} s: {type(error).__name__}: {error}{more}; "
            "the fleet is whole and goes on"
        )
        self.failures = tuple(failures)
        self.advanced: Any = None


@dataclass(slots=True)
class Listeners:
    """Callbacks by the event that they listen to.

    Attributes:
        by_name: in the order in which they came.
        failures: of callbacks, until they are raised.
    """

    by_name: dict[str, list[Callback]] = field(default_factory=dict)
    failures: list[tuple[Event, Exception]] = field(default_factory=list)

    def add(self, name: str, callback: Callback) -> Callable[[], None]:
        """Call back at each such event; returns what ends that.

        Raises:
            UnknownChoiceError: if there is no such event.
            ConfigError: if it cannot be called.
        """
        if name != ALL and name not in EVENTS:
            raise UnknownChoiceError("event", name, EVENTS)
        if not callable(callback):
            raise ConfigError(f"callback = {callback!r}, but it must be a function of one event")
        mine = self.by_name.setdefault(name, [])
        mine.append(callback)

        def off() -> None:
            if callback in mine:
                mine.remove(callback)

        return off

    def tell(self, events: Sequence[Event]) -> None:
        """Call everybody back who listens; what fails is kept for :meth:`raise_failures`."""
        for event in events:
            for callback in [*self.by_name.get(event.name, []), *self.by_name.get(ALL, [])]:
                try:
                    callback(event)
                except Exception as error:
                    self.failures.append((event, error))

    def raise_failures(self, advanced: Any = None) -> None:
        """Raise what has failed since the last time, if anything has.

        Raises:
            CallbackError: then.
        """
        if self.failures:
            error = CallbackError(self.failures)
            error.advanced = advanced
            cause, self.failures = self.failures[0][1], []
            raise error from cause
