"""Strategies of optimization: each says what it would do or why not, does it, and undoes it; right ones help."""

import json

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.agents.fleet import IDLE, STARTING, WARM
from swarmscale.batch.optimizing.paired import effect
from swarmscale.batch.optimizing.scenarios import SCENARIOS, Scenario
from swarmscale.model.flow.ledger import HELD, HIERARCHY, Count, bin_edges
from swarmscale.model.memory import dump, restore, same
from swarmscale.model.optimization.base import METRICS, Proposal
from swarmscale.model.optimization.engine import build_optimizer
from swarmscale.model.optimization.strategies import STRATEGIES, ThroughputMaximization
from swarmscale.model.optimization.strategies.distribution import moved, rehomed
from swarmscale.model.optimization.strategies.parallel import slowest_of, slowness
from swarmscale.model.optimization.theory.batches import mean_sojourn
from swarmscale.model.switches import KNOBS, SWITCHES

from .shard_support import shared

NAMES = tuple(STRATEGIES)
RIGHT = {one.strategy: one for one in SCENARIOS if one.right}
QUIET = {"intelligence.on": False, "emergence.on": False, "resilience.on": False}
LONG = ("crowded door", "even by law")
"""Scenarios whose effect takes time to show."""
LEAST = 0.02


def found_in(m):
    """What has limited a fleet so far."""
    return build_optimizer(m.config.changed({"optimization.on": True}), m.root_seed).look(m)


def of(**changes):
    return ss.SwarmModel("tiny", rng=3, **(QUIET | changes))


@pytest.fixture(scope="module")
def stood(tmp_path_factory):
    """By strategy: a checkpoint of the fleet in which it is right, after a while, and what it proposes there."""
    folder, told = tmp_path_factory.mktemp("stood"), {}

    def one(name):
        if name not in told:
            m = ss.SwarmModel(RIGHT[name].config(), rng=1).run(150)
            told[name] = (m.save(folder / name), STRATEGIES.make(name).propose(m, found_in(m)))
        path, proposal = told[name]
        return ss.SwarmModel.load(path), proposal

    return one


@pytest.fixture(scope="module")
def proved():
    """By scenario: what its change does against none in the same future, with one seed."""
    told = {}

    def one(scenario):
        if scenario.name not in told:
            lasts = (300.0, 600.0) if scenario.name in LONG else (150.0, 300.0)
            told[scenario.name] = effect(scenario, 1, warm_up_s=lasts[0], seconds=lasts[1])
        return told[scenario.name]

    return one


def structure(m):
    """All that strategies turn which is no setting."""
    h, state = m.hierarchy_arrays, m.fleet.column("state")
    links = sorted((min(a, b), max(a, b)) for a, b in m.mesh.edges)
    members = int((m.fleet.column("uid") > 0).sum() - (state == WARM).sum())
    return links, h.node_of_cluster.tolist(), h.zone_of_cluster.tolist(), members, int((state == WARM).sum())


def conserved(m):
    raw = m.records.raw()
    held = sum(raw.count(c) for c in HELD)
    gone = raw.count(Count.COMPLETED) + m.records.column("dropped")
    return (np.cumsum(raw.count(Count.ARRIVED) - gone) == held).all()


# -- what every strategy must do ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("here", [True, False], ids=["where it is right", "in a small fleet"])
def test_it_says_what_it_would_do_or_why_not(stood, name, here):
    m = stood(name)[0] if here else of().run(60)
    told = STRATEGIES.make(name).propose(m, found_in(m))
    if here:
        assert isinstance(told, Proposal)
    if isinstance(told, str):
        assert len(told.split()) >= 4
        return
    assert told.strategy == name
    assert told.metric in METRICS
    assert told.words
    assert np.isnan(told.expected) or told.expected >= -1
    assert bool(told.changes) or bool(told.moves)
    assert told.knob in (*KNOBS, *SWITCHES, "homes", "members", "size")
    assert told.cost_s >= 0
    assert told.messages >= 0


@pytest.mark.parametrize("name", NAMES)
def test_asking_changes_nothing(stood, name):
    (asked, _), (other, _) = stood(name), stood(name)
    STRATEGIES.make(name).propose(asked, found_in(asked))
    assert asked.config == other.config
    assert structure(asked) == structure(other)
    assert asked.run(20).records.frame().equals(other.run(20).records.frame())


@pytest.mark.parametrize("name", NAMES)
def test_turned_and_undone_all_is_as_it_was_and_no_task_is_lost(stood, name):
    m, proposal = stood(name)
    config, before, strategy = m.config, structure(m), STRATEGIES.make(name)
    kept = strategy.turn(m, proposal)
    m.run(1)
    assert m.config != config or structure(m) != before
    m.run(29)
    strategy.undo(m, proposal, kept)
    m.run(40)  # agents that come back start for 30 s
    assert m.config == config
    assert structure(m) == before
    assert conserved(m)
    assert not (m.fleet.column("state") == STARTING).any()


@pytest.mark.parametrize("name", NAMES)
def test_a_checkpoint_between_turning_and_undoing_goes_on_bit_for_bit(stood, name, tmp_path):
    m, proposal = stood(name)
    strategy = STRATEGIES.make(name)
    kept = strategy.turn(m, proposal)
    m.run(10)
    back, again = (
        ss.SwarmModel.load(m.save(tmp_path / "a")),
        restore(json.loads(json.dumps(dump(kept))), set()),
    )
    assert same(kept, again)
    for one, memory in ((m, kept), (back, again)):
        strategy.undo(one, proposal, memory)
        one.run(20)
    assert m.records.frame().equals(back.records.frame())
    assert m.config == back.config
    assert structure(m) == structure(back)


def test_all_shards_propose_alike_or_say_in_words_that_they_cannot():
    config = ss.Config.load("tiny").changed(
        QUIET | {"fleet.nodes": 5, "seconds": 60.0, "network.topology": "ring", "ingress.overhead_ms": 0.5,
                 "dispatch.rule.d": 8, "demand.load": 0.4, "optimization.on": True, "optimization.period_s": 60.0,
                 "optimization.strategies": [name for name in NAMES if name != "load-distribution"]}
    )  # fmt: skip

    def told(m):
        return {
            name: repr(STRATEGIES.make(name).propose(m, m.optimizer.found))
            for name in NAMES
            if name != "load-distribution" or not m.shard.territory.alone
        }

    alone = shared(config, 1, told)[0]
    assert sum(text.startswith("Proposal(") for text in alone.values()) >= 4
    for one in shared(config, 2, told):
        assert one.pop("load-distribution") == "'clusters cannot change shards'"
        assert one == alone


# -- the sixteen scenarios ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda one: one.name)
def test_the_change_is_what_the_scenario_says(proved, scenario):
    """One seed of benchmarks/optimization_scenarios.py, whose output is in docs/optimization_scenarios.md."""
    assert proved(scenario).missed(LEAST) == ""


@pytest.mark.parametrize("right", [True, False])
def test_a_change_that_does_nothing_is_neither_right_nor_harmful(right):
    nothing = Scenario(
        name="nothing", strategy="memory-optimization", right=right, why="there is no memory",
        harms="response_s", by_hand={"stealing.after_s": 3.0},
    )  # fmt: skip
    told = effect(nothing, 1, warm_up_s=30.0, seconds=60.0)
    assert told.relative == told.harm.mean == 0.0
    assert told.missed(LEAST)


def test_for_each_strategy_there_is_one_of_each_kind_and_four_pairs_are_set_aside():
    kinds = sorted((one.strategy, one.right) for one in SCENARIOS)
    assert kinds == sorted((name, right) for name in NAMES for right in (False, True))
    assert sorted(one.strategy for one in SCENARIOS if one.aside) == sorted(2 * sorted(
        {one.strategy for one in SCENARIOS if one.aside}
    ))  # fmt: skip
    assert sum(one.aside for one in SCENARIOS) == 8


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("overhead of messages", 0.06),
        ("long service at the door", 0.06),
        ("too many agents", 0.01),
        ("long tasks and idle hands", 0.12),
        ("long tasks and none idle", 0.12),
        ("memory that nobody asks", 0.2),
        ("long ways", 0.03),
        ("everybody stays at home", 0.01),
    ],
)
def test_what_was_foretold_comes_near_to_what_came(proved, name, error):
    told = proved(next(one for one in SCENARIOS if one.name == name))
    assert told.relative == pytest.approx(told.expected, abs=error)
    assert np.sign(told.relative) == np.sign(told.expected)


# -- batches ------------------------------------------------------------------------------------------------------


def at_a_station(rate, service_s, overhead_s, batch, tasks, rng):
    """Mean time at a station that serves batches, task by task; `[30]` parts of a run."""
    came = np.cumsum(rng.exponential(1 / rate, tasks))
    took, free, i = np.empty(tasks), 0.0, 0
    while i < tasks:
        start = max(free, came[i])
        m = min(int(np.searchsorted(came, start, side="right")) - i, batch)
        free = start + overhead_s + m * service_s
        took[i : i + m] = free - came[i : i + m]
        i += m
    return took[tasks // 10 :].reshape(30, -1).mean(axis=1)


BATCHES = [(30.0, 0.0002, 0.03, 1), (30.0, 0.0002, 0.03, 8), (30.0, 0.025, 0.0005, 8), (0.8, 1.0, 0.5, 4)]


@pytest.mark.parametrize("case", BATCHES)
def test_time_at_a_station_with_batches_agrees_with_theory(case):
    means = at_a_station(*case, 90_000, np.random.default_rng(7))
    error = means.std(ddof=1) / np.sqrt(len(means))
    assert abs(means.mean() - mean_sojourn(*case)) < 4 * error


def test_theory_of_batches_five_percent_off_would_be_found():
    means = at_a_station(*BATCHES[1], 90_000, np.random.default_rng(7))
    assert abs(means.mean() - 1.05 * mean_sojourn(*BATCHES[1])) > 4 * means.std(ddof=1) / np.sqrt(len(means))


def test_a_station_that_cannot_keep_up_takes_forever_and_huge_batches_half_as_long_again_as_one():
    assert mean_sojourn(30.0, 0.01, 0.03, 1) == np.inf
    assert mean_sojourn(1000.0, 0.0001, 0.9, 10_000) == pytest.approx(1.5)


def test_the_models_batches_take_as_long_as_foretold():
    """One node, so that all of the network part of the response is its ingress: within 3 %."""
    m = of(
        **{"fleet.nodes": 1, "demand.load": None, "demand.mean_rate_per_s": 50.0, "ingress.law": "deterministic",
           "ingress.service_ms": 2.0, "ingress.overhead_ms": 25.0, "ingress.batch": 8, "seconds": 400.0,
           "demand.classes": [{"name": "task", "work_s": 0.2}], "network.jitter": 0.0, "network.loss": 0.0,
           "network.local_ms": 0.0, "dispatch.service_ms": 0.0, "dispatch.overhead_ms": 0.0}
    ).run(400)  # fmt: skip
    raw = m.records.raw()
    took_s = raw.seconds(Count.NETWORK_T).sum() / raw.count(Count.DISPATCHED).sum()
    assert took_s == pytest.approx(mean_sojourn(50.0, 0.002, 0.025, 8), rel=0.03)


SLOW_DOOR = {
    "ingress.service_ms": 20.0, "ingress.overhead_ms": 0.2, "ingress.batch": 64, "demand.load": None,
    "demand.mean_rate_per_s": 130.0, "demand.classes": [{"name": "task", "work_s": 0.5}],
}  # fmt: skip


def test_batches_that_only_make_tasks_wait_are_made_smaller():
    m = of(**SLOW_DOOR).run(120)
    told = ThroughputMaximization().propose(m, found_in(m))
    assert told.changes == {"ingress.batch": 8}
    assert told.expected < 0
    plain = of().run(30)
    assert "no station" in ThroughputMaximization().propose(plain, found_in(plain))


# -- others -------------------------------------------------------------------------------------------------------


def test_hedging_begins_after_the_wait_that_one_task_in_twenty_has_and_then_takes_any():
    m = of(**{"dispatch.rule": "random", "fleet.cluster_agents": 5, "demand.load": 0.7}).run(120)
    m.switch({"dispatch.rule": "jsq", "dispatch.rule.d": 8})
    strategy = STRATEGIES.make("latency-optimization")
    first = strategy.propose(m, found_in(m))
    after_s = first.changes["stealing.after_s"]
    hist = m.records.histogram("cluster_wait")
    later = hist[bin_edges()[:-1] > after_s].sum() / hist.sum()
    assert later == pytest.approx(0.05, abs=0.01)
    strategy.turn(m, first)
    second = strategy.propose(m, found_in(m))
    assert second.changes == {"stealing.after_s": 0.0}
    strategy.turn(m, second)
    assert "with hedged dispatch" in strategy.propose(m, found_in(m))


def test_agents_move_to_the_fuller_cluster_keep_their_ids_and_are_away_for_a_while():
    m = of(
        **{"dispatch.rule": "round-robin", "demand.load": 0.6, "fleet.nodes": 1, "life.warm_start_s": 5.0}
    ).run(60)
    slots = m.fleet.slots
    m.retire_workers(
        np.arange(slots // 2)
    )  # the first cluster has half of its agents, and as many tasks as before
    m.run(60)
    strategy = STRATEGIES.make("load-distribution")
    told = strategy.propose(m, found_in(m))
    assert told.knob == "members"
    assert told.moves[0][1] == 0
    names, sizes = set(m.fleet.column("uid").tolist()), m.fleet.size.copy()
    kept = strategy.turn(m, told)
    gone = sum(number for _, _, number in kept)
    assert gone == m.fleet.size[0] - sizes[0] > 0
    assert set(m.fleet.column("uid").tolist()) == names
    assert (m.fleet.column("state") == STARTING).sum() == sum(n for _, _, n in kept)
    assert told.cost_s == 5.0 * sum(n for _, _, n in told.moves)
    m.run(6)
    assert not (m.fleet.column("state") == STARTING).any()
    strategy.undo(m, told, kept)
    m.run(6)
    assert set(m.fleet.column("uid").tolist()) == names
    assert conserved(m)


def test_where_there_is_no_free_slot_nobody_is_asked_to_move():
    node, ready = np.zeros(3, np.int64), np.array([10, 10, 10])
    held, idle = np.array([2, 9, 12]), np.array([8, 1, 0])
    assert moved(node, held, ready, 0.5, idle, np.array([0, 0, 5])) == [(0, 2, 5)]
    assert moved(node, held, ready, 0.5, idle, np.array([0, 3, 0])) == [(0, 1, 3)]
    assert moved(node, held, ready, 0.5, idle, np.zeros(3, np.int64)) == []
    assert moved(node, held, ready, 0.5, np.zeros(3, np.int64), np.full(3, 5)) == []


def test_clusters_go_from_the_emptiest_node_until_it_would_be_as_full():
    node, held, ready = np.array([0, 0, 1, 1, 1]), np.array([20, 20, 1, 2, 3]), np.full(5, 10)
    homes = rehomed(node, held, ready, np.array([40.0, 6.0]), np.array([20.0, 30.0]), 1.0)
    assert homes == [(2, 0), (3, 0)]  # a third one would leave nobody
    assert rehomed(node, np.full(5, 4), ready, np.array([8.0, 12.0]), np.array([20.0, 30.0]), 1.0) == []


def test_no_cluster_comes_under_a_node_that_is_down(stood):
    m, proposal = stood("load-distribution")
    strategy = STRATEGIES.make("load-distribution")
    kept = strategy.turn(m, proposal)
    away = [node for _, node, _ in kept]
    m.kill_node(away[0])
    assert "nodes are down" in strategy.propose(m, found_in(m.run(1)))
    strategy.undo(m, proposal, kept)
    homes = m.hierarchy_arrays.node_of_cluster
    for (q, before, _), (_, to) in zip(kept, proposal.moves, strict=True):
        assert homes[q] == (to if before == away[0] else before)


@pytest.mark.parametrize("name", ["load-distribution", "network-optimization"])
def test_what_is_laid_anew_is_paid_for_in_messages_there_and_back(stood, name):
    m, proposal = stood(name)
    strategy, paid = STRATEGIES.make(name), m.flow.ledger.messages[HIERARCHY]
    assert proposal.messages > 0
    assert paid[0] == 0  # the tick is over, and counted
    kept = strategy.turn(m, proposal)
    assert paid[0] == proposal.messages
    assert paid[5] > 0  # over the mesh, which takes time
    strategy.undo(m, proposal, kept)
    assert paid[0] == 2 * proposal.messages
    m.run(1)
    assert m.records.raw().message(HIERARCHY, 0)[-1] >= 2 * proposal.messages


def test_a_warm_pool_that_nobody_calls_for_is_let_go_and_the_fleet_is_the_scalers():
    m = of(**{"scaling": "target", "scaling.target": 0.7, "scaler.warm_agents": 40, "seconds": 900.0}).run(
        300
    )
    assert "in use or empty" in STRATEGIES.make("resource-efficiency").propose(
        m, found_in(m)
    )  # it was filled after 10 s
    strategy = STRATEGIES.make("resource-efficiency", recent_s=200.0)
    told = strategy.propose(m, found_in(m))
    assert (told.knob, told.metric) == ("scaler.warm_agents", "warm_s_per_task")
    states = m.fleet.column("state")
    warm, others = (states == WARM).sum(), ((states != WARM) & (states != 0)).sum()
    kept = strategy.turn(m, told)
    states = m.fleet.column("state")
    assert (states == WARM).sum() == warm - told.moves[0]
    assert ((states != WARM) & (states != 0)).sum() == others
    strategy.undo(m, told, kept)
    m.run(m.config.scaler.period_s)
    assert m.config.scaler.warm_agents == 40
    assert (m.fleet.column("state") == WARM).sum() + m.records.raw().state("starting")[-1] >= told.moves[0]


def test_a_cache_that_costs_more_than_it_spares_is_taken_away():
    m = of(**{"cache.size": 500, "cache.lookup_ms": 300.0, "cache.change_per_s": 0.1, "demand.keys": 100_000,
              "demand.zipf": 0.0}).run(120)  # fmt: skip
    told = STRATEGIES.make("caching-optimization").propose(m, found_in(m))
    assert told.changes == {"cache.size": 0}
    assert told.expected < 0


def test_compression_is_worth_what_transfer_takes_there_and_back():
    narrow = Scenario(
        name="narrow links", strategy="network-optimization", right=True, why="a message takes 16 ms a hop",
        changes={"network.bandwidth_mbit_s": 1.0, "demand.locality": 0.0},
    )  # fmt: skip
    told = effect(narrow, 1, warm_up_s=60.0, seconds=120.0)
    assert told.missed(LEAST) == ""
    assert told.relative == pytest.approx(told.expected, abs=0.03)


def test_the_slowest_of_some_agents_is_that_of_the_law():
    m = of(**{"fleet.speed_cv": 0.5, "fleet.agents": 100})
    slow = slowness(m.config, m.fleet.makeup.speed)
    drawn = np.random.default_rng(1).choice(slow, (20_000, 3)).max(axis=1)
    assert abs(drawn.mean() - slowest_of(slow, 3.0)) < 4 * drawn.std() / np.sqrt(len(drawn))
    mean = np.mean(1 / m.fleet.column("slowness")[m.fleet.column("state") == IDLE])
    assert mean == pytest.approx(1.0, abs=0.15)
