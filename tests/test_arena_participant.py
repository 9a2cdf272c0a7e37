"""Participants from outside, recordings that replay bit for bit, and a host's own traits."""

import json

import numpy as np
import pytest

from swarmscale.agents.traits import TRAITS
from swarmscale.arena.economy import Economy
from swarmscale.arena.fleets import Delayed
from swarmscale.arena.recording import record, replay
from swarmscale.arena.replies import Acknowledged, Expired, Filled, Lost, TaskEnded
from swarmscale.arena.traits import map_traits
from swarmscale.errors import ConfigError, UnknownChoiceError

from .arena_support import TINY_KINDS, tiny

NOBODY = {"traders": 2, "order_share": 0.0, "payment_share": 0.0, "rate_per_s": 1e-6, "period_s": 1000.0}


def empty(**fleet):
    """A market in which only participants trade."""
    return Economy(fleet=Delayed(**({"dt": 0.1, "delay_s": 0.15} | fleet)), rng=1, **NOBODY)


def kinds_of(replies):
    return [type(reply).__name__ for reply in replies]


def test_two_participants_trade_with_each_other_and_are_told():
    m = empty()
    seller, buyer = m.join("seller"), m.join("buyer")
    ask = seller.order("sell", 50, 3)
    m.run(0.3)
    assert seller.replies() == [
        Acknowledged(order=ask, at_s=pytest.approx(0.15), latency_ms=pytest.approx(150))
    ]
    bid = buyer.order("buy", 60, 2)
    m.run(0.3)
    told = buyer.replies()
    assert kinds_of(told) == ["Filled", "Acknowledged"] or kinds_of(told) == ["Acknowledged", "Filled"]
    fill = next(r for r in told if isinstance(r, Filled))
    assert (fill.order, fill.price, fill.quantity, fill.left) == (bid, 50, 2, 0)
    (sold,) = seller.replies()
    assert (sold.order, sold.price, sold.quantity, sold.left) == (ask, 50, 2, 1)
    assert (buyer.cash, seller.cash, buyer.units[0], seller.units[0]) == (-100, 100, 2, -2)
    assert m.cash.sum() == 0


def test_amend_cancel_and_leave():
    m = empty()
    one, other = m.join("one"), m.join("other")
    a, b = one.order("buy", 40), one.order("buy", 41)
    m.run(0.3)
    one.amend(a, 45, 2)
    one.cancel(b)
    m.run(0.3)
    assert m.book.bid[0] == 45
    assert kinds_of(one.replies()) == ["Acknowledged"] * 4
    with pytest.raises(ConfigError, match=r"order = 2, but one has open: \[1\]"):
        one.cancel(b)
    late = one.order("buy", 90)
    one.leave()
    m.run(0.3)
    assert np.isnan(m.book.bid[0])
    assert one.replies() == []
    with pytest.raises(ConfigError, match="one has left"):
        one.amend(late, 1, 1)
    assert other.order("sell", 10) == 1
    third = m.join("third")
    assert (third.seat, third.number) == (0, 3)


def test_orders_under_way_of_one_who_left_are_void_for_the_next_in_the_seat():
    m = empty()
    one = m.join("one")
    one.order("buy", 90)
    m.run(0.1)
    one.leave()
    two = m.join("two")
    two.order("buy", 20)
    m.run(0.4)
    assert m.book.bid[0] == 20
    assert kinds_of(two.replies()) == ["Acknowledged"]


def test_an_amendment_that_crosses_with_a_trade_is_told_to_be_void():
    m = empty()
    one, two = m.join("one"), m.join("two")
    a = one.order("sell", 50)
    m.run(0.3)
    two.order("buy", 50)
    m.run(0.1)
    one.amend(a, 40, 1)
    m.run(0.4)
    told = [r for r in one.replies() if isinstance(r, Acknowledged)]
    assert [r.void for r in told] == [False, True]
    assert np.isnan(m.book.ask[0])


def test_lost_orders_expired_orders_and_tasks_are_told():
    m = empty(loss=1.0)
    one = m.join("one")
    one.order("buy", 50)
    task = one.task("order", 0.1)
    m.run(0.4)
    lost, ended = sorted(one.replies(), key=lambda r: type(r).__name__)
    assert isinstance(lost, Lost)
    assert lost.outcome == "lost"
    assert isinstance(ended, TaskEnded)
    assert (ended.task, ended.outcome) == (task, "lost")
    m = Economy(fleet=Delayed(dt=0.1), rng=1, **(NOBODY | {"period_s": 1.0}))
    one = m.join("one")
    one.order("buy", 50)
    m.run(1.2)
    assert kinds_of(one.replies()) == ["Acknowledged", "Expired"]
    assert Expired(order=1, at_s=1.0) != Expired(order=2, at_s=1.0)


def test_garbage_of_a_participant_is_refused_by_its_field_and_changes_nothing():
    m = empty()
    one = m.join("one")
    for call, message in (
        (lambda: one.order("bye", 5), "Did you mean 'buy'"),
        (lambda: one.order("buy", 0), r"order\.price = 0"),
        (lambda: one.order("buy", 5.5), r"order\.price = 5\.5"),
        (lambda: one.order("buy", 5, 0), r"order\.quantity = 0"),
        (lambda: one.order("buy", 5, 1, 7), r"order\.good = 7"),
        (lambda: one.amend(9, 5, 1), "order = 9"),
    ):
        with pytest.raises((ConfigError, UnknownChoiceError), match=message):
            call()
    before = len(m.inputs)
    fleet = Economy(traders=10, fleet=tiny(), kinds=TINY_KINDS, rng=1)
    guest = fleet.join("guest")
    with pytest.raises(ConfigError, match="work_s"):
        guest.task("talk", -1.0)
    with pytest.raises(UnknownChoiceError, match="class of tasks"):
        guest.task("tolk", 1.0)
    assert len(fleet.inputs) == 1
    assert len(m.inputs) == before == 1
    for _ in range(16):
        one.order("buy", 5)
    with pytest.raises(ConfigError, match="at most 16 can be open"):
        one.order("buy", 5)
    for _ in range(15):
        m.join("more")
    with pytest.raises(ConfigError, match="at most 16 can be here"):
        m.join("too many")


def played(rng=4):
    m = Economy(traders=60, fleet=tiny(), kinds=TINY_KINDS, rng=rng, rate_per_s=0.5)
    bot = m.join("bot")
    for i in range(20):
        if i % 3 == 0:
            bot.order("buy", 90 + i, 2)
        if i == 7:
            bot.cancel(bot.open_orders[-1])
        if i == 9:
            bot.task("think", 1.5)
        m.step()
    bot.leave()
    m.run(5)
    return m


def test_a_recording_replays_the_same_run_bit_for_bit(tmp_path):
    m = played()
    path = record(m, tmp_path / "run.jsonl")
    seen = []
    again = replay(path, each=lambda economy, guests: seen.append(len(guests)))
    assert again.digest() == m.digest()
    assert (again.cash == m.cash).all()
    assert again.inputs == m.inputs
    assert len(seen) == 30
    assert played(5).digest() != m.digest()


def test_a_recording_that_was_changed_or_cut_is_refused(tmp_path):
    path = record(played(), tmp_path / "run.jsonl")
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[:-1]))
    with pytest.raises(ConfigError, match="is no whole recording"):
        replay(path)
    line = json.loads(lines[2])
    assert line["what"] == "order"
    path.write_text("\n".join([*lines[:2], json.dumps(line | {"price": 1}), *lines[3:]]))
    with pytest.raises(ConfigError, match="came out otherwise"):
        replay(path)
    path.write_text("\n".join([json.dumps(json.loads(lines[0]) | {"version": 9}), *lines[1:]]))
    with pytest.raises(ConfigError, match="version 9"):
        replay(path)
    with pytest.raises(ConfigError, match="a host's own"):
        record(Economy(traders=4, traits=np.zeros((4, 76)), rng=1), path)


def test_a_hosts_traits_come_into_our_order_and_what_is_missing_is_said():
    rng = np.random.default_rng(1)
    names = ["openness to new", *TRAITS[1:75], "x1", "x2"]
    values = rng.normal(5, 2, (50, 77))
    mapped = map_traits(values, names, {"openness to new": "imagination", "imagination": "anxiety"})
    assert mapped.at_mean == (TRAITS[75],)
    assert mapped.unused == ("x1", "x2")
    assert (mapped.traits[:, 75] == 0).all()
    i = TRAITS.index("imagination")
    assert np.corrcoef(mapped.traits[:, i], values[:, 0])[0, 1] == pytest.approx(1)
    assert mapped.traits[:, :75].std(axis=0) == pytest.approx(1)
    assert "75 of 76 traits come from the host; at the mean: power" in str(mapped)
    m = Economy(traders=50, traits=mapped.traits, rng=1)
    assert m.traits == pytest.approx(mapped.traits)


@pytest.mark.parametrize(
    ("names", "table", "message"),
    [
        (
            TRAITS,
            {"impulsiv": "impulsivity"},
            "'impulsiv' is not among the host's traits; nearest: impulsivity",
        ),
        (TRAITS, {"anger": "angry"}, "'angry' is not among the 76 traits; nearest: anger"),
        (TRAITS, {"anger": "worry"}, "'anger' and 'worry' both lead to 'worry'"),
        (TRAITS[:75], None, "75 names, but it must be one for each of 76"),
        (["a", *TRAITS[:75]], None, None),
        ([f"t{i}" for i in range(76)], None, "none that leads to one of ours"),
        (["anger"] * 76, None, "given once each"),
    ],
)
def test_names_that_lead_nowhere_are_refused_with_the_nearest(names, table, message):
    values = np.random.default_rng(1).normal(size=(10, 76))
    if message is None:
        assert map_traits(values, names, table).unused == ("a",)
        return
    with pytest.raises(ConfigError, match=message):
        map_traits(values, names, table)


def test_numbers_that_are_none_are_refused():
    values = np.ones((10, 76))
    with pytest.raises(ConfigError, match="the same for all agents"):
        map_traits(values, TRAITS)
    values[3, 4] = np.nan
    with pytest.raises(ConfigError, match=f"'{TRAITS[4]}' has values that are not finite"):
        map_traits(values, TRAITS)
    with pytest.raises(ConfigError, match="76 or more"):
        map_traits(np.ones((10, 75)), TRAITS[:75])
