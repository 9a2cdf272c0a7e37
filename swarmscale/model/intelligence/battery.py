"""The battery: twelve micro-tasks, one for each cognitive function, put to one group."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ...agents.cognition import FUNCTIONS
from ...arrays import Floats
from ...errors import UnknownChoiceError
from .group import Group
from .tasks import BATTERY, BatteryTask, Score

if TYPE_CHECKING:
    import pandas as pd

type Tasks = tuple[BatteryTask, ...]

BATTERY_VERSION = 1
"""Raised with every change that moves a score: a norm holds for one version alone."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a group did.

    Attributes:
        functions: the functions asked for.
        score: `[F]` see :class:`Score`.
        bound: `[F]`.
        se: `[F]`.
        agents: size of the group.
    """

    functions: tuple[str, ...]
    score: Floats
    bound: Floats
    se: Floats
    agents: int

    @property
    def efficiency(self) -> Floats:
        """`[F]` score / bound (Tanner & Birdsall 1958); NaN where there was nothing to win."""
        return np.asarray(self.score / np.where(self.bound > 0, self.bound, np.nan), np.float64)

    @property
    def process_loss(self) -> Floats:
        """`[F]` bound - score: what is lost on the way from members to group (Steiner 1972)."""
        return np.asarray(self.bound - self.score, np.float64)

    def frame(self) -> pd.DataFrame:
        """One row a function: score, standard error, bound, efficiency, process loss."""
        import pandas as pd

        columns = {
            "function": self.functions,
            "score": self.score,
            "se": self.se,
            "bound": self.bound,
            "efficiency": self.efficiency,
            "process_loss": self.process_loss,
        }
        return pd.DataFrame(columns)


def battery_tasks(names: Iterable[str] | None = None) -> Tasks:
    """The standard tasks, in the order of the functions, or those of some functions.

    Raises:
        UnknownChoiceError: if there is no such function.
    """
    wanted = list(FUNCTIONS if names is None else names)
    for name in wanted:
        if name not in FUNCTIONS:
            raise UnknownChoiceError("cognitive function", name, FUNCTIONS)
    return tuple(BATTERY.make(name) for name in wanted)


def run_battery(group: Group, seed: int, tasks: Tasks | None = None, *, threads: int = 1) -> Result:
    """Put the tasks to a group; a pure function of group and seed, whatever the number of threads.

    Args:
        group: the group.
        seed: determines what is drawn.
        tasks: the standard twelve if None.
        threads: tasks worked on at a time.
    """
    chosen = battery_tasks() if tasks is None else tasks

    def one(task: BatteryTask) -> Score:
        return task.measure(group, mixed(seed, task.function))

    if threads > 1:
        with ThreadPoolExecutor(threads) as pool:
            scores = list(pool.map(one, chosen))
    else:
        scores = [one(task) for task in chosen]
    table = np.array(scores, np.float64).reshape(-1, 3)
    names = tuple(task.function for task in chosen)
    return Result(names, table[:, 0].copy(), table[:, 1].copy(), table[:, 2].copy(), len(group))


def mixed(seed: int, *names: object) -> int:
    """A seed for a part of a whole, from the whole's seed and the part's name.

    >>> mixed(1, "panel", 0) == mixed(1, "panel", 0), mixed(1, "panel", 0) == mixed(1, "panel", 1)
    (True, False)
    """
    text = "/".join(str(name) for name in (seed, *names))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest(), "little")
