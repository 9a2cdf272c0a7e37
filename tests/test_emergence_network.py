"""Networks of transfer entropies and their modules: false edges by kind of series, planted modules, rewiring."""

from __future__ import annotations

import random

import igraph
import networkx as nx
import numpy as np
import pytest
from scipy import stats

from swarmscale.errors import ConfigError
from swarmscale.model.emergence.estimators.gaussian import transfer_entropy
from swarmscale.model.emergence.estimators.modularity import _rewired, modularity_z, undirected
from swarmscale.model.emergence.estimators.multiple import benjamini_hochberg
from swarmscale.model.emergence.estimators.network import te_network

SAMPLES, PARTS = 300, 200


def memory(rng, a):
    out = rng.standard_normal((SAMPLES + 200, PARTS))
    for t in range(1, len(out)):
        out[t] += a * out[t - 1]
    return out[200:]


def oscillators(rng):
    """AR(2) with a period of 20 samples that lasts long."""
    r, turn = 0.97, 2 * np.pi / 20
    out = rng.standard_normal((SAMPLES + 300, PARTS))
    for t in range(2, len(out)):
        out[t] += 2 * r * np.cos(turn) * out[t - 1] - r**2 * out[t - 2]
    return out[300:]


KINDS = {
    "white": lambda rng: rng.standard_normal((SAMPLES, PARTS)),
    "memory .9": lambda rng: memory(rng, 0.9),
    "memory .99": lambda rng: memory(rng, 0.99),
    "random walk": lambda rng: rng.standard_normal((SAMPLES, PARTS)).cumsum(axis=0),
    "heavy tails": lambda rng: rng.standard_t(2, (SAMPLES, PARTS)),
    "oscillators": oscillators,
}


def plain(series):
    """Chances by the plain recipe: transfer entropy at lag 1, chi-squared."""
    p = stats.chi2.sf(2 * (len(series) - 1) * transfer_entropy(series), 1)
    np.fill_diagonal(p, np.nan)
    return p


def rates(kind):
    """Per-pair rate at 5 % and false edges, of our recipe and of the plain one, in three systems."""
    rows = []
    for k in range(3):
        x = KINDS[kind](np.random.default_rng([len(kind), k]))
        ours, theirs = te_network(x), plain(x)
        rows.append(
            (
                np.nanmean(ours.p <= 0.05) * PARTS / (PARTS - 1),
                ours.edge.sum(),
                np.nanmean(theirs <= 0.05) * PARTS / (PARTS - 1),
                benjamini_hochberg(theirs, 0.05).sum(),
            )
        )
    return np.mean(rows, axis=0)


@pytest.mark.parametrize("kind", KINDS)
def test_our_recipe_finds_no_more_pairs_than_it_should_in_any_kind_of_independent_series(kind):
    rate, edges, _, _ = rates(kind)
    assert 0.046 <= rate <= 0.055
    assert edges <= 6  # of 39,800


def test_a_transfer_entropy_five_percent_too_large_would_be_seen():
    found = [te_network(KINDS["memory .9"](np.random.default_rng([1, k]))) for k in range(3)]
    rate = np.mean([np.mean((2 * 295 - 5) * 1.05 * one.te > stats.chi2.isf(0.05, 1)) for one in found])
    assert rate > 0.055


@pytest.mark.parametrize(
    ("kind", "least"), [("oscillators", 0.3), ("random walk", 0.12), ("memory .99", 0.1)]
)
def test_the_plain_recipe_is_far_off_where_series_have_long_memories(kind, least):
    _, _, rate, edges = rates(kind)
    assert rate > least
    assert edges > 3


def test_the_plain_recipe_is_far_off_where_tails_are_heavy():
    assert rates("heavy tails")[3] > 100


def test_sparse_influences_are_found_with_few_false_ones():
    rng = np.random.default_rng(2)
    links = np.zeros((PARTS, PARTS))
    for target in range(PARTS):
        links[rng.choice(PARTS, 3, replace=False), target] = rng.choice([-0.3, 0.3], 3)
    np.fill_diagonal(links, 0.3)
    x = rng.standard_normal((SAMPLES + 100, PARTS))
    for t in range(1, len(x)):
        x[t] += x[t - 1] @ links
    true = links != 0
    np.fill_diagonal(true, False)
    found = te_network(x[100:]).edge
    assert (found & true).sum() / true.sum() > 0.4
    assert (found & ~true).sum() / found.sum() < 0.2


def test_who_drives_whom_is_told_by_the_direction():
    rng = np.random.default_rng(3)
    x = rng.standard_normal((400, 3))
    x[1:, 2] += x[:-1, 0]
    found = te_network(x)
    assert found.edge[0, 2]
    assert found.edge.sum() == 1
    assert found.pairs == 6
    assert found.te[0, 2] == pytest.approx(0.5 * np.log(2), abs=0.1)
    assert np.isnan(np.diag(found.p)).all()
    assert not np.diag(found.te).any()


def test_one_series_and_too_few_samples_are_refused_and_a_constant_one_drives_nobody():
    x = np.random.default_rng(4).standard_normal((100, 2))
    with pytest.raises(ConfigError, match="number of series = 1"):
        te_network(x[:, :1])
    with pytest.raises(ConfigError, match="14 are needed"):
        te_network(x[:10])
    flat = te_network(np.column_stack([x, np.ones(100)]))
    assert not flat.te[2].any()
    assert flat.p[2, 0] == flat.p[0, 2] == 1.0


# Modules


def planted(rng, inside, outside, modules=10, size=50):
    module = np.repeat(np.arange(modules), size)
    chance = np.where(module[:, None] == module, inside, outside)
    return np.triu(rng.random(chance.shape) < chance, 1)


def erdos(rng, degree, nodes=500):
    return np.triu(rng.random((nodes, nodes)) < degree / (nodes - 1), 1)


@pytest.mark.parametrize(("degree", "known"), [(4, 0.531), (8, 0.345)])
def test_random_networks_are_modular_though_nothing_made_them_so(degree, known):
    found = [modularity_z(erdos(rng, degree), rng=rng) for rng in map(np.random.default_rng, range(12))]
    assert np.mean([one.q for one in found]) == pytest.approx(known, abs=0.02)
    assert abs(1.05 * np.mean([one.q for one in found]) - known) > 0.02
    assert min(one.q for one in found) > 0.3  # the rule of thumb would call each of them modular


def test_deviations_of_random_networks_follow_students_law_for_nineteen_rewirings():
    found = [modularity_z(erdos(rng, 5, 200), rng=rng).z for rng in map(np.random.default_rng, range(60))]
    scaled = np.array(found) / np.sqrt(1 + 1 / 19)
    assert stats.kstest(scaled, stats.t(18).cdf).pvalue > 1e-4
    assert stats.kstest(scaled + 1, stats.t(18).cdf).pvalue < 1e-4


def test_planted_modules_stand_nine_deviations_out_and_faint_ones_do_not():
    clear = [
        modularity_z(planted(rng, 0.08, 0.0100), rng=rng) for rng in map(np.random.default_rng, range(6))
    ]
    assert 9 < np.mean([one.z for one in clear]) < 15
    assert all(one.p == 1 / 20 for one in clear)
    faint = [
        modularity_z(planted(rng, 0.05, 0.0133), rng=rng) for rng in map(np.random.default_rng, range(6))
    ]
    assert np.mean([one.z for one in faint]) < 3
    module = np.repeat(np.arange(10), 50)
    together = clear[0].membership[:, None] == clear[0].membership
    assert np.mean(together[module[:, None] == module]) > 5 * np.mean(together[module[:, None] != module])


def test_modularity_is_newmans_formula_on_the_partition_found():
    edge = planted(np.random.default_rng(5), 0.3, 0.02, 4, 15)
    found = modularity_z(edge, rng=np.random.default_rng(6))
    graph = nx.from_numpy_array(edge | edge.T)
    parts = [np.nonzero(found.membership == m)[0].tolist() for m in np.unique(found.membership)]
    assert found.q == pytest.approx(nx.community.modularity(graph, parts), abs=1e-12)


def test_rewiring_keeps_degrees_and_makes_neither_loops_nor_double_edges():
    rng = np.random.default_rng(7)
    pairs, nodes = undirected(erdos(rng, 6, 100))
    chosen = rng.integers(0, len(pairs), (10 * len(pairs), 2))
    made = _rewired(pairs, nodes, chosen, rng.random(len(chosen)) < 0.5)
    np.testing.assert_array_equal(
        np.bincount(made.ravel(), minlength=nodes), np.bincount(pairs.ravel(), minlength=nodes)
    )
    assert (made[:, 0] != made[:, 1]).all()
    ordered = np.sort(made, axis=1)
    assert len(np.unique(ordered, axis=0)) == len(pairs)
    shared = len({tuple(p) for p in ordered.tolist()} & {tuple(p) for p in pairs.tolist()})
    assert shared < 0.2 * len(pairs)


def test_rewired_networks_are_alike_whatever_they_come_from():
    """Every simple graph with degrees 2, 2, 2, 1, 1 comes up equally often."""
    start = np.array([[0, 1], [1, 2], [2, 3], [0, 4]])
    rng = np.random.default_rng(8)
    seen: dict[tuple[tuple[int, int], ...], int] = {}
    for _ in range(3000):
        made = _rewired(start, 5, rng.integers(0, 4, (60, 2)), rng.random(60) < 0.5)
        key = tuple(sorted(map(tuple, np.sort(made, axis=1).tolist())))
        seen[key] = seen.get(key, 0) + 1
    assert len(seen) == 7
    assert stats.chisquare(list(seen.values())).pvalue > 1e-4
    biased = np.array(list(seen.values())) * np.where(np.arange(7) == 0, 1.5, 1.0)
    assert stats.chisquare(biased, np.full(7, biased.sum() / 7)).pvalue < 1e-4


def test_the_same_generator_gives_the_same_modules_and_igraph_is_left_as_it_was():
    edge = erdos(np.random.default_rng(9), 5, 120)
    one = modularity_z(edge, rng=np.random.default_rng(10))
    random.seed(3)
    before = random.getstate()
    other = modularity_z(edge | edge.T, rng=np.random.default_rng(10))
    assert random.getstate() == before
    assert one.q == other.q
    np.testing.assert_array_equal(one.null, other.null)
    np.testing.assert_array_equal(one.membership, other.membership)
    random.seed(4)
    first = igraph.Graph.Erdos_Renyi(30, m=40).get_edgelist()
    random.seed(4)
    assert igraph.Graph.Erdos_Renyi(30, m=40).get_edgelist() == first


def test_pairs_and_tables_of_edges_mean_the_same_and_misfits_are_refused():
    edge = erdos(np.random.default_rng(11), 5, 60)
    pairs = np.argwhere(edge)[:, ::-1]
    one = modularity_z(edge, rng=np.random.default_rng(12))
    assert modularity_z(pairs, nodes=60, rng=np.random.default_rng(12)).q == one.q
    rng = np.random.default_rng(13)
    with pytest.raises(ConfigError, match="number of edges = 0"):
        modularity_z(np.zeros((5, 5), bool), rng=rng)
    with pytest.raises(ConfigError, match="below 3"):
        modularity_z(np.array([[0, 4]]), nodes=3, rng=rng)
    star = np.array([[0, 1], [0, 2], [0, 3]])
    stiff = modularity_z(star, rng=rng)
    assert np.isnan(stiff.z)
    assert stiff.p == 1.0
