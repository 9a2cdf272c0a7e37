"""Which agent works at which cognitive function, brought up to date when the fleet has changed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..arrays import Bools, Bytes, Floats, Floats32, Ints
from .cognition import FUNCTIONS, candidates
from .fleet import BUSY, HELPING, IDLE, Fleet
from .people import Population
from .squads import allowed as allowed_to

BLOCK = 65_536
"""Agents that are looked at together, so that a fleet of a million needs little memory."""


def function_of(kind: Bytes, skill: Floats32, allowed: Bools) -> Bytes:
    """The function that suits each agent best: of those that its type allows, that of its largest latent skill.

    Args:
        kind: `[N]` intelligence type, index into ``TYPES``.
        skill: `[N, 12]` latent skill of each function, in standard deviations.
        allowed: `[6, 12]` which functions a type allows, as :func:`swarmscale.agents.cognition.candidates` says.

    Returns:
        `[N]` index into ``FUNCTIONS``; of equal skills the first.
    """
    return best_of(skill, allowed[kind])


def best_of(skill: Floats32, allowed: Bools) -> Bytes:
    """`[N]` the function of the largest latent skill, of those `[N, 12]` at which each agent may work."""
    return np.where(allowed, skill, -np.inf).argmax(axis=1).astype(np.uint8)


@dataclass(slots=True)
class Assignment:
    """Every agent's function, by type and innate skill: a function of its id, its type and the root seed.

    What an agent learns does not move it to another function. Nothing here need be saved: a resumed model
    computes it anew.

    Attributes:
        population: the laws of the agents.
        uid: `[rows]` whose function stands in a row; 0 where nobody's does.
        function: `[rows]` index into ``FUNCTIONS``.
        looked_at: agents whose function was computed so far.
    """

    population: Population
    uid: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    function: Bytes = field(default_factory=lambda: np.zeros(0, np.uint8))
    looked_at: int = 0

    def update(self, fleet: Fleet) -> None:
        """Compute the functions of agents that are new in their rows, and forget those who left."""
        now, kind = fleet.column("uid"), fleet.column("kind")
        if len(now) != len(self.uid):
            more = len(now) - len(self.uid)
            self.uid = np.concatenate([self.uid, np.zeros(max(more, 0), np.int64)])[: len(now)]
            self.function = np.concatenate([self.function, np.zeros(max(more, 0), np.uint8)])[: len(now)]
        changed = np.flatnonzero(now != self.uid)
        self.uid[changed] = now[changed]
        changed = changed[now[changed] > 0]
        allowed = candidates(self.population.shares)
        for first in range(0, len(changed), BLOCK):
            rows = changed[first : first + BLOCK]
            people = self.population.people(now[rows], kind[rows])
            may = allowed_to(fleet.squads, now[rows], kind[rows], allowed)
            self.function[rows] = best_of(people.skill, may)
        self.looked_at += len(changed)

    def agents(self) -> Ints:
        """`[12]` agents at each function at the last :meth:`update`, whatever their state."""
        return self._count(self.uid > 0)

    def load(self, fleet: Fleet) -> Floats:
        """`[12]` busy share of the ready agents at each function, NaN where none is ready."""
        self.update(fleet)
        state = fleet.column("state")
        busy, idle = self._count((state == BUSY) | (state == HELPING)), self._count(state == IDLE)
        with np.errstate(invalid="ignore"):
            return np.asarray(busy / (busy + idle), np.float64)

    def _count(self, which: Bools) -> Ints:
        return np.bincount(self.function[which], minlength=len(FUNCTIONS))
