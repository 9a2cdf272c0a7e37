"""The watch over pace: evidence, thresholds by run length, and slow agents drained in a model."""

import importlib.util
import threading
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from swarmscale import SwarmModel
from swarmscale.model.resilience.slowness import (
    Fleetwide,
    accumulated,
    adjustment,
    evidence,
    evidence_of_open,
    reaches,
    tally,
)
from swarmscale.model.sharding.exchange import Table

HOUR = 360
CHANCE = 0.04
"""Of a false drain within an hour, higher than the default so that a few thousand agents show it."""


def lognormal(cv):
    s = np.sqrt(np.log1p(cv * cv))
    return lambda rng, n: np.exp(s * rng.normal(size=n) - s * s / 2)


LAWS = {
    "exponential": lambda rng, n: rng.exponential(size=n),
    "gamma .5": lambda rng, n: rng.gamma(4.0, 0.25, n),
    "lognormal .5": lognormal(0.5),
    "lognormal 1": lognormal(1.0),
    "two classes": lambda rng, n: np.where(rng.random(n) < 0.9, 0.8, 2.8) * rng.exponential(size=n),
}


def hour_of(law, agents, per_period, seed):
    """`[360, A]` tasks ended and their times, of sound agents."""
    rng = np.random.default_rng(seed)
    ends = rng.poisson(per_period, (HOUR, agents))
    whole = np.repeat(np.arange(ends.size), ends.reshape(-1))
    return ends, np.bincount(whole, LAWS[law](rng, len(whole)), ends.size).reshape(ends.shape)


def learned(ends, took, chance=CHANCE):
    known = Fleetwide()
    for e, t in zip(ends, took, strict=True):
        some = e > 0
        known.learn(tally(e[some], t[some], evidence(e[some], t[some], 2.0), len(e)), float(HOUR), chance)
    return known


def false_share(ends, took, threshold, cap):
    total, caught = np.zeros(ends.shape[1]), np.zeros(ends.shape[1], bool)
    for e, t in zip(ends, took, strict=True):
        total = accumulated(total, np.minimum(evidence(e, t, 2.0), cap))
        caught |= total >= threshold
    return caught.mean()


# -- evidence -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cv2", [0.1, 0.25, 1.0, 2.0])
def test_evidence_is_the_log_likelihood_ratio_of_gamma_laws(cv2):
    x = np.array([0.01, 0.5, 1.0, 3.0, 8.0])
    law = stats.gamma(1 / cv2, scale=cv2)
    slow = stats.gamma(1 / cv2, scale=2 * cv2)
    np.testing.assert_allclose(
        evidence(np.ones(5, np.int64), x, 2.0), cv2 * (slow.logpdf(x) - law.logpdf(x)), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(
        evidence_of_open(x[:4], cv2, 2.0), cv2 * (slow.logsf(x[:4]) - law.logsf(x[:4])), rtol=1e-6, atol=1e-12
    )


def test_the_fleet_tells_the_variation_of_its_tasks():
    for name, cv2 in (("exponential", 1.0), ("gamma .5", 0.25), ("lognormal 1", 1.0)):
        known = learned(*hour_of(name, 300, 2.0, 1))
        assert known.cv2 == pytest.approx(cv2, rel=0.08)


@pytest.mark.parametrize("bias", [1.0, 1.05])
def test_the_adjustment_of_normal_steps_is_that_of_theory(bias):
    """2 mean / variance; of steps that are 5 % too long it would be found out."""
    x = np.linspace(-8.0, 8.0, 4001) - 0.5
    counts = 1e9 * np.exp(-((x + 0.5) ** 2) / 2)
    found = adjustment(bias * x, counts, 50.0)
    assert (abs(found - 1.0) < 1e-3) == (bias == 1.0)


def test_the_run_length_of_a_cusum_is_that_of_a_simulation():
    """Steps of -1 and +1: the chance to reach 8 within 100 of them, and its twin with steps 5 % likelier to rise."""
    rng = np.random.default_rng(2)
    up = rng.random((100, 40_000)) < 0.35
    total, seen = np.zeros(40_000), np.zeros(40_000, bool)
    for row in up:
        total = accumulated(total, np.where(row, 1.0, -1.0))
        seen |= total >= 8.0
    for rises, agrees in ((0.35, True), (0.35 * 1.05, False)):
        chance = reaches(np.array([-1.0, 1.0]), np.array([1 - rises, rises]), 100, 8.0)
        z = (seen.mean() - chance) / np.sqrt(chance * (1 - chance) / 40_000)
        assert (abs(z) < 4) == agrees


# -- false drains -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("per_period", [0.6, 2.0])
@pytest.mark.parametrize("law", LAWS)
def test_sound_agents_are_drained_as_seldom_as_designed_whatever_the_law(law, per_period):
    """Tasks that have ended may use half of the chance; the threshold wastes no more than two thirds of that."""
    ends, took = hour_of(law, 3000, per_period, 3)
    known = learned(ends, took)
    false = round(3000 * false_share(*hour_of(law, 3000, per_period, 4), known.threshold, known.cap))
    assert stats.binom.sf(false - 1, 3000, CHANCE / 2) > 1e-4
    assert stats.binom.cdf(false, 3000, CHANCE / 6) > 1e-4


def test_without_the_cap_and_with_the_threshold_of_a_gamma_law_a_heavy_tail_would_break_the_promise():
    ends, took = hour_of("lognormal 1", 3000, 2.0, 3)
    known = learned(ends, took)
    bare = learned(*hour_of("exponential", 3000, 2.0, 3))
    false = round(3000 * false_share(ends, took, bare.threshold, np.inf))
    assert known.cap < np.inf
    assert stats.binom.sf(false - 1, 3000, CHANCE / 2) < 1e-4


def test_times_5_percent_too_long_would_break_the_promise():
    ends, took = hour_of("gamma .5", 3000, 2.0, 3)
    known = learned(ends, took)
    false = round(3000 * false_share(ends, 1.05 * took, known.threshold, known.cap))
    assert stats.binom.sf(false - 1, 3000, CHANCE / 2) < 1e-4


def test_nobody_is_judged_before_enough_is_known():
    ends, took = hour_of("exponential", 50, 0.5, 5)
    assert learned(ends[:10], took[:10]).threshold == np.inf
    assert learned(ends, took).threshold < np.inf


# -- in a model ---------------------------------------------------------------------------------------------------

SMALL = {
    "fleet.agents": 300,
    "fleet.nodes": 2,
    "seconds": 1200.0,
    "demand.classes": ({"work_s": 2.0, "deadline_s": 30.0, "law": "lognormal", "cv": 0.5},),
    "fleet.type_shares": (1.0, 0.0, 0.0, 0.0, 0.0, 0.0),
    "resilience.pace.on": True,
}
SLOWED = {
    "resilience.script": (
        {"at_s": 200.0, "fault": {"name": "agent-slow", "factor": 4.0, "ramp_s": 300.0}, "number": 20},
    )
}


@pytest.fixture(scope="module")
def slowed():
    return SwarmModel({}, rng=3, **SMALL | SLOWED).run(700.0)


def test_agents_that_become_slow_are_found_drained_and_replaced(slowed):
    found = [d for d in slowed.pace.drains if not d.is_false]
    assert len(found) >= 15
    assert all(d.factor > 1 and d.statistic >= 1 for d in found)
    assert all(d.time_s > 200 for d in found)
    assert len({d.uid for d in found}) == len(found)
    gone = np.isin([d.uid for d in slowed.pace.drains], slowed.fleet.column("uid"))
    assert gone.sum() <= 1  # one may be at its last task
    assert len(slowed.fleet) - gone.sum() == 300
    incident = slowed.resilience.log[0]
    assert incident.found_s == min(d.time_s for d in found)
    assert sum("drained" in text for _, text in incident.line) <= len(found)


def test_a_fleet_that_is_slow_as_a_whole_is_not_drained():
    model = SwarmModel({}, rng=4, **SMALL)
    model.run(200.0)
    world = model.resilience.world
    rows = world.agents_up()
    world.slow_agents(rows, np.full(len(rows), 1.5), -1)
    model.run(300.0)
    assert len(model.pace.drains) <= 3


def test_without_faults_hardly_anybody_is_drained_and_nothing_is_drained_where_the_watch_is_off():
    model = SwarmModel({}, rng=5, **SMALL).run(800.0)
    assert len(model.pace.drains) <= 3
    assert SwarmModel("tiny", rng=5).pace is None


def test_a_checkpoint_keeps_what_was_seen(tmp_path):
    config = SMALL | SLOWED
    whole = SwarmModel({}, rng=6, **config).run(500.0)
    half = SwarmModel({}, rng=6, **config).run(330.0)
    half.save(tmp_path / "half")
    resumed = SwarmModel.load(tmp_path / "half").run(170.0)
    assert resumed.pace.drains == whole.pace.drains != []
    assert resumed.records.frame().equals(whole.records.frame())


def test_shards_drain_the_same_agents_as_one_model():
    config, out = SMALL | SLOWED | {"intelligence.on": False}, {}
    whole = SwarmModel({}, rng=7, **config).run(500.0)
    table = Table(2)

    def shard(rank):
        out[rank] = SwarmModel({}, rng=7, exchange=table.seat(rank), **config).run(500.0).pace.drains

    threads = [threading.Thread(target=shard, args=(rank,)) for rank in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert out[0] == out[1] == whole.pace.drains != []


def test_most_slow_agents_are_drained_before_their_first_late_task():
    """The first row of benchmarks/pace.py, reduced; its whole output is in docs/detection.md."""
    path = Path(__file__).parent.parent / "benchmarks" / "pace.py"
    spec = importlib.util.spec_from_file_location("benchmarks_pace", path)
    pace = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pace)
    out = pace.tried(pace.RAMPS[0], seed=2, agents=400, slow=60)
    assert out.in_time >= 0.8
    assert out.false_per_hour <= 0.02  # of about a hundred agent-hours; the benchmark has four thousand
