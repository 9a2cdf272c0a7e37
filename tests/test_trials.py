"""Trials: the before-and-after test against nulls and planted changes, and Thompson sampling over strategies."""

import numpy as np
import pytest

from swarmscale.model.optimization.choosing import Belief, choose, key
from swarmscale.model.optimization.figures import Series, per_bin
from swarmscale.model.optimization.trial import compare

LEVEL = 0.05
RUNS = 4000


def noise(rng, n, r):
    """An autoregression of order 1 with variance 1."""
    e = rng.standard_normal(n) * np.sqrt(1 - r * r)
    out = np.empty(n)
    out[0] = rng.standard_normal()
    for i in range(1, n):
        out[i] = r * out[i - 1] + e[i]
    return out


def fallen(r, shift=0.0, slope=0.0, drift=0.0, seed=1):
    """Share of trials in which a fall is found at LEVEL: 24 bins before, 12 after."""
    rng = np.random.default_rng(seed)
    found = 0
    for _ in range(RUNS):
        load = 5 + rng.standard_normal(36)
        load[24:] += drift
        y = 10 + noise(rng, 36, r) + slope * load
        y[24:] += shift
        change = compare(Series(y[:24], load[:24]), Series(y[24:], load[24:]), LEVEL)
        found += change.lower < LEVEL
    return found / RUNS


@pytest.mark.parametrize("r", [0.0, 0.3, 0.6])
def test_a_knob_that_does_nothing_is_seldom_thought_to_help(r):
    """At most the level, within four standard errors; noise that hangs together is not taken for effect."""
    error = np.sqrt(LEVEL * (1 - LEVEL) / RUNS)
    assert fallen(r) < LEVEL + 4 * error


def test_taken_for_independent_the_same_noise_would_fool_it():
    """The twin: without the widening the rate of false falls is far above the level."""
    rng = np.random.default_rng(2)
    found = 0
    for _ in range(RUNS // 4):
        y = noise(rng, 36, 0.6)
        a, b = y[:24], y[24:]
        t = (b.mean() - a.mean()) / np.sqrt(y.var(ddof=2) * (1 / 24 + 1 / 12))
        found += t < -1.69
    error = np.sqrt(LEVEL * (1 - LEVEL) / (RUNS // 4))
    assert found / (RUNS // 4) > LEVEL + 8 * error


def test_demand_that_falls_by_itself_is_no_effect_of_the_knob():
    error = np.sqrt(LEVEL * (1 - LEVEL) / RUNS)
    assert fallen(0.0, slope=1.0, drift=-1.5) < LEVEL + 4 * error


def test_a_fall_is_found_and_its_size_lies_in_the_interval():
    assert fallen(0.0, shift=-1.5) > 0.95
    rng = np.random.default_rng(3)
    inside = 0
    for _ in range(1000):
        y = 10 + rng.standard_normal(36)
        y[24:] -= 1.5
        change = compare(Series(y[:24], np.zeros(24)), Series(y[24:], np.zeros(12)), LEVEL)
        inside += change.low * change.before <= -1.5 <= change.high * change.before
    assert abs(inside / 1000 - 0.9) < 4 * np.sqrt(0.09 / 1000)


def test_demand_that_has_nothing_in_common_says_nothing():
    y = np.arange(36.0)
    change = compare(Series(y[:24], np.linspace(1, 2, 24)), Series(y[24:], np.linspace(3, 4, 12)), LEVEL)
    assert change.moved


def test_bins_in_which_nothing_was_counted_are_passed_over():
    y = np.r_[np.ones(10), np.nan, np.full(10, 2.0)] + np.random.default_rng(0).standard_normal(21) * 0.01
    change = compare(Series(y[:11], np.zeros(11)), Series(y[11:], np.zeros(10)), LEVEL)
    assert change.relative == pytest.approx(1.0, abs=0.02)
    assert np.isnan(compare(Series(y[:2], np.zeros(2)), Series(y[11:], np.zeros(10)), LEVEL).relative)


def test_bins_hold_whole_ticks_alone():
    assert per_bin(np.arange(7.0), 3).tolist() == [3.0, 12.0]


def test_a_belief_comes_to_what_is_told():
    belief = Belief()
    rng = np.random.default_rng(5)
    for gain in 0.2 + 0.05 * rng.standard_normal(200):
        belief = belief.told(gain)
    low, high = belief.interval(0.99)
    assert low < 0.2 < high
    assert high - low < 0.05
    draws = [belief.draw(rng) for _ in range(4000)]
    assert abs(np.mean(draws) - belief.mean) < 4 * np.std(draws) / np.sqrt(4000)


def test_untried_strategies_are_drawn_alike_and_proven_ones_mostly():
    names = ("a", "b", "c", "d")
    rng = np.random.default_rng(6)
    first = [choose(names, {}, "queues", rng)[0] for _ in range(4000)]
    counts = np.array([first.count(name) for name in names])
    assert ((counts - 1000) ** 2 / 1000).sum() < 21.1  # chi-square, 3 degrees of freedom, at 1e-4
    good, bad = Belief().told(0.4).told(0.4), Belief().told(-0.1).told(0.0)
    beliefs = {key("queues", "a"): good, **{key("queues", n): bad for n in "bcd"}}
    assert [choose(names, beliefs, "queues", rng)[0] for _ in range(500)].count("a") > 450
    elsewhere = [choose(names, beliefs, "waste", rng)[0] for _ in range(4000)].count("a")
    assert abs(elsewhere - 1000) < 4 * np.sqrt(750)
