"""Intervals around forecasts: what they promise, a slow twin, and the gates on the shipped traces."""

from __future__ import annotations

import functools
import math
import pickle

import numpy as np
import pytest

from swarmscale import rng
from swarmscale.errors import ConfigError
from swarmscale.model import memory as memories
from swarmscale.model.flow.traces import load_trace
from swarmscale.model.forecasting import ConformalInterval, Ensemble, ExponentialSmoothing, Naive, Target
from swarmscale.model.forecasting import interval as interval_module
from swarmscale.model.forecasting.score import ahead, bounds, forecasts, score, season, targets

LEVELS = (0.9, 0.95)
LONG = ("crane13", "goog-tweets", "ms-app1", "ms-app3")
WITHIN = 0.015


@functools.cache
def noisy(bins=600, seed=1):
    """A level that wanders, with noise that grows and shrinks, and a few empty bins."""
    generator = rng.generator(seed, "tests.intervals")
    level = 100 * np.exp(np.cumsum(generator.normal(0, 0.01, bins)))
    demand = level * np.exp(generator.normal(0, 1, bins) * (0.05 + 0.2 * (np.sin(np.arange(bins) / 40) > 0)))
    demand[200:203] = 0.0
    demand.flags.writeable = False
    return demand


def slow_bounds(interval, demand, said, target, window, floor=0.05):
    """The same by sorting the whole window at every bin."""
    came = targets(demand, target)
    scores, units, spreads, sizes = [], [], [], []
    lower, upper = [], []
    volatility = typical = 0.0
    for n in range(demand.size):
        old = n - target.horizon
        if old >= 0:
            residual = (came[old] - said[old]) / units[old] if units[old] > 0 else 0.0
            if spreads[old] > 0:
                scores.append(residual / spreads[old])
            sizes.append(abs(residual))
            volatility += max(1 - interval.memory, 5 / (len(sizes) + 4)) * (sizes[-1] - volatility)
            typical += max(0.001, 5 / (len(sizes) + 4)) * (sizes[-1] - typical)
        units.append(max(said[n], floor * demand[: n + 1].mean()))
        spreads.append(max(volatility, 0.1 * typical))
        last = sorted(scores[-window:])
        ranks = [min(math.ceil((len(last) + 1) * level), len(last)) for level in interval.levels]
        for side, found in ((upper, last), (lower, last[::-1])):
            divisor = units[n] * spreads[n]
            side.append([max(0.0, said[n] + divisor * found[r - 1]) if found else said[n] for r in ranks])
    return np.array(lower), np.array(upper)


@pytest.mark.parametrize("target", [Target(horizon=1), Target(horizon=4, kind="max", period=24)])
@pytest.mark.parametrize("window", [0, 7, 100])
def test_the_bounds_are_those_of_a_slow_twin(target, window):
    """A window that is never full, one that is full soon, and one too short for its levels."""
    interval = ConformalInterval(levels=(0.5, 0.9, 0.99), window=window, memory=0.9)
    said = forecasts(ExponentialSmoothing(), noisy(), target)
    expected = slow_bounds(interval, noisy(), said, target, window or 2 * target.period or 2880)
    for found, slow in zip(bounds(interval, noisy(), said, target), expected, strict=True):
        assert found == pytest.approx(slow)


def test_bounds_lie_in_the_order_of_their_levels_and_are_never_below_zero():
    said = forecasts(Naive(), noisy(), Target(horizon=3, kind="max"))
    lower, upper = bounds(ConformalInterval(levels=(0.6, 0.9, 0.99)), noisy(), said, Target(horizon=3))
    assert (np.diff(upper, axis=1) >= 0).all()
    assert (np.diff(lower, axis=1) <= 0).all()
    assert (lower <= upper).all()
    assert (lower >= 0).all()


def test_an_empty_bin_makes_no_bounds_without_end():
    """The floor of the divisor does it: without it one empty bin asks for hundreds of times the peak."""
    demand, target, interval = noisy().copy(), Target(horizon=1), ConformalInterval(levels=(0.99,))
    demand[200:203] = 1e-6
    said = forecasts(Naive(), demand, target)
    _, upper = bounds(interval, demand, said, target)
    _, without = slow_bounds(interval, demand, said, target, 2880, floor=0.0)
    assert upper.max() < 20 * demand.max()
    assert without.max() > 1e4 * demand.max()


def after_a_wild_beginning():
    """Coverage at 0.9, seed by seed, from 150 bins after a first bin that is nearly empty."""
    shares, target = [], Target(horizon=8)
    for seed in range(30):
        demand = rng.generator(seed, "tests.beginning").normal(100, 10, 400)
        demand[0] = 1.0
        said = forecasts(Naive(), demand, target)
        _, upper = bounds(ConformalInterval(levels=(0.9,)), demand, said, target)
        shares.append((demand[158:] <= upper[150:-8, 0]).mean())
    return np.array(shares)


def test_a_wild_beginning_is_soon_forgotten(monkeypatch):
    """Residuals of a hundred means; were all weighted alike at first, the bounds would stay too narrow for long."""
    shares = after_a_wild_beginning()
    assert shares.mean() == pytest.approx(0.9, abs=4 * shares.std(ddof=1) / np.sqrt(30))
    monkeypatch.setattr(interval_module, "START", 1.0)
    assert after_a_wild_beginning().mean() < 0.8


def test_a_constant_series_is_bounded_by_itself():
    demand = np.full(200, 7.0)
    for side in bounds(ConformalInterval(), demand, demand, Target(horizon=2, kind="max")):
        assert (side == 7.0).all()


def test_residuals_pickled_or_stored_half_way_go_on_bit_for_bit():
    interval, target = ConformalInterval(window=50), Target(horizon=4, kind="max")
    said = forecasts(Naive(), noisy(), target)
    whole = np.hstack(bounds(interval, noisy(), said, target))
    where = {f"swarmscale.model.forecasting.{file}" for file in ("base", "interval", "recent")}
    for half in (2, 40, 333):
        kept = interval.start(target)
        for n in range(half):
            _, kept = interval.step(float(noisy()[n]), float(said[n]), kept)
        for memory in (pickle.loads(pickle.dumps(kept)), memories.restore(memories.dump(kept), where)):
            for n in range(half, noisy().size):
                found, memory = interval.step(float(noisy()[n]), float(said[n]), memory)
                assert np.r_[found.lower, found.upper].tobytes() == whole[n].tobytes()


def test_changing_the_future_does_not_move_bounds_that_were_given_before():
    target, interval = Target(horizon=3, kind="max"), ConformalInterval(window=60)
    before = np.hstack(bounds(interval, noisy(), forecasts(Naive(), noisy(), target), target))
    for now in (30, 250, 500):
        other = noisy().copy()
        other[now + 1 :] = other[now + 1 :] * 3 + 7
        after = np.hstack(bounds(interval, other, forecasts(Naive(), other, target), target))
        assert (after[: now + 1] == before[: now + 1]).all()
        assert not (after[now + 1 :] == before[now + 1 :]).all()


def test_settings_out_of_their_range_are_refused():
    for wrong in ({"levels": ()}, {"levels": (0.9, 1.0)}, {"window": -1}, {"memory": 1.0}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            ConformalInterval(**wrong)


@functools.cache
def covered(seed, halved):
    """Shares covered above and below at each level, in one run of independent noise around a known mean."""
    demand = rng.generator(seed, "tests.coverage").gamma(4.0, 25.0, 4000)
    said = np.full(demand.size, 100.0)
    lower, upper = bounds(ConformalInterval(levels=LEVELS, window=500), demand, said, Target(horizon=1))
    if halved:
        lower, upper = halfway(lower, said), halfway(upper, said)
    came = demand[1:, None]
    return np.hstack(((came <= upper[:-1])[1000:].mean(axis=0), (came >= lower[:-1])[1000:].mean(axis=0)))


def halfway(side, said):
    """A planted fault: bounds made of residuals that were halved."""
    return said[:, None] + (side - said[:, None]) / 2


def coverage_z(halved):
    """How many standard errors, over independent runs, each coverage lies from its level."""
    runs = np.array([covered(seed, halved) for seed in range(12)])
    return (runs.mean(axis=0) - np.tile(LEVELS, 2)) / (runs.std(axis=0, ddof=1) / np.sqrt(len(runs)))


def test_coverage_agrees_with_its_level_on_independent_noise():
    """Above and below; the n + 1 makes it too wide by less than 1 / 500."""
    assert (np.abs(coverage_z(halved=False)) < 4).all()


def test_residuals_that_were_halved_are_found_out():
    assert (coverage_z(halved=True) < -20).all()


@functools.cache
def on_trace(name, shift=1.0):
    """What came, the forecasts and the bounds on the largest of the next 120 s, for the last 40 % of a trace."""
    trace = load_trace(name)
    target = Target(horizon=ahead(trace, 120.0), kind="max", period=season(trace))
    said = forecasts(Ensemble(), trace.demand, target) * shift
    lower, upper = bounds(ConformalInterval(levels=LEVELS), trace.demand, said, target)
    came = targets(trace.demand, target)
    scored = slice(round(0.6 * trace.demand.size), came.size)
    return came[scored, None], said[scored], lower[scored], upper[scored]


def misses(came, upper):
    """How far the coverage of each level lies from it."""
    return np.abs((came <= upper).mean(axis=0) - LEVELS)


@pytest.mark.parametrize("name", LONG)
def test_coverage_of_the_largest_demand_of_the_lead_time_is_within_a_point_and_a_half(name):
    """A start-up of 60 s and a decision a minute: 2 bins of a minute, or the next one of 5 minutes."""
    came, _, _, upper = on_trace(name)
    assert came.size >= 5000
    assert (misses(came, upper) <= WITHIN).all()


@pytest.mark.parametrize("name", LONG)
def test_residuals_that_were_halved_are_found_out_on_the_traces_too(name):
    came, said, _, upper = on_trace(name)
    assert (misses(came, halfway(upper, said)) > WITHIN).all()


@pytest.mark.parametrize("factor", [0.95, 1.05])
@pytest.mark.parametrize("name", LONG)
def test_bounds_that_are_five_percent_off_are_refused(name, factor):
    """A planted bias, either way: at least one level lies outside of the gate."""
    came, _, _, upper = on_trace(name)
    assert (misses(came, factor * upper) > WITHIN).any()


@pytest.mark.parametrize("name", LONG)
def test_forecasts_that_are_five_percent_off_are_still_covered(name):
    """A bias that stays is in the residuals too, so that the bounds make up for it."""
    came, _, _, upper = on_trace(name, 1.05)
    assert (misses(came, upper) <= WITHIN).all()


@pytest.mark.parametrize("name", LONG)
def test_the_lower_bounds_hold_as_well(name):
    came, _, lower, _ = on_trace(name)
    assert (np.abs((came >= lower).mean(axis=0) - LEVELS) <= WITHIN).all()


def test_the_scores_of_an_interval_are_its_coverage_and_its_headroom():
    target = Target(horizon=2, kind="max")
    found = score(Naive(), noisy(), target, interval=ConformalInterval(levels=(0.8,)))
    said = forecasts(Naive(), noisy(), target)
    lower, upper = (
        side[360:598, 0] for side in bounds(ConformalInterval(levels=(0.8,)), noisy(), said, target)
    )
    came = targets(noisy(), target)[360:]
    assert found.points == 238
    assert found.levels == (0.8,)
    assert found.coverage == ((came <= upper).mean(),)
    assert found.coverage_below == ((came >= lower).mean(),)
    assert found.headroom[0] == pytest.approx(upper.mean() / came.mean() - 1)
