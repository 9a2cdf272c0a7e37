"""Agents on their way: ordered, canceled, ready after the start-up time, or out of a warm pool sooner."""

from __future__ import annotations

from collections import deque
from math import inf


class Pipeline:
    """Numbers of agents by state, in steps.

    Agents that start one after another are ready one after another, since all starts take equally long; so each
    queue below is in the order of readiness.

    Attributes:
        ready: agents idle or busy.
        warm: agents in the warm pool.
        starting: agents on their way to ready, cold or out of the pool.
        refilling: agents on their way to the pool.
        due: the step in which the next ones are where they go; infinite while nobody is on the way.
    """

    def __init__(self, *, ready: int, startup: int, activation: int = 0, pool: int = 0) -> None:
        self.ready = ready
        self.warm = self._pool = pool
        self.starting = self.refilling = 0
        self.due = inf
        self._startup, self._activation = startup, activation
        self._cold: deque[list[int]] = deque()
        self._waking: deque[list[int]] = deque()
        self._refills: deque[list[int]] = deque()
        self._queues = (self._cold, self._waking, self._refills)
        self._started = 0

    def advance(self, t: int) -> None:
        """Let agents become ready whose start is over at the beginning of step t."""
        for queue in (self._cold, self._waking):
            while queue and queue[0][0] <= t:
                count = queue.popleft()[1]
                self.starting -= count
                self.ready += count
        while self._refills and self._refills[0][0] <= t:
            count = self._refills.popleft()[1]
            self.refilling -= count
            self.warm += count
        self.due = min((queue[0][0] for queue in self._queues if queue), default=inf)

    def resize(self, wanted: int, t: int) -> int:
        """Make ready and starting agents as many as wanted; what takes no time is ready at once.

        Returns:
            By how much their number changed.
        """
        change = (wanted if wanted > 0 else 0) - self.ready - self.starting
        if change > 0:
            woken = min(change, self.warm)
            self.warm -= woken
            self._order(self._waking, woken, t + self._activation)
            self._order(self._cold, change - woken, t + self._startup)
            self._started += change - woken
            self.advance(t)
        elif change < 0:
            left = -change - self._cancel(self._cold, -change)
            woken = self._cancel(self._waking, left)
            self.warm += woken
            self.ready -= left - woken
        return change

    def refill(self, t: int) -> int:
        """Order what the warm pool lacks.

        Returns:
            Agents whose start began since the last call, the pool's among them.
        """
        lacking = self._pool - self.warm - self.refilling
        if lacking > 0:
            self._refills.append([t + self._startup, lacking])
            self.due = min(self.due, t + self._startup)
            self.refilling += lacking
            self._started += lacking
        started, self._started = self._started, 0
        return started

    def _order(self, queue: deque[list[int]], count: int, ready_at: int) -> None:
        if count:
            queue.append([ready_at, count])
            self.starting += count

    def _cancel(self, queue: deque[list[int]], count: int) -> int:
        """Call off the last orders first; return how many there were."""
        left = count
        while left and queue:
            order = queue[-1]
            off = min(order[1], left)
            order[1] -= off
            left -= off
            if not order[1]:
                queue.pop()
        self.starting -= count - left
        return count - left
