"""Participants from outside: a player or a script joins a market, sends orders and tasks, gets replies, leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ..arrays import Ints
from ..errors import ConfigError, UnknownChoiceError, require
from ..model.hosting import OUTCOMES
from .replies import Reply, TaskEnded

if TYPE_CHECKING:
    from .economy import Economy

SEATS, ORDERS = 16, 16
"""Participants at once, and orders that each can have at once."""
SIDES = ("buy", "sell")


class Message(NamedTuple):
    """What a participant sent to the book."""

    who: int
    order: int
    handle: int
    good: int
    side: int
    price: int
    quantity: int
    expects: int


class Participant:
    """A seat in a market, taken by :meth:`.economy.Economy.join`; calls are made between ticks.

    Attributes:
        name: of the participant.
        number: of the seat's taker, 1 or more; one is never given twice.
        here: whether the participant has not left.
        cash: balance, ticks; 0 at the start, credit is free.
        units: `[goods]` units held; short sales are free.
    """

    def __init__(self, economy: Economy, name: str, number: int, seat: int) -> None:
        self.name, self.number, self.seat, self.here = name, number, seat, True
        self.units: Ints = np.zeros(economy.setup.goods, np.int64)
        self.cash = 0
        self._economy = economy
        self._replies: list[Reply] = []
        self._handle: dict[int, Message] = {}
        self._orders = self._tasks = 0

    def order(self, side: Literal["buy", "sell"], price: int, quantity: int = 1, good: int = 0) -> int:
        """Send a limit order; it sets out now and enters the book when the fleet has served it.

        Args:
            side: buy or sell.
            price: limit, ticks.
            quantity: units, 1 or more.
            good: which market.

        Returns:
            Its number, by which replies, :meth:`amend` and :meth:`cancel` know it.

        Raises:
            ConfigError: if it cannot be used, or too many orders are open.
        """
        self._check(side, price, quantity, good)
        first = self._economy.setup.traders + self.seat * ORDERS
        taken = {one.handle for one in self._handle.values()}
        free = [h for h in range(first, first + ORDERS) if h not in taken]
        if not free:
            raise ConfigError(
                f"orders of {self.name} = {ORDERS}, but at most {ORDERS} can be open; cancel one"
            )
        self._orders += 1
        self._note("order", side=side, price=price, quantity=quantity, good=good)
        self._send(Message(self.number, self._orders, free[0], good, SIDES.index(side), price, quantity, -1))
        return self._orders

    def amend(self, order: int, price: int, quantity: int) -> None:
        """Replace an order by another of the same number; it queues anew.

        Raises:
            ConfigError: if there is no such order, or the new one cannot be used.
        """
        old = self._open(order)
        self._check(SIDES[old.side], price, quantity, old.good)
        self._note("amend", order=order, price=price, quantity=quantity)
        so_far = int(self._economy.book.resting.traded[old.handle])
        self._send(old._replace(price=price, quantity=quantity, expects=so_far))

    def cancel(self, order: int) -> None:
        """Take an order back, once that has been served too.

        Raises:
            ConfigError: if there is no such order.
        """
        old = self._open(order)
        self._note("cancel", order=order)
        self._send(old._replace(quantity=0, expects=-1))

    def task(self, kind: str, work_s: float) -> int:
        """Send a task that is no order.

        Args:
            kind: a class of the fleet, or a kind of the economy.
            work_s: s of a unit-speed agent.

        Returns:
            Its number.

        Raises:
            ConfigError: if it cannot be used.
        """
        self._present()
        number = self._tasks + 1
        self._economy.arena.submit(self.number, kind, np.array([work_s], np.float64), np.array([number]))
        self._tasks = number
        self._note("task", kind=kind, work_s=float(work_s))
        return number

    @property
    def open_orders(self) -> tuple[int, ...]:
        """Numbers of the orders that are in the book or under way."""
        return tuple(sorted(self._handle))

    def replies(self) -> list[Reply]:
        """What has come since the last call, in the order in which it came."""
        fates = self._economy.arena.taken(self.number)
        for token, outcome, at_s, latency_ms in (
            zip(*(c.tolist() for c in fates), strict=True) if fates else ()
        ):
            self._replies.append(
                TaskEnded(task=token, at_s=at_s, outcome=OUTCOMES[outcome], latency_ms=latency_ms)
            )
        out, self._replies = sorted(self._replies, key=lambda reply: reply.at_s), []
        return out

    def leave(self) -> None:
        """Go. Orders in the book are taken out, those under way are void, and no reply comes any more."""
        self._present()
        self._note("leave")
        self._economy.seats.vacate(self)
        self.here = False

    # -- inside -------------------------------------------------------------------------------------------------

    def _present(self) -> None:
        if not self.here:
            raise ConfigError(f"{self.name} has left; join again")

    def _check(self, side: str, price: Any, quantity: Any, good: Any) -> None:
        self._present()
        if side not in SIDES:
            raise UnknownChoiceError("side of an order", side, SIDES)
        book = self._economy.book
        for name, value, low, high in (
            ("price", price, 1, book.prices), ("quantity", quantity, 1, 2**31), ("good", good, 0, book.goods - 1),
        ):  # fmt: skip
            right = isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
            require(right, f"order.{name}", repr(value), f"a whole number from {low} to {high}")

    def _open(self, order: int) -> Message:
        self._present()
        if order not in self._handle:
            raise ConfigError(f"order = {order!r}, but {self.name} has open: {sorted(self._handle)}")
        return self._handle[order]

    def _send(self, message: Message) -> None:
        self._handle[message.order] = message
        self._economy.seats.sent.append(message)

    def _note(self, what: str, **how: Any) -> None:
        self._economy.inputs.append(
            {"tick": self._economy.arena.ticks, "who": self.number, "what": what, **how}
        )

    def _told(self, reply: Reply) -> None:
        self._replies.append(reply)
