"""Metrics of the live page: the models of all its sessions, for a Prometheus on this machine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..exposition import Served, registry, serve
from .session import Session

if TYPE_CHECKING:
    from ...model.swarm import SwarmModel

HOST = "127.0.0.1"
"""Metrics know no token, so that they are served on this machine alone."""
NONE = -1
"""The port that stands for no metrics."""


@dataclass(slots=True)
class SessionMetrics:
    """Sessions by number, and the server of their metrics, each with the label ``session``.

    Attributes:
        sessions: those that are open.
        served: the server; None where there is none.
    """

    sessions: dict[str, Session] = field(default_factory=dict)
    served: Served | None = None
    _last: int = 0

    @classmethod
    def at(cls, port: int) -> SessionMetrics:
        """No sessions yet, served at a port of this machine; nowhere if it is ``NONE``.

        Raises:
            ConfigError: if prometheus-client is not installed, or the port is taken.
        """
        made = cls()
        if port != NONE:
            made.served = serve(registry(made.models, "session"), port, HOST)
        return made

    def enter(self, session: Session) -> str:
        """Count a session's model in; its number, which no later one gets."""
        self._last += 1
        self.sessions[str(self._last)] = session
        return str(self._last)

    def leave(self, number: str) -> None:
        """Count it out."""
        self.sessions.pop(number, None)

    def models(self) -> dict[str, SwarmModel]:
        """The models as they are now, for a reset gives a session another one."""
        return {number: session.model for number, session in list(self.sessions.items())}
