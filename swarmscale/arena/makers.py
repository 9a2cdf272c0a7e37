"""Market makers around a price that jumps: while their new quotes are under way, the old ones are picked off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from .. import rng as random_streams
from ..arrays import Bools, Floats, Ints
from ..errors import require
from ..model.hosting import COMPLETED, Fates
from .book import BUY, SELL, Book, Orders, Trades
from .coupling import Arena
from .hawkes import Hawkes
from .latencies import Latencies
from .port import Demand, Report, Turn


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerSetup:
    """Settings of a market with makers.

    Attributes:
        makers: each quotes one unit on both sides.
        half_spread: of a quote around what the maker knows to be the good's worth, ticks.
        caution: standard deviations of the worth's move within the latency that a maker has seen of late, by which the
            half spread is wider: 0 takes no notice of latency.
        jumps_per_s: jumps of the worth, at random times.
        jump: ticks of each, up or down; below twice the half spread, new quotes do not meet others' old ones.
        takers_per_s: base rate of buy orders, and of sell orders, that take and never rest.
        excites: orders of the same side that one calls forth in the mean.
        excites_other: orders of the other side.
        fades_per_s: how fast that passes.
        informed: share of takers who know the worth when they send their order, and take only what gains them
            something; the others buy and sell at any price.
        direct: whether takers reach the book without the fleet, at once.
        work_s: of an order, s of a unit-speed agent.
        prices: highest price; the worth starts in the middle.
    """

    makers: int = 10
    half_spread: int = 3
    caution: float = 0.0
    jumps_per_s: float = 0.5
    jump: int = 5
    takers_per_s: float = 2.0
    excites: float = 0.5
    excites_other: float = 0.2
    fades_per_s: float = 5.0
    informed: float = 0.5
    direct: bool = False
    work_s: float = 0.25
    prices: int = 4000

    def __post_init__(self) -> None:
        for name in ("makers", "half_spread", "jump", "prices"):
            require(getattr(self, name) >= 1, name, getattr(self, name), "1 or more")
        for name in ("caution", "jumps_per_s", "takers_per_s", "excites", "excites_other"):
            require(getattr(self, name) >= 0, name, getattr(self, name), "0 or more")
        require(0 <= self.informed <= 1, "informed", self.informed, "from 0 to 1")
        require(self.work_s > 0, "work_s", self.work_s, "above 0")


@dataclass(frozen=True, slots=True, kw_only=True)
class MakerFigures:
    """What a market with makers came to.

    Attributes:
        seconds: simulated time, s.
        ack_p50_ms: median time from sending a quote until it is in the book, ms.
        ack_p99_ms: 99th percentile of it, ms.
        jumps: of the worth.
        quotes: that reached the book.
        lost: quotes and orders that did not.
        fills: of quotes.
        stale_fills: of quotes at which their maker lost against the worth at that time.
        stale_loss: sum of these losses, ticks.
        stale_loss_per_jump: the same for each jump and maker, ticks.
        earned: sum of the gains at the other fills, ticks.
        spread: lowest ask less highest bid, ticks, mean over ticks' ends at which both stood.
    """

    seconds: float
    ack_p50_ms: float
    ack_p99_ms: float
    jumps: int
    quotes: int
    lost: int
    fills: int
    stale_fills: int
    stale_loss: int
    stale_loss_per_jump: float
    earned: int
    spread: float


class MakerMarket:
    """A host: makers quote through a fleet, takers come in bursts; see :class:`.port.Host`.

    Whenever the worth jumps, each maker sends both quotes anew at that very time. They replace the old ones when the
    fleet has served them; until then informed takers, and faster makers, trade at the old prices. An older quote that
    arrives after a newer one is void. What is filled or lost is quoted anew from the next tick on.

    Attributes:
        setup: the settings.
        book: of the one good.
        arena: couples it with its fleet.
        ack: latencies of quotes.
    """

    kinds = ("order",)

    def __init__(
        self,
        fleet: Any,
        setup: MakerSetup | None = None,
        *,
        kinds: dict[str, str] | None = None,
        rng: Any = None,
    ) -> None:
        """Open a market.

        Raises:
            ConfigError: if a setting cannot be used.
        """
        self.setup = s = MakerSetup() if setup is None else setup
        seed = random_streams.root_seed(rng)
        m = s.makers
        self.book = Book(prices=s.prices, handles=2 * m + 1, owner=np.append(np.arange(2 * m) // 2, m))
        self.ack = Latencies()
        self._news = random_streams.generator(seed, "arena/worth")
        self._taste = random_streams.generator(seed, "arena/takers")
        cross = np.array([[s.excites, s.excites_other], [s.excites_other, s.excites]]) * s.fades_per_s
        self._takers = Hawkes(
            base=[s.takers_per_s] * 2 if s.takers_per_s else [1e-12] * 2, jump=cross, decay=s.fades_per_s,
            root_seed=seed, stream="arena/takers",
        )  # fmt: skip
        self._jump_at, self._worth = np.array([-np.inf]), np.array([s.prices // 2], np.int64)
        self._quotes = np.ones(2 * m, np.bool_)
        self._seen_s = 0.0
        self._applied = np.full(2 * m + 1, -1, np.int64)
        self._sent: list[Ints] = [np.zeros(0, np.int64)] * 4
        self._first = 0
        self._direct: tuple[Floats, Ints, Ints] = (np.zeros(0), np.zeros(0, np.int64), np.zeros(0, np.int64))
        self.counts = dict.fromkeys(
            ("jumps", "quotes", "lost", "fills", "stale_fills", "stale_loss", "earned"), 0
        )
        self._spread: list[float] = []
        self.arena = Arena(fleet, self, kinds=kinds)

    def run(self, seconds: float) -> Self:
        """So much simulated time."""
        self.arena.run(seconds)
        return self

    def figures(self) -> MakerFigures:
        """What it has come to so far."""
        counts, n = self.counts, self.setup.makers
        jumps = max(counts["jumps"], 1)
        return MakerFigures(
            seconds=self.arena.now_s, ack_p50_ms=self.ack.quantile(0.5), ack_p99_ms=self.ack.quantile(0.99),
            stale_loss_per_jump=counts["stale_loss"] / jumps / n,
            spread=float(np.mean(self._spread)) if self._spread else float("nan"), **counts,
        )  # fmt: skip

    # -- as a host ----------------------------------------------------------------------------------------------

    def demand(self, turn: Turn) -> Demand:
        """Quotes and orders that set out in the tick."""
        end = turn.now_s + turn.dt
        jumps = self._jumps(turn.now_s, turn.dt)
        m = self.setup.makers
        missing = np.flatnonzero(self._quotes)
        self._quotes[:] = False
        at = np.concatenate([np.full(len(missing), turn.now_s), np.repeat(jumps, 2 * m)])
        handle = np.concatenate([missing, np.tile(np.arange(2 * m), len(jumps))])
        side = np.where(handle % 2 == 0, BUY, SELL)
        price = self.worth(at) + np.where(side == BUY, -1, 1) * self._half()
        taker_at, taker_side = self._takers.take(end)
        limit = self._limits(taker_at, taker_side)
        if self.setup.direct:
            self._direct = taker_at, taker_side, limit
        else:
            at = np.concatenate([at, taker_at])
            handle = np.concatenate([handle, np.full(len(taker_at), 2 * m)])
            side, price = np.concatenate([side, taker_side]), np.concatenate([price, limit])
        n = len(at)
        token = self._first + len(self._sent[0]) + np.arange(n)
        price = np.clip(price, 1, self.setup.prices)
        columns = (handle, side, price, token)
        self._sent = [np.concatenate(both) for both in zip(self._sent, columns, strict=True)]
        return Demand(at, np.zeros(n, np.int64), np.full(n, self.setup.work_s), token)

    def served(self, report: Report) -> None:
        """Quotes and orders that were served enter the book, in the order of finish."""
        fates, m = report.fates, self.setup.makers
        row = fates.token - self._first
        handle, side, price, number = (column[row] for column in self._sent)
        done, quote = fates.outcome == COMPLETED, handle < 2 * m
        self._quotes[handle[~done & quote]] = True
        self.counts["lost"] += int(np.count_nonzero(~done))
        seen = fates.latency_ms[done & quote]
        self.ack.add(seen)
        if len(seen):
            self._seen_s += 0.1 * (float(seen.mean()) / 1000 - self._seen_s)
        keep = done & (~quote | self._newest(handle, number))
        at, handle, side, price = (column[keep] for column in (fates.finish_s, handle, side, price))
        self.counts["quotes"] += int(np.count_nonzero(handle < 2 * m))
        if self.setup.direct:
            at, handle, side, price = self._with_direct(at, handle, side, price)
        n = len(at)
        ones = np.ones(n, np.int64)
        trades = self.book.enter(
            Orders(handle, 0 * ones, side.astype(np.uint8), price, ones, handle < 2 * m, -ones)
        )
        self._book(trades, at[trades.order])
        self._forget(fates)
        gap = float(self.book.ask[0] - self.book.bid[0])
        if np.isfinite(gap):
            self._spread.append(gap)

    def worth(self, at_s: Floats) -> Ints:
        """`[n]` worth of the good at some times, ticks."""
        return np.asarray(self._worth[np.searchsorted(self._jump_at, at_s, side="right") - 1])

    # -- inside -------------------------------------------------------------------------------------------------

    def _jumps(self, now_s: float, dt: float) -> Floats:
        s = self.setup
        at = now_s + dt * np.sort(self._news.random(self._news.poisson(s.jumps_per_s * dt)))
        for up in self._news.random(len(at)) < 0.5:
            worth = int(self._worth[-1]) + (s.jump if up else -s.jump)
            if not s.prices // 4 < worth < 3 * s.prices // 4:
                worth = int(self._worth[-1]) - (worth - int(self._worth[-1]))
            self._worth = np.append(self._worth, worth)
        self._jump_at = np.append(self._jump_at, at)
        self.counts["jumps"] += len(at)
        return at

    def _half(self) -> int:
        """Half spread of a quote that is sent now, ticks."""
        s = self.setup
        move = s.jump * np.sqrt(s.jumps_per_s * self._seen_s)
        return int(s.half_spread + np.rint(s.caution * move))

    def _limits(self, at_s: Floats, side: Ints) -> Ints:
        """Limits of takers: those who know take only what gains them a tick or more."""
        knows = self._taste.random(len(at_s)) < self.setup.informed
        worth = self.worth(at_s)
        return np.asarray(
            np.where(
                knows,
                np.where(side == BUY, worth - 1, worth + 1),
                np.where(side == BUY, self.setup.prices, 1),
            )
        )

    def _newest(self, handle: Ints, number: Ints) -> Bools:
        """`[n]` whether no later message of the same handle came before."""
        order = np.argsort(handle, kind="stable")
        h, k = handle[order], number[order]
        wide = np.int64(1) << 40
        before = np.maximum.accumulate(np.concatenate([[-1], h[:-1] * wide + k[:-1]]))
        newest = (h * wide + k > before) & (k > self._applied[h])
        out = np.empty(len(h), np.bool_)
        out[order] = newest
        np.maximum.at(self._applied, h[newest], k[newest])
        return out

    def _with_direct(self, at: Floats, handle: Ints, side: Ints, price: Ints) -> tuple[Any, ...]:
        """Orders that came without the fleet, sorted in between."""
        direct_at, direct_side, limit = self._direct
        taker = np.full(len(direct_at), 2 * self.setup.makers)
        columns = [
            np.concatenate(both)
            for both in zip((at, handle, side, price), (direct_at, taker, direct_side, limit), strict=True)
        ]
        order = np.argsort(columns[0], kind="stable")
        return tuple(column[order] for column in columns)

    def _book(self, trades: Trades, at_s: Floats) -> None:
        """Count what makers gained and lost against the worth at the time of each fill."""
        quoted = trades.maker < 2 * self.setup.makers
        sold = trades.taker_side == BUY
        gain = np.where(sold, 1, -1) * (trades.price - self.worth(at_s))
        gain = gain[quoted]
        self._quotes[trades.maker[quoted]] = True
        crossing = trades.taker[trades.taker < 2 * self.setup.makers]
        self._quotes[crossing] = True
        self.counts["fills"] += len(gain)
        self.counts["stale_fills"] += int(np.count_nonzero(gain < 0))
        self.counts["stale_loss"] += int(-gain[gain < 0].sum())
        self.counts["earned"] += int(gain[gain > 0].sum())

    def _forget(self, fates: Fates) -> None:
        """Let go of messages of which all have ended."""
        if self.arena.balance.open == 0 and len(self._sent[0]) > 1024:
            self._first += len(self._sent[0])
            self._sent = [np.zeros(0, np.int64)] * 4
