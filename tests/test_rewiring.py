"""Rewiring for a demand: against exhaustive search, networkx, and what it promises; how near few hops come."""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from swarmscale.agents.topology import Optimized
from swarmscale.agents.topology.moore import distance_to_moore
from swarmscale.agents.topology.rewiring import demand_latency, rewire
from swarmscale.errors import ConfigError


def plane(nodes, seed):
    """Latencies and demand of nodes in the unit square: 1 ms and 9 ms more a side, loads lognormal."""
    rng = np.random.default_rng(seed)
    places = rng.random((nodes, 2))
    latency_s = (1 + 9 * np.linalg.norm(places[:, None] - places[None], axis=2)) / 1000
    np.fill_diagonal(latency_s, 0.0)
    load = rng.lognormal(0, 0.8, nodes)
    weights = np.outer(load, load)
    np.fill_diagonal(weights, 0.0)
    return latency_s, weights


def least(latency_s, weights):
    """What the complete graph takes: no mesh is faster."""
    return float((latency_s * weights).sum() / weights.sum())


def graph_of(links, nodes):
    graph = nx.empty_graph(nodes)
    graph.add_edges_from(links.tolist())
    return graph


def slow_latency(latency_s, weights, links):
    graph = graph_of(links, len(latency_s))
    for a, b in graph.edges:
        graph.edges[a, b]["s"] = latency_s[a, b]
    paths = dict(nx.all_pairs_dijkstra_path_length(graph, weight="s"))
    total = sum(weights[a, b] * s for a, row in paths.items() for b, s in row.items())
    return total / weights.sum()


@pytest.mark.parametrize("seed", range(5))
def test_the_latency_of_a_demand_is_that_of_networkx(seed):
    latency_s, weights = plane(12, seed)
    weights *= np.random.default_rng(seed).random((12, 12))  # not the same both ways
    links = np.array(sorted(nx.connected_watts_strogatz_graph(12, 4, 0.5, seed=seed).edges), np.int64)
    assert demand_latency(latency_s, weights, links) == pytest.approx(slow_latency(latency_s, weights, links))


def test_the_complete_graph_takes_least():
    latency_s, weights = plane(9, 1)
    links = np.array(list(combinations(range(9), 2)), np.int64)
    assert demand_latency(latency_s, weights, links) == pytest.approx(least(latency_s, weights), rel=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_a_short_search_comes_within_26_percent_of_the_complete_graph(seed):
    latency_s, weights = plane(16, seed)
    links = rewire(latency_s, weights, 4, np.random.default_rng(seed))
    assert len(links) == 32
    assert demand_latency(latency_s, weights, links) <= 1.26 * least(latency_s, weights)


def test_a_mesh_that_knows_nothing_of_the_demand_does_not():
    ratios = []
    for seed in range(6):
        latency_s, weights = plane(16, seed)
        links = np.array(sorted(nx.random_regular_graph(4, 16, seed=seed).edges), np.int64)
        ratios.append(demand_latency(latency_s, weights, links) / least(latency_s, weights))
    assert min(ratios) > 1.26


@pytest.mark.parametrize("seed", range(4))
def test_the_search_finds_the_best_of_all_small_meshes(seed):
    latency_s, weights = plane(6, seed)
    pairs = list(combinations(range(6), 2))
    best = np.inf
    for chosen in combinations(pairs, 6):
        graph = nx.Graph(chosen)
        if len(graph) == 6 and nx.is_connected(graph) and all(d == 2 for _, d in graph.degree):
            best = min(best, demand_latency(latency_s, weights, np.array(chosen, np.int64)))
    found = demand_latency(
        latency_s, weights, rewire(latency_s, weights, 2, np.random.default_rng(seed), 5000)
    )
    assert found == pytest.approx(best, rel=1e-9)


@pytest.mark.parametrize(
    ("nodes", "degree"), [(3, 2), (4, 3), (5, 4), (7, 3), (9, 5), (16, 4), (16, 15), (25, 6)]
)
def test_the_degree_is_kept_and_all_nodes_hang_together(nodes, degree):
    latency_s, weights = plane(nodes, 2)
    links = rewire(latency_s, weights, degree, np.random.default_rng(2), 2000)
    graph = graph_of(links, nodes)
    degrees = sorted(d for _, d in graph.degree)
    assert nx.is_connected(graph)
    assert degrees[-1] == degree
    assert sum(degrees) == nodes * degree - (nodes * degree) % 2
    assert links.tolist() == sorted(links.tolist())
    assert all(a < b for a, b in links.tolist())


@pytest.mark.parametrize("seed", range(5))
def test_nodes_to_which_nothing_is_sent_are_not_cut_off(seed):
    latency_s, _ = plane(12, seed)
    weights = np.zeros((12, 12))
    weights[0, 1] = weights[2, 3] = weights[3, 0] = 1.0
    links = rewire(latency_s, weights, 3, np.random.default_rng(seed), 3000)
    assert nx.is_connected(graph_of(links, 12))
    assert demand_latency(latency_s, weights, links) == pytest.approx(least(latency_s, weights))


def test_where_nothing_is_sent_there_is_still_a_mesh_and_no_latency():
    latency_s, weights = plane(8, 0)
    links = rewire(latency_s, 0 * weights, 3, np.random.default_rng(0))
    assert nx.is_connected(graph_of(links, 8))
    assert demand_latency(latency_s, 0 * weights, links) == 0.0


def test_moves_and_seed_determine_the_links():
    latency_s, weights = plane(16, 3)
    one, again, other = (rewire(latency_s, weights, 4, np.random.default_rng(s), 300) for s in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@pytest.mark.parametrize("degree", [1, 8])
def test_a_degree_that_cannot_be_is_refused(degree):
    latency_s, weights = plane(8, 0)
    with pytest.raises(ConfigError, match=rf"degree = {degree}, but it must be from 2 to 7"):
        rewire(latency_s, weights, degree, np.random.default_rng(0))


@pytest.mark.parametrize(("nodes", "moves", "searches"), [(64, 40_000, 6), (256, 10_000, 1)])
@pytest.mark.parametrize("seed", [1, 2])
def test_a_reduced_search_for_few_hops_comes_within_six_percent_of_the_moore_bound(
    nodes, moves, searches, seed
):
    links = Optimized(degree=8, moves=moves, searches=searches).edges(nodes, np.random.default_rng(seed))
    assert 0.0 <= distance_to_moore(links, nodes) <= 0.06
    start = Optimized(degree=8, moves=0, searches=1).edges(nodes, np.random.default_rng(seed))
    assert distance_to_moore(start, nodes) > 0.1
