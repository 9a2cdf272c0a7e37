"""What a social-learning strategy is, and how to add one.

A strategy says which method an agent takes up next, from what it saw itself and what it sees of others. It is a
frozen keyword-only dataclass with one method, called once for all agents that reconsider. To add one, write a file
with the class and one line in this folder's ``__init__``; from outside, put
``@swarmscale.register("social strategy", "my-strategy")`` above the class.

Source:
    The strategies are those of Laland 2004, "Social learning strategies", and Rendell et al. 2010, "Why copy
    others?".
"""

from __future__ import annotations

from typing import NamedTuple, Protocol

import numpy as np

from ....arrays import Floats, Ints


class SocialView(NamedTuple):
    """What agents know of methods: times are service times over what their speed, skill and class lead one to expect.

    Attributes:
        method: `[n]` the method of each agent that reconsiders.
        tasks: `[n, M]` tasks that it did with each method, older ones discounted.
        time: `[n, M]` summed times of these.
        group: `[n]` the group that it sees.
        seen_tasks: `[G, M]` the same over all that a group sees, its own agents included.
        seen_time: `[G, M]`.
        users: `[G, M]` agents that use each method there.
        leader: `[G]` method of the agent with the shortest mean time there; -1 where nobody has done enough.
        draw: `[n]` a number in [0, 1) for each agent.
    """

    method: Ints
    tasks: Floats
    time: Floats
    group: Ints
    seen_tasks: Floats
    seen_time: Floats
    users: Floats
    leader: Ints
    draw: Floats


class SocialStrategy(Protocol):
    """Says which method an agent takes up next."""

    def choose(self, view: SocialView) -> Ints:
        """`[n]` the method of each agent."""
        ...


def fastest(tasks: Floats, time: Floats, instead: Ints, doubt: float = 5.0) -> Ints:
    """`[n]` method with the shortest mean time of each row, ``instead`` where nothing is known.

    Each mean is drawn toward the row's overall mean by ``doubt`` tasks, so that a lucky few do not win.

    >>> fastest(np.array([[50.0, 50.0, 1.0]]), np.array([[60.0, 50.0, 0.6]]), np.array([0])).tolist()
    [1]
    """
    total = tasks.sum(axis=1, keepdims=True)
    mean = time.sum(axis=1, keepdims=True) / np.maximum(total, 1e-9)
    guess = np.where(tasks > 0, (time + doubt * mean) / (tasks + doubt), np.inf)
    return np.asarray(np.where(total[:, 0] > 0, guess.argmin(axis=1), instead), np.int64)
