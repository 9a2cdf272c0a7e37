"""The model as Mesa's users meet it, its controllers, its records and its operations."""

import os
import signal
from dataclasses import dataclass

import mesa
import networkx as nx
import numpy as np
import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.agents.fleet import BUSY, IDLE
from swarmscale.model.columns import COLUMNS
from swarmscale.model.controllers import CONTROLLERS
from swarmscale.model.flow.ledger import Count

from .flow_support import ALONE, UNWATCHED


def tiny(rng=7, **keys):
    return ss.SwarmModel("tiny", rng=rng, **keys)


def test_a_step_is_one_tick_of_dt_seconds():
    model = tiny(**{"dt": 0.5})
    model.step()
    model.step()
    assert (model.time, model.now_s, model.records.ticks) == (2, 1.0, 2)


def test_the_model_stops_running_at_the_configs_end():
    model = tiny(seconds=3.0)
    model.run_model()
    assert model.time == 3


def test_a_run_that_is_no_multiple_of_the_tick_is_refused():
    with pytest.raises(ss.ConfigError, match=r"seconds = 1\.5, but it must be a multiple of dt = 1"):
        tiny().run(1.5)


def test_same_seed_same_records_and_another_seed_others():
    one, same, other = (tiny(rng=r).run(20.0).records.frame() for r in (3, 3, 4))
    pd.testing.assert_frame_equal(one, same)
    assert not one.equals(other)


@pytest.mark.parametrize("rng", ["7", np.int64(7), 7])
def test_a_seed_may_be_a_text_or_a_numpy_number(rng):
    assert tiny(rng=rng).root_seed == 7


def test_a_missing_seed_is_drawn_and_recorded():
    model = tiny(rng=None)
    again = tiny(rng=model.root_seed)
    pd.testing.assert_frame_equal(model.run(5.0).records.frame(), again.run(5.0).records.frame())


def test_the_users_generator_is_never_drawn_from():
    model = tiny()
    before = model.rng.bit_generator.state
    model.run(10.0)
    assert model.rng.bit_generator.state == before


WATCHED = {
    "a scaler": (ALONE, {"scaling": "quantile", "life.start_s": 5.0, "demand.load": 0.9}),
    "a surge": (ALONE, {"scaling": "seed", "cluster.queue": 5, "demand.load": 1.4}),
    "learners": (UNWATCHED, {"learning.on": True, "learning.mode": "emergent", "scaling": "hpa"}),
}


@pytest.mark.parametrize("case", WATCHED)
def test_who_watches_a_run_changes_nothing_in_it(case):
    """Nothing but the messages of the prober's decisions: tests that ask nothing of watchers do without them."""
    off, settings = WATCHED[case]
    often = {"intelligence.period_s": 60.0, "intelligence.panels": 1, "emergence.window_s": 100.0}
    watched = tiny(**settings, **often).run(120.0)
    assert len(watched.prober.rows) == 2
    assert watched.emergence.verdicts
    alone = tiny(**settings, **often, **off).run(120.0)
    assert alone.prober is alone.emergence is None
    one, other = watched.records.frame(), alone.records.frame()
    same = [name for name in one if not name.startswith("intelligence_sharing")]
    pd.testing.assert_frame_equal(one[same], other[same])
    assert watched.scaler.events
    assert repr(watched.scaler.events) == repr(alone.scaler.events)


@pytest.mark.parametrize("rule", ["round-robin", "random", "least-work", "skill-match", "contract-net"])
def test_another_dispatch_rule_leaves_the_arrivals_as_they_were(rule):
    one, other = tiny().run(30.0), tiny(**{"dispatch.rule": rule}).run(30.0)
    for name in ("arrived", "offered_agents"):
        assert np.array_equal(one.records.column(name), other.records.column(name))
    assert not one.records.frame().equals(other.records.frame())


def test_every_column_of_the_records_is_in_mesas_datacollector():
    model = tiny().run(5.0)
    mesas = model.datacollector.get_model_vars_dataframe()
    assert list(mesas.columns) == ["time_s", *(c.name for c in COLUMNS)]
    pd.testing.assert_frame_equal(mesas, model.records.frame(), check_dtype=False)


def test_conservation_holds_in_the_records_at_every_tick():
    frame = tiny(**{"cluster.queue": 3, "demand.load": 1.3}).run(60.0).records.frame()
    ended = (frame["completed"] + frame["dropped"]).cumsum()
    assert (frame["arrived"].cumsum() == ended + frame["in_system"]).all()
    assert frame["dropped"].sum() > 0


def test_agents_are_structural_ones_and_workers_together():
    model = tiny()
    assert len(model.agents) == 4 + 8 + 12 + 200
    assert len(model.agents_by_type[ss.Cluster]) == 8
    assert len(model.agents_by_type[ss.Worker]) == 200
    assert len({a.unique_id for a in model.agents}) == len(model.agents)
    assert sum(c.size for c in model.agents_by_type[ss.Cluster]) == 200
    assert all(node.alive for node in model.agents_by_type[ss.CoordinationNode])


def test_the_graphs_have_the_levels_of_the_fleet():
    model = tiny()
    levels = nx.get_node_attributes(model.hierarchy, "level")
    assert np.bincount(list(levels.values())).tolist() == [1, 4, 4, 8]
    whole = model.hierarchy_graph(workers=True)
    workers = [v for v, level in nx.get_node_attributes(whole, "level").items() if level == 4]
    assert len(workers) == 200
    assert isinstance(model.mesh, nx.Graph)
    assert model.cognition.number_of_nodes() == 12
    assert model.knowledge.number_of_nodes() == 9


def test_worker_vertices_agree_with_the_arrays():
    model = tiny().run(10.0)
    graph = model.hierarchy_graph(workers=True)
    fleet = model.fleet
    for row in fleet.live()[::17]:
        vertex = graph.nodes[("worker", int(fleet.column("uid")[row]))]
        assert vertex["state"] == {IDLE: "idle", BUSY: "busy"}[int(fleet.column("state")[row])]
        assert vertex["speed"] == pytest.approx(1 / fleet.column("slowness")[row])


def test_batch_run_works_with_dotted_keys_on_two_processes():
    rows = mesa.batch_run(
        ss.SwarmModel,
        {"config": "tiny", "fleet.agents": [100, 200], "dispatch.rule": ["jsq", "random"], "seconds": 5.0},
        number_processes=2,
        rng=[1, 2],
        display_progress=False,
    )
    frame = pd.DataFrame(rows)
    assert len(frame) == 8
    assert set(frame["Step"]) == {5}
    assert (frame.groupby("fleet.agents")["agents_idle"].first() <= [100, 200]).all()
    alone = ss.SwarmModel(
        "tiny", rng=1, **{"fleet.agents": 100, "dispatch.rule": "jsq", "seconds": 5.0}
    ).run()
    mine = frame[
        (frame["fleet.agents"] == 100) & (frame["dispatch.rule"] == "jsq") & (frame["iteration"] == 0)
    ]
    assert mine["response_mean_s"].iloc[0] == alone.records.column("response_mean_s")[-1]


def test_batch_run_takes_every_row_when_asked():
    rows = mesa.batch_run(
        ss.SwarmModel,
        {"config": "tiny", "seconds": 4.0},
        rng=[1],
        data_collection_period=1,
        display_progress=False,
    )
    assert [row["Step"] for row in rows] == [1, 2, 3, 4]


def test_a_mesa_scenarios_fields_are_dotted_keys():
    class Small(mesa.experimental.scenarios.Scenario):
        fleet__agents: int = 60
        dispatch__rule: str = "random"

    model = ss.SwarmModel("tiny", scenario=Small(rng=5))
    assert (len(model.fleet), model.root_seed) == (60, 5)
    assert type(model.config.dispatch.rule).__name__ == "RandomChoice"


@dataclass
class Counter:
    """A user's controller: remembers when it acted."""

    period_s: float = 3.0
    order: int = 0
    name: str = "a"

    def __post_init__(self):
        self.acted = []

    def act(self, model):
        self.acted.append((self.name, model.now_s))
        LOG.append((self.name, model.now_s))

    def memory(self):
        return {"acted": self.acted}

    def remember(self, memory):
        self.acted = [tuple(x) for x in memory["acted"]]


LOG: list[tuple[str, float]] = []


def test_controllers_act_at_their_periods_in_their_order():
    LOG.clear()
    model = tiny()
    model.add_controller(Counter(period_s=2.0, order=5, name="late"))
    model.add_controller(Counter(period_s=4.0, order=1, name="early"))
    model.run(8.0)
    assert LOG == [("late", 2.0), ("early", 4.0), ("late", 4.0), ("late", 6.0), ("early", 8.0), ("late", 8.0)]


def test_a_controllers_period_must_fit_the_tick():
    with pytest.raises(ss.ConfigError, match="period_s"):
        tiny().add_controller(Counter(period_s=1.5))


def test_what_is_no_controller_is_refused():
    with pytest.raises(ss.ConfigError, match="it needs period_s, order and act"):
        tiny().add_controller(object())


def test_a_controllers_decision_takes_effect_in_the_next_tick():
    class Spawner:
        period_s, order = 1.0, 0

        def act(self, model):
            if model.now_s == 3.0:
                model.spawn(5, start_s=0.0)

    model = tiny()
    model.add_controller(Spawner())
    model.run(4.0)
    ready = model.records.column("agents_idle") + model.records.column("agents_busy")
    assert ready.tolist() == [200, 200, 200, 205]


def test_the_observation_is_read_only_and_of_the_last_tick():
    model = tiny().run(10.0)
    seen = model.observation
    assert seen.time_s == 10.0
    assert seen.ready == 200
    assert seen.utilization == model.records.column("utilization")[-1]
    with pytest.raises(AttributeError):
        seen.ready = 3


def test_a_new_agent_is_ready_after_its_start_up():
    model = tiny().run(2.0)
    rows = model.spawn(10, start_s=2.5)
    model.run(2.0)
    assert model.records.frame()["agents_starting"].iloc[-1] == 10
    model.run(1.0)
    assert set(model.fleet.column("state")[rows]) <= {IDLE, BUSY}


def test_new_agents_go_to_the_least_loaded_clusters_and_then_to_a_new_one_at_the_node_with_fewest():
    model = tiny(**{"fleet.agents": 190, "fleet.cluster_agents": 25})
    assert model.fleet.size.tolist() == [24, 24, 24, 24, 24, 24, 23, 23]
    model.spawn(2)
    assert model.fleet.size.tolist() == [24] * 8
    model.spawn(8)
    model.spawn(1)
    assert model.fleet.size.tolist() == [25] * 8 + [1]
    assert len(model.agents_by_type[ss.Cluster]) == 9
    counts = np.bincount(model.hierarchy_arrays.node_of_cluster)
    assert counts.tolist() == [3, 2, 2, 2]
    model.run(5.0)


def test_many_new_agents_bring_as_many_clusters_as_they_need_spread_over_the_nodes():
    model = tiny()
    model.spawn(25 * 10 + 1)
    assert len(model.fleet) == 451
    assert model.fleet.clusters == 19
    assert np.ptp(np.bincount(model.hierarchy_arrays.node_of_cluster)) <= 1
    assert len(model.agents_by_type[ss.Cluster]) == 19
    model.run(40.0)
    assert model.records.frame()["agents_starting"].iloc[-1] == 0


def test_observers_hear_of_agents_that_leave_after_draining():
    from mesa.experimental.mesa_signals import ModelSignals

    heard = []

    def listen(message):
        heard.extend(message.additional_kwargs["unique_ids"].tolist())

    model = tiny().run(10.0)
    model.observe("agents", ModelSignals.AGENT_REMOVED, listen)
    rows = model.fleet.live()[:30]
    uids = model.fleet.column("uid")[rows].tolist()
    model.drain_workers(rows)
    model.run(60.0)
    assert sorted(heard) == sorted(uids)


def test_a_draining_agent_finishes_its_task_and_leaves():
    model = tiny().run(10.0)
    busy = np.flatnonzero(model.fleet.column("state") == BUSY)[:20]
    uids = model.fleet.column("uid")[busy].copy()
    model.drain_workers(busy)
    assert len(model.fleet) == 200
    model.run(60.0)
    assert not np.isin(uids, model.fleet.column("uid")).any()
    assert len(model.fleet) == 180
    assert model.records.frame()["interrupted"].sum() == 0


def test_a_failed_agents_task_goes_back_and_the_agent_recovers():
    model = tiny().run(10.0)
    busy = np.flatnonzero(model.fleet.column("state") == BUSY)[:20]
    model.fail_workers(busy, repair_s=5.0)
    model.run(1.0)
    frame = model.records.frame()
    assert frame["interrupted"].iloc[-1] == 20
    assert frame["agents_recovering"].iloc[-1] == 20
    model.run(5.0)
    assert model.records.frame()["agents_recovering"].iloc[-1] == 0


def test_a_scheduled_failure_comes_at_its_time():
    model = tiny()
    model.schedule_failures(model.fleet.live()[:7], 4.0)
    model.run(6.0)
    assert model.records.frame()["agents_recovering"].tolist() == [0, 0, 0, 0, 7, 7]


def test_retiring_an_agent_as_mesa_does_puts_its_task_back():
    model = tiny().run(10.0)
    busy = model.workers.select(lambda w: w.state == "busy", at_most=5)
    for worker in list(busy):
        worker.remove()
    model.run(1.0)
    assert model.records.frame()["interrupted"].iloc[-1] == 5
    assert len(model.workers) == 195


def test_tasks_of_a_killed_node_find_another_home():
    model = tiny(**{"network.topology": "ring"}).run(5.0)
    model.kill_node(1)
    model.run(5.0)
    model.revive_node(1)
    model.run(20.0)
    frame = model.records.frame()
    assert frame["dropped"].sum() == 0
    assert frame["resent"].sum() > 0


def test_without_resilience_a_killed_node_takes_its_tasks_with_it():
    model = tiny(**{"network.topology": "ring", "resilience.on": False}).run(5.0)
    model.kill_node(1)
    model.run(5.0)
    assert model.records.frame()["dropped_unreachable"].sum() > 0
    before = model.records.frame()["dropped_unreachable"].sum()
    model.revive_node(1)
    model.run(5.0)
    assert model.records.frame()["dropped_unreachable"].sum() == before


def test_a_flash_crowd_scales_the_arrivals_from_the_next_bin_on():
    model = tiny().run(20.0)
    model.scale_demand(3.0)
    model.run(20.0)
    arrived = model.records.column("arrived")
    assert 2.5 < arrived[20:].mean() / arrived[:20].mean() < 3.5


def test_messages_sum_to_what_was_sent():
    model = tiny(**{"network.loss": 0.05}).run(60.0)
    f = model.records.frame()
    dispatched = model.records.raw().count(Count.DISPATCHED)
    channel = f["hierarchical_coordination_messages"]
    assert (channel == f["hops"] + 2 * dispatched).all()  # an order and a report for each task dispatched
    assert (f["hierarchical_coordination_first_attempt"] <= f["hierarchical_coordination_delivered"]).all()
    assert (f["hierarchical_coordination_delivered"] <= channel).all()
    assert f["hierarchical_coordination_sent"].sum() > channel.sum()
    # a tree of span 10 over 25 agents has two levels, up and down
    assert (f["cluster_internal_messages"] == 4 * f["started"]).all()


def test_means_over_agents_leave_out_what_a_cache_answered():
    model = tiny(**{"cache.size": 400, "demand.zipf": 1.5}).run(60.0)
    f = model.records.frame()
    assert f["cache_hits"].sum() > 0.2 * f["completed"].sum()
    without = tiny().run(60.0).records.frame()
    assert f["service_mean_s"].mean() == pytest.approx(without["service_mean_s"].mean(), rel=0.15)


def test_ctrl_c_lets_the_tick_become_whole_and_the_run_goes_on_as_if_nothing_had_been(tmp_path):
    model = tiny()
    tick = model.flow.tick

    def interrupted(begin, end, probe):
        if begin == 4.0:
            os.kill(os.getpid(), signal.SIGINT)
        tick(begin, end, probe)

    model.flow = Interrupting(model.flow, interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.run(30.0)
    model.flow = model.flow.flow
    assert (model.time, model.records.ticks) == (5, 5)
    model.save(tmp_path / "a")
    resumed = ss.SwarmModel.load(tmp_path / "a").run(25.0)
    pd.testing.assert_frame_equal(resumed.records.frame(), tiny().run(30.0).records.frame())


class Interrupting:
    """A flow whose tick is another one."""

    def __init__(self, flow, tick):
        self.flow, self.tick = flow, tick

    def __getattr__(self, name):
        return getattr(self.flow, name)


def test_sampled_tasks_are_the_same_under_every_policy():
    one = tiny(**{"records.trace_tasks": 0.2}).run(30.0).records.task_log()
    other = tiny(**{"records.trace_tasks": 0.2, "dispatch.rule": "random"}).run(30.0).records.task_log()
    assert one["uid"].tolist() == other["uid"].tolist()
    assert 0.15 < len(one) / tiny().run(30.0).records.column("arrived").sum() < 0.25
    done = one[one["finish"].notna()]
    order = [
        "arrived",
        "ingress_start",
        "ingress_end",
        "at_home",
        "dispatch_start",
        "dispatch_end",
        "at_cluster",
    ]
    for a, b in zip(order, [*order[1:], "start"], strict=True):
        assert (done[a] <= done[b]).all()


def test_the_summary_has_an_interval_only_where_it_can():
    trace = tiny().run(60.0).summary()
    assert np.isnan(trace["utilization"].low)
    steady = ss.SwarmModel("tiny", rng=1, **{"records.stationary": True, "seconds": 600.0}).run().summary()
    m = steady["throughput_per_s"]
    assert m.low < m.value < m.high


def test_replications_give_an_interval_over_a_trace():
    whole = ss.combine([tiny(rng=r).run(30.0).summary() for r in range(4)])
    m = whole["response_mean_s"]
    assert m.low < m.value < m.high
    assert whole.seeds == (0, 1, 2, 3)


def test_the_registry_takes_a_users_controller():
    ss.register("controller", "test-counter")(Counter)
    assert CONTROLLERS.make("test-counter", period_s=2.0).period_s == 2.0


def test_an_unknown_family_is_refused():
    with pytest.raises(ss.UnknownChoiceError, match="family of strategies"):
        ss.register("policy", "x")
