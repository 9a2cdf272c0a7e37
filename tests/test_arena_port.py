"""The port: host and fleet tick by tick, conservation, back-pressure, and hosts that misbehave."""

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.arena.coupling import Arena
from swarmscale.arena.fleets import Delayed
from swarmscale.arena.port import NO_DEMAND, HostError
from swarmscale.errors import ConfigError, UnknownChoiceError
from swarmscale.model.hosting import REFUSED, Fates

from .arena_support import Steady, tiny


def whole(arena):
    """Tasks are conserved, by the arena's count and by the fleet's."""
    balance = arena.balance
    return balance.submitted == int(balance.ended.sum()) + balance.open == arena.fleet.hosting.submitted


def test_each_transaction_comes_back_once_in_the_order_of_finish():
    host = Steady()
    arena = Arena(tiny(), host).run(20)
    host.n = 0
    arena.run(60)
    fates = Fates.joined(host.fates)
    assert sorted(fates.token) == list(range(40 * 20))
    assert (np.diff(fates.finish_s) >= 0).all()
    assert arena.balance.open == 0
    assert whole(arena)
    assert arena.balance.by_kind.tolist() == [400, 400]


def test_the_host_hears_cost_and_decisions():
    host = Steady(n=150)
    model = tiny(**{"scaling": "hpa", "fleet.agents": 100, "fleet.max_agents": 400, "scaler.period_s": 5.0})
    arena = Arena(model, host, limit=100_000).run(40)
    names = {type(event).__name__ for report in host.reports for event in report.decisions}
    assert "ScalingStarted" in names
    assert sum(report.cost for report in host.reports) == pytest.approx(arena.cost)
    assert arena.cost == pytest.approx(model.scaler.cost)


def test_an_orchestrator_serves_a_host_too():
    host = Steady()
    with ss.Orchestrator(
        max_agents=200, intelligence=False, optimization=False, auto_scaling=False, config="tiny", rng=1,
        **{"demand.source": "hosted", "emergence.on": False, "resilience.on": False},
    ) as fleet:  # fmt: skip
        arena = Arena(fleet, host).run(10)
        assert arena.balance.submitted == 200
        assert arena.balance.ended[0] > 100


def test_ten_times_too_much_is_pushed_back_and_nothing_gets_lost_on_the_way():
    host = Steady(n=5000, work_s=2.0)
    arena = Arena(tiny(), host, limit=300).run(10)
    assert arena.balance.ended[REFUSED] > 90_000
    assert arena.balance.open <= 300
    assert whole(arena)
    host.n = 1
    arena.run(30)
    assert host.reports[-1].fates.completed.all(), "the fleet is usable afterwards"
    assert whole(arena)


def test_a_host_that_never_advances_is_pushed_back_at_ten_tasks_an_agent():
    model = tiny()
    arena = Arena(model, Steady())
    took = [model.submit("talk", np.full(1000, 1.0)).accepted for _ in range(5)]
    assert took == [1000, 1000, 0, 0, 0]
    assert model.hosting.limit == 2000
    arena.run(2)
    assert model.hosting.submitted == model.hosting.open + int(model.hosting.collected.sum())


@pytest.mark.parametrize("callback", ["demand", "served"])
def test_a_callback_that_throws_leaves_the_fleet_usable(callback):
    host = Steady()
    arena = Arena(tiny(), host).run(3)
    before, now = arena.balance.submitted, arena.now_s
    host.throws = {callback}
    with pytest.raises(HostError, match=f"host.{callback} failed at 3 s: .*the host's own fault") as raised:
        arena.step()
    assert whole(arena)
    if callback == "demand":
        assert (arena.balance.submitted, arena.now_s) == (before, now)
    else:
        assert raised.value.report.fates is host.fates[-1]
    host.throws = set()
    host.n = 5
    arena.run(30)
    assert host.reports[-1].fates.completed.all()
    assert whole(arena)


GARBAGE = {
    "negative work": ({"work_s": np.full(20, -1.0)}, r"demand\.work_s\[0\] = -1\.0"),
    "no number": ({"work_s": np.full(20, np.nan)}, r"demand\.work_s\[0\] = nan"),
    "unknown kind": ({"kind": np.full(20, 7)}, r"demand\.kind\[0\] = 7, but it must be from 0 to 1"),
    "fractions": ({"kind": np.full(20, 0.5)}, r"demand\.kind = an array of float64"),
    "wrong length": ({"token": np.arange(19)}, r"demand\.token = 19 values, but it must be 20"),
    "wrong shape": ({"token": np.zeros((20, 2), int)}, r"demand\.token = an array of shape \(20, 2\)"),
    "the past": ({"at_s": np.zeros(20)}, r"demand\.at_s\[0\] = 0\.0"),
    "ragged": ({"at_s": [[1], [2, 3]]}, r"demand\.at_s is no array"),
    "texts": ({"work_s": ["a"] * 20}, r"demand\.work_s = an array of <U1"),
    "negative token": ({"token": np.arange(20) - 1}, r"demand\.token\[0\] = -1"),
}


@pytest.mark.parametrize("name", GARBAGE)
def test_garbage_is_refused_by_its_field_and_nothing_is_submitted(name):
    spoil, message = GARBAGE[name]
    host = Steady()
    arena = Arena(tiny(), host).run(3)
    before = arena.balance.submitted
    host.spoil = spoil
    with pytest.raises(ConfigError, match=message):
        arena.step()
    assert (arena.balance.submitted, arena.now_s) == (before, 3.0)
    host.spoil = {}
    arena.run(3)
    assert whole(arena)


def test_a_demand_of_another_type_is_refused_and_none_means_nothing():
    host = Steady()
    arena = Arena(tiny(), host)
    host.demand = lambda turn: {"work": 1}
    with pytest.raises(ConfigError, match=r"host\.demand gave a dict"):
        arena.step()
    host.demand = lambda turn: None
    arena.run(1)
    assert arena.balance.submitted == 0


def test_wrong_partners_are_refused():
    with pytest.raises(ConfigError, match="has no submit"):
        Arena(object(), Steady())
    with pytest.raises(ConfigError, match="without kinds"):
        Arena(tiny(), object())
    host = Steady()
    host.kinds = ("talk", "thonk")
    with pytest.raises(UnknownChoiceError, match="Did you mean 'think'"):
        Arena(tiny(), host)
    with pytest.raises(UnknownChoiceError, match="kind of the host"):
        Arena(tiny(), Steady(), kinds={"tolk": "talk"})
    with pytest.raises(ConfigError, match="a multiple of dt"):
        Arena(tiny(), Steady()).run(0.7)


def test_the_delay_that_stands_for_a_fleet_keeps_its_promises():
    fleet = Delayed(dt=0.5, delay_s=1.2, loss=0.25)
    host = Steady(n=40)
    arena = Arena(fleet, host).run(100)
    host.demand = lambda turn: NO_DEMAND
    arena.run(2)
    fates = Fates.joined(host.fates)
    assert sorted(fates.token) == list(range(8000))
    assert fates.latency_ms == pytest.approx(1200)
    assert np.mean(~fates.completed) == pytest.approx(0.25, abs=0.002)
    assert arena.balance.open == fleet.open == 0


def test_two_runs_with_one_seed_are_the_same_run():
    one, other, third = (Arena(tiny(rng=rng), Steady()).run(10).digest() for rng in (3, 3, 4))
    assert one == other != third
