"""Integration: numbered events act exactly once, faulty edges are named and repaired, each edge decides something."""

from math import inf

import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import swarmscale as ss
from swarmscale.errors import ConfigError
from swarmscale.model.integration.bus import Bus, often_enough, ticks
from swarmscale.model.integration.edges import COMPONENTS, EDGES, WAYS
from swarmscale.model.integration.events import Beat, Figures, Practice, Shed
from swarmscale.model.integration.inspection import go_round
from swarmscale.model.integration.overall import overall_health
from swarmscale.model.memory import dump, restore
from swarmscale.model.resilience.incidents import Incident, IncidentLog
from swarmscale.rng import draw, key

PERIOD_S = 10.0
KEYS = {"intelligence.on": False, "emergence.on": False, "seconds": 10_000.0, "demand.source": "poisson"}


class Part:
    def __init__(self, component):
        self.component = component


def bus(**settings):
    made = Bus(period_s=PERIOD_S, **settings)
    made.follow([Part(name) for name in COMPONENTS])
    return made


def model(**changes):
    return ss.SwarmModel("tiny", rng=5, **(KEYS | changes))


def tasks(events):
    return [event.tasks for event in events]


# -- the graph ------------------------------------------------------------------------------------------------


def test_the_graph_has_both_directions_of_the_seeds_seven_links():
    graph = model().integration
    assert set(graph) == set(COMPONENTS)
    assert graph.number_of_edges() == 14
    links = {frozenset(edge) for edge in graph.edges}
    assert len(links) == 7
    assert frozenset(("coordinator", "intelligence")) in links
    assert frozenset(("coordinator", "scaler")) not in links
    assert nx.is_strongly_connected(graph)


def test_an_edge_carries_only_where_both_ends_are_there():
    graph = model().integration  # of fixed size, learns nothing, sheds nothing
    assert {name for name, there in graph.nodes(data="there") if there} == {
        "coordinator",
        "health",
        "metrics",
    }
    absent = {edge for edge in graph.edges if graph.edges[edge]["state"] == "absent"}
    assert set(graph.edges) - absent == {("health", "metrics"), ("metrics", "health")}


def test_a_scaler_that_is_switched_on_is_there():
    m = model().run(20.0)
    m.switch({"scaling": "target"})
    assert m.bus.carries("metrics", "scaler")
    m.run(30.0)
    assert m.integration.edges["metrics", "scaler"]["consumed"] == 3
    assert m.scaler.heard.held == 0
    m.switch({"scaling": "static"})
    assert not m.bus.carries("metrics", "scaler")


def test_every_edge_carries_at_least_one_event_a_period():
    m = whole_model().run(60.0)
    graph = m.integration
    for _, _, edge in graph.edges(data=True):
        assert edge["state"] == "sound"
        assert edge["sent"] >= 6
        assert edge["consumed"] >= edge["sent"] - 1  # the last beat came after its receiver had acted
        assert edge["health"] == 1.0
        assert 0 <= edge["lag_s"] <= PERIOD_S
    assert m.bus.health() == 1.0
    assert m.bus.findings == []


def test_without_health_there_is_no_bus():
    m = model(**{"resilience.health.on": False})
    assert m.bus is None
    with pytest.raises(ConfigError, match=r"resilience\.health\.on = false"):
        _ = m.integration
    assert overall_health(m) == (1.0, "")


# -- events ---------------------------------------------------------------------------------------------------


def test_events_come_in_order_and_once():
    b = bus()
    for number in range(5):
        b.publish("optimizer", "scaler", Shed(tasks=number))
    b.publish("metrics", "scaler", Figures(until_tick=7))
    assert tasks(e for e in b.consume("scaler") if isinstance(e, Shed)) == [0, 1, 2, 3, 4]
    assert b.consume("scaler") == []


def test_events_of_several_senders_act_by_the_time_of_sending():
    b = bus()
    b.publish("metrics", "scaler", Figures(until_tick=1))
    b.now_s = 1.0
    b.publish("intelligence", "scaler", Practice(newcomer=1.2))
    b.now_s = 2.0
    b.publish("metrics", "scaler", Figures(until_tick=2))
    assert [type(e).__name__ for e in b.consume("scaler")] == ["Figures", "Practice", "Figures"]


def test_the_senders_log_keeps_what_is_not_consumed():
    b = bus()
    edge = b.edges["optimizer", "scaler"]
    b.publish("optimizer", "scaler", Shed(tasks=1))
    b.publish("optimizer", "scaler", Shed(tasks=2))
    assert [number for number, _, _ in edge.log] == [1, 2]
    b.consume("scaler")
    assert edge.log == []
    assert (edge.sent, edge.consumed) == (2, 2)


def test_beats_are_consumed_and_not_handed_on():
    b = bus()
    go_round(b, None)
    assert type(b.edges["metrics", "scaler"].log[0][2]) is Beat
    assert b.consume("scaler") == []
    assert b.edges["metrics", "scaler"].consumed == 1


def test_what_is_sent_to_nobody_is_not_kept():
    b = Bus(period_s=PERIOD_S)
    b.publish("optimizer", "scaler", Shed(tasks=1))
    assert b.edges["optimizer", "scaler"].sent == 0


def test_a_duplicate_never_acts_twice():
    b = bus()
    b.disturb("optimizer", "scaler", "duplicate", inf)
    b.publish("optimizer", "scaler", Shed(tasks=1))
    b.publish("optimizer", "scaler", Shed(tasks=2))
    assert tasks(b.consume("scaler")) == [1, 2]
    assert b.edges["optimizer", "scaler"].duplicates == 2


def test_what_is_missing_is_waited_for_and_replayed_in_order():
    b = bus()
    b.disturb("optimizer", "scaler", "drop", 1.0)
    b.publish("optimizer", "scaler", Shed(tasks=1))
    b.now_s = 2.0
    b.publish("optimizer", "scaler", Shed(tasks=2))
    assert b.consume("scaler") == []
    for t in (10.0, 20.0):
        b.now_s = t
        go_round(b, None)
    assert tasks(b.consume("scaler")) == [1, 2]
    assert b.edges["optimizer", "scaler"].resubscriptions == 1


def test_without_repair_what_is_lost_is_passed_over():
    b = bus(repairs=False)
    b.disturb("optimizer", "scaler", "drop", 1.0)
    b.publish("optimizer", "scaler", Shed(tasks=1))
    b.now_s = 2.0
    b.publish("optimizer", "scaler", Shed(tasks=2))
    assert tasks(b.consume("scaler")) == [2]
    assert b.edges["optimizer", "scaler"].lost == 1


def test_copies_of_an_old_subscription_are_refused_when_they_come():
    b = bus()
    b.disturb("optimizer", "scaler", "delay", 40.0, delay_s=45.0)
    b.publish("optimizer", "scaler", Shed(tasks=1))
    seen = []
    for t in np.arange(10.0, 101.0, 10.0):
        b.now_s = float(t)
        go_round(b, None)
        seen += b.consume("scaler")
    edge = b.edges["optimizer", "scaler"]
    assert tasks(seen) == [1]
    assert edge.duplicates >= 1
    assert len(b.findings) == 1  # the late copies of what was replayed are no new sign


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["publish", "consume", "wait", "disturb"]),
        st.sampled_from(WAYS),
        st.floats(0.5, 60.0),
        st.floats(0.5, 60.0),
    ),
    max_size=60,
)


@given(steps=STEPS)
def test_whatever_is_done_to_an_edge_each_event_acts_once_and_in_order(steps):
    b, sent, seen = bus(), 0, []

    def wait(seconds):
        end = b.now_s + seconds
        while b.now_s < end:
            b.now_s += 1.0
            if b.now_s % PERIOD_S == 0:
                go_round(b, None)

    for what, how, span, delay in steps:
        if what == "publish":
            sent += 1
            b.publish("optimizer", "scaler", Shed(tasks=sent))
        elif what == "consume":
            seen += tasks(b.consume("scaler"))
        elif what == "wait":
            wait(span)
        else:
            b.disturb("optimizer", "scaler", how, b.now_s + span, delay_s=delay)
    assert seen == list(range(1, len(seen) + 1))
    wait(300.0)
    assert seen + tasks(b.consume("scaler")) == list(range(1, sent + 1))
    graph = b.graph()
    assert graph.edges["optimizer", "scaler"]["consumed"] == b.edges["optimizer", "scaler"].sent


# -- naming and repair ----------------------------------------------------------------------------------------


def whole_model(**changes):
    """A model with all six components."""
    keys = {"fleet.agents": 100, "scaling": "target", "scaling.target": 0.6, "learning.on": True}
    return model(**(keys | {"resilience.admission.on": True} | changes))


@pytest.fixture(scope="module")
def hundred_faults():
    """What was done to edges, in all 14 and all three ways by keyed draws, and what was named within three periods."""
    m = whole_model(dt=2.0, **{"learning.period_s": 20.0})
    m.run(20.0)
    stream, rows = key(7, "edge faults"), []
    for number in range(100):
        kind, when = draw(number, 0, stream), draw(number, 1, stream)
        edge, how = EDGES[int(kind[0]) % 14], WAYS[int(kind[1]) % 3]
        m.run(2.0 * (1 + int(when[0]) % 5))
        before, begins_s = len(m.bus.findings), m.now_s
        m.bus.disturb(*edge, how, begins_s + 20.0 + int(when[1]) % 100)
        m.run(3 * PERIOD_S)
        rows.append((edge, how, m.bus.findings[before:]))
        m.run(PERIOD_S)
    return m, rows


def test_of_100_faults_the_right_edge_and_only_it_is_named_within_three_periods(hundred_faults):
    m, rows = hundred_faults
    assert {edge for edge, _, _ in rows} == set(EDGES)
    assert {how for _, how, _ in rows} == set(WAYS)
    right = [len(found) == 1 and (found[0].sender, found[0].receiver) == edge for edge, _, found in rows]
    assert sum(right) >= 95
    assert len(m.bus.findings) == 100  # and none at any other time


def test_how_an_edge_is_faulty_is_told_from_numbers_and_times(hundred_faults):
    right = [found[0].how == how for _, how, found in hundred_faults[1] if found]
    assert np.mean(right) >= 0.95


def test_all_edges_are_sound_again_and_nothing_was_lost(hundred_faults):
    m, rows = hundred_faults
    m.run(2 * PERIOD_S)
    for _, _, edge in m.integration.edges(data=True):
        assert edge["state"] == "sound"
        assert edge["lost"] == 0
        assert edge["waits_s"] <= PERIOD_S
    assert sum(e["resubscriptions"] for _, _, e in m.integration.edges(data=True)) == len(rows)


def test_a_blind_monitor_names_nothing(monkeypatch):
    """The twin of the hundred faults: without what the receiver's end saw nothing is named."""
    monkeypatch.setattr("swarmscale.model.integration.inspection.diagnosis", lambda *_: None)
    b = bus()
    b.disturb("scaler", "metrics", "drop", inf)
    for t in range(10, 101, 10):
        b.now_s = float(t)
        go_round(b, None)
        b.consume("metrics")
    assert b.findings == []
    assert b.edges["scaler", "metrics"].health() == 0.0


@pytest.mark.parametrize("how", WAYS)
def test_finding_and_repair_are_written_under_the_incident(how):
    b, log = bus(), IncidentLog()
    incident = Incident(
        key="1", fault="edge", layer="integration", target="scaler -> metrics", size=1, begins_s=3.0
    )
    number = log.open(incident)
    b.disturb("scaler", "metrics", how, 500.0, incident=number)
    for t in range(10, 61, 10):
        b.now_s = float(t)
        go_round(b, log)
        b.consume("metrics")
    assert incident.found_s <= 3.0 + 3 * PERIOD_S
    assert incident.recovered_s == incident.found_s
    assert any(f"seems to {how}" in text for _, text in incident.line)
    assert b.findings[0].incidents == (number,)


def test_what_ends_by_itself_without_harm_is_recovered_and_was_never_found():
    b, log = bus(), IncidentLog()
    number = log.open(Incident(key="1", fault="edge", layer="integration", target="x", size=1, begins_s=1.0))
    b.disturb("scaler", "metrics", "drop", 4.0, incident=number)  # nothing is sent meanwhile
    for t in range(10, 61, 10):
        b.now_s = float(t)
        go_round(b, log)
        b.consume("metrics")
    assert not log[number].found
    assert log[number].over
    assert b.findings == []


def test_without_recovery_edges_are_named_and_stay_faulty():
    b, log = bus(repairs=False), IncidentLog()
    number = log.open(Incident(key="1", fault="edge", layer="integration", target="x", size=1, begins_s=1.0))
    b.disturb("scaler", "metrics", "drop", 75.0, incident=number)
    states = []
    for t in range(10, 121, 10):
        b.now_s = float(t)
        go_round(b, log)
        b.consume("metrics")
        states.append(b.graph().edges["scaler", "metrics"]["state"])
    assert states[4] == "faulty"
    assert log[number].found_s == 30.0
    assert log[number].recovered_s >= 75.0
    assert states[-1] == "sound"


def test_a_receiver_that_does_not_consume_is_no_faulty_edge():
    b = bus()
    for t in range(10, 101, 10):
        b.now_s = float(t)
        go_round(b, None)
        for name in COMPONENTS:
            if name != "metrics":
                b.consume(name)
    assert b.findings == []
    edge = b.graph().edges["scaler", "metrics"]
    assert (edge["state"], edge["health"]) == ("behind", 0.0)
    assert b.health() < 1.0
    assert b.worst()[0] == "scaler -> metrics"


def test_integration_health_is_the_share_that_acts_within_two_periods():
    b = bus()
    b.publish("optimizer", "scaler", Shed(tasks=1))
    b.consume("scaler")
    b.publish("optimizer", "scaler", Shed(tasks=2))
    b.now_s = 2 * PERIOD_S
    b.consume("scaler")
    b.publish("optimizer", "scaler", Shed(tasks=3))
    b.now_s = 4 * PERIOD_S + 1.0
    b.consume("scaler")
    assert b.edges["optimizer", "scaler"].health() == pytest.approx(2 / 3)


def test_an_unknown_edge_or_way_is_refused():
    b = bus()
    with pytest.raises(
        ConfigError, match="there is no edge coordinator -> scaler; there are: coordinator -> int"
    ):
        b.publish("coordinator", "scaler", Shed(tasks=1))
    with pytest.raises(ConfigError, match="an edge cannot garble; there are: drop, delay, duplicate"):
        b.disturb("scaler", "metrics", "garble", 10.0)


def test_periods_are_whole_ticks_and_due_whenever_another_is():
    config = ss.Config.load("tiny").changed(
        **{"dt": 4.0, "records.window_s": 12.0, "records.cluster_period_s": 12.0}
    )
    assert [ticks(s, 4.0) for s in (10.0, 4.0, 0.1, 8.0)] == [3, 1, 1, 2]
    assert often_enough(config, 8.0, 12.0) == 4.0
    assert often_enough(config, 8.0, 16.0) == 8.0


# -- checkpoints ----------------------------------------------------------------------------------------------


def test_a_bus_goes_on_from_its_memory_bit_for_bit():
    b = bus()
    b.disturb("scaler", "metrics", "delay", 100.0)
    b.disturb("metrics", "scaler", "drop", 100.0)
    for t in (10.0, 20.0):
        b.now_s = t
        b.publish("metrics", "scaler", Figures(until_tick=round(t)))
        go_round(b, None)
    twin = bus()
    twin.remember(restore(dump(b.memory()), b.modules()))
    for one in (b, twin):
        for t in (30.0, 40.0, 50.0):
            one.now_s = t
            go_round(one, None)
            one.consume("scaler")
            one.consume("metrics")
    assert dump(b.memory()) == dump(twin.memory())


def test_a_model_goes_on_bit_for_bit_in_the_midst_of_edge_faults(tmp_path):
    straight = whole_model().run(33.0)
    for (sender, receiver), how in zip(EDGES[::3], WAYS * 2, strict=False):
        straight.bus.disturb(sender, receiver, how, 60.0)
    straight.run(4.0)
    resumed = ss.SwarmModel.load(straight.save(tmp_path / "a"))
    straight.run(60.0)
    resumed.run(60.0)
    assert straight.records.frame().equals(resumed.records.frame())
    assert dump(straight.bus.memory()) == dump(resumed.bus.memory())
    assert straight.dispatcher.state() == resumed.dispatcher.state()


# -- each edge decides something ------------------------------------------------------------------------------


def failing(m, share=0.5):
    rows = m.fleet.live()
    m.fail_workers(rows[: round(share * len(rows))], repair_s=inf)


def scaled(m):
    return [(e.time_s, e.after) for e in m.scaler.events]


def grown(m):
    """Practice for a minute, then half as much work again."""
    m.run(60.0)
    m.scale_demand(1.5)
    m.run(60.0)


def crowded(m):
    m.run(20.0)
    m.scale_demand(4.0)
    m.run(60.0)


def alerted(m, rule):
    return [(t, state) for t, key, state in m.health.book.log if key == rule]


LEARNS = {"learning.on": True, "learning.alpha": 0.4, "learning.earlier_tasks": 1.0, "demand.load": 0.5}
SHEDS = {"resilience.admission.on": True}
SCALES = {"scaling": "quantile", "scaling.drain_s": 60.0, "life.start_s": 5.0, "scaler.pools": "none"}
LATE_CREW = SCALES | {"life.start_s": 90.0, "demand.load": 0.6}


def probed(m):
    m.run(15.0)
    failing(m, 0.3)
    m.run(30.0)
    return m.prober.column("time_s").tolist()


def dispatched(m):
    m.run(60.0)
    return m.flow.state.completed.tolist()


def held_by_nodes(m):
    m.run(20.0)
    failing(m)
    m.run(20.0)
    return m.admission.force.hold


def refused(m):
    m.run(40.0)
    return bool(m.records.column("dropped_shed").sum())


def called(m):
    grown(m)
    return scaled(m)


def believed(m):
    grown(m)
    return m.flow.pace.tolist()


def called_for_the_shed(m):
    m.run(60.0)
    return [event.wanted for event in m.scaler.events]


def shed_while_waiting(m):
    crowded(m)
    return [shed for _, shed, _, _ in m.admission.series]


def warned_of_shedding(m):
    m.run(60.0)
    return alerted(m, "shedding")


def limited_in_an_outage(m):
    m.run(20.0)
    failing(m, 0.4)
    m.run(30.0)
    return m.admission.out, m.admission.force.hold


def warned_of_burning(m):
    crowded(m)
    return alerted(m, "fast burn")


def warned_of_silence(m):
    m.run(60.0)
    return alerted(m, "no figures")


def warned_in_an_incident(m):
    m.run(150.0)
    return alerted(m, "fast burn")


HALF_CRASH = {
    "resilience.script": [{"at_s": 60.0, "fault": "mass-crash", "share": 0.5}],
    "resilience.recovery.restart_s": 60.0,
    "resilience.recovery.restart_cv": 0.0,
    "demand.load": 0.62,
    "demand.classes": [{"name": "any", "law": "lognormal", "cv": 0.2, "work_s": 2.0, "deadline_s": 8.0}],
}
PROBES = {
    "intelligence.on": True,
    "intelligence.panels": 1,
    "intelligence.panel_agents": 20,
    "intelligence.period_s": 300.0,
}

DECISIONS = {
    ("coordinator", "intelligence"): (PROBES, probed),
    ("intelligence", "coordinator"): ({"learning.on": True, "dispatch.rule": "learned"}, dispatched),
    ("coordinator", "optimizer"): (SHEDS, held_by_nodes),
    ("optimizer", "coordinator"): (SHEDS | {"demand.load": 1.5}, refused),
    ("intelligence", "scaler"): (LEARNS | SCALES, called),
    ("scaler", "intelligence"): (LEARNS | SCALES, believed),
    ("optimizer", "scaler"): (SHEDS | SCALES | {"demand.load": 1.5}, called_for_the_shed),
    ("scaler", "optimizer"): (SHEDS | SCALES, shed_while_waiting),
    ("optimizer", "health"): (SHEDS | {"demand.load": 1.5}, warned_of_shedding),
    ("health", "optimizer"): (SHEDS, limited_in_an_outage),
    ("scaler", "metrics"): (LATE_CREW, warned_of_burning),
    ("metrics", "scaler"): (SCALES, called),
    ("health", "metrics"): (HALF_CRASH, warned_in_an_incident),
    ("metrics", "health"): ({}, warned_of_silence),
}


@pytest.mark.parametrize("edge", EDGES, ids=" to ".join)
def test_where_an_edge_is_cut_its_receiver_decides_otherwise(edge):
    settings, decision = DECISIONS[edge]
    whole, cut, twin = (model(**settings) for _ in range(3))
    cut.bus.repairs = twin.bus.repairs = False
    cut.bus.disturb(*edge, "drop", inf)
    before, after = decision(whole), decision(cut)
    assert before != after
    assert decision(twin) == before  # that nothing is repaired changes nothing where nothing is wrong
