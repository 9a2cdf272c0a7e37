"""Records of the collective memory, and the nodes of a fleet that keep it: merging, decay, trust, checkpoints."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import swarmscale as ss
from swarmscale.model.collective_memory.base import Mesh
from swarmscale.model.collective_memory.convergence import Convergence
from swarmscale.model.collective_memory.domains import knowers, subjects
from swarmscale.model.collective_memory.facts import (
    NUMBER,
    RELATIONS,
    cell_codes,
    fact_codes,
    object_of,
    relation_of,
    subject_of,
)
from swarmscale.model.collective_memory.observing import MOST, evidence_of
from swarmscale.model.collective_memory.planning import Own, watched
from swarmscale.model.collective_memory.replicas import (
    CELL_BYTES,
    NEVER,
    Replicas,
    chance,
    decayed,
    later_wins,
)
from swarmscale.model.collective_memory.trust import agreement, eigentrust, weights
from swarmscale.model.flow.ledger import SHARING
from swarmscale.model.memory import same

CELLS = 6
EXAMPLES = settings(max_examples=200, deadline=None, derandomize=True)
times = st.sampled_from([NEVER, 0.0, 1.0, 2.0, 3.0])


@st.composite
def replicas(draw):
    """One replica's columns; what it lacks is blank, and a version may tie with another one's in time."""
    at = np.array(draw(st.lists(times, min_size=CELLS, max_size=CELLS)))
    odds = np.array(draw(st.lists(st.sampled_from([-2.5, 0.1, 0.3]), min_size=CELLS, max_size=CELLS)))
    n_obs = np.array(draw(st.lists(st.integers(1, 3), min_size=CELLS, max_size=CELLS)), np.int32)
    lacks = at == NEVER
    return at, np.where(lacks, 0.0, odds), np.where(lacks, 0, n_obs).astype(np.int32)


def merged(a, b):
    """A with all of b merged into it."""
    out = tuple(x.copy() for x in a)
    held = np.flatnonzero(b[0] > NEVER)
    later_wins(*out, held, b[0][held], b[1][held], b[2][held])
    return out


def equal(a, b):
    return all(x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))


@EXAMPLES
@given(a=replicas(), b=replicas(), c=replicas())
def test_merging_is_associative_commutative_and_idempotent_bit_for_bit(a, b, c):
    assert equal(merged(a, b), merged(b, a))
    assert equal(merged(merged(a, b), c), merged(a, merged(b, c)))
    assert equal(merged(a, a), a)
    assert equal(merged(merged(a, b), b), merged(a, b))


def test_a_merge_that_adds_what_it_hears_would_be_found_out():
    """The twin: adding log-odds on every exchange counts a fact as often as it is told."""
    a = (np.array([1.0]), np.array([0.5]), np.array([1], np.int32))

    def adding(x, y):
        return (np.maximum(x[0], y[0]), x[1] + y[1], x[2] + y[2])

    assert equal(merged(a, a), a)
    assert not equal(adding(a, a), a)


@pytest.mark.parametrize("k", [1, 2, 10, 1000])
def test_a_fact_told_k_times_is_believed_as_if_told_once(k):
    r = Replicas(3)
    cells = r.add(cell_codes(fact_codes(0, np.array([0])), np.array([2])))
    once = (np.array([5.0]), np.array([0.7]), np.ones(1, np.int32))
    for _ in range(k):
        r.store(0, cells, *once)
    assert (r.log_odds[0, 0], r.n_obs[0, 0]) == (0.7, 1)
    assert r.log_odds[1, 0] == 0.0


def test_distinct_observations_and_distinct_sources_add():
    r, own = Replicas(2), Own()
    fact = fact_codes(0, np.array([0, 0]))
    cells = r.add(cell_codes(fact, np.array([0, 1])))
    own.lengthen(2)
    for at in (0.0, 10.0):
        own.add(cells, np.array([0.5, 1.0]), np.array([at, at]), np.full(2, 1e300))
    r.store(1, cells, own.at[cells], own.log_odds[cells], own.n_obs[cells])
    assert r.log_odds[1].tolist() == [1.0, 2.0]
    assert r.n_obs[1].tolist() == [2, 2]
    assert r.log_odds[1, r.cells_of(int(fact[0]))].sum() == 3.0


def test_evidence_halves_with_each_half_life_and_an_observation_adds_to_what_is_left():
    age = np.array([0.0, 30.0, 60.0, 45.0])
    assert decayed(np.full(4, 2.0), age, np.full(4, 30.0)) == pytest.approx(
        [2.0, 1.0, 0.5, 2.0 ** (-0.5)], abs=1e-12
    )
    own = Own()
    own.lengthen(1)
    one = np.zeros(1, np.int64)
    own.add(one, np.array([2.0]), np.array([0.0]), np.array([30.0]))
    own.add(one, np.array([1.0]), np.array([60.0]), np.array([30.0]))
    assert own.log_odds[0] == pytest.approx(1.5, abs=1e-12)


def test_what_was_not_observed_within_the_window_is_dropped_and_counts_no_bytes():
    r = Replicas(2)
    cells = r.add(cell_codes(fact_codes(0, np.arange(3)), np.zeros(3, np.int64)))
    r.store(0, cells, np.array([1.0, 5.0, 9.0]), np.ones(3), np.ones(3, np.int32))
    r.store(1, cells[:1], np.array([1.0]), np.ones(1), np.ones(1, np.int32))
    assert r.bytes_held() == 4 * CELL_BYTES
    r.recalled[cells[2]] = 8.0
    assert r.efficiency(0.0) == pytest.approx(1 / 3)
    r.forget(5.0)
    assert r.bytes_held() == 2 * CELL_BYTES
    assert r.at[:, cells[0]].tolist() == [NEVER, NEVER]
    assert r.efficiency(0.0) == 0.5
    assert r.efficiency(8.5) == 0.0


def test_a_cell_takes_as_many_bytes_as_its_columns():
    r = Replicas(1)
    r.add(cell_codes(fact_codes(0, np.arange(10)), np.zeros(10, np.int64)))
    assert r.codes.nbytes + r.at.nbytes + r.log_odds.nbytes + r.n_obs.nbytes == CELL_BYTES * 10


@EXAMPLES
@given(
    relation=st.integers(0, len(RELATIONS) - 1),
    subject=st.integers(0, 2**24 - 1),
    other=st.integers(0, 2**11 - 1),
)
def test_a_facts_number_tells_relation_subject_and_object(relation, subject, other):
    fact = fact_codes(relation, np.array([subject]), np.array([other]))
    assert (relation_of(fact)[0], subject_of(fact)[0], object_of(fact)[0]) == (relation, subject, other)


def test_columns_grow_without_moving_what_is_there():
    r = Replicas(2)
    first = r.add(cell_codes(fact_codes(3, np.array([7, 5])), np.array([1, 0])))
    r.store(0, first, np.array([1.0, 2.0]), np.array([0.1, 0.2]), np.ones(2, np.int32))
    again = r.add(cell_codes(fact_codes(np.array([3, 1, 3]), np.array([5, 2, 7])), np.array([0, 1, 1])))
    assert again[[0, 2]].tolist() == first[[1, 0]].tolist()
    assert r.at[0, again].tolist() == [2.0, NEVER, 1.0]


def test_a_write_has_converged_when_the_last_node_that_is_up_holds_it():
    up = np.array([True, True, True, False])
    c = Convergence(4)
    assert not len(c.follow(np.array([[1.0, 0, 0, 1.0], [1.5, 1, 0, 1.0]]), up))
    assert c.follow(np.array([[4.0, 2, 0, 1.0]]), up).tolist() == [3.0]
    assert not len(c.follow(np.array([[5.0, 1, 1, 5.0], [6.0, 0, 1, 5.0]]), up))
    assert c.follow(np.array([[7.0, 2, 1, 6.5]]), up).tolist() == [2.0]  # a later version holds the earlier
    assert not len(c.source)


def test_the_evidence_of_a_difference_is_that_of_a_normal_error():
    z = np.array([-1.0, 0.0, 0.5, 1.0])
    p = chance(evidence_of(z))
    assert p == pytest.approx([0.15865525393, 0.5, 0.69146246127, 0.84134474607], abs=1e-9)
    assert evidence_of(np.array([50.0, -50.0])).tolist() == [MOST, -MOST]


def test_each_pair_of_neighbors_watches_each_other():
    for nodes, peers in ((1, 4), (2, 4), (5, 1), (16, 4), (16, 512)):
        pairs = {tuple(p) for p in watched(nodes, peers).tolist()}
        assert pairs == {(b, a) for a, b in pairs}
        assert all(a != b for a, b in pairs)
        assert len(pairs) == nodes * min(2 * peers, nodes - 1)


# -- trust ------------------------------------------------------------------------------------------------------


def test_agreement_is_what_sources_said_alike_less_what_they_contradicted():
    number, source = np.array([0, 0, 1, 1, 2]), np.array([0, 1, 0, 1, 2])
    net = agreement(number, source, np.array([1.0, 1.0, 1.0, -0.5, 1.0]), 3)
    assert net.tolist() == [[0.0, 0.5, 0.0], [0.5, 0.0, 0.0], [0.0, 0.0, 0.0]]


def test_trust_is_the_stationary_share_of_a_walk_along_agreement():
    net = np.array([[0.0, 2.0, 1.0], [2.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    t = eigentrust(net)
    p = net.sum(axis=0) / net.sum()
    c = net / net.sum(axis=1, keepdims=True)
    assert t == pytest.approx(0.9 * c.T @ t + 0.1 * p, abs=1e-10)
    assert t.sum() == pytest.approx(1.0, abs=1e-12)


def test_a_minority_that_contradicts_the_others_is_not_trusted_however_well_it_agrees_with_itself():
    rng = np.random.default_rng(1)
    truth = rng.choice([-1.0, 1.0], 40)
    lies = np.array([1, 1, 1, 1, 1, 1, -1, -1, -1])
    number, source = np.divmod(np.arange(40 * 9), 9)
    t = eigentrust(agreement(number, source, truth[number] * lies[source], 9))
    assert t[6:].tolist() == [0.0] * 3
    assert t[:6] == pytest.approx([1 / 6] * 6)
    assert weights(t).tolist() == [1.0] * 6 + [0.0] * 3


def test_without_any_agreement_all_are_trusted_alike():
    assert eigentrust(np.zeros((4, 4))).tolist() == [0.25] * 4


# -- the fleet's nodes ------------------------------------------------------------------------------------------

MODES = ["eventual", "strong"]


def fleet(mode="eventual", **changes):
    base = {
        "fleet.nodes": 5, "fleet.cluster_agents": 10, "collective_memory.on": True, "collective_memory.mode": mode,
        "collective_memory.period_s": 5.0, "seconds": 900.0,
    }  # fmt: skip
    return ss.SwarmModel("tiny", rng=11, **(base | changes))


def test_a_fleet_keeps_no_memory_unless_asked():
    assert ss.SwarmModel("tiny", rng=1).collective_memory is None


@pytest.mark.parametrize("mode", MODES)
def test_keeping_a_memory_changes_nothing_but_the_messages_that_it_sends(mode):
    plain = fleet(mode, **{"collective_memory.on": False}).run(60.0).records.frame()
    kept = fleet(mode).run(60.0).records.frame()
    own = [c for c in plain if c.startswith("intelligence_sharing")]
    pd.testing.assert_frame_equal(plain.drop(columns=own), kept.drop(columns=own))
    assert (plain[own] == 0).all().all()
    assert (kept[own].sum() > 0).all()


@pytest.mark.parametrize("mode", MODES)
def test_messages_in_the_records_are_those_of_the_accounts(mode):
    model = fleet(mode).run(61.0)
    tally = model.collective_memory.tally
    frame = model.records.frame()
    late = model.flow.ledger.messages[SHARING]  # those of the last tick wait for their row
    for column, name, i in (
        ("sent", "messages", 1),
        ("delivered", "delivered", 3),
        ("bytes", "message_bytes", 4),
    ):
        assert frame[f"intelligence_sharing_{column}"].sum() + late[i] == tally.of(name)


def test_facts_of_eight_domains_are_written_and_the_ninth_once_something_new_is_tried():
    model = fleet().run(60.0)
    held = {name: data["facts"] for name, data in model.knowledge.nodes(data=True)}
    assert [name for name, facts in held.items() if not facts] == ["innovation-processes"]
    model.switch({"dispatch.rule": "random"})
    model.run(60.0)
    assert model.knowledge.nodes["innovation-processes"]["facts"] == 1
    assert model.collective_memory.recall(model, 0, "helped", 1).sources == (0, 1, 2, 3, 4)


def test_beliefs_are_nearer_to_the_truth_than_the_base_rate_and_lies_spoil_them_less_where_sources_are_weighed():
    memory = {"fleet.nodes": 10, "collective_memory.reads": 20}
    honest = fleet(**memory).run(300.0).collective_memory
    weighed = fleet(**memory, **{"collective_memory.lying": 0.3}).run(300.0).collective_memory
    believed = fleet(**memory, **{"collective_memory.lying": 0.3, "collective_memory.trust": False}).run(
        300.0
    )
    assert honest.tally.of("judged") > 5000
    assert honest.brier() < 0.15
    assert honest.brier() < weighed.brier() < believed.collective_memory.brier() - 0.05
    assert weighed.trust[weighed.liars].max() < weighed.trust[~weighed.liars].min()


@pytest.mark.parametrize("mode", MODES)
def test_a_recall_tells_belief_sources_and_age(mode):
    model = fleet(mode).run(100.0)
    memory = model.collective_memory
    told = memory.recall(model, 3, "near", 1, 0)
    same_fact = memory.recall(model, 3, "near", 0, 1)
    near = model.network.latency_s[0, 1] < np.median(model.network.latency_s[model.network.latency_s > 0])
    assert told == same_fact
    assert told.sources == (0, 1)
    assert (told.belief > 0.9) == near
    assert 0 < told.age_s < 10
    assert told.n_obs >= 36
    assert (told.latency_ms > 0) == (mode == "strong")
    unknown = memory.recall(model, 3, "fast", 999)
    assert (unknown.belief, unknown.sources, unknown.age_s) == (0.5, (), np.inf)


def test_a_recall_counts_as_use():
    model = fleet(**{"collective_memory.reads": 0}).run(50.0)
    memory = model.collective_memory
    assert memory.efficiency() == 0.0
    memory.recall(model, 0, "available", 2)
    assert memory.efficiency_at(model.now_s) == 1 / memory.replicas.present().sum()


def test_a_wrong_question_is_refused():
    model = fleet().run(10.0)
    with pytest.raises(ss.UnknownChoiceError, match=r"no relation is called 'fasst'. Did you mean 'fast'"):
        model.collective_memory.recall(model, 0, "fasst")
    with pytest.raises(ss.ConfigError, match="node = 5, but it must be from 0 to 4"):
        model.collective_memory.recall(model, 5, "fast")


def test_the_minority_refuses_in_strong_mode_and_nobody_does_in_eventual():
    refused = {}
    for mode in MODES:
        model = fleet(mode).run(50.0)
        for a in (0, 1, 2):
            for b in (3, 4):
                model.cut_link(a, b)
        model.run(50.0)
        refused[mode] = model.collective_memory.refused()
        told = [model.collective_memory.recall(model, n, "available", 0) for n in (0, 4)]
        assert [t.refused for t in told] == [False, mode == "strong"]
        for a in (0, 1, 2):
            for b in (3, 4):
                model.restore_link(a, b)
        model.run(1.0)
        after = model.collective_memory.refused()
        model.run(40.0)
        assert model.collective_memory.refused() == after
    assert refused["eventual"] == 0
    # two nodes, each with a write and four reads in each of ten periods
    assert refused["strong"] == 2 * 5 * 10


def test_after_a_partition_all_replicas_are_the_same_in_eventual_mode():
    model = fleet(**{"collective_memory.reads": 0}).run(50.0)
    model.kill_node(2)
    model.cut_link(0, 1)
    model.run(50.0)
    r = model.collective_memory.replicas
    assert not (r.at[2] == r.at[0]).all()
    model.revive_node(2)
    model.restore_link(0, 1)
    model.run(20.0)
    model.collective_memory.planned = model.collective_memory.planned.between(
        0.0, 0.0
    )  # nothing more is written
    model.collective_memory.settings = model.collective_memory.settings.model_copy(update={"period_s": 1e6})
    model.run(30.0)
    r = model.collective_memory.replicas
    for array in (r.at, r.log_odds, r.n_obs):
        assert (array == array[0]).all()
    assert model.collective_memory.waiting() == 0


def test_stale_reads_happen_in_eventual_mode_and_never_in_strong():
    eventual, strong = (fleet(mode, **{"collective_memory.reads": 20}).run(200.0) for mode in MODES)
    assert eventual.collective_memory.stale_share() > 0.1
    assert strong.collective_memory.tally.of("reads") > 3000
    assert strong.collective_memory.tally.of("stale") == 0
    assert eventual.collective_memory.write_ms() == 0.0
    assert strong.collective_memory.write_ms() > 1.0
    assert strong.collective_memory.write_ms(0.95) >= strong.collective_memory.write_ms(0.5)
    assert eventual.collective_memory.convergence_s() > strong.collective_memory.convergence_s() > 0


def test_the_write_latency_of_a_fleet_lies_within_what_its_mesh_allows():
    model = fleet("strong").run(200.0)
    trips = np.sort(2 * model.network.latency_s, axis=1)[
        :, 2
    ]  # the third of five, the writer itself being the first
    assert model.collective_memory.write_ms() == pytest.approx(1000 * trips.mean(), rel=1e-6)


def test_what_no_one_observes_any_more_is_dropped():
    model = fleet(**{"collective_memory.retention_s": 30.0, "network.topology": "ring"}).run(50.0)
    memory = model.collective_memory
    own = memory.replicas.source == 3
    model.kill_node(3)
    model.run(60.0)
    assert (memory.replicas.at[:, own] == NEVER).all()
    assert (memory.replicas.at[0, ~own] > NEVER).any()
    assert not knowers(memory.replicas)[3].any()
    model.revive_node(3)
    model.run(30.0)
    assert (memory.replicas.at[0, own] > NEVER).any()


@pytest.mark.parametrize("mode", ["strong", "eventual"])
def test_nobody_is_behind_in_what_all_have_dropped(mode):
    """A node is down for longer than things are kept; to find nothing of what it knew is not stale."""
    model = fleet(mode, **{"collective_memory.retention_s": 30.0}).run(50.0)
    memory = model.collective_memory
    model.kill_node(3)
    model.run(60.0)
    dropped = (memory.replicas.at == NEVER).all(axis=0)
    assert dropped.any()
    assert (memory.replicas.newest[dropped] == NEVER).all()
    if mode == "strong":
        model.run(100.0)
        assert memory.stale_share() == 0.0


def test_the_series_has_a_row_for_each_period():
    model = fleet("strong").run(100.0)
    series = model.collective_memory.series()
    assert series["time_s"].tolist() == [5.0 * i for i in range(1, 21)]
    assert series["bytes"].iloc[-1] == model.collective_memory.replicas.bytes_held()
    assert series["facts"].is_monotonic_increasing
    assert series["efficiency"].iloc[-1] == model.collective_memory.efficiency()
    assert series["write_ms"].iloc[2:].between(0.1, 200.0).all()


def test_subjects_of_facts_say_which_domains_go_together():
    facts = np.concatenate(
        [fact_codes(NUMBER["fast"], np.array([4])), fact_codes(NUMBER["pays"], np.array([4, 5]))]
    )
    about = subjects(facts)
    assert about.sum(axis=1).tolist() == [2, 1]
    pair = subjects(fact_codes(NUMBER["near"], np.array([1]), np.array([2])))
    assert pair.shape[0] == 2


# -- checkpoints ------------------------------------------------------------------------------------------------


def eventful(model):
    """What may befall the nodes."""
    model.cut_link(0, 1)
    model.kill_node(2)
    model.spawn(60, start_s=4.0)
    model.switch({"network.topology": "ring"})
    return model


def same_memory(a, b):
    pd.testing.assert_frame_equal(a.collective_memory.series(), b.collective_memory.series())
    pd.testing.assert_frame_equal(a.records.frame(), b.records.frame())
    assert same(a.collective_memory.memory(), b.collective_memory.memory())
    assert dict(a.knowledge.nodes(data=True)) == dict(b.knowledge.nodes(data=True))
    assert list(a.knowledge.edges(data=True)) == list(b.knowledge.edges(data=True))


SLOW = {"network.latency_ms": (400.0, 900.0), "collective_memory.reads": 12}
"""Messages that take about a tick, so that a checkpoint always finds some under way."""


@pytest.mark.parametrize("mode", MODES)
def test_a_resumed_memory_goes_on_bit_for_bit(mode, tmp_path):
    straight = eventful(fleet(mode, **SLOW).run(33.0)).run(9.0)
    way = straight.collective_memory.way
    assert len(way.messages if mode == "eventual" else way.ops)
    resumed = ss.SwarmModel.load(straight.save(tmp_path / "a"))
    straight.rng.random()
    for model in (straight, resumed):
        model.run(20.0)
        model.revive_node(2)
        model.run(40.0)
    same_memory(straight, resumed)


@pytest.mark.parametrize("mode", MODES)
def test_a_memory_resumed_in_another_process_equals_the_straight_one(mode, tmp_path):
    straight = eventful(fleet(mode, **SLOW).run(33.0)).run(9.0)
    straight.save(tmp_path / "a")
    code = "import sys, swarmscale as ss\nss.SwarmModel.load(sys.argv[1]).run(40.0).save(sys.argv[2])\n"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "a"), str(tmp_path / "b")], check=True)
    same_memory(straight.run(40.0), ss.SwarmModel.load(tmp_path / "b"))


@pytest.mark.parametrize("mode", MODES)
def test_a_run_with_a_memory_is_determined_by_its_seed(mode):
    same_memory(fleet(mode).run(60.0), fleet(mode).run(60.0))


# -- settings ---------------------------------------------------------------------------------------------------


def test_quorums_that_do_not_meet_are_refused_when_the_model_is_made():
    with pytest.raises(
        ss.ConfigError,
        match=r"read_quorum \+ write_quorum = 2 \+ 3, but it must be more than fleet.nodes = 5",
    ):
        fleet("strong", **{"collective_memory.mode.read_quorum": 2, "collective_memory.mode.write_quorum": 3})


def test_a_period_that_is_no_multiple_of_the_tick_is_refused():
    with pytest.raises(
        ss.ConfigError, match=r"collective_memory.period_s = 2.5, but it must be a multiple of dt = 1"
    ):
        fleet(**{"collective_memory.period_s": 2.5})


def test_an_unknown_mode_is_refused_with_the_nearest_name():
    with pytest.raises(
        ss.UnknownChoiceError, match=r"no memory mode is called 'strng'. Did you mean 'strong'"
    ):
        fleet("strng")


def test_one_node_alone_keeps_a_memory_in_either_mode():
    for mode in MODES:
        memory = fleet(mode, **{"fleet.nodes": 1}).run(30.0).collective_memory
        assert memory.refused() == 0
        assert memory.stale_share() == 0.0
        assert memory.tally.of("messages") == 0


def test_a_users_own_mode_needs_no_entry_in_any_table():
    """A mode without any exchange: each node keeps what it sees, so what others saw is never known."""
    from swarmscale.model.collective_memory import Eventual

    class Alone:
        def check(self, nodes):
            pass

        def start(self, nodes):
            return Eventual().start(nodes)

        def run(self, replicas, work, mesh, end_s, draws, memory):
            apart = Mesh(
                np.where(np.eye(len(mesh.alive)) > 0, 0.0, np.inf),
                np.full_like(mesh.link_s, np.inf),
                mesh.alive,
            )
            return Eventual().run(replicas, work, apart, end_s, draws, memory)

        def look(self, replicas, node, cells, mesh):
            return Eventual().look(replicas, node, cells, mesh)

    model = fleet(Alone()).run(60.0)
    r = model.collective_memory.replicas
    for node in range(5):
        assert (r.at[node, r.source != node] == NEVER).all()
        assert (r.at[node, r.source == node] > NEVER).any()
