"""Copying by what is seen of others: the best paying, the most common, the most successful one's, or in doubt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ....arrays import Ints
from ....errors import require
from .base import SocialView, fastest


@dataclass(frozen=True, slots=True, kw_only=True)
class PayoffBiased:
    """The method with the shortest mean time over all whom the agent sees, itself included."""

    def choose(self, view: SocialView) -> Ints:
        """See :class:`SocialStrategy`."""
        best = fastest(view.seen_tasks, view.seen_time, np.full(len(view.seen_tasks), -1))[view.group]
        return np.asarray(np.where(best < 0, view.method, best), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conformist:
    """A method drawn by how many use it, raised to a power: the most common one more often than it is common.

    Source:
        Boyd & Richerson 1985, *Culture and the Evolutionary Process*, ch. 7.

    Attributes:
        power: 1 copies somebody at random; above 1 conforms.
    """

    power: float = 2.0

    def __post_init__(self) -> None:
        require(1 <= self.power <= 10, "learning.social.power", self.power, "from 1 to 10")

    def choose(self, view: SocialView) -> Ints:
        """See :class:`SocialStrategy`."""
        odds = np.maximum(view.users, 0.0) ** self.power
        up_to = np.cumsum(odds, axis=1)
        point = view.draw * up_to[view.group, -1]
        drawn = (up_to[view.group] <= point[:, None]).sum(axis=1)
        some = up_to[view.group, -1] > 0
        return np.asarray(np.where(some, np.minimum(drawn, odds.shape[1] - 1), view.method), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prestige:
    """The method of the agent with the shortest mean time of all whom the agent sees, whatever it owes that to."""

    def choose(self, view: SocialView) -> Ints:
        """See :class:`SocialStrategy`."""
        leader = view.leader[view.group]
        return np.asarray(np.where(leader < 0, view.method, leader), np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyWhenUncertain:
    """Payoff-biased copying until the agent itself knows enough, then its own judgment.

    Attributes:
        sure_tasks: tasks with its own best method from which it trusts itself.
    """

    sure_tasks: float = 100.0

    def __post_init__(self) -> None:
        require(self.sure_tasks > 0, "learning.social.sure_tasks", self.sure_tasks, "above 0")

    def choose(self, view: SocialView) -> Ints:
        """See :class:`SocialStrategy`."""
        own = fastest(view.tasks, view.time, view.method)
        known = view.tasks[np.arange(len(own)), own]
        return np.asarray(np.where(known < self.sure_tasks, PayoffBiased().choose(view), own), np.int64)
