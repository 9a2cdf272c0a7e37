"""Tasks on their way, as arrays: what a task carries, and buffers that hold many."""

from __future__ import annotations

from typing import Any, NamedTuple, Self, cast

import numpy as np

from ...arrays import Floats, Floats32, Ints, Ints32, kernel

CLASS_BITS, ENTRY_BITS, ATTEMPT_BITS = 4, 12, 4
ENTRY_SHIFT = CLASS_BITS
ATTEMPT_SHIFT = CLASS_BITS + ENTRY_BITS
MAX_CLASSES, MAX_NODES, MAX_ATTEMPTS = 1 << CLASS_BITS, 1 << ENTRY_BITS, (1 << ATTEMPT_BITS) - 1
SENDING_SHIFT = 58
"""From here on a task's key holds how often it was sent anew, so that each sending has draws of its own."""
HOSTED_SHIFT = 57
"""The bit of a task's key that says that a host submitted it; the bits below number such tasks."""
ORIGIN = (1 << SENDING_SHIFT) - 1
"""The bits of a task's key that name the task, however often it was sent."""


type Columns = tuple[np.ndarray[Any, Any], ...]


class Tasks(NamedTuple):
    """Tasks as columns; `n` rows of a longer buffer are in use.

    Attributes:
        at: `[cap]` s, when the task is, or will be, at its present station.
        arrived: `[cap]` s, when it arrived at its entry node.
        uid: `[cap]` the arrival's key: sendings << 58 | bin << 32 | entry << 20 | number in the bin; of a host's
            tasks sendings << 58 | 1 << 57 | number.
        work: `[cap]` seconds of a unit-speed agent.
        back: `[cap]` s, latency of the answer's way back to the entry node.
        meta: `[cap]` class, entry node and attempts in one integer.
        place: `[cap]` station: entry node, home node or cluster.
    """

    at: Floats
    arrived: Floats
    uid: Ints
    work: Floats
    back: Floats32
    meta: Ints32
    place: Ints32


class Pool:
    """A buffer of tasks that grows; the first ``n`` rows are in use."""

    def __init__(self, capacity: int = 1024) -> None:
        self.n = 0
        self.tasks = blank(capacity)

    def reserve(self, rows: int) -> Tasks:
        """Room for ``rows`` in all, keeping the rows in use."""
        if rows > len(self.tasks.at):
            bigger = blank(max(rows, len(self.tasks.at) * 3 // 2))
            for old, new in zip(cast(Columns, self.tasks), cast(Columns, bigger), strict=True):
                new[: self.n] = old[: self.n]
            self.tasks = bigger
        return self.tasks

    def used(self) -> Tasks:
        """The rows in use, as views."""
        return Tasks._make(column[: self.n] for column in self.tasks)

    def replace(self, rows: Tasks) -> Self:
        """Hold these rows and no others."""
        self.n = 0
        mine = self.reserve(len(rows.at))
        for column, given in zip(cast(Columns, mine), cast(Columns, rows), strict=True):
            column[: len(given)] = given
        self.n = len(rows.at)
        return self


def blank(capacity: int) -> Tasks:
    """Columns for ``capacity`` tasks, not filled."""
    return Tasks(
        at=np.empty(capacity),
        arrived=np.empty(capacity),
        uid=np.empty(capacity, np.int64),
        work=np.empty(capacity),
        back=np.empty(capacity, np.float32),
        meta=np.empty(capacity, np.int32),
        place=np.empty(capacity, np.int32),
    )


class Cards(NamedTuple):
    """Tasks as cards of 32 bytes, so that all that travels with a task stands in one line of a processor's cache.

    Both arrays are the same memory, read as floats and as integers.

    Attributes:
        real: `[cap, 4]` arrival at the entry node in s, -, work in s of a unit-speed agent, -.
        whole: `[cap, 4]` -, the task's key, -, the way back (s, float32) above class, entry node and attempts.
    """

    real: Floats
    whole: Ints


class Blocks(NamedTuple):
    """Tasks from their way to dispatch on, node by node.

    Attributes:
        at: `[cap]` s, when the task is, or will be, at its present station.
        uid: `[cap]` its key.
        cards: `[cap]` all that it carries.
    """

    at: Floats
    uid: Ints
    cards: Cards

    def plain(self) -> tuple[Any, ...]:
        """The same as plain tuples."""
        return self.at, self.uid, tuple(self.cards)


def blank_blocks(rows: int) -> Blocks:
    """Room for so many tasks."""
    return Blocks(np.empty(rows), np.empty(rows, np.int64), blank_cards(rows))


def blank_cards(*shape: int) -> Cards:
    """Cards of no task."""
    real = np.zeros((*shape, 4))
    return Cards(real, real.view(np.int64))


@kernel
def write_card(cards: Cards, i: int, arrived: float, uid: int, work: float, back: float, meta: int) -> None:
    """Write what a task carries on card i."""
    cards.real[i, 0] = arrived
    cards.whole[i, 1] = uid
    cards.real[i, 2] = work
    cards.whole[i, 3] = (np.int64(np.float32(back).view(np.int32)) << 32) | np.int64(meta)


@kernel
def card_back(word: int) -> float:
    """Latency of the way back, s, from a card's last word."""
    return float(np.int32(word >> 32).view(np.float32))


@kernel
def card_meta(word: int) -> int:
    """Class, entry node and attempts from a card's last word."""
    return word & 0x7FFFFFFF


@kernel
def take_card(cards: Cards, i: int, at: float, place: int, target: Tasks, j: int) -> None:
    """Copy card i to row j of columns."""
    word = cards.whole[i, 3]
    target.at[j] = at
    target.arrived[j] = cards.real[i, 0]
    target.uid[j] = cards.whole[i, 1]
    target.work[j] = cards.real[i, 2]
    target.back[j] = card_back(word)
    target.meta[j] = card_meta(word)
    target.place[j] = place


@kernel
def copy_task(source: Tasks, i: int, target: Tasks, j: int) -> None:
    """Copy row i to row j of another buffer."""
    target.at[j] = source.at[i]
    target.arrived[j] = source.arrived[i]
    target.uid[j] = source.uid[i]
    target.work[j] = source.work[i]
    target.back[j] = source.back[i]
    target.meta[j] = source.meta[i]
    target.place[j] = source.place[i]


@kernel
def sendings(uid: int) -> int:
    """How often a task was sent anew."""
    return uid >> 58


@kernel
def origin(uid: int) -> int:
    """Key of a task as it arrived, however often it was sent."""
    return uid & 0x3FFFFFFFFFFFFFF


@kernel
def is_hosted(uid: int) -> bool:
    """Whether a host submitted a task."""
    return bool((uid >> 57) & 1)


@kernel
def task_class(meta: int) -> int:
    """Class of a task."""
    return meta & 15


@kernel
def task_entry(meta: int) -> int:
    """Entry node of a task."""
    return (meta >> 4) & 4095


@kernel
def pack(kind: int, entry: int) -> int:
    """Class and entry node in one integer, no attempt made yet."""
    return kind | (entry << 4)
