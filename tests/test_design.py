"""Designs: every combination once, one point a stratum, reproducible, and wrong factors refused in one line."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from swarmscale import ConfigError, UnknownChoiceError
from swarmscale.batch.design import DESIGNS, Morris, Saltelli, settings_of, unit_points
from swarmscale.batch.factors import Listed, Ranged
from swarmscale.batch.plan import Plan

RANGES = {
    "a": {"low": 1, "high": 10, "log": True},
    "b": ["x", "y", "z"],
    "c": {"low": 1, "high": 3, "whole": True},
}
POINTS = [name for name in DESIGNS if name != "grid"]


def plan(over, **design):
    kind = design.pop("kind", "grid")
    return Plan.load({"base": "tiny", "design": {"kind": kind, "over": over, **design}})


@given(st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True), min_size=1, max_size=4))
def test_a_grid_has_each_combination_once(values):
    over = {f"x{i}": some for i, some in enumerate(values)}
    found = [tuple(one.values()) for one in settings_of({"kind": "grid", "over": over})]
    assert found == list(product(*values))


@settings(deadline=None)
@given(st.integers(1, 40), st.integers(1, 5), st.integers(0, 1000))
def test_a_latin_hypercube_has_one_point_in_each_stratum_of_each_factor(samples, count, seed):
    points = DESIGNS.make("latin-hypercube", samples=samples, seed=seed).points(count)
    strata = np.sort(np.floor(points * samples), axis=0)
    assert np.array_equal(strata, np.tile(np.arange(samples)[:, None], count))


@settings(deadline=None)
@given(st.integers(0, 6), st.integers(0, 1000))
def test_sobol_points_are_one_a_stratum_of_each_factor_too(power, seed):
    points = DESIGNS.make("sobol", samples=2**power, seed=seed).points(3)
    strata = np.sort(np.floor(points * 2**power), axis=0)
    assert np.array_equal(strata, np.tile(np.arange(2**power)[:, None], 3))


@pytest.mark.parametrize("kind", POINTS)
def test_a_design_is_a_function_of_its_fields_and_seed_alone(kind):
    design = {"kind": kind, "samples": 8, "over": RANGES}
    once = settings_of(design)
    np.random.default_rng().random()
    np.random.seed(3)  # noqa: NPY002  # the old global state, which a sampler might draw from
    assert settings_of(design) == once
    assert settings_of(design | {"seed": 2}) != once


@pytest.mark.parametrize("kind", POINTS)
def test_values_lie_in_their_ranges(kind):
    for one in settings_of({"kind": kind, "samples": 16, "over": RANGES}):
        assert 1 <= one["a"] <= 10
        assert one["b"] in {"x", "y", "z"}
        assert one["c"] in {1, 2, 3}
        assert type(one["c"]) is int


@pytest.mark.parametrize("kind", POINTS)
def test_the_points_behind_a_design_give_its_settings(kind):
    design = {"kind": kind, "samples": 8, "over": RANGES}
    points = unit_points(design)
    assert Ranged(key="a", low=1, high=10, log=True).at(points[:, 0]) == [
        one["a"] for one in settings_of(design)
    ]


def test_a_grid_has_no_points():
    with pytest.raises(ConfigError, match="must be one that is made of points"):
        unit_points({"kind": "grid", "over": {"a": [1]}})


@given(st.integers(-50, 50), st.integers(1, 50))
def test_each_whole_number_of_a_range_is_equally_likely(low, width):
    factor = Ranged(key="n", low=low, high=low + width, whole=True)
    middles = (np.arange(width + 1) + 0.5) / (width + 1)
    assert factor.at(middles) == list(range(low, low + width + 1))
    assert factor.at(np.array([0.0, 1.0])) == [low, low + width]


def test_a_logarithmic_range_is_halved_at_its_geometric_mean():
    (middle,) = Ranged(key="x", low=0.01, high=1, log=True).at(np.array([0.5]))
    assert math.isclose(middle, 0.1)


def test_each_choice_is_equally_likely():
    factor = Listed(key="x", values=("a", "b", "c"))
    assert factor.at(np.linspace(0, 1, 301)).count("b") == 100


def test_saltelli_and_morris_have_as_many_settings_as_they_say():
    assert len(Saltelli(samples=8).points(3)) == 8 * (3 + 2)
    assert len(Saltelli(samples=8, second_order=True).points(3)) == 8 * (2 * 3 + 2)
    assert len(Morris(samples=6).points(3)) == 6 * (3 + 1)


def test_a_morris_trajectory_changes_one_factor_at_a_time():
    steps = np.diff(Morris(samples=5).points(3).reshape(5, 4, 3), axis=1)
    assert np.array_equal((steps != 0).sum(axis=2), np.ones((5, 3)))


def test_a_key_of_a_strategy_is_left_out_where_another_is_chosen():
    made = plan({"scaling": ["hpa", "quantile"], "scaling.hpa.target": [0.5, 0.7]})
    assert list(made.settings) == [
        {"scaling": "hpa", "scaling.hpa.target": 0.5},
        {"scaling": "hpa", "scaling.hpa.target": 0.7},
        {"scaling": "quantile"},
    ]
    made.check()


def test_a_key_of_a_strategy_follows_the_one_that_is_set_for_all():
    tree = {"base": "tiny", "set": {"scaling": "hpa"}, "design": {"over": {"scaling.hpa.target": [0.5, 0.7]}}}
    assert len(Plan.load(tree).settings) == 2
    assert len(Plan.load(tree | {"set": {}}).settings) == 1


def test_a_list_has_the_settings_that_it_says():
    made = Plan.load({"base": "tiny", "design": {"kind": "list", "settings": [{"demand.load": 0.5}, {}]}})
    assert list(made.settings) == [{"demand.load": 0.5}, {}]


def test_without_a_design_there_is_the_base_alone():
    assert list(Plan.load({"base": "tiny", "replications": 3}).settings) == [{}]


REFUSED = [
    ({"a": {"low": 3, "high": 3}}, "sobol", "design.over.a.low = 3, but it must be below high = 3"),
    ({"a": {"low": 0, "high": 3, "log": True}}, "sobol", "above 0, since log = true"),
    ({"a": {"low": 0.5, "high": 3, "whole": True}}, "sobol", "a whole number, since whole = true"),
    ({"a": {"low": 0.5}}, "sobol", "a range needs low and high"),
    ({"a": {"low": "1", "high": 2}}, "sobol", "a finite number"),
    ({"a": {"low": 1, "hihg": 2}}, "sobol", "Did you mean 'high'?"),
    ({"a": []}, "grid", "a list of at least one value"),
    ({"a": 3}, "grid", "a list of values"),
    ({"a": {"low": 1, "high": 2}}, "grid", "in a grid it must be a list"),
    ({}, "grid", "at least one factor"),
    ({"a": [1]}, "gird", "Did you mean 'grid'?"),
]


@pytest.mark.parametrize(("over", "kind", "text"), REFUSED, ids=[text for _, _, text in REFUSED])
def test_a_wrong_factor_is_refused_in_one_line(over, kind, text):
    with pytest.raises(ConfigError) as refused:
        settings_of({"kind": kind, "over": over})
    assert text in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ({"samples": 12}, "a power of 2, such as 8 or 16"),
        ({"samples": 0}, "1 or more"),
        ({"seed": -1}, "0 or more"),
        ({"smaples": 8}, "Did you mean 'samples'?"),
    ],
)
def test_a_wrong_field_of_a_design_is_refused(field, text):
    with pytest.raises(ConfigError) as refused:
        settings_of({"kind": "sobol", "over": RANGES, **field})
    assert text in str(refused.value)


def test_an_unknown_key_is_refused_with_the_nearest_one_before_anything_runs():
    with pytest.raises(ConfigError, match=r"setting 0 \(demand.laod=0.5\): .* Did you mean 'demand.load'\?"):
        plan({"demand.laod": [0.5]}).check()


def test_a_bad_combination_is_refused_and_names_the_setting():
    with pytest.raises(ConfigError, match=r"setting 3 \(cache.size=600, demand.keys=500\): cache.size = 600"):
        plan({"cache.size": [0, 600], "demand.keys": [700, 500]}).check()


def test_a_key_is_not_both_set_and_varied():
    with pytest.raises(ConfigError, match=r"set\.demand\.load = 0\.5, but it must be either set or varied"):
        Plan.load({"base": "tiny", "set": {"demand.load": 0.5}, "design": {"over": {"demand.load": [0.6]}}})


def test_a_list_knows_no_other_field():
    with pytest.raises(UnknownChoiceError, match="There are: settings"):
        settings_of({"kind": "list", "settings": [{}], "over": {}})
