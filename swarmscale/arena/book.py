"""A limit order book: price and time decide, and a batch of orders is one call."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..arrays import Bools, Bytes, Floats, Ints, Ints32, kernel
from ..errors import require

BUY, SELL = 0, 1
_NONE = np.int32(-1)


class Orders(NamedTuple):
    """Orders in the order in which they reach the book.

    Attributes:
        handle: `[n]` place in the book that the order takes, 0 to ``handles - 1``. What rests there is taken out
            first, so that an order amends the one before it; one of quantity 0 cancels it.
        good: `[n]` which market.
        side: `[n]` :data:`BUY` or :data:`SELL`.
        price: `[n]` limit, in whole ticks from 1 to ``prices``.
        quantity: `[n]` units, 0 or more.
        rests: `[n]` whether what is not filled at once stays in the book.
        expects: `[n]` units that the handle has traded so far, or the order is void, as an amendment that crosses
            with a trade; -1: it enters in any case.
    """

    handle: Ints
    good: Ints
    side: Bytes
    price: Ints
    quantity: Ints
    rests: Bools
    expects: Ints


class Trades(NamedTuple):
    """Trades in the order in which they were made.

    Attributes:
        order: `[m]` row of the order of the batch that came and took.
        taker: `[m]` its handle.
        maker: `[m]` handle of the order that stood in the book.
        good: `[m]` which market.
        price: `[m]` ticks: the price of the order that stood there first.
        quantity: `[m]` units.
        taker_side: `[m]` side of the order that came.
    """

    order: Ints
    taker: Ints
    maker: Ints
    good: Ints
    price: Ints
    quantity: Ints
    taker_side: Bytes


class Levels(NamedTuple):
    """The queues of all prices; ``g`` is a good.

    Attributes:
        first: `[2, g, prices + 2]` handle of the oldest order at a price, -1 if there is none.
        last: `[2, g, prices + 2]` handle of the youngest.
        depth: `[2, g, prices + 2]` units at a price.
        best: `[2, g]` highest bid, 0 if there is none; lowest ask, ``prices + 1`` if there is none.
    """

    first: Ints32
    last: Ints32
    depth: Ints
    best: Ints


class Resting(NamedTuple):
    """What stands in the book under each handle.

    Attributes:
        quantity: `[h]` units left, 0 if nothing stands there.
        price: `[h]` ticks.
        good: `[h]` which market.
        side: `[h]` buy or sell.
        before: `[h]` handle of the next older order at the same price.
        after: `[h]` handle of the next younger one.
        traded: `[h]` units that each handle has traded so far.
        owner: `[h]` whose it is: nobody trades with himself, the older of the two orders is taken out.
    """

    quantity: Ints
    price: Ints
    good: Ints
    side: Bytes
    before: Ints32
    after: Ints32
    traded: Ints
    owner: Ints


class Book:
    """Limit order books of one or many goods, as arrays.

    An order trades with the best-priced, and among these the oldest, of the other side as long as prices cross, at
    the price of the order that stands there; what is left waits at the end of its price's queue.

    Attributes:
        prices: highest price, ticks.
        goods: markets side by side.
        handles: orders that can stand at once.
        levels: the queues of all prices.
        resting: what stands there.
        entered: `[n]` which orders of the last batch were not void.
        clears: whether a trade takes all other orders of its good out of the book, as in Gode & Sunder 1993.
    """

    def __init__(
        self, *, prices: int, handles: int, goods: int = 1, owner: Ints | None = None, clears: bool = False
    ) -> None:
        require(0 < prices < 2**31 - 2, "prices", prices, "from 1 to 2**31 - 3")
        require(0 < handles < 2**31, "handles", handles, "from 1 to 2**31 - 1")
        require(goods > 0, "goods", goods, "1 or more")
        self.prices, self.goods, self.handles, self.clears = prices, goods, handles, clears
        owners = np.arange(handles, dtype=np.int64) if owner is None else np.asarray(owner, np.int64)
        require(owners.shape == (handles,), "owner", f"an array of shape {owners.shape}", f"[{handles}]")
        shape = (2, goods, prices + 2)
        self.levels = Levels(
            np.full(shape, _NONE),
            np.full(shape, _NONE),
            np.zeros(shape, np.int64),
            np.zeros((2, goods), np.int64),
        )
        self.levels.best[SELL] = prices + 1
        self.resting = Resting(
            np.zeros(handles, np.int64), np.zeros(handles, np.int64), np.zeros(handles, np.int64),
            np.zeros(handles, np.uint8), np.full(handles, _NONE), np.full(handles, _NONE),
            np.zeros(handles, np.int64), owners,
        )  # fmt: skip

    def enter(self, orders: Orders) -> Trades:
        """Let orders enter one after the other.

        Args:
            orders: in the order in which they come: those that a fleet served, in the order of finish.

        Returns:
            The trades that they made.

        Raises:
            ConfigError: if one cannot be used, naming its field; none has entered then.
        """
        orders = self._checked(orders)
        n = len(orders.handle)
        # each trade uses up an order that comes or one that stands
        room = 2 * n + int(np.count_nonzero(self.resting.quantity)) if n else 0
        out = np.empty((6, room), np.int64)
        self.entered: Bools = np.ones(n, np.bool_)
        made = enter_orders(self.levels, self.resting, orders, self.prices, self.clears, out, self.entered)
        row, maker, price, quantity, taker, good = out[:, :made].copy()
        return Trades(row, taker, maker, good, price, quantity, orders.side[row])

    def clear(self) -> None:
        """Take everything out."""
        self.levels.first[:] = self.levels.last[:] = _NONE
        self.levels.depth[:] = 0
        self.levels.best[BUY], self.levels.best[SELL] = 0, self.prices + 1
        self.resting.quantity[:] = 0

    @property
    def bid(self) -> Floats:
        """`[goods]` highest bid, ticks; NaN where there is none."""
        best = self.levels.best[BUY].astype(np.float64)
        return np.where(best == 0, np.nan, best)

    @property
    def ask(self) -> Floats:
        """`[goods]` lowest ask, ticks; NaN where there is none."""
        best = self.levels.best[SELL].astype(np.float64)
        return np.where(best == self.prices + 1, np.nan, best)

    def _checked(self, orders: Orders) -> Orders:
        n = len(orders.handle)
        kinds = (np.int64, np.int64, np.uint8, np.int64, np.int64, np.bool_, np.int64)
        for name, values in orders._asdict().items():
            _require_flat(name, values, n)
        _within("handle", orders.handle, 0, self.handles - 1)
        _within("good", orders.good, 0, self.goods - 1)
        _within("side", orders.side, BUY, SELL)
        _within("price", orders.price, 1, self.prices)
        _within("quantity", orders.quantity, 0, 2**31)
        return Orders(
            *(np.ascontiguousarray(column, kind) for column, kind in zip(orders, kinds, strict=True))
        )


def _require_flat(name: str, values: Any, n: int) -> None:
    array = np.asarray(values)
    require(array.shape == (n,), f"orders.{name}", f"an array of shape {array.shape}", f"of shape ({n},)")
    require(array.dtype.kind in "iub", f"orders.{name}", f"an array of {array.dtype}", "whole numbers")


def _within(name: str, values: Any, low: int, high: int) -> None:
    wrong = (np.asarray(values) < low) | (np.asarray(values) > high)
    if wrong.any():
        i = int(np.argmax(wrong))
        require(False, f"orders.{name}[{i}]", values[i], f"from {low} to {high}")


@kernel
def take_out(levels: Levels, resting: Resting, h: int, prices: int) -> None:
    """Take what stands under a handle out of its queue, and find the next best price if it was the last there."""
    s, g, p = resting.side[h], resting.good[h], resting.price[h]
    older, younger = resting.before[h], resting.after[h]
    if older >= 0:
        resting.after[older] = younger
    else:
        levels.first[s, g, p] = younger
    if younger >= 0:
        resting.before[younger] = older
    else:
        levels.last[s, g, p] = older
    levels.depth[s, g, p] -= resting.quantity[h]
    resting.quantity[h] = 0
    if levels.first[s, g, p] < 0 and levels.best[s, g] == p:
        if s == 0:
            while p > 0 and levels.first[0, g, p] < 0:
                p -= 1
        else:
            while p <= prices and levels.first[1, g, p] < 0:
                p += 1
        levels.best[s, g] = p


@kernel
def enter_orders(
    levels: Levels, resting: Resting, orders: Orders, prices: int, clears: bool, out: Ints, entered: Bools
) -> int:
    """Let orders enter one after the other; see :meth:`Book.enter`.

    Args:
        levels: changed in place.
        resting: changed in place.
        orders: checked.
        prices: highest price.
        clears: whether a trade empties its good's book.
        out: `[6, room]` row, maker, price, quantity, taker and good of each trade.
        entered: `[n]` set False where an order is void.

    Returns:
        Number of trades.
    """
    made = 0
    for i in range(len(orders.handle)):
        h, g, s, limit = orders.handle[i], orders.good[i], orders.side[i], orders.price[i]
        if orders.expects[i] >= 0 and orders.expects[i] != resting.traded[h]:
            entered[i] = False
            continue
        if resting.quantity[h] > 0:
            take_out(levels, resting, h, prices)
        left, other, traded = orders.quantity[i], 1 - s, False
        while left > 0:
            best = levels.best[other, g]
            if best == 0 or best > prices or (best > limit if s == 0 else best < limit):
                break
            m = levels.first[other, g, best]
            if resting.owner[m] == resting.owner[h]:
                take_out(levels, resting, m, prices)
                continue
            q = min(left, resting.quantity[m])
            out[0, made], out[1, made], out[2, made] = i, m, best
            out[3, made], out[4, made], out[5, made] = q, h, g
            made += 1
            traded = True
            left -= q
            resting.traded[h] += q
            resting.traded[m] += q
            if q == resting.quantity[m]:
                take_out(levels, resting, m, prices)
            else:
                resting.quantity[m] -= q
                levels.depth[other, g, best] -= q
        if traded and clears:
            for side in range(2):
                while 0 < levels.best[side, g] <= prices:
                    take_out(levels, resting, levels.first[side, g, levels.best[side, g]], prices)
        elif left > 0 and orders.rests[i]:
            resting.quantity[h], resting.price[h], resting.good[h], resting.side[h] = left, limit, g, s
            last = levels.last[s, g, limit]
            resting.before[h], resting.after[h] = last, -1
            if last >= 0:
                resting.after[last] = h
            else:
                levels.first[s, g, limit] = h
            levels.last[s, g, limit] = h
            levels.depth[s, g, limit] += left
            if s == 0:
                levels.best[0, g] = max(levels.best[0, g], limit)
            else:
                levels.best[1, g] = min(levels.best[1, g], limit)
    return made
