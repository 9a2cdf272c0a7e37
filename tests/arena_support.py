"""What tests of the arena share: small fleets and small hosts."""

import numpy as np

import swarmscale as ss
from swarmscale.arena.port import Demand

QUIET = {"intelligence.on": False, "emergence.on": False, "resilience.on": False, "demand.source": "hosted"}
TINY_KINDS = {"order": "talk", "settlement": "think", "risk-check": "think"}


def tiny(rng=3, **changes):
    return ss.SwarmModel("tiny", rng=rng, **(QUIET | {"dt": 0.5} | changes))


class Steady:
    """A host that wants the same number of tasks each tick, and can be told to misbehave."""

    kinds = ("talk", "think")

    def __init__(self, n=20, work_s=0.5):
        self.n, self.work_s, self.number = n, work_s, 0
        self.fates, self.reports, self.spoil, self.throws = [], [], {}, set()

    def demand(self, turn):
        if "demand" in self.throws:
            raise KeyError("the host's own fault")
        n = self.n
        made = Demand(
            turn.now_s + turn.dt * np.arange(n) / n,
            np.arange(n) % 2,
            np.full(n, self.work_s),
            self.number + np.arange(n),
        )
        if self.spoil:
            return made._replace(**self.spoil)
        self.number += n
        return made

    def served(self, report):
        self.reports.append(report)
        self.fates.append(report.fates)
        if "served" in self.throws:
            raise ZeroDivisionError("the host's own fault")
