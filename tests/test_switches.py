"""Switches of a running model: what changes, what stays, and that a checkpoint goes on bit for bit."""

import numpy as np
import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.model.switches import SWITCHES

FAST = {
    "seconds": 600.0, "fleet.agents": 300, "fleet.cluster_agents": 20, "fleet.nodes": 8, "life.start_s": 3.0,
    "scaler.period_s": 5.0, "scaler.bin_s": 5.0, "scaler.pools": "none", "records.trace_tasks": 0.2,
}  # fmt: skip
QUANTILE = {"scaling": "quantile", "scaling.down_every_s": 10.0}
ALL = {"dispatch.rule": "random", "network.topology": "ring", "scaling": "hpa", "scaling.target": 0.4}


def model(**changes):
    return ss.SwarmModel("tiny", rng=5, **(FAST | changes))


def same_run(a, b):
    pd.testing.assert_frame_equal(a.records.frame(), b.records.frame())
    pd.testing.assert_frame_equal(a.records.task_log(), b.records.task_log())
    assert all(np.array_equal(x, y) for x, y in zip(a.fleet.rows, b.fleet.rows, strict=True))
    assert a.dispatcher.state() == b.dispatcher.state()
    assert a.summary().as_dict() == b.summary().as_dict()


@pytest.mark.parametrize("first", [{}, QUANTILE], ids=["from static", "from quantile"])
@pytest.mark.parametrize(
    "wanted", [ALL, {"scaling": "kpa", "dispatch.rule": "round-robin"}], ids=["all", "two"]
)
def test_a_checkpoint_after_a_switch_goes_on_bit_for_bit(first, wanted, tmp_path):
    straight = model(**first).run(40.0)
    straight.switch(wanted)
    straight.run(13.0)
    resumed = ss.SwarmModel.load(straight.save(tmp_path / "a"))
    straight.run(60.0)
    same_run(straight, resumed.run(60.0))


def test_a_checkpoint_right_after_a_switch_goes_on_bit_for_bit(tmp_path):
    straight = model(**QUANTILE).run(41.0)
    straight.switch(ALL)
    resumed = ss.SwarmModel.load(straight.save(tmp_path / "a"))
    same_run(straight.run(60.0), resumed.run(60.0))


def test_a_checkpoint_after_a_switch_to_static_goes_on_bit_for_bit(tmp_path):
    straight = model(**QUANTILE).run(40.0)
    straight.switch({"scaling": "static"})
    assert straight.scaler is None
    assert straight.dispatcher.controllers[:2] == [straight.prober, straight.emergence]
    resumed = ss.SwarmModel.load(straight.save(tmp_path / "a"))
    same_run(straight.run(30.0), resumed.run(30.0))


@pytest.mark.parametrize("key", SWITCHES)
def test_a_switch_changes_what_happens_from_then_on_and_nothing_before(key):
    plain, switched = model().run(40.0), model().run(40.0)
    switched.switch({k: v for k, v in ALL.items() if k.startswith(key)})
    plain.run(120.0), switched.run(120.0)
    a, b = plain.records.frame(), switched.records.frame()
    pd.testing.assert_frame_equal(a[:40], b[:40])
    assert not a[40:].equals(b[40:])


def test_a_switch_to_the_rule_of_the_start_equals_a_run_that_had_it_always():
    """Nothing of the old rule is left: after a switch there at time 0 the runs are the same."""
    switched, always = model(), model(**ALL)
    switched.switch(ALL)
    same_run(switched.run(60.0), always.run(60.0))


def test_another_policy_keeps_accounts_and_demand_and_begins_its_own_memory_anew():
    m = model(**QUANTILE, **{"demand.load": 0.4}).run(60.0)
    before = (list(m.scaler.events), m.scaler.cost, m.scaler.answered, list(m.scaler.outlook.history))
    assert before[0]
    assert before[1] > 0
    m.switch({"scaling": "hpa", "scaling.target": 0.2})
    after = (list(m.scaler.events), m.scaler.cost, m.scaler.answered, list(m.scaler.outlook.history))
    assert after == before
    assert m.scaler.memory()["_memory"] == m.scaler.policy.start()
    m.run(60.0)
    assert m.scaler.events[-1].policy == "hpa"


def test_a_first_policy_counts_from_its_own_begin_on():
    m = model().run(42.0)
    m.switch(QUANTILE)
    m.run(8.0)
    raw = m.records.raw(42, 50)
    assert m.scaler.answered == int(m.records.column("completed")[42:50].sum())
    assert m.scaler.cost == pytest.approx(
        sum(raw.state(s).sum() for s in ("idle", "busy", "starting")), rel=0.05
    )


def test_nodes_that_are_down_and_links_that_are_cut_stay_so_in_another_topology():
    m = model()
    m.kill_node(3)
    m.cut_link(0, 1)
    m.network.set_latency(1, 2, 77.0)
    m.switch({"network.topology": "ring"})
    assert not m.network.alive[3]
    assert m.network.link_s[0, 1] == np.inf
    assert m.network.link_s[1, 2] == 0.077
    assert m.network.graph.number_of_edges() == 8
    assert m.flow.network is m.network


def test_the_users_controllers_keep_their_counts_and_their_place_behind_the_scaler():
    class Counter:
        def __init__(self):
            self.period_s, self.order, self.seen = 1.0, 10, []

        def act(self, model):
            self.seen.append(0 if model.scaler is None else len(model.scaler.demands))

    alone = {"intelligence.on": False, "emergence.on": False, "resilience.health.on": False}
    m = model(**QUANTILE, **alone)
    m.run(10.0)
    m.switch({"scaling": "static"})
    counter = Counter()
    m.add_controller(counter)
    m.run(10.0)
    m.switch({"scaling": "target"})
    m.run(5.0)
    assert counter.seen == [0] * 10 + [0, 0, 0, 0, 1]  # in the fifth second the scaler has acted before it
    assert m.dispatcher.controllers == [m.scaler, counter]
    assert m.dispatcher.done == [1, 15]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"fleet.agents": 5}, "cannot be switched while the model runs"),
        ({"dispatch.rule": "jsqq"}, "Did you mean 'jsq'"),
        ({"dispatch.rule": "jsq", "dispatch.rule.d": 99}, "d = 99"),
        ({"dispatch.rule": "jsq"}, "it is so already"),
        ({"scaling": "hpa", "network.topology": "hypercube"}, "power of"),
        ({}, "it is so already"),
    ],
)
def test_a_refused_switch_leaves_the_model_as_it_was(changes, said):
    m = model(**{"fleet.nodes": 6} if "network.topology" in changes else {})
    before = m.config, m.flow.rule, m.network, m.scaler, m.dispatcher.controllers
    with pytest.raises(ss.ConfigError, match=said):
        m.switch(changes)
    assert (m.config, m.flow.rule, m.network, m.scaler, m.dispatcher.controllers) == before


def test_a_switch_says_what_was_and_what_is():
    m = model()
    assert m.switch({"dispatch.rule": "jsq", "dispatch.rule.d": 3}) == "dispatch rule jsq to jsq (d 3)"
    assert m.switch({"network.topology": "ring", "dispatch.rule": "random"}) == (
        "dispatch rule jsq (d 3) to random; topology mesh to ring"
    )
