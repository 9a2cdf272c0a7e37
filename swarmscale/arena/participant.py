"""Participants from outside: a player or a script joins a market, sends orders and tasks, gets replies, leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from ..arrays import Bools, Bytes, Floats, Ints
from ..errors import ConfigError, UnknownChoiceError, require
from ..model.hosting import COMPLETED, OUTCOMES, Fates
from .book import BUY, SELL, Orders, Trades
from .port import NO_DEMAND, Demand, Turn
from .traders import KINDS, ORDER

if TYPE_CHECKING:
    from .economy import Economy

SEATS, ORDERS = 16, 16
"""Participants at once, and orders that each can have at once."""
SIDES = ("buy", "sell")


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


class Seats:
    """The participants of a market, and their messages under way.

    Attributes:
        present: by number.
        sent: messages that set out with the next tick.
    """

    def __init__(self, economy: Economy) -> None:
        self.present: dict[int, Participant] = {}
        self.sent: list[Message] = []
        self._economy = economy
        self._under_way: dict[int, Message] = {}
        self._messages = self._joined = 0

    def join(self, name: str) -> Participant:
        """Take a seat; see :meth:`.economy.Economy.join`."""
        taken = {one.seat for one in self.present.values()}
        free = [seat for seat in range(SEATS) if seat not in taken]
        if not free:
            raise ConfigError(
                f"participants = {SEATS}, but at most {SEATS} can be here; one must leave first"
            )
        self._joined += 1
        guest = Participant(self._economy, name, self._joined, free[0])
        self.present[guest.number] = guest
        self._economy.inputs.append({"tick": self._economy.arena.ticks, "what": "join", "name": name})
        return guest

    def vacate(self, guest: Participant) -> None:
        """Take all orders of a participant out."""
        del self.present[guest.number]
        self.sent = [one for one in self.sent if one.who != guest.number]
        first = self._economy.setup.traders + guest.seat * ORDERS
        handle = np.arange(first, first + ORDERS)
        zero, one = np.zeros(ORDERS, np.int64), np.ones(ORDERS, np.int64)
        self._economy.book.enter(
            Orders(handle, zero, zero.astype(np.uint8), one, zero, zero.astype(bool), zero - 1)
        )

    def demand(self, turn: Turn) -> Demand:
        """Messages that set out now."""
        if not self.sent:
            return NO_DEMAND
        n, traders = len(self.sent), self._economy.setup.traders
        token = traders + self._messages + np.arange(n)
        self._messages += n
        self._under_way.update(zip(token.tolist(), self.sent, strict=True))
        self.sent = []
        work = self._economy.setup.work_s[KINDS.index("order")]
        return Demand(np.full(n, turn.now_s), np.full(n, ORDER), np.full(n, work), token)

    def replace(self, rows: Ints, token: Ints, orders: Orders) -> Orders:
        """Put messages in place of the rows that belong to participants.

        Args:
            rows: `[m]` of ``orders`` that do.
            token: `[m]` theirs.
            orders: of the whole tick.
        """
        columns: list[Any] = [np.array(column) for column in orders]
        for row, name in zip(rows.tolist(), token.tolist(), strict=True):
            m = self._under_way[name]
            guest = self.present.get(m.who)
            if guest is None:  # has left: its seat may be another's by now, so nothing may be touched
                columns[6][row] = 2**62
                columns[0][row] = len(self._economy.book.resting.owner) - 1
                columns[4][row], columns[3][row] = 0, 1
                continue
            for column, value in zip(
                columns, (m.handle, m.good, m.side, m.price, m.quantity, True, m.expects), strict=True
            ):
                column[row] = value
        return Orders(*columns)

    def replied(
        self,
        fates: Fates,
        external: Bools,
        entered: dict[int, bool],
        trades: Trades,
        at_s: Floats,
        now_s: float,
    ) -> None:
        """Tell participants what became of their messages and orders.

        Args:
            fates: of the tick.
            external: `[n]` which are theirs.
            entered: whether the message of a token was not void.
            trades: of the tick.
            at_s: `[m]` s, when each trade was made.
            now_s: end of the tick, s.
        """
        explained = set[tuple[int, int]]()
        for token, outcome, when, latency_ms in zip(*(c.tolist() for c in fates.take(external)), strict=True):
            m = self._under_way.pop(token)
            guest = self.present.get(m.who)
            if guest is None:
                continue
            if outcome != COMPLETED:
                guest._told(Lost(order=m.order, at_s=when, outcome=OUTCOMES[outcome]))
                explained.add((m.who, m.order))
                continue
            void = not entered[token]
            guest._told(Acknowledged(order=m.order, at_s=when, latency_ms=latency_ms, void=void))
            if m.quantity == 0:
                explained.add((m.who, m.order))
        self.sweep(now_s, explained | self._fills(trades, at_s))

    def _fills(self, trades: Trades, at_s: Floats) -> set[tuple[int, int]]:
        traders, filled = self._economy.setup.traders, set()
        standing = self._economy.book.resting.quantity
        by_seat = {one.seat: one for one in self.present.values()}
        for side, handles in ((trades.taker_side, trades.taker), (1 - trades.taker_side, trades.maker)):
            for i in np.flatnonzero(handles >= traders).tolist():
                handle, units, price = int(handles[i]), int(trades.quantity[i]), int(trades.price[i])
                guest = by_seat[(handle - traders) // ORDERS]
                order = next(k for k, m in guest._handle.items() if m.handle == handle)
                sign = 1 if side[i] == BUY else -1
                guest.units[trades.good[i]] += sign * units
                guest.cash -= sign * units * price
                left = int(standing[handle])
                guest._told(Filled(order=order, at_s=float(at_s[i]), price=price, quantity=units, left=left))
                filled.add((guest.number, order))
        return filled

    def sweep(self, now_s: float, explained: set[tuple[int, int]] | None = None) -> None:
        """Forget orders that are neither in the book nor under way; tell of those whose end was not told."""
        moving = {(m.who, m.order) for m in (*self._under_way.values(), *self.sent)}
        standing = self._economy.book.resting.quantity
        for guest in self.present.values():
            for order, m in list(guest._handle.items()):
                if (m.who, order) in moving or standing[m.handle] > 0:
                    continue
                del guest._handle[order]
                if explained is None or (m.who, order) not in explained:
                    guest._told(Expired(order=order, at_s=now_s))


def sides_of(buys: Bools) -> Bytes:
    """`[n]` side of each trader's orders."""
    return np.where(buys, BUY, SELL).astype(np.uint8)
