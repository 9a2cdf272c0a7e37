"""The seats of a market: participants' messages on their way to the book, and what comes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..arrays import Bools, Floats, Ints
from ..errors import ConfigError
from ..model.hosting import COMPLETED, OUTCOMES, Fates
from .book import BUY, Orders, Trades
from .participant import ORDERS, SEATS, Message, Participant
from .port import NO_DEMAND, Demand, Turn
from .replies import Acknowledged, Expired, Filled, Lost
from .traders import KINDS, ORDER

if TYPE_CHECKING:
    from .economy import Economy


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
