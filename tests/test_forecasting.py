"""Forecasters: first what each must do, then each on its own, then the gates on the shipped traces."""

from __future__ import annotations

import functools
import json
import pickle
import re
import sys
import time
from dataclasses import dataclass, replace
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import swarmscale as ss
from swarmscale import rng
from swarmscale.cli import main as command
from swarmscale.errors import ConfigError
from swarmscale.model import memory as memories
from swarmscale.model.flow.traces import load_trace, shipped
from swarmscale.model.forecasting import (
    FORECASTERS,
    Autoregression,
    ConformalInterval,
    DampedHolt,
    Drift,
    Ensemble,
    ExponentialSmoothing,
    HoltWinters,
    LightGbm,
    Naive,
    SeasonalAutoregression,
    SeasonalNaive,
    StatsForecast,
    Target,
    optional,
)
from swarmscale.model.forecasting.autoregression import regress
from swarmscale.model.forecasting.boosting import Trees, as_arrays, walk
from swarmscale.model.forecasting.ensemble import MEMBERS
from swarmscale.model.forecasting.score import ahead, forecasts, score, season, standard_error, targets
from swarmscale.model.forecasting.statistical import MODELS

ABSENT = [name for name in ("lightgbm", "statsforecast") if find_spec(name) is None]
NAMES = [
    pytest.param(name, marks=pytest.mark.skipif(name in ABSENT, reason=f"{name} is not installed"))
    for name in sorted(FORECASTERS)
]
TARGETS = (
    Target(horizon=1),
    Target(horizon=5, period=24),
    Target(horizon=3, kind="max", period=24),
    Target(horizon=30, kind="max", period=7),
)
LONG = ("crane13", "goog-tweets", "ms-app1", "ms-app3")
IDS = [f"{t.kind}-{t.horizon}-of-{t.period}" for t in TARGETS]

every_member = pytest.mark.parametrize("name", NAMES)
every_target = pytest.mark.parametrize("target", TARGETS, ids=IDS)


@functools.cache
def days(bins=400, seed=1):
    """Poisson counts around a daily curve of 24 bins, with a level shift, a spike and empty bins."""
    hours = np.arange(bins)
    rate = 50 * (1 + 0.6 * np.sin(2 * np.pi * hours / 24)) * np.where(hours > bins // 2, 2.5, 1.0)
    counts = rng.generator(seed, "tests.forecasting").poisson(rate).astype(float)
    counts[bins // 3] *= 20
    counts[bins // 4 : bins // 4 + 6] = 0
    counts.flags.writeable = False
    return counts


def went_on(forecaster, demand, memory):
    """What is said over more bins, from a memory on."""
    said = []
    for value in demand.tolist():
        forecast, memory = forecaster.step(value, memory)
        said.append(forecast)
    return np.array(said)


def remembered(forecaster, demand, target):
    """The memory after some bins."""
    memory = forecaster.start(target)
    for value in demand.tolist():
        _, memory = forecaster.step(value, memory)
    return memory


@every_member
@every_target
def test_a_forecast_is_finite_and_never_below_zero(name, target):
    nasty = (
        days(),
        np.zeros(120),
        np.r_[np.zeros(60), 1e9, np.zeros(60)],
        np.tile([0.0, 1e6], 80),
        np.r_[np.full(80, 1e-9), np.full(80, 1e9), np.full(80, 1e-9)],
        np.arange(160.0, 0.0, -1.0) ** 4,
        np.geomspace(1e-6, 1e100, 200),
    )
    for demand in nasty:
        said = forecasts(FORECASTERS.make(name), demand, target)
        assert np.isfinite(said).all()
        assert (said >= 0).all()


@every_member
@settings(max_examples=15, deadline=None, derandomize=True)
@given(demand=st.lists(st.floats(0, 1e12) | st.just(0.0), min_size=1, max_size=90))
def test_whatever_the_demand_a_forecast_is_finite_and_never_below_zero(name, demand):
    said = forecasts(FORECASTERS.make(name), np.array(demand), Target(horizon=2, kind="max", period=5))
    assert np.isfinite(said).all()
    assert (said >= 0).all()


@every_member
@every_target
def test_a_constant_is_foretold_in_the_end(name, target):
    """At once, and after days of something else in the end (slowly, where a season has to be unlearned)."""
    demand = np.r_[days()[:80], np.full(3000, 37.0)]
    assert forecasts(FORECASTERS.make(name), np.full(300, 37.0), target)[-1] == pytest.approx(37.0, rel=1e-6)
    assert forecasts(FORECASTERS.make(name), demand, target)[-1] == pytest.approx(37.0, rel=1e-2)


@every_member
@every_target
def test_a_thousand_times_the_demand_gives_a_thousand_times_the_forecast(name, target):
    one = forecasts(FORECASTERS.make(name), days(), target)
    many = forecasts(FORECASTERS.make(name), 1024 * days(), target)
    assert many == pytest.approx(1024 * one, rel=1e-6)


@every_member
@every_target
def test_a_memory_pickled_or_stored_half_way_goes_on_bit_for_bit(name, target):
    demand = days()
    whole = forecasts(FORECASTERS.make(name), demand, target)
    for half in (1, 30, 201, 350):
        forecaster = FORECASTERS.make(name)
        kept = remembered(forecaster, demand[:half], target)
        stored = memories.dump(kept)
        for again in (pickle.loads(pickle.dumps(kept)), memories.restore(stored, WHERE)):
            other = pickle.loads(pickle.dumps(forecaster))
            assert went_on(other, demand[half:], again).tobytes() == whole[half:].tobytes()


FILES = (
    "autoregression",
    "base",
    "boosting",
    "ensemble",
    "holt_winters",
    "interval",
    "recent",
    "simple",
    "smoothing",
    "statistical",
)
WHERE = {f"swarmscale.model.forecasting.{file}" for file in FILES}


@every_member
@every_target
def test_one_forecaster_serves_many_series_at_once(name, target):
    """Nothing is kept in the object: two series that take turns get what each would get alone."""
    forecaster = FORECASTERS.make(name)
    series = (days()[:150], days(400, seed=2)[:150])
    alone = [forecasts(FORECASTERS.make(name), demand, target) for demand in series]
    kept: list[Any] = [forecaster.start(target) for _ in series]
    for n in range(150):
        for i, demand in enumerate(series):
            said, kept[i] = forecaster.step(float(demand[n]), kept[i])
            assert said == alone[i][n]


@dataclass(frozen=True)
class Clairvoyant:
    """A planted fault: it says what is going to come, mixed with the last value."""

    demand: np.ndarray

    def start(self, target):
        return (target.horizon, 0)

    def step(self, value, memory):
        horizon, n = memory
        later = self.demand[min(n + horizon, self.demand.size - 1)]
        return 0.5 * (value + float(later)), (horizon, n + 1)


def past_moves_with_the_future(make, target):
    """Whether a forecast changes with bins that come after it: many bins, and the very next one."""
    demand = days()
    said = forecasts(make(demand), demand, target)
    for now in (40, 199, 300):
        for until in (now + 2, demand.size):
            other = demand.copy()
            other[now + 1 : until] = other[now + 1 : until] * 3 + 7
            if not (forecasts(make(other), other, target)[: now + 1] == said[: now + 1]).all():
                return True
    return False


@every_member
@every_target
def test_changing_the_future_does_not_move_what_was_said_before(name, target):
    assert not past_moves_with_the_future(lambda demand: FORECASTERS.make(name), target)


@every_target
def test_a_forecaster_that_sees_the_future_is_found_out(target):
    assert past_moves_with_the_future(Clairvoyant, target)


@every_member
def test_a_setting_out_of_its_range_is_refused(name):
    for field in FORECASTERS.fields(name):
        with pytest.raises(ConfigError, match=field):
            FORECASTERS.make(name, **{field: "often" if field in ("seasonal", "model") else -1})


# --- each on its own ---


def test_naive_repeats_the_last_value():
    assert forecasts(Naive(), days(), Target(horizon=5)) == pytest.approx(days(), abs=0)


@pytest.mark.parametrize(("horizon", "period"), [(1, 24), (5, 24), (24, 24), (30, 7), (6, 1)])
@pytest.mark.parametrize("kind", ["value", "max"])
def test_seasonal_naive_says_what_came_whole_seasons_ago(horizon, period, kind):
    """On a series that repeats itself it is always right, once a season has been seen."""
    demand = np.resize(days()[:period] + 1.0, 300)
    target = Target(horizon=horizon, kind=kind, period=period)
    said = forecasts(SeasonalNaive(), demand, target)
    back = period * -(-horizon // period)
    assert (said[back - 1 : -horizon] == targets(demand, target)[back - 1 :]).all()
    assert (said[: back - 1] == demand[: back - 1]).all()


@pytest.mark.parametrize("kind", ["value", "max"])
def test_drift_foretells_a_straight_line(kind):
    target = Target(horizon=4, kind=kind)
    for demand in (np.arange(100.0), np.arange(200.0, 100.0, -1.0)):
        said = forecasts(Drift(window=7), demand, target)
        assert said[1:-4] == pytest.approx(targets(demand, target)[1:])


def test_exponential_smoothing_is_the_weighted_mean_of_its_closed_form():
    demand = days()
    said = forecasts(ExponentialSmoothing(alpha=0.3), demand, Target(horizon=5))
    for n in (0, 1, 50, 399):
        weights = 0.3 * 0.7 ** np.arange(n, -1, -1.0)
        weights[0] = 0.7**n
        assert said[n] == pytest.approx(weights @ demand[: n + 1])


@pytest.mark.parametrize("phi", [0.9, 1.0])
def test_damped_holt_agrees_with_the_textbook_recursion(phi):
    demand = days()
    said = forecasts(DampedHolt(alpha=0.6, beta=0.1, phi=phi), demand, Target(horizon=5))
    level, trend = demand[0], 0.0
    for n in range(1, demand.size):
        before = level
        level = 0.6 * demand[n] + 0.4 * (level + phi * trend)
        trend = 0.1 * (level - before) + 0.9 * phi * trend
        later = level + sum(phi**i for i in range(1, 6)) * trend
        assert said[n] == pytest.approx(max(0.0, later))


@pytest.mark.parametrize("seasonal", ["additive", "multiplicative"])
@pytest.mark.parametrize("kind", ["value", "max"])
def test_holt_winters_agrees_with_the_textbook_recursion(seasonal, kind):
    """Demand that stays far above both floors."""
    times = seasonal == "multiplicative"
    demand, period, a, b, g = days() + 300, 24, 0.5, 0.05, 0.2
    target = Target(horizon=5, kind=kind, period=period)
    said = forecasts(HoltWinters(alpha=a, beta=b, gamma=g, seasonal=seasonal), demand, target)
    level, trend = demand[:period].mean(), 0.0
    index = list(demand[:period] / level if times else demand[:period] - level)
    for n in range(period, demand.size):
        s, before = index[n - period], level + trend
        free = demand[n] / s if times else demand[n] - s
        next_level = a * free + (1 - a) * before
        index.append(g * (demand[n] / before if times else demand[n] - before) + (1 - g) * s)
        trend = b * (next_level - level) + (1 - b) * trend
        level = next_level
        later = [
            (level + j * trend) * index[n + j - period]
            if times
            else level + j * trend + index[n + j - period]
            for j in range(1, 6)
        ]
        assert said[n] == pytest.approx(later[-1] if kind == "value" else max(later))


def pairs(demand, lags, target, around_season=0):
    """Features and targets in the order in which they are learned, one row at a time."""
    h, m = target.horizon, around_season
    came = targets(demand, target)
    rows = []
    for t in range(lags - 1, demand.size):
        row = [1.0, *demand[t - lags + 1 : t + 1][::-1]]
        if m:
            where = [t + h - m + shift for shift in (-2, -1, 0, 1, 2)] + [t - m]
            row += [demand[i] if i >= 0 else 0.0 for i in where]
        rows.append(row)
    return np.array(rows), came[lags - 1 :]


@pytest.mark.parametrize("seasonal", [False, True])
@pytest.mark.parametrize("target", [Target(horizon=3, period=24), Target(horizon=4, kind="max", period=5)])
def test_autoregression_is_weighted_least_squares(seasonal, target):
    """The same weights from numpy's lstsq: pairs by their age, and the ridge that holds to naive, also aged."""
    demand, lags, forgetting, ridge = days(200, seed=3) + 20, 6, 0.98, 0.5
    make = SeasonalAutoregression if seasonal else Autoregression
    forecaster = make(lags=lags, forgetting=forgetting, ridge=ridge)
    memory = remembered(forecaster, demand, target)
    around = target.period * (2 if target.period == 5 else 1) if seasonal else 0
    x, came = pairs(demand / memory.scale, lags, target, around)
    x, came = x[: came.size], came
    naive = np.zeros(x.shape[1])
    naive[1] = 1.0
    ages = forgetting ** (np.arange(came.size, 0, -1.0) - 1)
    held = ridge * forgetting**came.size
    left = np.r_[x * np.sqrt(ages)[:, None], np.sqrt(held) * np.eye(naive.size)]
    right = np.r_[came * np.sqrt(ages), np.sqrt(held) * naive]
    found = np.linalg.lstsq(left, right, rcond=None)[0]
    assert memory.weights == pytest.approx(found, rel=1e-6, abs=1e-8)


def test_autoregression_finds_the_process_that_made_the_series():
    """AR(2) two bins ahead: the weights lie near (a1^2 + a2, a1 a2)."""
    noise = rng.generator(5, "tests.ar").normal(size=6000)
    y = np.zeros(6000)
    for n in range(2, 6000):
        y[n] = 0.6 * y[n - 1] + 0.3 * y[n - 2] + noise[n]
    memory = remembered(Autoregression(lags=2, forgetting=1.0), y + 50, Target(horizon=2))
    assert memory.weights[1:] == pytest.approx([0.66, 0.18], abs=4 * 1.2 / np.sqrt(6000))


def test_autoregression_survives_a_standstill_of_any_length():
    """Features that never move would make the inverse Gram matrix grow without bound."""
    demand = np.r_[days(100), np.full(20_000, 5.0), days(300)]
    forecaster = Autoregression(lags=6, forgetting=0.98)
    memory = remembered(forecaster, demand[:20_100], Target(horizon=2))
    assert np.trace(memory.spread) < 1.1 * 100 * 7 / forecaster.ridge / 0.98
    assert (memory.spread == memory.spread.T).all()
    said = went_on(forecaster, demand[20_100:], memory)
    assert np.abs(said[100:-2] - targets(demand, Target(horizon=2))[20_200:]).mean() < 60


def test_the_regression_as_plain_python_gives_the_same_bits():
    plain = getattr(regress, "py_func", regress)
    demand, outcome = days(120) / 50, []
    for one in (regress, plain):
        weights, spread = np.r_[0.0, 1.0, np.zeros(10)], np.eye(12) / 0.1
        said = [
            one(demand, n, 5, 3, 24, True, 1.0, 0.99, 0.1, weights, spread) for n in range(60, demand.size)
        ]
        outcome.append(np.array(said).tobytes() + weights.tobytes() + spread.tobytes())
    assert outcome[0] == outcome[1]


@pytest.mark.parametrize(
    ("name", "module"), [("lightgbm", "lightgbm"), ("statsforecast", "statsforecast.models")]
)
def test_a_back_end_that_is_not_installed_says_what_to_install(name, module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=re.escape("pip install 'swarmscale[forecast]'")):
        FORECASTERS.make(name).start(Target(horizon=1))


@pytest.mark.parametrize(
    "words",
    [["race", "ms-app1", "--policies", "quantile", "--processes", "1", "--forecaster"], ["run", "tiny"]],
)
@pytest.mark.parametrize("name", ["lightgbm", "statsforecast"])
def test_the_command_line_refuses_a_missing_back_end_in_one_line(name, words, monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setitem(sys.modules, f"{name}.models", None)
    settings = [name] if words[0] == "race" else ["-s", "scaling=quantile", "-s", f"scaler.forecaster={name}"]
    assert command([*words, *settings, "--quiet", "--out", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert re.fullmatch(
        rf"swarmscale: this forecaster needs {name}, which cannot be imported \(.*\): "
        r"pip install 'swarmscale\[forecast\]'\n",
        told.err,
    )


def test_a_back_end_whose_library_lacks_another_one_of_the_system_is_refused_as_well(monkeypatch):
    def broken(module):
        raise OSError("libgomp.so.1: cannot open shared object file")

    monkeypatch.setattr(optional, "import_module", broken)
    with pytest.raises(ConfigError, match=r"needs lightgbm.*libgomp\.so\.1.*swarmscale\[forecast\]"):
        LightGbm().start(Target(horizon=1))


@pytest.mark.parametrize("name", ["lightgbm", "statsforecast"])
def test_a_back_end_that_is_not_installed_is_listed_all_the_same(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    assert name in FORECASTERS
    assert FORECASTERS.dump(FORECASTERS.make(name))["name"] == name


def test_trees_kept_as_arrays_say_what_lightgbm_says():
    lightgbm = pytest.importorskip("lightgbm")
    generator = rng.generator(8, "tests.trees")
    x = generator.normal(size=(500, 4))
    settings = {"verbosity": -1, "num_threads": 1, "objective": "regression_l1"}
    data = lightgbm.Dataset(x, x[:, 0] * x[:, 1] + generator.normal(size=500))
    model = lightgbm.train(settings, data, num_boost_round=40)
    trees = as_arrays(model.dump_model()["tree_info"])
    rows = generator.normal(size=(200, 4))
    said = [walk(row, trees.roots, trees.feature, trees.threshold, trees.left, trees.right) for row in rows]
    assert said == pytest.approx(model.predict(rows), rel=1e-12, abs=1e-12)


def test_a_tree_without_a_branch_says_its_one_value():
    trees = as_arrays([{"tree_structure": {"leaf_value": 2.5}}] * 2)
    assert walk(np.zeros(1), trees.roots, trees.feature, trees.threshold, trees.left, trees.right) == 5.0


def test_boosted_trees_learn_a_season_and_are_grown_anew_when_it_is_time():
    pytest.importorskip("lightgbm")
    demand = days(24 * 60, seed=4)
    forecaster = LightGbm(trees=30, refit=240)
    assert score(forecaster, demand, Target(horizon=5, period=24), warm_up=0.7).relative < 0.8
    before = remembered(forecaster, demand[:719], Target(horizon=5, period=24)).trees.threshold
    after = remembered(forecaster, demand[:720], Target(horizon=5, period=24)).trees.threshold
    assert before.shape != after.shape or (before != after).any()


@pytest.mark.parametrize("model", MODELS)
def test_every_statistical_model_carries_on_between_two_fits_as_after_one(model):
    """With a fit at the last bin or some bins before it: the forecasts lie close."""
    pytest.importorskip("statsforecast")
    demand, target = days()[:90] + 50, Target(horizon=2)
    each, seldom = (
        forecasts(StatsForecast(model=model, window=60, refit=bins), demand[:80], target) for bins in (1, 10)
    )
    assert (each[:29] == demand[:29]).all()
    assert each[-1] > 0
    assert (
        np.abs(each - seldom)[40:].mean() < 0.5 * np.abs(each[:80] - targets(demand, target)[:80])[40:].mean()
    )


@pytest.mark.parametrize("model", MODELS)
def test_every_statistical_model_can_be_stored(model):
    """The numbers of a fitted model as JSON, and all that is said from there on, bit for bit."""
    pytest.importorskip("statsforecast")
    forecaster, target = StatsForecast(model=model, window=60, refit=30), Target(horizon=2)
    kept = remembered(forecaster, days()[:75], target)
    assert kept.model
    again = memories.restore(json.loads(json.dumps(memories.dump(kept))), WHERE)
    assert went_on(forecaster, days()[75:110], again).tobytes() == (
        went_on(forecaster, days()[75:110], kept).tobytes()
    )


def test_trees_can_be_stored_and_are_what_a_forecast_comes_from():
    """With the trees lost on the way the forecasts are others, so that what the stored ones say means something."""
    pytest.importorskip("lightgbm")
    target = Target(horizon=5, period=24)
    kept = remembered(LightGbm(), days()[:350], target)
    text = json.dumps(memories.dump(kept))
    whole, lost = (memories.restore(json.loads(text), WHERE) for _ in range(2))
    lost.trees = Trees()
    said = went_on(LightGbm(), days()[350:355], kept)
    assert went_on(LightGbm(), days()[350:355], whole).tobytes() == said.tobytes()
    assert (went_on(LightGbm(), days()[350:355], lost) != said).any()


@pytest.mark.parametrize("name", ["lightgbm", "statsforecast"])
def test_a_run_with_a_back_end_goes_on_from_a_checkpoint_bit_for_bit(name, tmp_path):
    pytest.importorskip(name)
    some = {"scaling": "quantile", "scaler.forecaster": name, "scaler.bin_s": 10.0, "demand.load": 0.7}
    straight = ss.SwarmModel("tiny", rng=5, **some)
    straight.run(400)
    path = straight.save(tmp_path / "half.safetensors")
    straight.run(200)
    again = ss.SwarmModel.load(path)
    again.run(200)
    assert again.records.frame().equals(straight.records.frame())
    assert memories.same(again.scaler.memory(), straight.scaler.memory())
    assert straight.scaler.outlook.skill.scored > 10


@pytest.mark.parametrize("target", TARGETS, ids=IDS)
def test_the_ensemble_weighs_its_members_by_their_recent_errors(target):
    """Against a slow loop over the members' whole histories."""
    demand = days()
    said = np.array([forecasts(member, demand, target) for member in MEMBERS])
    errors = (said[:, : -target.horizon] - targets(demand, target)) ** 2
    mixed = forecasts(Ensemble(memory=0.9, power=2), demand, target)
    for n in (0, 20, 60, 399):
        seen = errors[:, : max(0, n + 1 - target.horizon)]
        mean = np.zeros(len(MEMBERS))
        for i in range(seen.shape[1]):
            mean += max(0.1, 1 / (i + 1)) * (seen[:, i] - mean)
        weights = mean**-2.0 if mean.all() else np.ones(len(MEMBERS))
        assert mixed[n] == pytest.approx(weights @ said[:, n] / weights.sum())


def test_the_ensemble_comes_to_follow_the_member_that_is_always_right():
    demand = np.resize(days()[:24] + 10, 24 * 40)
    assert score(Ensemble(), demand, Target(horizon=5, period=24)).relative < 0.01


# --- scores ---


def test_the_scores_of_a_small_series_are_those_by_hand():
    found = score(Naive(), np.array([4.0, 4.0, 2.0, 6.0, 6.0]), Target(horizon=1), warm_up=0.2)
    assert (found.points, found.relative) == (3, 1.0)
    assert np.isnan(found.relative_se)
    assert found.accuracy == found.naive_accuracy == pytest.approx(1 - 6 / 14)


@pytest.mark.parametrize("repeats", [1, 10])
def test_the_standard_error_of_a_share_is_known_also_where_neighbors_are_alike(repeats):
    """Ones and zeros with p = 0.9, each so many times in a row: p (1 - p) / the number of different draws."""
    draws = rng.generator(6, "tests.jackknife").random((400, 500 // repeats)) < 0.9
    squared = [standard_error(np.repeat(row, repeats).astype(float), np.ones(500)) ** 2 for row in draws]
    known = 0.09 * repeats / 500
    assert abs(np.mean(squared) - known) < 4 * np.std(squared, ddof=1) / np.sqrt(400) < 0.2 * known


def test_a_share_that_leaves_nothing_to_score_is_refused():
    with pytest.raises(ConfigError, match="warm_up"):
        score(Naive(), days(), Target(horizon=30), warm_up=0.95)
    with pytest.raises(ConfigError, match="horizon"):
        score(Naive(), days(), Target(horizon=400))


@pytest.fixture(scope="module")
def bench():
    path = Path(__file__).parent.parent / "benchmarks" / "forecasts.py"
    spec = spec_from_file_location("benchmarks_forecasts", path)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_benchmark_prints_its_tables_and_refuses_in_one_line(bench, capsys):
    assert bench.main(["azure-llm-conv-10s", "--no-times"]) == 0
    printed = capsys.readouterr().out
    assert all(f"| {name}: MAE / naive's |" in printed for name in FORECASTERS)
    assert "azure-llm-conv-10s: MAE / naive's" in printed
    assert "distance of the coverage" not in printed  # too few points
    assert bench.main(["azure-llm"]) == bench.main(["azure-llm-conv-10s", "--warm-up", "2"]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_the_benchmark_says_when_a_gate_is_missed(bench, monkeypatch, capsys):
    monkeypatch.setattr(bench, "MOST", 0.5)
    assert bench.main(["azure-llm-conv-10s", "--no-times"]) == 1
    assert "MISSED" in capsys.readouterr().out


def test_the_benchmarks_gates_are_those_of_the_tests(bench):
    scored = score(Naive(), days(), Target(horizon=1), interval=ConformalInterval())
    assert bench.of_error("ms-app3", replace(scored, relative=1.001)).met is False
    assert bench.of_error("ms-app3", replace(scored, relative=0.999)).met is True
    assert bench.of_error("ms-app1", replace(scored, relative=0.901)).met is False
    for share, met in ((0.883, False), (0.886, True), (0.914, True), (0.917, False)):
        found = replace(scored, points=5000, coverage=(share, 0.95, 0.99))
        assert [gate.met for gate in bench.of_coverage("x", found)] == [met, True]
    assert list(bench.of_coverage("x", replace(found, points=4999))) == []


def test_the_benchmark_weighs_a_step(bench):
    """A forecaster that rests 0.2 ms a step costs that much, since it keeps the processor busy meanwhile."""

    @dataclass(frozen=True)
    class Busy:
        def start(self, target):
            return None

        def step(self, value, memory):
            until = time.process_time() + 2e-4
            while time.process_time() < until:
                pass
            return value, None

    assert bench.step_us(Busy(), [1.0] * 90, Target(horizon=1), False) > 200
    assert bench.step_us(Naive(), [1.0] * 9000, Target(horizon=1), False) < 100


# --- gates ---


@functools.cache
def on_trace(name, shift=1.0, forecaster=None):
    """The default forecaster (or another one) on a shipped trace, 300 s ahead, its forecasts times a factor."""
    trace = load_trace(name)
    target = Target(horizon=ahead(trace, 300.0), period=season(trace))
    return score(Shifted(forecaster or Ensemble(), shift), trace.demand, target)


@dataclass(frozen=True)
class Shifted:
    """A planted fault: forecasts that are off by a factor."""

    forecaster: Any
    factor: float

    def start(self, target):
        return self.forecaster.start(target)

    def step(self, value, memory):
        said, memory = self.forecaster.step(value, memory)
        return said * self.factor, memory


@pytest.mark.parametrize("name", ["ms-app1", "crane13"])
def test_the_default_has_at_most_nine_tenths_of_naives_error_where_days_repeat(name):
    assert on_trace(name).relative <= 0.90
    assert on_trace(name, 1.05).relative > 0.90


@pytest.mark.parametrize("name", LONG)
def test_the_default_is_no_worse_than_naive_300_s_ahead(name):
    found = on_trace(name)
    assert found.points > 5000
    assert found.relative <= 1.0


@pytest.mark.parametrize(
    ("name", "worse"),
    [*((name, SeasonalNaive()) for name in LONG), ("azure-llm-conv-10s", Drift())],
    ids=lambda v: v if isinstance(v, str) else type(v).__name__,
)
def test_a_forecaster_that_is_worse_than_naive_misses_that_gate(name, worse):
    assert on_trace(name, forecaster=worse).relative > 1.0


def test_every_shipped_trace_with_demand_by_bin_has_its_gate():
    assert {info.name for info in shipped() if not info.requests} == {*LONG, "azure-llm-conv-10s"}


@pytest.mark.parametrize("name", LONG)
def test_forecasts_that_are_five_percent_too_high_are_worse(name):
    assert on_trace(name, 1.05).relative > on_trace(name).relative


def test_on_the_trace_of_an_hour_the_default_is_no_worse_than_naive_either():
    """110 targets, of 30 bins each that overlap: as good as four, so this says little beyond "not broken"."""
    assert on_trace("azure-llm-conv-10s").points == 110
    assert on_trace("azure-llm-conv-10s").relative <= 1.0
