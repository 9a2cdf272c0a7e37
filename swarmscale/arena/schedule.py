"""What goods are worth: induced values and costs, and what the best allocation and the competitive price would be."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arrays import Floats, Ints
from ..errors import require


class Schedule(NamedTuple):
    """From where values and costs are drawn, uniformly and anew in each period.

    With the shipped ranges three quarters of the units are worth trading, and if all were traded the gains would be
    91 % of the possible ones: see :func:`gains_if_all_trade`.

    Attributes:
        prices: highest price, ticks.
        values: lowest and highest value of a buyer's unit.
        costs: lowest and highest cost of a seller's unit.
        units: units a trader may trade in a period.
    """

    prices: int = 200
    values: tuple[int, int] = (70, 200)
    costs: tuple[int, int] = (1, 131)
    units: int = 1

    def check(self) -> None:
        """Refuse what makes no market.

        Raises:
            ConfigError: if a range does not lie within the prices.
        """
        require(self.prices > 1, "schedule.prices", self.prices, "2 or more")
        require(self.units > 0, "schedule.units", self.units, "1 or more")
        for name in ("values", "costs"):
            low, high = getattr(self, name)
            require(
                1 <= low <= high <= self.prices,
                f"schedule.{name}",
                (low, high),
                f"rising, within 1 to {self.prices}",
            )

    def draw(self, buys: np.ndarray, rng: np.random.Generator) -> Ints:
        """`[N, units]` value of each unit of a buyer, falling, or cost of each of a seller, rising.

        Args:
            buys: `[N]` who is a buyer.
            rng: of the period.
        """
        n = len(buys)
        values = np.sort(rng.integers(self.values[0], self.values[1] + 1, (n, self.units)), axis=1)[:, ::-1]
        costs = np.sort(rng.integers(self.costs[0], self.costs[1] + 1, (n, self.units)), axis=1)
        return np.ascontiguousarray(np.where(buys[:, None], values, costs), np.int64)


class Optimum(NamedTuple):
    """What the best allocation of each good would bring.

    Attributes:
        surplus: `[G]` largest possible sum of gains, ticks.
        trades: `[G]` units traded in it.
        price: `[G]` middle of the competitive prices, ticks; NaN if nothing is worth trading.
        all_trade: `[G]` gains if all units were traded, as far as there are partners for them.
    """

    surplus: Floats
    trades: Ints
    price: Floats
    all_trade: Floats


def optimum(values: Ints, costs: Ints) -> Optimum:
    """The competitive allocation of each good.

    Args:
        values: `[G, n]` of buyers' units.
        costs: `[G, n]` of sellers' units, as many.

    Source:
        Smith 1962, "An experimental study of competitive market behavior", *J. Political Economy* 70(2).

    >>> best = optimum(np.array([[100, 90, 80, 70, 60]]), np.array([[40, 50, 60, 70, 80]]))
    >>> best.surplus, best.trades, best.price, best.all_trade
    (array([120.]), array([4]), array([70.]), array([100.]))
    """
    v, c = -np.sort(-values, axis=1), np.sort(costs, axis=1)
    gain = v - c
    worth = gain >= 0
    trades = worth.sum(axis=1)
    rows = np.arange(len(v))
    last, most = np.maximum(trades - 1, 0), v.shape[1] - 1
    more = np.minimum(trades, most)
    high = np.minimum(v[rows, last], np.where(trades > most, v[rows, last], c[rows, more]))
    low = np.maximum(c[rows, last], np.where(trades > most, c[rows, last], v[rows, more]))
    price = np.where(trades > 0, (low + high) / 2.0, np.nan)
    return Optimum(
        np.asarray((gain * worth).sum(axis=1), np.float64),
        trades,
        price,
        np.asarray(gain.sum(axis=1), np.float64),
    )


def gains_if_all_trade(schedule: Schedule) -> float:
    """Share of the possible gains that is left if every unit is traded, in a large market.

    That is what unconstrained traders come to, given time: each of them trades in the end.

    Args:
        schedule: values and costs in ranges that mirror each other.

    >>> round(gains_if_all_trade(Schedule()), 3)
    0.906
    """
    v = np.linspace(*schedule.values, 4001)[::-1]
    c = np.linspace(*schedule.costs, 4001)
    return float((v - c).sum() / np.maximum(v - c, 0).sum())
