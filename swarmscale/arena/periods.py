"""What a trading period came to: gains against the best possible ones, prices, spreads, and orders that missed it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..arrays import Floats
from .book import Trades
from .schedule import Optimum


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """One period of all goods.

    Attributes:
        period: its number.
        end_s: when it ended, s.
        efficiency: allocative efficiency: gains of all trades over the largest possible ones.
        all_trade: what it would be if all units were traded.
        trades: units of traders that were traded.
        possible: units that the best allocation trades.
        price: mean price, ticks.
        competitive: mean competitive price, ticks.
        alpha: root mean squared deviation of prices from their good's competitive price, over the mean competitive
            price: Smith's coefficient of convergence, as a share.
        spread: lowest ask less highest bid, ticks, over goods and ticks of the period's first third in which both
            stood; later only those are left whose units are not worth trading.
        orders: that reached the book.
        late: orders that were served after their period.
        lost: orders that the fleet dropped or refused.
    """

    period: int
    end_s: float
    efficiency: float
    all_trade: float
    trades: int
    possible: int
    price: float
    competitive: float
    alpha: float
    spread: float
    orders: int
    late: int
    lost: int


class Tally:
    """Running sums of a period.

    Attributes:
        best: what the best allocation would bring.
        gains: `[G]` of the trades so far.
    """

    def __init__(self, best: Optimum) -> None:
        self.best = best
        self.gains = np.zeros(len(best.surplus))
        self.trades = self.orders = self.late = self.lost = 0
        self.last_price = float("nan")
        self._paid = self._squares = self._spread = 0.0
        self._units = self._looks = 0

    def add(self, trades: Trades, gain: Floats) -> None:
        """Count trades; ``gain`` `[m]` is what buyer and seller of each gain together."""
        self.gains += np.bincount(trades.good, gain, len(self.gains))
        self.trades += len(gain)
        self.last_price = float(trades.price[-1])
        off = trades.price - self.best.price[trades.good]
        self._paid += float((trades.price * trades.quantity).sum())
        self._units += int(trades.quantity.sum())
        self._squares += float(np.nansum(off * off * trades.quantity))

    def look(self, bid: Floats, ask: Floats) -> None:
        """Note the spreads of a moment."""
        gap = ask - bid
        both = np.isfinite(gap)
        self._spread += float(gap[both].sum())
        self._looks += int(both.sum())

    def close(self, period: int, now_s: float) -> Period:
        """What it came to."""
        best, nan = self.best, float("nan")
        whole = float(best.surplus.sum())
        competitive = float(np.nanmean(best.price)) if np.isfinite(best.price).any() else nan
        return Period(
            period=period,
            end_s=now_s,
            efficiency=float(self.gains.sum()) / whole if whole else nan,
            all_trade=float(best.all_trade.sum()) / whole if whole else nan,
            trades=self.trades,
            possible=int(best.trades.sum()),
            price=self._paid / self._units if self._units else nan,
            competitive=competitive,
            alpha=float(np.sqrt(self._squares / self._units)) / competitive if self._units else nan,
            spread=self._spread / self._looks if self._looks else nan,
            orders=self.orders,
            late=self.late,
            lost=self.lost,
        )
