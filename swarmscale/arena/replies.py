"""What a participant is told."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Acknowledged:
    """An order, an amendment or a cancel has reached the book.

    Attributes:
        order: its number.
        at_s: when, s.
        latency_ms: from sending until then.
        void: whether it was an amendment that came too late: the order has traded meanwhile, and is as it was.
    """

    order: int
    at_s: float
    latency_ms: float
    void: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """An order has traded.

    Attributes:
        order: its number.
        at_s: when, s.
        price: ticks.
        quantity: units.
        left: units of it that stand in the book at the tick's end.
    """

    order: int
    at_s: float
    price: int
    quantity: int
    left: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """An order never reached the book.

    Attributes:
        order: its number.
        at_s: when that was known, s.
        outcome: of :data:`swarmscale.model.hosting.OUTCOMES`.
    """

    order: int
    at_s: float
    outcome: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Expired:
    """An order was taken out of the book: its period has ended, or the rules of the market took it out.

    Attributes:
        order: its number.
        at_s: when that was told, s.
    """

    order: int
    at_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskEnded:
    """A task that is no order has ended.

    Attributes:
        task: its number.
        at_s: when, s.
        outcome: of :data:`swarmscale.model.hosting.OUTCOMES`.
        latency_ms: from sending until then.
    """

    task: int
    at_s: float
    outcome: str
    latency_ms: float


type Reply = Acknowledged | Filled | Lost | Expired | TaskEnded
