"""The mesh: latencies, shortest live paths, faults, checkpoints."""

import json
from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarmscale.agents.topology import TOPOLOGIES, Mesh, Ring, ScaleFree, SmallWorld, Torus, Tree
from swarmscale.errors import ConfigError
from swarmscale.model.flow.network import Network

ARRAYS = ("latency_s", "hops", "next_hop", "link_s", "alive")


def network_of(topology=None, nodes=16, latency_ms=(1.0, 20.0), root_seed=7):
    return Network.build(topology or SmallWorld(), nodes, latency_ms, root_seed)


def live_part(network):
    graph = nx.Graph()
    graph.add_nodes_from(network.graph)
    up = dict(network.graph.nodes(data="up"))
    graph.add_edges_from(
        (a, b, e) for a, b, e in network.graph.edges(data=True) if e["up"] and up[a] and up[b]
    )
    return graph


def assert_arrays_follow_the_graph(network):
    """Every array, entry by entry, against networkx on the live part of the graph."""
    graph, count = live_part(network), network.nodes
    totals = dict(nx.all_pairs_dijkstra_path_length(graph, weight="latency_s"))
    for a in range(count):
        assert network.alive[a] == network.graph.nodes[a]["up"]
        for b in range(count):
            link = graph.edges[a, b]["latency_s"] if graph.has_edge(a, b) else np.inf
            assert network.link_s[a, b] == link
            assert network.latency_s[a, b] == pytest.approx(totals[a].get(b, np.inf), rel=1e-12, abs=0)
            way = network.path(a, b)
            if b not in totals[a]:
                assert (network.hops[a, b], network.next_hop[a, b], way) == (-1, -1, [])
                continue
            assert (way[0], way[-1], len(way) - 1) == (a, b, network.hops[a, b])
            assert way == [a] if a == b else way[1] == network.next_hop[a, b]
            spent = 0.0
            for there, here in pairwise(reversed(way)):
                spent += graph.edges[here, there]["latency_s"]
            assert spent == network.latency_s[a, b]


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_arrays_follow_the_graph_on_every_topology(name):
    assert_arrays_follow_the_graph(network_of(TOPOLOGIES.make(name)))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 12), st.data())
def test_arrays_follow_the_graph_through_any_faults(seed, nodes, data):
    network = network_of(ScaleFree(), nodes, root_seed=seed)
    links = sorted(network.graph.edges)
    for a, b in data.draw(st.lists(st.sampled_from(links), max_size=6)):
        network.cut_link(a, b)
    for k in data.draw(st.lists(st.integers(0, nodes - 1), max_size=3)):
        network.fail_node(k)
    a, b = data.draw(st.sampled_from(links))
    network.set_latency(a, b, data.draw(st.sampled_from([0.0, 3.0, 500.0])))
    network.refresh()
    assert_arrays_follow_the_graph(network)


@pytest.mark.parametrize("name", TOPOLOGIES)
def test_no_detour_is_shorter_than_the_shortest_path(name):
    latency = network_of(TOPOLOGIES.make(name)).latency_s
    detour = (latency[:, :, None] + latency[None, :, :]).min(axis=1)
    assert (latency <= detour * (1 + 1e-12)).all()


def test_latency_grows_with_distance_from_low_to_high():
    network = network_of(Mesh(), nodes=40, latency_ms=(2.0, 30.0))
    place = network.graph.nodes
    for a, b, link in network.graph.edges(data=True):
        distance = np.hypot(place[a]["x"] - place[b]["x"], place[a]["y"] - place[b]["y"])
        assert link["latency_s"] == pytest.approx(0.002 + 0.028 * distance / np.sqrt(2))
        assert 0.002 <= link["latency_s"] <= 0.030
    assert all(0 <= v[axis] <= 1 for _, v in place(data=True) for axis in "xy")


def test_the_root_seed_alone_determines_a_network():
    one, same, other = (network_of(root_seed=s) for s in (3, 3, 4))
    assert one.state() == same.state()
    assert one.state() != other.state()


def test_places_do_not_depend_on_the_topology():
    ring, scale_free = (network_of(topology) for topology in (Ring(), ScaleFree()))
    assert dict(ring.graph.nodes(data=True)) == dict(scale_free.graph.nodes(data=True))


def test_one_node_alone_reaches_itself():
    network = network_of(Mesh(), nodes=1)
    assert (network.latency_s.tolist(), network.hops.tolist(), network.path(0, 0)) == ([[0.0]], [[0]], [0])


def test_equal_ways_are_decided_by_hops_and_then_by_the_lowest_node():
    graph = nx.Graph()
    graph.add_nodes_from(range(6), x=0.0, y=0.0, up=True)
    # 0 to 5: over 4 or over 3 in two hops, over 1 and 2 in three, all of the same latency
    for a, b, seconds in [(0, 1, 1), (1, 2, 1), (2, 5, 2), (0, 4, 2), (4, 5, 2), (0, 3, 3), (3, 5, 1)]:
        graph.add_edge(a, b, latency_s=float(seconds), up=True)
    network = Network(graph)
    assert network.path(0, 5) == [0, 3, 5]
    assert network.path(5, 0) == [5, 3, 0]
    assert network.hops[0, 5] == 2


def test_the_lowest_node_wins_also_where_the_search_meets_it_second():
    graph = nx.Graph()
    graph.add_nodes_from(range(6), x=0.0, y=0.0, up=True)
    graph.add_edges_from([(0, 1), (0, 2), (1, 4), (2, 3), (4, 5), (3, 5)], latency_s=1.0, up=True)
    assert Network(graph).path(5, 0) == [5, 3, 2, 0]


def test_links_without_latency_are_links():
    network = network_of(Torus(), latency_ms=(0.0, 0.0))
    assert (network.latency_s == 0).all()
    assert np.array_equal(network.hops, nx.floyd_warshall_numpy(network.graph, weight=None))
    assert_arrays_follow_the_graph(network)


def test_a_cut_link_sends_traffic_the_other_way_around():
    network = network_of(Ring(), nodes=5, latency_ms=(1.0, 1.0))
    assert network.path(0, 1) == [0, 1]
    network.cut_link(1, 0)
    assert network.path(0, 1) == [0, 1]  # not yet
    assert network.refresh()
    assert network.path(0, 1) == [0, 4, 3, 2, 1]
    assert network.latency_s[0, 1] == pytest.approx(0.004)
    assert network.link_s[0, 1] == network.link_s[1, 0] == np.inf


def test_arrays_are_rebuilt_once_for_any_number_of_changes():
    network = network_of()
    assert network.version == 1
    assert not network.refresh()
    network.fail_node(2)
    network.fail_node(5)
    network.cut_link(*next(iter(network.graph.edges)))
    assert network.refresh()
    assert not network.refresh()
    assert network.version == 2


def test_what_changes_nothing_rebuilds_nothing():
    network = network_of()
    a, b, link = next(iter(network.graph.edges(data=True)))
    network.restore_link(a, b)
    network.restore_node(a)
    network.set_latency(a, b, 7.0)
    network.refresh()
    network.set_latency(a, b, 7.0)
    assert link["latency_s"] == 0.007
    assert not network.refresh()


def test_what_is_restored_is_as_it_was():
    network, before = network_of(), network_of()
    a, b = next(iter(network.graph.edges))
    network.cut_link(a, b)
    network.fail_node(3)
    network.refresh()
    network.restore_node(3)
    network.restore_link(b, a)
    network.refresh()
    assert all(np.array_equal(getattr(network, name), getattr(before, name)) for name in ARRAYS)


def test_a_link_that_was_cut_stays_cut_when_its_node_comes_back():
    network = network_of(Ring(), nodes=4)
    network.cut_link(0, 1)
    network.fail_node(0)
    network.restore_node(0)
    network.refresh()
    assert network.link_s[0, 1] == np.inf
    assert network.link_s[0, 3] < np.inf


def test_a_failed_node_is_infinitely_far_and_nothing_passes_through_it():
    network = network_of(Tree(), nodes=7)
    network.fail_node(0)
    network.refresh()
    assert network.alive.tolist() == [False] + [True] * 6
    assert np.isinf(network.latency_s[0, 1:]).all()
    assert np.isinf(network.latency_s[1:, 0]).all()
    assert network.latency_s[0, 0] == 0
    assert (network.hops[[1, 3, 4]][:, [2, 5, 6]] == -1).all()
    assert network.path(3, 4) == [3, 1, 4]
    assert network.path(1, 2) == []


@pytest.mark.parametrize("call", ["cut_link", "restore_link"])
def test_an_unknown_link_is_refused_with_the_links_that_there_are(call):
    with pytest.raises(ConfigError, match=r"no link joins nodes 0 and 2; node 0 has links to: 1, 4"):
        getattr(network_of(Ring(), nodes=5), call)(0, 2)


@pytest.mark.parametrize("call", ["fail_node", "restore_node"])
@pytest.mark.parametrize("node", [-1, 5])
def test_an_unknown_node_is_refused(call, node):
    with pytest.raises(ConfigError, match=rf"node = {node}, but it must be from 0 to 4"):
        getattr(network_of(Ring(), nodes=5), call)(node)


@pytest.mark.parametrize(("a", "b", "ms"), [(0, 9, 1), (0, 2, 1), (0, 1, -1), (0, 1, np.inf), (0, 1, np.nan)])
def test_a_latency_is_refused_for_no_link_or_out_of_its_range(a, b, ms):
    network = network_of(Ring(), nodes=5)
    with pytest.raises(ConfigError):
        network.set_latency(a, b, ms)
    assert not network.refresh()


def test_a_path_from_an_unknown_node_is_refused():
    with pytest.raises(ConfigError, match="node = -1"):
        network_of().path(-1, 0)


@pytest.mark.parametrize("latency_ms", [(-1.0, 1.0), (2.0, 1.0), (0.0, np.inf)])
def test_latencies_that_break_their_rule_are_refused(latency_ms):
    with pytest.raises(ConfigError, match=r"network\.latency_ms"):
        network_of(latency_ms=latency_ms)


def test_a_network_comes_back_from_json_bit_for_bit():
    network = network_of(ScaleFree())
    a, b = sorted(network.graph.edges)[3]
    network.set_latency(a, b, 100 / 3)
    network.fail_node(9)
    network.cut_link(*sorted(network.graph.edges)[5])
    network.refresh()
    again = Network.restored(json.loads(json.dumps(network.state())))
    assert again.state() == network.state()
    assert (again.version, again.refresh()) == (2, False)
    assert all(np.array_equal(getattr(again, name), getattr(network, name)) for name in ARRAYS)


def test_a_change_that_waits_for_its_refresh_still_waits_after_a_checkpoint():
    network = network_of()
    network.fail_node(1)
    again = Network.restored(json.loads(json.dumps(network.state())))
    assert network.refresh()
    assert again.refresh()
    assert again.version == network.version
    assert all(np.array_equal(getattr(again, name), getattr(network, name)) for name in ARRAYS)
