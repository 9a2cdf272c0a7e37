"""What an incident log tells: how much was found and made good, how fast, at what cost, and what theory says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ...arrays import Floats
from ..intervals import Figure, mean, rate, share
from .incidents import LAYERS, Incident, IncidentLog, Suspicion

HOUR_S = 3600.0
FALSE = -1
"""Number of the incident behind a false suspicion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """What became of some incidents by the end of a run, or of several runs.

    Attributes:
        name: what they have in common.
        injected: incidents that began.
        components: components that they hit.
        found: suspected at least once.
        missed: over, by themselves or by repair, before they were ever suspected.
        recovered: service was made whole again.
        in_time: of them within their deadline and without a lost task.
        pending: still open, with no task lost, and their deadline has not come: nothing can be said of them yet.
        displaced: tasks that were interrupted or had to be sent anew.
        lost: tasks dropped for them.
        detect_s: `[found]` time from an incident's begin until it was suspected, s.
        recover_s: `[recovered]` time from an incident's begin until service was whole again, s.
    """

    name: str
    injected: int
    components: int
    found: int
    missed: int
    recovered: int
    in_time: int
    pending: int
    displaced: int
    lost: int
    detect_s: Floats
    recover_s: Floats

    @property
    def judged(self) -> int:
        """Incidents of which it is known whether they were made good in time."""
        return self.injected - self.pending

    @property
    def recovery(self) -> Figure:
        """Recovery share: made good within the deadline without a lost task / injected, without those pending."""
        return share(self.in_time, self.judged)

    @property
    def mttd(self) -> Figure:
        """Mean time to detect: from begin to the first suspicion, of those that were suspected, s."""
        return mean(self.detect_s)

    @property
    def mttr(self) -> Figure:
        """Mean time to recovery: from begin until service was whole, of those that were recovered, s."""
        return mean(self.recover_s)

    def __add__(self, other: Tally) -> Tally:
        """Both together, under this one's name."""
        counts = {
            name: getattr(self, name) + getattr(other, name)
            for name in (*COUNTS, "components", "displaced", "lost")
        }
        return Tally(
            name=self.name,
            **counts,
            detect_s=np.append(self.detect_s, other.detect_s),
            recover_s=np.append(self.recover_s, other.recover_s),
        )


COUNTS = ("injected", "found", "missed", "recovered", "in_time", "pending")
"""Numbers of incidents in a tally."""


def tally(incidents: Iterable[Incident], end_s: float, name: str = "all") -> Tally:
    """What became of incidents by ``end_s``, the end of the run in s.

    Source:
        MTTD and MTTR as in Beyer, Jones, Petoff & Murphy, *Site Reliability Engineering* (2016), ch. 1 and 6; the
        recovery share is this project's own: faults made good within their deadline / faults injected.
    """
    mine = list(incidents)
    return Tally(
        name=name,
        injected=len(mine),
        components=sum(one.size for one in mine),
        found=sum(one.found for one in mine),
        missed=sum(not one.found and (one.over or one.ends_s <= end_s) for one in mine),
        recovered=sum(one.over for one in mine),
        in_time=sum(one.in_time for one in mine),
        pending=sum(is_pending(one, end_s) for one in mine),
        displaced=sum(one.displaced for one in mine),
        lost=sum(one.lost for one in mine),
        detect_s=np.array([one.found_s - one.begins_s for one in mine if one.found], np.float64),
        recover_s=np.array([one.recovered_s - one.begins_s for one in mine if one.over], np.float64),
    )


def is_pending(incident: Incident, end_s: float) -> bool:
    """Whether at ``end_s`` it can still be made good in time: it is open, its deadline ahead, and no task is lost."""
    return not incident.over and not incident.lost and incident.begins_s + incident.deadline_s > end_s


def by_layer(log: IncidentLog, end_s: float) -> dict[str, Tally]:
    """A tally of each of the four layers, those without incidents included."""
    return {
        layer: tally([one for one in log.incidents if one.layer == layer], end_s, layer) for layer in LAYERS
    }


def by_fault(log: IncidentLog, end_s: float) -> dict[str, Tally]:
    """A tally of each kind of fault that struck, in the order of the layers, then of names."""
    kinds = sorted({(LAYERS.index(one.layer), one.fault) for one in log.incidents})
    return {
        fault: tally([one for one in log.incidents if one.fault == fault], end_s, fault) for _, fault in kinds
    }


class FalseAlarms(NamedTuple):
    """False suspicions of one tier, or of all.

    Attributes:
        suspicions: of the tier, true and false.
        false: suspicions behind which there was no incident.
        watched_h: hours that all those watched were watched, summed; NaN if it is not known.
        rate_per_h: false suspicions for each such hour, with the exact interval of a Poisson count.
    """

    suspicions: int
    false: int
    watched_h: float
    rate_per_h: Figure


def false_alarms(
    suspicions: Sequence[Suspicion], watched_h: Mapping[str, float] | None = None
) -> dict[str, FalseAlarms]:
    """False suspicions by tier, and of ``"all"``.

    Args:
        suspicions: of a run.
        watched_h: hours that the senders of each tier were watched, summed over senders.
    """
    hours = dict(watched_h or {})
    tiers = sorted({one.tier for one in suspicions} | set(hours))
    out = {
        tier: _alarms([s for s in suspicions if s.tier == tier], hours.get(tier, np.nan)) for tier in tiers
    }
    return out | {"all": _alarms(suspicions, sum(hours.get(tier, np.nan) for tier in tiers))}


def _alarms(mine: Sequence[Suspicion], hours: float) -> FalseAlarms:
    false = sum(one.incident == FALSE for one in mine)
    return FalseAlarms(len(mine), false, hours, rate(false, hours))


class Budget(NamedTuple):
    """Error budget: the tasks that an objective lets be missed.

    Attributes:
        objective: share of the tasks due that must be answered within their deadline.
        due: tasks whose deadline has come.
        missed: of them not answered within it.
    """

    objective: float
    due: float
    missed: float

    @property
    def allowed(self) -> float:
        """Tasks that may be missed: (1 - objective) x due."""
        return (1.0 - self.objective) * self.due

    @property
    def spent(self) -> float:
        """Missed / allowed: 1 where all is spent, more where the objective is broken; NaN before a task is due."""
        return self.missed / self.allowed if self.allowed > 0 else np.nan

    @property
    def left(self) -> float:
        """Tasks that may still be missed; below 0 where the objective is broken."""
        return self.allowed - self.missed


def budget(objective: float, due: float, met: float) -> Budget:
    """The error budget of a stretch of a run.

    Source:
        Beyer, Jones, Petoff & Murphy, *Site Reliability Engineering* (2016), ch. 3 and 4.

    >>> one = budget(0.999, due=10_000, met=9_995)
    >>> round(one.allowed), round(one.spent, 3), round(one.left)
    (10, 0.5, 5)
    """
    return Budget(objective, due, due - met)
