"""Personality: 76 traits with the covariance that was asked for, and weak paths from them to what agents do."""

import math
from importlib import resources

import numpy as np
import pytest
from scipy.special import logit, ndtri
from scipy.stats import norm

from swarmscale.agents.cognition import FUNCTIONS, profiles
from swarmscale.agents.people import PROFILED, People, Population
from swarmscale.agents.personality import (
    MEDIANS,
    SCORES,
    SPREAD,
    TYPE_TRAITS,
    score_directions,
    type_odds,
)
from swarmscale.agents.traits import (
    GROUPS,
    TRAITS,
    TWINS,
    correlations,
    direction,
    nearest_correlation,
    shipped_correlations,
)
from swarmscale.errors import ConfigError
from swarmscale.model.intelligence.settings import Paths
from swarmscale.rng import normal32, unit32

EQUAL = (1.0,) * 6
UNEQUAL = (40.0, 3.0, 0.0, 0.0, 1.0, 1.0)
UPPER = np.triu_indices(len(TRAITS), 1)
CUT = Paths(**dict.fromkeys(("type", *SCORES), 0.0))


def crowd(n, shares=EQUAL, seed=1, first=1):
    """Ids and types of n agents, the types drawn by their shares."""
    p = np.array(shares) / np.sum(shares)
    return np.arange(first, first + n), np.random.default_rng(seed).choice(6, n, p=p).astype(np.uint8)


def sidak(tests, level=1e-4):
    """The |z| that the largest of so many independent ones exceeds with a chance of ``level``."""
    return float(norm.isf((1 - (1 - level) ** (1 / tests)) / 2))


def largest_z(left, right):
    """Largest |z| of the correlations of all columns of one table with all of another, if there is none."""
    a = (left - left.mean(axis=0)) / left.std(axis=0)
    b = (right - right.mean(axis=0)) / right.std(axis=0)
    return float(np.abs(a.T @ b).max() / math.sqrt(len(a)))


def figures(people: People):
    """`[N, 25]` all that an agent is beside its traits: types, skills, parameters."""
    kinds = people.kind[:, None] == np.arange(6)
    return np.column_stack([kinds, people.skill, *people[3:]]).astype(np.float64)


# -- the matrix ----------------------------------------------------------------------------------------------


def test_there_are_76_traits_and_each_name_stands_once():
    assert len(TRAITS) == len(set(TRAITS)) == 76
    assert [len(names) for names in GROUPS.values()] == [6, 6, 6, 6, 6, 9, 27, 10]


def test_the_matrix_is_a_correlation_matrix_that_can_be_sampled():
    matrix = correlations()
    assert (np.diag(matrix) == 1).all()
    assert np.linalg.eigvalsh(matrix)[0] > 5e-5
    inflation = np.diag(np.linalg.inv(matrix))
    assert np.isfinite(inflation).all()
    assert (inflation >= 1).all()


def test_twins_correlate_at_least_point_six_and_the_repair_moves_nothing_else():
    shipped, matrix = shipped_correlations(), correlations()
    at = [(TRAITS.index(a), TRAITS.index(b)) for a, b in TWINS]
    assert [round(float(shipped[i, j]), 2) for i, j in at] == [0.77, 0.74, 0.67, 0.65, 0.57, 0.35, 0.27]
    assert all(matrix[i, j] >= 0.6 for i, j in at)
    moved = np.abs(matrix - shipped)
    for i, j in at:
        moved[i, j] = moved[j, i] = 0
    assert moved.max() < 0.001


def test_the_repair_finds_the_nearest_correlation_matrix_of_a_worked_example():
    """Higham 2002, section 4: the 3 x 3 matrix whose nearest correlation matrix has .7607 and .1573."""
    given = np.array([[1.0, 1, 0], [1, 1, 1], [0, 1, 1]])
    found = nearest_correlation(given, floor=0.0)
    assert found[0, 1] == pytest.approx(0.7607, abs=1e-4)
    assert found[0, 2] == pytest.approx(0.1573, abs=1e-4)


def test_a_changed_file_is_refused(monkeypatch, tmp_path):
    (tmp_path / "data").mkdir()
    text = resources.files("swarmscale.agents").joinpath("data/trait_correlations.csv").read_text("utf-8")
    for spoilt in (
        text.replace("anxiety", "angst"),
        text.replace("anxiety,neuroticism,1", "anxiety,neuroticism,2"),
    ):
        (tmp_path / "data" / "trait_correlations.csv").write_text(spoilt, encoding="utf-8")
        monkeypatch.setattr("swarmscale.agents.traits.resources.files", lambda package: tmp_path)
        with pytest.raises(ConfigError, match=r"trait_correlations\.csv"):
            shipped_correlations()


# -- the traits ----------------------------------------------------------------------------------------------


def test_a_normal_from_a_word_is_that_of_the_exact_inverse():
    edge = np.arange(2000, dtype=np.uint64)
    words = np.concatenate([edge, 2**32 - 1 - edge, np.random.default_rng(0).integers(0, 2**32, 2000)])
    found = np.array([normal32(word) for word in words.astype(np.uint64)])
    exact = ndtri([unit32(word) for word in words.astype(np.uint64)])
    assert found == pytest.approx(exact, rel=2e-6, abs=1e-9)


@pytest.mark.parametrize("shares", [EQUAL, UNEQUAL], ids=["equal types", "types of unequal shares"])
def test_50_000_agents_have_the_traits_correlations_that_were_asked_for(shares):
    traits = Population.build(3, Paths(), shares).traits(*crowd(50_000, shares)).astype(np.float64)
    found, wanted = np.cov(traits.T), correlations()

    def rms(matrix):
        return float(np.sqrt(((found - matrix)[UPPER] ** 2).mean()))

    assert rms(wanted) < 0.006
    assert rms(1.05 * wanted) > 0.006  # a planted bias of 5 %
    assert np.abs(traits.mean(axis=0)).max() * math.sqrt(50_000) < sidak(76)
    assert np.abs(found[np.diag_indices(76)] - 1).max() * math.sqrt(50_000 / 2) < sidak(76)


def test_five_factors_stand_above_those_of_noise_in_a_sample_as_large_as_the_source():
    n = 337
    traits = Population.build(4, Paths(), EQUAL).traits(*crowd(n))
    found = np.linalg.eigvalsh(np.corrcoef(traits.T))[::-1]
    draws = np.random.default_rng(1).standard_normal((100, n, 76))
    null = np.quantile([np.linalg.eigvalsh(np.corrcoef(d.T))[::-1] for d in draws], 0.95, axis=0)
    assert int((found > null).argmin()) == 5


# -- types ---------------------------------------------------------------------------------------------------


def type_z(population: Population, odds_of: Population, n=200_000):
    """Largest |z| of (is of the type - its chance given the traits) x each type's score, over 6 types x 7."""
    uid, kind = crowd(n, population.shares)
    traits = population.traits(uid, kind).astype(np.float64)
    excess = (kind[:, None] == np.arange(6)) - type_odds(traits, odds_of.means, odds_of.shares)
    scores = np.stack([direction(weights) for weights in TYPE_TRAITS.values()])
    tools = np.column_stack([np.ones(n), traits @ scores.T])
    product = excess[:, :, None] * tools[:, None, :]
    spread = product.std(axis=0)
    return float((np.abs(product.mean(axis=0)) / np.where(spread > 0, spread, 1)).max() * math.sqrt(n))


@pytest.mark.parametrize("shares", [EQUAL, (4.0, 3.0, 0.0, 0.0, 3.0, 0.0)], ids=["equal", "three of six"])
def test_the_type_given_the_traits_is_as_likely_as_the_softmax_says(shares):
    population = Population.build(5, Paths(type=0.8), shares)
    biased = Population.build(5, Paths(type=0.84), shares)
    assert type_z(population, population) < sidak(42)
    assert type_z(population, biased) > sidak(42)


def test_the_softmax_is_linear_in_the_traits_and_a_type_without_share_has_no_chance():
    population = Population.build(5, Paths(), UNEQUAL)
    grid = np.linspace(-2, 2, 5)[:, None] * np.random.default_rng(0).standard_normal(76)
    odds = population.type_odds(grid)
    assert odds.sum(axis=1) == pytest.approx(np.ones(5))
    assert (odds[:, 2:4] == 0).all()
    bends = np.diff(np.log(odds[:, [1, 4, 5]] / odds[:, :1]), 2, axis=0)
    assert bends == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("shares", [EQUAL, UNEQUAL, (1.0, 0, 0, 0, 0, 0), (1.0, 1.0, 0, 0, 0, 0)])
@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_every_path_weight_and_every_mix_of_types_leaves_traits_to_vary_within_a_type(shares, weight):
    population = Population.build(1, Paths(type=weight), shares)
    assert np.isfinite(population.traits(*crowd(10, shares))).all()


# -- what traits do ------------------------------------------------------------------------------------------


def test_without_paths_nothing_depends_on_traits_and_a_weak_path_is_seen():
    uid, kind = crowd(50_000)
    bound = sidak(76 * 25)
    cut = Population.build(6, CUT, EQUAL)
    assert largest_z(cut.traits(uid, kind), figures(cut.people(uid, kind))) < bound
    for name in ("type", "skill", "listening"):
        linked = Population.build(6, CUT.model_copy(update={name: 0.1}), EQUAL)
        assert largest_z(linked.traits(uid, kind), figures(linked.people(uid, kind))) > bound, name


def test_general_skill_and_each_parameter_correlate_with_their_traits_as_the_paths_say():
    n, paths = 400_000, Paths()
    population = Population.build(7, paths, EQUAL)
    uid, kind = crowd(n)
    score = population.traits(uid, kind).astype(np.float64) @ score_directions()
    people = population.people(uid, kind)
    own = [population.general_skill(uid, kind), *(logit(p.astype(np.float64)) for p in people[3:])]
    for i, name in enumerate(SCORES):
        wanted, found = getattr(paths, name), np.corrcoef(score[:, i], own[i])[0, 1]
        error = (1 - wanted**2) / math.sqrt(n)
        assert abs(found - wanted) < 4 * error, name
        assert abs(found - 1.05 * wanted) > 4 * error, name  # a planted bias of 5 %


def test_cutting_one_path_moves_its_own_figure_alone():
    uid, kind = crowd(500)
    before = Population.build(8, Paths(), EQUAL).people(uid, kind)
    after = Population.build(8, Paths(risk=0.0), EQUAL).people(uid, kind)
    same = {name: bool((getattr(before, name) == getattr(after, name)).all()) for name in People._fields}
    assert [name for name, kept in same.items() if not kept] == ["risk"]


def test_parameters_have_the_medians_and_the_spread_that_are_documented():
    n = 100_000
    people = Population.build(9, Paths(), EQUAL).people(*crowd(n))
    for name, median in MEDIANS.items():
        odds = logit(getattr(people, name).astype(np.float64))
        assert abs(np.median(odds) - math.log(median / (1 - median))) < 4 * 1.2533 * SPREAD / math.sqrt(n), (
            name
        )
        assert abs(odds.std() / SPREAD - 1) < 4 / math.sqrt(2 * n), name


def test_latent_skills_are_about_standard_and_a_profile_lifts_its_functions():
    n, bound = 400_000, sidak(12)
    uid, kind = crowd(n)
    skill = Population.build(10, CUT, EQUAL).people(uid, kind).skill.astype(np.float64)
    assert np.abs(skill.mean(axis=0)).max() < 0.02
    assert ((skill.std(axis=0) > 1) & (skill.std(axis=0) < 1.06)).all()
    assert 0.4 < np.linalg.eigvalsh(np.corrcoef(skill.T))[-1] / len(FUNCTIONS) < 0.5
    for f in range(len(FUNCTIONS)):
        inside = profiles()[kind, f]
        lift = skill[inside, f].mean() - skill[~inside, f].mean()
        error = math.sqrt(1 / inside.sum() + 1 / (~inside).sum())
        assert abs(lift - PROFILED) < bound * error, FUNCTIONS[f]
        assert abs(lift - 1.05 * PROFILED) > bound * error, FUNCTIONS[f]  # a planted bias of 5 %


# -- who asks, and how ---------------------------------------------------------------------------------------


def test_an_agent_is_the_same_in_whatever_order_number_or_block_it_is_asked_for():
    population = Population.build(11, Paths(), EQUAL)
    uid, kind = crowd(3000, first=2**40)
    people, traits = population.people(uid, kind), population.traits(uid, kind)
    pick = np.random.default_rng(1).permutation(3000)[:777]
    for one, other in zip(population.people(uid[pick], kind[pick]), people, strict=True):
        assert np.array_equal(one, other[pick])
    assert np.array_equal(population.traits(uid[pick], kind[pick]), traits[pick])
    blocks = list(population.in_blocks(uid, kind, 1000))
    assert [len(block.uid) for block, _ in blocks] == [1000, 1000, 1000]
    assert np.array_equal(np.concatenate([block.skill for block, _ in blocks]), people.skill)
    assert np.array_equal(np.concatenate([block for _, block in blocks]), traits)


def test_another_seed_gives_other_agents_and_neighbors_in_id_are_strangers():
    uid, kind = np.arange(1, 20_001), np.zeros(20_000, np.uint8)
    one, other = (Population.build(seed, CUT, EQUAL).people(uid, kind).skill for seed in (1, 2))
    bound = sidak(12 * 12)
    assert largest_z(one, other) < bound
    assert largest_z(one[1:], one[:-1]) < bound
    assert largest_z(one, one) > bound


@pytest.mark.parametrize(
    ("uid", "kind", "text"),
    [([0], [1], "uid = 0"), ([1], [6], "kind = 6"), ([1, 2], [1], "shapes of uid and kind")],
)
def test_rows_that_hold_no_agent_are_refused(uid, kind, text):
    with pytest.raises(ConfigError, match=text):
        Population.build(1, Paths(), EQUAL).people(np.array(uid), np.array(kind, np.uint8))


@pytest.mark.parametrize(
    ("paths", "shares", "text"),
    [
        (Paths.model_construct(**dict(Paths()) | {"risk": 1.2}), EQUAL, "intelligence.paths.risk = 1.2"),
        (Paths.model_construct(**dict(Paths()) | {"type": -0.1}), EQUAL, "intelligence.paths.type = -0.1"),
        (Paths(), (1.0, 1.0), "fleet.type_shares"),
        (Paths(), (0.0,) * 6, "fleet.type_shares"),
    ],
)
def test_weights_out_of_range_and_shares_that_are_none_are_refused(paths, shares, text):
    with pytest.raises(ConfigError, match=text):
        Population.build(1, paths, shares)
