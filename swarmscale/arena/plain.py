"""The book once more, slow and obvious: objects in a sorted list, inside an ordinary Mesa model."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import Any

import mesa
import numpy as np

from .book import BUY, Orders, Trades


@dataclass(slots=True, order=True)
class Standing:
    """An order in the book; the smaller comes first.

    Attributes:
        rank: price as seen from its side: the better, the smaller.
        arrival: number of the order among all that came.
        handle: under which it stands.
        price: limit, ticks.
        quantity: units left.
    """

    rank: int
    arrival: int
    handle: int
    price: int
    quantity: int


class PlainTrader(mesa.Agent):  # type: ignore[misc]  # mesa carries no types
    """Whoever owns a handle: an object that counts what it traded."""

    def __init__(self, model: PlainMarket) -> None:
        super().__init__(model)
        self.units, self.cash, self.traded = 0, 0, 0


class PlainMarket(mesa.Model):  # type: ignore[misc]  # mesa carries no types
    """A double auction of up to a thousand traders as objects: the oracle of :class:`.Book`.

    Attributes:
        sides: for each good its bids and its asks, sorted.
        traders: one object a handle.
    """

    def __init__(
        self, *, handles: int, goods: int = 1, owner: Any = None, clears: bool = False, rng: int | None = None
    ) -> None:
        super().__init__(rng=rng)
        self.sides: list[tuple[list[Standing], list[Standing]]] = [([], []) for _ in range(goods)]
        self.owner = list(range(handles)) if owner is None else list(owner)
        self.clears, self.came = clears, 0
        self.where: dict[int, tuple[int, int]] = {}
        self.traders = list(PlainTrader.create_agents(self, handles))

    def enter(self, orders: Orders) -> Trades:
        """Let orders enter one after the other; see :meth:`.Book.enter`."""
        made: list[tuple[int, ...]] = []
        columns: list[list[Any]] = [column.tolist() for column in orders]
        for row, order in enumerate(zip(*columns, strict=True)):
            self._one(row, order, made)
        found = np.array(made, np.int64).reshape(-1, 7).T
        return Trades(found[0], found[1], found[2], found[3], found[4], found[5], found[6].astype(np.uint8))

    def _one(self, row: int, order: Any, made: list[tuple[int, ...]]) -> None:
        handle, good, side, price, quantity, rests, expects = order
        if expects not in (-1, self.traders[handle].traded):
            return
        self._cancel(handle)
        self.came += 1
        others, traded = self.sides[good][1 - side], False
        while quantity and others and (price >= others[0].price if side == BUY else price <= others[0].price):
            first = others[0]
            if self.owner[first.handle] == self.owner[handle]:
                self._cancel(first.handle)
                continue
            units = min(quantity, first.quantity)
            made.append((row, handle, first.handle, good, first.price, units, side))
            buyer, seller = (handle, first.handle) if side == BUY else (first.handle, handle)
            for one in (buyer, seller):
                self.traders[one].traded += units
            self.traders[buyer].units += units
            self.traders[buyer].cash -= units * first.price
            self.traders[seller].units -= units
            self.traders[seller].cash += units * first.price
            quantity, first.quantity, traded = quantity - units, first.quantity - units, True
            if not first.quantity:
                self._cancel(first.handle)
        if traded and self.clears:
            for standing in [*self.sides[good][0], *self.sides[good][1]]:
                self._cancel(standing.handle)
        elif quantity and rests:
            rank = -price if side == BUY else price
            bisect.insort(self.sides[good][side], Standing(rank, self.came, handle, price, quantity))
            self.where[handle] = good, side

    def _cancel(self, handle: int) -> None:
        if handle in self.where:
            good, side = self.where.pop(handle)
            queue = self.sides[good][side]
            del queue[next(i for i, one in enumerate(queue) if one.handle == handle)]
