"""Resource pools: room, orders, warm-up, and what comes back."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarmscale.errors import ConfigError
from swarmscale.model.scaling.pools import Pool, Pools, seed_pools


def pool(**more):
    given = {"name": "p", "first": 2, "largest": 10, "step": 3, "warm_up_s": 5.0, "agents_per_unit": 4}
    return Pool(**(given | more))


def test_what_is_there_carries_agents_at_once_and_more_waits_for_its_warm_up():
    grant, after = Pools((pool(),)).grow(5, 17, 100.0)
    assert grant.batches == ((0.0, 3), (5.0, 9))
    assert grant.agents == 17
    assert after.pools[0].ordered == ((105.0, 3),)
    assert after.at(104.9).room == 8
    assert after.at(105.0).room == 20


def test_the_scarcest_pool_stops_a_scale_up_exactly_at_its_room_and_is_named():
    pools = Pools((pool(name="wide", largest=100), pool(name="narrow", largest=4)))
    grant, after = pools.grow(0, 50, 0.0)
    assert grant.agents == 16 == 4 * 4
    assert grant.pool == "narrow"
    assert after.at(5.0).room == 16


def test_the_slowest_pool_sets_when_more_can_start():
    pools = Pools((pool(name="quick", warm_up_s=2.0), pool(name="slow", warm_up_s=8.0)))
    grant, _ = pools.grow(8, 20, 0.0)
    assert grant.batches == ((8.0, 12),)


def test_units_come_back_in_whole_steps_and_never_below_the_first():
    after = Pools((pool(),)).grow(0, 40, 0.0)[1].at(5.0)
    assert after.pools[0].units == 10
    assert after.shrink(9, 6.0).pools[0].units == 4  # 3 are needed, two steps of 3 come back
    assert after.shrink(0, 6.0).pools[0].units == 4
    assert Pools((pool(step=1),)).grow(0, 40, 0.0)[1].at(5.0).shrink(0, 6.0).pools[0].units == 2


def test_what_is_warming_up_is_given_back_first():
    ordered = Pools((pool(),)).grow(0, 20, 0.0)[1]
    assert ordered.pools[0].ordered == ((5.0, 3),)
    back = ordered.shrink(8, 1.0).pools[0]
    assert (back.units, back.ordered) == (2, ())


def test_a_thousand_agents_start_at_once_on_warm_pools_and_after_8_s_on_cold_coordination():
    warm = seed_pools(10_000)
    assert warm.grow(0, 1000, 0.0)[0].batches == ((0.0, 1000),)
    cold = Pools(tuple(p if p.name != "coordination" else Pool(
        name=p.name, first=0, largest=p.largest, step=p.step, warm_up_s=p.warm_up_s,
        agents_per_unit=p.agents_per_unit,
    ) for p in warm.pools))  # fmt: skip
    assert cold.grow(0, 1000, 0.0)[0].batches == ((8.0, 1000),)


def test_the_pools_grow_with_the_largest_fleet():
    assert [p.largest for p in seed_pools(10_000).pools] == [500, 1000, 300, 200]
    assert [p.most for p in seed_pools(50_000).pools] == [50_000, 75_000, 75_000, 100_000]


@pytest.mark.parametrize(
    ("field", "value"),
    [("first", 11), ("first", -1), ("step", 0), ("warm_up_s", -1.0), ("agents_per_unit", 0)],
)
def test_a_bad_pool_is_refused_by_the_name_of_its_field(field, value):
    with pytest.raises(ConfigError, match=f"pools.p.{field}"):
        pool(**{field: value})


WANTS = st.lists(st.integers(0, 60), min_size=1, max_size=25)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(WANTS, st.integers(1, 4), st.integers(1, 5), st.integers(0, 3))
def test_units_are_never_negative_and_carry_what_was_granted(wants, step, agents_per_unit, first):
    pools = Pools((
        pool(step=step, agents_per_unit=agents_per_unit, first=first),
        pool(name="q", warm_up_s=2.0, largest=7, first=first),
    ))  # fmt: skip
    present, now = 0, 0.0
    for want in wants:
        now += 1.0
        if want > present:
            grant, pools = pools.grow(present, want, now)
            most = min(p.most for p in pools.pools)
            assert grant.agents == min(want, most)
            assert grant.pool == ("" if want <= most else min(pools.pools, key=lambda p: p.most).name)
            assert present + sum(n for _, n in grant.batches) == grant.agents
            present = grant.agents
        else:
            pools = pools.shrink(want, now)
            present = want
        for p in pools.pools:
            assert 0 <= p.units <= p.units + p.coming <= p.largest
            assert (p.units + p.coming) * p.agents_per_unit >= present
            assert all(units > 0 for _, units in p.ordered)
    assert all(p.at(now + 10.0).coming == 0 for p in pools.pools)
