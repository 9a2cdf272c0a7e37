"""What a task of the battery is, and how to add one.

A task is a frozen keyword-only dataclass with the name of the cognitive function that it asks for and one method,
``measure``, a pure function of the group and a seed. It is a ladder of difficulties spaced in octaves, so that a
group of 10 and one of 50,000 both stand between floor and ceiling, and its difficulty does not depend on the
group. To add one, write a file with the class and one line in this folder's ``__init__``; from outside, put
``@swarmscale.register("battery task", "my-task")`` above the class.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

import numpy as np

from ....arrays import Floats
from ..group import Group


class Score(NamedTuple):
    """How a group did on one task.

    Attributes:
        score: 0 at chance, 1 at best; may fall below 0 by chance.
        bound: what the group could have scored with perfect pooling of what its members know.
        se: standard error of the score, from repetitions within the task.
    """

    score: float
    bound: float
    se: float


class BatteryTask(Protocol):
    """One micro-task.

    Attributes:
        function: the cognitive function that it asks for.
        pools: whether it uses the shared pooling code.
    """

    function: str
    pools: bool

    def measure(self, group: Group, seed: int) -> Score:
        """The group's score; a function of the group and the seed alone."""
        ...


def repeats(n: int, base: int, *, least: int = 2, full: int = 500, most: int = 3) -> int:
    """How often a task is repeated in a group of n: ``base`` times at ``full`` agents, more often in small groups.

    >>> [repeats(n, 100) for n in (10, 250, 500, 5_000, 500_000)]
    [300, 200, 100, 10, 2]
    """
    return max(least, min(int(base * full / n), base * most))


PARTS = 8
"""Parts of the trials that the jackknife leaves out one after the other: those with the same number modulo 8."""


def jackknifed(value: Callable[[np.ndarray], float], trials: int, parts: int = PARTS) -> tuple[float, float]:
    """A figure over trials with its standard error, by leaving out one block of them after the other.

    Args:
        value: from the numbers of the trials used to the figure.
        trials: how many there are.
        parts: blocks.

    Source:
        Delete-a-group jackknife: Tukey 1958; Quenouille 1956.
    """
    every = np.arange(trials)
    parts = min(parts, trials)
    whole = value(every)
    if parts < 2:
        return whole, float("nan")
    without = np.array([value(every[every % parts != p]) for p in range(parts)])
    return whole, float(np.sqrt((parts - 1) / parts * ((without - without.mean()) ** 2).sum()))


def mean_and_error(values: Floats) -> tuple[float, float]:
    """Mean of independent repetitions and its standard error; NaN for a single one."""
    error = values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else np.nan
    return float(values.mean()), float(error)
