"""What limits a fleet: each kind of trouble is named where it was made, with parts that sum to the response time."""

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.batch.optimizing.scenarios import scenario
from swarmscale.model.flow.ledger import Count
from swarmscale.model.optimization.base import StationUse
from swarmscale.model.optimization.bottleneck import analyze, balanced_per_s, parts_of

from .shard_support import shared

SHORT = [{"name": "task", "work_s": 0.2, "deadline_s": 60.0}]
BARE = {"intelligence.on": False, "emergence.on": False, "resilience.on": False}
CASES = {
    "ingress": scenario("overhead of messages").config(),
    "dispatch": scenario("overhead of messages").config().changed(
        {"ingress.overhead_ms": 0.0, "dispatch.overhead_ms": 30.0}
    ),
    "network": scenario("long ways").config(),
    "queues": scenario("blind dispatch").config().changed(
        {"demand.load": 0.93, "fleet.speed_cv": 0.0, "fleet.skill_own": [1.0, 1.0], "fleet.skill_other": [1.0, 1.0],
         "fleet.communication": "none", "fleet.cluster_agents": 25, "fleet.nodes": 1}
    ),
    "imbalance": scenario("crowded door").config(),
    "memory": scenario("memory that nobody asks").config(),
    "waste": scenario("too many agents").config(),
    "service": scenario("long tasks and idle hands").config(),
}  # fmt: skip


@pytest.mark.parametrize("kind", CASES)
def test_each_kind_is_named_where_it_was_made(kind):
    model = ss.SwarmModel(CASES[kind], rng=3).run(240)
    found, _ = analyze(model, None)
    assert found.kind == kind, found.words
    assert any(character.isdigit() for character in found.words)


def test_the_parts_of_the_response_time_sum_to_it():
    model = ss.SwarmModel(CASES["ingress"], rng=4).run(300)
    raw = model.records.raw(100)
    whole = raw.seconds(Count.RESPONSE_T).sum() / raw.count(Count.COMPLETED).sum()
    assert sum(parts_of(raw, model.flow.local_s)) == pytest.approx(whole, rel=0.01)


def test_service_demands_are_busy_time_over_answers_and_bound_the_throughput():
    """At dispatch a task takes 5 ms with an even share of four nodes: no more than 800 a second can be answered."""
    keys = {"dispatch.service_ms": 5.0, "demand.locality": 1.0, "demand.load": None, "demand.mean_rate_per_s": 300.0,
            "demand.classes": SHORT, "fleet.agents": 400}  # fmt: skip
    model = ss.SwarmModel("tiny", rng=5, **(BARE | keys | {"seconds": 600.0})).run(600)
    found, _ = analyze(model, None)
    dispatch = found.station("dispatch")
    assert dispatch.demand_s == pytest.approx(0.005, rel=0.02)
    assert dispatch.utilization == pytest.approx(300 * 0.005 / 4, rel=0.03)
    assert found.binds == "dispatch"
    assert found.bound_per_s == pytest.approx(800, rel=0.05)
    assert found.throughput_per_s <= found.balanced_per_s * 1.001
    assert found.balanced_per_s <= found.bound_per_s * 1.05


def test_no_fleet_answers_more_than_the_bound_that_was_told_at_a_low_load():
    """Small clusters, some fuller by chance: at 120 % load the fleet does what was told at 60 %, within 3 %."""
    alike = {"fleet.agents": 600, "fleet.cluster_agents": 5, "fleet.speed_cv": 0.0, "fleet.skill_own": [1.0, 1.0],
             "fleet.skill_other": [1.0, 1.0], "fleet.communication": "none", "seconds": 500.0}  # fmt: skip

    def told(load):
        model = ss.SwarmModel("tiny", rng=2, **(BARE | alike | {"demand.load": load})).run(300)
        _, seen = analyze(model, None)
        return analyze(model.run(200), seen)[0]

    found, full = told(0.6), told(1.2)
    assert found.binds == "agents"
    assert full.throughput_per_s == pytest.approx(found.bound_per_s, rel=0.03)
    by_fullest = found.throughput_per_s / found.station("clusters").busiest
    assert (
        full.throughput_per_s > 1.03 * by_fullest
    )  # the fullest cluster bounds nothing: others take its tasks


@pytest.mark.parametrize(("servers", "tasks"), [(2, 2), (2, 6), (10, 11), (100, 60)])
def test_the_balanced_bound_is_one_for_few_agents_too(servers, tasks):
    """Exact throughput of tasks that circulate between a link of 50 ms and some agents: a birth-death chain."""
    work_s, way_s = 2.0, 0.05
    share = [1.0]
    for k in range(tasks):
        share.append(share[-1] * (tasks - k) / way_s * work_s / min(k + 1, servers))
    exact = np.dot(share, np.minimum(np.arange(tasks + 1), servers)) / sum(share) / work_s
    plain = {
        "visits": 1.0,
        "service_s": 0.0,
        "utilization": np.nan,
        "busiest": np.nan,
        "busiest_at": -1,
        "wait_s": 0.0,
    }
    stations = (
        StationUse(name="links", demand_s=way_s, servers=np.inf, **plain),
        StationUse(name="agents", demand_s=work_s, servers=float(servers), **plain),
    )
    told = balanced_per_s(stations, tasks, servers / work_s)
    assert exact <= told * (1 + 1e-9)
    assert told < 1.25 * exact


def test_a_window_forgets_what_was_before_it():
    model = ss.SwarmModel(CASES["service"], rng=6)
    seen = None
    for _ in range(30):
        model.run(10)
        found, seen = analyze(model, seen)
    assert found.from_s == pytest.approx(300 - model.config.optimization.window_s)
    raw = model.records.raw(round(found.from_s))
    busy = raw.seconds(Count.BUSY_T).sum() / raw.seconds(Count.READY_T).sum()
    assert found.station("agents").utilization == pytest.approx(busy, rel=1e-6)


@pytest.mark.parametrize("kind", ["ingress", "imbalance", "waste"])
def test_all_shards_find_the_same(kind):
    config = CASES[kind].changed({"seconds": 120.0, "fleet.nodes": 4})
    alone = shared(config, 1, lambda m: repr(analyze(m, None)[0]))
    for shards in (2, 4):
        assert set(shared(config, shards, lambda m: repr(analyze(m, None)[0]))) == set(alone)


def test_with_nothing_answered_there_is_nothing_to_tell():
    model = ss.SwarmModel("tiny", rng=1, **(BARE | {"demand.load": 0.0, "demand.source": "poisson"}))
    assert analyze(model.run(10), None)[0].kind == "none"
    assert np.isfinite(model.now_s)


def test_an_ingress_that_is_hardly_at_work_is_no_trouble_where_a_cache_answers_all():
    """Nearly all of a millisecond is spent there, and a millisecond is well within what is wanted."""
    keys = {"cache.size": 500, "demand.zipf": 1.0, "seconds": 900.0}
    model = ss.SwarmModel("tiny", rng=7, **(BARE | keys)).run(900)
    found, _ = analyze(model, None)
    late = model.records.column("cache_hits")[-60:].sum() / model.records.column("arrived")[-60:].sum()
    assert late > 0.9
    assert found.kind not in ("ingress", "network", "dispatch"), found.words
