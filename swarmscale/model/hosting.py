"""Hosting: tasks that another program submits, and what became of each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..arrays import Bytes, Floats, Ints
from .flow.arrivals import replay_rows
from .flow.ledger import DROPS, Count
from .flow.tasks import HOSTED_SHIFT
from .given import Given, checked

if TYPE_CHECKING:
    from .flow.engine import TaskFlow
    from .swarm import SwarmModel

OUTCOMES = ("completed", *(one.name.removeprefix("DROPPED_").lower() for one in DROPS), "refused")
"""What becomes of a task that a host submits; the middle ones are reasons for which tasks are dropped."""
COMPLETED, REFUSED = 0, len(OUTCOMES) - 1
_OUTCOME = np.zeros(len(Count), np.uint8)
_OUTCOME[[int(one) for one in DROPS]] = 1 + np.arange(len(DROPS))
_MARK = np.int64(1) << HOSTED_SHIFT


class Fates(NamedTuple):
    """What became of tasks that a host submitted, in the order in which they ended, then by token.

    Attributes:
        token: `[n]` the host's own names of the tasks.
        outcome: `[n]` places in :data:`OUTCOMES`.
        finish_s: `[n]` s, when the answer was back at the entry node, or the task was dropped or refused.
        latency_ms: `[n]` ms from the task's arrival until then.
    """

    token: Ints
    outcome: Bytes
    finish_s: Floats
    latency_ms: Floats

    @property
    def completed(self) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """`[n]` which were answered."""
        return np.asarray(self.outcome == COMPLETED, np.bool_)

    @classmethod
    def joined(cls, lots: Sequence[Fates]) -> Fates:
        """Several lots as one."""
        return cls._make(np.concatenate(columns) for columns in zip(*lots, strict=True))

    def take(self, which: Any) -> Fates:
        """Some of them, by index or mask."""
        return Fates._make(np.asarray(column)[which] for column in self)

    def counts(self) -> dict[str, int]:
        """Tasks of each outcome, those that there are none of included."""
        found = np.bincount(self.outcome, minlength=len(OUTCOMES))
        return dict(zip(OUTCOMES, found.tolist(), strict=True))


NO_FATES = Fates(np.zeros(0, np.int64), np.zeros(0, np.uint8), np.zeros(0), np.zeros(0))


class Receipt(NamedTuple):
    """What became of a call that submits tasks.

    Attributes:
        tokens: `[n]` the tasks' names, given or made.
        accepted: tasks that are on their way.
        refused: tasks for which there was no room; the last ones of the call. They come back as refused.
    """

    tokens: Ints
    accepted: int
    refused: int


@dataclass(slots=True)
class Hosting:
    """The tasks that a host submitted to a model, from then until their fates are collected.

    Each token comes back exactly once, so that ``submitted`` is what was completed, dropped or refused so far and
    ``open``, whatever happens to the fleet.

    Attributes:
        limit: tasks that may be open at most; more are refused. None: no limit.
        submitted: tasks submitted so far, those refused included.
        collected: `[len(OUTCOMES)]` tasks whose fates were collected so far.
    """

    limit: int | None = None
    submitted: int = 0
    collected: Ints = field(default_factory=lambda: np.zeros(len(OUTCOMES), np.int64))
    _first: int = 0
    _token: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    _at: Floats = field(default_factory=lambda: np.zeros(0))
    _ended: np.ndarray[Any, np.dtype[np.bool_]] = field(default_factory=lambda: np.zeros(0, np.bool_))
    _n: int = 0
    _told: list[Fates] = field(default_factory=list)

    @property
    def open(self) -> int:
        """Tasks submitted whose fates were not collected yet."""
        return self.submitted - int(self.collected.sum())

    def submit(
        self,
        model: SwarmModel,
        kind: str | int | Sequence[str] | Ints,
        work_s: float | Floats,
        token: Ints | None = None,
        at_s: float | Floats | None = None,
        entry: int | Ints | None = None,
    ) -> Receipt:
        """Give tasks to a fleet; see :meth:`swarmscale.SwarmModel.submit`."""
        tasks = checked(model, kind, work_s, token, at_s, entry)
        n, now = len(tasks.at), model.now_s
        tokens = self.submitted + np.arange(n, dtype=np.int64) if tasks.token is None else tasks.token
        room = n if self.limit is None else max(min(self.limit - self.open, n), 0)
        self.submitted += n
        if room < n:
            late = n - room
            self._told.append(
                Fates(tokens[room:], np.full(late, REFUSED, np.uint8), np.full(late, now), np.zeros(late))
            )
        if room:
            self._enter(model.flow, tasks, tokens[:room])
        return Receipt(tokens, room, n - room)

    def collect(self, now_s: float, flow: TaskFlow) -> Fates:
        """The fates of tasks that ended before a time; see :meth:`swarmscale.SwarmModel.collect`."""
        self._gather(flow)
        if not self._told:
            return NO_FATES
        told = Fates.joined(self._told)
        now = told.finish_s <= now_s
        self._told = [] if now.all() else [told.take(~now)]
        out = told.take(now)
        out = out.take(np.lexsort((out.token, out.finish_s)))
        self.collected += np.bincount(out.outcome, minlength=len(OUTCOMES))
        return out

    # -- into the flow and out of it ----------------------------------------------------------------------------

    def _enter(self, flow: TaskFlow, tasks: Given, tokens: Ints) -> None:
        """Put tasks into the pool of those that come to ingress."""
        m, pool, demand = len(tokens), flow.pools[0], flow.demand
        self._gather(flow)
        self._forget()
        base = self._first + self._n
        self._remember(tokens, tasks.at[:m])
        pool.n = replay_rows(
            tasks.at, tasks.entry, tasks.kind, tasks.work, 0, m, 0.0, -np.inf, int(_MARK | base),
            demand.entry_share, False, False, demand.marks, pool.reserve(pool.n + m), pool.n,
        )  # fmt: skip
        held = self._n
        if held > len(flow.ledger.told_uid):
            size = held * 3 // 2
            flow.ledger = flow.ledger._replace(
                told_uid=np.zeros(size, np.int64), told_at=np.zeros(size), told_why=np.zeros(size, np.uint8)
            )

    def _remember(self, tokens: Ints, at: Floats) -> None:
        """Write down the names and arrivals of tasks that set out."""
        m, n = len(tokens), self._n
        if n + m > len(self._token):
            size = (n + m) * 3 // 2
            self._token, self._at = _longer(self._token, size), _longer(self._at, size)
            self._ended = _longer(self._ended, size)
        self._token[n : n + m], self._at[n : n + m], self._ended[n : n + m] = tokens, at, False
        self._n = n + m

    def _forget(self) -> None:
        """Give up the rows of tasks that ended, once those are most of the book."""
        done = int(np.argmin(self._ended[: self._n])) if not self._ended[: self._n].all() else self._n
        if 2 * done < self._n or done < 1024:
            return
        left = self._n - done
        for column in (self._token, self._at, self._ended):
            column[:left] = column[done : self._n].copy()
        self._first, self._n = self._first + done, left

    def _gather(self, flow: TaskFlow) -> None:
        """Take over what the flow has told of ended tasks."""
        ledger = flow.ledger
        n = int(ledger.told_used[0])
        if not n:
            return
        row = (ledger.told_uid[:n] ^ _MARK) - self._first
        finish = ledger.told_at[:n].copy()
        self._ended[row] = True
        self._told.append(
            Fates(self._token[row], _OUTCOME[ledger.told_why[:n]], finish, 1000 * (finish - self._at[row]))
        )
        ledger.told_used[0] = 0

    # -- checkpoints --------------------------------------------------------------------------------------------

    def arrays(self, flow: TaskFlow) -> dict[str, np.ndarray[Any, Any]]:
        """All that changes, for a checkpoint."""
        self._gather(flow)
        told = Fates.joined(self._told or [NO_FATES])
        n = self._n
        limit = -1 if self.limit is None else self.limit
        return {
            "numbers": np.array([limit, self.submitted, self._first], np.int64),
            "collected": self.collected,
            "token_of": self._token[:n],
            "at": self._at[:n],
            "ended": self._ended[:n],
        } | told._asdict()

    def take(self, arrays: dict[str, np.ndarray[Any, Any]], flow: TaskFlow) -> None:
        """Take back what :meth:`arrays` gave."""
        limit, self.submitted, self._first = arrays["numbers"].tolist()
        self.limit = None if limit < 0 else limit
        self.collected = arrays["collected"]
        self._token, self._at, self._ended = (
            arrays["token_of"],
            arrays["at"],
            arrays["ended"].astype(np.bool_),
        )
        self._n = len(self._token)
        told = Fates(*(arrays[name] for name in Fates._fields))
        self._told = [told] if len(told.token) else []
        size = max(self._n, 1)
        flow.ledger = flow.ledger._replace(
            told_uid=np.zeros(size, np.int64), told_at=np.zeros(size), told_why=np.zeros(size, np.uint8)
        )


def _longer(column: np.ndarray[Any, Any], size: int) -> np.ndarray[Any, Any]:
    out = np.zeros(size, column.dtype)
    out[: len(column)] = column
    return out
