"""Topologies: what every member owes, then what each one is."""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest

from swarmscale.agents.topology import (
    TOPOLOGIES,
    Hypercube,
    Mesh,
    Ring,
    ScaleFree,
    SmallWorld,
    Torus,
    Tree,
)
from swarmscale.errors import ConfigError

SIZES = (1, 2, 4, 8, 16, 64)


def edges_of(topology, n, seed=5):
    return topology.edges(n, np.random.default_rng(seed))


def graph_of(topology, n, seed=5):
    graph = nx.empty_graph(n)
    graph.add_edges_from(edges_of(topology, n, seed).tolist())
    return graph


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_every_node_can_be_reached_from_every_other(name, n):
    graph = graph_of(TOPOLOGIES.make(name), n)
    assert len(graph) == n
    assert nx.is_connected(graph)


@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("name", TOPOLOGIES)
def test_links_are_listed_once_lower_node_first_in_ascending_order(name, n):
    edges = edges_of(TOPOLOGIES.make(name), n)
    pairs = [tuple(pair) for pair in edges.tolist()]
    assert edges.shape == (len(pairs), 2)
    assert edges.dtype == np.int64
    assert all(0 <= a < b < n for a, b in pairs)
    assert pairs == sorted(set(pairs))


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_the_same_generator_gives_the_same_links(name):
    topology = TOPOLOGIES.make(name)
    assert np.array_equal(edges_of(topology, 32, seed=9), edges_of(topology, 32, seed=9))


@pytest.mark.parametrize("name", ["small-world", "scale-free"])
def test_another_generator_gives_other_links(name):
    topology = TOPOLOGIES.make(name)
    assert not np.array_equal(edges_of(topology, 32, seed=9), edges_of(topology, 32, seed=10))


def test_a_mesh_has_all_pairs():
    assert edges_of(Mesh(), 7).tolist() == [list(pair) for pair in combinations(range(7), 2)]


def test_a_ring_gives_each_node_its_two_neighbors():
    assert all(set(graph_of(Ring(), 9)[k]) == {(k - 1) % 9, (k + 1) % 9} for k in range(9))


def test_a_square_torus_gives_each_node_four_neighbors():
    graph = graph_of(Torus(), 16)
    assert set(graph[0]) == {1, 3, 4, 12}
    assert {degree for _, degree in graph.degree} == {4}
    assert nx.diameter(graph) == 4


def test_a_torus_of_twelve_is_three_by_four():
    assert set(graph_of(Torus(), 12)[0]) == {1, 3, 4, 8}


@pytest.mark.parametrize("n", [1, 2, 3, 13])
def test_a_torus_with_no_rows_to_offer_is_a_ring(n):
    assert np.array_equal(edges_of(Torus(), n), edges_of(Ring(), n))


def test_a_small_world_without_rewiring_is_a_ring_lattice():
    graph = graph_of(SmallWorld(degree=4, rewire=0.0), 20)
    assert set(graph[0]) == {1, 2, 18, 19}
    assert {degree for _, degree in graph.degree} == {4}


def test_rewiring_keeps_the_number_of_links_and_shortens_the_paths():
    lattice = graph_of(SmallWorld(rewire=0.0), 200)
    small_world = graph_of(SmallWorld(rewire=0.2), 200)
    assert small_world.number_of_edges() == lattice.number_of_edges() == 400
    lengths = [nx.average_shortest_path_length(graph) for graph in (small_world, lattice)]
    assert lengths[0] < lengths[1] / 2


def test_a_small_world_that_always_falls_apart_is_refused_with_a_way_out(monkeypatch):
    monkeypatch.setattr(nx, "is_connected", lambda graph: False)  # by chance it takes years
    with pytest.raises(ConfigError, match=r"network\.topology\.degree = 2.*take a degree of 4"):
        edges_of(SmallWorld(degree=2, rewire=1.0), 20)


@pytest.mark.parametrize("settings", [{"degree": 3}, {"degree": 0}, {"rewire": -0.1}, {"rewire": 1.1}])
def test_a_small_world_checks_its_settings(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        SmallWorld(**settings)


@pytest.mark.parametrize("links", [1, 2, 5])
def test_every_node_but_the_first_brings_its_links_to_a_scale_free_mesh(links):
    graph = graph_of(ScaleFree(links=links), 100)
    assert graph.number_of_edges() == links * (100 - links)
    assert min(degree for k, degree in graph.degree if k > links) == links


def test_a_scale_free_mesh_has_hubs_that_a_random_one_of_its_size_lacks():
    grown = max(degree for _, degree in graph_of(ScaleFree(links=2), 400).degree)
    random = max(degree for _, degree in nx.gnm_random_graph(400, 796, seed=1).degree)
    assert grown > 2 * random


def test_a_scale_free_mesh_needs_a_link():
    with pytest.raises(ConfigError, match="links = 0"):
        ScaleFree(links=0)


def test_hypercube_links_differ_in_one_binary_digit():
    edges = edges_of(Hypercube(), 32)
    assert len(edges) == 32 * 5 // 2
    assert all((a ^ b).bit_count() == 1 for a, b in edges.tolist())


@pytest.mark.parametrize(("n", "below", "above"), [(3, 2, 4), (12, 8, 16), (1000, 512, 1024)])
def test_a_hypercube_refuses_other_sizes_and_names_the_nearest(n, below, above):
    with pytest.raises(ConfigError, match=rf"network\.topology = hypercube of {n} .*: {below} and {above}\)"):
        edges_of(Hypercube(), n)


def test_a_tree_hangs_node_k_from_its_parent():
    assert edges_of(Tree(branching=3), 14).tolist() == [[(k - 1) // 3, k] for k in range(1, 14)]


def test_a_tree_needs_a_branch():
    with pytest.raises(ConfigError, match="branching = 0"):
        Tree(branching=0)
