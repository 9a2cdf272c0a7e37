"""What the scaler recommends: when, with which figures, and how it is scored."""

import itertools
import math

import pytest

import swarmscale as ss
from swarmscale.model.flow.ledger import TICKS_PER_S, Count
from swarmscale.model.memory import dump
from swarmscale.model.scaling.seeing import over

from .flow_support import ALONE

BASE = {"fleet.agents": 600, "fleet.nodes": 4, "demand.load": 0.5, "scaler.bin_s": 20.0} | ALONE


def advised(factor, seconds=1200, **more):
    model = ss.SwarmModel("tiny", rng=5, **(BASE | more))
    model.run(600)
    model.scale_demand(factor)
    model.run(seconds)
    return model


def test_a_fleet_that_is_too_large_is_told_so_and_the_saving_is_what_it_would_have_been():
    model = advised(0.5, scaling="static", **{"scaling.agents": 620})
    told = [r for r in model.scaler.advisor.given if r.kind == "fewer agents" and r.came]
    assert told
    for r in told:
        assert r.wanted < 0.9 * r.agents
        assert f"{r.wanted:,} would do" in r.text
        assert r.came[3] == pytest.approx(300 * (r.agents - r.wanted), rel=0.02)
        assert r.benefit.low <= r.benefit.value <= r.benefit.high


def test_work_that_would_find_room_is_counted_from_the_demand_that_came():
    model = advised(2.5, scaling="static", **{"scaling.agents": 620})
    raw = model.records.raw()
    told = [r for r in model.scaler.advisor.given if r.kind == "more agents" and r.came]
    assert told
    for r in told:
        first = round(r.time_s)
        work = raw.count(Count.WORK_ARRIVED_T) / TICKS_PER_S
        room = 0.9 * r.agents
        came = 0.0
        for begin in range(first, first + 300, 10):
            span = slice(begin, begin + 10)
            each = over(raw.count(Count.SERVICE_T)[span].sum(), raw.count(Count.USEFUL_T)[span].sum())
            slowness = model.fleet.rows.slowness[model.fleet.rows.uid > 0].mean()
            demand = work[span].sum() / 10 * each * slowness
            came += 10 * min(max(demand - room, 0.0), 0.9 * (r.wanted - r.agents))
        assert r.came[3] == pytest.approx(came, rel=1e-6)


def test_a_limit_and_a_pool_that_stop_a_scale_up_are_named():
    model = advised(4.0, scaling="quantile", **{"fleet.max_agents": 700})
    told = [r for r in model.scaler.advisor.given if r.kind == "larger fleet"]
    assert told
    assert "fleet.max_agents stops at 700 of" in told[0].text
    times = [r.time_s for r in told]
    assert all(b - a >= 300 for a, b in itertools.pairwise(times))


def test_a_policy_that_follows_demand_needs_little_advice():
    follows = advised(2.0, scaling="quantile")
    stays = advised(2.0, scaling="static", **{"scaling.agents": 620})
    calm = [r for r in follows.scaler.advisor.given if r.kind in ("more agents", "larger fleet")]
    gained = sum(r.came[3] for r in calm if r.came)
    lost = sum(r.came[3] for r in stays.scaler.advisor.given if r.kind == "more agents" and r.came)
    assert gained < 0.1 * lost


def test_nothing_is_recommended_before_intervals_can_be_stated():
    model = ss.SwarmModel("tiny", rng=5, **(BASE | {"scaling": "static", "scaling.agents": 2000}))
    model.run(2000)
    told = model.scaler.advisor.given
    assert told
    assert told[0].time_s >= 300 + 19 * 10
    for r in told:
        figures = (r.benefit, r.utilization, r.spending, r.pool_need)
        assert not any(math.isnan(end) for f in figures for end in (f.low, f.high))


def test_what_is_known_of_the_demands_shape_stands_in_the_reasons(tmp_path):
    model = advised(3.0, scaling="quantile", **{"scaler.bin_s": 10.0})
    early = [e for e in model.scaler.events if e.time_s < 640]
    late = [e for e in model.scaler.events if e.time_s > 1280]
    assert early
    assert late
    assert not any("demand so far" in e.reason for e in early)
    assert all("demand so far: " in e.reason for e in late)
    again = ss.SwarmModel.load(model.save(tmp_path / "half.safetensors"))
    model.run(300)
    again.run(300)
    assert dump(again.scaler.memory()) == dump(model.scaler.memory())
