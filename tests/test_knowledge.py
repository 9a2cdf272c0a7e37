"""The knowledge graph: links that follow use, and its measures against values found by hand."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import swarmscale as ss
from swarmscale.agents.knowledge import (
    ASSUMED_WEIGHTS,
    DOMAINS,
    knowledge_graph,
    note_provenance,
    together,
    use,
)
from swarmscale.agents.knowledge_measures import (
    brier,
    coverage,
    domain_distance,
    participation,
    predict_links,
    rao_stirling,
    transactive_memory,
)
from swarmscale.model.collective_memory.domains import fact_graph, knowers

from .flow_support import limit


def nothing():
    return np.zeros((9, 9)), np.zeros((9, 9), np.int64)


def test_the_graph_begins_with_eight_assumed_links_of_the_given_weights():
    graph = knowledge_graph()
    assert tuple(graph) == DOMAINS
    assert {(*sorted((a, b)), w) for a, b, w in graph.edges(data="weight")} == {
        (*sorted((a, b)), w) for a, b, w in ASSUMED_WEIGHTS
    }
    assert {origin for *_, origin in graph.edges(data="origin")} == {"assumed"}


def test_a_link_that_is_not_used_halves_in_a_half_life_and_stays_assumed():
    graph = knowledge_graph()
    for _ in range(10):
        use(graph, *nothing(), 2.0 ** (-1 / 10))
    link = graph.edges["market-dynamics", "agent-behavior"]
    assert link["weight"] == pytest.approx(0.4, abs=1e-12)
    assert link["origin"] == "assumed"
    assert graph.number_of_edges() == 8


def test_a_link_that_is_used_grows_to_the_strength_of_its_use_and_is_measured():
    graph = knowledge_graph()
    strength, count = nothing()
    a, b = DOMAINS.index("innovation-processes"), DOMAINS.index("market-dynamics")
    strength[a, b] = strength[b, a] = 0.6
    count[a, b] = count[b, a] = 2
    weights = []
    for _ in range(3):
        use(graph, strength, count, 0.5)
        weights.append(graph.edges[DOMAINS[a], DOMAINS[b]]["weight"])
    assert weights == pytest.approx([0.3, 0.45, 0.525], abs=1e-12)
    link = graph.edges[DOMAINS[a], DOMAINS[b]]
    assert (link["origin"], link["uses"]) == ("measured", 6)
    use(graph, *nothing(), 0.5)
    assert graph.edges[DOMAINS[a], DOMAINS[b]]["weight"] == pytest.approx(0.2625)
    assert graph.edges[DOMAINS[a], DOMAINS[b]]["uses"] == 6


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    periods=st.lists(st.lists(st.lists(st.booleans(), min_size=9, max_size=9), max_size=6), max_size=8),
    keep=st.floats(0.01, 0.99),
)
def test_links_stay_between_0_and_1_whatever_is_used(periods, keep):
    graph = knowledge_graph()
    for baskets in periods:
        use(graph, *together(np.array(baskets, np.bool_).reshape(-1, 9)), keep)
    for _, _, link in graph.edges(data=True):
        assert 0 <= link["weight"] <= 1
        assert (link["origin"] == "measured") == (link.get("uses", 0) > 0)


def test_togetherness_is_the_share_of_baskets_with_both_among_those_with_either():
    baskets = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 0], [0, 0, 0]], np.bool_)
    share, both = together(baskets)
    assert share[0, 1] == pytest.approx(2 / 3)
    assert both[0, 1] == 2
    assert share[0, 2] == share[2, 2] == 0.0


def test_provenance_stands_at_each_domain():
    graph = knowledge_graph()
    note_provenance(graph, np.arange(9), np.arange(9) * 2, np.arange(9) * 28)
    assert graph.nodes["agent-behavior"] == {"index": 1, "facts": 1, "sources": 2, "bytes": 28}


def test_a_graph_that_has_been_used_crosses_a_checkpoint(tmp_path):
    model = ss.SwarmModel("tiny", rng=2, **{"collective_memory.on": True}).run(60.0)
    again = ss.SwarmModel.load(model.save(tmp_path / "a"))
    assert list(again.knowledge.edges(data=True)) == list(model.knowledge.edges(data=True))
    assert dict(again.knowledge.nodes(data=True)) == dict(model.knowledge.nodes(data=True))
    assert "measured" in {origin for *_, origin in again.knowledge.edges(data="origin")}


# -- measures ---------------------------------------------------------------------------------------------------


def test_rao_stirling_of_a_case_done_by_hand():
    distance = np.array([[0.0, 0.5, 1.0], [0.5, 0.0, 0.2], [1.0, 0.2, 0.0]])
    by_hand = 2 * (0.5 * 0.3 * 0.5 + 0.5 * 0.2 * 1.0 + 0.3 * 0.2 * 0.2)
    assert rao_stirling(np.array([5.0, 3.0, 2.0]), distance) == pytest.approx(by_hand, abs=1e-12)
    assert rao_stirling(np.array([1.0, 0.0, 0.0]), distance) == 0.0
    assert np.isnan(rao_stirling(np.zeros(3), distance))


def test_with_all_domains_a_unit_apart_rao_stirling_is_the_gini_simpson_index():
    shares = np.array([0.1, 0.2, 0.3, 0.4])
    assert rao_stirling(shares, 1.0 - np.eye(4)) == pytest.approx(1 - (shares**2).sum(), abs=1e-12)


def test_domains_are_as_far_apart_as_their_link_is_weak():
    distance = domain_distance(knowledge_graph())
    assert distance[0, 1] == pytest.approx(0.2)
    assert distance[0, 8] == 1.0
    assert (distance.diagonal() == 0).all()


def test_coverage_is_the_share_of_domains_with_facts():
    assert coverage(np.array([1, 0, 0, 2, 0])) == 0.4


def test_participation_of_a_case_done_by_hand():
    weights = np.zeros((5, 5))
    for a, b, w in ((0, 1, 1.0), (0, 2, 1.0), (0, 3, 2.0), (1, 2, 3.0)):
        weights[a, b] = weights[b, a] = w
    group = np.array([0, 0, 0, 1, 1], np.int32)
    assert participation(weights, group) == pytest.approx([0.5, 0.0, 0.0, 0.0, 0.0], abs=1e-12)


def test_participation_is_greatest_where_links_are_spread_evenly_over_all_groups():
    star = nx.to_numpy_array(nx.star_graph(4))
    assert participation(star, np.array([0, 0, 1, 2, 3], np.int32))[0] == pytest.approx(0.75)


def test_the_ranks_of_held_out_links_of_a_case_done_by_hand():
    """A complete bipartite graph less one link: that link alone has paths of length 3, so it ranks first."""
    graph = nx.complete_bipartite_graph(3, 3)
    weights = nx.to_numpy_array(graph)
    for seed in range(5):
        found = predict_links(weights, 0.05, np.random.default_rng(seed))
        assert (found.held_out, found.mrr, found.hits) == (1, 1.0, 1.0)
        # by degrees the two on the same side come first: 2 x 3 against 2 x 2
        assert found.baseline_mrr == pytest.approx(1 / 3)


def test_links_between_two_worlds_are_foretold_by_paths_and_not_by_degrees():
    """Blocks of equal degree: degrees say nothing, paths say in which block a link belongs."""
    rng = np.random.default_rng(3)
    block = np.repeat([0, 1], 30)
    chance = np.where(block[:, None] == block[None, :], 0.4, 0.02)
    weights = np.triu(rng.random((60, 60)) < chance, 1).astype(np.float64)
    weights += weights.T
    found = predict_links(weights, 0.2, np.random.default_rng(1))
    assert found.mrr > 1.3 * found.baseline_mrr
    assert found.hits > 1.3 * found.baseline_hits
    shuffled = predict_links(_rewired(weights, rng), 0.2, np.random.default_rng(1))
    assert shuffled.hits < found.hits - 0.1


def _rewired(weights, rng):
    """The same number of links at random places: nothing to foretell."""
    n = len(weights)
    pairs = np.array(np.triu_indices(n, 1)).T
    chosen = pairs[rng.choice(len(pairs), int(weights.sum() / 2), replace=False)]
    out = np.zeros((n, n))
    out[chosen[:, 0], chosen[:, 1]] = out[chosen[:, 1], chosen[:, 0]] = 1.0
    return out


def test_brier_of_a_case_done_by_hand():
    assert brier(np.array([0.9, 0.2, 0.5]), np.array([True, False, True])) == pytest.approx(
        (0.01 + 0.04 + 0.25) / 3
    )
    assert np.isnan(brier(np.zeros(0), np.zeros(0, np.bool_)))


def test_a_question_reaches_a_knower_as_the_hops_say():
    """A line of four nodes; node 0 knows the one fact."""
    hops = np.abs(np.subtract.outer(np.arange(4), np.arange(4))).astype(np.int32)
    knows = np.array([[True], [False], [False], [False]])
    for within, reached in ((0, 0.25), (1, 0.5), (2, 0.75), (3, 1.0)):
        found = transactive_memory(hops, knows, within)
        ball = [min(i, within) + min(3 - i, within) + 1 for i in range(4)]
        assert found.reached == reached
        assert found.expected == pytest.approx(np.mean([1 - 0.75**b for b in ball]), abs=1e-12)
        assert found.exact == pytest.approx(np.mean([b / 4 for b in ball]), abs=1e-12)


def test_a_node_without_a_path_reaches_nobody():
    hops = np.array([[0, -1], [-1, 0]], np.int32)
    assert transactive_memory(hops, np.array([[True], [False]]), 5).reached == 0.5


@pytest.mark.parametrize(("bias", "holds"), [(0.0, True), (0.05, False)])
def test_knowers_at_random_places_are_reached_as_the_closed_form_says(bias, holds):
    """Independent knowers, each node with chance p; the twin, whose p is 5 % lower than told, must fail."""
    k, facts, p = 40, 20_000, 0.1
    rng = np.random.default_rng(5)
    graph = nx.random_regular_graph(4, k, seed=5)
    hops = np.array([[nx.shortest_path_length(graph, a, b) for b in range(k)] for a in range(k)], np.int32)
    knows = rng.random((k, facts)) < p * (1 - bias)
    ball = (hops <= 1).sum(axis=1)
    expected = (1 - (1 - p) ** ball).mean()
    reached = ((hops <= 1).astype(int) @ knows.astype(int) > 0).mean(axis=0)
    z = (reached.mean() - expected) / (reached.std(ddof=1) / np.sqrt(facts))
    assert bool(abs(z) < limit(1)) == holds
    if holds:
        found = transactive_memory(hops, knows, 1)
        assert found.reached == pytest.approx(found.exact, abs=0.005)
        assert found.expected < found.exact


def test_the_facts_of_a_fleet_form_a_graph_whose_links_are_foretold_better_than_by_degrees():
    model = ss.SwarmModel("tiny", rng=4, **{"collective_memory.on": True, "fleet.cluster_agents": 5}).run(
        120.0
    )
    memory = model.collective_memory
    weights, kinds = fact_graph(memory.replicas, memory.worth_now(model.now_s))
    assert (weights == weights.T).all()
    assert weights.max() <= 1
    assert (weights[np.ix_(kinds >= 0, kinds >= 0)] == 0).all()
    assert (weights[np.ix_(kinds < 0, kinds < 0)] == 0).all()
    found = predict_links(weights, 0.1, np.random.default_rng(1))
    assert found.mrr > found.baseline_mrr


def test_who_observed_a_fact_can_be_asked_for_it():
    model = ss.SwarmModel("tiny", rng=4, **{"collective_memory.on": True}).run(60.0)
    found = transactive_memory(model.network.hops, knowers(model.collective_memory.replicas), 1)
    assert found.reached == 1.0  # a full mesh: everybody is one hop away
    alone = transactive_memory(model.network.hops, knowers(model.collective_memory.replicas), 0)
    assert alone.reached == knowers(model.collective_memory.replicas).mean()
