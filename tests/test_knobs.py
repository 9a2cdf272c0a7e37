"""Knobs of a running fleet: fork-join, work stealing, caches that forget, compressed links, and their switches."""

import numpy as np
import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.agents.fleet import HELPING
from swarmscale.errors import ConfigError
from swarmscale.model.flow.ledger import HELD, TICKS_PER_S, Count
from swarmscale.model.switches import KNOBS

QUIET = {"intelligence.on": False, "emergence.on": False, "seconds": 900.0}
ALIKE = {
    "fleet.speed_cv": 0.0, "fleet.skill_own": [1.0, 1.0], "fleet.skill_other": [1.0, 1.0],
    "fleet.communication": "none", "network.jitter": 0.0, "network.loss": 0.0,
}  # fmt: skip
SPLIT = {"parallel.ways": 4, "parallel.from_s": 4.0}
TURNED = {
    "ingress.batch": 8, "dispatch.batch": 8, "cache.size": 50, "parallel.ways": 3, "parallel.from_s": 2.0,
    "stealing.on": True, "stealing.after_s": 1.0, "network.compression": 4.0,
}  # fmt: skip


def model(**changes):
    return ss.SwarmModel("tiny", rng=11, **(QUIET | changes))


def conserved(m):
    raw = m.records.raw()
    held = sum(raw.count(c) for c in HELD)
    dropped = m.records.column("dropped")
    assert (np.cumsum(raw.count(Count.ARRIVED) - raw.count(Count.COMPLETED) - dropped) == held).all()
    assert raw.count(Count.IN_SERVICE)[-1] == m.flow.state.in_service.sum()
    states = m.fleet.column("state")
    assert raw.count(Count.HELPING)[-1] == (states == HELPING).sum() == m.records.column("agents_helping")[-1]


@pytest.mark.parametrize("load", [0.3, 0.8, 1.1])
def test_split_tasks_are_conserved_and_their_parts_take_agents_time(load):
    m = model(**SPLIT, **{"demand.load": load}).run(400)
    conserved(m)
    raw = m.records.raw()
    assert raw.count(Count.SPLIT).sum() > 0
    at_work = raw.seconds(Count.SERVICE_T).sum() + raw.seconds(Count.HELPED_T).sum()
    in_hands = raw.count(Count.IN_SERVICE)[-1] + raw.count(Count.HELPING)[-1]
    assert raw.seconds(Count.BUSY_T).sum() == pytest.approx(at_work, abs=20 * in_hands)
    assert (raw.count(Count.BUSY_T) <= raw.count(Count.READY_T)).all()
    ready = raw.state("idle") + raw.state("busy") + raw.state("helping")
    assert (raw.count(Count.READY_T) == ready * TICKS_PER_S).all()


def test_a_task_split_over_idle_agents_all_alike_takes_its_share_of_the_time():
    """With agents of one speed and nobody waiting, p parts of work w take w / p and the time of joining."""
    m = model(
        **ALIKE,
        **{"parallel.ways": 4, "parallel.from_s": 1e-9, "parallel.join_ms": 250.0, "demand.load": 0.05},
    ).run(600)
    raw = m.records.raw()
    assert raw.count(Count.SPLIT).sum() == raw.count(Count.STARTED).sum()
    work, service = raw.seconds(Count.USEFUL_T).sum(), raw.seconds(Count.SERVICE_T).sum()
    answered = raw.count(Count.COMPLETED).sum()
    assert service == pytest.approx(work / 4 + 0.25 * answered, rel=1e-6)
    spared = raw.seconds(Count.SPARED_T).sum()
    assert (
        work - service <= spared < 1.02 * (work - service)
    )  # of the shortest ones joining takes more than is saved
    assert np.nanmax(m.records.column("coordination_efficiency")) < 1.0


def test_parts_on_agents_of_unlike_speed_last_as_long_as_the_slowest():
    """The mean service of a split task is that of the largest of its parts, redone slot by slot."""
    unlike = {"fleet.speed_cv": 0.5, "parallel.ways": 3, "parallel.from_s": 1e-9, "demand.load": 0.02}
    m = model(**(ALIKE | unlike))
    slow = np.sort(m.fleet.rows.slowness, axis=1)  # hardly anybody is busy: the three fastest of a cluster
    m.run(600)
    raw = m.records.raw()
    ratio = raw.seconds(Count.SERVICE_T).sum() / raw.seconds(Count.WORK_STARTED_T).sum()
    assert slow[:, 2].min() / 3 < ratio < 1.15 * slow[:, 2].max() / 3
    assert ratio > slow[:, 0].max() / 3  # not that of the fastest part


def test_where_all_are_busy_nothing_is_split_and_nothing_gained():
    plain, split = (model(**ALIKE, **{"demand.load": 1.3, "parallel.ways": w}).run(300) for w in (1, 8))
    early = split.records.raw().count(Count.SPLIT)[:60].sum()
    late = split.records.raw().count(Count.SPLIT)[-60:].sum()
    assert late < early / 5
    assert split.records.column("throughput_per_s")[-100:].mean() == pytest.approx(
        plain.records.column("throughput_per_s")[-100:].mean(), rel=0.02
    )


def test_a_helper_that_is_lost_takes_the_whole_task_back():
    m = model(**SPLIT, **{"demand.load": 0.5, "resilience.on": False}).run(100)
    state, uid = m.fleet.column("state"), m.flow.hands.uid.reshape(-1)
    helper = int(np.flatnonzero(state == HELPING)[0])
    mains = m.flow.helped_by(np.array([helper]))
    assert len(mains) == 1
    assert uid[mains[0]] == uid[helper]
    before = m.flow.state.in_service.sum()
    m.fail_workers(np.array([helper]))
    assert m.flow.state.in_service.sum() == before - 1
    m.run(100)
    conserved(m)


@pytest.mark.parametrize("fault", ["agent-crash", "mass-crash"])
def test_split_tasks_are_conserved_when_helpers_fall_silent(fault):
    script = ({"at_s": 60.0, "fault": fault, "number": 30}, {"at_s": 120.0, "fault": fault, "number": 30})
    m = model(**SPLIT, **{"demand.load": 0.5, "resilience.script": script}).run(300)
    conserved(m)
    assert m.records.column("interrupted").sum() > 0
    assert m.records.column("error_rate")[-100:].max() == 0.0


def test_idle_agents_take_what_waits_elsewhere_under_their_node():
    """With blind dispatch stealing comes near to one queue a node; without it each cluster keeps its own."""
    loaded = {**ALIKE, "dispatch.rule": "random", "demand.load": 0.85, "fleet.cluster_agents": 5}
    plain, stolen = (model(**loaded, **{"stealing.on": on}).run(600) for on in (False, True))
    conserved(stolen)
    assert stolen.records.column("stolen").sum() > 1000
    waits = [m.records.raw().seconds(Count.CLUSTER_WAIT_T).sum() for m in (plain, stolen)]
    assert waits[1] < 0.6 * waits[0]
    assert plain.records.column("arrived").tolist() == stolen.records.column("arrived").tolist()


def test_only_what_has_waited_long_enough_is_stolen():
    loaded = {
        **ALIKE,
        "dispatch.rule": "random",
        "demand.load": 0.85,
        "fleet.cluster_agents": 5,
        "stealing.on": True,
    }
    soon, late = (model(**loaded, **{"stealing.after_s": s}).run(300) for s in (0.0, 3.0))
    assert 0 < late.records.column("stolen").sum() < soon.records.column("stolen").sum()


def test_answers_that_go_out_of_date_are_looked_up_anew():
    """A key that changes at rate r, asked for at rate a, is found with chance a / (a + r): exact for room for all.

    The chance that no change came since it was asked for last: both are Poisson processes, so the next event back is
    a request with that chance. What is asked for again before its answer came is neither.
    """
    m = model(
        **{"demand.keys": 20, "demand.zipf": 0.0, "cache.size": 20, "cache.change_per_s": 0.05,
           "dt": 0.1, "demand.load": None, "demand.mean_rate_per_s": 40.0,
           "demand.classes": [{"name": "quick", "work_s": 0.02}]}
    ).run(400)  # fmt: skip
    hits, lookups = m.records.column("cache_hits").sum(), m.records.column("cache_lookups").sum()
    asked = 40.0 / 4 / 20  # requests a second for a key at one node
    assert m.records.column("invalidated").sum() > 500
    assert hits / lookups == pytest.approx(asked / (asked + 0.05), abs=0.02)


def test_looking_up_takes_time():
    quick, slow = (
        model(**{"cache.size": 100, "cache.lookup_ms": ms, "demand.load": 0.3}).run(200)
        for ms in (0.0, 100.0)
    )
    gain = [m.records.raw().seconds(Count.NETWORK_T).sum() for m in (quick, slow)]
    tasks = quick.records.column("dispatched" if "dispatched" in quick.records.frame() else "started").sum()
    assert (gain[1] - gain[0]) / (tasks + quick.records.column("cache_hits").sum()) == pytest.approx(
        0.1, rel=0.05
    )


def test_compression_pays_where_links_are_narrow_and_costs_where_they_are_wide():
    def network_ms(bandwidth, compression):
        m = model(
            **{"network.bandwidth_mbit_s": bandwidth, "network.compression": compression, "demand.load": 0.3}
        )
        return float(np.nanmean(m.run(200).records.column("network_mean_ms")))

    assert network_ms(1.0, 4.0) < network_ms(1.0, 1.0) - 8.0  # 16.4 ms for 2,048 bytes against 4.1 + .2
    assert network_ms(1000.0, 4.0) > network_ms(1000.0, 1.0)


def same(a, b):
    pd.testing.assert_frame_equal(a.records.frame(), b.records.frame())


def test_a_switched_knob_equals_a_run_that_had_it_always():
    switched, always = model(), model(**TURNED)
    switched.switch(TURNED)
    same(switched.run(60), always.run(60))


def test_a_checkpoint_after_knobs_were_turned_goes_on_bit_for_bit(tmp_path):
    m = model(**{"demand.load": 0.9}).run(40)
    m.switch(TURNED)
    m.run(30)
    resumed = ss.SwarmModel.load(m.save(tmp_path / "a"))
    same(m.run(60), resumed.run(60))


def test_a_knob_turned_and_turned_back_leaves_nothing_behind():
    m = model(**{"cache.size": 20, "demand.load": 0.6}).run(40)
    m.switch({"cache.size": 5})
    assert m.flow.cache.used.max() == 5
    m.switch({"cache.size": 0})
    assert m.records.column("cache_hits").sum() > 0
    before = m.records.column("cache_hits").sum()
    assert m.run(20).records.column("cache_hits").sum() == before


@pytest.mark.parametrize("key", [k for k in KNOBS if k.split(".")[0] in ("collective_memory", "scaler")])
def test_a_knob_of_a_part_that_is_not_there_is_refused(key):
    with pytest.raises(ConfigError, match="cannot be switched: the model was made without"):
        model().switch({key: 7})


def test_forks_are_refused_where_agents_are_judged_by_how_long_they_took():
    with pytest.raises(ConfigError, match=r"parallel.ways = 2, but it must be 1 where learning.on = true"):
        model(**{"parallel.ways": 2, "learning.on": True})
