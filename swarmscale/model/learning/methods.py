"""Methods of working: what agents try, what they see of others, and what they take up."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ... import rng
from ...arrays import Bytes, Floats, Floats32, Ints, Ints32, kernel
from ...rng import draw
from ..flow.lessons import Lessons
from .practice import NO_METHOD
from .settings import Methods
from .social import SocialView

LEADER_TASKS = 20.0
"""Tasks with one method from which an agent's mean time counts as a success to look up to."""


class Tried(NamedTuple):
    """What agents know of methods from their own work; older tasks are discounted.

    Attributes:
        method: `[Q, S]` method of each agent, 255 for none.
        tasks: `[Q, S, M]` tasks finished with each method.
        time: `[Q, S, M]` their summed service times, over what speed, skill and class lead one to expect.
    """

    method: Bytes
    tasks: Floats32
    time: Floats32

    @classmethod
    def nothing(cls, clusters: int, slots: int, methods: int) -> Tried:
        """No agent has any method."""
        return cls(
            np.full((clusters, slots), NO_METHOD, np.uint8),
            np.zeros((clusters, slots, methods), np.float32),
            np.zeros((clusters, slots, methods), np.float32),
        )


def efficiencies(settings: Methods, root_seed: int) -> Floats:
    """`[M]` factor of each method on skill, which no agent knows."""
    draws = rng.generator(root_seed, "learning.methods").random(settings.number)
    return np.asarray(settings.lowest + (1.0 - settings.lowest) * draws, np.float64)


@kernel
def take_up(method: Bytes, tasks: Floats32, time: Floats32, uid: Ints, key: np.uint64) -> None:
    """Rows without a method forget what stood there; an agent in one takes a method that depends on its id alone."""
    methods = tasks.shape[2]
    for q in range(uid.shape[0]):
        for s in range(uid.shape[1]):
            if method[q, s] == NO_METHOD:
                tasks[q, s, :] = 0.0
                time[q, s, :] = 0.0
                if uid[q, s] != 0:
                    word = draw(uid[q, s], 0, key)[0]
                    method[q, s] = np.uint8((word * np.uint64(methods)) >> np.uint64(32))


def observe(tried: Tried, lessons: Lessons, efficiency: Floats, kept: float) -> None:
    """Add what agents have seen of their methods since the last period; a method's time is work over its efficiency.

    A task that was begun before a switch counts for the method switched to.
    """
    methods = len(efficiency)
    tasks, time = tried.tasks.reshape(-1, methods), tried.time.reshape(-1, methods)
    tasks *= np.float32(kept)
    time *= np.float32(kept)
    done, method = lessons.done.reshape(-1), tried.method.reshape(-1)
    rows = np.flatnonzero((done > 0) & (method != NO_METHOD))
    m = method[rows]
    tasks[rows, m] += done[rows].astype(np.float32)
    spent: Floats32 = lessons.effort.reshape(-1)[rows]
    time[rows, m] += np.asarray(spent / efficiency[m], np.float32)


def seen_by(tried: Tried, group: Ints32, reach: Floats | None) -> tuple[Floats, Floats, Floats, Ints]:
    """What groups see: tasks and times by method, users of each, and the leader's method.

    Args:
        tried: what agents know; of rows that hold one.
        group: `[Q]` group of each cluster.
        reach: `[G, G]` 1 where group i (row) sees group j; None if each sees itself alone.

    Returns:
        `[G, M]`, `[G, M]`, `[G, M]`, and `[G]` with -1 where nobody has done enough.
    """
    groups, methods = int(group.max()) + 1 if reach is None else len(reach), tried.tasks.shape[2]
    tasks, time, users = (np.zeros((groups, methods)) for _ in range(3))
    np.add.at(tasks, group, tried.tasks.sum(axis=1, dtype=np.float64))
    np.add.at(time, group, tried.time.sum(axis=1, dtype=np.float64))
    there = tried.method != NO_METHOD
    of = np.repeat(group, tried.method.shape[1]).reshape(there.shape)[there]
    np.add.at(users, (of, tried.method[there].astype(np.int64)), 1.0)
    best, leader = _leaders(tried, group, groups)
    if reach is None:
        return tasks, time, users, leader
    shown = np.where(reach > 0, best[None, :], np.inf)
    whose = shown.argmin(axis=1)
    first = np.where(np.isfinite(shown.min(axis=1)), leader[whose], -1)
    return reach @ tasks, reach @ time, reach @ users, first


def _leaders(tried: Tried, group: Ints32, groups: int) -> tuple[Floats, Ints]:
    """Shortest mean time of an agent with its present method in each group, infinite if none; and that method."""
    m = np.where(tried.method == NO_METHOD, 0, tried.method).astype(np.int64)[..., None]
    tasks = np.take_along_axis(tried.tasks, m, 2)[..., 0]
    time = np.take_along_axis(tried.time, m, 2)[..., 0]
    able = (tasks >= LEADER_TASKS) & (tried.method != NO_METHOD)
    mean = np.where(able, time / np.where(able, tasks, 1.0), np.inf)
    slot = mean.argmin(axis=1)
    q = np.arange(len(group))
    of_cluster, theirs = mean[q, slot], tried.method[q, slot].astype(np.int64)
    order = np.lexsort((of_cluster, group))
    one = np.unique(group[order], return_index=True)
    best, leader = np.full(groups, np.inf), np.full(groups, -1)
    best[one[0]], leader[one[0]] = of_cluster[order][one[1]], theirs[order][one[1]]
    return best.astype(np.float64), np.where(np.isfinite(best), leader, -1)


def reconsider(
    tried: Tried, settings: Methods, group: Ints32, reach: Floats | None, draws: np.random.Generator
) -> None:
    """A share of the agents take up what their strategy says, and a few of these any method at random."""
    flat = tried.method.reshape(-1)
    live = np.flatnonzero(flat != NO_METHOD)
    uniform = draws.random((4, len(live)))
    asked = uniform[0] < settings.reconsider
    rows, uniform = live[asked], uniform[1:, asked]
    if not len(rows):
        return
    methods = tried.tasks.shape[2]
    view = SocialView(
        flat[rows].astype(np.int64),
        tried.tasks.reshape(-1, methods)[rows].astype(np.float64),
        tried.time.reshape(-1, methods)[rows].astype(np.float64),
        group[rows // tried.method.shape[1]],
        *seen_by(tried, group, reach),
        uniform[0],
    )
    wanted = settings.strategy.choose(view)
    any_one = (uniform[2] * methods).astype(np.int64)
    flat[rows] = np.where(uniform[1] < settings.innovate, any_one, wanted)
