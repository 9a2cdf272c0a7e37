"""Adaptive thresholds: run lengths as stated, shifts found as soon as theory says, faults not learned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from swarmscale import SwarmModel
from swarmscale.arrays import Floats
from swarmscale.model.health.run_length import run_length, width_for
from swarmscale.model.optimization.charts import Charts, Foretold, blank, foretell, seen
from swarmscale.model.optimization.thresholds import METRICS, TARGETS, Reading, Thresholds

WEIGHT, LENGTH, LEARNED = 0.2, 370.0, 200


def half(length: float = LENGTH) -> float:
    return width_for(WEIGHT, length) * float(np.sqrt(WEIGHT / (2 - WEIGHT)))


def lengths(
    phi: float,
    charts: int,
    seed: int,
    *,
    error: float = 1.0,
    made_for: float = LENGTH,
    shift: float = 0.0,
    learned: int = LEARNED,
) -> Floats:
    """`[charts]` looks until each chart calls, with an autoregressive metric whose mean shifts by so many of its sd."""
    rng = np.random.default_rng(seed)
    state, limit, scale = blank(charts), half(made_for), 1 / np.sqrt(1 - phi**2)
    x = rng.normal(size=charts) * scale
    out, alive, k = np.zeros(charts), np.arange(charts), 0
    while len(alive):
        y = 5 + x + (shift * scale if k > learned else 0.0)
        told = foretell(state)
        state = seen(state, y, Foretold(told.value, told.error * error, told.freedom), WEIGHT, limit, learned)
        if k > learned:
            call = np.abs(state.average) > limit
            out[alive[call]] = k - learned
            state, x, alive = Charts(*(a[~call] for a in state)), x[~call], alive[~call]
        x = phi * x + rng.normal(size=len(x))
        k += 1
    return out


def z(found: Floats, expected: float) -> float:
    return float((found.mean() - expected) / (found.std() / np.sqrt(len(found))))


@pytest.mark.parametrize(
    ("weight", "width"),
    [(0.03, 2.437), (0.05, 2.615), (0.1, 2.814), (0.2, 2.962), (0.25, 2.998), (0.4, 3.054)],
)
def test_widths_for_a_run_length_of_500_are_those_that_were_published(weight, width):
    """Lucas & Saccucci 1990, table 1, which gives three decimals."""
    assert width_for(weight, 500.0) == pytest.approx(width, abs=0.002)
    assert run_length(weight, width) != pytest.approx(500.0 * 1.05, rel=0.02)


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_in_control_a_chart_runs_as_long_as_stated(phi):
    """Whether looks are independent or hang together; the mean and deviation are never told to the chart."""
    assert abs(z(lengths(phi, 6000, 1), LENGTH)) < 4


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_an_error_held_to_be_5_percent_smaller_shows_in_the_run_length(phi):
    assert z(lengths(phi, 6000, 1, error=0.95), LENGTH) < -4


def test_a_chart_made_for_a_run_length_5_percent_longer_is_told_apart():
    assert z(lengths(0.0, 12_000, 2, made_for=1.05 * LENGTH), LENGTH) > 4


@pytest.mark.parametrize("phi", [0.0, 0.5])
def test_a_shift_of_one_deviation_is_found_as_soon_as_theory_says(phi):
    """Of a correlated metric the residual keeps 1 - phi of a shift after the first look."""
    scale = 1 / np.sqrt(1 - phi**2)
    theory = run_length(WEIGHT, width_for(WEIGHT, LENGTH), shift=(1 - phi) * scale, first=scale)
    found = lengths(phi, 2000, 3, shift=1.0, learned=2000)
    assert found.mean() < 1.1 * theory
    assert found.mean() > 0.9 * theory


def test_a_fault_is_not_learned_while_it_is_called():
    rng = np.random.default_rng(4)
    state = blank(1)
    for _ in range(200):
        state = seen(state, rng.normal(size=1), foretell(state), WEIGHT, half())
    center, pairs = float(state.value[0]), 0
    for k in range(400):
        state = seen(state, 6 + rng.normal(size=1), foretell(state), WEIGHT, half())
        if k == 20:
            pairs = int(state.pairs[0])
    assert state.average[0] > half()
    assert state.pairs[0] == pairs
    assert state.value[0] == pytest.approx(center, abs=0.3)


def test_one_wild_value_is_forgotten_soon():
    rng = np.random.default_rng(5)
    state = blank(1)
    for k in range(200):
        state = seen(state, rng.normal(size=1) + (1e6 if k == 190 else 0), foretell(state), WEIGHT, half())
    assert abs(state.average[0]) < half()


@pytest.fixture(scope="module")
def model() -> SwarmModel:
    model = SwarmModel("tiny", rng=3)
    model.run(seconds=120)
    return model


def looks(model: SwarmModel, thresholds: Thresholds, until: int, first: int = 0) -> tuple[Reading, ...]:
    readings: tuple[Reading, ...] = ()
    for k in range(first, until):
        readings = thresholds.take(model.records.raw(2 * k, 2 * k + 2), 2.0 * (k + 1))
    return readings


def test_readings_are_what_the_records_say(model):
    readings = {one.metric: one for one in looks(model, Thresholds(), 60)}
    frame = model.records.frame().iloc[118:120]
    assert tuple(readings) == METRICS
    assert readings["throughput_per_s"].value == pytest.approx(frame["throughput_per_s"].mean())
    assert readings["error_rate"].value == frame["dropped"].sum() / frame["arrived"].sum()
    waiting = frame[["waiting_ingress", "waiting_dispatch", "waiting_cluster"]].sum(axis=1).mean()
    assert readings["queue_length"].value == pytest.approx(waiting)
    assert readings["throughput_per_s"].target == pytest.approx(frame["arrival_rate_per_s"].mean())


def test_a_chart_learns_before_it_judges_and_says_since_when(model):
    thresholds = Thresholds()
    looks(model, thresholds, 60)
    states = [row[2].state for row in thresholds.series]
    assert states[:21] == ["learning"] * 21
    assert states[21] != "learning"
    assert thresholds.series[20][2].since_s == 2.0
    for row in thresholds.series[21:]:
        for one in row:
            if np.isfinite(one.value):
                inside = one.low - 1e-9 <= one.average <= one.high + 1e-9
                assert inside if one.state == "in range" else one.average != one.expected


def test_charts_go_on_from_a_checkpoint(model):
    whole, first = Thresholds(), Thresholds()
    looks(model, whole, 60)
    looks(model, first, 40)
    second = Thresholds()
    second.remember(first.memory())
    looks(model, second, 60, first=40)
    assert repr(second.series) == repr(whole.series)


def test_targets_have_their_tolerance():
    assert TARGETS["latency_ms"].met(11.9)
    assert not TARGETS["latency_ms"].met(12.1)
    assert not TARGETS["utilization"].met(0.6)
    assert TARGETS["throughput_per_s"].met(20_000)
    assert not replace(TARGETS["throughput_per_s"], value=100.0).met(84.0)
