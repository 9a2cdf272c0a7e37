"""The example economy: efficiency against theory and the published, closed loop, personality, slow and lost service."""

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.agents.traits import TRAITS, correlations
from swarmscale.arena.economy import Economy
from swarmscale.arena.fleets import Delayed
from swarmscale.arena.plain import PlainMarket
from swarmscale.arena.schedule import Schedule, gains_if_all_trade, optimum
from swarmscale.errors import ConfigError

from .arena_support import TINY_KINDS, tiny

ORDERS_ONLY = {"order_share": 1.0, "payment_share": 0.0, "rate_per_s": 2.0}
SMALL = {"traders": 1200, "goods": 100} | ORDERS_ONLY  # a hundred markets of six buyers and six sellers


def efficiencies(seconds=90.2, rng=1, **changes):
    return Economy(rng=rng, **(SMALL | changes)).run(seconds).frame()


def test_the_best_allocation_of_a_textbook_market():
    best = optimum(np.array([[100, 90, 80, 70, 60]]), np.array([[40, 50, 60, 70, 80]]))
    assert (best.surplus[0], best.trades[0], best.price[0]) == (120, 4, 70)


def test_nobody_can_do_better_than_the_optimum_by_matching_everybody_in_any_way():
    rng = np.random.default_rng(1)
    for _ in range(50):
        v, c = rng.integers(1, 100, (2, 1, 6))
        best = optimum(v, c).surplus[0]
        for _ in range(20):
            k = rng.integers(0, 7)
            assert (rng.permutation(v[0])[:k] - rng.permutation(c[0])[:k]).sum() <= best


@pytest.mark.parametrize("clears", [True, False])
def test_constrained_traders_come_near_a_hundred_percent(clears):
    """Gode & Sunder 1993: ZI-C close to 100 %, in markets of six buyers and six sellers with periods of 30 s."""
    frame = efficiencies(clears=clears)
    assert (frame.efficiency > 0.955).all()
    assert (frame.efficiency <= 1).all()
    assert np.allclose(frame.price, frame.competitive, rtol=0.03)


def test_unconstrained_traders_come_to_what_is_left_if_everybody_trades():
    """All units trade, so the gains are those of the schedule: 91 % in a large market, exactly as drawn in ours."""
    frame = efficiencies(constrained=False)
    assert (frame.trades == 600).all()
    assert frame.efficiency.to_numpy() == pytest.approx(frame.all_trade.to_numpy())
    assert gains_if_all_trade(Schedule()) == pytest.approx(0.906, abs=0.001)
    big = Economy(traders=4000, rng=2, **(ORDERS_ONLY | {"constrained": False})).run(30.2).frame()
    assert big.efficiency[0] == pytest.approx(0.906, abs=0.02)


def test_a_constraint_that_lets_five_percent_through_would_be_seen():
    """The planted fault: costs and values off by 5 % of the price range lower the efficiency beyond its spread."""
    sound = efficiencies()
    e = Economy(rng=1, **SMALL)
    real = e._limit
    e._limit = lambda who: np.where(real(who) > 0, real(who) + np.where(e.buys[who], 10, -10), 0).clip(0, 200)
    spoilt = e.run(90.2).frame()
    assert (sound.efficiency - spoilt.efficiency).min() > 3 * sound.efficiency.std() > 0


def test_a_plain_twin_of_a_thousand_objects_trades_the_same_orders_exactly():
    """The whole economy before a fleet, a period's end included: each tick's orders go to both books."""
    e = Economy(
        traders=1000, goods=2, fleet=Delayed(dt=0.5, work_weight=1.0), rng=4, period_s=5.0, rate_per_s=2.0
    )
    plain = PlainMarket(handles=e.book.handles, goods=2, owner=e.book.resting.owner, rng=1)
    enter, clear, traded = e.book.enter, e.book.clear, []

    def both(orders):
        ours, theirs = enter(orders), plain.enter(orders)
        assert all((a == b).all() for a, b in zip(ours, theirs, strict=True))
        traded.append(len(ours.price))
        return ours

    def clear_both():
        clear()
        plain.sides, plain.where = [([], []) for _ in range(2)], {}

    e.book.enter, e.book.clear = both, clear_both
    e.run(12)
    assert sum(traded) > 500
    assert [t.traded for t in plain.traders[:1000]] == e.book.resting.traded[:1000].tolist()


def test_money_is_neither_made_nor_lost_and_nobody_of_zi_c_trades_at_a_loss():
    e = Economy(traders=400, rng=3, rate_per_s=2.0).run(29.9)
    assert e.cash.sum() == 0
    assert e.tally.trades > 50
    assert e.done[e.buys].sum() == e.done[~e.buys].sum() == e.tally.trades
    assert (e.done <= 1).all()
    assert e.tally.gains.min() >= 0


def test_a_trader_waits_while_a_transaction_is_under_way():
    e = Economy(traders=100, fleet=Delayed(dt=0.5, delay_s=3.0), rate_per_s=5.0, rng=1)
    seen = set()
    real = e.demand

    def demand(turn):
        wanted = real(turn)
        assert not seen & set(wanted.token.tolist())
        seen.update(wanted.token.tolist())
        return wanted

    told = e.served
    e.demand, e.served = (
        demand,
        lambda report: (seen.difference_update(report.fates.token.tolist()), told(report)),
    )
    e.run(30)
    assert e.arena.balance.submitted > 500


def test_the_throughput_of_the_closed_loop_is_that_of_the_response_time_law():
    """X = N / (Z + R): Denning & Buzen 1978; half a tick of R is the host's wait for the tick's end."""
    e = Economy(traders=2000, fleet=Delayed(dt=0.05, delay_s=1.0), rate_per_s=1.0, paths=(0.0, 0.0), rng=1)
    e.run(60)
    rate = e.arena.balance.submitted / 60
    assert rate == pytest.approx(2000 / (1.0 + 1.0), rel=0.03)


def test_what_is_drawn_for_a_trader_does_not_depend_on_the_service():
    fast, slow = (
        Economy(traders=100, fleet=Delayed(dt=0.5, delay_s=d), rate_per_s=2.0, rng=1).run(0.5) for d in (0, 5)
    )
    assert (fast._price == slow._price).all()
    assert (fast.traits == slow.traits).all()


def test_slow_and_lost_service_cost_gains_and_move_spreads_and_prices():
    def one(**fleet):
        e = Economy(rng=1, fleet=Delayed(dt=0.1, **fleet), **(SMALL | {"traders": 1000, "goods": 1})).run(
            60.2
        )
        return e.frame().mean(), e.datacollector.get_model_vars_dataframe().price.std()

    (fast, calm), *others = one(), one(delay_s=8.0), one(loss=0.85)
    for worse, moving in others:
        assert worse.efficiency < fast.efficiency - 0.02
        assert worse.spread > 1.2 * fast.spread
        assert moving > 1.3 * calm
        assert worse.orders < 0.6 * fast.orders
    assert others[0][0].late > 100
    assert others[1][0].lost > 1000


def test_impulsive_traders_order_more_often_and_only_through_their_rate():
    e = Economy(traders=4000, rng=5, rate_per_s=1.0).run(20)
    haste = e.traits[:, TRAITS.index("impulsivity")]
    assert np.corrcoef(haste, e._count)[0, 1] > 0.2
    rate = e.habits.rate_per_s
    assert rate.mean() == pytest.approx(1.0, abs=0.03)
    indifferent = Economy(traders=4000, rng=5, paths=type(e.setup.paths)(haste=0.0)).run(5)
    assert (indifferent.habits.rate_per_s == 1.0).all()


def test_traits_have_their_covariance_and_greed_acts_through_the_margin():
    e = Economy(traders=8000, rng=6, paths=type(Economy(traders=2).setup.paths)(greed=0.5))
    assert np.abs(np.corrcoef(e.traits.T) - correlations()).max() < 0.06
    risky = e.traits[:, TRAITS.index("cautiousness")] < -1
    assert e.habits.margin[risky].mean() < e.habits.margin[~risky].mean()


def test_it_is_an_ordinary_mesa_model():
    import mesa

    e = Economy(traders=10, rng=1)
    assert isinstance(e, mesa.Model)
    e.run(3)
    assert e.time == 30
    assert len(e.agents) == 10
    assert e.agents.select(lambda trader: trader.buys).get("row") == [0, 2, 4, 6, 8]
    first = e.agents.to_list()[0]
    assert len(first.traits) == 76
    assert first.limits == e.limits[0].tolist()
    assert (first.units, first.cash, first.waits) == (e.done[0], e.cash[0], False)
    assert list(e.datacollector.get_model_vars_dataframe().columns) == ["time_s", "price", "spread", "trades"]


def test_a_mesa_batch_runs_it():
    import mesa

    rows = mesa.batch_run(Economy, {"traders": [20, 40]}, rng=[1, 2], max_steps=20, display_progress=False)
    assert len(rows) == 4


def test_a_fleet_serves_it_and_tasks_are_conserved():
    e = Economy(traders=100, fleet=tiny(), kinds=TINY_KINDS, rng=2, rate_per_s=0.3).run(40)
    balance = e.arena.balance
    assert balance.submitted == balance.ended.sum() + balance.open == e.arena.fleet.hosting.submitted
    assert e.ack.count > 300
    assert np.isinf(e.next_at).sum() == balance.open
    assert e.frame().trades[0] > 0
    assert e.cash.sum() == 0


def test_one_seed_is_one_run():
    def run(rng):
        return Economy(traders=100, fleet=tiny(), kinds=TINY_KINDS, rng=rng).run(10).digest()

    assert run(1) == run(1) != run(2)


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"traders": 7}, "traders = 7, but it must be a multiple of 2"),
        ({"rate_per_s": -1}, "rate_per_s = -1"),
        ({"rate": 1}, "Did you mean 'rate_per_s'"),
        ({"order_share": 0.9, "payment_share": 0.2}, "together at most 1"),
        ({"schedule": Schedule(values=(90, 20))}, "schedule.values"),
        ({"work_s": (1.0, -1.0, 1.0)}, "work_s"),
        ({"traits": np.zeros((10, 75))}, r"traits = an array of shape \(10, 75\)"),
    ],
)
def test_settings_that_make_no_market_are_refused(setting, message):
    with pytest.raises(ConfigError, match=message):
        Economy(**({"traders": 10} | setting))


def test_nobody_waits_forever_when_nodes_and_agents_fail():
    model = tiny()
    e = Economy(traders=200, fleet=model, kinds=TINY_KINDS, rng=2, rate_per_s=1.0).run(5)
    for node in range(3):
        model.kill_node(node)
    model.fail_workers(model.fleet.live()[:100], repair_s=5.0)
    e.run(10)
    for node in range(3):
        model.revive_node(node)
    e.run(5)
    served = e.served
    e.served = lambda report: (served(report), e.next_at.fill(np.inf))  # nobody begins anything more
    e.next_at[np.isfinite(e.next_at)] = np.inf
    e.run(120)
    balance = e.arena.balance
    assert balance.open == 0
    assert balance.submitted == balance.ended.sum() == model.hosting.submitted
    assert e.cash.sum() == 0


def test_an_orchestrator_serves_the_economy_as_its_model_would():
    options = {
        "demand.source": "hosted", "dt": 0.5, "intelligence.on": False, "emergence.on": False,
        "resilience.on": False, "optimization.on": False,
    }  # fmt: skip
    with ss.Orchestrator(
        max_agents=200, intelligence=False, optimization=False, auto_scaling=False, config="tiny", rng=3,
        **{k: v for k, v in options.items() if not k.startswith(("intelligence", "optimization"))},
    ) as fleet:  # fmt: skip
        one = Economy(traders=100, fleet=fleet, kinds=TINY_KINDS, rng=1).run(10)
        model = ss.SwarmModel("tiny", rng=3, **(options | {"fleet.max_agents": 200}))
        other = Economy(traders=100, fleet=model, kinds=TINY_KINDS, rng=1).run(10)
        assert one.digest() == other.digest()
