"""Perfect foresight: equal to brute force over all plans, and what may be saved by breaking the objective."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarmscale.errors import ConfigError
from swarmscale.model.scaling.oracle import oracle
from swarmscale.model.scaling.prices import Prices
from swarmscale.model.scaling.relaxed import relaxed_costs


def lives(steps, startup, activation, prices):
    """Cheapest price of each series of ready steps that one agent can have, by trying all its lives.

    A status is ("cold",), ("ready",), ("warm",), ("start", steps left) or ("wake", steps left). Before the first
    step anything may have happened, at no price.
    """
    price = {"cold": 0, "ready": prices.ready, "warm": prices.warm, "start": prices.starting}
    price["wake"] = prices.starting
    first = [("cold",), ("ready",), *(("start", k) for k in range(1, startup + 1))]
    if activation is not None:
        first += [("warm",), *(("wake", k) for k in range(1, activation + 1))]

    def next_ones(status):
        """What may follow, and how many starts that takes."""
        kind = status[0]
        if kind in ("start", "wake") and status[1] > 1:
            return [((kind, status[1] - 1), 0), (("cold",), 0)]
        out = [(("cold",), 0)]
        out += [(("start", startup), 1)] if startup else [(("ready",), 1)]
        if kind != "cold":
            if kind != "warm" or activation == 0:
                out.append((("ready",), 0))
            if activation is not None:
                out.append((("warm",), 0))
                if activation:
                    out.append((("wake", activation), 0))
        return out

    best = {}

    def live(status, ready, cost):
        ready, cost = (*ready, int(status[0] == "ready")), cost + price[status[0]]
        if len(ready) == steps:
            best[ready] = min(best.get(ready, np.inf), cost)
            return
        for following, starts in next_ones(status):
            live(following, ready, cost + starts * prices.start)

    for status in first:
        live(status, (), prices.start if status == ("start", startup) else 0)
    return best


def all_plans(steps, agents, startup, activation, prices):
    """`[P, T]` ready agents and `[P]` least cost of every plan with so many agents."""
    one = lives(steps, startup, activation, prices)
    plans = {(0,) * steps: 0.0}
    for _ in range(agents):
        more = {}
        for (a, cost_a), (b, cost_b) in itertools.product(plans.items(), one.items()):
            ready = tuple(x + y for x, y in zip(a, b, strict=True))
            more[ready] = min(more.get(ready, np.inf), cost_a + cost_b)
        plans = more
    return np.array(list(plans)), np.array(list(plans.values()))


def envelope(broken, cost, at):
    """Value at ``at`` of the lower convex envelope of points, by trying every pair."""
    best = np.inf
    for (v0, c0), (v1, c1) in itertools.product(zip(broken, cost, strict=True), repeat=2):
        if v0 <= at <= v1:
            best = min(best, c0 if v1 == v0 else c0 + (c1 - c0) * (at - v0) / (v1 - v0))
    return best


NEEDS = st.lists(st.integers(0, 2), min_size=1, max_size=5)
PRICE = st.sampled_from([0.0, 0.25, 1.0, 1.5])


@given(NEEDS, st.integers(0, 3), st.sampled_from([0.0, 0.5, 1.0, 1.5]), st.sampled_from([0.0, 0.7]))
@settings(max_examples=60, deadline=None)
def test_without_a_pool_it_costs_what_the_cheapest_of_all_plans_costs(needs, startup, starting, start):
    prices = Prices(starting=starting, start=start)
    # where starting costs less than being ready, those that come may start while those that go are still there
    agents = max(needs) + (1 if starting >= 1 else max(needs))
    ready, cost = all_plans(len(needs), agents, startup, None, prices)
    cheapest = cost[(ready >= needs).all(axis=1)].min()
    plan = oracle(np.array(needs), dt_s=1.0, startup_s=float(startup), prices=prices)
    assert plan.cost == pytest.approx(cheapest)


@given(NEEDS, st.integers(0, 3), st.integers(0, 2), PRICE, st.sampled_from([0.0, 0.7]))
@settings(max_examples=60, deadline=None)
def test_with_a_pool_it_costs_what_the_cheapest_of_all_plans_costs(needs, startup, activation, warm, start):
    prices = Prices(warm=warm, start=start)
    ready, cost = all_plans(len(needs), max(needs) + 1, startup, activation, prices)
    cheapest = cost[(ready >= needs).all(axis=1)].min()
    plan = oracle(
        np.array(needs), dt_s=1.0, startup_s=float(startup), prices=prices, activation_s=float(activation)
    )
    assert plan.cost == pytest.approx(cheapest)


WORK = st.lists(st.sampled_from([0.0, 1.0, 2.0, 5.0]), min_size=5, max_size=5)


@given(NEEDS, WORK, st.integers(0, 3), st.sampled_from([0.0, 0.7]), st.sampled_from([0.1, 0.3, 0.5, 0.9]))
@settings(max_examples=60, deadline=None)
def test_the_relaxed_bound_is_the_envelope_of_all_plans(needs, work, startup, start, share):
    needs, work = np.array(needs), np.array(work[: len(needs)])
    prices = Prices(start=start)
    ready, cost = all_plans(len(needs), int(needs.max()) + 1, startup, None, prices)
    broken = ((ready < needs) * work).sum(axis=1)
    (bound,) = relaxed_costs(needs, work, [share], dt_s=1.0, startup_s=float(startup), prices=prices)
    allowed = share * work.sum()
    points = np.append(broken, work.sum()), np.append(cost, 0.0)  # to break more than one must saves no more
    assert bound == pytest.approx(envelope(*points, allowed), abs=1e-6)
    assert bound <= cost[broken <= allowed].min() + 1e-9


@given(NEEDS, WORK, st.integers(0, 3), st.integers(0, 2), PRICE, st.sampled_from([0.0, 0.3, 0.9]))
@settings(max_examples=60, deadline=None)
def test_the_relaxed_bound_with_a_pool_lies_below_all_plans(needs, work, startup, activation, warm, share):
    needs, work = np.array(needs), np.array(work[: len(needs)]) + 0.5
    prices = Prices(warm=warm, starting=1.25)
    ready, cost = all_plans(len(needs), int(needs.max()) + 1, startup, activation, prices)
    broken = ((ready < needs) * work).sum(axis=1)
    (bound,) = relaxed_costs(
        needs,
        work,
        [share],
        dt_s=1.0,
        startup_s=float(startup),
        prices=prices,
        activation_s=float(activation),
    )
    assert bound <= cost[broken <= share * work.sum()].min() + 1e-6


LONG = st.lists(st.integers(0, 30), min_size=1, max_size=60)


@given(LONG, st.integers(0, 9))
@settings(max_examples=100, deadline=None)
def test_at_one_price_it_is_the_largest_need_within_the_start_up_time(needs, startup):
    """An agent that is ready at a time has been paid for since its order, so nobody can have fewer."""
    least = sum(max(needs[t : t + startup + 1]) for t in range(len(needs)))
    assert oracle(np.array(needs), dt_s=1.0, startup_s=float(startup)).cost == least


@given(LONG, st.integers(0, 9), st.sampled_from([None, 0, 1, 4]), st.sampled_from([0.0, 5.0]))
@settings(max_examples=100, deadline=None)
def test_a_plan_serves_all_and_costs_what_it_says(needs, startup, activation, start):
    prices = Prices(start=start)
    waking = None if activation is None else float(activation)
    plan = oracle(np.array(needs), dt_s=2.0, startup_s=2.0 * startup, prices=prices, activation_s=waking)
    assert (plan.ready >= needs).all()
    assert min(plan.ready.min(), plan.starting.min(), plan.warm.min()) >= 0
    paid = 2.0 * (plan.ready.sum() + plan.starting.sum() + 0.1 * plan.warm.sum())
    if start == 0:
        assert plan.cost == pytest.approx(paid)
    else:
        starts = (plan.cost - paid) / start
        assert starts == pytest.approx(round(starts), abs=1e-6)
        assert starts >= 0
    if activation is None:
        assert not plan.warm.any()


def test_a_gap_shorter_than_the_start_up_time_is_bridged_and_a_longer_one_is_not():
    need = np.array([3, 1, 1, 3, 1, 1, 1, 1, 3])
    plan = oracle(need, dt_s=10.0, startup_s=30.0)
    assert plan.ready.tolist() == [3, 3, 3, 3, 1, 1, 1, 1, 3]
    assert plan.starting.tolist() == [0, 0, 0, 0, 0, 2, 2, 2, 0]


def test_an_agent_is_parked_where_that_is_cheapest():
    need = np.array([1, 0, 0, 0, 0, 0, 1])
    plan = oracle(need, dt_s=1.0, startup_s=4.0, activation_s=1.0)
    assert plan.warm.tolist() == [0, 1, 1, 1, 1, 0, 0]
    assert plan.starting.tolist() == [0, 0, 0, 0, 0, 1, 0]
    assert plan.cost == pytest.approx(2 + 0.4 + 1)


def test_the_relaxed_bound_falls_with_the_share_and_ends_at_nothing():
    need = np.array([4, 6, 5, 9, 2, 3])
    bounds = relaxed_costs(need, need * 9.0, [0.0, 0.1, 0.4, 1.0], dt_s=10.0, startup_s=20.0)
    assert bounds[0] == oracle(need, dt_s=10.0, startup_s=20.0).cost
    assert (np.diff(bounds) < 0).all()
    assert bounds[-1] == 0


def test_many_levels_are_grouped_and_the_bound_stays_below_and_near():
    rng = np.random.default_rng(5)
    need = np.sort(rng.choice(40_000, 9_000, replace=False))[rng.permutation(9_000)][:6_000]
    work = need * 1.0
    (bound,) = relaxed_costs(need, work, [1e-9], dt_s=1.0, startup_s=3.0)
    exact = oracle(need, dt_s=1.0, startup_s=3.0).cost
    assert 0.999 * exact < bound <= exact


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"need": np.array([], np.int64)}, "need"),
        ({"need": np.array([1, -1])}, "need"),
        ({"dt_s": 0.0}, "dt_s"),
        ({"startup_s": -1.0}, "startup_s"),
        ({"startup_s": float("nan")}, "startup_s"),
        ({"activation_s": 1.0, "prices": Prices(starting=0.5)}, "prices.starting"),
    ],
)
def test_what_cannot_be_planned_is_refused(change, named):
    arguments = {"need": np.array([1, 2]), "dt_s": 1.0, "startup_s": 2.0} | change
    need = arguments.pop("need")
    with pytest.raises(ConfigError, match=named):
        oracle(need, **arguments)


@pytest.mark.parametrize("name", ["ready", "starting", "warm", "start"])
def test_prices_below_nothing_are_refused(name):
    with pytest.raises(ConfigError, match=f"prices.{name}"):
        Prices(**{name: -1.0})
