"""The order book: price, time, partial fills, cancels, and the same trades as a sorted list of objects."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarmscale.arena.book import BUY, SELL, Book, Orders
from swarmscale.arena.plain import PlainMarket
from swarmscale.errors import ConfigError


def orders(*rows):
    """(handle, side, price, quantity) in good 0, resting."""
    handle, side, price, quantity = np.array(rows, np.int64).reshape(-1, 4).T
    n = len(handle)
    return Orders(
        handle,
        np.zeros(n, np.int64),
        side.astype(np.uint8),
        price,
        quantity,
        np.ones(n, bool),
        np.full(n, -1),
    )


def drawn(rng, n, *, handles, goods=1, prices=40, most=5):
    return Orders(
        rng.integers(0, handles, n),
        rng.integers(0, goods, n),
        rng.integers(0, 2, n).astype(np.uint8),
        rng.integers(1, prices + 1, n),
        rng.integers(0, most + 1, n),
        rng.random(n) < 0.8,
        np.where(rng.random(n) < 0.3, rng.integers(0, 4, n), -1),
    )


def rows(trades):
    return list(zip(*(column.tolist() for column in trades), strict=True))


def test_the_best_price_trades_first_and_among_equals_the_oldest():
    book = Book(prices=100, handles=10)
    book.enter(orders((0, SELL, 50, 1), (1, SELL, 48, 1), (2, SELL, 48, 1)))
    made = book.enter(orders((3, BUY, 60, 3)))
    assert made.maker.tolist() == [1, 2, 0]
    assert made.price.tolist() == [48, 48, 50]


def test_a_large_order_fills_in_part_and_the_rest_waits():
    book = Book(prices=100, handles=10)
    book.enter(orders((0, SELL, 50, 2)))
    made = book.enter(orders((1, BUY, 50, 5)))
    assert made.quantity.tolist() == [2]
    assert book.bid.tolist() == [50]
    assert book.resting.quantity[1] == 3
    assert np.isnan(book.ask).all()


def test_a_cancelled_order_trades_no_more_and_an_amended_one_queues_anew():
    book = Book(prices=100, handles=10)
    book.enter(orders((0, SELL, 50, 1), (1, SELL, 50, 1), (2, SELL, 50, 1)))
    book.enter(orders((0, SELL, 50, 0), (1, SELL, 50, 1)))
    assert book.enter(orders((3, BUY, 50, 3))).maker.tolist() == [2, 1]


def test_an_amendment_that_crosses_with_a_trade_is_void():
    book = Book(prices=100, handles=3)
    book.enter(orders((0, SELL, 50, 1)))
    amend = orders((0, SELL, 40, 1))._replace(expects=np.zeros(1, np.int64))
    book.enter(orders((1, BUY, 50, 1)))
    book.enter(amend)
    assert np.isnan(book.ask).all()
    book.enter(amend._replace(expects=np.ones(1, np.int64)))
    assert book.ask.tolist() == [40]


def test_an_order_that_does_not_rest_leaves_nothing():
    book = Book(prices=100, handles=4)
    book.enter(orders((0, BUY, 50, 1))._replace(rests=np.zeros(1, bool)))
    assert np.isnan(book.bid).all()


def test_nobody_trades_with_himself():
    book = Book(prices=100, handles=3, owner=np.array([7, 7, 8]))
    book.enter(orders((0, SELL, 50, 1), (2, SELL, 51, 1)))
    assert book.enter(orders((1, BUY, 60, 1))).maker.tolist() == [2]
    assert book.resting.quantity[0] == 0


@pytest.mark.parametrize("clears", [False, True])
@pytest.mark.parametrize("goods", [1, 3])
def test_the_kernel_trades_exactly_as_a_sorted_list_of_a_thousand_objects(goods, clears):
    """Same orders, same trades: every column equal, over batches, with owners of two handles each."""
    rng = np.random.default_rng(11)
    owner = np.arange(1000) // 2
    book = Book(prices=40, handles=1000, goods=goods, owner=owner, clears=clears)
    plain = PlainMarket(handles=1000, goods=goods, owner=owner, clears=clears, rng=1)
    total = 0
    for _ in range(6):
        batch = drawn(rng, 700, handles=1000, goods=goods)
        ours, theirs = book.enter(batch), plain.enter(batch)
        assert rows(ours) == rows(theirs)
        total += len(ours.price)
    assert total > 500
    standing = {one.handle: one.quantity for side in plain.sides for way in side for one in way}
    assert {int(h): int(book.resting.quantity[h]) for h in np.flatnonzero(book.resting.quantity)} == standing
    assert sum(t.cash for t in plain.traders) == sum(t.units for t in plain.traders) == 0


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 12), st.integers(1, 8), st.booleans())
def test_after_any_orders_the_book_is_whole(seed, handles, prices, clears):
    rng = np.random.default_rng(seed)
    book, plain = (
        Book(prices=prices, handles=handles, clears=clears),
        PlainMarket(handles=handles, clears=clears, rng=1),
    )
    for _ in range(3):
        batch = drawn(rng, 30, handles=handles, prices=prices)
        assert rows(book.enter(batch)) == rows(plain.enter(batch))
        bid, ask = book.bid[0], book.ask[0]
        assert not bid >= ask, "a crossed book"
        assert int(book.levels.depth.sum()) == int(book.resting.quantity.sum())
        assert (book.levels.depth >= 0).all()


def test_entering_one_by_one_is_entering_all_at_once():
    batch = drawn(np.random.default_rng(3), 400, handles=50)
    whole, single = Book(prices=40, handles=50), Book(prices=40, handles=50)
    made = [single.enter(Orders(*(c[i : i + 1] for c in batch))) for i in range(400)]
    assert [r[1:] for r in rows(whole.enter(batch))] == [r[1:] for lot in made for r in rows(lot)]


def test_a_cleared_book_is_as_a_new_one():
    rng = np.random.default_rng(5)
    book, fresh = Book(prices=40, handles=50), Book(prices=40, handles=50)
    book.enter(drawn(rng, 200, handles=50))
    book.clear()
    batch = drawn(rng, 200, handles=50)._replace(expects=np.full(200, -1))
    assert rows(book.enter(batch)) == rows(fresh.enter(batch))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("handle", 10),
        ("handle", -1),
        ("good", 1),
        ("side", 2),
        ("price", 0),
        ("price", 101),
        ("quantity", -1),
    ],
)
def test_garbage_is_refused_by_its_field_and_nothing_enters(field, value):
    book = Book(prices=100, handles=10)
    batch = orders((0, BUY, 50, 1), (1, BUY, 50, 1))
    column = getattr(batch, field).astype(np.int64)
    column[1] = value
    with pytest.raises(ConfigError, match=rf"orders\.{field}\[1\] = {value}, but it must be from"):
        book.enter(batch._replace(**{field: column}))
    assert np.isnan(book.bid).all()


def test_wrong_shapes_and_fractions_are_refused():
    book = Book(prices=100, handles=10)
    batch = orders((0, BUY, 50, 1))
    with pytest.raises(ConfigError, match=r"orders\.price = an array of shape \(2,\)"):
        book.enter(batch._replace(price=np.array([1, 2])))
    with pytest.raises(ConfigError, match=r"orders\.price = an array of float64"):
        book.enter(batch._replace(price=np.array([1.5])))
