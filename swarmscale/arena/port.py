"""The port: what a host economy and a fleet hand each other, once a tick."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from ..arrays import Bytes, Floats, Ints
from ..errors import ConfigError, require
from ..model.hosting import Fates

SOURCE_SHIFT = 40
"""Tokens of one source lie below ``2**40``; the bits above say whose a token is: 0 is the host."""


class Turn(NamedTuple):
    """When a host is asked, and how much room there is.

    Attributes:
        now_s: begin of the tick, s.
        dt: its length, s.
        open: tasks that are under way or wait.
        room: tasks that the fleet takes before it refuses some; a host that heeds it loses none.
    """

    now_s: float
    dt: float
    open: int
    room: int


class Demand(NamedTuple):
    """What a host wants in one tick: one row a task.

    Attributes:
        at_s: `[n]` s, when each sets out; now or later.
        kind: `[n]` places in the host's ``kinds``.
        work_s: `[n]` s of a unit-speed agent, above 0.
        token: `[n]` the host's own names, 0 or more and below ``2**40``; each comes back once.
    """

    at_s: Floats
    kind: Ints
    work_s: Floats
    token: Ints


NO_DEMAND = Demand(np.zeros(0), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64))


class Report(NamedTuple):
    """What a host is told at a tick's end.

    Attributes:
        now_s: end of the tick, s.
        fates: of its tasks that ended in the tick, in the order of finish.
        decisions: what the fleet decided or suffered in the tick: events of :mod:`swarmscale.orchestrator.events`.
        cost: agent-seconds that were paid for in the tick.
    """

    now_s: float
    fates: Fates
    decisions: tuple[Any, ...]
    cost: float


class Host(Protocol):
    """A simulation whose transactions a fleet serves.

    Write a class with these three; nothing need be inherited. :class:`.economy.Economy` is one.
    """

    @property
    def kinds(self) -> Sequence[str]:
        """Names of its kinds of transactions."""
        ...

    def demand(self, turn: Turn) -> Demand:
        """What sets out in the tick that begins."""
        ...

    def served(self, report: Report) -> None:
        """What has ended in the tick; nothing need be done with it."""
        ...


class HostError(RuntimeError):
    """A host's callback failed; the fleet is as usable as before.

    Attributes:
        callback: ``demand`` or ``served``.
        report: what ``served`` was told when it failed, so that it can be told again; None for ``demand``.
    """

    def __init__(self, callback: str, cause: Exception, now_s: float, report: Report | None = None) -> None:
        after = (
            "nothing of this tick was submitted and no time has passed"
            if report is None
            else "the tick is over; its report is in .report"
        )
        what = f"{type(cause).__name__}: {cause}"
        super().__init__(f"host.{callback} failed at {now_s:g} s: {what} ({after})")
        self.callback, self.report = callback, report


@dataclass(slots=True, kw_only=True)
class Balance:
    """Where all tasks are: ``submitted == ended + open`` at all times.

    Attributes:
        submitted: tasks given to the fleet, refused ones included.
        ended: `[len(OUTCOMES)]` tasks that came back, by outcome.
        by_kind: `[kinds]` tasks of the host that were submitted, by its kinds.
    """

    submitted: int = 0
    ended: Ints
    by_kind: Ints

    @property
    def open(self) -> int:
        """Tasks that have not come back."""
        return self.submitted - int(self.ended.sum())


def checked(demand: Any, kinds: int, now_s: float) -> Demand:
    """A host's demand, if it can be used.

    Raises:
        ConfigError: naming the field that cannot.
    """
    if demand is None:
        return NO_DEMAND
    if not isinstance(demand, Demand):
        raise ConfigError(f"host.demand gave a {type(demand).__name__}, but it must be a Demand or None")
    columns = [_column(name, values) for name, values in demand._asdict().items()]
    n = len(columns[0])
    for name, column in zip(Demand._fields, columns, strict=True):
        require(len(column) == n, f"demand.{name}", f"{len(column)} values", f"{n} values, as at_s has")
    at, kind, work, token = columns
    _all("at_s", at, np.isfinite(at) & (at >= now_s), f"finite and {now_s:g}, the present time, or later")
    _all("kind", kind, (kind >= 0) & (kind < kinds), f"from 0 to {kinds - 1}, a place in host.kinds")
    _all("work_s", work, np.isfinite(work) & (work > 0), "finite and above 0")
    _all("token", token, (token >= 0) & (token < 1 << SOURCE_SHIFT), f"from 0 to 2**{SOURCE_SHIFT} - 1")
    return Demand(
        at.astype(np.float64), kind.astype(np.int64), work.astype(np.float64), token.astype(np.int64)
    )


def _column(name: str, values: Any) -> np.ndarray[Any, np.dtype[Any]]:
    wanted = "numbers" if name in ("at_s", "work_s") else "whole numbers"
    try:
        column = np.asarray(values)
    except (ValueError, TypeError):
        raise ConfigError(f"demand.{name} is no array of {wanted}") from None
    fits = column.dtype.kind in ("iuf" if wanted == "numbers" else "iu") or column.size == 0
    require(column.ndim == 1, f"demand.{name}", f"an array of shape {column.shape}", "flat")
    require(fits, f"demand.{name}", f"an array of {column.dtype}", wanted)
    return column


def _all(name: str, values: Any, right: Any, wanted: str) -> None:
    if not right.all():
        i = int(np.argmin(right))
        require(False, f"demand.{name}[{i}]", values[i], wanted)


def of_source(fates: Fates, source: int) -> Fates:
    """The fates of one source's tasks, with its own tokens."""
    whose = fates.token >> SOURCE_SHIFT
    if source == 0 and not whose.any():
        return fates
    mine = fates.take(whose == source)
    return mine._replace(token=mine.token & ((1 << SOURCE_SHIFT) - 1))


def kind_numbers(kinds: Sequence[str], classes: Sequence[str], table: dict[str, str] | None) -> Ints:
    """`[kinds]` which of the fleet's classes serves each of the host's kinds.

    Args:
        kinds: the host's.
        classes: the fleet's; empty if it takes any.
        table: class for each kind whose name differs.

    Raises:
        UnknownChoiceError: if a name stands on neither list.
    """
    from ..errors import UnknownChoiceError

    table = table or {}
    for name in table:
        if name not in kinds:
            raise UnknownChoiceError("kind of the host", name, kinds)
    if not classes:
        return np.arange(len(kinds), dtype=np.int64)
    out = []
    for kind in kinds:
        name = table.get(kind, kind)
        if name not in classes:
            raise UnknownChoiceError("class of tasks", name, classes)
        out.append(list(classes).index(name))
    return np.array(out, np.int64)


def digest_of(fates: Fates) -> tuple[bytes, ...]:
    """The bytes of fates, for a digest of the run."""
    outcome: Bytes = np.ascontiguousarray(fates.outcome)
    return fates.token.tobytes(), outcome.tobytes(), fates.finish_s.tobytes(), fates.latency_ms.tobytes()
