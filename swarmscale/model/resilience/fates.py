"""What becomes of tasks that faults led astray: they are sent anew or dropped, and laid to an incident."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ...arrays import Ints
from ..flow.ledger import DROP, Count, note, sampled, tell_all
from ..flow.tasks import Tasks
from .sending import origins

if TYPE_CHECKING:
    from .engine import Resilience

FORGET_S = 600.0
"""Time between two looks at whose fault a task's way was, s; those long past every deadline are forgotten."""


@dataclass(slots=True)
class Fates:
    """Whose fault it is that tasks went astray, and what follows when they are dropped.

    Attributes:
        of: the engine.
    """

    of: Resilience
    _blame: dict[int, tuple[int, float]] = field(default_factory=dict)
    _looked_s: float = 0.0

    def send_anew(self, tasks: Tasks, reasons: Ints, incident: int) -> None:
        """Keep tasks that are lost since ``at`` to be sent anew, or drop those that were sent too often."""
        uid = origins(tasks.uid)
        self.of.log.displace(incident, len(uid))
        self.blame(uid, incident)
        spent = np.ones(len(uid), np.bool_) if not self.of.flow.resends else self.of.sending.add(tasks)
        for reason in np.unique(reasons[spent]).tolist():
            mine = spent & (reasons == reason)
            self.drop(tasks.uid[mine], Count(reason), float(tasks.at[mine].max()))

    def drop(self, uid: Ints, reason: Count, time_s: float) -> None:
        """Count tasks as dropped, and lay them to the incidents that led them astray."""
        self.of.flow.ledger.count[reason] += len(uid)
        tell_all(self.of.flow.ledger, uid, time_s, int(reason))
        self._note(uid, reason, time_s)
        for one in origins(uid).tolist():
            incident = self._blame.pop(one, (-1, 0.0))[0]
            self.of.log.lose(incident)

    def lose(self, uid: Ints, incident: int) -> None:
        """Tasks are dropped by the flow itself for an incident."""
        for one in uid.tolist():
            self._blame.pop(one, None)
        self.of.log.lose(incident, len(uid))

    def blame(self, uid: Ints, incident: int) -> None:
        """If these tasks are dropped, it is because of an incident; the first one counts."""
        if incident >= 0:
            for one in uid.tolist():
                self._blame.setdefault(one, (incident, self.of.now_s))

    def blamed_now(self) -> int:
        """The open incident of nodes or links that a lost message is laid to: the last one; -1 if there is none."""
        held = [
            incident
            for group in (self.of.routes.stopped, self.of.routes.cut, self.of.routes.lossy)
            for holders in group.values()
            for incident in holders
        ]
        return max(held, default=-1)

    def forget(self, now: float) -> None:
        """Forget whose fault the way of tasks was that must have ended long ago."""
        if now - self._looked_s < FORGET_S:
            return
        self._looked_s = now
        longest = float(self.of.flow.demand.marks.deadline_s.max()) + FORGET_S
        self._blame = {uid: one for uid, one in self._blame.items() if now - one[1] < longest}

    def _note(self, uid: Ints, reason: Count, time_s: float) -> None:
        """Write the drops of sampled tasks into the task log."""
        ledger = self.of.flow.ledger
        if ledger.log_below[0]:
            for one in uid.tolist():
                if sampled(one, ledger.log_below[0]):
                    note(ledger, one, DROP, time_s, int(reason))

    def memory(self) -> dict[str, Any]:
        """All that changes, for a checkpoint."""
        return {"blame": [(uid, *one) for uid, one in self._blame.items()], "looked_s": self._looked_s}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self._blame = {uid: (incident, time_s) for uid, incident, time_s in memory["blame"]}
        self._looked_s = memory["looked_s"]
