"""Estimates and how they travel: averaging, gossip, one memory, the rule that uses them, and transfer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import swarmscale as ss
from swarmscale.agents.fleet import BUSY
from swarmscale.errors import ConfigError
from swarmscale.model.config import Config
from swarmscale.model.flow.dispatch import DISPATCH_RULES
from swarmscale.model.flow.ledger import BYTES, MESSAGES, SHARING
from swarmscale.model.learning.aggregation import AGGREGATION_RULES
from swarmscale.model.learning.estimates import Evidence, by_type, in_seconds, ratio, shrunk
from swarmscale.model.learning.sharing import Heard, Shared, gossip, of_nodes, shares, together
from swarmscale.model.learning.transfer import transfer

RULES = sorted(AGGREGATION_RULES)
MEAN, MEDIAN = AGGREGATION_RULES.make("mean"), AGGREGATION_RULES.make("median")
QUIET = {"intelligence.on": False}
KNOWN = QUIET | {
    "fleet.agents": 80,
    "fleet.nodes": 4,
    "fleet.cluster_agents": 10,
    "fleet.zone_clusters": 2,
    "fleet.speed_cv": 0.0,
    "fleet.communication": "none",
    "demand.load": 0.4,
    "learning.on": True,
    "learning.alpha": 0.0,
    "learning.half_life_s": 1e9,
}
"""Agents whose pace is known: 1 over the skill that a cluster is given."""


def with_skills(mode="collaborative", **more):
    """A model whose clusters have the skills .4, .5, ... for the two types asked for, and those skills."""
    model = ss.SwarmModel("tiny", rng=4, **(KNOWN | {"learning.mode": mode} | more))
    fleet = model.fleet
    skill = np.rint(255 * (0.4 + 0.05 * np.arange(fleet.clusters))).astype(np.uint8)
    fleet.rows.skill[:] = skill[:, None, None]
    model.learner._practice(model)
    return model, skill / 255


# -- aggregation rules: first what each must do -------------------------------------------------------------


@pytest.mark.parametrize("name", RULES)
def test_what_all_say_alike_is_what_a_rule_says(name):
    rule = AGGREGATION_RULES.make(name)
    values = np.tile([0.5, 2.0, 7.0], (9, 1))
    assert rule.combine(values, np.random.default_rng(1).uniform(0.1, 5, (9, 3))) == pytest.approx(values[0])


@pytest.mark.parametrize("name", RULES)
def test_a_rule_reads_no_value_without_weight_and_stays_between_the_others(name):
    rule, draws = AGGREGATION_RULES.make(name), np.random.default_rng(2)
    for m in (1, 2, 3, 8):
        values, weights = draws.normal(size=(m + 1, 4)), draws.uniform(0.1, 2, (m + 1, 4))
        values[0], weights[0] = np.nan, 0.0
        one = rule.combine(values, weights)
        assert (one >= values[1:].min(axis=0) - 1e-12).all()
        assert (one <= values[1:].max(axis=0) + 1e-12).all()
    assert np.isnan(rule.combine(np.zeros((3, 2)), np.zeros((3, 2)))).all()


def test_the_federated_mean_of_local_estimates_is_the_estimate_from_all_data():
    """One round over agents, then over clusters, then over nodes, against the pooled ratio at 1e-12."""
    draws = np.random.default_rng(3)
    work = draws.exponential(size=(24, 3))
    service = work * draws.uniform(0.5, 3.0, (24, 3))
    pooled = service.sum(axis=0) / work.sum(axis=0)
    assert MEAN.combine(service / work, work) == pytest.approx(pooled, rel=1e-12)
    total, pace = of_nodes(work, service, np.arange(24, dtype=np.int32) % 4, 4, MEAN)
    assert MEAN.combine(pace, total) == pytest.approx(pooled, rel=1e-12)


def test_a_cluster_that_lies_moves_the_mean_but_not_the_median():
    """One in eight says that it is a hundred times slower; the robust rules stay within the honest ones' range."""
    honest = np.random.default_rng(4).uniform(1.0, 1.2, (8, 2))
    lying = honest.copy()
    lying[3] *= 100
    weights = np.ones((8, 2))
    moved = {
        name: np.abs(AGGREGATION_RULES.make(name).combine(lying, weights) / MEAN.combine(honest, weights) - 1)
        for name in RULES
    }
    assert (moved["mean"] > 5).all()
    assert (moved["median"] < 0.1).all()
    assert (moved["trimmed-mean"] < 0.1).all()


# -- gossip ---------------------------------------------------------------------------------------------------


def linked(edges, nodes):
    out = np.zeros((nodes, nodes), bool)
    for a, b in edges:
        out[a, b] = out[b, a] = True
    return out


RING = [(k, (k + 1) % 8) for k in range(8)]


def told(edges, rounds, rule=MEAN):
    draws = np.random.default_rng(5)
    work = draws.exponential(size=(8, 2))
    pace = draws.uniform(0.5, 3.0, (8, 2))
    heard = Heard.nothing(8, 2).with_own(work, pace, 1.0)
    for _ in range(rounds):
        heard = gossip(heard, shares(linked(edges, 8)), rule)
    return work, work * pace, heard


def test_gossip_brings_every_node_to_the_estimate_from_all_data():
    work, service, heard = told(RING, 200)
    assert heard.pace() == pytest.approx(np.tile(service.sum(axis=0) / work.sum(axis=0), (8, 1)), rel=1e-9)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20), st.integers(0, 5))
def test_gossip_loses_no_work_and_counts_none_twice(edges, rounds):
    """Whatever is linked: sums over the nodes stay as they are."""
    work, service, heard = told([e for e in edges if e[0] != e[1]], rounds)
    assert heard.work.sum(axis=0) == pytest.approx(work.sum(axis=0), rel=1e-12)
    assert heard.service.sum(axis=0) == pytest.approx(service.sum(axis=0), rel=1e-12)


def test_cut_links_stop_gossip():
    """A ring that is cut in two: each half comes to the estimate from its own data, not to that of all."""
    work, service, heard = told([e for e in RING if e not in ((3, 4), (7, 0))], 300)
    for half in (slice(0, 4), slice(4, 8)):
        own = service[half].sum(axis=0) / work[half].sum(axis=0)
        assert heard.pace()[half] == pytest.approx(np.tile(own, (4, 1)), rel=1e-9)
    assert np.abs(heard.pace()[0] / (service.sum(axis=0) / work.sum(axis=0)) - 1).max() > 0.02


def test_in_a_model_cut_links_stop_gossip_and_gossip_costs_messages():
    """With all links of node 0 cut it hears what its own clusters say, and nothing else."""
    model, _ = with_skills()
    for other in range(1, 4):
        model.cut_link(0, other)
    model.run(100.0)
    heard, evidence = model.learner.told, model.learner.evidence
    mine = model.hierarchy_arrays.node_of_cluster == 0
    work, service = evidence.sums[..., 2], evidence.sums[..., 1]
    assert heard[0] == pytest.approx(service[mine].sum(axis=0) / work[mine].sum(axis=0), rel=1e-9)
    rest = service[~mine].sum(axis=0) / work[~mine].sum(axis=0)
    assert heard[1] == pytest.approx(rest, rel=0.02)
    whole, _ = with_skills()
    whole.run(100.0)
    pooled = whole.learner.evidence.sums.sum(axis=0)
    assert whole.learner.told == pytest.approx(np.tile(pooled[:, 1] / pooled[:, 2], (4, 1)), rel=0.02)
    cut, all_up = (m.records.raw(0) for m in (model, whole))
    assert cut.message(SHARING, MESSAGES).sum() == 9 * 6
    assert all_up.message(SHARING, MESSAGES).sum() == 9 * 12
    assert all_up.message(SHARING, BYTES).sum() == 9 * 12 * (model.config.network.control_bytes + 32)


# -- one memory -----------------------------------------------------------------------------------------------


def records(draws, periods=5, clusters=6):
    """Records of clusters that observe more and more."""
    work = draws.exponential(size=(periods, clusters, 2)).cumsum(axis=0)
    return work, work * draws.uniform(0.5, 3.0, (clusters, 2))


def test_what_is_told_twice_changes_nothing():
    work, service = records(np.random.default_rng(6))
    every, period = np.arange(6), np.full(6, 0, np.int64)
    once = Shared.nothing(6, 2)
    for p in range(5):
        once = once.told(every, period + p, work[p], service[p])
    again = once
    for p in (4, 0, 3, 3, 1):
        again = again.told(every, period + p, work[p], service[p])
    assert all(np.array_equal(a, b) for a, b in zip(once, again, strict=True))
    assert once.pace(4, 1.0, MEAN) == pytest.approx(service[4].sum(axis=0) / work[4].sum(axis=0), rel=1e-12)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(st.permutations(range(5)), st.permutations(range(5)), st.integers(0, 2**20))
def test_memories_agree_in_whatever_order_they_are_told(first, second, seed):
    """Merging is idempotent, commutative and associative."""
    work, service = records(np.random.default_rng(seed))
    pieces = [Shared.nothing(6, 2).told(np.array([p, 5]), np.array([p, p]), work[p, [p, 5]], service[p, [p, 5]])
              for p in range(5)]  # fmt: skip
    left = right = Shared.nothing(6, 2)
    for p in first:
        left = left.merged(pieces[p])
    for p in [*second, *second]:
        right = pieces[p].merged(right)
    assert all(np.array_equal(a, b) for a, b in zip(left, right, strict=True))


def test_nodes_that_are_cut_off_neither_tell_nor_hear():
    model, _ = with_skills("collective")
    for other in range(1, 4):
        model.cut_link(0, other)
    model.run(100.0)
    mine = model.hierarchy_arrays.node_of_cluster == 0
    assert (model.learner.shared.period[mine] == -1).all()
    assert (model.learner.shared.period[~mine] > 0).all()
    assert np.isnan(model.learner.told[0]).all()
    assert np.isfinite(model.learner.told[1:]).all()


def test_the_largest_part_of_the_mesh_hangs_together():
    up = np.array([True, True, True, True, False, True])
    assert together(linked([(0, 1), (2, 3), (3, 5)], 6), up).tolist() == [
        False,
        False,
        True,
        True,
        False,
        True,
    ]


# -- estimates ------------------------------------------------------------------------------------------------


def test_estimates_converge_to_the_truth():
    """Agents of known pace: their clusters' own evidence is exact, and the prior's share falls as 1 / work."""
    model, skill = with_skills()
    off = []
    for _ in range(3):
        model.run(40.0)
        off.append(np.abs(model.learner.expected * skill[:, None] - 1).max())
    own = ratio(model.learner.evidence.sums[..., 1], model.learner.evidence.sums[..., 2], 1.0)
    assert own * skill[:, None] == pytest.approx(1.0, abs=2e-5)
    assert off[2] < off[1] < off[0]
    prior = model.learner.told[model.hierarchy_arrays.node_of_cluster]
    seconds = model.config.learning.prior_tasks * model.flow.demand.marks.mean_s
    work = model.learner.evidence.sums[..., 2]
    share = seconds / (seconds + work)
    wanted = (1 - share) / skill[:, None] + share * prior
    assert model.learner.expected == pytest.approx(wanted, rel=1e-4)
    assert np.nanmin([row.error for row in model.learner.series[4:]]) < 0.2 * model.learner.series[0].error


def test_a_cluster_without_evidence_expects_what_it_is_told():
    prior = np.array([[1.5, np.nan]])
    assert shrunk(Evidence.none(1, 2), prior, np.ones(2)).tolist() == [[1.5, 1.0]]


def test_paces_by_type_weigh_classes_by_their_work():
    pace = np.array([[1.0, 2.0, 4.0]])
    assert by_type(pace, np.array([0, 0, 4]), np.array([3.0, 1.0, 1.0])).tolist() == [[1.25, 1, 1, 1, 4, 1]]


def test_reliability_is_the_share_of_first_attempts_that_end_well():
    """Agents of one cluster fail again and again; its estimate falls, those of the others stay."""
    model, _ = with_skills()
    for _ in range(25):
        busy = np.flatnonzero(model.fleet.rows.state[3] == BUSY) + 3 * model.fleet.slots
        model.fail_workers(busy, repair_s=1.0)
        model.run(4.0)
    well, cut = model.flow.lessons.first.T
    trust = model.learner.reliability()
    assert cut[3] > 40
    assert cut.sum() == cut[3]
    assert trust[3] == pytest.approx(well[3] / (well[3] + cut[3]), abs=0.05)
    assert trust[3] < 0.8 < 0.95 < np.delete(trust, 3).min()


# -- used by dispatch -----------------------------------------------------------------------------------------


def chosen(rule, **more):
    """Share of the work that each cluster did in 120 s, the mean service for a second of it, the mean response."""
    model, _ = with_skills(**({"dispatch.rule": rule, "fleet.nodes": 1} | more))
    model.run(120.0)
    sums = model.learner.evidence.sums.sum(axis=1)
    response = model.summary()["response_mean_s"].value
    return sums[:, 2] / sums[:, 2].sum(), sums[:, 1].sum() / sums[:, 2].sum(), response


def test_learned_dispatch_prefers_clusters_that_proved_fast():
    """At 40 % load, against random choice: more work to the faster half, shorter service, shorter response.

    It does no worse than ``skill-match``, which knows every agent's speed and skill.
    """
    learned, soon, answered = chosen("learned")
    drawn, late, slowly = chosen("random")
    assert learned[4:].sum() > 0.65 > 0.55 > drawn[4:].sum()
    assert soon < 0.92 * late
    assert answered < 0.85 * slowly
    assert answered < 1.05 * chosen("skill-match")[2]


def test_learned_dispatch_avoids_clusters_that_fail():
    """Under random choice one cluster's agents tear down many first attempts, under this rule less than half."""

    def torn(rule):
        model, _ = with_skills(**{"dispatch.rule": rule, "fleet.nodes": 1})
        model.fleet.rows.skill[:] = 128
        for _ in range(30):
            busy = np.flatnonzero(model.fleet.rows.state[3] == BUSY) + 3 * model.fleet.slots
            model.fail_workers(busy, repair_s=1.0)
            model.run(4.0)
        return model.flow.lessons.first[3, 1]

    assert torn("learned") < 0.5 * torn("random")


def test_learned_dispatch_where_nobody_learns_still_serves():
    model = ss.SwarmModel("tiny", rng=1, **(QUIET | {"dispatch.rule": "learned"})).run(60.0)
    assert (model.flow.pace == 1).all()
    assert (model.flow.trust == 1).all()
    assert model.records.column("completed").sum() > 0.9 * model.records.column("arrived").sum()
    assert "learned" in DISPATCH_RULES


def test_estimates_follow_a_fleet_that_grows():
    model, _ = with_skills("collaborative")
    model.run(50.0)
    before = model.fleet.clusters
    model.spawn(35, start_s=2.0)
    model.run(60.0)
    learner = model.learner
    assert learner.expected.shape == (model.fleet.clusters, 2)
    assert model.fleet.clusters == before + 4
    assert learner.reliability().shape == (model.fleet.clusters,)
    assert (learner.evidence.sums[before:, :, 0].sum(axis=1) > 0).all()
    total = in_seconds(model.flow.lessons.sums)[..., 0].sum()
    assert total == model.learner.series[-1].tasks


# -- transfer -------------------------------------------------------------------------------------------------


def test_a_naive_cluster_relearns_sooner_with_what_others_learned_and_not_with_a_shuffled_tale():
    """Ratio of times and its interval below 1; that of the null, to whom each class's pace is another's, above."""
    config = Config().changed(
        QUIET
        | {
            "fleet.agents": 240,
            "fleet.nodes": 4,
            "fleet.cluster_agents": 40,
            "fleet.type_shares": (1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
            "fleet.skill_own": (0.9, 1.0),
            "fleet.skill_other": (0.25, 0.35),
            "fleet.speed_cv": 0.1,
            "seconds": 600.0,
            "demand.load": 0.3,
            "demand.classes": tuple(
                {"name": t, "type": t, "work_s": 2.0} for t in ("analytical", "social", "creative")
            ),
            "learning.on": True,
            "learning.alpha": 0.0,
        }
    )
    found = transfer(config, range(8), taught_s=200.0, learn_s=240.0)
    assert found.low <= found.ratio <= found.high < 0.5
    assert 1.0 < found.null_low <= found.null <= found.null_high
    again = np.exp(np.log(found.times_s[:, 1] / found.times_s[:, 0]).mean())
    assert found.ratio == pytest.approx(again)


def test_a_transfer_test_without_access_is_refused():
    config = Config().changed(QUIET | {"learning.on": True, "learning.mode": "individual"})
    with pytest.raises(ConfigError, match=r"learning\.mode"):
        transfer(config, range(2), taught_s=10.0, learn_s=10.0)
