"""An economy as an ordinary Mesa model: zero-intelligence traders in a double auction, whose orders a fleet serves."""

from __future__ import annotations

import hashlib
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

import mesa
import numpy as np

from .. import rng as random_streams
from ..arrays import Bools, Floats, Ints
from ..errors import UnknownChoiceError
from ..model.hosting import COMPLETED, Fates
from .book import BUY, SELL, Book, Orders, Trades
from .coupling import Arena
from .fleets import Delayed
from .latencies import Latencies
from .participant import ORDERS, SEATS, Participant
from .periods import Period, Tally
from .personality import checked_traits, drawn_traits, haste_and_greed
from .port import Demand, Report, Turn
from .schedule import optimum
from .seats import Seats
from .setup import Setup
from .trader import Trader
from .traders import KINDS, ORDER, PAYMENT, Habits, wishes

if TYPE_CHECKING:
    import pandas as pd


class Economy(mesa.Model):  # type: ignore[misc]  # mesa carries no types
    """A market day: traders think, order, pay and ask; a fleet serves each transaction; served orders meet in a book.

    The loop is closed: a trader with a transaction under way waits for its end, and an order enters the book when it
    was served, in the order of finish. So slow service means fewer orders, and lost orders never come to the book.
    What is drawn for a trader's n-th transaction does not depend on the service.

    Attributes:
        setup: the settings.
        arena: couples it with its fleet.
        book: of all goods.
        buys: `[N]` who is a buyer.
        good: `[N]` what each trades.
        limits: `[N, units]` values and costs of this period.
        done: `[N]` units traded in this period.
        cash: `[N]` balances, ticks; they sum to those of the participants, with the sign changed.
        next_at: `[N]` s, when each begins the next transaction; infinite while one is under way.
        periods: one row for each period that has ended.
        ack: latencies of orders, from sending to acknowledgement.
        orders: that reached the book, participants' included.
        seats: of participants.
        inputs: what participants did, with the tick before which they did it; see :mod:`.recording`.
    """

    def __init__(
        self,
        setup: Setup | None = None,
        *,
        fleet: Any = None,
        kinds: dict[str, str] | None = None,
        limit: int | None = None,
        dt: float = 0.1,
        traits: Floats | None = None,
        rng: Any = None,
        scenario: Any = None,
        **changes: Any,
    ) -> None:
        """Open a market.

        Args:
            setup: the settings; None: the fields of :class:`Setup` as keywords.
            fleet: that serves; None: each transaction is served at once.
            kinds: class of the fleet for each of :data:`.traders.KINDS`; None: the same names.
            limit: tasks under way at most; see :class:`.coupling.Arena`.
            dt: length of a tick without a fleet, s.
            traits: `[N, 76]` a host's own, see :mod:`.traits`; None: drawn.
            rng: the seed.
            scenario: of Mesa; its attributes are fields of the setup.
            changes: fields of the setup.

        Raises:
            ConfigError: if a setting cannot be used.
            UnknownChoiceError: if there is no such setting.
        """
        seed = random_streams.root_seed(rng)
        super().__init__(rng=seed)
        self.root_seed = seed
        self.given_traits, self.given_kinds, self.given_limit = traits is not None, kinds, limit
        given = {k: v for k, v in (scenario.to_dict() if scenario is not None else {}).items() if k != "rng"}
        base = {} if setup is None else {f: getattr(setup, f) for f in setup.__dataclass_fields__}
        for name in given | changes:
            if name not in Setup.__dataclass_fields__:
                raise UnknownChoiceError("setting of an economy", name, Setup.__dataclass_fields__)
        self.setup = s = Setup(**(base | given | changes))
        n, g = s.traders, s.goods
        self.traits = drawn_traits(n, seed) if traits is None else checked_traits(traits, n)
        rate, margin = haste_and_greed(self.traits, s.paths)
        cv = np.asarray(s.work_cv, np.float64)
        self.habits = Habits(
            s.rate_per_s * rate, margin, s.order_share, s.payment_share, np.asarray(s.work_s, np.float64),
            np.sqrt(np.log1p(cv * cv)),
        )  # fmt: skip
        self.good = np.arange(n, dtype=np.int64) // (n // g)
        self.buys: Bools = np.arange(n) % 2 == 0
        seats = np.repeat(n + np.arange(SEATS + 1), ORDERS)  # one more, where void messages go
        owner = np.concatenate([np.arange(n), seats])
        self.book = Book(prices=s.schedule.prices, handles=len(owner), goods=g, owner=owner, clears=s.clears)
        self._key = random_streams.key(seed, "arena/wishes")
        self.done, self.cash = np.zeros(n, np.int64), np.zeros(len(owner), np.int64)
        self._count = np.zeros(n, np.int64)
        start = random_streams.generator(seed, "arena/start")
        self.next_at = start.exponential(1.0, n) / self.habits.rate_per_s
        self._kind, self._price, self._payee, self._amount, self._traded, self._period = (
            np.zeros(n, np.int64) for _ in range(6)
        )
        self._think = np.zeros(n)
        self.periods: list[Period] = []
        self.ack, self.orders = Latencies(), 0
        self.limits: Ints
        self.inputs: list[dict[str, Any]]
        self._renew(0)
        self.seats, self.inputs = Seats(self), []
        self._seal = hashlib.blake2b(digest_size=16)
        self.arena = Arena(Delayed(dt=dt) if fleet is None else fleet, self, kinds=kinds, limit=limit)
        Trader.create_agents(self, n)
        self.datacollector = mesa.DataCollector(
            model_reporters={"time_s": now_of, "price": price_of, "spread": spread_of, "trades": trades_of}
        )

    # -- as a Mesa model ----------------------------------------------------------------------------------------

    @property
    def kinds(self) -> tuple[str, ...]:
        """Kinds of transactions; see :class:`.port.Host`."""
        return KINDS

    @property
    def now_s(self) -> float:
        """Simulated time, s."""
        return self.arena.now_s

    def step(self) -> None:
        """One tick: transactions set out, the fleet serves, the book and the accounts are brought up to date."""
        self.arena.step()
        self.datacollector.collect(self)

    def run(self, seconds: float) -> Self:
        """So much simulated time."""
        for _ in range(round(seconds / self.arena.dt)):
            self.step()
        return self

    def frame(self) -> pd.DataFrame:
        """One row for each period that has ended; see :class:`.periods.Period`."""
        import pandas as pd

        return pd.DataFrame([asdict(period) for period in self.periods])

    def join(self, name: str) -> Participant:
        """Let somebody from outside take part: a player, a script.

        Raises:
            ConfigError: if no seat is free.
        """
        return self.seats.join(name)

    def digest(self) -> str:
        """A text that is equal for two runs that are equal bit for bit: fates, trades, accounts and allocation."""
        whole = self._seal.copy()
        for part in (
            self.arena.digest().encode(),
            self.cash.tobytes(),
            self.done.tobytes(),
            self.next_at.tobytes(),
        ):
            whole.update(part)
        return whole.hexdigest()

    # -- as a host ----------------------------------------------------------------------------------------------

    def demand(self, turn: Turn) -> Demand:
        """What traders begin in the tick; see :class:`.port.Host`. It heeds the fleet's room."""
        if turn.now_s >= (self.period + 1) * self.setup.period_s - 1e-9:
            self._close(turn.now_s)
            self._renew(self.period + 1)
            self.seats.sweep(turn.now_s)
        who = np.flatnonzero(self.next_at < turn.now_s + turn.dt)
        if len(who) > turn.room:
            who = np.sort(who[np.argsort(self.next_at[who], kind="stable")[: turn.room]])
        wish = wishes(
            who, self._count[who], self._key, self.habits, self.buys[who], self._limit(who), self.book.prices
        )
        self._kind[who], self._price[who], self._think[who] = wish.kind, wish.price, wish.think_s
        self._payee[who], self._amount[who] = wish.payee, wish.amount
        self._traded[who], self._period[who] = self.book.resting.traded[who], self.period
        at = np.maximum(self.next_at[who], turn.now_s)
        self._count[who] += 1
        self.next_at[who] = np.inf
        own, theirs = Demand(at, wish.kind, wish.work_s, who), self.seats.demand(turn)
        if not len(theirs.token):
            return own
        return Demand(*(np.concatenate(both) for both in zip(own, theirs, strict=True)))

    def served(self, report: Report) -> None:
        """What has ended; see :class:`.port.Host`."""
        fates = report.fates
        external = fates.token >= self.setup.traders
        who = np.where(external, 0, fates.token)
        own = who[~external]
        self.next_at[own] = np.maximum(fates.finish_s[~external] + self._think[own], report.now_s)
        done = fates.outcome == COMPLETED
        kind = np.where(external, ORDER, self._kind[who])
        self._pay(who[done & (kind == PAYMENT)])
        self._trade(fates, who, done, kind == ORDER, external)
        if report.now_s < (self.period + 1 / 3) * self.setup.period_s:
            self.tally.look(self.book.bid, self.book.ask)

    # -- what is done with them ---------------------------------------------------------------------------------

    def _limit(self, who: Ints) -> Ints:
        """`[n]` limit of each trader's next unit, 0 where none is left."""
        done, units = self.done[who], self.setup.schedule.units
        limit = self.limits[who, np.minimum(done, units - 1)]
        if not self.setup.constrained:
            limit = np.where(self.buys[who], self.book.prices, 1)
        return np.where(done < units, limit, 0)

    def _pay(self, who: Ints) -> None:
        np.subtract.at(self.cash, who, self._amount[who])
        np.add.at(self.cash, self._payee[who], self._amount[who])

    def _trade(self, fates: Fates, who: Ints, done: Bools, order: Bools, external: Bools) -> None:
        """Let served orders enter the book, and settle what they trade."""
        tally = self.tally
        tally.lost += int(np.count_nonzero(order & ~done))
        current = external | (self._period[who] == self.period)
        tally.late += int(np.count_nonzero(order & done & ~current))
        self.ack.add(fates.latency_ms[order & done])
        which = order & done & current
        row = who[which]
        ones = np.ones(len(row), np.int64)
        orders = Orders(
            row, self.good[row], np.where(self.buys[row], BUY, SELL).astype(np.uint8), self._price[row], ones,
            ones.astype(np.bool_), self._traded[row],
        )  # fmt: skip
        theirs = np.flatnonzero(external[which])
        if len(theirs):
            orders = self.seats.replace(theirs, fates.token[which][theirs], orders)
        trades = self.book.enter(orders)
        self.orders += len(row)
        tally.orders += len(row)
        self._settle(trades)
        for part in (trades.taker, trades.maker, trades.price, trades.quantity):
            self._seal.update(part.tobytes())
        if len(self.seats.present) or external.any():
            token = fates.token[which]
            entered = dict(zip(token[theirs].tolist(), self.book.entered[theirs].tolist(), strict=True))
            self.seats.replied(
                fates, external, entered, trades, fates.finish_s[which][trades.order], self.arena.now_s
            )

    def _settle(self, trades: Trades) -> None:
        """Goods and money change hands; gains are counted."""
        if not len(trades.price):
            return
        n = self.setup.traders
        bought = trades.taker_side == BUY
        buyer = np.where(bought, trades.taker, trades.maker)
        seller = np.where(bought, trades.maker, trades.taker)
        paid = trades.price * trades.quantity
        np.subtract.at(self.cash, buyer, paid)
        np.add.at(self.cash, seller, paid)
        gain = np.zeros(len(paid))
        for who, sign in ((buyer, 1), (seller, -1)):
            own = who < n
            rows = who[own]
            # an order is of one unit and at most one of a trader is in the book, so nobody is in `rows` twice
            gain[own] += sign * (self.limits[rows, self.done[rows]] - trades.price[own])
            self.done[rows] += 1
        self.tally.add(trades, gain)

    def _renew(self, period: int) -> None:
        """Begin a period: new values and costs, an empty book."""
        s = self.setup
        self.period = period
        self.limits = s.schedule.draw(
            self.buys, random_streams.generator(self.root_seed, f"arena/values/{period}")
        )
        self.done[:] = 0
        self.book.clear()
        per_good = (s.goods, -1)
        self.tally = Tally(
            optimum(self.limits[self.buys].reshape(per_good), self.limits[~self.buys].reshape(per_good))
        )

    def _close(self, now_s: float) -> None:
        self.periods.append(self.tally.close(self.period, now_s))


def now_of(model: Economy) -> float:
    """Simulated time, s."""
    return model.now_s


def price_of(model: Economy) -> float:
    """Price of the last trade, mean over the goods; NaN before the first."""
    return model.tally.last_price


def spread_of(model: Economy) -> float:
    """Lowest ask less highest bid, mean over the goods that have both, ticks."""
    gap = model.book.ask - model.book.bid
    return float(np.nanmean(gap)) if np.isfinite(gap).any() else float("nan")


def trades_of(model: Economy) -> int:
    """Trades of this period so far."""
    return model.tally.trades
