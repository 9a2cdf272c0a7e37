"""What clusters know: the tasks in their agents' hands, their figures, and the rules that hold in them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ...arrays import Bytes, Floats, Floats32, Ints, Ints32
from .tasks import Cards, blank_cards


class Hands(NamedTuple):
    """The task in each agent's hands; meaningful where the agent is busy or draining.

    Attributes:
        cards: `[Q, S]` all that the task carries.
        service: `[Q, S]` s that the agent needs.
    """

    cards: Cards
    service: Floats32

    @classmethod
    def empty(cls, clusters: int, slots: int) -> Hands:
        """Empty hands."""
        return cls(blank_cards(clusters, slots), np.zeros((clusters, slots), np.float32))

    def longer(self, clusters: int) -> Hands:
        """These hands and empty ones of so many more clusters."""
        more = Hands.empty(clusters, self.service.shape[1])
        return Hands.of(
            np.concatenate([self.cards.real, more.cards.real]), np.concatenate([self.service, more.service])
        )

    @classmethod
    def of(cls, real: Floats, service: Floats32) -> Hands:
        """Hands from the memory of their cards."""
        return cls(Cards(real, real.view(np.int64)), service)

    def plain(self) -> tuple[Any, ...]:
        """The same as plain tuples."""
        return tuple(self.cards), self.service

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return self.cards.real.nbytes + self.service.nbytes

    @property
    def uid(self) -> Ints:
        """`[Q, S]` the task's key."""
        return self.cards.whole[..., 1]

    @property
    def arrived(self) -> Floats:
        """`[Q, S]` s."""
        return self.cards.real[..., 0]

    @property
    def work(self) -> Floats:
        """`[Q, S]` s of a unit-speed agent."""
        return self.cards.real[..., 2]

    @property
    def back(self) -> Floats32:
        """`[Q, S]` s, latency of the answer."""
        return (self.cards.whole[..., 3] >> 32).astype(np.int32).view(np.float32)

    @property
    def meta(self) -> Ints32:
        """`[Q, S]` class, entry node, attempts."""
        return (self.cards.whole[..., 3] & 0x7FFFFFFF).astype(np.int32)


class ClusterState(NamedTuple):
    """What is known of each cluster at a tick's end.

    Attributes:
        waiting: `[Q]` tasks in the queue.
        in_service: `[Q]` tasks in agents' hands.
        ready: `[Q]` idle and busy agents.
        backlog_s: `[Q]` s of unit-speed work waiting plus agent-seconds left in hands.
        busy_t: `[Q]` agent time in service so far, in 2**-20 s.
        ready_t: `[Q]` agent time ready so far, in 2**-20 s.
        completed: `[Q]` tasks completed so far.
        ends_t: `[Q]` summed ends of the tasks in hands, in 2**-20 s.
        response_t: `[Q]` summed response times of answered tasks, in 2**-20 s.
        useful_t: `[Q]` summed pure service times of answered tasks, at most their times in hands, in 2**-20 s.
    """

    waiting: Ints
    in_service: Ints
    ready: Ints
    backlog_s: Floats
    busy_t: Ints
    ready_t: Ints
    completed: Ints
    ends_t: Ints
    response_t: Ints
    useful_t: Ints

    @classmethod
    def empty(cls, clusters: int) -> ClusterState:
        """Nothing known yet."""
        columns: list[Any] = [np.zeros(clusters, np.float64 if i == 3 else np.int64) for i in range(10)]
        return cls(*columns)


class Rule(NamedTuple):
    """What rules hold in the clusters.

    Attributes:
        bound: tasks that may wait in a cluster; more are dropped.
        overhead: `[Q]` factor of coordination on every service time, >= 1.
        messages: `[Q]` messages that coordination costs a task.
        channel: the channel in which they are counted.
        message_bytes: bytes of each.
        answers: 1 if the keys of answered tasks are wanted for the caches.
        closed: `[Q]` 1 where no task is begun, since nobody leads.
        ways: agents that a large task is split over at most; 1: none is split.
        from_s: work from which a task is large, s of a unit-speed agent.
        join_s: time that splitting it and joining its parts takes, s.
        helpers: 1 while agents help with parts of tasks, even if no more are split.
    """

    bound: int
    overhead: Floats
    messages: Ints
    channel: int
    message_bytes: int
    answers: int
    closed: Bytes
    ways: int
    from_s: float
    join_s: float
    helpers: int
