"""What the scaler expects of the next 300 s comes as often as it says; a bias in the intervals is seen."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from swarmscale.model.scaling.expectation import FEW, GROWS, SHRINKS, STAYS, Track

PATH = Path(__file__).parents[1] / "benchmarks" / "expectations.py"


@pytest.fixture(scope="module")
def benchmark():
    spec = importlib.util.spec_from_file_location("expectations", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("trace", ["crane13"])
def test_expectations_on_a_trace_hold_as_often_as_they_say(benchmark, trace):
    """Half a day of it: a reduced form of benchmarks/expectations.py, whose whole output is in docs/scaling.md."""
    scaler = benchmark.followed(trace, "quantile", 12.0)
    for track in scaler.prospects.tracks:
        assert track.scored > 4000
        assert abs(track.coverage - 0.9) <= 0.06  # half a day has a quarter of the windows, and they overlap
    scored, shares = benchmark.of_events(scaler)
    assert scored > 300
    assert all(abs(share - 0.9) <= 0.07 for share in shares)


def residuals(n=6000, seed=4):
    return np.random.default_rng(seed).normal(0, 0.1, n).tolist()


@pytest.mark.parametrize(("share", "holds"), [(0.9, True), (0.84, False), (0.96, False)])
def test_coverage_is_the_share_asked_for_and_not_another(share, holds):
    track = Track(share=share)
    for error in residuals():
        track.came(track.expect(100.0, STAYS), 100.0 * (1 + error), STAYS)
    assert (abs(track.coverage - 0.9) <= 0.05) is holds


def test_kinds_have_intervals_of_their_own_and_share_while_few():
    track = Track()
    for error in residuals(200):
        track.came(track.expect(1.0, STAYS), 1.0 + error, STAYS)
    assert track.expect(1.0, GROWS) == track.expect(1.0, STAYS)
    for error in residuals(FEW):
        track.came(track.expect(1.0, GROWS), 2.0 + error / 10, GROWS)
    assert track.expect(1.0, GROWS).low > 1.5
    assert track.expect(1.0, STAYS).high < 1.5
    assert track.expect(1.0, SHRINKS).high > track.expect(1.0, STAYS).high


def test_where_nothing_comes_below_what_is_expected_all_the_error_is_above():
    """As a fleet that needs no fewer agents than it has: with half of it on either side 95 % would be covered."""
    track = Track()
    for error in (max(e, 0.0) for e in residuals()):
        track.came(track.expect(10.0, STAYS), 10.0 * (1 + error), STAYS)
    assert track.expect(10.0, STAYS).low == 10.0
    assert abs(track.coverage - 0.9) <= 0.015


def test_only_the_window_is_looked_back_on():
    track = Track(window=50)
    for error in residuals(500):
        track.came(track.expect(1.0, STAYS), 1.0 + error, STAYS)
    group = track.groups[STAYS]
    assert group.recent == [(1.0 + e - 1.0) / 1.0 for e in residuals(500)[-50:]]
    assert group.ordered == sorted(group.recent)
