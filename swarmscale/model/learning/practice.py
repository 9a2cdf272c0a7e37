"""Individual learning: the power law of practice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...arrays import Bools, Bytes, Floats, Ints, kernel
from ...errors import require
from ..flow.lessons import MOST

NO_METHOD = 255
"""The method of an agent that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerLaw:
    """An agent's time for a task, over that of full skill: ``floor + (1/skill0 - floor)(1 + n/n0)^-alpha``.

    An agent whose time is at the floor or below it from the start learns nothing.

    Source:
        Newell & Rosenbloom 1981, "Mechanisms of skill acquisition and the law of practice": T = A + B (N + E)^-a,
        with the asymptote A = floor and earlier experience E = n0.

    Attributes:
        alpha: exponent, >= 0.
        n0: tasks that count as done before the first one, > 0.
        floor: relative time that practice leads to, >= 1.
    """

    alpha: float = 0.3
    n0: float = 20.0
    floor: float = 1.0

    def __post_init__(self) -> None:
        require(self.alpha >= 0, "learning.alpha", self.alpha, "0 or more")
        require(self.n0 > 0, "learning.earlier_tasks", self.n0, "above 0")
        require(self.floor >= 1, "learning.floor", self.floor, "1 or more")

    def curve(self) -> Floats:
        """`[65537]` factor on what exceeds the floor after 0, 1, 2, ... tasks."""
        return np.asarray((1.0 + np.arange(MOST + 2) / self.n0) ** -self.alpha, np.float64)

    def skill(self, skill0: Floats, tasks: Floats) -> Floats:
        """Skill after some tasks, of the shape of both: 1 over the relative time.

        Args:
            skill0: skill at birth, in (0, 1].
            tasks: tasks of that type begun so far.

        >>> PowerLaw(alpha=0.5, n0=1.0).skill(np.array([0.5]), np.array([3.0]))
        array([0.66666667])
        """
        time0 = 1.0 / skill0
        shrunk = self.floor + (time0 - self.floor) * (1.0 + tasks / self.n0) ** -self.alpha
        return np.asarray(1.0 / np.minimum(time0, shrunk), np.float64)


@kernel
def bring_up_to_date(
    uid: Ints, fresh: Bools, in_hand: Bytes, practice: NDArray[np.uint16], born: Bytes, written: Bytes,
    method: Bytes, efficiency: Floats, curve: Floats, floor: float, skill: Bytes, touched: Bytes,
) -> None:  # fmt: skip
    """Turn practice into skill.

    A row that holds a new agent, and a skill that somebody else has set, begin without practice: what stands in
    the fleet is the skill at birth then.

    Args:
        uid: `[Q, S]` unique ids.
        fresh: `[Q, S]` whether a row holds another agent, or none, since the last update.
        in_hand: `[Q, S]` type of the task in the agent's hands, 6 for none.
        practice: `[Q, 6, S]` tasks finished, or interrupted, so far.
        born: `[Q, 6, S]` skill at birth, in 1/255.
        written: `[Q, 6, S]` skill at the last update.
        method: `[Q, S]` method of each agent; 255 for none.
        efficiency: `[M]` factor of each method on skill.
        curve: `[65537]` see :meth:`PowerLaw.curve`.
        floor: relative time that practice leads to.
        skill: `[Q, 6, S]` the fleet's skills, changed in place.
        touched: `[Q]` out: 1 where a skill changed.
    """
    for q in range(uid.shape[0]):
        for s in range(uid.shape[1]):
            for k in range(6):
                if fresh[q, s] or skill[q, k, s] != written[q, k, s]:
                    born[q, k, s] = skill[q, k, s]
                    if not fresh[q, s]:
                        practice[q, k, s] = 0
        for k in range(6):
            for s in range(uid.shape[1]):
                if uid[q, s] != 0 and born[q, k, s] != 0:
                    n = np.int64(practice[q, k, s]) + (in_hand[q, s] == k)
                    time = 255.0 / born[q, k, s]
                    if time > floor:
                        time = floor + (time - floor) * curve[n]
                    level = 255.0 / time
                    if method[q, s] != NO_METHOD:
                        level *= efficiency[method[q, s]]
                    now = np.uint8(max(np.rint(level), 1.0))
                    if now != skill[q, k, s]:
                        skill[q, k, s] = now
                        touched[q] = 1
                written[q, k, s] = skill[q, k, s]
