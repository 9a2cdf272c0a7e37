"""What traders want next, drawn by counter: the same for each trader's n-th transaction, however slow the service."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from ..arrays import Floats, Ints, kernel
from ..rng import draw, ln, normal32, unit32

ORDER, PAYMENT, CHECK = 0, 1, 2
KINDS = ("order", "settlement", "risk-check")
"""Kinds of transactions; a settlement is a payment of one trader to another."""
MOST_PAID = 10


class Wishes(NamedTuple):
    """What traders do next; one row a trader.

    Attributes:
        kind: `[n]` place in :data:`KINDS`.
        price: `[n]` limit of an order, ticks.
        work_s: `[n]` s of a unit-speed agent that the transaction takes.
        think_s: `[n]` s from its end until the trader's next one.
        payee: `[n]` to whom a payment goes.
        amount: `[n]` of a payment, from 1 to :data:`MOST_PAID`.
    """

    kind: Ints
    price: Ints
    work_s: Floats
    think_s: Floats
    payee: Ints
    amount: Ints


class Habits(NamedTuple):
    """What traders are like, and what their transactions take.

    Attributes:
        rate_per_s: `[N]` transactions a second of thinking time.
        margin: `[N]` exponent of the margin that is asked for: 1 makes it uniform, as in Gode & Sunder; less makes it
            larger.
        order_share: of transactions that are orders as long as the trader has a unit left.
        payment_share: of those that are payments.
        mean_s: `[3]` mean work of each kind, s of a unit-speed agent.
        spread: `[3]` standard deviation of the work's logarithm.
    """

    rate_per_s: Floats
    margin: Floats
    order_share: float
    payment_share: float
    mean_s: Floats
    spread: Floats


def wishes(
    who: Ints, number: Ints, key: np.uint64, habits: Habits, buys: np.ndarray, limit: Ints, prices: int
) -> Wishes:
    """What some traders do next.

    A buyer bids uniformly from 1 to his limit, a seller asks from his limit to the highest price: ZI-C where limits
    are values and costs, ZI-U where they are the highest and the lowest price.

    Args:
        who: `[n]` rows of the traders.
        number: `[n]` how many transactions each has begun before.
        key: of the stream.
        habits: of all traders.
        buys: `[n]` whether the trader is a buyer.
        limit: `[n]` ticks; 0 for a trader without a unit left, who does not order.
        prices: highest price.

    Source:
        Gode & Sunder 1993, "Allocative efficiency of markets with zero-intelligence traders", *J. Political Economy*
        101(1), 119-137.
    """
    n = len(who)
    out = Wishes(
        np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n), np.empty(n), np.empty(n, np.int64),
        np.empty(n, np.int64),
    )  # fmt: skip
    fill_wishes(who, number, key, habits, buys, limit, prices, out)
    return out


@kernel
def fill_wishes(
    who: Ints,
    number: Ints,
    key: np.uint64,
    habits: Habits,
    buys: np.ndarray,
    limit: Ints,
    prices: int,
    out: Wishes,
) -> None:
    """Write what traders do next; see :func:`wishes`."""
    traders = len(habits.rate_per_s)
    for j in range(len(who)):
        i = who[j]
        a, b, c, d = draw((i << 32) | number[j], 0, key)
        u = unit32(a)
        kind = 0 if u < habits.order_share else (1 if u < habits.order_share + habits.payment_share else 2)
        if kind == 0 and limit[j] == 0:
            kind = 1
        out.kind[j] = kind
        margin = unit32(b)
        if habits.margin[i] != 1.0:
            margin = margin ** habits.margin[i]
        if buys[j]:
            out.price[j] = limit[j] - np.int64(margin * limit[j])
        else:
            out.price[j] = limit[j] + np.int64(margin * (prices - limit[j] + 1))
        out.price[j] = min(max(out.price[j], 1), prices)
        s = habits.spread[kind]
        out.work_s[j] = habits.mean_s[kind] * np.exp(s * normal32(c) - 0.5 * s * s)
        out.think_s[j] = -ln(unit32(d)) / habits.rate_per_s[i]
        e, f, _, _ = draw((i << 32) | number[j], 1, key)
        payee = np.int64(unit32(e) * (traders - 1))
        out.payee[j] = payee + (payee >= i)
        out.amount[j] = 1 + np.int64(unit32(f) * 10)
