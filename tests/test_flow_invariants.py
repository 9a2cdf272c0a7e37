"""What holds in every run, whatever happens in it: nothing vanishes, nothing is done twice, ticks do not matter."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from swarmscale.agents.fleet import BUSY, DRAINING, FAILED, IDLE
from swarmscale.model.build import build_flow, build_rule
from swarmscale.model.config import Config
from swarmscale.model.flow.dispatch import DISPATCH_RULES
from swarmscale.model.flow.ledger import (
    ARRIVE,
    AT_CLUSTER,
    DELIVERED,
    DROP,
    DROPS,
    FINISH,
    FIRST,
    HELD,
    HIERARCHY,
    INTERNAL,
    MESSAGES,
    SENT,
    Count,
)

from .flow_support import SUMS, agrees, fault_of_full_clusters, plain, run, seeds

TICKS = 12
SPANS = {"seconds": 120.0, "records.cluster_period_s": 60.0, "records.window_s": 60.0}


@st.composite
def scenarios(draw):
    """A small fleet under stress, and what befalls it before each tick."""
    keys = {
        "fleet.agents": draw(st.integers(6, 60)),
        "fleet.nodes": draw(st.integers(1, 5)),
        "fleet.zone_clusters": draw(st.integers(1, 3)),
        "fleet.cluster_agents": draw(st.integers(2, 12)),
        "fleet.speed_cv": draw(st.sampled_from([0.0, 0.5])),
        "fleet.communication": draw(st.sampled_from(["mesh", "star", "tree", "none"])),
        "demand.load": draw(st.floats(0.2, 1.6)),
        "demand.classes": (
            {"work_s": draw(st.sampled_from([0.05, 0.5, 3.0]))},
            {"name": "b", "type": "social", "work_s": 1.0, "law": "lognormal", "cv": 1.5},
        ),
        "demand.locality": draw(st.sampled_from([0.0, 0.5, 1.0])),
        "demand.entry_skew": draw(st.sampled_from([0.0, 1.0])),
        "demand.bin_s": draw(st.sampled_from([0.25, 1.0, 2.0])),
        "demand.keys": 50,
        "ingress.service_ms": draw(st.sampled_from([0.0, 5.0, 60.0])),
        "ingress.queue": draw(st.sampled_from([1, 4, 1_000_000])),
        "ingress.batch": draw(st.sampled_from([1, 3])),
        "dispatch.service_ms": draw(st.sampled_from([0.0, 5.0, 60.0])),
        "dispatch.overhead_ms": draw(st.sampled_from([0.0, 20.0])),
        "dispatch.queue": draw(st.sampled_from([1, 4, 1_000_000])),
        "dispatch.batch": draw(st.sampled_from([1, 4])),
        "dispatch.rule": draw(st.sampled_from(sorted(DISPATCH_RULES))),
        "network.topology": draw(st.sampled_from(["ring", "mesh"])),
        "network.latency_ms": draw(st.sampled_from([(0.0, 0.0), (1.0, 20.0), (300.0, 1500.0)])),
        "network.jitter": draw(st.sampled_from([0.0, 0.3])),
        "network.loss": draw(st.sampled_from([0.0, 0.1, 0.3])),
        "network.retries": draw(st.integers(0, 2)),
        "cluster.queue": draw(st.sampled_from([0, 2, 1_000_000])),
        "cluster.attempts": draw(st.integers(1, 3)),
        "delegation.on": draw(st.booleans()),
        "cache.size": draw(st.sampled_from([0, 5])),
        "records.trace_tasks": 1.0,
        "dt": draw(st.sampled_from([0.5, 1.0])),
    }
    kinds = st.sampled_from(sorted(EVENTS))
    events = draw(st.lists(st.tuples(st.integers(1, TICKS - 1), kinds, st.integers(0, 999)), max_size=12))
    return Config().changed(SPANS | keys), draw(st.integers(0, 2**31)), events


def some_of(flow, pick, wanted):
    """One to five of the rows that are in one of the wanted states."""
    rows = np.flatnonzero(np.isin(flow.fleet.column("state"), wanted))
    return np.random.default_rng(pick).permutation(rows)[: 1 + pick % 5]


def cut(flow, pick, now):
    links = sorted(flow.network.graph.edges)
    if links:
        flow.network.cut_link(*links[pick % len(links)])


def mend(flow, pick, now):
    for a, b in sorted(flow.network.graph.edges):
        flow.network.restore_link(a, b)
    for k in range(flow.network.nodes):
        flow.network.restore_node(k)


def spawn(flow, pick, now):
    flow.fleet.spawn(min(pick % 7, flow.fleet.room()), now + (pick % 3) * 0.7)


def fail(flow, pick, now):
    rows = some_of(flow, pick, (IDLE, BUSY, DRAINING))
    flow.interrupt(rows, now)
    flow.fleet.fail(rows)


def retire(flow, pick, now):
    rows = some_of(flow, pick, (IDLE, BUSY, DRAINING))
    flow.interrupt(rows, now)
    flow.fleet.retire(rows)


def grow(flow, pick, now):
    flow.hierarchy.add_cluster(pick % flow.hierarchy.nodes)
    flow.fleet.add_clusters(1)
    flow.grow()


EVENTS = {
    "fail_node": lambda flow, pick, now: flow.network.fail_node(pick % flow.network.nodes),
    "cut_link": cut,
    "mend": mend,
    "spawn": spawn,
    "fail": fail,
    "recover": lambda flow, pick, now: flow.fleet.recover(some_of(flow, pick, (FAILED,)), now + 1.3),
    "retire": retire,
    "drain": lambda flow, pick, now: flow.fleet.drain(some_of(flow, pick, (IDLE, BUSY))),
    "sweep": lambda flow, pick, now: flow.fleet.sweep(),
    "grow": grow,
}


def play(config, seed, events):
    """Run a scenario, checking after every tick; returns the run."""
    clock = {"end": 0.0}

    def between(flow, tick, now):
        clock["end"] = now + config.dt
        for _, kind, pick in [e for e in events if e[0] == tick]:
            EVENTS[kind](flow, pick, now)
            flow.clusters = build_rule(config, flow.fleet.size)

    def after(flow, summed):
        check_books(flow, summed)
        check_states(flow, clock["end"])

    return run(config, seed, TICKS * config.dt, between=between, after=after)


def check_books(flow, summed):
    """Arrived = completed + dropped + held, and what is held lies where the ledger says."""
    held = flow.ledger.count
    ended = summed[Count.COMPLETED] + sum(summed[c] for c in DROPS)
    assert summed[Count.ARRIVED] == ended + sum(held[c] for c in HELD)
    m = summed[Count.INGRESS_DONE]
    assert m >= summed[Count.DISPATCHED]


def check_states(flow, end):
    """Counts agree with the agents' states and the buffers; no task is in two places."""
    count, state = flow.ledger.count, flow.fleet.rows.state
    busy = (state == BUSY) | (state == DRAINING)
    ingress, dispatch, cluster = (pool.used() for pool in flow.pools)
    assert count[Count.IN_SERVICE] == busy.sum()
    assert (flow.state.in_service == busy.sum(axis=1)).all()
    assert (flow.state.ready == ((state == IDLE) | (state == BUSY)).sum(axis=1)).all()
    assert count[Count.WAITING_INGRESS] == (ingress.at < end).sum()
    assert count[Count.WAITING_DISPATCH] == (dispatch.at < end).sum()
    assert count[Count.IN_TRANSIT] == (dispatch.at >= end).sum() + (cluster.at >= end).sum()
    queued = np.bincount(cluster.place[cluster.at < end], minlength=flow.fleet.clusters)
    assert (flow.state.waiting == queued).all()
    assert count[Count.WAITING_CLUSTER] == queued.sum()
    assert not (queued * (state == IDLE).any(axis=1)).any(), "an agent is idle while tasks wait"
    assert (flow.fleet.rows.free_at[busy] >= end).all()
    assert (flow.fleet.rows.free_at[state == IDLE] <= end).all()
    uids = np.concatenate([ingress.uid, dispatch.uid, cluster.uid, flow.hands.uid[busy]])
    assert len(np.unique(uids)) == len(uids)


def check_log(one):
    """Each sampled task ends at most once; who has not ended is held."""
    ends = Counter(one.log.uid[(one.log.stage == FINISH) | (one.log.stage == DROP)].tolist())
    assert not ends or max(ends.values()) == 1
    came = one.log.uid[one.log.stage == ARRIVE]
    assert len(came) == len(np.unique(came)) == one[Count.ARRIVED]
    assert set(ends) <= set(came.tolist())
    assert (one.log.stage == FINISH).sum() == one[Count.COMPLETED]
    unsaid = one[Count.DROPPED_ATTEMPTS] if (one.log.stage == DROP).sum() < one.dropped else 0
    assert (one.log.stage == DROP).sum() == one.dropped - unsaid


def check_messages(one, config):
    """Every channel's columns are in order, and the sums are those of what was sent."""
    m = one.messages
    assert (m[:, FIRST] <= m[:, DELIVERED]).all()
    assert (m[:, DELIVERED] <= m[:, MESSAGES]).all()
    assert (m[:, MESSAGES] <= m[:, SENT]).all()
    assigned = (one.log.stage == AT_CLUSTER).sum()
    mesh = m[HIERARCHY, MESSAGES] - 2 * assigned - 4 * one[Count.ESCALATED_NODE]
    assert mesh == one[Count.HOPS]
    assert m[HIERARCHY, MESSAGES] - m[HIERARCHY, DELIVERED] == one[Count.DROPPED_LOST]
    if config.network.loss == 0:
        assert (m[:, SENT] == m[:, FIRST]).all()
    if config.fleet.communication == "none":
        assert not m[INTERNAL].any()


@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(scenarios())
def test_nothing_vanishes_and_nothing_is_done_twice(scenario):
    """Books, states, log and messages agree as integers at every tick of any scenario."""
    config, seed, events = scenario
    one = play(config, seed, events)
    check_log(one)
    check_messages(one, config)


def test_a_task_dropped_for_its_attempts_says_so_in_the_log():
    config = plain(fleet__agents=4, demand__load=2.0, records__trace_tasks=1.0, cluster__attempts=1)
    one = run(config, 3, 20, between=lambda flow, tick, now: fail(flow, 7, now) if tick == 15 else None)
    assert one[Count.DROPPED_ATTEMPTS] > 0
    assert (one.log.stage == DROP).sum() == one.dropped


def test_a_full_cluster_of_brief_tasks_stays_within_its_buffers():
    """As plain Python, where an index beyond a buffer is an error: many services a tick in every slot."""
    assert fault_of_full_clusters() == ""


BLIND = {
    "fleet.agents": 120,
    "fleet.nodes": 4,
    "fleet.cluster_agents": 11,
    "demand.load": 0.95,
    "demand.classes": ({"work_s": 0.7}, {"name": "b", "type": "social", "law": "lognormal", "cv": 1.2}),
    "ingress.service_ms": 15.0,
    "ingress.batch": 3,
    "ingress.queue": 30,
    "dispatch.service_ms": 12.0,
    "cluster.queue": 12,
    "network.loss": 0.1,
    "network.retries": 1,
    "network.jitter": 0.4,
    "network.latency_ms": (5.0, 700.0),
    "network.topology": "ring",
}


@pytest.mark.parametrize("rule", ["round-robin", "random"])
def test_halving_the_tick_moves_no_count_under_rules_that_look_at_no_state(rule):
    """With loss, jitter, batches and full queues, down to dt = 1/4."""
    runs = []
    for dt in (1.0, 0.5, 0.25):
        config = Config().changed(SPANS | BLIND | {"dispatch.rule": rule, "dt": dt})
        runs.append(run(config, 11, 60.0))
    first = runs[0]
    assert first[Count.DROPPED_CLUSTER_FULL] > 0
    assert first[Count.DROPPED_LOST] > 0
    for other in runs[1:]:
        assert {c.name: other[c] for c in SUMS} == {c.name: first[c] for c in SUMS}
        assert (other.messages == first.messages).all()
        assert (other.hist == first.hist).all()
        assert all(other.held[c] == first.held[c] for c in HELD)


def test_the_same_seed_gives_the_same_counts_and_another_seed_does_not():
    config = Config().changed(SPANS | BLIND | {"dispatch.rule": "jsq"})
    a, b, c = (run(config, seed, 20.0) for seed in (5, 5, 6))
    assert (a.count == b.count).all()
    assert (a.hist == b.hist).all()
    assert (a.messages == b.messages).all()
    assert a[Count.RESPONSE_T] != c[Count.RESPONSE_T]


@pytest.mark.parametrize(
    "other",
    [
        {"dispatch.rule": "contract-net"},
        {"delegation.on": True},
        {"cache.size": 100},
        {"fleet.speed_cv": 0.9, "fleet.communication": "mesh"},
        {"network.loss": 0.3, "network.topology": "mesh"},
        {"ingress.queue": 1, "cluster.queue": 0},
        {"dt": 0.5},
    ],
)
def test_another_policy_meets_the_same_arrivals(other):
    """Number, work, keys, times and entry nodes of arrivals, to the last bit."""
    base = Config().changed(SPANS | BLIND | {"records.trace_tasks": 1.0})
    runs = [run(base, 8, 20.0), run(base.changed(other), 8, 20.0)]
    arrivals = []
    for one in runs:
        at = one.log.stage == ARRIVE
        lines = zip(one.log.uid[at], one.log.time[at], one.log.place[at], strict=True)
        arrivals.append(sorted((int(u), float(t), int(p)) for u, t, p in lines))
    assert arrivals[0] == arrivals[1]
    for c in (Count.ARRIVED, Count.WORK_ARRIVED_T):
        assert runs[0][c] == runs[1][c]


@pytest.mark.parametrize(("law", "cv"), [("exponential", 1.0), ("lognormal", 1.5)])
def test_a_cluster_of_one_agent_without_a_queue_loses_as_erlang_b_says(law, cv):
    """M/G/1/1: the share a / (1 + a) is lost, whatever the law of service."""
    config = plain(
        fleet__nodes=16,
        fleet__agents=16,
        fleet__cluster_agents=2,
        cluster__queue=0,
        demand__load=0.5,
        demand__classes=({"work_s": 1.0, "law": law, "cv": cv},),
        dt=20.0,
        demand__bin_s=20.0,
        seconds=2000.0,
    )
    runs = [run(config, s, 400, warm_up=20) for s in seeds(f"loss {law}", 20)]
    agrees([r[Count.DROPPED_CLUSTER_FULL] / r[Count.ARRIVED] for r in runs], 0.5 / 1.5)


@pytest.mark.parametrize("stage", ["ingress", "dispatch"])
def test_a_station_without_a_queue_serves_the_task_that_finds_it_free(stage):
    """A bound on those who wait is none on the one in service: M/M/1/1 again."""
    service = {f"{stage}__service_ms": 10.0, f"{stage}__queue": 0, f"{stage}__law": "exponential"}
    config = plain(
        fleet__nodes=16,
        fleet__agents=16,
        fleet__cluster_agents=2,
        demand__mean_rate_per_s=16 * 50.0,
        demand__classes=({"work_s": 1e-6, "law": "deterministic"},),
        **service,
    )
    runs = [run(config, s, 10) for s in seeds(f"station loss {stage}", 20)]
    lost = Count.DROPPED_INGRESS_FULL if stage == "ingress" else Count.DROPPED_DISPATCH_FULL
    agrees([r[lost] / r[Count.ARRIVED] for r in runs], 0.5 / 1.5)


def test_agents_of_a_new_cluster_take_tasks():
    """A cluster added in a run gets its share once it has agents."""
    config = plain(fleet__agents=4, fleet__cluster_agents=4, demand__load=1.6, records__trace_tasks=1.0)

    def between(flow, tick, now):
        if tick == 10:
            grow(flow, 0, now)
            flow.fleet.spawn(4, now)
            flow.clusters = build_rule(config, flow.fleet.size)

    one = run(config, 2, 60, between=between)
    assert one.flow.state.completed[1] > 0
    assert one.flow.state.completed.sum() == one[Count.COMPLETED]


def test_a_flow_that_is_built_holds_nothing():
    flow = build_flow(plain(fleet__agents=10), 1)
    assert sum(pool.n for pool in flow.pools) == 0
    assert not flow.ledger.count.any()
