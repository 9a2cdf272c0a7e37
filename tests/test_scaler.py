"""The scaler in the full model: what it sees, does, writes down, and how it resumes."""

import json
import math

import numpy as np
import pandas as pd
import pytest

import swarmscale as ss
from swarmscale.agents.fleet import WARM
from swarmscale.model.flow.ledger import DROPS, HELD, Count
from swarmscale.model.memory import dump
from swarmscale.model.scaling.pools import Pool, Pools
from swarmscale.model.scaling.scaler import standing

BASE = {"fleet.agents": 600, "fleet.nodes": 4, "demand.load": 0.7, "life.start_s": 20.0, "life.start_cv": 0.3}


def scaled(policy, rng=5, **more):
    return ss.SwarmModel("tiny", rng=rng, **(BASE | {"scaling": policy} | more))


def test_a_fleet_of_one_size_has_no_scaler():
    assert ss.SwarmModel("tiny", rng=1).scaler is None
    assert scaled("static", **{"scaling.agents": 700}).scaler is not None


@pytest.mark.parametrize("policy", ["quantile", "seed", "hpa", "kpa", "target", "static"])
def test_another_policy_moves_no_arrival(policy):
    alone = ss.SwarmModel("tiny", rng=5, **BASE).run(120)
    other = scaled(policy, **({"scaling.agents": 800} if policy == "static" else {})).run(120)
    for name in ("arrived", "offered_agents"):
        assert (alone.records.column(name) == other.records.column(name)).all()


@pytest.mark.parametrize("policy", ["quantile", "seed", "hpa", "kpa", "target"])
def test_what_is_saved_in_the_middle_goes_on_bit_for_bit(tmp_path, policy):
    more = {"scaler.warm_agents": 20, "scaler.forecaster": "ensemble", "scaler.bin_s": 20.0}
    straight = scaled(policy, **more)
    straight.run(130)
    straight.scale_demand(2.5)
    path = straight.save(tmp_path / "half.safetensors")
    straight.run(400)
    again = ss.SwarmModel.load(path)
    again.run(400)
    assert again.records.frame().equals(straight.records.frame())
    assert dump(again.scaler.memory()) == dump(straight.scaler.memory())
    assert len(straight.scaler.events) > 1
    assert straight.scaler.outlook.skill.scored > 0


def test_tasks_are_conserved_while_the_fleet_grows_and_shrinks():
    model = scaled("quantile", **{"scaling.hold_s": 20.0, "scaler.bin_s": 20.0})
    for factor in (1.0, 3.0, 0.3, 2.0):
        model.scale_demand(factor)
        model.run(100)
    assert model.records.column("agents_starting").max() > 0
    conserved(model)


def test_busy_agents_drain_when_too_few_are_idle():
    model = scaled("static", **{"scaling.agents": 100}).run(60)
    assert model.records.column("agents_draining").max() > 100
    assert len(model.fleet) == 100
    conserved(model)


def test_a_cluster_where_nobody_is_ready_yet_is_given_no_task():
    model = scaled("static", **{"scaling.agents": 900})
    starting = 0
    for _ in range(40):
        ready, size = model.flow.state.ready.copy(), model.fleet.size.copy()
        model.step()
        state = model.flow.state
        asleep = (size > 0) & (ready == 0) & (state.ready[: len(size)] == 0)
        starting += int(asleep.sum())
        assert not (state.waiting + state.in_service)[: len(size)][asleep].any()
    assert starting > 50
    assert not (model.flow.state.ready == 0).any()


def conserved(model):
    counts = model.records.raw()
    arrived = counts.count(Count.ARRIVED).cumsum()
    gone = sum(counts.count(c).cumsum() for c in (Count.COMPLETED, *DROPS))
    assert (arrived == gone + sum(counts.count(c) for c in HELD)).all()


def test_the_fleet_follows_what_the_policy_wanted():
    model = scaled("static", **{"scaling.agents": 900}).run(60)
    assert len(model.fleet) == 900
    event = model.scaler.events[0]
    assert (event.before, event.wanted, event.after, event.policy) == (600, 900, 900, "static")
    assert event.ready_at_s > event.time_s == 10.0
    ready = model.records.column("agents_idle") + model.records.column("agents_busy")
    assert ready[round(event.ready_at_s) - 2] < 900 == ready[math.ceil(event.ready_at_s)]


def test_limits_hold_whatever_is_wanted():
    model = scaled("static", **{"scaling.agents": 5000, "fleet.max_agents": 700}).run(30)
    assert model.scaler.events[0].wanted == 5000
    assert len(model.fleet) == 700
    model = scaled("static", **{"scaling.agents": 1, "scaler.min_agents": 300}).run(60)
    assert len(model.fleet) == 300


def test_a_pool_that_is_too_small_stops_a_scale_up_at_its_room_and_is_named():
    model = scaled("static", **{"scaling.agents": 900})
    narrow = Pool(name="network", first=7, largest=7, step=1, warm_up_s=3.0, agents_per_unit=100)
    wide = Pool(name="compute", first=90, largest=90, step=1, warm_up_s=5.0, agents_per_unit=100)
    model.scaler.pools = Pools((wide, narrow))
    model.run(60)
    assert standing(model) == 700
    assert {event.pool for event in model.scaler.events} == {"network"}


def test_a_thousand_more_are_ready_within_five_seconds_of_warm_pools_and_not_of_cold_coordination():
    keys = {
        "scaling.agents": 2000,
        "scaler.warm_agents": 1000,
        "life.warm_start_cv": 0.3,
        "fleet.agents": 1000,
    }

    def ready_after(cold):
        model = scaled("static", **keys)
        model.spawn(1000, warm=True)
        if cold:
            model.scaler.pools = Pools(
                tuple(
                    Pool(
                        name=p.name,
                        first=10 if p.name == "coordination" else p.first,
                        largest=p.largest,
                        step=p.step,
                        warm_up_s=p.warm_up_s,
                        agents_per_unit=p.agents_per_unit,
                    )
                    for p in model.scaler.pools.holding(2000).pools
                )
            )
        else:
            model.scaler.pools = model.scaler.pools.holding(2000)
        model.run(15)
        return model.records.column("agents_idle")[-1] + model.records.column("agents_busy")[-1]

    assert ready_after(cold=False) == 2000  # decided at 10 s
    assert ready_after(cold=True) == 1000


def test_the_warm_pool_is_filled_again():
    model = scaled("static", **{"scaling.agents": 620, "scaler.warm_agents": 30})
    model.run(10)
    assert (model.fleet.column("state") == WARM).sum() == 30
    model.run(20)
    assert (model.fleet.column("state") == WARM).sum() == 30
    assert len(model.fleet) == 650


def test_expectations_are_stated_and_scored_when_their_time_has_come():
    model = scaled("quantile", **{"scaler.bin_s": 20.0})
    model.run(200)
    model.scale_demand(2.0)
    model.run(600)
    early = [event for event in model.scaler.events if event.time_s <= 500.0]
    assert early
    ready, busy = model.records.raw().seconds(Count.READY_T), model.records.raw().seconds(Count.BUSY_T)
    for event in early:
        first = round(event.time_s)
        utilization, spending, need = event.came
        assert utilization == pytest.approx(
            busy[first : first + 300].sum() / ready[first : first + 300].sum()
        )
        assert spending > 0
        assert need >= event.after or event.after < event.before
    late = [event for event in model.scaler.events if event.time_s > 500.0]
    assert all(event.came is None for event in late)
    assert sum(track.scored for track in model.scaler.prospects.tracks) > 0


def test_demand_is_measured_in_agents_whatever_the_fleet():
    """Offered load 420 agents at unit speed; agents of half the skill need twice as many."""
    keys = {"scaling.agents": 600, "fleet.speed_cv": 0.0, "fleet.communication": "none"}
    seen = {}
    for skill in (1.0, 0.5):
        model = scaled(
            "static", **keys, **{"fleet.skill_own": (skill, skill), "fleet.skill_other": (skill, skill)}
        )
        rate = []
        for _ in range(30):
            model.run(10)
            raw = model.records.raw(model.records.ticks - 10)
            rate.append(model.scaler.see(model, raw)[0].demand)
        work = model.records.column("offered_agents")[-290:].mean()
        seen[skill] = np.mean(rate[1:]) / work
    assert seen[1.0] == pytest.approx(1.0, rel=0.01)
    assert seen[0.5] == pytest.approx(2.0, rel=0.02)


def test_a_run_writes_its_scaling_events_and_scores_its_forecasts(tmp_path):
    from swarmscale.cli import main

    out = tmp_path / "out"
    words = ["run", "tiny", "--quiet", "--no-report", "--seconds", "400", "--rng", "3", "--out", str(out)]
    keys = ["scaling=quantile", "scaler.bin_s=20.0", "demand.load=0.9"]
    assert main([*words, *(word for key in keys for word in ("--set", key))]) == 0
    table = pd.read_parquet(out / "scaling.parquet")
    assert {"time_s", "reason", "before", "after", "utilization_expected", "utilization_came"} <= set(table)
    assert (table["policy"] == "quantile").all()
    metrics = json.loads((out / "summary.json").read_text())["metrics"]
    for key in ("forecast_accuracy", "naive_accuracy", "forecast_error", "bound_coverage", "price_paid"):
        assert metrics[key]["value"] is not None
    assert metrics["forecast_accuracy"]["verdict"] in ("met", "not met")


def test_without_a_policy_nothing_is_said_of_forecasts():
    summary = ss.SwarmModel("tiny", rng=1).run(30).summary()
    assert math.isnan(summary["forecast_accuracy"].value)
    assert summary["forecast_accuracy"].verdict == "not measured"
    assert summary["forecast_error"].verdict == ""
