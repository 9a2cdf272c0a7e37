"""Periods, trends, level shifts and burstiness of demand: found where they are, and not in noise."""

import json

import numpy as np
import pytest

from swarmscale.cli import main
from swarmscale.errors import ConfigError
from swarmscale.model.demand_analysis import analyze
from swarmscale.model.flow.traces import load_trace

MINUTES = 8 * 1440


def noise(seed, mean=50.0, n=MINUTES):
    return np.random.default_rng(seed).poisson(mean, n) / 60.0


def daily(seed, depth=0.4):
    t = np.arange(MINUTES) / 1440
    rate = 50.0 * (1 + depth * np.sin(2 * np.pi * t))
    return np.random.default_rng(seed).poisson(rate) / 60.0


def test_nothing_is_found_in_poisson_noise():
    """In at least 95 of 100 series neither a period nor a level shift."""
    clean = 0
    for seed in range(100):
        found = analyze(noise(seed), 60.0)
        clean += not found.periods and not found.shifts
    assert clean >= 95


def test_a_planted_day_is_found_with_its_share():
    found = analyze(daily(1), 60.0)
    assert found.periods[0].period_s == 86_400
    assert found.periods[0].share > 0.5
    assert not found.shifts


def test_a_planted_shift_is_found_under_a_daily_pattern():
    x = daily(2)
    x[5000:] *= 1.6
    found = analyze(x, 60.0)
    assert len(found.shifts) == 1
    assert found.shifts[0].time_s == pytest.approx(5000 * 60, abs=1800)
    assert found.shifts[0].ratio == pytest.approx(1.6, rel=0.05)
    assert found.periods[0].period_s == 86_400


def test_a_change_too_small_or_too_short_is_no_shift():
    small, short = daily(3), daily(3)
    small[5000:] *= 1.15
    short[5000:5300] *= 2.0
    assert not analyze(small, 60.0).shifts
    assert not analyze(short, 60.0).shifts


def test_a_planted_trend_is_found_and_none_in_noise():
    x = noise(4) * np.linspace(1.0, 1.5, MINUTES)
    found = analyze(x, 60.0).trend
    assert found.p_value < 0.001
    assert found.low < 0.05 < found.high  # 50 % of the first level in 8 days, of a mean of 1.25
    assert sum(analyze(noise(seed), 60.0).trend.p_value < 0.05 for seed in range(40)) <= 7


def test_dispersion_is_one_for_poisson_counts_and_more_for_bursts():
    assert analyze(noise(5), 60.0).dispersion == pytest.approx(1.0, abs=0.15)
    rng = np.random.default_rng(6)
    bursts = rng.poisson(50.0 * rng.gamma(2.0, 0.5, MINUTES)) / 60.0
    assert analyze(bursts, 60.0).dispersion > 3
    assert analyze(noise(5), 60.0).peak_to_mean < analyze(bursts, 60.0).peak_to_mean


def test_the_daily_period_of_app1_is_found():
    trace = load_trace("ms-app1")
    found = analyze(trace.demand, trace.step_s)
    assert found.periods[0].period_s == 86_400


def onset(x):
    """When, in minutes, for a whole day every ten minutes lie 10 % and more above the same ones of all days before."""
    tens = x[: len(x) // 10 * 10].reshape(-1, 10).mean(axis=1)
    for k in range(3 * 144, len(tens) - 144):
        before = np.array([tens[k + i - 144 :: -144].max() for i in range(144)])
        if (tens[k : k + 144] > 1.1 * before).all():
            return 10 * k
    return None


def test_the_level_shift_of_app3_is_found_within_half_an_hour():
    """Its begin is read off the trace by another rule: when demand leaves the range of all days before it."""
    trace = load_trace("ms-app3")
    largest = max(analyze(trace.demand, trace.step_s).shifts, key=lambda shift: shift.ratio)
    began = onset(trace.demand)
    assert 5.5 * 1440 < began < 6 * 1440
    assert abs(largest.time_s / 60 - began) <= 30
    assert 2.4 < largest.ratio < 3.0


@pytest.mark.parametrize(("x", "text"), [(np.ones(10), "bins = 10"), (np.zeros(100), "mean demand = 0")])
def test_what_cannot_be_analyzed_is_refused(x, text):
    with pytest.raises(ConfigError, match=text):
        analyze(x, 60.0)


def test_the_command_says_what_was_found(capsys):
    assert main(["trace", "analyze", "ms-app3"]) == 0
    text = capsys.readouterr().out
    assert "period of 24 h" in text
    assert "level x2.68" in text
    assert main(["trace", "analyze", "ms-app3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["periods"][0]["period_s"] == 86_400
    assert main(["trace", "analyze", "ms-app33"]) == 2
