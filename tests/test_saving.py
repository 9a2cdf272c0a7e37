"""What a run's policy saves: the same demand for all, a named baseline, an equal rate of violations."""

from dataclasses import replace

import numpy as np
import pytest

import swarmscale as ss
from swarmscale.model.scaling import KubernetesHpa, QuantileCapacity, Static
from swarmscale.model.scaling.load import needed
from swarmscale.model.scaling.saving import NOTHING, saving, smallest_fixed


def scaler_of(policy):
    """A scaler that never ran: its policy, prices and times are what counts."""
    model = ss.SwarmModel(
        "tiny",
        rng=1,
        **{"fleet.agents": 600, "scaling": "quantile", "scaler.bin_s": 30.0, "life.start_s": 60.0},
    )
    model.scaler.policy = policy
    return model.scaler


def wavy(seed=2, steps=1500):
    rng = np.random.default_rng(seed)
    wave = 300 - 150 * np.cos(np.arange(steps) / 60)
    return (wave * np.exp(rng.normal(0, 0.03, steps)).cumprod() ** 0.2).tolist()


@pytest.mark.parametrize("violation", [0.0, 1e-4, 0.01, 0.2])
def test_the_smallest_fixed_fleet_is_that_of_trying_all(violation):
    demand = np.array(wavy())
    need = needed(demand, 0.9)
    tried = [n for n in range(1, need.max() + 1) if demand[need > n].sum() <= violation * demand.sum()]
    assert smallest_fixed(demand, need, violation) == tried[0]


def test_a_baseline_saves_nothing_of_itself():
    demand = wavy()
    told = saving(scaler_of(KubernetesHpa(target=0.7)), demand)
    assert told.of_hpa <= 1e-9
    assert told.of_hpa > -0.1
    peak = smallest_fixed(np.array(demand), needed(np.array(demand), 0.9), 1e-4)
    fixed = saving(scaler_of(Static(agents=peak)), demand)
    assert fixed.violation <= 1e-4
    assert fixed.of_static == pytest.approx(0.0, abs=0.02)


def test_a_policy_that_is_a_twentieth_dearer_saves_less():
    """At no violation both, so that agents alone count."""
    demand = wavy()
    plain = saving(scaler_of(QuantileCapacity(k=1.5)), demand)
    dear = saving(scaler_of(QuantileCapacity(k=1.575)), demand)
    assert plain.violation == dear.violation == 0
    assert dear.cost == pytest.approx(1.05 * plain.cost, rel=0.01)
    assert dear.of_hpa == pytest.approx(1 - 1.05 * (1 - plain.of_hpa), abs=0.01)
    assert dear.of_static == pytest.approx(1 - 1.05 * (1 - plain.of_static), abs=0.01)


def test_prices_scale_all_alike_and_short_runs_tell_nothing():
    demand, scaler = wavy(), scaler_of(QuantileCapacity())
    one = saving(scaler, demand)
    scaler.prices = replace(scaler.prices, ready=3.0, starting=3.0)
    three = saving(scaler, demand)
    assert three.cost == pytest.approx(3 * one.cost)
    assert three.of_hpa == pytest.approx(one.of_hpa)
    assert saving(scaler, demand[:59]) is NOTHING
    assert saving(scaler, [0.0] * 100) is NOTHING


def test_the_scorecard_shows_accuracy_beside_naive_and_saving_beside_its_baselines():
    model = ss.SwarmModel("flash-crowd", rng=7, **{"scaling": "quantile", "scaler.bin_s": 10.0}).run(1800)
    summary = model.summary()
    told = model.scaler.saving()
    assert summary["cost_saving"].value == told.of_hpa
    assert summary["static_saving"].value == told.of_static
    assert "hpa" in summary["cost_saving"].metric.title
    assert summary["cost_saving"].metric.claim == "25 %"
    assert summary["forecast_accuracy"].metric.claim == "85 %"
    assert 0 < summary["naive_accuracy"].value < 1
    assert summary["price_per_task"].value == pytest.approx(
        model.scaler.cost / model.records.column("completed").sum(), rel=0.02
    )
