"""Admission: overload is refused at the door, so that what is let in is answered in time."""

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.model.integration.events import NodeLoad, Outage, Resized
from swarmscale.model.resilience.admission import (
    BACK,
    CUT,
    MEMORY_S,
    TIGHTEST,
    Admission,
    Measured,
    build_admission,
    limits,
)
from swarmscale.model.sharding.whole import digest

from .shard_support import shared as shards_told

KEYS = {
    "intelligence.on": False,
    "emergence.on": False,
    "seconds": 400.0,
    "resilience.admission.on": True,
}


def model(load, on=True, **changes):
    keys = KEYS | {"demand.load": load, "resilience.admission.on": on} | changes
    return ss.SwarmModel("tiny", rng=5, **keys)


def column(m, name, first=0, last=None):
    return m.records.column(name)[first:last]


def goodput(m, first, last=None):
    """Answers within their deadline, in a second."""
    return (column(m, "completed", first, last) - column(m, "late", first, last)).mean()


def conserved(m):
    ends = sum(column(m, name).sum() for name in ("completed", "dropped"))
    return column(m, "arrived").sum() == ends + column(m, "in_system")[-1]


@pytest.fixture(scope="module")
def overloaded():
    return {on: model(1.5, on).run(200.0) for on in (False, True)}


def test_without_admission_goodput_collapses_and_with_it_it_stays(overloaded):
    """At 1.5 times capacity a long queue answers all too late; refusing a third answers the rest in time."""
    capacity = column(overloaded[False], "completed", 100).mean()
    assert column(overloaded[False], "utilization", 100).mean() > 0.999
    assert goodput(overloaded[False], 120) < 0.01 * capacity
    assert goodput(overloaded[True], 100) > 0.85 * capacity
    assert goodput(overloaded[True], 20) > 0.85 * capacity


def test_what_is_shed_is_counted_and_nothing_vanishes(overloaded):
    for on, m in overloaded.items():
        assert conserved(m)
        assert (column(m, "dropped_shed").sum() > 0) == on
    m = overloaded[True]
    assert m.admission.shed == column(m, "dropped_shed").sum()
    assert sum(shed for _, shed, _, _ in m.admission.series) == m.admission.shed
    assert column(m, "utilization", 20).mean() > 0.99  # to shed costs no throughput


def test_three_times_the_capacity_is_answered_as_well():
    m = model(3.0).run(160.0)
    capacity = column(m, "completed", 60).mean()
    assert goodput(m, 60) > 0.85 * capacity
    assert column(m, "utilization", 60).mean() > 0.99


SMALL = {"fleet.agents": 40, "fleet.nodes": 4, "fleet.cluster_agents": 5}


@pytest.mark.parametrize(("load", "fleet", "utilization"), [(0.7, {}, 0.7), (0.55, SMALL, 0.65)])
def test_at_a_bearable_load_nothing_is_shed(load, fleet, utilization):
    m = model(load, **fleet).run(400.0)
    assert column(m, "utilization", 50).mean() > utilization
    assert column(m, "arrived").sum() > (20_000 if not fleet else 3_500)
    assert column(m, "dropped_shed").sum() <= 1e-4 * column(m, "arrived").sum()
    plain = model(load, False, **fleet).run(400.0)
    assert m.records.frame().equals(plain.records.frame())


def test_after_a_flash_crowd_it_serves_as_before_and_without_admission_it_does_not():
    ends = {}
    for on in (True, False):
        m = model(0.7, on).run(60.0)
        m.scale_demand(3.0)
        m.run(40.0)
        m.scale_demand(1.0)
        m.run(60.0)
        ends[on] = goodput(m, 130), column(m, "dropped_shed", 130).sum(), goodput(m, 20, 60)
    assert ends[True][0] > 0.97 * ends[True][2]
    assert ends[True][1] == 0
    assert ends[False][0] < 0.05 * ends[False][2]


def test_short_tasks_within_a_tick_are_not_refused_for_want_of_room():
    """Tasks of a tenth of a tick: a node answers many more in a tick than it has agents."""
    classes = [{"name": "short", "work_s": 0.1, "deadline_s": 2.0}]
    m = model(0.7, **{"demand.classes": classes}).run(60.0)
    assert column(m, "arrived").sum() > 40_000
    assert column(m, "dropped_shed").sum() <= 1e-4 * column(m, "arrived").sum()


def test_limits_hold_littles_law():
    lately = Measured(np.array([40.0, 0.0]), np.array([80.0, 0.0]), np.array([90.0, 0.0]))
    hold, rate = limits(lately, np.array([50, 50]), patience_s=4.0, coming_s=0.0, least=10, tick_s=1.0)
    assert rate.tolist() == [25.0, 0.0]
    assert hold.tolist() == [25.0 * (2.0 + 4.0), np.inf]  # rate x (time in hands + patience); nothing known


def test_limits_fall_with_the_response_but_not_below_what_keeps_agents_busy():
    def hold(response_s, **more):
        lately = Measured(np.array([40.0]), np.array([80.0]), np.array([40.0 * response_s]))
        keys = {"patience_s": 4.0, "coming_s": 0.0, "least": 10, "tick_s": 1.0} | more
        return float(limits(lately, np.array([50]), **keys)[0][0])

    assert hold(6.0) == 150.0
    assert hold(8.0) == pytest.approx(150.0 * 6 / 8)
    assert hold(100.0) == 75.0  # half, and 50 agents + 25 tasks in a tick
    assert hold(1000.0, patience_s=0.1) == 75.0
    assert hold(1000.0, patience_s=0.1, least=200) == 200.0
    assert hold(6.0, coming_s=2.0) == 200.0


def test_a_node_without_agents_holds_what_others_do_until_it_has_some_again():
    def hold(done, ready):
        lately = Measured(np.array(done), 2.0 * np.array(done), 2.0 * np.array(done))
        return limits(lately, np.array(ready), patience_s=4.0, coming_s=0.0, least=20, tick_s=1.0)[0].tolist()

    assert hold([40.0, 80.0, 0.0], [50, 100, 0]) == [150.0, 300.0, 225.0]
    assert hold([40.0, 80.0, 0.0], [50, 100, 50]) == [150.0, 300.0, np.inf]
    assert hold([0.0], [0]) == [np.inf]


def test_when_all_nodes_restart_nothing_is_shed():
    """What was let in once is not refused when it is sent anew, nor what comes while nodes come back."""
    script = [{"at_s": 60.0, "fault": {"name": "restart-all", "spread_s": 10.0}}]
    m = model(0.7, **{"resilience.script": script}).run(120.0)
    assert m.records.column("resent").sum() > 100
    assert m.records.column("dropped").sum() == 0
    assert conserved(m)


def test_late_answers_halve_the_patience_and_it_comes_back_bit_by_bit():
    a = Admission(patience_s=10.0, least=20, period_s=1.0)
    a.answered(100, 50)
    assert a.tightened == CUT
    for _ in range(9):
        a.answered(100, 50)
    assert a.tightened == TIGHTEST
    a.answered(100, 0)
    assert a.tightened == TIGHTEST + BACK
    for _ in range(100):
        a.answered(100, 0)
    assert a.tightened == 1.0


def test_a_few_late_answers_are_chance():
    a = Admission(patience_s=10.0, least=20, period_s=1.0)
    for late in [1, 0, 0, 0, 0] * 20:  # 2 of 100, but in a small fleet that says little
        a.answered(10, late)
        assert a.tightened == 1.0
    for late in [3, 0, 0, 0, 0] * 5:
        a.answered(10, late)
    assert a.tightened < 1.0


def told_differently(edge, event):
    """Limits in force of two runs at the same time, the one told something over an edge of the bus."""
    holds = []
    for tell in (False, True):
        m = model(0.9).run(30.0)
        if tell:
            m.bus.publish(edge, "optimizer", event)
        m.run(3.0)
        holds.append(np.array(m.admission.force.hold))
    return holds


def test_capacity_on_its_way_lets_more_in():
    plain, told = told_differently("health", Outage(agents=0, members=200))
    assert np.array_equal(plain, told)
    m = model(0.9)
    m.run(30.0)
    m.admission.capacity_called(0.5, 36.0)
    m.run(3.0)
    assert (np.array(m.admission.force.hold) > plain).all()


def test_an_outage_that_was_told_cuts_the_limits_at_once():
    plain, told = told_differently("health", Outage(agents=100, members=200))
    assert (told < 0.8 * plain).all()


def test_limits_follow_the_agents_that_the_coordinator_tells_of():
    m = model(0.9).run(30.0)
    before = np.array(m.admission.force.hold)
    m.bus.disturb("coordinator", "optimizer", "drop", 1e9)
    m.bus.repairs = False
    m.fail_workers(m.fleet.live()[::2], repair_s=1000.0)
    m.run(5.0)
    blind = np.array(m.admission.force.hold)
    seeing = model(0.9).run(30.0)
    seeing.fail_workers(seeing.fleet.live()[::2], repair_s=1000.0)
    seeing.run(5.0)
    now = np.array(seeing.admission.force.hold)
    assert (now < 0.75 * before).all()
    assert (blind > now).all()


def test_the_optimizer_hears_each_kind_of_event():
    a = build_admission(ss.Config.load("tiny").changed({"resilience.admission.on": True}))

    class Bus:
        def consume(self, receiver):
            assert receiver == "optimizer"
            return [
                NodeLoad(waiting=(0,), in_service=(0,), ready=(7,), work_s=(0.0,)),
                Resized(before=10, after=15, ready_at_s=30.0),
                Outage(agents=1, members=4, nodes=(0,)),
            ]

    class Model:
        bus = Bus()

    a._listen(Model())
    assert a._ready == (7,)
    assert a._called == ((30.0, 0.5),)
    assert a.out == 0.25


def test_without_a_bus_admission_works_alike():
    m = model(1.5, **{"resilience.health.on": False}).run(120.0)
    assert m.bus is None
    assert goodput(m, 60) > 0.85 * column(m, "completed", 60).mean()
    assert column(m, "dropped_shed").sum() > 0


def shared(shards, seconds, **changes):
    """Admission and digest of each shard of a model that is shared out."""
    keys = KEYS | {"demand.load": 1.5, "demand.entry_skew": 1.0} | changes
    config = ss.Config.load("tiny").changed(keys)
    return shards_told(config, shards, lambda m: (m.admission, digest(m)), run=lambda m: m.run(seconds))


@pytest.mark.parametrize("changes", [{}, {"dt": 0.5, "scaling": "hpa", "life.start_s": 5.0}])
def test_shards_shed_the_same(changes):
    ((alone, state),) = shared(1, 40.0, **changes)
    assert alone.shed > 100
    for shards in (2, 4):
        for admission, other in shared(shards, 40.0, **changes):
            assert other == state
            assert admission.force == alone.force
            assert admission.series == alone.series


def test_a_checkpoint_goes_on_bit_for_bit(tmp_path):
    straight = model(1.5).run(33.0)
    resumed = ss.SwarmModel.load(straight.save(tmp_path / "a"))
    straight.run(30.0), resumed.run(30.0)
    assert digest(straight) == digest(resumed)
    assert straight.admission.series == resumed.admission.series
    assert straight.admission.force == resumed.admission.force


def test_it_is_off_where_nobody_asked_for_it():
    assert build_admission(ss.Config.load("tiny")) is None
    on = ss.Config.load("tiny").changed(
        {"resilience.admission.on": True, "resilience.admission.period_s": 1.3}
    )
    assert build_admission(on).period_s == 2.0  # whole ticks
    assert build_admission(on.changed({"resilience.on": False})) is None


def test_what_was_measured_is_forgotten_in_time():
    """After three times its memory less than a twentieth of a look is left."""
    m = model(0.7).run(30.0)
    before = m.admission._lately[0].copy()
    kept = np.exp(-m.admission.period_s / MEMORY_S) ** (3 * MEMORY_S / m.admission.period_s)
    m.scale_demand(0.0)
    m.run(30.0)  # what was in the clusters is answered
    m.run(3 * MEMORY_S)
    assert (m.admission._lately[0] < kept * 1.2 * before).all()
