"""``swarmscale topology``: losses against a slow twin, measures against closed forms, and what the command writes."""

import json
import math
from itertools import combinations, pairwise

import networkx as nx
import numpy as np
import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.agents.topology import TOPOLOGIES, Mesh, Ring, ScaleFree, Torus, Tree
from swarmscale.batch.topology_compare import compare_topologies
from swarmscale.batch.topology_failures import bernstein, failures
from swarmscale.batch.topology_measures import MEASURES, algebraic_connectivity, loads, measured
from swarmscale.cli import main
from swarmscale.errors import ConfigError
from swarmscale.model.config import Config
from swarmscale.model.flow.network import Network
from swarmscale.model.optimization.strategies.network import possible_latency_s
from swarmscale.viz.figures import topologies
from swarmscale.viz.topology_report import topology_html
from swarmscale.viz.topology_tables import HEADS, topology_sheets


def network_of(topology, nodes, seed=4):
    return Network.build(topology, nodes, (1.0, 20.0), seed)


def ends_of(network):
    return np.array(sorted((min(a, b), max(a, b)) for a, b in network.graph.edges), np.int64)


def demand(nodes, seed=1):
    weights = np.random.default_rng(seed).random((nodes, nodes))
    np.fill_diagonal(weights, 0.0)
    return weights / weights.sum()


def even(nodes):
    return (np.ones((nodes, nodes)) - np.eye(nodes)) / (nodes * (nodes - 1))


def slow_loss(network, weights, dead=(), cut=()):
    """Share connected and latency by networkx."""
    graph = nx.Graph(network.graph)
    graph.remove_edges_from([ends_of(network)[c] for c in cut])
    graph.remove_nodes_from(dead)
    paths = dict(nx.all_pairs_dijkstra_path_length(graph, weight="latency_s"))
    asked = joined = time = 0.0
    for a in graph:
        for b in graph:
            if a != b:
                asked += weights[a, b]
                if b in paths[a]:
                    joined += weights[a, b]
                    time += weights[a, b] * paths[a][b]
    return joined / asked, time / joined if joined else math.nan


@pytest.mark.parametrize(
    "topology", [Mesh(), Ring(), Tree(), ScaleFree(), Torus()], ids=lambda t: type(t).__name__
)
def test_losses_are_those_that_networkx_finds(topology):
    network, weights = network_of(topology, 9), demand(9)
    ends = ends_of(network)
    for found in failures(network.link_s, weights, ends, 2, 10_000, 0):
        number = 9 if found.kind == "nodes" else len(ends)
        sets = list(combinations(range(number), found.gone))
        slow = [
            slow_loss(network, weights, **{"dead" if found.kind == "nodes" else "cut": gone}) for gone in sets
        ]
        share, latency = np.array(slow).T
        assert found.exact
        assert found.cases == len(sets)
        assert found.share == pytest.approx(share.mean(), rel=1e-12)
        assert found.worst_share == pytest.approx(share.min(), rel=1e-12)
        assert found.latency_s == pytest.approx(np.nanmean(latency), rel=1e-9)


def test_rows_that_a_loss_does_not_touch_are_kept_and_the_others_searched_anew():
    """In a full mesh of 40 nodes a lost link changes two rows, so that the quick way is taken."""
    network, weights = network_of(Mesh(), 40), demand(40)
    some = ends_of(network)[::78]
    slow = []
    for a, b in some:
        graph = nx.Graph(network.graph)
        graph.remove_edge(a, b)
        paths = dict(nx.all_pairs_dijkstra_path_length(graph, weight="latency_s"))
        slow.append(sum(weights[a, b] * s for a, row in paths.items() for b, s in row.items()))
    nodes, links = failures(network.link_s, weights, some, 1, 2, 0)
    assert links.latency_s == pytest.approx(np.mean(slow), rel=1e-12)
    assert links.latency_s > float((network.latency_s * weights).sum())
    assert nodes.cases == 40


def test_a_ring_outlives_one_loss_and_two_leave_arcs():
    """Two links gone of a ring of n cut it into arcs of i and n - i: joined is i (i - 1) + (n - i)(n - i - 1)."""
    n = 10
    network = network_of(Ring(), n)
    found = {(f.kind, f.gone): f for f in failures(network.link_s, even(n), ends_of(network), 2, 1000, 0)}
    arcs = [i * (i - 1) + (n - i) * (n - i - 1) for i in (b - a for a, b in combinations(range(n), 2))]
    assert found["nodes", 1].share == found["links", 1].share == 1.0
    assert found["links", 2].share == pytest.approx(np.mean(arcs) / (n * (n - 1)))


def test_a_ring_of_eight_keeps_all_demand_but_for_the_second_link_that_is_cut():
    network = network_of(Ring(), 8)
    one, two = failures(network.link_s, demand(8), ends_of(network), 2, 1000, 0)[2:]
    assert (one.kind, one.cases, one.exact, one.worst_share) == ("links", 8, True, 1.0)
    assert (two.kind, two.cases, two.exact) == ("links", 28, True)
    assert two.worst_share < two.share < 1.0


def test_a_tree_loses_what_hangs_from_the_link_that_is_gone():
    n = 7
    network = network_of(Tree(), n)
    one = failures(network.link_s, even(n), ends_of(network), 1, 1000, 0)[1]
    below = [3, 3, 1, 1, 1, 1]
    joined = [k * (k - 1) + (n - k) * (n - k - 1) for k in below]
    assert one.share == pytest.approx(np.mean(joined) / (n * (n - 1)))
    assert one.worst_share == pytest.approx(min(joined) / (n * (n - 1)))


def test_more_losses_than_there_are_nodes_or_links_are_left_out():
    network = network_of(Ring(), 4)
    found = [(f.kind, f.gone) for f in failures(network.link_s, even(4), ends_of(network), 6, 100, 0)]
    assert found == [("nodes", 1), ("nodes", 2), ("links", 1), ("links", 2), ("links", 3), ("links", 4)]


def test_where_nothing_is_sent_among_those_left_nothing_is_said():
    network, weights = network_of(Ring(), 4), np.zeros((4, 4))
    weights[0, 2] = 1.0
    one = failures(network.link_s, weights, ends_of(network), 1, 100, 0)[0]
    assert one.share == one.worst_share == 1.0  # of the cases in which 0 and 2 are left
    pair = failures(network.link_s, 0 * weights, ends_of(network), 1, 100, 0)[0]
    assert math.isnan(pair.share)
    assert math.isnan(pair.latency_s)


def covered(bias):
    """Share of 200 samples of 60 sets whose intervals hold the truth, which a biased law moves."""
    network, weights = network_of(ScaleFree(links=1), 12), demand(12)
    ends = ends_of(network)
    truth = failures(network.link_s, weights, ends, 2, 1000, 0)
    out = []
    for seed in range(200):
        drawn = failures(network.link_s, weights, ends, 2, 40, seed)
        for t, d in zip(truth, drawn, strict=True):
            if not d.exact:
                assert d.cases == 40
                out.append(
                    (
                        d.share_low <= t.share <= d.share_high,
                        d.latency_low_s <= t.latency_s * bias <= d.latency_high_s,
                    )
                )
    return np.mean(out, axis=0)


def test_samples_of_losses_hold_the_truth_in_their_intervals_and_a_biased_one_does_not():
    share, latency = covered(1.0)
    assert share >= 0.95  # the bound holds for any law
    assert latency >= 0.95 - 4 * math.sqrt(0.95 * 0.05 / 400)
    assert covered(1.05)[1] < 0.95 - 4 * math.sqrt(0.95 * 0.05 / 400)


def off(bias):
    """By how many standard errors the mean share of 200 samples is off the truth, which a biased law moves."""
    network, weights = network_of(ScaleFree(links=1), 12), demand(12)
    ends = ends_of(network)
    truth = failures(network.link_s, weights, ends, 2, 1000, 0)[1].share * bias
    drawn = np.array([failures(network.link_s, weights, ends, 2, 40, seed)[1].share for seed in range(200)])
    return (drawn.mean() - truth) / (drawn.std(ddof=1) / math.sqrt(200))


def test_samples_of_losses_are_right_in_the_mean_and_a_biased_one_is_not():
    assert abs(off(1.0)) < 4
    assert abs(off(0.95)) > 4
    assert abs(off(1.05)) > 4


def test_the_bound_of_bernstein_is_wide_where_all_draws_are_alike():
    low, high = bernstein(np.ones(1000))
    assert high == 1.0
    assert low == pytest.approx(1 - 7 * math.log(80) / (3 * 999))
    assert bernstein(np.ones(1)) == (0.0, 1.0)


@pytest.mark.parametrize("topology", [Ring(), Torus(), Tree(), ScaleFree()], ids=lambda t: type(t).__name__)
def test_loads_are_those_of_walking_every_path(topology):
    network, weights = network_of(topology, 12), demand(12)
    slow = np.zeros((12, 12))
    for a in range(12):
        for b in range(12):
            way = network.path(a, b)
            for x, y in pairwise(way):
                slow[x, y] += weights[a, b]
    found = loads(network, weights)
    assert np.allclose(found, slow + slow.T, rtol=1e-12)
    assert found[np.triu_indices(12, 1)].sum() == pytest.approx((network.hops * weights).sum())


@pytest.mark.parametrize(("branching", "below"), [(6, 1), (2, 3)], ids=["star", "tree"])
def test_the_busiest_link_of_a_tree_carries_what_passes_between_its_sides(branching, below):
    """Below a link hang m of n nodes, so 2 m (n - m) of the n (n - 1) ordered pairs pass over it."""
    network = network_of(Tree(branching=branching), 7)
    assert loads(network, even(7)).max() == pytest.approx(2 * below * (7 - below) / 42)


@pytest.mark.parametrize(
    ("graph", "truth"),
    [
        (nx.complete_graph(7), 7.0),
        (nx.cycle_graph(9), 2 - 2 * math.cos(2 * math.pi / 9)),
        (nx.path_graph(6), 2 - 2 * math.cos(math.pi / 6)),
        (nx.star_graph(5), 1.0),
        (nx.petersen_graph(), 2.0),
    ],
)
def test_connectivity_is_the_closed_form(graph, truth):
    links = np.array(list(graph.edges), np.int64)
    assert algebraic_connectivity(links, len(graph)) == pytest.approx(truth, abs=1e-9)


def test_a_full_mesh_has_the_measures_of_one():
    config = Config.load("tiny").changed({"fleet.nodes": 8})
    model = ss.SwarmModel(config.changed({"network.topology": "mesh"}), rng=4)
    mesh = measured("mesh", "", model.network, even(8), possible_latency_s(model), ())
    v = mesh.values
    assert (v["links"], v["degree"], v["path"]) == (28, 7, 1.0)
    assert v["hops"] == pytest.approx(1.0)
    assert v["over_complete"] == pytest.approx(1.0)
    assert v["above_moore"] == pytest.approx(0.0)
    assert v["jain"] == pytest.approx(1.0)
    assert v["busiest"] == pytest.approx(1 / 28)
    assert v["connectivity"] == pytest.approx(8.0)
    low, high = config.network.latency_ms
    assert v["link_latency_s"] * 1000 == pytest.approx(28 * low + (high - low) * v["length"] / math.sqrt(2))


@pytest.fixture(scope="module")
def done():
    config = Config.load("tiny").changed({"fleet.nodes": 8})
    return compare_topologies(config, 7, degree=3, samples=50, most=2)


def test_all_topologies_that_can_be_are_compared_and_the_rest_say_why(done):
    names = [mesh.name for mesh in done.meshes]
    assert names[-1] == "rewired"
    assert {*names, *done.left_out} == {*TOPOLOGIES, "rewired"}
    assert list(done.left_out) == ["given"]
    twelve = compare_topologies(done.config.changed({"fleet.nodes": 12}), 7, degree=3, samples=2, most=0)
    assert "power of two" in twelve.left_out["hypercube"]
    assert "hypercube" not in [mesh.name for mesh in twelve.meshes]


def test_the_rewired_mesh_is_the_fastest_of_its_degree_and_no_mesh_undercuts_the_full_one(done):
    values = {mesh.name: mesh.values for mesh in done.meshes}
    assert values["rewired"]["degree"] == values["optimized"]["degree"] == values["hypercube"]["degree"] == 3
    assert values["rewired"]["latency_s"] < min(
        values[n]["latency_s"] for n in ("optimized", "hypercube", "ring", "tree")
    )
    assert all(v["over_complete"] >= 1 - 1e-12 for v in values.values())
    assert all(v["above_moore"] >= -1e-12 for v in values.values())


def test_a_mesh_compared_is_the_mesh_of_a_model_with_that_topology(done):
    model = ss.SwarmModel(done.config.changed({"network.topology": "small-world"}), rng=7)
    mine = next(mesh for mesh in done.meshes if mesh.name == "small-world")
    assert mine.ends.tolist() == ends_of(model.network).tolist()
    places = [[model.network.graph.nodes[k][axis] for axis in "xy"] for k in range(8)]
    assert np.array_equal(done.places, places)


def test_the_demand_is_that_of_the_config():
    """Entry shares fall as 1 / k^2, and what is not kept at home goes to all nodes alike: each has two clusters."""
    config = Config.load("tiny").changed({"demand.entry_skew": 2.0, "demand.locality": 0.2})
    found = compare_topologies(config, 7, degree=2, samples=2, most=0)
    low, high = config.network.latency_ms
    length = np.linalg.norm(found.places[:, None] - found.places[None], axis=2)
    link_ms = low + (high - low) * length / math.sqrt(2)
    enters = 1.0 / np.arange(1, 5) ** 2
    weights = np.outer(enters / enters.sum(), np.full(4, 0.25)) * (1 - np.eye(4))
    assert found.crosses == pytest.approx(0.8 * weights.sum(), rel=1e-6)
    full = next(mesh for mesh in found.meshes if mesh.name == "mesh")
    assert 1000 * full.values["latency_s"] == pytest.approx(
        (weights * link_ms).sum() / weights.sum(), rel=1e-6
    )


def test_a_topology_given_in_the_config_is_compared_with_its_links():
    star = [[0, k] for k in range(1, 6)]
    changes = {"fleet.nodes": 6, "network.topology": "given", "network.topology.links": star}
    found = compare_topologies(Config.load("tiny").changed(changes), 7, degree=3, samples=2, most=0)
    given = next(mesh for mesh in found.meshes if mesh.name == "given")
    assert given.ends.tolist() == star
    assert "given" not in found.left_out
    with pytest.raises(ConfigError, match=r"fleet\.nodes"):
        compare_topologies(Config.load("tiny").changed({"fleet.nodes": 300}), 7)


def test_the_same_seed_gives_the_same_page_and_another_one_other_places(done):
    again = compare_topologies(done.config, 7, degree=3, samples=50, most=2)
    assert topology_html(again) == topology_html(done)
    other = compare_topologies(done.config, 8, degree=3, samples=2, most=0)
    assert not np.array_equal(other.places, done.places)


@pytest.mark.parametrize(
    ("changes", "more", "says"),
    [
        ({"fleet.nodes": 2}, {}, "fleet.nodes = 2"),
        ({"fleet.nodes": 8, "demand.locality": 1.0}, {}, "nothing crosses the mesh"),
        ({"fleet.nodes": 8}, {"degree": 8}, "--degree = 8"),
        ({"fleet.nodes": 8}, {"degree": 1}, "--degree = 1"),
        ({"fleet.nodes": 8}, {"samples": 1}, "--samples = 1"),
        ({"fleet.nodes": 8}, {"most": 9}, "--failures = 9"),
    ],
)
def test_what_cannot_be_compared_is_refused(changes, more, says):
    with pytest.raises(ConfigError, match=says):
        compare_topologies(Config.load("tiny").changed(changes), 7, **more)


def test_tables_have_a_row_a_mesh_and_a_head_for_each_measure(done):
    assert set(HEADS) == set(MEASURES) == set(done.meshes[0].values)
    for sheet in topology_sheets(done):
        assert [row[0] for row in sheet.rows] == [mesh.name for mesh in done.meshes]
        assert all(len(row) == len(sheet.head) for row in sheet.rows)


def test_figures_are_valid_and_show_every_mesh(done):
    drawn = topologies.meshes(done.meshes, done.places)
    scatter = topologies.latency_over_links(done.meshes)
    for figure in (
        drawn,
        scatter,
        topologies.losses(done.meshes, "nodes"),
        topologies.losses(done.meshes, "links"),
    ):
        type(figure)(figure.to_plotly_json())  # Plotly checks every entry
    assert len(drawn.layout.annotations) == len(done.meshes)
    assert list(scatter.data[1].text) == [mesh.name for mesh in done.meshes]
    strokes = [trace for trace in drawn.data if trace.mode == "lines"]
    assert sum(int(np.isnan(trace.x).sum()) for trace in strokes) == sum(
        len(mesh.ends) for mesh in done.meshes
    )
    assert topologies.losses([], "nodes") is None


def test_the_command_prints_writes_and_agrees_with_itself(tmp_path, capsys):
    words = [
        "topology",
        "tiny",
        "--set",
        "fleet.nodes=8",
        "--degree",
        "3",
        "--samples",
        "40",
        "--failures",
        "2",
    ]
    assert main([*words, "--out", str(tmp_path)]) == 0
    shown = capsys.readouterr().out
    assert "rewired" in shown
    assert "left out: given" in shown
    told = json.loads((tmp_path / "topology.json").read_text(encoding="utf-8"))
    meshes, lost = (pd.read_csv(tmp_path / f"{name}.csv") for name in ("topologies", "failures"))
    assert list(meshes["topology"]) == [row["topology"] for row in told["topologies"]] == list(told["links"])
    assert len(lost) == 4 * len(meshes)
    assert [len(told["links"][name]) for name in meshes["topology"]] == list(meshes["links"])
    page = (tmp_path / "topology.html").read_text(encoding="utf-8")
    assert 'src="http' not in page
    assert all(f'id="figure-{key}"' in page for key in ("meshes", "latency", "lost-nodes", "lost-links"))
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nosuch"], "nosuch"),
        (["tiny", "--degree", "99"], "--degree = 99"),
        (["tiny", "--rng", "word"], "word"),
        (["tiny", "--set", "network.topology=star"], "star"),
        (["tiny", "--out", "/dev/null/x"], "--out"),
        (["tiny", "--degree", "x"], "degree"),
    ],
)
def test_bad_words_end_in_one_line_and_code_two(words, says, capsys):
    assert main(["topology", *words]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert says in told.err
    assert len(told.err.strip().splitlines()) == 1
