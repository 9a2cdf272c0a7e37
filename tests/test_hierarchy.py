"""The hierarchy: who is under whom, as arrays and as a graph."""

import mesa
import networkx as nx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from swarmscale.agents.hierarchy import Hierarchy, add_workers
from swarmscale.agents.nodes import Cluster, CognitiveNode, CoordinationNode
from swarmscale.errors import ConfigError

shapes = st.tuples(st.integers(1, 300), st.integers(1, 40), st.integers(1, 12))


@given(shapes)
def test_each_node_has_its_contiguous_share_of_the_clusters(shape):
    q, k, _ = shape
    hierarchy = Hierarchy.build(*shape)
    expected = [node for node in range(k) for _ in range(q * node // k, q * (node + 1) // k)]
    assert hierarchy.node_of_cluster.tolist() == expected


@given(shapes)
def test_zones_are_as_few_as_their_size_allows_and_lie_within_one_node(shape):
    hierarchy = Hierarchy.build(*shape)
    sizes = np.bincount(hierarchy.zone_of_cluster, minlength=hierarchy.zones)
    assert sizes.min() >= 1
    assert sizes.max() <= shape[2]
    assert np.array_equal(hierarchy.node_of_zone[hierarchy.zone_of_cluster], hierarchy.node_of_cluster)
    held = np.bincount(hierarchy.node_of_cluster, minlength=shape[1])
    assert hierarchy.zones == sum(-(-int(h) // shape[2]) for h in held)


def test_parents_are_kept_as_32_bit_integers_also_after_growth():
    hierarchy = Hierarchy.build(10, 3, 2)
    hierarchy.add_cluster(1)
    arrays = (hierarchy.zone_of_cluster, hierarchy.node_of_zone, hierarchy.node_of_cluster)
    assert {a.dtype for a in arrays} == {np.dtype(np.int32)}


@pytest.mark.parametrize("shape", [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_a_hierarchy_without_clusters_nodes_or_zone_size_is_refused(shape):
    with pytest.raises(ConfigError, match="= 0, but it must be 1 or more"):
        Hierarchy.build(*shape)


def test_a_new_cluster_joins_the_zone_with_room():
    hierarchy = Hierarchy.build(clusters=6, nodes=2, zone_clusters=2)
    assert hierarchy.zone_of_cluster.tolist() == [0, 1, 1, 2, 3, 3]
    assert hierarchy.add_cluster(1) == 6
    assert hierarchy.zone_of_cluster[6] == 2
    assert hierarchy.node_of_cluster[6] == 1
    assert hierarchy.zones == 4


def test_a_new_cluster_opens_a_zone_of_its_node_if_the_others_are_full():
    hierarchy = Hierarchy.build(clusters=4, nodes=2, zone_clusters=2)
    assert hierarchy.add_cluster(0) == 4
    assert hierarchy.zone_of_cluster[4] == 2
    assert hierarchy.node_of_zone.tolist() == [0, 1, 0]


@given(shapes, st.lists(st.integers(0, 39), max_size=30))
def test_growth_keeps_zones_within_size_and_node(shape, nodes):
    hierarchy = Hierarchy.build(*shape)
    for node in nodes:
        hierarchy.add_cluster(node % shape[1])
    assert hierarchy.clusters == shape[0] + len(nodes)
    assert np.bincount(hierarchy.zone_of_cluster).max() <= shape[2]
    assert np.array_equal(hierarchy.node_of_zone[hierarchy.zone_of_cluster], hierarchy.node_of_cluster)


@pytest.mark.parametrize("node", [-1, 2])
def test_a_cluster_for_an_unknown_node_is_refused(node):
    with pytest.raises(ConfigError, match=rf"node = {node}, but it must be from 0 to 1"):
        Hierarchy.build(4, 2, 2).add_cluster(node)


@given(shapes)
def test_sums_roll_up_level_by_level_to_the_same_totals(shape):
    hierarchy = Hierarchy.build(*shape)
    hierarchy.add_cluster(0)
    values = np.random.default_rng(3).integers(-50, 50, hierarchy.clusters)
    by_zone, by_node = hierarchy.zone_sums(values), hierarchy.node_sums(values)
    assert by_zone.tolist() == [values[hierarchy.zone_of_cluster == z].sum() for z in range(hierarchy.zones)]
    assert by_node.tolist() == [by_zone[hierarchy.node_of_zone == k].sum() for k in range(hierarchy.nodes)]


def test_sums_of_whole_numbers_are_exact_where_floats_would_round():
    values = np.array([2**53, 1, 1], np.int64)
    assert Hierarchy.build(3, 1, 8).node_sums(values).tolist() == [2**53 + 2]


def test_sums_of_floats_stay_floats_and_an_empty_node_has_none():
    sums = Hierarchy.build(clusters=1, nodes=2, zone_clusters=8).node_sums(np.array([0.5]))
    assert sums.tolist() == [0.0, 0.5]


@given(shapes)
def test_listings_name_the_children_of_each_parent(shape):
    hierarchy = Hierarchy.build(*shape)
    hierarchy.add_cluster(0)
    for (offsets, members), parents in (
        (hierarchy.clusters_of_node(), hierarchy.node_of_cluster),
        (hierarchy.clusters_of_zone(), hierarchy.zone_of_cluster),
        (hierarchy.zones_of_node(), hierarchy.node_of_zone),
    ):
        assert offsets.dtype == members.dtype == np.int32
        assert offsets[-1] == len(members) == len(parents)
        for p in range(len(offsets) - 1):
            assert members[offsets[p] : offsets[p + 1]].tolist() == np.flatnonzero(parents == p).tolist()


def test_the_graph_is_a_tree_from_the_orchestrator_down_to_the_clusters():
    hierarchy = Hierarchy.build(clusters=20, nodes=3, zone_clusters=4)
    graph = hierarchy.graph()
    assert nx.is_arborescence(graph)
    levels = dict(graph.nodes(data="level"))
    assert levels[("orchestrator",)] == 0
    assert all(levels[child] == levels[parent] + 1 for parent, child in graph.edges)
    assert np.bincount(list(levels.values())).tolist() == [1, 3, hierarchy.zones, 20]
    for q in range(20):
        (zone,) = graph.predecessors(("cluster", q))
        (node,) = graph.predecessors(zone)
        assert zone == ("zone", hierarchy.zone_of_cluster[q])
        assert node == ("node", hierarchy.node_of_cluster[q])


def test_attributes_of_the_graph_are_plain_values_of_the_arrays():
    hierarchy = Hierarchy.build(clusters=5, nodes=2, zone_clusters=2)
    load = np.linspace(0, 1, 5)
    graph = hierarchy.graph(
        orchestrator={"name": "fleet"},
        nodes={"alive": np.array([True, False])},
        zones={"size": np.array([2, 1, 2])},
        clusters={"load": load, "size": np.arange(5)},
    )
    assert graph.nodes[("orchestrator",)] == {"level": 0, "name": "fleet"}
    assert graph.nodes[("node", 1)] == {"level": 1, "alive": False}
    assert [graph.nodes[("zone", z)]["size"] for z in range(3)] == [2, 1, 2]
    assert [graph.nodes[("cluster", q)]["load"] for q in range(5)] == load.tolist()
    assert type(graph.nodes[("cluster", 3)]["size"]) is int


def test_an_attribute_of_the_wrong_length_is_refused():
    with pytest.raises(ConfigError, match="cluster attribute 'load' has 3 values for 5 vertices"):
        Hierarchy.build(5, 2, 2).graph(clusters={"load": np.zeros(3)})


def test_fifty_thousand_workers_in_the_graph_agree_with_their_arrays():
    hierarchy = Hierarchy.build(clusters=500, nodes=16, zone_clusters=8)
    graph = hierarchy.graph()
    above = len(graph)
    rng = np.random.default_rng(11)
    cluster = rng.integers(0, 500, 50_000).astype(np.int32)
    ids = 7_000_000 + rng.permutation(50_000)
    speed, busy = rng.random(50_000), rng.random(50_000) < 0.5
    add_workers(graph, cluster, ids, {"speed": speed, "busy": busy})

    assert len(graph) == above + 50_000
    workers = [("worker", i) for i in ids.tolist()]
    vertices = graph.nodes
    assert [vertices[w]["speed"] for w in workers] == speed.tolist()
    assert [vertices[w]["busy"] for w in workers] == busy.tolist()
    assert {vertices[w]["level"] for w in workers} == {4}
    parents = [next(graph.predecessors(w)) for w in workers]
    assert parents == [("cluster", q) for q in cluster.tolist()]
    assert [graph.out_degree(("cluster", q)) for q in range(500)] == np.bincount(cluster).tolist()
    assert nx.is_arborescence(graph)


def test_workers_of_an_unknown_cluster_are_refused():
    graph = Hierarchy.build(5, 2, 2).graph()
    with pytest.raises(ConfigError, match="cluster_of_worker = -1"):
        add_workers(graph, np.array([0, -1]), np.array([1, 2]))
    assert graph.number_of_nodes() == 1 + 2 + 3 + 5


class Structure:
    """Answers that tell the question and the number apart."""

    def cluster_size(self, q):
        return 100 + q

    def cluster_waiting(self, q):
        return 200 + q

    def cluster_busy(self, q):
        return 300 + q

    def node_of_cluster(self, q):
        return 400 + q

    def zone_of_cluster(self, q):
        return 500 + q

    def clusters_of(self, node):
        return [node, node + 1]

    def node_alive(self, node):
        return node == 1


@pytest.fixture
def model():
    model = mesa.Model(rng=1)
    model.structure = Structure()
    return model


def test_a_cluster_agent_reads_its_row_of_the_model(model):
    cluster = Cluster(model, 7)
    seen = (cluster.size, cluster.waiting, cluster.in_service, cluster.node, cluster.zone)
    assert seen == (107, 207, 307, 407, 507)


def test_a_coordination_node_reads_its_clusters_and_whether_it_is_up(model):
    nodes = list(CoordinationNode.create_agents(model, 2, [0, 1]))
    assert [node.clusters for node in nodes] == [[0, 1], [1, 2]]
    assert [node.alive for node in nodes] == [False, True]


def test_structural_agents_are_filed_by_type_in_the_model(model):
    Cluster(model, 0)
    assert CognitiveNode(model, "memory").function == "memory"
    CoordinationNode(model, 0)
    assert set(model.agents_by_type) == {Cluster, CognitiveNode, CoordinationNode}
