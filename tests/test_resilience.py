"""Faults of all kinds: nothing vanishes, nothing counts twice, and what was lost from sight is found again."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import swarmscale as ss
from swarmscale.agents.fleet import IDLE
from swarmscale.model.flow.ledger import Count
from swarmscale.model.flow.tasks import ORIGIN
from swarmscale.model.resilience.faults import FAULTS
from swarmscale.model.resilience.sending import Resending
from swarmscale.model.resilience.settings import Recovery

QUIET = {"intelligence.on": False, "emergence.on": False}
ABRUPT = (
    "agent-crash",
    "agent-slow",
    "lead-crash",
    "node-crash",
    "link-cut",
    "link-loss",
    "latency-spike",
    "partition",
    "zone-failure",
    "restart-all",
    "mass-crash",
)


def small(rng=7, **changes):
    """A fleet in which everything happens soon."""
    return ss.SwarmModel("tiny", rng=rng, **{"seconds": 400.0, **QUIET, **changes})


def strike(model, fault, **how):
    return model.resilience.injector.strike(model.resilience.world, fault, **how)


def sums(model):
    """Tasks that arrived, minus all that became of them, after every tick."""
    frame = model.records.frame()
    total = frame[["arrived", "completed", "dropped"]].cumsum()
    return (total.arrived - total.completed - total.dropped - frame.in_system).to_numpy()


def held(model):
    """Keys of all tasks that are anywhere, as they arrived."""
    flow, now = model.flow, model.now_s
    state = flow.fleet.column("state")
    busy = (state == 4) | (state == 5)
    pools = [pool.used() for pool in flow.pools]
    there = [p.uid[(p.arrived < now)] for p in pools]
    return (
        np.concatenate([*there, flow.hands.uid.reshape(-1)[busy], model.resilience.sending.tasks.uid])
        & ORIGIN
    )


@st.composite
def schedules(draw):
    """A small fleet, and up to eight faults at any ticks."""
    keys = {
        "fleet.agents": draw(st.integers(20, 120)),
        "fleet.nodes": draw(st.integers(1, 5)),
        "fleet.cluster_agents": draw(st.sampled_from([5, 20])),
        "demand.load": draw(st.sampled_from([0.3, 0.8, 1.4])),
        "dt": draw(st.sampled_from([0.5, 1.0])),
        "network.loss": draw(st.sampled_from([0.0, 0.3])),
        "network.retries": draw(st.sampled_from([0, 3])),
        "cluster.attempts": draw(st.sampled_from([1, 3])),
        "cluster.queue": draw(st.sampled_from([2, 1_000_000])),
        "cache.size": draw(st.sampled_from([0, 20])),
        "resilience.recovery.deadlines": draw(st.sampled_from(["count", "enforce"])),
        "resilience.recovery.retries": draw(st.sampled_from([0, 1, 12])),
        "resilience.recovery.agents": draw(st.sampled_from(["restart", "replace", "none"])),
        "resilience.recovery.restart_s": draw(st.sampled_from([0.0, 3.0])),
        "resilience.recovery.on": draw(st.sampled_from([True, True, False])),
        "resilience.detection.detector": {"name": "phi", "phi": draw(st.sampled_from([1.0, 12.0]))},
        "scaling": draw(st.sampled_from(["static", "hpa"])),
        "scaler.period_s": 5.0,
        "resilience.pace.on": draw(st.booleans()),
        "resilience.admission.on": draw(st.booleans()),
    }
    faults = draw(
        st.lists(
            st.tuples(
                st.integers(0, 39),
                st.sampled_from(ABRUPT),
                st.sampled_from([0.2, 1.0]),
                st.sampled_from([0.5, 3.0, 15.0]),
            ),
            max_size=8,
        )
    )
    return keys, sorted(faults)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(schedules(), st.integers(0, 2**31))
def test_every_task_is_somewhere_and_once(schedule, seed):
    keys, faults = schedule
    model = small(seed, **keys)
    steps = round(1 / model.config.dt)
    for second in range(40):
        for at, fault, share, for_s in faults:
            if at == second:
                lasts = FAULTS.make(fault).for_s is not None
                with contextlib.suppress(ss.ConfigError):  # there may be nothing left to hit
                    strike(model, fault, share=share, for_s=for_s if lasts else None)
        for _ in range(steps):
            model.step()
        keys_held = held(model)
        assert len(np.unique(keys_held)) == len(keys_held)
    assert not sums(model).any()
    frame = model.records.frame()
    assert frame.in_system.iloc[-1] == len(held(model))
    for incident in model.resilience.log.incidents:
        assert incident.left <= incident.size
        assert not incident.over or incident.recovered_s >= incident.begins_s
        assert not incident.found or incident.found_s >= incident.begins_s


def test_a_task_in_the_hands_of_a_silent_agent_is_found_and_answered():
    model = small(**{"demand.load": 0.3})
    model.run(20)
    before = model.records.column("completed").sum()
    strike(model, "mass-crash", share=1.0)
    silent = len(model.resilience.agents.silent)
    model.run(1)
    assert silent == 200
    model.run(59)
    assert model.resilience.log[0].in_time
    assert model.resilience.log[0].displaced > 0
    assert model.records.column("completed").sum() > before
    assert model.records.column("interrupted").sum() == model.resilience.log[0].displaced
    assert not model.resilience.agents.silent
    assert (model.fleet.column("slowness")[model.fleet.live()] < 10).all()


def test_nobody_knows_of_a_crash_before_the_heartbeats_are_missed():
    """A lead goes on giving tasks to agents that fell silent."""
    model = small(
        **{"demand.load": 0.3, "resilience.detection.detector": {"name": "timeout", "after_s": 20.0}}
    )
    model.run(10)
    rows = np.flatnonzero(model.fleet.column("state") == IDLE)
    strike(model, "agent-crash", components=model.fleet.column("uid")[rows].tolist())
    model.run(15)
    state = model.fleet.column("state")[rows]
    assert (state == 4).any()
    assert model.records.column("agents_silent")[-1] == len(rows)
    model.run(60)
    assert model.records.column("agents_silent")[-1] == 0
    assert model.records.column("dropped").sum() == 0


@pytest.mark.parametrize("seed", [3, 4])
def test_a_run_with_faults_goes_on_bit_for_bit_after_a_resume(tmp_path, seed):
    changes = {
        "resilience.recovery.deadlines": "enforce",
        "resilience.pace.on": True,
        "resilience.admission.on": True,
        "resilience.faults": [
            {"name": "agent-crash", "mtbf_s": 2000.0},
            {"name": "agent-slow", "mtbf_s": 3000.0},
            {"name": "lead-crash", "mtbf_s": 1000.0},
            {"name": "node-crash", "mtbf_s": 300.0, "for_s": 20.0},
            {"name": "link-loss", "mtbf_s": 300.0, "for_s": 20.0},
            {"name": "partition", "mtbf_s": 100.0, "for_s": 25.0},
            {"name": "latency-spike", "mtbf_s": 300.0, "for_s": 20.0},
            {"name": "controller-exception", "mtbf_s": 200.0},
            {"name": "edge-fault", "mtbf_s": 200.0, "for_s": 20.0},
        ],
    }
    straight = small(seed, **changes)
    for at in (41, 83, 100):
        straight.run(at - straight.now_s)
        straight.save(tmp_path / f"{at}.safetensors")
    straight.run(60)
    assert len(straight.resilience.log) > 10
    for at in (41, 83, 100):
        resumed = ss.SwarmModel.load(tmp_path / f"{at}.safetensors")
        resumed.run(160 - at)
        assert resumed.records.frame().equals(straight.records.frame())
        assert repr(resumed.resilience.log) == repr(straight.resilience.log)


def test_waits_grow_and_are_drawn_for_each_sending():
    """Waits of the nth sending lie between (1 - jitter) x and 1 x resend_s x backoff^(n-1), capped."""
    sending = Resending.build(Recovery(jitter=0.5, resend_s=2.0, backoff=2.0, longest_s=10.0), 7)
    numbers = np.arange(10_000, dtype=np.int64)
    for times, whole in ((1, 2.0), (2, 4.0), (3, 8.0), (4, 10.0)):
        waits = sending.waits(numbers | (np.int64(times) << 58))
        assert waits.min() >= whole / 2
        assert waits.max() <= whole
        z = (waits.mean() - 0.75 * whole) / (0.5 * whole / np.sqrt(12 * len(waits)))
        assert abs(z) < 4
        assert abs((1.05 * waits.mean() - 0.75 * whole) / (0.5 * whole / np.sqrt(12 * len(waits)))) > 4


def test_a_task_cut_off_by_a_partition_is_done_twice_and_counts_once():
    """Copies that end first count, and what was sent in their place is withdrawn; the others are refused."""
    seen = {}
    for work_s, for_s in ((40.0, 30.0), (12.0, 60.0)):
        changes = {
            "demand.locality": 0.0,
            "demand.load": 0.5,
            "demand.classes": [{"work_s": work_s, "law": "deterministic", "deadline_s": 400.0}],
            "records.trace_tasks": 1.0,
        }
        model = small(**changes).run(60)
        strike(model, "partition", share=0.5, for_s=for_s)
        model.run(1)
        copied = model.resilience.copies.origin.copy()
        assert len(copied) > 5
        model.run(250)
        log = model.records.task_log().set_index("uid").loc[copied]
        assert (log["finish"] > 61).all()
        assert (log["reason"] == "").all()
        assert not len(model.resilience.copies)
        assert not sums(model).any()
        frame = model.records.frame()
        assert frame["dropped"].sum() == 0
        first = log["finish"] <= 60 + work_s + for_s
        seen[work_s] = (frame["duplicates"].sum(), len(copied), int(first.sum()))
    assert seen[40.0][0] < seen[40.0][1]  # the partition is over before the others could end
    assert seen[12.0][0] > 0.8 * seen[12.0][1]  # it lasts until those sent anew have been answered


def test_zones_of_a_dead_node_find_another_node_and_come_back():
    model = small()
    home = model.hierarchy_arrays.node_of_cluster.copy()
    model.run(10)
    strike(model, "node-crash", components=[2], for_s=30.0)
    model.run(10)
    assert (model.hierarchy_arrays.node_of_cluster != 2).all()
    assert (model.flow.hierarchy.node_of_cluster != 2).all()
    model.run(40)
    assert np.array_equal(model.hierarchy_arrays.node_of_cluster, home)
    assert model.records.column("dropped").sum() == 0


def test_without_leads_no_task_is_begun_until_one_is_elected():
    model = small(**{"resilience.detection.detector": {"name": "timeout", "after_s": 10.0}})
    model.run(10)
    strike(model, "lead-crash", share=1.0)
    model.run(5)
    assert model.records.column("started")[-4:].sum() == 0
    model.run(30)
    assert model.records.column("started")[-5:].sum() > 0
    assert model.resilience.log[0].in_time


def test_deadlines_are_enforced_where_that_is_asked():
    changes = {"demand.load": 3.0, "resilience.recovery.deadlines": "enforce"}
    model = small(**changes).run(120)
    kept = small(**changes | {"resilience.recovery.deadlines": "count"}).run(120)
    assert model.records.column("dropped_expired").sum() > 0
    assert kept.records.column("dropped_expired").sum() == 0
    late = Count.LATE.name.lower()
    assert model.records.column(late).sum() < kept.records.column(late).sum()
    met = [m.records.raw().count(Count.MET).sum() for m in (model, kept)]
    assert met[0] > met[1]


def test_what_is_left_to_fate_stays_lost():
    """Without recovery the same faults leave tasks in dead hands and clusters without a lead."""
    faults = [{"name": "agent-crash", "mtbf_s": 600.0}, {"name": "lead-crash", "mtbf_s": 600.0}]
    changes = {"resilience.faults": faults, "demand.load": 0.5}
    model = small(**changes).run(300)
    left = small(**changes, **{"resilience.recovery.on": False}).run(300)
    assert left.records.column("completed").sum() < 0.9 * model.records.column("completed").sum()
    assert left.records.column("agents_silent")[-1] > model.records.column("agents_silent")[-1] + 20
    first = [[i.key for i in m.resilience.log.incidents if i.key.endswith("/1")] for m in (left, model)]
    assert first[0][:9] == first[1][:9]


def test_what_lives_is_suspected_at_a_low_level_gone_round_and_heard_again():
    """At phi 2 one heartbeat in a hundred is an alarm, of agents, leads, nodes and links alike."""
    model = small(
        **{
            "resilience.detection.detector": {"name": "phi", "phi": 2.0},
            "resilience.detection.missed": 0,
            "resilience.detection.interval_s": 1.0,
        }
    ).run(120)
    log = model.resilience.log
    assert not log.incidents
    for tier, senders in (("lead", model.fleet.clusters), ("node", 4), ("link", 2 * len(model.mesh.edges))):
        mine = [one for one in log.suspicions if one.tier == tier]
        expected = 0.01 * 120 * senders
        assert 0.3 * expected < len(mine) < 2.5 * expected, tier
        assert all(one.cleared_s > one.time_s for one in mine)
    assert model.records.column("interrupted").sum() > 0
    assert not sums(model).any()
    quiet = small(**{"resilience.detection.detector": {"name": "phi", "phi": 12.0}}).run(120)
    assert not quiet.resilience.log.suspicions


def test_agents_found_in_one_tick_are_begun_anew_together_as_one_by_one():
    """Restart times are functions of the agents' ids, whoever else is begun anew with them."""
    model = small(**{"demand.load": 0.5}).run(10)
    strike(model, "mass-crash", share=1.0)
    model.run(5)
    one = small(**{"demand.load": 0.5}).run(10)
    uid = int(one.fleet.column("uid")[7])
    strike(one, "agent-crash", components=[uid])
    one.run(5)
    both = [m.fleet.column("free_at")[np.flatnonzero(m.fleet.column("uid") == uid)[0]] for m in (model, one)]
    assert both[0] == both[1]


def test_failures_that_were_scheduled_do_not_take_the_crashes_of_a_law():
    model = small(**{"resilience.faults": [{"name": "agent-crash", "mtbf_s": 500.0}]})
    rows = model.fleet.live()[:3]
    model.schedule_failures(rows, 30.0)
    model.run(100)
    assert len(model.resilience.log) > 20
    assert {one.fault for one in model.resilience.log.incidents} == {"agent-crash"}
