"""Tasks that are sent anew: lost from sight, kept by their entry node until they are tried again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from ... import rng
from ...arrays import Bools, Floats, Ints, Ints32, kernel
from ...rng import draw, unit32
from ..flow.tasks import ENTRY_SHIFT, MAX_NODES, ORIGIN, SENDING_SHIFT, Columns, Pool, Tasks
from .settings import Recovery


@dataclass(slots=True)
class Resending:
    """The tasks that wait to be sent anew, and the law of that wait.

    A task that got no answer is sent again after ``resend_s``, and after ``backoff`` times as long with each time, at
    most ``longest_s``; a share ``jitter`` of the wait is drawn, so that tasks lost together do not come back together.
    Each sending is a task of its own to all random draws, since its key counts the sendings.

    Source:
        Exponential backoff with jitter: Brooker (2015), "Exponential Backoff And Jitter", AWS Architecture Blog.

    Attributes:
        recovery: the law.
        key: Philox key of the stream.
        tasks: those that wait; ``at`` is when each enters ingress again, ``place`` its entry node.
    """

    recovery: Recovery
    key: np.uint64
    tasks: Tasks = field(default_factory=lambda: Pool(0).used())

    @classmethod
    def build(cls, recovery: Recovery, root_seed: int) -> Resending:
        """Nothing waits yet."""
        return cls(recovery, rng.key(root_seed, "resending"))

    def __len__(self) -> int:
        return len(self.tasks.uid)

    def add(self, tasks: Tasks) -> Bools:
        """Take in tasks of which it is clear since ``at`` that they are lost.

        Returns:
            `[n]` which of them may not be sent again; they are not taken in.
        """
        spent = np.asarray((tasks.uid >> SENDING_SHIFT) >= self.recovery.retries)
        kept = Tasks._make(column[~spent].copy() for column in cast(Columns, tasks))
        uid = kept.uid + (np.int64(1) << SENDING_SHIFT)
        at = kept.at + self.waits(uid)
        meta = kept.meta & np.int32(0xFFFF)  # the attempts of agents begin anew
        entry = (kept.meta >> ENTRY_SHIFT) & (MAX_NODES - 1)
        back = np.empty(len(uid), np.float32)
        homes_of(uid, self.key, back)
        again = kept._replace(uid=uid, at=at, meta=meta, place=entry.astype(np.int32), back=back)
        self.tasks = joined(self.tasks, again)
        return spent

    def waits(self, uid: Ints) -> Floats:
        """`[n]` s, from the moment that tasks are lost until they are sent again, by their new keys."""
        r = self.recovery
        times = (uid >> SENDING_SHIFT) - 1
        whole = np.minimum(r.resend_s * r.backoff ** times.astype(np.float64), r.longest_s)
        drawn = np.empty(len(uid))
        units_of(uid, self.key, drawn)
        return np.asarray(whole * (1.0 - r.jitter * drawn), np.float64)

    def due(self, end: float, begin: float, known: Bools) -> Tasks:
        """Take out the tasks that enter ingress again before ``end``, in the order of their keys.

        Those whose entry node is held to be dead enter at another one, drawn among those that are not.
        """
        now = self.tasks.at < end
        out = Tasks._make(column[now] for column in cast(Columns, self.tasks))
        self.tasks = Tasks._make(column[~now] for column in cast(Columns, self.tasks))
        order = np.lexsort((out.uid, out.at))
        out = Tasks._make(column[order].copy() for column in cast(Columns, out))
        out.at[:] = np.maximum(out.at, begin)
        dead = ~known[out.place]
        live = np.flatnonzero(known)
        if dead.any() and len(live):
            drawn = np.empty(int(dead.sum()))
            units_of(out.uid[dead], self.key ^ np.uint64(1), drawn)
            out.place[dead] = live[(drawn * len(live)).astype(np.int64)]
        place = out.place.astype(np.int32)
        out.meta[:] = with_entry(out.meta, place)
        return out

    def take(self, which: Bools) -> Tasks:
        """Take out some of the tasks that wait."""
        out = Tasks._make(column[which] for column in cast(Columns, self.tasks))
        self.tasks = Tasks._make(column[~which] for column in cast(Columns, self.tasks))
        return out

    def memory(self) -> dict[str, Any]:
        """The tasks, for a checkpoint."""
        return self.tasks._asdict()

    def remember(self, memory: dict[str, Any]) -> None:
        """Take back what :meth:`memory` gave."""
        self.tasks = Tasks(**memory)


def joined(first: Tasks, second: Tasks) -> Tasks:
    """Two lots of tasks as one."""
    return Tasks._make(
        np.concatenate(pair) for pair in zip(cast(Columns, first), cast(Columns, second), strict=True)
    )


def with_entry(meta: Ints32, entry: Ints32) -> Ints32:
    """`[n]` class, entry node and attempts of tasks that enter at another node."""
    return (meta & np.int32(~((MAX_NODES - 1) << ENTRY_SHIFT))) | (entry << ENTRY_SHIFT)


def origins(uid: Ints) -> Ints:
    """`[n]` keys of tasks as they arrived."""
    return uid & ORIGIN


@kernel
def units_of(uid: Ints, key: np.uint64, out: Floats) -> None:
    """`[n]` a number in (0, 1) for each key."""
    for i in range(len(uid)):
        out[i] = unit32(draw(uid[i], 10, key)[0])


@kernel
def homes_of(uid: Ints, key: np.uint64, out: np.ndarray[Any, Any]) -> None:
    """`[n]` the draw from which each task's home follows, as arrivals carry one."""
    for i in range(len(uid)):
        out[i] = np.float32(unit32(draw(uid[i], 11, key)[0]) * 0.9999999)
