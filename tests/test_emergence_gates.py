"""Gates: what may be looked at, and what is taken out of series before."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from swarmscale.errors import ConfigError
from swarmscale.model.emergence.base import Window
from swarmscale.model.emergence.controls.base import autoregressive
from swarmscale.model.emergence.gates import answers, cleaned, gate, relaxation_samples, varying
from swarmscale.model.emergence.watch import watch

from .flow_support import agrees, limit, z_of

RUNS = 60


def started_together(rng, parts, age, memory=0.99, start=5.0, samples=300):
    """Independent series that all begin at one place, ``age`` samples before the first one."""
    noise = np.sqrt(1 - memory**2) * rng.normal(size=(age + samples, parts))
    series = np.empty_like(noise)
    now = np.full(parts, start)
    for t, shock in enumerate(noise):
        series[t] = now = memory * now + shock
    return Window(series=series[age:], age=age)


def passes(make):
    return np.mean([gate(make(np.random.default_rng([17, k]))).passed for k in range(RUNS)])


# What may be looked at


@pytest.mark.parametrize("memory", [0.0, 0.9, 0.99, 1.0])
@pytest.mark.parametrize("age", [None, 0])
def test_stationary_windows_and_random_walks_pass(memory, age):
    assert passes(lambda rng: Window(series=autoregressive(300, 30, memory, rng), age=age)) >= 0.9


@pytest.mark.parametrize("parts", [30, 200])
def test_a_start_that_all_share_does_not_pass_until_it_is_forgotten(parts):
    assert passes(lambda rng: started_together(rng, parts, 50)) <= 0.05
    assert passes(lambda rng: started_together(rng, parts, 800)) >= 0.9


def test_the_reason_tells_how_far_the_mean_moves_and_when_the_start_is_forgotten():
    told = gate(started_together(np.random.default_rng(1), 30, 50))
    assert not told.passed
    assert "a start that all parts share" in told.reason
    assert "begins 50 samples after the run" in told.reason


def test_a_mean_that_moves_in_an_old_system_passes():
    rng = np.random.default_rng(2)
    rising = autoregressive(300, 30, 0.5, rng) + np.linspace(0, 3, 300)[:, None]
    assert gate(Window(series=rising)).passed
    assert gate(Window(series=rising, age=10_000)).passed


def test_windows_that_are_too_short_or_hold_too_few_series_tell_it():
    rng = np.random.default_rng(3)
    assert gate(Window(series=rng.normal(size=(59, 5)))).reason == "59 samples, but 60 are needed"
    one = np.zeros((300, 3))
    one[:, 0] = rng.normal(size=300)
    assert gate(Window(series=one)).reason == "1 of 3 series vary by more than their resolution, but 2 must"
    assert not gate(Window(series=np.zeros((1, 3)))).passed


def test_constant_series_and_those_within_their_resolution_are_left_out():
    rng = np.random.default_rng(4)
    series = rng.normal(size=(300, 4)) * [1.0, 0.01, 1.0, 0.0] + [0.0, 0.0, 0.0, 1e6]
    assert varying(Window(series=series)).tolist() == [True, True, True, False]
    assert varying(Window(series=series, resolution=0.1)).tolist() == [True, False, True, False]
    coarse = np.array([0.0, 0.1, 5.0, 0.0])
    assert varying(Window(series=series, resolution=coarse)).tolist() == [True, False, False, False]


def test_numbers_that_are_not_finite_are_refused_by_name():
    series = np.ones((100, 2))
    series[7, 1] = np.nan
    with pytest.raises(ConfigError, match="series b is nan at sample 7, but all numbers must be finite"):
        Window(series=series, names=("a", "b"))


@pytest.mark.parametrize("memory", [0.5, 0.9, 0.98])
def test_relaxation_is_that_of_the_parts(memory):
    def measure(rng):
        return np.exp(-1 / relaxation_samples(autoregressive(3000, 20, memory, rng)))

    agrees([measure(np.random.default_rng([8, k])) for k in range(20)], memory, checks=3)


def test_relaxation_of_random_walks_and_of_nothing():
    walks = autoregressive(300, 30, 1.0, np.random.default_rng(1))
    assert relaxation_samples(walks) > 150
    assert relaxation_samples(np.ones((100, 3))) == 0.0


# What comes from outside


@pytest.mark.parametrize(("memory", "own"), [(0.0, 0.0), (0.9, 0.5), (0.99, 0.9), (0.99, 0.99)])
def test_an_outside_signal_leaves_nothing_in_common(memory, own):
    """Correlation of two cleaned series that one given driver moves: zero on average, and not if it is not given."""
    given, hidden = [], []
    for k in range(40):
        rng = np.random.default_rng([21, k])
        driver = autoregressive(400, 1, memory, rng)
        series = autoregressive(400, 2, own, rng) + driver * [1.0, 2.0]
        for values, outside in ((given, driver), (hidden, np.zeros((400, 0)))):
            values.append(np.corrcoef(cleaned(Window(series=series, exogenous=outside)).T)[0, 1])
    assert abs(z_of(given, 0.0)) < limit(4)
    assert abs(z_of(hidden, 0.0)) > limit(4)


def test_slow_answers_to_an_outside_signal_are_taken_out_as_well():
    """Parts that integrate a driver with memories of their own: four fifths of what it brought is gone."""
    rng = np.random.default_rng(5)
    driver = autoregressive(600, 1, 0.8, rng)[:, 0]
    memory = np.array([0.3, 0.6, 0.9, 0.95])
    own, moved = np.zeros((600, 4)), np.zeros((600, 4))
    for t in range(1, 600):
        own[t] = memory * own[t - 1] + rng.normal(size=4)
        moved[t] = memory * moved[t - 1] + driver[t - 1]
    window = Window(series=own + moved, exogenous=driver[:, None])
    left = cleaned(window) - (own - own.mean(axis=0))
    assert (left.var(axis=0) < 0.2 * moved.var(axis=0)).all()


def test_orders_are_taken_out_only_when_asked():
    rng = np.random.default_rng(6)
    orders = rng.normal(size=(300, 1))
    window = Window(series=rng.normal(size=(300, 3)) + 3 * orders, commands=orders)
    assert np.corrcoef(cleaned(window).T)[0, 1] > 0.8
    assert abs(np.corrcoef(cleaned(window, commands=True).T)[0, 1]) < 0.25


def test_series_that_outside_signals_make_whole_are_left_out():
    rng = np.random.default_rng(7)
    driver = rng.normal(size=(300, 1))
    series = np.hstack([rng.normal(size=(300, 2)), 2 * driver + 1])
    assert cleaned(Window(series=series, exogenous=driver)).shape == (300, 2)


def test_many_collinear_and_constant_inputs_are_borne():
    rng = np.random.default_rng(8)
    base = rng.normal(size=(300, 40))
    inputs = np.hstack([base, base[:, :5] * 2.0, np.ones((300, 1))])
    left = cleaned(Window(series=rng.normal(size=(300, 4)), exogenous=inputs))
    assert left.shape == (300, 4)
    assert np.isfinite(left).all()
    constant = Window(series=rng.normal(size=(300, 4)), exogenous=np.ones((300, 2)))
    assert np.allclose(cleaned(constant), constant.series - constant.series.mean(axis=0))


def test_angles_become_cosines_and_sines():
    rng = np.random.default_rng(9)
    angles = rng.uniform(-np.pi, np.pi, (100, 3))
    columns = cleaned(Window(series=angles, angles=True))
    assert columns.shape == (100, 6)
    assert columns[:, 3:] == pytest.approx(np.sin(angles) - np.sin(angles).mean(axis=0))


def test_an_answer_without_memory_is_the_regression():
    rng = np.random.default_rng(10)
    driver = rng.normal(size=(2000, 1))
    series = 0.7 * driver + rng.normal(size=(2000, 1))
    slope = stats.linregress(driver[:, 0], answers(series, driver)[:, 0]).slope
    assert slope == pytest.approx(0.7, abs=4 / np.sqrt(2000))


def test_every_verdict_says_what_the_gate_said_of_its_window():
    """Also that of a detector which the gate does not bind, and where another reason keeps one silent."""
    rng = np.random.default_rng(8)
    flat = np.column_stack([rng.normal(size=100), np.ones(100)])
    windows = [Window(series=flat), Window(series=rng.normal(size=(100, 5)))]
    verdicts = watch(windows, seed=1).verdicts
    closed, passed = verdicts[:4], verdicts[4:]
    assert {v.gate for v in closed} == {"1 of 2 series vary by more than their resolution, but 2 must"}
    assert {v.gate for v in passed} == {""}
    assert all(v.abstained for v in passed if v.detector in ("innovation", "self-organization"))
