"""Traits that somebody brought along: agents whose personality is given, not drawn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..arrays import Bools, Floats32, Ints
from ..errors import require
from .traits import TRAITS


@dataclass(slots=True)
class GivenTraits:
    """The traits of some agents.

    Attributes:
        uid: `[M]` their unique ids, ascending.
        traits: `[M, 76]` in standard deviations over a population, in the order of ``TRAITS``.
    """

    uid: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    traits: Floats32 = field(default_factory=lambda: np.zeros((0, len(TRAITS)), np.float32))

    def add(self, uid: Ints, traits: Floats32) -> None:
        """Agents bring their traits.

        Args:
            uid: `[m]` unique ids of agents that have none given yet.
            traits: `[m, 76]`.

        Raises:
            ConfigError: if they are not so many, or not finite.
        """
        checked(traits, len(uid))
        both = np.concatenate([self.uid, uid])
        order = np.argsort(both, kind="stable")
        self.uid = both[order]
        self.traits = np.concatenate([self.traits, np.asarray(traits, np.float32)])[order]

    def of(self, uid: Ints) -> tuple[Bools, Floats32]:
        """`[N]` whose traits are given, and `[m, 76]` the traits of those."""
        if not len(self.uid):
            return np.zeros(len(uid), np.bool_), self.traits
        place = np.minimum(np.searchsorted(self.uid, uid), len(self.uid) - 1)
        which = np.asarray(self.uid[place] == uid, np.bool_)
        return which, self.traits[place[which]]


def checked(traits: Floats32, agents: int) -> None:
    """Refuse traits that cannot be used.

    Raises:
        ConfigError: then.
    """
    shape = np.shape(traits)
    require(
        shape == (agents, len(TRAITS)),
        "traits",
        f"an array of shape {shape}",
        f"of shape ({agents}, {len(TRAITS)})",
    )
    numbers = np.asarray(traits).dtype.kind in "fiu"
    fits = numbers and bool(np.isfinite(traits).all())
    require(
        fits, "traits", "not numbers all of them", "finite numbers, in standard deviations over a population"
    )
