"""Incidents: what broke, when it was found, when it was made good, and what it cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf, isnan, nan
from typing import Any, Literal

type Layer = Literal["component", "integration", "system", "network"]

LAYERS: tuple[Layer, ...] = ("component", "integration", "system", "network")


@dataclass(slots=True, kw_only=True)
class Incident:
    """One fault, from its begin until nothing of it is left.

    Attributes:
        key: names it, the same for every number of shards.
        fault: registered name of the fault.
        layer: of the four.
        target: what was hit, in words.
        size: components hit.
        begins_s: when it began, s.
        ends_s: when the fault itself is over (a node has booted, a link is repaired), s; infinity if it stays until
            something is done about it.
        deadline_s: time from its begin within which it must be made good, s.
        found_s: when it was first suspected, s; NaN if it was not.
        recovered_s: when service was whole again, s; NaN while it is not.
        left: components of it that are not made good yet.
        displaced: tasks that were interrupted or had to be sent anew.
        lost: tasks dropped for it.
        title: its name in the report, empty if it has none.
        line: its time line: s and what happened.
    """

    key: str
    fault: str
    layer: Layer
    target: str
    size: int
    begins_s: float
    ends_s: float = inf
    deadline_s: float = 60.0
    found_s: float = nan
    recovered_s: float = nan
    left: int = 0
    displaced: int = 0
    lost: int = 0
    title: str = ""
    line: list[tuple[float, str]] = field(default_factory=list)

    @property
    def found(self) -> bool:
        """Whether it was noticed."""
        return not isnan(self.found_s)

    @property
    def over(self) -> bool:
        """Whether service was made whole again."""
        return not isnan(self.recovered_s)

    @property
    def in_time(self) -> bool:
        """Whether that was within its deadline and without a lost task."""
        return self.over and self.recovered_s - self.begins_s <= self.deadline_s and self.lost == 0


@dataclass(slots=True, kw_only=True)
class Suspicion:
    """Something was held to be dead.

    Attributes:
        time_s: when, s.
        tier: what is watched: "agent", "lead", "node" or "link".
        target: what was suspected, in words.
        incident: number of the incident behind it, -1 if there was none: a false suspicion.
        cleared_s: when it was heard again, s; NaN if it was not.
    """

    time_s: float
    tier: str
    target: str
    incident: int = -1
    cleared_s: float = nan


@dataclass(slots=True)
class IncidentLog:
    """All incidents of a run, by number, and all suspicions."""

    incidents: list[Incident] = field(default_factory=list)
    suspicions: list[Suspicion] = field(default_factory=list)
    _open: dict[str, int] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.incidents)

    def __getitem__(self, number: int) -> Incident:
        return self.incidents[number]

    def open(self, incident: Incident) -> int:
        """Write down a new incident and return its number."""
        incident.left = incident.left or incident.size
        incident.line.append((incident.begins_s, f"{incident.fault}: {incident.target}"))
        self.incidents.append(incident)
        return len(self.incidents) - 1

    def suspect(self, suspicion: Suspicion) -> None:
        """Write down a suspicion."""
        if isnan(suspicion.cleared_s):
            self._open[suspicion.target] = len(self.suspicions)
        self.suspicions.append(suspicion)

    def clear(self, target: str, time_s: float) -> None:
        """What was suspected is heard again, or gone; nothing happens if it was not suspected."""
        number = self._open.pop(target, None)
        if number is not None:
            self.suspicions[number].cleared_s = time_s

    def note(self, number: int, time_s: float, text: str) -> None:
        """Add to an incident's time line; number -1 is nobody's."""
        if number >= 0:
            self.incidents[number].line.append((time_s, text))

    def find(self, number: int, time_s: float, text: str = "suspected") -> None:
        """It is noticed; only the first time counts."""
        if number >= 0 and not self.incidents[number].found:
            self.incidents[number].found_s = time_s
            self.note(number, time_s, text)

    def recover(self, number: int, time_s: float, text: str, components: int = 1) -> None:
        """So many more of its components are made good; with the last one it is recovered."""
        if number < 0 or self.incidents[number].over:
            return
        one = self.incidents[number]
        one.left -= components
        if one.left <= 0:
            one.recovered_s = time_s
            self.note(number, time_s, text)

    def displace(self, number: int, tasks: int) -> None:
        """Tasks were interrupted or have to be sent anew because of it."""
        if number >= 0:
            self.incidents[number].displaced += tasks

    def lose(self, number: int, tasks: int = 1) -> None:
        """Tasks were dropped because of it."""
        if number >= 0:
            self.incidents[number].lost += tasks

    def memory(self) -> dict[str, Any]:
        """All of it, for a checkpoint."""
        return {"incidents": self.incidents, "suspicions": self.suspicions}

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self.incidents, self.suspicions = memory["incidents"], memory["suspicions"]
        self._open = {one.target: i for i, one in enumerate(self.suspicions) if isnan(one.cleared_s)}
