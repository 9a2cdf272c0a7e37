"""Optimized and given meshes, and the Moore bound that they are held against."""

import itertools

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.agents.topology import Given, Optimized
from swarmscale.agents.topology.moore import average_hops, distance_to_moore, moore_bound
from swarmscale.agents.topology.optimized import anneal_hops, summed_hops
from swarmscale.errors import ConfigError
from swarmscale.model.config import Config


def links_of(graph):
    return np.array(sorted(graph.edges), np.int64)


def edges_of(topology, n, seed=1):
    return topology.edges(n, np.random.default_rng(seed))


@pytest.mark.parametrize(
    ("graph", "degree"),
    [
        (nx.petersen_graph(), 3),
        (nx.hoffman_singleton_graph(), 7),
        (nx.complete_graph(9), 8),
        (nx.cycle_graph(11), 2),
    ],
)
def test_moore_graphs_meet_the_bound(graph, degree):
    n = len(graph)
    assert average_hops(links_of(graph), n) == pytest.approx(moore_bound(n, degree), rel=1e-12)
    assert distance_to_moore(links_of(graph), n) == pytest.approx(0.0, abs=1e-12)


def test_the_bound_is_known_at_the_sizes_that_are_asked_for():
    assert moore_bound(16, 3) == pytest.approx(2.2)
    assert moore_bound(16, 4) == pytest.approx(26 / 15)
    assert moore_bound(64, 8) == pytest.approx((8 + 55 * 2) / 63)
    assert moore_bound(256, 8) == pytest.approx((8 + 56 * 2 + 191 * 3) / 255)


@pytest.mark.parametrize(("n", "degree"), [(12, 3), (20, 4), (40, 6), (30, 7)])
def test_no_random_graph_is_below_the_bound(n, degree):
    for seed in range(20):
        graph = nx.random_regular_graph(degree, n, seed=seed)
        if nx.is_connected(graph):
            assert average_hops(links_of(graph), n) >= moore_bound(n, degree) - 1e-12


def test_two_nodes_of_one_link_cannot_reach_a_third():
    assert moore_bound(2, 1) == 1.0
    assert moore_bound(3, 1) == np.inf


@pytest.mark.parametrize(("nodes", "degree", "name"), [(1, 3, "nodes = 1"), (5, 0, "degree = 0")])
def test_a_bound_of_nothing_is_refused(nodes, degree, name):
    with pytest.raises(ConfigError, match=name):
        moore_bound(nodes, degree)


def test_hops_agree_with_networkx():
    for seed in range(5):
        graph = nx.connected_watts_strogatz_graph(30, 4, 0.3, seed=seed)
        hops = average_hops(links_of(graph), 30)
        assert hops == pytest.approx(nx.average_shortest_path_length(graph), rel=1e-12)


def test_hops_to_what_cannot_be_reached_have_no_end():
    assert average_hops(np.array([[0, 1], [2, 3]]), 4) == np.inf


@pytest.mark.parametrize("turn", [1, 5, 8])
@pytest.mark.parametrize("orbits", [3, 4, 70])
def test_the_kernel_counts_the_hops_that_networkx_counts(orbits, turn):
    rng = np.random.default_rng(orbits + turn)
    base = [(a, (a + 1) % orbits, int(a == 0)) for a in range(orbits)]
    base += [
        (int(rng.integers(orbits)), int(rng.integers(orbits)), int(rng.integers(turn))) for _ in range(orbits)
    ]
    base = [(a, b, shift % turn) for a, b, shift in base if a != b or shift % turn]
    graph = nx.empty_graph(orbits * turn)
    for a, b, shift in base:
        graph.add_edges_from((a * turn + r, b * turn + (r + shift) % turn) for r in range(turn))
    n = orbits * turn
    slow = sum(
        hops
        for a in range(orbits)
        for hops in nx.single_source_shortest_path_length(graph, a * turn).values()
    )
    unreached = sum(n - len(nx.node_connected_component(graph, a * turn)) for a in range(orbits))
    scratch = np.empty((2, n), np.uint64)
    fast = summed_hops(np.array(base, np.int64), orbits, turn, scratch[0], scratch[1])
    assert fast == slow + n * unreached


@pytest.mark.parametrize(("degree", "most"), [(3, 2.2), (4, 1.75)])
def test_sixteen_nodes_are_linked_as_well_as_any_known_graph(degree, most):
    links = edges_of(Optimized(degree=degree, searches=8), 16)
    assert average_hops(links, 16) <= most + 1e-12
    assert distance_to_moore(links, 16) < 0.01


def test_a_short_search_of_sixty_four_nodes_comes_within_eight_percent_and_no_random_graph_does():
    links = edges_of(Optimized(degree=8, moves=20_000, searches=3), 64)
    assert average_hops(links, 64) < 1.08 * moore_bound(64, 8)
    random = [average_hops(links_of(nx.random_regular_graph(8, 64, seed=s)), 64) for s in range(20)]
    assert min(random) > 1.1 * moore_bound(64, 8)


def test_more_moves_do_not_lengthen_paths():
    hops = [
        average_hops(edges_of(Optimized(degree=4, moves=m, searches=2), 64), 64) for m in (0, 500, 10_000)
    ]
    assert hops[0] > hops[1] > hops[2]


SHAPES = [
    (2, 4, 0),
    (3, 2, 0),
    (7, 3, 0),
    (8, 7, 0),
    (16, 2, 0),
    (36, 5, 9),
    (64, 2, 0),
    (65, 4, 0),
    (67, 3, 0),
]
"""Nodes, degree, symmetry: few, prime, odd, all linked with all."""


@pytest.mark.parametrize("moves", [0, 3, 2000])
@pytest.mark.parametrize(("n", "degree", "symmetry"), [*SHAPES, (96, 7, 12)])
def test_every_mesh_hangs_together_within_its_degree(n, degree, symmetry, moves):
    links = edges_of(Optimized(degree=degree, moves=moves, searches=1, symmetry=symmetry), n)
    graph = nx.empty_graph(n)
    graph.add_edges_from(links.tolist())
    assert nx.is_connected(graph)
    assert max(d for _, d in graph.degree) <= degree
    assert len(links) == len({tuple(link) for link in links.tolist()})


def test_the_same_is_seen_from_each_node_of_an_orbit():
    topology = Optimized(degree=6, moves=500, searches=1)
    assert topology.turn(64, 6) == 8
    links = {tuple(link) for link in edges_of(topology, 64).tolist()}
    turned = {tuple(sorted(((a + 8) % 64, (b + 8) % 64))) for a, b in links}
    assert turned == links


def test_the_number_of_moves_and_the_seed_determine_the_mesh():
    one, again, other = (
        edges_of(Optimized(degree=4, moves=1000, searches=2), 64, seed) for seed in (3, 3, 4)
    )
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_what_a_search_returns_is_what_its_mesh_has():
    base = np.array([(a, (a + 1) % 12, 0) for a in range(12)] + [(a, a + 6, 0) for a in range(6)], np.int64)
    best = anneal_hops(base, 12, 1, 5000, np.uint64(5))
    scratch = np.empty((2, 12), np.uint64)
    assert best == summed_hops(base, 12, 1, scratch[0], scratch[1])
    assert best / (12 * 11) == pytest.approx(average_hops(base[:, :2], 12))


@pytest.mark.parametrize(
    "settings", [{"degree": 1}, {"degree": 65}, {"moves": -1}, {"searches": 0}, {"symmetry": -1}]
)
def test_an_optimized_mesh_checks_its_settings(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        Optimized(**settings)


def test_given_links_are_the_mesh_whatever_their_order():
    links = ((2, 1), (0, 1), (3, 2))
    assert edges_of(Given(links=links), 4).tolist() == [[0, 1], [1, 2], [2, 3]]


@pytest.mark.parametrize(
    ("links", "says"),
    [
        (((0, 0), (0, 1)), r"\(0, 0\)"),
        (((0, -1),), r"\(0, -1\)"),
        (((0, 1, 2),), r"\(0, 1, 2\)"),
        ((5,), "holds 5"),
        (("01",), "holds '01'"),
        (((0, 1.5),), r"1\.5"),
        (((0, True),), "True"),
        (7, "holds 7"),
        (((0, 1), (1, 0)), r"\[0, 1\] twice"),
    ],
)
def test_what_is_no_list_of_links_is_refused_by_name(links, says):
    with pytest.raises(ConfigError, match=rf"^network\.topology\.links .*{says}"):
        Given(links=links)


@pytest.mark.parametrize(
    ("links", "n", "says"),
    [
        (((0, 1), (1, 4)), 4, "names node 4, but nodes are 0 to 3"),
        (((0, 1), (1, 2)), 5, "leave nodes 3 without"),
        (((0, 1), (2, 3)), 4, "leave nodes 0, 1 without"),
    ],
)
def test_links_that_do_not_join_the_nodes_are_refused(links, n, says):
    with pytest.raises(ConfigError, match=rf"^network\.topology\.links {says}"):
        edges_of(Given(links=links), n)


RING = [[0, 1], [1, 2], [2, 3], [0, 3]]


def test_given_links_come_through_the_dotted_door_and_through_toml(tmp_path):
    config = Config.load("tiny").changed(
        **{"fleet.nodes": 4, "network.topology": "given", "network.topology.links": RING}
    )
    file = tmp_path / "mesh.toml"
    file.write_text(config.toml(), encoding="utf-8")
    again = Config.load(str(file))
    assert again == config
    assert again.network.topology == Given(links=tuple(map(tuple, RING)))


def test_a_running_model_takes_given_links_and_keeps_them_in_its_checkpoint(tmp_path):
    model = ss.SwarmModel(Config.load("tiny").changed(**{"fleet.nodes": 4}), rng=3)
    model.run(seconds=2)
    model.switch({"network.topology": "given", "network.topology.links": RING})
    assert sorted(map(sorted, model.network.graph.edges)) == sorted(map(sorted, RING))
    model.save(tmp_path / "point")
    other = ss.SwarmModel.load(tmp_path / "point")
    for one in (model, other):
        one.run(seconds=2)
    assert sorted(map(sorted, other.network.graph.edges)) == sorted(map(sorted, RING))
    pd.testing.assert_frame_equal(other.records.frame(), model.records.frame())


def test_a_refused_list_of_links_leaves_the_model_as_it_was():
    model = ss.SwarmModel(Config.load("tiny").changed(**{"fleet.nodes": 4}), rng=3)
    before = sorted(model.network.graph.edges)
    with pytest.raises(ConfigError, match="without a way"):
        model.switch({"network.topology": "given", "network.topology.links": [[0, 1], [2, 3]]})
    assert sorted(model.network.graph.edges) == before
    assert before == list(itertools.combinations(range(4), 2))
